import { GRAMMAR, isTruthWord, readingsOf, scan, type ScanSink, type ValueKind } from './value-scan.ts'
import { leavesOf } from './value-leaves.ts'

/**
 * Which values of one text stand in another, without keeping either. Two questions are asked of the texts of a run:
 *
 * - did this input need that output? Only a distinctive value proves it: an identifier, a URL, a number of four digits or more,
 *   a run of words;
 * - could this input have been written before that output was there? Only if every single word and number in it had been seen
 *   by then, and nothing in it stands in the output. Numbers of up to three digits, truth values, `null` and empty texts come up
 *   everywhere and may have been computed from anything: an input with one of them is never known.
 *
 * Both are asked strictly: what is not proven stays unknown.
 */
export type { ValueKind }

/** A span of whose output distinctive values stand in a later text. */
export interface ValueSource {
  readonly spanId: string
  /** Of the most telling of them. */
  readonly kind: ValueKind
  /** Different values. */
  readonly count: number
}

/** What the texts of a run say about one span. Noted when it is recorded; no text is kept for it. */
export interface SpanValues {
  /** Spans whose output was the first place of a distinctive value in this span's input: it needed them. */
  readonly from?: readonly ValueSource[]
  /**
   * Spans whose output has anything in common with this span's input, so that nothing proves it independent of them; `all`
   * when a word of it stands in very many.
   */
  readonly shares?: readonly string[] | 'all'
  /** When all of its input had been seen somewhere, ns since the run began. Absent: some of it never was. */
  readonly knownAt?: number
  /** Spans whose output this span's own output repeats a distinctive value of: their results were used. */
  readonly repeats?: readonly ValueSource[]
  /** All of its output was looked at, so that an input which does not name it in `shares` has nothing in common with it. */
  readonly seen?: true
}

/** What an input came to, with outputs by the numbers that the index was given. */
export interface FoundValues {
  readonly from: ReadonlyMap<number, { readonly kind: ValueKind; readonly count: number }>
  readonly shares: ReadonlySet<number> | 'all'
  readonly knownAt: number | undefined
}

const MAX_TOKENS = 400_000
/** A word that more outputs have is in all of them for what it proves. */
const MAX_OUTPUTS = 64
const GIVEN = -1

interface Seen {
  /** When it was first seen. */
  readonly at: number
  /** Outputs that have it, in order. */
  readonly outputs: number[]
}

/** Texts come in the order of their time: what a program was given and what spans put out; inputs are asked about in between. */
export class ValueIndex {
  readonly #tokens = new Map<number, Seen>()
  /** Where a distinctive value was seen first. */
  readonly #values = new Map<number, number>()

  /** What the program itself brought: prompts, system texts, definitions. */
  given(text: string, at: number): void {
    this.#add(text, GIVEN, at)
  }

  /**
   * @param output its number, from 0
   * @returns false when not all of it could be kept in mind
   */
  output(output: number, text: string, at: number): boolean {
    return this.#add(text, output, at)
  }

  /** Where what stands in an input was seen before. */
  input(text: string): FoundValues {
    const from = new Map<number, { kind: ValueKind; count: number }>()
    const look = new InputLook(this.#tokens, (value, kind) => this.#note(value, kind, look.counted, from))
    const { values, names, hasNull } = leavesOf(text)
    if (hasNull) look.knownAt = undefined
    for (const value of values) look.value(value)
    for (const name of names) look.name(name)
    return { from, shares: look.sharesAll ? 'all' : look.shares, knownAt: look.knownAt }
  }

  /** Outputs whose distinctive values a text repeats. */
  repeated(text: string): FoundValues['from'] {
    const from = new Map<number, { kind: ValueKind; count: number }>()
    const counted = new Set<number>()
    const sink: ScanSink = { value: (value, kind) => this.#note(value, kind, counted, from) }
    for (const reading of readingsOf(text)) scan(reading, sink)
    return from
  }

  #note(value: number, kind: ValueKind, counted: Set<number>, from: Map<number, { kind: ValueKind; count: number }>): void {
    const first = this.#values.get(value)
    if (first === undefined || first === GIVEN || counted.has(value)) return
    counted.add(value)
    const found = from.get(first)
    if (found === undefined) from.set(first, { kind, count: 1 })
    else {
      found.count++
      if (RANK[kind] < RANK[found.kind]) found.kind = kind
    }
  }

  #add(text: string, output: number, at: number): boolean {
    let isWhole = true
    const sink: ScanSink = {
      // What a word is put together of may be taken out of it again.
      inside: true,
      token: (token) => {
        const seen = this.#tokens.get(token)
        if (seen === undefined) {
          if (this.#tokens.size >= MAX_TOKENS) isWhole = false
          else this.#tokens.set(token, { at, outputs: output === GIVEN ? [] : [output] })
        } else if (output !== GIVEN && seen.outputs.at(-1) !== output) {
          if (seen.outputs.length < MAX_OUTPUTS) seen.outputs.push(output)
        }
      },
      value: (value) => {
        if (!this.#values.has(value) && this.#values.size < MAX_TOKENS) this.#values.set(value, output)
      },
    }
    for (const reading of readingsOf(text)) scan(reading, sink)
    return isWhole
  }
}

const RANK: Readonly<Record<ValueKind, number>> = { identifier: 0, url: 1, number: 2, words: 3 }

/** One input, piece by piece. */
class InputLook {
  readonly shares = new Set<number>()
  readonly counted = new Set<number>()
  sharesAll = false
  knownAt: number | undefined = 0
  readonly #tokens: ReadonlyMap<number, Seen>
  readonly #onValue: NonNullable<ScanSink['value']>

  constructor(tokens: ReadonlyMap<number, Seen>, onValue: NonNullable<ScanSink['value']>) {
    this.#tokens = tokens
    this.#onValue = onValue
  }

  value(text: string): void {
    let count = 0
    let isGrammar = false
    for (const reading of readingsOf(text)) {
      const isRaw = reading === text
      scan(reading, {
        token: (token) => {
          const saysNothing = GRAMMAR.has(token)
          if (saysNothing) isGrammar = true
          else count++
          this.#token(token, isRaw && !saysNothing)
        },
        value: this.#onValue,
        smallNumber: () => (this.knownAt = undefined),
      })
    }
    // The words of grammar say nothing in a sentence; alone they are a value, such as a language or a switch.
    if (count === 0 && isGrammar) scan(text, { token: (token) => this.#token(token, true) })
    else if (count === 0) this.knownAt = undefined
  }

  /** The name of a field is the program's own unless an output has it too. */
  name(text: string): void {
    for (const reading of readingsOf(text)) {
      scan(reading, {
        token: (token) => {
          this.#token(token, false)
          if (isTruthWord(token)) this.knownAt = undefined
        },
        value: this.#onValue,
        smallNumber: () => (this.knownAt = undefined),
      })
    }
  }

  #token(token: number, mustBeKnown: boolean): void {
    const seen = this.#tokens.get(token)
    if (mustBeKnown && (seen === undefined || isTruthWord(token))) this.knownAt = undefined
    if (seen === undefined) return
    if (mustBeKnown && this.knownAt !== undefined) this.knownAt = Math.max(this.knownAt, seen.at)
    this.sharesAll ||= seen.outputs.length >= MAX_OUTPUTS
    for (const output of seen.outputs) this.shares.add(output)
  }
}
