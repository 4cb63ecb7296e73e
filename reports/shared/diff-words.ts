import type {
  ChangeVerdict, Explanation, Interval, Metric, MetricChange, OperationChange, RunDiff,
} from '../../src/model/many-runs.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatCost, formatCount, formatShare, plural } from './numbers.ts'

/** The words and figures of a comparison, for text, Markdown and the page alike. */

export const metricNames: Readonly<Record<Metric, string>> = {
  durationNs: 'time', wallNs: 'time', selfNs: 'self time', tokens: 'tokens', costUsd: 'cost',
}

export function formatMetric(metric: Metric, value: number): string {
  switch (metric) {
    case 'tokens': return formatCount(value)
    case 'costUsd': return formatCost({ knownUsd: value, unknownCalls: 0, estimatedCalls: 0 })
    default: return formatDuration(value)
  }
}

/** `+1.24 s`, `-312`, `0` */
export function formatChange(metric: Metric, value: number): string {
  const text = formatMetric(metric, Math.abs(value))
  if (value === 0 || /^\$?0$/.test(text)) return '0'
  return `${value > 0 ? '+' : '-'}${text}`
}

export const formatChangeShare = (share: number | undefined): string =>
  (share === undefined ? '' : share === 0 ? '0 %' : `${share > 0 ? '+' : '-'}${formatShare(Math.abs(share))}`)

/** `+35.0 to +99.0 ms`, `-120 µs to +1.20 ms` */
export function formatBounds(metric: Metric, bounds: Interval | undefined): string {
  if (bounds === undefined) return ''
  const [low, high] = [formatChange(metric, bounds.low), formatChange(metric, bounds.high)]
  if (low === high) return low
  const unit = / \D+$/.exec(high)?.[0]
  return `${unit !== undefined && low.endsWith(unit) ? low.slice(0, -unit.length) : low} to ${high}`
}

export function formatP(p: number | undefined): string {
  if (p === undefined) return '–'
  return p < 0.0001 ? '<0.0001' : p < 0.001 ? p.toFixed(4) : p < 0.1 ? p.toFixed(3) : p.toFixed(2)
}

export function verdictWord(verdict: ChangeVerdict, metric: Metric): string {
  const isTime = metric !== 'tokens' && metric !== 'costUsd'
  switch (verdict) {
    case 'more': return isTime ? 'slower' : 'more'
    case 'less': return isTime ? 'faster' : 'less'
    case 'small': return 'small'
    case 'unclear': return 'unclear'
    case 'none': return 'not proven'
    case 'untested': return 'untested'
  }
}

/** What is only on one side is no slower and no faster. */
export const operationWord = ({ presence }: OperationChange, { verdict, metric }: MetricChange): string =>
  (presence === 'both' ? verdictWord(verdict, metric) : presence)

const TITLES: Readonly<Record<RunDiff['verdict'], string>> = {
  regression: 'Regression', improvement: 'Improvement', mixed: 'Mixed', none: 'No difference that counts', 'too-few-runs': 'No verdict',
}

/** The first thing to read: the verdict and, after the colon, why. */
export function verdictText(diff: RunDiff): readonly [title: string, rest: string] {
  const { verdict, totals, base, new: next, method } = diff
  const changed = (wanted: readonly ChangeVerdict[]): string =>
    totals.filter((one) => wanted.includes(one.verdict)).map(totalText).join(', ')
  switch (verdict) {
    case 'regression':
    case 'improvement':
    case 'mixed':
      return [TITLES[verdict], changed(['more', 'less'])]
    case 'none': {
      const small = changed(['small', 'unclear'])
      if (small !== '') return [TITLES[verdict], `${small}: too small or unclear to count`]
      return [TITLES[verdict], totals.every(({ difference }) => difference === 0) ? 'the medians are equal' : `${totals.map(totalText).join(', ')} could be chance`]
    }
    case 'too-few-runs': {
      const have = base.runs === 1 && next.runs === 1 ? 'one run each shows differences but proves none' : `${base.runs} and ${plural(next.runs, 'run')} are too few to prove a difference`
      return [TITLES[verdict], `${have}; it takes ${method.runsNeeded} of each`]
    }
  }
}

const totalText = ({ metric, difference, share }: MetricChange): string =>
  `${metricNames[metric]} ${formatChange(metric, difference)}${share === undefined || difference === 0 ? '' : ` (${formatChangeShare(share)})`}`

/** `agent > research > search_kb`, without the root, which all have in common. */
export function pathNames({ path, renamedTo }: Pick<OperationChange, 'path' | 'renamedTo'>): string[] {
  const names = path.length > 1 ? path.slice(1) : [...path]
  return renamedTo === undefined ? names : [...names.slice(0, -1), `${names.at(-1)!} -> ${renamedTo}`]
}

/** Explanations of totals that changed, or that were not tested; those without any change are left out. */
export const shownExplanations = ({ explanations, totals }: RunDiff): readonly Explanation[] =>
  explanations.filter(({ metric, meanChange }) =>
    meanChange !== 0 && ['more', 'less', 'unclear', 'untested'].includes(totals.find((one) => one.metric === metric)?.verdict ?? 'none'))

export const restText = ({ rest }: Explanation, tested: boolean): string => {
  if (rest.operations === 0) return ''
  return `rest: ${plural(rest.operations, 'operation')}${tested ? ' without a proven difference' : ''}`
}

/** Operations whose difference is proven in time, self time, tokens or cost. */
export const provenOperations = ({ operations }: RunDiff): readonly OperationChange[] =>
  operations.filter(({ changes }) => changes.some(({ verdict }) => !['none', 'untested'].includes(verdict)))

export const meanCount = (count: number): string => (Number.isInteger(count) ? formatCount(count) : count.toFixed(1))

const percent = (share: number): string => `${Number((share * 100).toFixed(2))} %`

export function methodText({ method: { alpha, totals, operations, interval, minChange } }: RunDiff): string {
  if (totals.tests + operations.tests === 0) return 'nothing was tested; changes by operation are of the mean, because only means add up'
  return `Mann-Whitney U, two-sided, at ${percent(alpha)}; ${plural(totals.tests, 'total')} corrected by Holm, `
    + `${plural(operations.tests, 'difference')} of operations by Benjamini-Hochberg; ${percent(interval.confidence)} intervals of the `
    + `difference of medians by bootstrap; below ${percent(minChange)} a difference is small`
}
