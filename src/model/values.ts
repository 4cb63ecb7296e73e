/**
 * Which values of one text stand in another, without keeping either. Two questions are asked of the texts of a run:
 *
 * - did this input need that output? Only a distinctive value proves it: an identifier, a URL, a number of four digits or more,
 *   a run of words;
 * - could this input have been written before that output was there? Only if every single word and number in it had been seen
 *   by then, and nothing in it stands in the output.
 *
 * Both are asked strictly: what is not proven stays unknown.
 */
export type ValueKind = 'identifier' | 'url' | 'number' | 'words'

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
    const shares = new Set<number>()
    let sharesAll = false
    let knownAt: number | undefined = 0
    const counted = new Set<number>()
    scan(leavesOf(text), (token) => {
      const seen = this.#tokens.get(token)
      if (seen === undefined) {
        knownAt = undefined
        return
      }
      if (knownAt !== undefined) knownAt = Math.max(knownAt, seen.at)
      sharesAll ||= seen.outputs.length >= MAX_OUTPUTS
      for (const output of seen.outputs) shares.add(output)
    }, (value, kind) => this.#note(value, kind, counted, from))
    return { from, shares: sharesAll ? 'all' : shares, knownAt }
  }

  /** Outputs whose distinctive values a text repeats. */
  repeated(text: string): FoundValues['from'] {
    const from = new Map<number, { kind: ValueKind; count: number }>()
    const counted = new Set<number>()
    scan(text, ignore, (value, kind) => this.#note(value, kind, counted, from))
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
    scan(text, (token) => {
      const seen = this.#tokens.get(token)
      if (seen === undefined) {
        if (this.#tokens.size >= MAX_TOKENS) isWhole = false
        else this.#tokens.set(token, { at, outputs: output === GIVEN ? [] : [output] })
      } else if (output !== GIVEN && seen.outputs.at(-1) !== output) {
        if (seen.outputs.length < MAX_OUTPUTS) seen.outputs.push(output)
      }
    }, (value) => {
      if (!this.#values.has(value) && this.#values.size < MAX_TOKENS) this.#values.set(value, output)
    })
    return isWhole
  }
}

const RANK: Readonly<Record<ValueKind, number>> = { identifier: 0, url: 1, number: 2, words: 3 }
const ignore = (): void => undefined

const MAX_DEPTH = 32

/** The values of JSON without the names of its fields, which the tool's definition gives; any other text as it is. */
function leavesOf(text: string): string {
  const first = text.trimStart()[0]
  if (first !== '{' && first !== '[') return text
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return text
  }
  const leaves: string[] = []
  const collect = (node: unknown, depth: number): boolean => {
    if (typeof node !== 'object' || node === null) {
      if (node !== null) leaves.push(String(node))
      return true
    }
    return depth < MAX_DEPTH && Object.values(node).every((child) => collect(child, depth + 1))
  }
  return collect(value, 0) ? leaves.join('\n') : text
}

const WORDS = 5
/** Letters that a run of words has at least; shorter ones are phrases that everybody uses. */
const MIN_WORDS_CHARS = 20

/**
 * Goes over a text once and calls back with the hash of each word or number, and of each distinctive value.
 * @param onToken words of grammar are left out
 */
function scan(text: string, onToken: (hash: number) => void, onValue: (hash: number, kind: ValueKind) => void): void {
  const run = new WordRun(onValue)
  const { length } = text
  let chunk = 0
  let hasDigit = false
  for (let i = 0; i < length;) {
    const code = text.charCodeAt(i)
    const type = typeOf(code)
    if (type === BREAK || type === SPACE) {
      if (hasDigit || text.charCodeAt(chunk) === 0x68) distinctive(text, chunk, i, onValue)
      hasDigit = false
      chunk = ++i
      if (type === BREAK) run.end()
      continue
    }
    if (type === MARK) {
      if (code === 0x40) hasDigit = true
      i++
      continue
    }
    let a = 0x811c9dc5
    let b = 0x9e3779b9
    const start = i
    let isWord = true
    for (let at: number = type; i < length && (at === LETTER || at === DIGIT);) {
      let char = text.charCodeAt(i)
      if (char >= 0x41 && char <= 0x5a) char += 32
      a = Math.imul(a ^ char, 0x01000193)
      b = Math.imul(b ^ char, 0x85ebca6b)
      b ^= b >>> 13
      if (at === DIGIT) {
        hasDigit = true
        isWord = false
      }
      i++
      if (i < length) at = typeOf(text.charCodeAt(i))
    }
    if (type === SYMBOL) {
      a = Math.imul(a ^ code, 0x01000193)
      b = Math.imul(b ^ code, 0x85ebca6b)
      i++
    }
    const hash = join(a, b)
    if (!GRAMMAR.has(hash)) onToken(hash)
    if (isWord) run.word(hash, i - start)
    else run.end()
  }
  if (chunk < length && (hasDigit || text.charCodeAt(chunk) === 0x68)) distinctive(text, chunk, length, onValue)
}

/** Five words in a row. */
class WordRun {
  readonly #onValue: (hash: number, kind: ValueKind) => void
  readonly #hashes: number[] = []
  #lengths: number[] = []

  constructor(onValue: (hash: number, kind: ValueKind) => void) {
    this.#onValue = onValue
  }

  word(hash: number, length: number): void {
    const hashes = this.#hashes
    hashes.push(hash)
    this.#lengths.push(length)
    if (hashes.length < WORDS) return
    let chars = 0
    let a = 17
    let b = 29
    for (let i = 0; i < WORDS; i++) {
      chars += this.#lengths[i]!
      a = Math.imul(a ^ (hashes[i]! % 0x7fffffff), 0x01000193)
      b = Math.imul(b ^ (hashes[i]! / 0x200000), 0x85ebca6b)
      b ^= b >>> 15
    }
    if (chars >= MIN_WORDS_CHARS) this.#onValue(join(a, b), 'words')
    hashes.shift()
    this.#lengths.shift()
  }

  end(): void {
    this.#hashes.length = 0
    this.#lengths = []
  }
}

/** Identifiers, URLs and long numbers in a stretch without white space or quotes. */
function distinctive(text: string, from: number, to: number, onValue: (hash: number, kind: ValueKind) => void): void {
  if (to - from < 4 || to - from > MAX_CHUNK) return
  const chunk = text.slice(from, to)
  const url = /https?:\/\/[^\s]{4,}/.exec(chunk)?.[0].replace(/[.,;:!?)\]}]+$/, '')
  if (url !== undefined) onValue(hashOf(url), 'url')
  for (const piece of chunk.split(/[^A-Za-z0-9_@.+-]+/)) {
    const value = piece.replace(/^[._+-]+|[._+-]+$/g, '')
    const kind = kindOf(value)
    if (kind !== undefined) onValue(hashOf(value.toLowerCase()), kind)
  }
}

const MAX_CHUNK = 2_000

function kindOf(value: string): ValueKind | undefined {
  if (value.length < 4 || value.length > 200) return undefined
  if (/^\d+(?:\.\d+)?$/.test(value)) return isTelling(value) ? 'number' : undefined
  const at = value.indexOf('@')
  if (at > 0 && value.indexOf('.', at) > at + 1) return 'identifier'
  const digits = value.length - value.replace(/\d/g, '').length
  return value.length >= 7 && digits >= 3 && /[A-Za-z]/.test(value) ? 'identifier' : undefined
}

/** Four digits and more, but no year, and no round number: those come up by themselves. */
function isTelling(number: string): boolean {
  const digits = number.replace('.', '')
  if (digits.length < 4 || /^(?:19|20)\d\d$/.test(number)) return false
  return digits.replace(/^0+|0+$/g, '').length >= 3
}

const SPACE = 0
const BREAK = 1
const MARK = 2
const LETTER = 3
const DIGIT = 4
/** A sign that is a word by itself, as in Chinese. */
const SYMBOL = 5

const ascii = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code)
  if (/[a-z]/i.test(char)) return LETTER
  if (/\d/.test(char)) return DIGIT
  if (char === ' ' || char === '\t') return SPACE
  // What a quoted text, a list or a line ends with.
  return /[\s"'`<>{}[\]()|,\\]/.test(char) || code < 32 ? BREAK : MARK
})

function typeOf(code: number): number {
  if (code < 128) return ascii[code]!
  if (code >= 0x2e80 && code <= 0x9fff) return code <= 0x303f ? BREAK : SYMBOL
  return (code >= 0x2000 && code <= 0x206f) || code === 0xa0 || code === 0x85 ? SPACE : LETTER
}

/** 53 bits of two lanes. */
const join = (a: number, b: number): number => (a >>> 0) * 0x200000 + ((b ^ (b >>> 11)) & 0x1fffff)

function hashOf(text: string): number {
  let a = 0x1234567
  let b = 0x2468ace
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    a = Math.imul(a ^ code, 0x01000193)
    b = Math.imul(b ^ code, 0x85ebca6b)
    b ^= b >>> 13
  }
  return join(a, b)
}

/** Words that every sentence has say nothing about where it comes from. */
const GRAMMAR = new Set<number>()
{
  const words = 'a an the of to in on at for from by with and or is are was be it its this that as about me my i you your we our please'
  scan(words, (hash) => GRAMMAR.add(hash), ignore)
}
