import type { CategoryTotals, Cost, ModelTotals, OperationTotals } from '../model/analysis.ts'
import { addUsage, NO_USAGE, type UsageTotals } from '../model/usage.ts'
import { modelOf, type Call } from './calls.ts'
import { percentiles } from './percentiles.ts'
import type { Timeline } from './timeline.ts'

export const usageOf = (calls: readonly Call[]): UsageTotals =>
  calls.filter(({ unanswered }) => !unanswered).reduce((sum, { summary }) => addUsage(sum, summary.usage), NO_USAGE)

export function costOf(calls: readonly Call[]): Cost {
  let knownUsd = 0
  let unknownCalls = 0
  let estimatedCalls = 0
  for (const { summary, unanswered, estimate } of calls) {
    if (summary.costUsd === undefined) unknownCalls += unanswered ? 0 : 1
    else {
      knownUsd += summary.costUsd
      estimatedCalls += estimate === undefined ? 0 : 1
    }
  }
  return { knownUsd, unknownCalls, estimatedCalls }
}

/** The spans of each category, in order of first appearance. */
export const byCategory = ({ spans }: Timeline): ReadonlyMap<string, readonly number[]> => groupBy(spans.keys(), (i) => spans[i]!.category)

export function categoryTotals(
  timeline: Timeline, self: Float64Array, wall: Float64Array, calls: readonly Call[], groups: ReturnType<typeof byCategory>,
): CategoryTotals[] {
  const { spans } = timeline
  const callsOf = groupBy(calls, (call) => spans[call.span]!.category)
  return [...groups].map(([category, members]) => {
    const own = callsOf.get(category)
    return {
      category,
      busyNs: total(members, self),
      wallNs: total(members, wall),
      spans: members.length,
      failed: failures(timeline, members),
      ...(own !== undefined && { usage: usageOf(own), costUsd: costOf(own) }),
    }
  }).sort((a, b) => b.wallNs - a.wallNs || b.busyNs - a.busyNs || byText(a.category, b.category))
}

export function operationTotals(
  timeline: Timeline, self: Float64Array, wall: Float64Array, groups: ReturnType<typeof byCategory>,
): OperationTotals[] {
  const { spans, start, end } = timeline
  return [...groups.values()].flatMap((ofCategory) => [...groupBy(ofCategory, (i) => spans[i]!.name)]).map(([name, members]) => {
    const { category } = spans[members[0]!]!
    const durations = members.map((i) => end[i]! - start[i]!)
    return {
      name, category,
      count: members.length,
      failed: failures(timeline, members),
      totalNs: durations.reduce((a, b) => a + b, 0),
      selfNs: total(members, self),
      wallNs: total(members, wall),
      durationNs: percentiles(durations)!,
      spanIds: members.map((i) => spans[i]!.id),
    }
  }).sort((a, b) => b.wallNs - a.wallNs || b.totalNs - a.totalNs || byText(a.name, b.name) || byText(a.category, b.category))
}

/** By answering model and provider, dearest first where prices are known, then by tokens. */
export function modelTotals(calls: readonly Call[], self: Float64Array): ModelTotals[] {
  return [...groupBy(calls, ({ summary }) => JSON.stringify([modelOf(summary), summary.provider]))].map(([, members]) => {
    const { summary } = members[0]!
    const ttftNs = percentiles(members.flatMap((call) => call.summary.ttftNs ?? []))
    return {
      model: modelOf(summary),
      provider: summary.provider,
      calls: members.length,
      usage: usageOf(members),
      costUsd: costOf(members),
      busyNs: total(members.map((call) => call.span), self),
      ...(ttftNs !== undefined && { ttftNs }),
    }
  }).sort((a, b) => b.costUsd.knownUsd - a.costUsd.knownUsd || tokens(b.usage) - tokens(a.usage)
    || byText(a.model, b.model) || byText(a.provider, b.provider))
}

const tokens = ({ input, output }: UsageTotals): number => input.total + output.total
const total = (members: readonly number[], figures: Float64Array): number => members.reduce((sum, i) => sum + figures[i]!, 0)
const failures = ({ failed }: Timeline, members: readonly number[]): number => members.reduce((sum, i) => sum + failed[i]!, 0)
export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

/** In order of first appearance. */
export function groupBy<T>(items: Iterable<T>, keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
