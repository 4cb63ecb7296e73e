import type { RunStatistics, SeriesPoint } from '../api.ts'
import { tokensOf } from './query.ts'
import { OPERATION_FIGURES, type RunTable, type StoredRun } from './run-table.ts'

const BUCKETS = 40
const MAX_OPERATIONS = 50

/** Figures over a set of runs. Files that hold no run are none. */
export function statisticsOf(selected: readonly StoredRun[], table: RunTable): RunStatistics {
  const runs = selected.filter(({ summary }) => summary.spans > 0)
  const whole = figuresOf(runs)
  return {
    runs: runs.length,
    failed: whole.failed,
    total: {
      ...whole.points,
      sumCostUsd: runs.reduce((sum, { summary }) => sum + (summary.costUsd ?? 0), 0),
      sumTokens: runs.reduce((sum, { summary }) => sum + (tokensOf(summary) ?? 0), 0),
    },
    buckets: bucketsOf(runs),
    operations: operationsOf(runs, table),
    findings: findingsOf(runs),
  }
}

type Points = Pick<RunStatistics['total'], 'durationNs' | 'tokens' | 'costUsd'>

function figuresOf(runs: readonly StoredRun[]): { readonly failed: number; readonly points: Points } {
  const durationNs = pointOf(runs.map(({ summary }) => summary.durationNs))
  const tokens = pointOf(runs.flatMap(({ summary }) => tokensOf(summary) ?? []))
  const costUsd = pointOf(runs.flatMap(({ summary }) => summary.costUsd ?? []))
  return {
    failed: runs.reduce((count, { summary }) => count + (summary.outcome === 'failed' ? 1 : 0), 0),
    points: { ...(durationNs && { durationNs }), ...(tokens && { tokens }), ...(costUsd && { costUsd }) },
  }
}

/** Nearest rank. */
function pointOf(values: readonly number[]): SeriesPoint | undefined {
  if (values.length === 0) return undefined
  const sorted = Float64Array.from(values).sort()
  const at = (percent: number): number => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
  return { p50: at(50), p95: at(95), p99: at(99) }
}

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR
/** Lengths that a person would choose. */
const LENGTHS_MS: readonly number[] = [
  SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
  HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY, 28 * DAY, 91 * DAY, 364 * DAY,
]
/** When times are years apart, as clocks that were not set have them, buckets get longer still. */
const lengthFor = (spreadMs: number): number =>
  LENGTHS_MS.find((length) => length * BUCKETS >= spreadMs) ?? Math.ceil(spreadMs / BUCKETS / (364 * DAY)) * 364 * DAY

function bucketsOf(runs: readonly StoredRun[]): RunStatistics['buckets'] {
  if (runs.length === 0) return []
  let [first, last] = [Infinity, -Infinity]
  for (const { summary: { startedAtEpochMs } } of runs) {
    first = Math.min(first, startedAtEpochMs)
    last = Math.max(last, startedAtEpochMs)
  }
  const length = lengthFor(last - first)
  const start = Math.floor(first / length) * length
  const groups: StoredRun[][] = Array.from({ length: Math.floor((last - start) / length) + 1 }, () => [])
  for (const run of runs) groups[Math.floor((run.summary.startedAtEpochMs - start) / length)]!.push(run)
  return groups.map((group, i) => {
    const { failed, points } = figuresOf(group)
    return { fromEpochMs: start + i * length, toEpochMs: start + (i + 1) * length, runs: group.length, failed, ...points }
  })
}

function operationsOf(runs: readonly StoredRun[], { operations }: RunTable): RunStatistics['operations'] {
  const sums = { runs: new Float64Array(operations.length), count: new Float64Array(operations.length), failed: new Float64Array(operations.length), wallNs: new Float64Array(operations.length) }
  let all = 0
  for (const { summary, operations: figures } of runs) {
    all += summary.durationNs
    for (let i = 0; i < figures.length; i += OPERATION_FIGURES) {
      const number = figures[i]!
      sums.runs[number]!++
      sums.count[number]! += figures[i + 1]!
      sums.failed[number]! += figures[i + 2]!
      sums.wallNs[number]! += figures[i + 3]!
    }
  }
  const top = operations.map((_operation, number) => number).filter((number) => sums.runs[number]! > 0)
    .sort((a, b) => sums.wallNs[b]! - sums.wallNs[a]! || a - b).slice(0, MAX_OPERATIONS)
  const means = meansOf(runs, top)
  return top.map((number) => ({
    ...operations[number]!,
    runs: sums.runs[number]!, count: sums.count[number]!, failed: sums.failed[number]!, wallNs: sums.wallNs[number]!,
    share: all === 0 ? 0 : sums.wallNs[number]! / all,
    durationNs: pointOf(means.get(number)!)!,
  }))
}

/** Of each operation the mean duration in each run that has it. */
function meansOf(runs: readonly StoredRun[], numbers: readonly number[]): ReadonlyMap<number, number[]> {
  const means = new Map(numbers.map((number) => [number, [] as number[]]))
  for (const { operations } of runs) {
    for (let i = 0; i < operations.length; i += OPERATION_FIGURES) means.get(operations[i]!)?.push(operations[i + 4]! / operations[i + 1]!)
  }
  return means
}

function findingsOf(runs: readonly StoredRun[]): RunStatistics['findings'] {
  const found = new Map<string, { code: string; title: string; runs: number; timeNs: number; costUsd: number }>()
  for (const { findings } of runs) {
    for (const { code, title, timeNs, costUsd } of findings) {
      const sum = found.get(code)
      if (sum === undefined) found.set(code, { code, title, runs: 1, timeNs, costUsd })
      else {
        sum.runs++
        sum.timeNs += timeNs
        sum.costUsd += costUsd
      }
    }
  }
  return [...found.values()].sort((a, b) => b.timeNs - a.timeNs || b.runs - a.runs || (a.code < b.code ? -1 : 1))
}
