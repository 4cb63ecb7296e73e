import type { ContextSummary, DefinitionUse, DuplicateContent, ResultStay } from '../model/analysis.ts'
import { isPartial } from '../model/marks.ts'
import { hashText } from '../model/message.ts'
import type { ToolCallRequest, Trace } from '../model/span.ts'
import { textOf } from '../model/transient.ts'
import type { InputTokens } from '../model/usage.ts'
import type { SpanValues } from '../model/values.ts'
import type { InputPrices } from './cache-prices.ts'
import { callIdsOf } from './call-ids.ts'
import type { Call } from './calls.ts'
import type { Conversations } from './context-conversations.ts'
import type { Layout } from './context-layout.ts'
import type { PartNames } from './context-parts.ts'
import type { PartWeights } from './context-weights.ts'
import { bytes, floats, giveBack, ints } from './room.ts'
import type { Timeline } from './timeline.ts'
import { TextNumbers } from './text-numbers.ts'
import { byText } from './totals.ts'

export interface StayInputs {
  readonly trace: Trace
  readonly timeline: Timeline
  readonly calls: readonly Call[]
  readonly conversations: Conversations
  readonly weights: PartWeights
  readonly prices: InputPrices
  readonly names: PartNames
  /** By span; undefined where a span's texts were not seen. */
  readonly values: readonly (SpanValues | undefined)[]
}

const MAX_RESULTS = 50
const MAX_DUPLICATES = 50
/** Shorter texts repeat by chance: "ok", "{}", a date. */
const MIN_DUPLICATE_TOKENS = 50

/** Fields of a stay: tokens of it, over all requests, and of those from a cache; costs (NaN when a price is unknown), of the first request, and uncached. */
const [TOKENS, TOTAL, CACHED, COST, FIRST_COST, UNCACHED_COST, FIELDS] = [0, 1, 2, 3, 4, 5, 6]

/** What pieces of content came to over the requests that carried them. Flat: a long run has hundreds of thousands of them. */
class StayList {
  count = 0
  firstCall: Int32Array
  lastCall: Int32Array
  turns: Int32Array
  #fields: Float64Array

  /** @param expected for more it is made larger */
  constructor(expected: number) {
    this.firstCall = ints(expected)
    this.lastCall = ints(expected)
    this.turns = ints(expected)
    this.#fields = floats(expected * FIELDS)
  }

  /** @returns its place */
  begin(number: number, tokens: number): number {
    if (this.count === this.turns.length) this.#widen(this.count * 2 + 64)
    this.#fields[this.count * FIELDS + TOKENS] = tokens
    this.lastCall[this.count] = number
    this.firstCall[this.count] = number
    return this.count++
  }

  #widen(most: number): void {
    const wider = <T extends Int32Array | Float64Array>(to: T, from: T): T => {
      to.set(from)
      return to
    }
    this.firstCall = wider(ints(most), this.firstCall)
    this.lastCall = wider(ints(most), this.lastCall)
    this.turns = wider(ints(most), this.turns)
    this.#fields = wider(floats(most * FIELDS), this.#fields)
  }

  /** One request more that carries it, or once more in the same one. */
  turn(stay: number, number: number, isFirst: boolean): void {
    if (isFirst) this.turns[stay]!++
    this.lastCall[stay] = number
  }

  /** @param spent by field, in an array because numbers with a fraction that are handed on one by one are each allocated */
  spend(stay: number, spent: Float64Array): void {
    const at = stay * FIELDS
    const fields = this.#fields
    fields[at + TOTAL]! += spent[TOTAL]!
    fields[at + CACHED]! += spent[CACHED]!
    fields[at + COST]! += spent[COST]!
    if (this.turns[stay] === 1) fields[at + FIRST_COST]! += spent[COST]!
    fields[at + UNCACHED_COST]! += spent[UNCACHED_COST]!
  }

  done(): void {
    giveBack(this.firstCall, this.lastCall, this.turns, this.#fields)
  }

  field(stay: number, field: number): number {
    return this.#fields[stay * FIELDS + field]!
  }

  /**
   * The dearest first.
   * @param most that are wanted @param tie decides between equals
   */
  dearest(most: number, tie: (a: number, b: number) => number): number[] {
    const compare = (a: number, b: number): number => (this.field(b, COST) || 0) - (this.field(a, COST) || 0)
      || this.field(b, TOTAL) - this.field(a, TOTAL) || this.firstCall[a]! - this.firstCall[b]! || tie(a, b)
    if (most >= this.count) return Array.from({ length: this.count }, (_, stay) => stay).sort(compare)
    const found: number[] = []
    for (let stay = 0; stay < this.count; stay++) {
      if (found.length === most && compare(stay, found[most - 1]!) >= 0) continue
      let at = found.length === most ? most - 1 : found.push(stay) - 1
      for (; at > 0 && compare(stay, found[at - 1]!) < 0; at--) found[at] = found[at - 1]!
      found[at] = stay
    }
    return found
  }
}

/** Kinds of parts that are told apart here. */
const OTHER = 0
const RESULT = 1
const DEFINITION = 2

/**
 * What tool results, definitions and repeated content cost over all requests that carried them. What of a request came from a
 * cache is known by position: a cache holds a prefix.
 */
export class ContextStays {
  readonly #inputs: StayInputs
  /** Of the part that is looked at, by field. */
  readonly #spent: Float64Array = new Float64Array(FIELDS)
  readonly #kinds: Uint8Array
  /** By part: its stay, from 1, among the results or the definitions. */
  readonly #stayOf: Int32Array
  readonly #results: StayList
  readonly #resultParts: number[] = []
  readonly #definitions = new StayList(0)
  readonly #names: string[] = []
  /** By definition, the last request that named it. */
  readonly #namedIn: number[] = []
  readonly #byName = new Map<string, number>()
  readonly #copies = new StayList(0)
  readonly #copied: { readonly part: number; readonly content: number; most: number }[] = []
  /** What a part says, whatever its place, from 1; the same for parts with the same text. */
  readonly #contentOf: Int32Array
  readonly #contents: Contents
  /** By content: the last request that carried it, how often it did, and its stay among the copies, from 1. */
  readonly #seenIn: Int32Array
  readonly #times: Int32Array
  readonly #copyOf: Int32Array

  constructor(inputs: StayInputs) {
    const { parts } = inputs.trace
    this.#inputs = inputs
    this.#kinds = bytes(parts.length)
    let results = 0
    for (let i = 0; i < parts.length; i++) {
      const { kind } = parts[i]!
      if (kind === 'tool-result') {
        this.#kinds[i] = RESULT
        results++
      } else if (kind === 'tool-definition') this.#kinds[i] = DEFINITION
    }
    this.#results = new StayList(results)
    this.#stayOf = ints(parts.length)
    this.#contentOf = ints(parts.length)
    this.#contents = new Contents(parts.length)
    this.#seenIn = ints(parts.length + 1)
    this.#times = ints(parts.length + 1)
    this.#copyOf = ints(parts.length + 1)
  }

  /** Adds up one request. */
  add({ summary }: Call, { parts, at }: Layout, input: InputTokens, unit: ReturnType<InputPrices['unit']>): void {
    const { number } = summary
    const { cacheRead } = input
    const written = cacheRead + input.cacheWrite
    const spent = this.#spent
    for (let i = 0; i < parts.length; i++) {
      const index = parts[i]!
      const from = at[i]!
      const to = at[i + 1]!
      const kind = this.#kinds[index]!
      const isLong = kind !== DEFINITION && !(to - from < MIN_DUPLICATE_TOKENS)
      if (kind === OTHER && !isLong) continue
      const cached = Math.max(0, Math.min(cacheRead, to) - from)
      const wrote = Math.max(0, Math.min(written, to) - from) - cached
      const uncached = to - from - cached - wrote
      spent[TOTAL] = to - from
      spent[CACHED] = cached
      spent[COST] = unit === undefined ? NaN : cached * unit.read + wrote * unit.write + uncached * unit.uncached
      spent[UNCACHED_COST] = unit === undefined ? NaN : (to - from) * unit.uncached
      if (kind === RESULT) this.#results.spend(this.#result(index, number), spent)
      else if (kind === DEFINITION) {
        const stay = this.#definition(index, number)
        if (stay !== -1) this.#definitions.spend(stay, spent)
      }
      const copy = isLong ? this.#copy(index, number) : -1
      if (copy !== -1) this.#copies.spend(copy, spent)
    }
  }

  /** After the last request. */
  summary(): Pick<ContextSummary, 'results' | 'definitions' | 'duplicates'> {
    const results = resultStays(this.#inputs, this.#results, this.#resultParts)
    const definitions = definitionUses(this.#inputs, this.#definitions, this.#names)
    const duplicates = this.#duplicates()
    giveBack(this.#kinds, this.#stayOf, this.#contentOf, this.#seenIn, this.#times, this.#copyOf)
    this.#results.done()
    this.#contents.done()
    return {
      ...(results.length > 0 && { results }),
      ...(definitions.length > 0 && { definitions }),
      ...(duplicates.length > 0 && { duplicates }),
    }
  }

  #result(index: number, number: number): number {
    let stay = this.#stayOf[index]! - 1
    if (stay === -1) {
      stay = this.#results.begin(number, this.#spent[TOTAL]!)
      this.#resultParts.push(index)
      this.#stayOf[index] = stay + 1
    }
    this.#results.turn(stay, number, true)
    return stay
  }

  #definition(index: number, number: number): number {
    let stay = this.#stayOf[index]! - 1
    if (stay === -1) {
      const { name } = this.#inputs.trace.parts[index]!
      if (name === undefined) return -1
      stay = this.#byName.get(name) ?? -1
      if (stay === -1) {
        stay = this.#definitions.begin(number, this.#spent[TOTAL]!)
        this.#names.push(name)
        this.#namedIn.push(0)
        this.#byName.set(name, stay)
      }
      this.#stayOf[index] = stay + 1
    }
    this.#definitions.turn(stay, number, this.#namedIn[stay] !== number)
    this.#namedIn[stay] = number
    return stay
  }

  /** -1 for content that the request has had only once so far. */
  #copy(index: number, number: number): number {
    const content = this.#content(index)
    const times = this.#seenIn[content] === number ? this.#times[content]! + 1 : 1
    this.#seenIn[content] = number
    this.#times[content] = times
    if (times === 1) return -1
    let copy = this.#copyOf[content]! - 1
    if (copy === -1) {
      copy = this.#copies.begin(number, this.#spent[TOTAL]!)
      this.#copyOf[content] = copy + 1
      this.#copied.push({ part: index, content, most: times })
    }
    this.#copies.turn(copy, number, times === 2)
    this.#copied[copy]!.most = Math.max(this.#copied[copy]!.most, times)
    return copy
  }

  #content(index: number): number {
    if (this.#contentOf[index] === 0) {
      const { trace } = this.#inputs
      const text = textOf(trace, index)
      this.#contentOf[index] = text === undefined ? this.#contents.ofPart(trace.parts[index]!.hash) : this.#contents.ofText(hashText(text))
    }
    return this.#contentOf[index]!
  }

  #duplicates(): DuplicateContent[] {
    const { trace, names } = this.#inputs
    const copies = this.#copies
    const keyOf = (copy: number): string => {
      const { part } = this.#copied[copy]!
      const text = textOf(trace, part)
      return text === undefined ? `part ${trace.parts[part]!.hash}` : `text ${hashText(text)}`
    }
    const sorted = copies.dearest(MAX_DUPLICATES, (a, b) => byText(keyOf(a), keyOf(b)))
    return sorted.map((stay) => {
      const { part, most } = this.#copied[stay]!
      const { kind, name, callId } = trace.parts[part]!
      const tool = name ?? (callId === undefined ? undefined : names.get(callId))
      const cost = copies.field(stay, COST)
      return {
        kind, ...(tool !== undefined && { name: tool }), copies: most, requests: copies.turns[stay]!,
        totalTokens: Math.round(copies.field(stay, TOTAL)), ...(!Number.isNaN(cost) && { costUsd: cost }),
        firstCall: copies.firstCall[stay]!, lastCall: copies.lastCall[stay]!,
      }
    })
  }
}

/** Numbers what parts say, from 1. */
class Contents {
  readonly #parts: TextNumbers
  readonly #texts = new Map<string, number>()
  readonly #most: number

  /** @param most parts that there are */
  constructor(most: number) {
    this.#parts = new TextNumbers(most)
    this.#most = most
  }

  done(): void {
    this.#parts.done()
  }

  ofPart(hash: string): number {
    return this.#parts.of(hash) + 1
  }

  /** Counted down from the most that there can be: each part has a text or none. */
  ofText(hash: string): number {
    let number = this.#texts.get(hash)
    if (number === undefined) this.#texts.set(hash, (number = this.#most - this.#texts.size))
    return number
  }
}

function resultStays({ trace, timeline, calls: allCalls, names, values }: StayInputs, stays: StayList, parts: readonly number[]): ResultStay[] {
  const sorted = stays.dearest(MAX_RESULTS, (a, b) => parts[a]! - parts[b]!)
  const calls = callIdsOf(trace, timeline)
  /** By number of the call's id. */
  const spanOf = new Map<number, number>()
  for (const stay of sorted) if (calls.ofPart[parts[stay]!] !== -1) spanOf.set(calls.ofPart[parts[stay]!]!, -1)
  for (let at = 0; at < timeline.tools.length; at++) {
    if (spanOf.has(calls.ofTool[at]!)) spanOf.set(calls.ofTool[at]!, timeline.tools[at]!)
  }
  const isRepeated = new Map<string, boolean>()
  for (const span of spanOf.values()) if (span !== -1) isRepeated.set(timeline.spans[span]!.id, false)
  const mark = ({ spanId }: { readonly spanId: string }): void => {
    if (isRepeated.has(spanId)) isRepeated.set(spanId, true)
  }
  if (isRepeated.size > 0) {
    for (let i = 0; i < values.length; i++) {
      const one = values[i]
      if (one === undefined) continue
      if (one.from !== undefined) one.from.forEach(mark)
      if (one.repeats !== undefined) one.repeats.forEach(mark)
    }
  }
  return sorted.map((stay) => {
    const { name: own, callId } = trace.parts[parts[stay]!]!
    const name = own ?? (callId === undefined ? undefined : names.get(callId))
    const span = spanOf.get(calls.ofPart[parts[stay]!]!) ?? -1
    const spanId = span === -1 ? undefined : timeline.spans[span]!.id
    // What a transcript's agent reads it uses in ways that no text shows, and it reads the same again: then the first place has the values.
    const isLookedFor = span !== -1 && values[span]?.seen === true && !isPartial(timeline.spans[allCalls[stays.firstCall[stay]! - 1]!.span]!)
    const cost = stays.field(stay, COST)
    return {
      ...(name !== undefined && { name }),
      ...(callId !== undefined && { callId }),
      ...(spanId !== undefined && { spanId }),
      firstCall: stays.firstCall[stay]!, lastCall: stays.lastCall[stay]!, tokens: Math.round(stays.field(stay, TOKENS)), turns: stays.turns[stay]!,
      totalTokens: Math.round(stays.field(stay, TOTAL)), cachedTokens: Math.round(stays.field(stay, CACHED)),
      ...(!Number.isNaN(cost) && {
        costUsd: cost, laterCostUsd: cost - stays.field(stay, FIRST_COST), uncachedCostUsd: stays.field(stay, UNCACHED_COST),
      }),
      ...(isLookedFor && { repeated: isRepeated.get(spanId!)! }),
    }
  })
}

const NO_CALLS: readonly ToolCallRequest[] = Object.freeze([])

function definitionUses({ trace, timeline: { spans, models, tools } }: StayInputs, stays: StayList, names: readonly string[]): DefinitionUse[] {
  const placeOf = new Map(names.map((name, at) => [name, at]))
  const called = ints(names.length)
  for (let at = 0; at < models.length; at++) {
    const asked = spans[models[at]!]!.llm!.toolCalls ?? NO_CALLS
    for (let call = 0; call < asked.length; call++) {
      const place = placeOf.get(asked[call]!.name)
      if (place !== undefined) called[place]!++
    }
  }
  // A file that lists no calls of an answer may still show them in a later request, or as spans of tools.
  if (called.includes(0)) {
    const isSeen = (name: string | undefined): void => {
      const place = name === undefined ? undefined : placeOf.get(name)
      if (place !== undefined && called[place] === 0) called[place] = 1
    }
    for (let at = 0; at < tools.length; at++) isSeen(spans[tools[at]!]!.tool!.name)
    for (const { kind, name } of trace.parts) if (kind === 'tool-call') isSeen(name)
  }
  return stays.dearest(Infinity, (a, b) => byText(names[a]!, names[b]!)).map((stay) => {
    const cost = stays.field(stay, COST)
    return {
      name: names[stay]!, timesCalled: called[stay]!, requests: stays.turns[stay]!, totalTokens: Math.round(stays.field(stay, TOTAL)),
      ...(!Number.isNaN(cost) && { costUsd: cost }),
    }
  })
}
