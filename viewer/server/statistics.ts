import type { RunStatistics, SeriesPoint } from '../api.ts'
import { OPERATION, shownFindings, splitOnce } from './packed-run.ts'
import type { Table } from './query.ts'
import type { RunColumns } from './run-columns.ts'

const BUCKETS = 40
const MAX_OPERATIONS = 50

/** Figures over a set of runs, which are rows. Files that hold no run are none. */
export function statisticsOf(selected: Uint32Array, table: Table): RunStatistics {
  const { columns } = table
  const rows = selected.filter((row) => columns.spans[row]! > 0)
  const { failed, points } = figuresOf(rows, columns)
  return {
    runs: rows.length,
    failed,
    total: { ...points, sumCostUsd: sumOf(columns.costUsd, rows), sumTokens: sumOf(columns.tokens, rows) },
    buckets: bucketsOf(rows, columns),
    operations: operationsOf(rows, table),
    findings: findingsOf(rows, table),
  }
}

type Points = Pick<RunStatistics['total'], 'durationNs' | 'tokens' | 'costUsd'>

/** What is not known adds nothing. */
const sumOf = (column: Float64Array, rows: Uint32Array): number => rows.reduce((sum, row) => sum + Math.max(0, column[row]!), 0)

function figuresOf(rows: Uint32Array, columns: RunColumns): { readonly failed: number; readonly points: Points } {
  const valuesOf = (column: Float64Array): Float64Array => Float64Array.from(rows, (row) => column[row]!)
  const isKnown = (value: number): boolean => value !== -1
  const durationNs = pointOf(valuesOf(columns.durationNs))
  const tokens = pointOf(valuesOf(columns.tokens).filter(isKnown))
  const costUsd = pointOf(valuesOf(columns.costUsd).filter(isKnown))
  return {
    failed: rows.reduce((count, row) => count + (columns.hasFailed(row) ? 1 : 0), 0),
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

function bucketsOf(rows: Uint32Array, columns: RunColumns): RunStatistics['buckets'] {
  if (rows.length === 0) return []
  const { startedAtEpochMs } = columns
  let [first, last] = [Infinity, -Infinity]
  for (const row of rows) {
    first = Math.min(first, startedAtEpochMs[row]!)
    last = Math.max(last, startedAtEpochMs[row]!)
  }
  const length = lengthFor(last - first)
  const start = Math.floor(first / length) * length
  const groups: number[][] = Array.from({ length: Math.floor((last - start) / length) + 1 }, () => [])
  for (const row of rows) groups[Math.floor((startedAtEpochMs[row]! - start) / length)]!.push(row)
  return groups.map((group, i) => {
    const { failed, points } = figuresOf(Uint32Array.from(group), columns)
    return { fromEpochMs: start + i * length, toEpochMs: start + (i + 1) * length, runs: group.length, failed, ...points }
  })
}

function operationsOf(rows: Uint32Array, { columns, words: { all: words } }: Table): RunStatistics['operations'] {
  const sums = (): Float64Array => new Float64Array(words.length)
  const [inRuns, count, failed, wallUs] = [sums(), sums(), sums(), sums()]
  let allNs = 0
  for (const row of rows) {
    allNs += columns.durationNs[row]!
    const reader = columns.figures(row)
    for (let left = reader.number(); left > 0; left -= OPERATION.size) {
      const number = reader.number()
      inRuns[number]!++
      count[number]! += reader.number()
      failed[number]! += reader.number()
      wallUs[number]! += reader.number()
      reader.number()
    }
  }
  const top = words.map((_word, number) => number).filter((number) => inRuns[number]! > 0)
    .sort((a, b) => wallUs[b]! - wallUs[a]! || a - b).slice(0, MAX_OPERATIONS)
  const means = meansOf(rows, columns, top, inRuns)
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
function meansOf(rows: Uint32Array, columns: RunColumns, numbers: readonly number[], inRuns: Float64Array): ReadonlyMap<number, Float64Array> {
  const means = new Map(numbers.map((number) => [number, new Float64Array(inRuns[number]!)]))
  const filled = new Uint32Array(inRuns.length)
  for (const row of rows) {
    const reader = columns.figures(row)
    for (let left = reader.number(); left > 0; left -= OPERATION.size) {
      const number = reader.number()
      const count = reader.number()
      reader.skip(2)
      const totalUs = reader.number()
      const list = means.get(number)
      if (list !== undefined) list[filled[number]!++] = (totalUs * 1_000) / count
    }
  }
  return means
}

interface FindingSum {
  readonly code: string
  /** A run that may show its title. */
  readonly rows: number[]
  runs: number
  timeNs: number
  costUsd: number
}

const MAX_LOOKED_AT = 100

function findingsOf(rows: Uint32Array, { columns, words: { all: words } }: Table): RunStatistics['findings'] {
  const found = new Map<number, FindingSum>()
  for (const row of rows) {
    columns.figures(row, (number, timeUs, costUsd) => {
      let sum = found.get(number)
      if (sum === undefined) found.set(number, sum = { code: words[number]!, rows: [], runs: 0, timeNs: 0, costUsd: 0 })
      sum.runs++
      sum.timeNs += timeUs * 1_000
      sum.costUsd += costUsd
      if (sum.rows.length < MAX_LOOKED_AT) sum.rows.push(row)
    })
  }
  return [...found.values()].map(({ rows: shownBy, ...sum }) => ({ ...sum, title: titleOf(sum.code, shownBy) }))
    .sort((a, b) => b.timeNs - a.timeNs || b.runs - a.runs || (a.code < b.code ? -1 : 1))

  /** Titles are kept of those that a run shows. */
  function titleOf(code: string, of: readonly number[]): string {
    for (const row of of) {
      const title = shownFindings(columns.packed(row)[18], words).find((one) => one.code === code)?.title
      if (title !== undefined) return title
    }
    return code
  }
}
