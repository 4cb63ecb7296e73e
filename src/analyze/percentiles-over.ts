import { show } from '../model/show.ts'
import type { Percentiles } from '../model/analysis.ts'
import type { MeasuredPercentiles } from '../model/many-runs.ts'
import type { Category, Trace } from '../model/span.ts'
import { measuredPercentiles } from './many-runs/quantiles.ts'
import { percentiles } from './percentiles.ts'
import { timelineOf } from './timeline.ts'
import { byText } from './totals.ts'

/** All spans of one name and category over several runs. */
export interface OperationOverRuns {
  readonly name: string
  readonly category: Category
  /** Runs in which it occurs. */
  readonly runs: number
  readonly count: number
  readonly failed: number
  readonly totalNs: number
  /** Of its single spans' durations, over all runs together. */
  readonly durationNs: Percentiles
  /**
   * 95 % confidence intervals of these percentiles, from order statistics: where each of six runs or more has it once. Several spans of
   * one run resemble each other, and the interval of so many independent ones would be too narrow.
   */
  readonly intervals?: MeasuredPercentiles['intervals']
}

/** Fewer independent values give the median no interval. */
const MIN_RUNS = 6

interface Collected {
  readonly name: string
  readonly category: Category
  readonly durations: number[]
  runs: number
  failed: number
  /** The last run that it was seen in. */
  last?: Trace
}

/**
 * Percentiles per operation over several traces, nearest rank; the operations with the most time first.
 * @throws TypeError when `traces` is no list
 */
export function percentilesOver(traces: readonly Trace[]): OperationOverRuns[] {
  if (!Array.isArray(traces)) throw new TypeError(`percentilesOver(traces): traces must be a list, got ${show(traces)}`)
  const operations = new Map<string, Collected>()
  for (const trace of traces) {
    const { spans, start, end } = timelineOf(trace)
    spans.forEach(({ name, category, outcome }, i) => {
      const key = JSON.stringify([name, category])
      let operation = operations.get(key)
      if (operation === undefined) operations.set(key, operation = { name, category, runs: 0, failed: 0, durations: [] })
      if (operation.last !== trace) operation.runs++
      operation.last = trace
      if (outcome.state === 'failed') operation.failed++
      operation.durations.push(end[i]! - start[i]!)
    })
  }
  return [...operations.values()].map(({ name, category, runs, failed, durations }) => ({
    name, category, runs, failed,
    count: durations.length,
    totalNs: durations.reduce((a, b) => a + b, 0),
    durationNs: percentiles(durations)!,
    ...(durations.length === runs && runs >= MIN_RUNS && { intervals: measuredPercentiles(durations)!.intervals }),
  })).sort((a, b) => b.totalNs - a.totalNs || byText(a.name, b.name) || byText(a.category, b.category))
}
