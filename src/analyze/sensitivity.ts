import type { OperationTotals } from '../model/analysis.ts'
import type { Simulator } from './schedule.ts'
import type { Timeline } from './timeline.ts'

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
  operations: readonly OperationTotals[], timeline: Timeline, wall: Float64Array, simulator: Simulator,
): OperationTotals[] {
  const { start, end, parent, topDown, byId } = timeline
  /** Time on the path of each span and of all that is inside it. */
  const path = Float64Array.from(wall)
  for (let at = topDown.length - 1; at > 0; at--) path[parent[topDown[at]!]!]! += path[topDown[at]!]!
  const members = operations.map(({ spanIds }) => spanIds.map((id) => byId.get(id)!))
  const weights = members.map((own) => own.reduce((sum, i) => sum + path[i]!, 0))
  const most = Math.max(MIN_OPERATIONS, Math.min(MAX_OPERATIONS, Math.floor(MAX_SPANS / Math.max(1, timeline.spans.length))))
  const simulated = new Set(operations.map((_, at) => at).filter((at) => weights[at]! > 0)
    // In their own order, but those that are on the path themselves before those that only contain what is.
    .sort((a, b) => operations[b]!.wallNs - operations[a]!.wallNs || a - b).slice(0, most))
  return operations.map((operation, at) => {
    if (weights[at] === 0) return { ...operation, halvedSavesNs: 0 }
    if (!simulated.has(at)) return operation
    const shorter = new Map(members[at]!.map((i) => [i, Math.floor((end[i]! - start[i]!) / 2)]))
    return { ...operation, halvedSavesNs: simulator.saved({ shorter }) }
  })
}
