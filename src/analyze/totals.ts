import type { Analysis, CategoryTotals, Cost, ModelTotals, OperationTotals } from '../model/analysis.ts'
import type { Category } from '../model/span.ts'
import { addUsage, NO_USAGE, type UsageTotals } from '../model/usage.ts'
import { grouped } from './children.ts'
import { byModel, modelOf, type Call } from './calls.ts'
import { percentiles, percentilesOfSorted } from './percentiles.ts'
import type { Timeline } from './timeline.ts'
import { groupBy } from './group-by.ts'
import { placesOfTools } from './tool-uses.ts'

export const totalsOf = (timeline: Timeline, calls: readonly Call[]): Analysis['totals'] => ({
  durationNs: timeline.durationNs,
  spans: timeline.spans.length,
  llmCalls: calls.filter(({ isEmbedding }) => !isEmbedding).length,
  toolCalls: placesOfTools(timeline).length,
  usage: usageOf(calls),
  costUsd: costOf(calls),
})

/** What is known of a run's tokens and money. A count that no call told is absent, and so is a cost of which a part is unknown. */
export interface KnownTotals {
  readonly inputTokens?: number
  readonly cachedTokens?: number
  readonly outputTokens?: number
  readonly costUsd?: number
}

export const knownTotals = ({ usage, costUsd }: Analysis['totals']): KnownTotals => ({
  ...(usage.calls > usage.unknownCalls && { inputTokens: usage.input.total, cachedTokens: usage.input.cacheRead, outputTokens: usage.output.total }),
  ...(usage.calls > 0 && costUsd.unknownCalls === 0 && { costUsd: costUsd.knownUsd }),
})

const usageOf = (calls: readonly Call[]): UsageTotals =>
  calls.filter(({ unanswered }) => !unanswered).reduce((sum, { summary }) => addUsage(sum, summary.usage), NO_USAGE)

function costOf(calls: readonly Call[]): Cost {
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

/** The spans of one name and category, in order of start. */
export interface Operation {
  readonly name: string
  readonly category: Category
  readonly members: Int32Array
}

export function operationsOf({ kinds, kind }: Timeline): Operation[] {
  const { first, all } = grouped(kind, kinds.length)
  return kinds.map(({ name, category }, at) => ({ name, category, members: all.subarray(first[at], first[at + 1]) }))
}

export function categoryTotals(
  { kinds, kind, failed }: Timeline, self: Float64Array, wall: Float64Array, calls: readonly Call[],
): CategoryTotals[] {
  const callsOf = groupBy(calls, (call) => kinds[kind[call.span]!]!.category)
  const sums = new Map<Category, { busyNs: number; wallNs: number; spans: number; failed: number }>()
  const sumOf = kinds.map(({ category }) => {
    let sum = sums.get(category)
    if (sum === undefined) sums.set(category, (sum = { busyNs: 0, wallNs: 0, spans: 0, failed: 0 }))
    return sum
  })
  for (let i = 0; i < kind.length; i++) {
    const sum = sumOf[kind[i]!]!
    sum.busyNs += self[i]!
    sum.wallNs += wall[i]!
    sum.spans++
    sum.failed += failed[i]!
  }
  return [...sums].map(([category, sum]) => {
    const own = callsOf.get(category)
    return { category, ...sum, ...(own !== undefined && { usage: usageOf(own), costUsd: costOf(own) }) }
  }).sort((a, b) => b.wallNs - a.wallNs || b.busyNs - a.busyNs || byText(a.category, b.category))
}

/** In the order of the operations. */
export function operationTotals(
  timeline: Timeline, self: Float64Array, wall: Float64Array, operations: readonly Operation[],
): OperationTotals[] {
  const { start, end } = timeline
  // Of one operation after the other.
  const all = new Float64Array(operations.reduce((most, { members }) => Math.max(most, members.length), 0))
  return operations.map(({ name, category, members }) => {
    const durations = all.subarray(0, members.length)
    let totalNs = 0
    for (let at = 0; at < members.length; at++) {
      durations[at] = end[members[at]!]! - start[members[at]!]!
      totalNs += durations[at]!
    }
    return {
      name, category,
      count: members.length,
      failed: failures(timeline, members),
      totalNs,
      selfNs: total(members, self),
      wallNs: total(members, wall),
      durationNs: percentilesOfSorted(durations.sort())!,
      spanIds: idsOf(timeline, members),
    }
  })
}

/** The most time on the path first. */
export const byWall = (a: OperationTotals, b: OperationTotals): number =>
  b.wallNs - a.wallNs || b.totalNs - a.totalNs || byText(a.name, b.name) || byText(a.category, b.category)

/** By answering model and provider, dearest first where prices are known, then by tokens. */
export function modelTotals(calls: readonly Call[], self: Float64Array): ModelTotals[] {
  return byModel(calls).map((members) => {
    const { summary } = members[0]
    const times: number[] = []
    for (const call of members) if (call.summary.ttftNs !== undefined) times.push(call.summary.ttftNs)
    const ttftNs = percentiles(times)
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
const failures = ({ failed }: Timeline, members: ArrayLike<number>): number => total(members, failed)

export function total(members: ArrayLike<number>, figures: Float64Array | Uint8Array): number {
  let sum = 0
  for (let at = 0; at < members.length; at++) sum += figures[members[at]!]!
  return sum
}

/** The ids of spans. */
function idsOf({ spans }: Timeline, members: ArrayLike<number>): string[] {
  const ids = new Array<string>(members.length)
  for (let at = 0; at < members.length; at++) ids[at] = spans[members[at]!]!.id
  return ids
}

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
