import type { Analysis } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import { pricing, type Prices, type Pricing } from '../models/prices.ts'
import { findCalls } from './calls.ts'
import { checkPrices } from './options.ts'
import { reusing } from './room.ts'
import { timelineOf } from './timeline.ts'
import { placesOfTools } from './tool-uses.ts'
import { totalsOf } from './totals.ts'

export interface RunTotals {
  readonly totals: Analysis['totals']
  /** Calls of models and tools that failed. */
  readonly failedCalls: number
}

/**
 * The totals of a run without the rest of its analysis: one pass over its spans. No tokens are counted: what no provider told
 * stays unknown.
 * @param prices as in the options of the analysis
 */
export function runTotals(trace: Trace, prices?: Prices): RunTotals {
  checkPrices(prices)
  return reusing(() => {
    const timeline = timelineOf(trace)
    let priced: Pricing | undefined
    const calls = findCalls(trace, timeline, false, () => (priced ??= pricing(prices)))
    const failing = new Set<number>()
    for (const { span } of calls) if (timeline.failed[span] === 1) failing.add(span)
    for (const span of placesOfTools(timeline)) if (timeline.failed[span] === 1) failing.add(span)
    return { totals: totalsOf(timeline, calls), failedCalls: failing.size }
  })
}
