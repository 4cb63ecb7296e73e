import type { LlmDetail, Span, Trace } from '../model/span.ts'
import type { SpanValues, ValueSource } from '../model/values.ts'
import { ancestryOf } from './ancestry.ts'
import type { Timeline } from './timeline.ts'
import { groupBy } from './totals.ts'

/** What the trace proves about which span needed which. Everything else is of unknown relation. */
export interface Dependencies {
  /**
   * For each span its siblings that it, or something inside it, needed: *proven dependent*. A need between spans of different
   * parents is one between the siblings that contain them.
   */
  readonly needs: readonly (readonly number[])[]
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

/** Pairs as flat lists: a long run has a million of them. */
export interface Edges {
  readonly from: readonly number[]
  readonly to: readonly number[]
  /** Bits of {@link PROOFS}, by their place there. */
  readonly proofs: readonly number[]
  /** Where one of them is a value: which, by the place of the pair. */
  readonly values: ReadonlyMap<number, ValueSource>
}

/** What can prove a need. */
export const PROOFS = ['issued', 'carried', 'answer', 'value', 'declared'] as const
type Proof = (typeof PROOFS)[number]

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
  const { spans, byId } = timeline
  const graph = new Graph(timeline)
  const inputs = new RequestInputs(trace, spans)
  spans.forEach((span, i) => {
    graph.next(i)
    for (const id of span.dependsOn ?? NONE_DECLARED) graph.add(byId.get(id), 'declared')
    if (span.tool?.issuedBy !== undefined) graph.add(byId.get(span.tool.issuedBy), 'issued')
    if (span.llm !== undefined) for (const needed of inputs.of(i, span.llm)) graph.add(needed, spans[needed]!.llm === undefined ? 'carried' : 'answer')
    for (const source of values[i]?.from ?? NO_SOURCES) graph.add(byId.get(source.spanId), 'value', source)
    if (inputs.remember(i, span)) graph.contradicted()
  })
  return graph.done(issuedTogether(timeline))
}

const NONE_DECLARED: readonly string[] = Object.freeze([])
const NO_SOURCES: readonly ValueSource[] = Object.freeze([])
/** Deeper needs are not followed to every span that they reach into. */
const MAX_CLIMB = 64

/** Takes the needs of one span after the other. */
class Graph {
  readonly #timeline: Timeline
  readonly #ancestry: ReturnType<typeof ancestryOf>
  readonly #needs: (number[] | Set<number> | undefined)[]
  readonly #outerEnd: Float64Array
  #isUntold = false
  readonly #from: number[] = []
  readonly #to: number[] = []
  readonly #proofs: number[] = []
  readonly #values = new Map<number, ValueSource>()
  #by = 0
  /** Where the pairs of the present span begin; by what it needs, once they are many. */
  #first = 0
  #places: Map<number, number> | undefined

  constructor(timeline: Timeline) {
    this.#timeline = timeline
    this.#ancestry = ancestryOf(timeline)
    this.#needs = Array.from({ length: timeline.spans.length }, () => undefined)
    this.#outerEnd = new Float64Array(timeline.spans.length).fill(-Infinity)
  }

  next(by: number): void {
    this.#by = by
    this.#first = this.#from.length
    this.#places = undefined
  }

  add(needed: number | undefined, proof: Proof, value?: ValueSource): void {
    if (needed === undefined) return
    const by = this.#by
    const { start, end, parent, depth } = this.#timeline
    const pair = this.#ancestry.siblings(needed, by)
    if (pair === undefined) return
    // Nothing needs what began after it; a trace that says so is wrong.
    if (start[pair[0]]! > start[pair[1]]!) return this.contradicted()
    this.#needs[pair[1]] = withMember(this.#needs[pair[1]], pair[0])
    const place = this.#placeOf(needed)
    this.#proofs[place]! |= 1 << PROOFS.indexOf(proof)
    if (value !== undefined) this.#values.set(place, value)
    if (depth[by]! - depth[pair[1]]! > MAX_CLIMB) this.#isUntold = true
    else for (let i = by; i !== pair[1]; i = parent[i]!) this.#outerEnd[i] = Math.max(this.#outerEnd[i]!, end[needed]!)
  }

  /** Something needed what began after it. */
  contradicted(): void {
    this.#isUntold = true
  }

  done(together: readonly IssuedTogether[]): Dependencies {
    return {
      needs: this.#needs.map((own) => (own === undefined ? NONE : own instanceof Set ? [...own] : own)),
      issuedTogether: together,
      edges: { from: this.#from, to: this.#to, proofs: this.#proofs, values: this.#values },
      outerEnd: this.#isUntold ? undefined : this.#outerEnd,
    }
  }

  #placeOf(needed: number): number {
    const from = this.#from
    if (this.#places === undefined && from.length - this.#first > FEW) {
      this.#places = new Map(from.slice(this.#first).map((one, at) => [one, this.#first + at]))
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

/** Most spans need one or two others: a set for each would take several times the room of a list. */
const FEW = 8

function withMember(members: number[] | Set<number> | undefined, member: number): number[] | Set<number> {
  if (members === undefined) return [member]
  if (members instanceof Set) return members.add(member)
  if (members.includes(member)) return members
  if (members.length >= FEW) return new Set(members).add(member)
  members.push(member)
  return members
}

/** Which earlier spans gave what a request carries. Spans come in order of start. */
class RequestInputs {
  readonly #trace: Trace
  /** The last call that answered with a part, by the part's index. */
  readonly #answers: (number | undefined)[]
  readonly #toolsByCall = new Map<string, number>()
  readonly #unlinkedTools = new Map<string, number>()
  /** Calls whose results came without a tool that had begun. */
  readonly #missing = new Set<string>()
  readonly #spans: readonly Span[]

  /** @param spans in the order in which they are asked for */
  constructor(trace: Trace, spans: readonly Span[]) {
    this.#trace = trace
    this.#spans = spans
    this.#answers = Array.from({ length: trace.parts.length }, () => undefined)
  }

  /** @returns true when a request that came before had a tool's result already */
  remember(i: number, { llm, tool }: Span): boolean {
    if (tool?.callId !== undefined) this.#toolsByCall.set(tool.callId, i)
    else if (tool !== undefined) this.#unlinkedTools.set(tool.name, i)
    for (const part of llm?.responseParts ?? NONE) this.#answers[part] = i
    return tool?.callId !== undefined && this.#missing.has(tool.callId)
  }

  /**
   * A conversation repeats itself each turn. What was already in the request of the last call whose answer this one carries
   * is needed through that call, so only what follows is looked up: the edges of a long run stay as few as its parts.
   */
  of(i: number, llm: LlmDetail): Set<number> {
    const parts = llm.requestParts ?? NONE
    const needed = new Set<number>()
    const previous = this.#lastAnswer(parts)
    if (previous !== undefined) needed.add(previous)
    const before = previous === undefined ? NONE : (this.#spans[previous]!.llm?.requestParts ?? NONE)
    let at = 0
    while (at < before.length && before[at] === parts[at]) at++
    for (; at < parts.length; at++) {
      const source = this.#answers[parts[at]!] ?? this.#toolOf(parts[at]!)
      if (source !== undefined && source !== i) needed.add(source)
    }
    return needed
  }

  #lastAnswer(parts: readonly number[]): number | undefined {
    for (let at = parts.length - 1; at >= 0; at--) {
      const source = this.#answers[parts[at]!]
      if (source !== undefined) return source
    }
    return undefined
  }

  #toolOf(index: number): number | undefined {
    const part = this.#trace.parts[index]
    if (part?.kind !== 'tool-result') return undefined
    const linked = part.callId === undefined ? undefined : this.#toolsByCall.get(part.callId)
    if (linked === undefined && part.callId !== undefined) this.#missing.add(part.callId)
    return linked ?? (part.name === undefined ? undefined : this.#unlinkedTools.get(part.name))
  }
}

function issuedTogether({ spans, parent }: Timeline): IssuedTogether[] {
  const issued: number[] = []
  spans.forEach(({ tool }, i) => {
    if (tool?.issuedBy !== undefined) issued.push(i)
  })
  const found: IssuedTogether[] = []
  for (const [by, members] of groupBy(issued, (i) => spans[i]!.tool!.issuedBy!)) {
    if (members.length === 1) continue
    const siblings = members.every((i) => parent[i] === parent[members[0]!]) ? [members] : groupBy(members, (i) => String(parent[i])).values()
    for (const group of siblings) if (group.length > 1) found.push({ by, members: group.slice() })
  }
  return found.sort((a, b) => a.members[0]! - b.members[0]!)
}
