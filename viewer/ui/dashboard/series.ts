import type { RunStatistics, SeriesPoint } from '../../api.ts'
import { formatUsd, plural } from '../../../reports/shared/numbers.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { compact } from './run-words.ts'

/** Percentiles over time as the chart takes them, and in words. */

export type SeriesMetric = 'durationNs' | 'costUsd' | 'tokens'
export type Bucket = RunStatistics['buckets'][number]

export const PERCENTILES = ['p50', 'p95', 'p99'] as const

export const metricTitles: Readonly<Record<SeriesMetric, string>> = { durationNs: 'Duration', costUsd: 'Cost', tokens: 'Tokens' }

export function formatSeries(metric: SeriesMetric, value: number): string {
  switch (metric) {
    case 'durationNs': return formatDuration(value)
    case 'costUsd': return formatUsd(value)
    case 'tokens': return compact(value)
  }
}

type Column = (number | null)[]

/** Middles of the buckets in seconds; p50, p95 and p99, `null` where there was no run; and how many failed. */
export function seriesOf(buckets: readonly Bucket[], metric: SeriesMetric): [x: number[], p50: Column, p95: Column, p99: Column, failed: Column] {
  const column = (which: keyof SeriesPoint): Column => buckets.map((bucket) => bucket[metric]?.[which] ?? null)
  return [
    buckets.map(({ fromEpochMs, toEpochMs }) => (fromEpochMs + toEpochMs) / 2_000), column('p50'), column('p95'), column('p99'),
    buckets.map(({ failed }) => (failed === 0 ? null : failed)),
  ]
}

/** Steps from bucket to bucket that has runs: where there is nothing, there is nothing to be read. */
export function stepFrom(buckets: readonly Bucket[], at: number | undefined, step: 1 | -1): number | undefined {
  let i = at === undefined ? (step === 1 ? -1 : buckets.length) : at
  for (i += step; i >= 0 && i < buckets.length; i += step) if (buckets[i]!.runs > 0) return i
  return at
}

const day = new Intl.DateTimeFormat(undefined, { month: 'short', day: 'numeric' })
const time = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' })
const seconds = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit', second: '2-digit' })
const DAY_MS = 86_400_000

/** `Mar 1, 09:00 – 10:00`, or days where buckets are that long */
export function bucketTime({ fromEpochMs, toEpochMs }: Pick<Bucket, 'fromEpochMs' | 'toEpochMs'>): string {
  const length = toEpochMs - fromEpochMs
  if (length >= DAY_MS) return length === DAY_MS ? day.format(fromEpochMs) : `${day.format(fromEpochMs)} – ${day.format(toEpochMs - 1)}`
  const clock = length < 60_000 ? seconds : time
  return `${day.format(fromEpochMs)}, ${clock.format(fromEpochMs)} – ${clock.format(toEpochMs)}`
}

export function bucketText(bucket: Bucket, metric: SeriesMetric): string {
  const { runs, failed } = bucket
  const point = bucket[metric]
  const figures = point === undefined ? `${metricTitles[metric].toLowerCase()} unknown` : PERCENTILES.map((which) => `${which} ${formatSeries(metric, point[which])}`).join(', ')
  return `${bucketTime(bucket)}: ${plural(runs, 'run')}${failed > 0 ? `, ${failed} failed` : ''}${runs > 0 ? `; ${figures}` : ''}`
}

/** A label of the axis of time: days where ticks are days apart, the day too where a day begins. */
export function tickText(epochMs: number, stepMs: number): string {
  if (stepMs >= DAY_MS) return day.format(epochMs)
  const date = new Date(epochMs)
  if (date.getHours() === 0 && date.getMinutes() === 0) return day.format(epochMs)
  return (stepMs < 60_000 ? seconds : time).format(epochMs)
}
