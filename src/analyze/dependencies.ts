import type { LlmDetail, Span, Trace } from '../model/span.ts'
import type { SpanValues, ValueSource } from '../model/values.ts'
import { ancestryOf } from './ancestry.ts'
import { bytes, floats, giveBack, ints } from './room.ts'
import type { Timeline } from './timeline.ts'
import { callIdsOf, type CallIds } from './call-ids.ts'
import { groupBy } from './group-by.ts'
import { IntList } from './int-list.ts'
import { issuersOf, type Issuers } from './issuers.ts'

/** What the trace proves about which span needed which. Everything else is of unknown relation. */
export interface Dependencies {
  /**
   * For each span its siblings that it, or something inside it, needed: *proven dependent*. A need between spans of different
   * parents is one between the siblings that contain them.
   */
  readonly needs: Needs
  /** Sibling tool calls that one assistant message issued together: *proven independent*. At least two each. */
  readonly issuedTogether: readonly IssuedTogether[]
  /** Each proven need between two spans, once, in order of the span that needed the other. */
  readonly edges: Edges
  /**
   * For each span the end of the last thing that it, or something inside it, needed from outside its own parent; `-Infinity`: of
   * nothing. Undefined when the tree is too deep to tell, or when the trace's times contradict its needs: nothing is proven by such
   * clocks.
   */
  readonly outerEnd: Float64Array | undefined
}

/** What span `i` needs is `all[first[i]]` to `all[first[i + 1] - 1]`: a long run has a million needs, and most spans one or none. */
export interface Needs {
  readonly first: Int32Array
  readonly all: Int32Array
}

export const needsOf = ({ first, all }: Needs, i: number): Int32Array => all.subarray(first[i], first[i + 1])

/** Pairs as flat lists: a long run has a million of them. */
export interface Edges {
  readonly from: Int32Array
  readonly to: Int32Array
  /** Bits of {@link PROOFS}, by their place there. */
  readonly proofs: Int32Array
  /** Where one of them is a value: which, by the place of the pair; of the first {@link MAX_NAMED}, which are all that are listed. */
  readonly values: ReadonlyMap<number, ValueSource>
}

export const MAX_NAMED = 500

/** What can prove a need. */
export const PROOFS = ['issued', 'carried', 'answer', 'value', 'declared'] as const
const [ISSUED, CARRIED, ANSWER, VALUE, DECLARED] = [1, 2, 4, 8, 16]

export interface IssuedTogether {
  /** The LLM span whose answer asked for them; its id, because it may lie outside the trace. */
  readonly by: string
  /** In order of start. */
  readonly members: readonly number[]
}

/**
 * Proof that a span needed another:
 *
 * - a tool that an LLM answer issued needed that LLM call;
 * - an LLM request that carries a tool's result needed the tool, by the id of the call, or by its name where no id is known;
 * - an LLM request that carries what another call answered needed that call;
 * - an input in which a distinctive value stands that an output was the first to have (`values`, by index);
 * - what the user or a framework declared (`dependsOn`).
 */
export function dependencies(trace: Trace, timeline: Timeline, values: readonly (SpanValues | undefined)[]): Dependencies {
  const { spans, byId, models, tools } = timeline
  const graph = new Graph(timeline)
  const inputs = new RequestInputs(trace, timeline)
  const issuers = issuersOf(timeline)
  const hasDetails = bytes(spans.length)
  for (const places of [models, tools, timeline.declaring]) for (let at = 0; at < places.length; at++) hasDetails[places[at]!] = 1
  let tool = 0
  for (let i = 0; i < spans.length; i++) {
    const sources = values[i]?.from ?? NO_SOURCES
    if (hasDetails[i] === 0 && sources.length === 0) continue
    const span = spans[i]!
    graph.next(i)
    span.dependsOn?.forEach((id) => graph.add(byId.get(id), DECLARED))
    while (tool < tools.length && tools[tool]! < i) tool++
    if (tools[tool] === i) {
      const issuer = issuers.ofTool[tool]!
      if (issuer !== -1 && issuers.span[issuer] !== -1) graph.add(issuers.span[issuer], ISSUED)
    }
    if (span.llm !== undefined) {
      const needed = inputs.of(i, span.llm)
      for (let at = 0; at < needed.length; at++) graph.add(needed[at], inputs.isModel(needed[at]!) ? ANSWER : CARRIED)
    }
    for (let at = 0; at < sources.length; at++) graph.add(byId.get(sources[at]!.spanId), VALUE, sources[at]!)
    if (inputs.remember(i, span, tool)) graph.contradicted()
  }
  giveBack(hasDetails)
  inputs.done()
  return graph.done(issuedTogether(timeline, issuers))
}

const NO_SOURCES: readonly ValueSource[] = Object.freeze([])
/** Deeper needs are not followed to every span that they reach into. */
const MAX_CLIMB = 64

/** Takes the needs of one span after the other. */
class Graph {
  readonly #timeline: Timeline
  readonly #ancestry: ReturnType<typeof ancestryOf>
  readonly #needs: NeedLists
  readonly #outerEnd: Float64Array
  #isUntold = false
  readonly #from: IntList
  readonly #to: IntList
  readonly #proofs: IntList
  readonly #values = new Map<number, ValueSource>()
  #by = 0
  /** Where the pairs of the present span begin; by what it needs, once they are many. */
  #first = 0
  #places: Map<number, number> | undefined

  constructor(timeline: Timeline) {
    this.#timeline = timeline
    this.#ancestry = ancestryOf(timeline)
    // Most calls carry an answer and its results, and most tools were asked for.
    const expected = 2 * (timeline.models.length + timeline.tools.length)
    this.#needs = new NeedLists(timeline.spans.length, expected)
    this.#from = new IntList(expected)
    this.#to = new IntList(expected)
    this.#proofs = new IntList(expected)
    this.#outerEnd = floats(timeline.spans.length).fill(-Infinity)
  }

  next(by: number): void {
    this.#by = by
    this.#first = this.#from.length
    this.#places = undefined
  }

  add(needed: number | undefined, proof: number, value?: ValueSource): void {
    if (needed === undefined) return
    const by = this.#by
    const { start, end, parent, depth } = this.#timeline
    const pair = this.#ancestry.siblings(needed, by)
    if (pair === undefined) return
    // Nothing needs what began after it; a trace that says so is wrong.
    if (start[pair[0]]! > start[pair[1]]!) return this.contradicted()
    this.#needs.add(pair[1], pair[0])
    const place = this.#placeOf(needed)
    this.#proofs.mark(place, proof)
    if (value !== undefined && place < MAX_NAMED) this.#values.set(place, value)
    if (depth[by]! - depth[pair[1]]! > MAX_CLIMB) this.#isUntold = true
    else for (let i = by; i !== pair[1]; i = parent[i]!) if (end[needed]! > this.#outerEnd[i]!) this.#outerEnd[i] = end[needed]!
  }

  /** Something needed what began after it. */
  contradicted(): void {
    this.#isUntold = true
  }

  done(together: readonly IssuedTogether[]): Dependencies {
    return {
      needs: this.#needs.done(),
      issuedTogether: together,
      edges: { from: this.#from.items, to: this.#to.items, proofs: this.#proofs.items, values: this.#values },
      outerEnd: this.#isUntold ? undefined : this.#outerEnd,
    }
  }

  #placeOf(needed: number): number {
    const from = this.#from
    if (this.#places === undefined && from.length - this.#first > FEW) {
      this.#places = new Map(Array.from(from.items.subarray(this.#first), (one, at) => [one, this.#first + at]))
    }
    const known = this.#places === undefined ? from.indexOf(needed, this.#first) : (this.#places.get(needed) ?? -1)
    if (known !== -1) return known
    const place = from.push(needed) - 1
    this.#to.push(this.#by)
    this.#proofs.push(0)
    this.#places?.set(needed, place)
    return place
  }
}

const NONE: readonly number[] = Object.freeze([])

/** Most spans need one or two others. */
const FEW = 8

/** Collects what each span needs, once each and in the order in which it was added. */
class NeedLists {
  /** By span, the place of its newest need, from 1. */
  readonly #newest: Int32Array
  readonly #count: Int32Array
  readonly #needed: IntList
  /** The need before each one of the same span. */
  readonly #before: IntList
  /** Of spans with many. */
  readonly #sets = new Map<number, Set<number>>()

  constructor(spans: number, expected: number) {
    this.#needed = new IntList(expected)
    this.#before = new IntList(expected)
    this.#newest = ints(spans)
    this.#count = ints(spans)
  }

  add(by: number, needed: number): void {
    const count = this.#count[by]!
    if (count < FEW) {
      for (let at = this.#newest[by]!; at !== 0; at = this.#before.at(at - 1)) if (this.#needed.at(at - 1) === needed) return
    } else {
      const set = this.#sets.get(by) ?? this.#collect(by)
      if (set.has(needed)) return
      set.add(needed)
    }
    this.#count[by] = count + 1
    this.#before.push(this.#newest[by]!)
    this.#newest[by] = this.#needed.push(needed)
  }

  done(): Needs {
    const first = ints(this.#count.length + 1)
    for (let i = 0; i < this.#count.length; i++) first[i + 1] = first[i]! + this.#count[i]!
    const all = ints(this.#needed.length)
    for (let i = 0; i < this.#count.length; i++) {
      let place = first[i + 1]!
      for (let at = this.#newest[i]!; at !== 0; at = this.#before.at(at - 1)) all[--place] = this.#needed.at(at - 1)
    }
    giveBack(this.#newest, this.#count)
    return { first, all }
  }

  #collect(by: number): Set<number> {
    const set = new Set<number>()
    for (let at = this.#newest[by]!; at !== 0; at = this.#before.at(at - 1)) set.add(this.#needed.at(at - 1))
    this.#sets.set(by, set)
    return set
  }
}

/** Which earlier spans gave what a request carries. Spans come in order of start. */
class RequestInputs {
  readonly #trace: Trace
  /** The last call that answered with a part, by the part's index; -1: none. */
  readonly #answers: Int32Array
  /** Of the request that is looked at. */
  readonly #found: number[] = []
  readonly #calls: CallIds
  /** By the number of a call's id, the last tool that it began, as a place from 1. */
  readonly #toolsByCall: Int32Array
  readonly #unlinkedTools = new Map<string, number>()
  /** Calls whose results came without a tool that had begun. */
  readonly #missing = new Set<string>()
  readonly #spans: readonly Span[]
  readonly #isModel: Uint8Array

  constructor(trace: Trace, timeline: Timeline) {
    const { spans, models } = timeline
    this.#trace = trace
    this.#spans = spans
    this.#calls = callIdsOf(trace, timeline)
    this.#toolsByCall = ints(this.#calls.count)
    this.#isModel = bytes(spans.length)
    for (let at = 0; at < models.length; at++) this.#isModel[models[at]!] = 1
    this.#answers = ints(trace.parts.length).fill(-1)
  }

  /** Nobody asks any more. */
  done(): void {
    giveBack(this.#isModel, this.#answers, this.#toolsByCall)
  }

  isModel(span: number): boolean {
    return this.#isModel[span] === 1
  }

  /**
   * @param toolAt its place among the tools, where it is one
   * @returns true when a request that came before had a tool's result already
   */
  remember(i: number, { llm, tool }: Span, toolAt: number): boolean {
    const call = tool === undefined ? -1 : this.#calls.ofTool[toolAt]!
    if (call !== -1) this.#toolsByCall[call] = i + 1
    else if (tool !== undefined) this.#unlinkedTools.set(tool.name, i)
    const answered = llm?.responseParts ?? NONE
    for (let at = 0; at < answered.length; at++) this.#answers[answered[at]!] = i
    return this.#missing.size > 0 && tool?.callId !== undefined && this.#missing.has(tool.callId)
  }

  /**
   * A conversation repeats itself each turn. What was already in the request of the last call whose answer this one carries
   * is needed through that call, so only what follows is looked up: the edges of a long run stay as few as its parts.
   * @returns some perhaps more than once; the same list for every request
   */
  of(i: number, llm: LlmDetail): readonly number[] {
    const parts = llm.requestParts ?? NONE
    const found = this.#found
    found.length = 0
    const previous = this.#lastAnswer(parts)
    if (previous !== -1) found.push(previous)
    const before = previous === -1 ? NONE : (this.#spans[previous]!.llm?.requestParts ?? NONE)
    let at = 0
    while (at < before.length && before[at] === parts[at]) at++
    for (; at < parts.length; at++) {
      const answer = this.#answers[parts[at]!] ?? -1
      const source = answer === -1 ? this.#toolOf(parts[at]!) : answer
      if (source !== undefined && source !== i && source !== found[found.length - 1]) found.push(source)
    }
    return found
  }

  #lastAnswer(parts: readonly number[]): number {
    for (let at = parts.length - 1; at >= 0; at--) {
      const source = this.#answers[parts[at]!] ?? -1
      if (source !== -1) return source
    }
    return -1
  }

  #toolOf(index: number): number | undefined {
    const part = this.#trace.parts[index]
    if (part?.kind !== 'tool-result') return undefined
    const call = this.#calls.ofPart[index]!
    const linked = call === -1 || this.#toolsByCall[call] === 0 ? undefined : this.#toolsByCall[call]! - 1
    if (linked === undefined && part.callId !== undefined) this.#missing.add(part.callId)
    return linked ?? (part.name === undefined ? undefined : this.#unlinkedTools.get(part.name))
  }
}

function issuedTogether({ parent, tools }: Timeline, { ids, tools: { first, all } }: Issuers): IssuedTogether[] {
  const found: IssuedTogether[] = []
  for (let issuer = 0; issuer < ids.length; issuer++) {
    const count = first[issuer + 1]! - first[issuer]!
    if (count === 1) continue
    const members = new Array<number>(count)
    let areSiblings = true
    for (let at = 0; at < count; at++) {
      members[at] = tools[all[first[issuer]! + at]!]!
      if (parent[members[at]!] !== parent[members[0]!]) areSiblings = false
    }
    const by = ids[issuer]!
    if (areSiblings) found.push({ by, members })
    else for (const group of groupBy(members, (i) => parent[i]!).values()) if (group.length > 1) found.push({ by, members: group })
  }
  return found.sort((a, b) => a.members[0]! - b.members[0]!)
}
