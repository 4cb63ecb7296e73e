import type { Saving } from '../model/analysis.ts'
import type { Call } from './calls.ts'

/** Tokens and money of calls that would not have been made: what the run's totals would be smaller by, as far as it is known. */
export function amountsOf(calls: readonly Call[]): Pick<Saving, 'tokens' | 'costUsd'> {
  const tokens = calls.reduce((sum, { summary: { usage } }) => sum + (usage?.input?.total ?? 0) + (usage?.output?.total ?? 0), 0)
  const costUsd = calls.reduce((sum, { summary }) => sum + (summary.costUsd ?? 0), 0)
  return { ...(tokens > 0 && { tokens }), ...(costUsd > 0 && { costUsd }) }
}

/** `$0.12`, `$0.0034` */
export const formatUsd = (usd: number): string => `$${usd >= 0.095 ? usd.toFixed(2) : Number(usd.toPrecision(2))}`
