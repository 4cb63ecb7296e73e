import type { RunStatistics, SeriesPoint } from '../api.ts'
import { FINDING, OPERATION, shownFindings, splitOnce, type StoredRun, type Words } from './packed-run.ts'

const BUCKETS = 40
const MAX_OPERATIONS = 50

/** Figures over a set of runs. Files that hold no run are none. */
export function statisticsOf(selected: readonly StoredRun[], words: Words): RunStatistics {
  const runs = selected.filter(({ spans }) => spans > 0)
  const { failed, points } = figuresOf(runs)
  return {
    runs: runs.length,
    failed,
    total: {
      ...points,
      sumCostUsd: runs.reduce((sum, { costUsd }) => sum + Math.max(0, costUsd), 0),
      sumTokens: runs.reduce((sum, { tokens }) => sum + Math.max(0, tokens), 0),
    },
    buckets: bucketsOf(runs),
    operations: operationsOf(runs, words),
    findings: findingsOf(runs, words),
  }
}

type Points = Pick<RunStatistics['total'], 'durationNs' | 'tokens' | 'costUsd'>

function figuresOf(runs: readonly StoredRun[]): { readonly failed: number; readonly points: Points } {
  const isKnown = (value: number): boolean => value !== -1
  const durationNs = pointOf(runs.map((run) => run.durationNs))
  const tokens = pointOf(runs.map((run) => run.tokens).filter(isKnown))
  const costUsd = pointOf(runs.map((run) => run.costUsd).filter(isKnown))
  return {
    failed: runs.reduce((count, { hasFailed }) => count + (hasFailed ? 1 : 0), 0),
    points: { ...(durationNs && { durationNs }), ...(tokens && { tokens }), ...(costUsd && { costUsd }) },
  }
}

/** Nearest rank. */
function pointOf(values: ArrayLike<number>): SeriesPoint | undefined {
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
  for (const { startedAtEpochMs } of runs) {
    first = Math.min(first, startedAtEpochMs)
    last = Math.max(last, startedAtEpochMs)
  }
  const length = lengthFor(last - first)
  const start = Math.floor(first / length) * length
  const groups: StoredRun[][] = Array.from({ length: Math.floor((last - start) / length) + 1 }, () => [])
  for (const run of runs) groups[Math.floor((run.startedAtEpochMs - start) / length)]!.push(run)
  return groups.map((group, i) => {
    const { failed, points } = figuresOf(group)
    return { fromEpochMs: start + i * length, toEpochMs: start + (i + 1) * length, runs: group.length, failed, ...points }
  })
}

function operationsOf(runs: readonly StoredRun[], { all: words }: Words): RunStatistics['operations'] {
  const sums = (): Float64Array => new Float64Array(words.length)
  const [inRuns, count, failed, wallUs] = [sums(), sums(), sums(), sums()]
  let allNs = 0
  for (const { durationNs, operations } of runs) {
    allNs += durationNs
    for (let i = 0; i < operations.length; i += OPERATION.size) {
      const number = operations[i]!
      inRuns[number]!++
      count[number]! += operations[i + OPERATION.count]!
      failed[number]! += operations[i + OPERATION.failed]!
      wallUs[number]! += operations[i + OPERATION.wallUs]!
    }
  }
  const top = words.map((_word, number) => number).filter((number) => inRuns[number]! > 0)
    .sort((a, b) => wallUs[b]! - wallUs[a]! || a - b).slice(0, MAX_OPERATIONS)
  const means = meansOf(runs, top, inRuns)
  return top.map((number) => {
    const [category, name] = splitOnce(words[number]!, '\n')
    const wallNs = wallUs[number]! * 1_000
    return {
      name, category, runs: inRuns[number]!, count: count[number]!, failed: failed[number]!, wallNs,
      share: allNs === 0 ? 0 : wallNs / allNs,
      durationNs: pointOf(means.get(number)!)!,
    }
  })
}

/** Of each operation the mean duration in each run that has it, nanoseconds. */
function meansOf(runs: readonly StoredRun[], numbers: readonly number[], inRuns: Float64Array): ReadonlyMap<number, Float64Array> {
  const means = new Map(numbers.map((number) => [number, new Float64Array(inRuns[number]!)]))
  const filled = new Uint32Array(inRuns.length)
  for (const { operations } of runs) {
    for (let i = 0; i < operations.length; i += OPERATION.size) {
      const number = operations[i]!
      const list = means.get(number)
      if (list !== undefined) list[filled[number]!++] = (operations[i + OPERATION.totalUs]! * 1_000) / operations[i + OPERATION.count]!
    }
  }
  return means
}

function findingsOf(runs: readonly StoredRun[], { all: words }: Words): RunStatistics['findings'] {
  const found = new Map<number, { code: string; title: string; runs: number; timeNs: number; costUsd: number }>()
  for (const { findings, shown } of runs) {
    for (let i = 0; i < findings.length; i += FINDING.size) {
      const number = findings[i]!
      let sum = found.get(number)
      if (sum === undefined) found.set(number, sum = { code: words[number]!, title: '', runs: 0, timeNs: 0, costUsd: 0 })
      sum.runs++
      sum.timeNs += findings[i + FINDING.timeUs]! * 1_000
      sum.costUsd += findings[i + FINDING.costUsd]!
      // Titles are kept of those that a run shows.
      if (sum.title === '') sum.title = shownFindings(shown, words).find(({ code }) => code === sum.code)?.title ?? ''
    }
  }
  return [...found.values()].map((sum) => ({ ...sum, title: sum.title === '' ? sum.code : sum.title }))
    .sort((a, b) => b.timeNs - a.timeNs || b.runs - a.runs || (a.code < b.code ? -1 : 1))
}
