import type { BudgetLine } from '../../src/model/many-runs.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatCost, formatCount, formatShare } from '../shared/numbers.ts'

/** In the unit of the name, as it reads best. */
export function formatFigure(name: string, value: number): string {
  if (name.endsWith('Ms')) return formatDuration(value * 1e6)
  if (name === 'costUsd') return formatCost({ knownUsd: value, unknownCalls: 0, estimatedCalls: 0 })
  return name === 'contextShare' ? formatShare(value) : formatCount(value)
}

/** `durationMs p95`, `failOn PAR001` */
export const subjectText = ({ name, statistic, limit }: BudgetLine): string =>
  (typeof limit === 'string' ? `${name} ${limit}` : statistic === undefined ? name : `${name} ${statistic}`)

export function actualText({ name, statistic, limit, actual }: BudgetLine): string {
  if (typeof limit === 'string') return actual === 0 ? 'no run' : `${formatCount(actual ?? 0)} ${actual === 1 ? 'run' : 'runs'}`
  if (actual === undefined) return statistic === undefined ? '–' : 'unknown'
  return formatFigure(name, actual)
}

export const limitText = ({ name, limit }: BudgetLine): string => (typeof limit === 'string' ? 'no run' : formatFigure(name, limit))

/** Over the limit, or without anything that could be held against it. */
export const stateText = ({ ok, limit, actual }: BudgetLine): string =>
  (ok ? 'ok' : typeof limit === 'number' && actual !== undefined && actual > limit ? 'over' : 'fails')

export function boundsText({ name, interval }: Pick<BudgetLine, 'name' | 'interval'>): string {
  if (interval === undefined) return ''
  const { low, high } = interval
  if (low === undefined) return high === undefined ? '' : `up to ${formatFigure(name, high)}`
  return high === undefined ? `from ${formatFigure(name, low)}` : `${formatFigure(name, low)} to ${formatFigure(name, high)}`
}
