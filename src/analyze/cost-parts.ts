import type { CostParts } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import type { Pricing } from '../models/prices.ts'
import { addParts, NO_COST } from '../models/rates.ts'
import type { Call } from './calls.ts'
import type { Timeline } from './timeline.ts'

/** What the known cost of a run was paid for, US dollars. Undefined when the price of no call is known. */
export function costParts(trace: Trace, timeline: Timeline, calls: readonly Call[], pricing: () => Pricing): CostParts | undefined {
  let sum: CostParts | undefined
  for (const call of calls) {
    if (call.summary.costUsd === undefined) continue
    const parts = pricing().parts(pricedAs(trace, timeline, call))
    if (parts !== undefined) sum = addParts(sum ?? NO_COST, parts)
  }
  return sum
}

/**
 * A call whose cost is known, as `Pricing` asks for it.
 * @param models other ones than answered and were asked for
 */
export function pricedAs(
  trace: Trace, { spans }: Timeline, { span, summary }: Call, models?: readonly string[],
): Parameters<Pricing['parts']>[0] {
  const { llm, start } = spans[span]!
  return {
    provider: summary.provider,
    models: models ?? [summary.responseModel, summary.requestModel],
    usage: summary.usage!,
    epochMs: trace.startedAtEpochMs + start / 1e6,
    serviceTier: llm?.serviceTier,
  }
}
