import type { Finding } from '../../model/analysis.ts'
import { isWaiting } from '../../model/marks.ts'
import { formatDuration } from '../../model/units.ts'
import type { Call } from '../calls.ts'
import { savingNs, type Facts } from '../facts.ts'
import { giveBack, ints } from '../room.ts'
import { nature } from '../tool-uses.ts'
import { groupBy } from '../group-by.ts'
import { issuersOf, type Issuers } from '../issuers.ts'
import { shorterBy, type Detection, type Detector } from './shared.ts'

/** Two turns of a conversation of which the second used nothing of the first one's results. */
interface Merge {
  /** The tools of the first turn, the call between, and its tools. */
  readonly tools: readonly number[]
  readonly call: Call
  readonly next: readonly number[]
}

/**
 * PAR004: a turn whose tools were called with nothing that the turn before it had brought: all of it was known when the call before
 * had answered. That call could have asked for both turns' tools at once, which saves the call between.
 */
export const turnsInOne: Detector = (facts) => {
  const patterns = groupBy(merges(facts), ({ tools, next }) => JSON.stringify([names(facts, tools), names(facts, next)]))
  return [...patterns.values()].flatMap((pattern) => {
    const timeNs = saved(facts, pattern)
    return timeNs.high < savingNs(facts) ? [] : [finding(facts, pattern, timeNs)]
  })
}

function finding(facts: Facts, pattern: readonly Merge[], timeNs: { readonly low: number; readonly high: number }): Detection {
  const { spans } = facts.timeline
  const [{ tools, next }] = pattern as readonly [Merge, ...Merge[]]
  const members = pattern.flatMap(turnOf).sort((a, b) => a - b)
  return {
    code: 'PAR004',
    title: `Ask for ${names(facts, next).join(' and ')} in the same turn as ${names(facts, tools).join(' and ')}: `
      + `${pattern.length === 1 ? 'the call between' : `the calls between, ${pattern.length} times,`} brought nothing that the tools were called with`,
    spanIds: members.map((i) => spans[i]!.id),
    saving: { timeNs: timeNs.low === timeNs.high ? timeNs.high : timeNs, ...amounts(facts, pattern) },
    confidence: 'likely',
    advice: 'Tell the model to ask at once for everything that it can already ask for, allow parallel tool calls, or let one tool do both. '
      + 'The model may have wanted to see the first result before it decided on the second, although it used nothing of it. '
      + `Up to ${formatDuration(timeNs.high)}; less what the earlier answer takes longer to write.`,
    change: () => ({ together: pattern.map(turnOf), merged: true, ...shorterBy(whole(facts, pattern)) }),
  }
}

function merges(facts: Facts): Merge[] {
  const { timeline: { spans, end, parent, tools: timelineTools, children: { first } }, calls, dependencies: { edges }, values } = facts
  if (values.every((own) => own?.knownAt === undefined)) return []
  const issuers = issuersOf(facts.timeline)
  /** By span, its place among the tools, from 1. */
  const toolAt = ints(spans.length)
  for (let at = 0; at < timelineTools.length; at++) toolAt[timelineTools[at]!] = at + 1
  const taken = new Set<number>()
  const found: Merge[] = []
  let edge = 0
  for (const call of calls) {
    const next = issuedBy(facts, issuers, call.span)
    if (next.length === 0) continue
    const tools: number[] = []
    // Pairs are in order of the later span, as calls are.
    while (edge < edges.to.length && edges.to[edge]! < call.span) edge++
    for (; edges.to[edge] === call.span; edge++) if (toolAt[edges.from[edge]!] !== 0) tools.push(edges.from[edge]!)
    if (tools.some((i, at) => at > 0 && i < tools[at - 1]!)) tools.sort((a, b) => a - b)
    const issuer = tools.length === 0 ? -1 : issuers.ofTool[toolAt[tools[0]!]! - 1]!
    const by = issuer === -1 ? -1 : issuers.span[issuer]!
    if (by === -1 || taken.has(by)) continue
    // Most often it is a value: first what is quick to see.
    if (!next.every((i) => isKnownBy(facts, i, end[by]!))) continue
    const turn = [...tools, call.span, ...next]
    const isWhole = spans[call.span]!.llm?.toolCalls?.length === next.length && issuedBy(facts, issuers, by).length === tools.length
      && tools.every((i) => spans[i]!.tool?.issuedBy === spans[by]!.id && values[i]?.seen === true && first[i] === first[i + 1])
      && turn.every((i) => parent[i] === parent[by] && spans[i]!.outcome.state === 'ok')
    // Reading what was written is a use that no text shows.
    const isPlain = [...tools, ...next].every((i) => nature(spans[i]!.tool!.name) === 'other' && !isWaiting(spans[i]!))
    if (!isWhole || !isPlain) continue
    taken.add(call.span)
    found.push({ tools, call, next })
  }
  giveBack(toolAt)
  return found
}

const NONE: readonly number[] = Object.freeze([])

/** The tools that a span asked for. */
function issuedBy({ timeline: { tools } }: Facts, { ofSpan, tools: { first, all } }: Issuers, span: number): readonly number[] {
  const issuer = ofSpan[span]!
  if (issuer === -1) return NONE
  const found: number[] = []
  for (let at = first[issuer]!; at < first[issuer + 1]!; at++) found.push(tools[all[at]!]!)
  return found
}

/** All of its input had been seen by then, and nothing in it stands in what came later, from those tools or others. */
function isKnownBy({ timeline: { byId, end }, values }: Facts, i: number, time: number): boolean {
  const own = values[i]
  if (own?.knownAt === undefined || own.knownAt > time || own.shares === 'all') return false
  return (own.shares ?? []).every((id) => {
    const other = byId.get(id)
    return other !== undefined && end[other]! <= time
  })
}

const turnOf = ({ tools, call, next }: Merge): number[] => [...tools, call.span, ...next]

const whole = ({ timeline: { start, end } }: Facts, pattern: readonly Merge[]): Map<number, number> =>
  new Map(pattern.map(({ call: { span } }) => [span, end[span]! - start[span]!]))

/** The call between left out and the tools beside each other; at the least, its answer is still written. */
function saved(facts: Facts, pattern: readonly Merge[]): { low: number; high: number } {
  const { timeline: { spans, start, end }, simulator } = facts
  const groupOf = ints(spans.length).fill(-1)
  pattern.forEach((one, group) => turnOf(one).forEach((i) => (groupOf[i] = group)))
  const high = simulator.saved({ relaxed: { groupOf, mergedOf: groupOf }, shorter: whole(facts, pattern) })
  // Only the writing moves to the call before; how long that is is known of streams alone.
  const unwritten = new Map(pattern.map(({ call: { span, summary } }) =>
    [span, summary.decodeNs === undefined ? 0 : Math.max(0, end[span]! - start[span]! - summary.decodeNs)]))
  return { low: Math.min(high, simulator.saved({ shorter: unwritten })), high }
}

/** What the call between took in is not needed; what it wrote, the call before writes. */
function amounts({ trace, timeline: { spans }, pricing }: Facts, pattern: readonly Merge[]): Pick<Finding['saving'], 'tokens' | 'costUsd'> {
  let tokens = 0
  let costUsd = 0
  for (const { call: { span, summary: { usage, costUsd: whole } } } of pattern) {
    tokens += usage?.input?.total ?? 0
    const { llm, start } = spans[span]!
    if (whole === undefined || usage === undefined || llm === undefined) continue
    costUsd += pricing().price({
      provider: llm.provider, models: [llm.responseModel, llm.requestModel], epochMs: trace.startedAtEpochMs + start / 1e6,
      usage: { ...usage, output: { total: 0, visible: 0, reasoning: 0 } },
    }) ?? 0
  }
  return { ...(tokens > 0 && { tokens }), ...(costUsd > 0 && { costUsd }) }
}

const names = ({ timeline: { spans } }: Facts, members: readonly number[]): string[] => [...new Set(members.map((i) => spans[i]!.name))]
