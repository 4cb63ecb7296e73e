import type { Analysis, CostParts } from '../../src/model/analysis.ts'
import { formatCost, formatUsd, formatWholeShare, plural } from './numbers.ts'

const names: Readonly<Record<keyof CostParts, string>> = {
  uncachedInputUsd: 'uncached input',
  cacheReadUsd: 'cache reads',
  cacheWriteUsd: 'cache writes',
  outputUsd: 'output',
  reasoningUsd: 'reasoning',
  requestsUsd: 'searches and other requests',
}

export interface CostShare {
  readonly name: string
  readonly usd: number
  readonly share: number
}

/** What the known cost was paid for, the dearest first: the parts add up to it. */
export function costShares({ cost, totals: { costUsd: { knownUsd } } }: Analysis): CostShare[] {
  if (cost === undefined || knownUsd <= 0) return []
  return (Object.keys(names) as (keyof CostParts)[])
    .flatMap((key) => (cost[key] > 0 ? [{ name: names[key], usd: cost[key], share: cost[key] / knownUsd }] : []))
    .sort((a, b) => b.usd - a.usd)
}

/** `$12.23`, `≥ $0.0067 without 2 calls of unknown price` */
export function costTotal({ totals: { costUsd } }: Analysis): string {
  const others = costUsd.unknownCalls > 0 ? ` without ${plural(costUsd.unknownCalls, 'call')} of unknown price` : ''
  return formatCost(costUsd) + others
}

/** `cache reads $7.48 (61 %)` */
export const costText = ({ name, usd, share }: CostShare): string => `${name} ${formatUsd(usd)} (${formatWholeShare(share)})`
