import type { ContextPart } from '../model/analysis.ts'
import type { Part } from '../model/message.ts'
import type { Trace } from '../model/span.ts'
import type { CallIds } from './call-ids.ts'
import { compact } from './compact.ts'
import type { Layout } from './context-layout.ts'
import { Split } from './largest-remainder.ts'
import { floats, giveBack, ints } from './room.ts'
import { sortPlaces } from './sort-places.ts'
import { byText } from './totals.ts'

/** Names of tools by the id of their call: a result often carries only that. */
export type PartNames = Pick<ReadonlyMap<string, string>, 'get'>

/** Collected when the first one is asked for: most traces name the tool at its result. */
export function toolNames({ parts, spans }: Trace): PartNames {
  let names: Map<string, string> | undefined
  const collect = (): Map<string, string> => {
    const found = new Map<string, string>()
    for (const { kind, callId, name } of parts) if (kind === 'tool-call' && callId !== undefined && name !== undefined) found.set(callId, name)
    for (const { tool } of spans) if (tool?.callId !== undefined && !found.has(tool.callId)) found.set(tool.callId, tool.name)
    return found
  }
  return { get: (callId) => (names ??= collect()).get(callId) }
}

export interface Composed {
  readonly composition: Readonly<Record<string, number>>
  readonly parts: readonly ContextPart[]
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

const KEPT = 'kept by the server'

/**
 * What requests are made of, in tokens that add up to the provider's own count: by kind, and line by line. A line is the system
 * text, one tool's definition, one tool result, what is not text by its kind, or all messages of one role. Which line each part of a
 * trace belongs to is worked out once: a conversation repeats its parts in every request.
 */
export class Composer {
  readonly #names: PartNames
  /** By the part's index, from 1; line 0 is what the parts do not hold. */
  readonly #lineOf: Int32Array
  /** A part of each line. */
  readonly #example: (Part | undefined)[] = [undefined]
  /** By line, what decides between equally heavy ones; made when it is first asked for. */
  readonly #keys = new Map<number, string>()
  readonly #kinds: string[] = [KEPT]
  /** By line, a place in `kinds`. */
  readonly #kindOf: Int32Array
  /** By kind: what its lines weigh together, and the heaviest of them; -1 in between. */
  readonly #kindWeight: Float64Array
  readonly #kindLine: Int32Array
  /** Of the request that is looked at; zero in between. */
  readonly #weight: Float64Array
  readonly #count: Int32Array
  #used: Int32Array = new Int32Array(256)
  readonly #usedKinds: Int32Array
  readonly #split = new Split()

  constructor({ parts }: Trace, names: PartNames, calls: CallIds) {
    this.#names = names
    this.#lineOf = ints(parts.length)
    const lines = new LineNumbers(this.#example, calls)
    for (let i = 0; i < parts.length; i++) this.#lineOf[i] = lines.of(parts[i]!, i)
    const { length } = this.#example
    this.#kindOf = ints(length)
    for (let line = 1; line < length; line++) this.#kindOf[line] = this.#kindNumber(this.#example[line]!.kind)
    this.#kindWeight = new Float64Array(this.#kinds.length)
    this.#kindLine = new Int32Array(this.#kinds.length).fill(-1)
    this.#usedKinds = new Int32Array(this.#kinds.length)
    this.#weight = floats(length)
    this.#count = ints(length)
  }

  /** @param most lines that are shown; the others are one line `rest` */
  of({ parts, at, kept, keptAs }: Layout, total: number, most: number): Composed {
    let lines = 0
    this.#kinds[0] = keptAs
    if (kept > 0) lines = this.#add(0, kept, lines)
    if (this.#used.length < lines + parts.length) this.#used = ints((lines + parts.length) * 2)
    for (let i = 0; i < parts.length; i++) lines = this.#add(this.#lineOf[parts[i]!]!, at[i + 1]! - at[i]!, lines)
    const shown = lines > most ? most - 1 : lines
    this.#sort(lines, shown)
    const composition = this.#byKind(lines, total)
    const list = this.#list(lines, total, shown)
    for (let i = 0; i < lines; i++) this.#weight[this.#used[i]!] = this.#count[this.#used[i]!] = 0
    return { composition, parts: list }
  }

  /** After the last request. */
  done(): void {
    giveBack(this.#lineOf, this.#kindOf, this.#weight, this.#count)
  }

  #add(line: number, tokens: number, lines: number): number {
    this.#weight[line]! += tokens
    if (this.#count[line]!++ > 0) return lines
    this.#used[lines] = line
    return lines + 1
  }

  readonly #heavier = (a: number, b: number): number =>
    this.#weight[b]! - this.#weight[a]! || byText(this.#keyOf(a), this.#keyOf(b))

  #keyOf(line: number): string {
    let key = this.#keys.get(line)
    if (key === undefined) this.#keys.set(line, (key = keyOf(this.#example[line])))
    return key
  }

  /** The heaviest `first` lines to the front, in order; most requests have many lines, of which few are shown. */
  #sort(lines: number, first: number): void {
    if (first === lines) return sortPlaces(this.#used, lines, this.#heavier)
    const used = this.#used
    const weight = this.#weight
    for (let i = 1; i < lines; i++) {
      const line = used[i]!
      let at = Math.min(i, first)
      if (at === first) {
        const last = used[first - 1]!
        if (weight[line]! < weight[last]! || this.#heavier(line, last) > 0) continue
        used[i] = last
        at--
      }
      for (; at > 0 && (weight[line]! > weight[used[at - 1]!]! || this.#heavier(line, used[at - 1]!) < 0); at--) used[at] = used[at - 1]!
      used[at] = line
    }
  }

  #list(lines: number, total: number, shown: number): ContextPart[] {
    const split = this.#split.begin(lines)
    for (let i = 0; i < shown; i++) split.add(this.#weight[this.#used[i]!]!)
    let restCount = 0
    let restWeight = 0
    for (let i = shown; i < lines; i++) {
      restCount += this.#count[this.#used[i]!]!
      restWeight += this.#weight[this.#used[i]!]!
    }
    if (shown < lines) split.add(restWeight)
    const tokens = split.whole(total)
    // A list that grows has room for more than it holds, and a long run keeps one for each call.
    const list = new Array<ContextPart>(split.count)
    for (let i = 0; i < shown; i++) list[i] = this.#part(this.#used[i]!, compact(tokens[i]!))
    if (shown < lines) list[shown] = { kind: 'rest', count: restCount, tokens: compact(tokens[shown]!) }
    return list
  }

  #part(line: number, tokens: number): ContextPart {
    const part = this.#example[line]
    const count = this.#count[line]!
    if (part === undefined) return { kind: this.#kinds[0]!, count, tokens }
    const { kind, media } = part
    const isResult = kind === 'tool-result'
    const callId = isResult ? part.callId : undefined
    const name = !isResult && kind !== 'tool-definition' ? undefined
      : part.name ?? (part.callId === undefined ? undefined : this.#names.get(part.callId))
    // Written out: a run has as many of these as anything, and spreading takes twice the room.
    if (media === undefined && name !== undefined) return callId === undefined ? { kind, name, count, tokens } : { kind, name, callId, count, tokens }
    if (media === undefined && callId === undefined) return { kind, count, tokens }
    return {
      kind, ...(name !== undefined && { name }), ...(callId !== undefined && { callId }), ...(media !== undefined && { media }), count, tokens,
    }
  }

  #byKind(lines: number, total: number): Record<string, number> {
    const sums = this.#kindWeight
    const heaviest = this.#kindLine
    const kinds = this.#usedKinds
    let count = 0
    for (let i = 0; i < lines; i++) {
      const line = this.#used[i]!
      const kind = this.#kindOf[line]!
      if (heaviest[kind] === -1) {
        kinds[count++] = kind
        heaviest[kind] = line
        sums[kind] = 0
      } else if (this.#weight[line]! >= this.#weight[heaviest[kind]!]! && this.#heavier(line, heaviest[kind]!) < 0) {
        heaviest[kind] = line
      }
      sums[kind]! += this.#weight[line]!
    }
    // In order of their heaviest lines.
    sortPlaces(kinds, count, this.#heavierKind)
    const split = this.#split.begin(count)
    for (let i = 0; i < count; i++) {
      split.add(sums[kinds[i]!]!)
      heaviest[kinds[i]!] = -1
    }
    const tokens = split.whole(total, this.#kindTie)
    const composition: Writable<Record<string, number>> = {}
    for (let i = 0; i < count; i++) composition[this.#kinds[kinds[i]!]!] = compact(tokens[i]!)
    return composition
  }

  readonly #heavierKind = (a: number, b: number): number => this.#heavier(this.#kindLine[a]!, this.#kindLine[b]!)

  readonly #kindTie = (a: number, b: number): number => byText(this.#kinds[this.#usedKinds[a]!]!, this.#kinds[this.#usedKinds[b]!]!)

  #kindNumber(kind: string): number {
    const known = this.#kinds.indexOf(kind)
    return known === -1 ? this.#kinds.push(kind) - 1 : known
  }
}

/** Numbers the lines. Most of them are tool results, each known by the id of its call. */
class LineNumbers {
  readonly #example: (Part | undefined)[]
  readonly #byKey = new Map<string, number>()
  readonly #calls: CallIds
  /** By the number of the call's id. */
  readonly #resultLines: Int32Array
  readonly #byKind = new Map<string, number>()

  constructor(example: (Part | undefined)[], calls: CallIds) {
    this.#example = example
    this.#calls = calls
    this.#resultLines = ints(calls.count)
  }

  of(part: Part, place: number): number {
    const { kind, media, name } = part
    const call = this.#calls.ofPart[place]!
    if (media === undefined && kind !== 'tool-result' && kind !== 'tool-definition') return this.#numberIn(this.#byKind, kind, part)
    if (media !== undefined || call === -1) return this.#numberIn(this.#byKey, keyOf(part), part)
    // Line 0 is none of the parts'.
    if (this.#resultLines[call] === 0) this.#resultLines[call] = this.#example.push(part) - 1
    const line = this.#resultLines[call]!
    return this.#example[line]!.name === name ? line : this.#numberIn(this.#byKey, keyOf(part), part)
  }

  #numberIn(numbers: Map<string, number>, key: string, part: Part): number {
    let line = numbers.get(key)
    if (line === undefined) {
      line = this.#example.push(part) - 1
      numbers.set(key, line)
    }
    return line
  }
}

function keyOf(part: Part | undefined): string {
  if (part === undefined) return 'kept'
  const { kind, name, callId, media } = part
  if (media !== undefined) return `${kind} media ${media} ${callId ?? ''}`
  if (kind === 'tool-definition') return `${kind} ${name ?? ''}`
  return kind === 'tool-result' ? `${kind} ${callId ?? ''} ${name ?? ''}` : kind
}
