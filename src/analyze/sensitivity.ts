import type { OperationTotals } from '../model/analysis.ts'
import type { Simulator } from './schedule.ts'
import { pathBelow } from './path-below.ts'
import type { Timeline } from './timeline.ts'
import { byWall, total, type Operation } from './totals.ts'

/** Operations that are simulated at most, and spans that all these simulations together go through. */
const MAX_OPERATIONS = 30
const MAX_SPANS = 1_000_000
const MIN_OPERATIONS = 1

/**
 * What the run would save if every span of an operation took half as long, with all that runs inside it. What has no time on the
 * critical path, nor anything inside it, saves nothing; of the others, those with the most are simulated, and `halvedSavesNs` stays
 * absent for the rest.
 */
export function withSensitivity(
  totals: readonly OperationTotals[], operations: readonly Operation[], timeline: Timeline, wall: Float64Array, simulator: Simulator,
): OperationTotals[] {
  const { start, end } = timeline
  const path = pathBelow(timeline, wall)
  const weights = operations.map(({ members }) => total(members, path))
  const most = Math.max(MIN_OPERATIONS, Math.min(MAX_OPERATIONS, Math.floor(MAX_SPANS / Math.max(1, timeline.spans.length))))
  const order = totals.map((_, at) => at).sort((a, b) => byWall(totals[a]!, totals[b]!))
  // In their own order, but those that are on the path themselves before those that only contain what is.
  const simulated = new Set(order.filter((at) => weights[at]! > 0).sort((a, b) => totals[b]!.wallNs - totals[a]!.wallNs).slice(0, most))
  return order.map((at) => {
    if (weights[at] === 0) return { ...totals[at]!, halvedSavesNs: 0 }
    if (!simulated.has(at)) return totals[at]!
    const shorter = { spans: operations[at]!.members, by: (i: number) => Math.floor((end[i]! - start[i]!) / 2) }
    return { ...totals[at]!, halvedSavesNs: simulator.saved({ shorter }) }
  })
}
