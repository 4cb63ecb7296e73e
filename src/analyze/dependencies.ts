import type { LlmDetail, Span, Trace } from '../model/span.ts'
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
}

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
 * - what the user or a framework declared (`dependsOn`).
 */
export function dependencies(trace: Trace, timeline: Timeline): Dependencies {
  const { spans, byId, start } = timeline
  const ancestry = ancestryOf(timeline)
  const needs = new Array<number[] | Set<number> | undefined>(spans.length).fill(undefined)
  const add = (needed: number | undefined, by: number): void => {
    if (needed === undefined) return
    const pair = ancestry.siblings(needed, by)
    // Nothing needs what began after it; a trace that says so is wrong.
    if (pair === undefined || start[pair[0]]! > start[pair[1]]!) return
    needs[pair[1]] = withMember(needs[pair[1]], pair[0])
  }
  const inputs = new RequestInputs(trace, spans)
  spans.forEach((span, i) => {
    for (const id of span.dependsOn ?? []) add(byId.get(id), i)
    if (span.tool?.issuedBy !== undefined) add(byId.get(span.tool.issuedBy), i)
    if (span.llm !== undefined) for (const needed of inputs.of(i, span.llm)) add(needed, i)
    inputs.remember(i, span)
  })
  return {
    needs: needs.map((own) => (own === undefined ? NONE : own instanceof Set ? [...own] : own)),
    issuedTogether: issuedTogether(timeline),
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
  readonly #spans: readonly Span[]

  /** @param spans in the order in which they are asked for */
  constructor(trace: Trace, spans: readonly Span[]) {
    this.#trace = trace
    this.#spans = spans
    this.#answers = new Array<undefined>(trace.parts.length).fill(undefined)
  }

  remember(i: number, { llm, tool }: Span): void {
    if (tool?.callId !== undefined) this.#toolsByCall.set(tool.callId, i)
    else if (tool !== undefined) this.#unlinkedTools.set(tool.name, i)
    for (const part of llm?.responseParts ?? NONE) this.#answers[part] = i
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
