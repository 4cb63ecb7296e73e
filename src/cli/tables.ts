import { formatCost, formatCount, formatTokens } from '../../reports/shared/numbers.ts'
import { heading, pageOf, piece, print, sgr, type Line } from '../../reports/shared/page.ts'
import { table, type Column } from '../../reports/shared/table.ts'
import { cleanName } from '../../reports/shared/text.ts'
import { analyze } from '../analyze/index.ts'
import type { AnalyzeOptions } from '../analyze/options.ts'
import { percentilesOver, type OperationOverRuns } from '../analyze/percentiles-over.ts'
import type { Cost } from '../model/analysis.ts'
import { formatDuration } from '../model/units.ts'
import type { UsageTotals } from '../model/usage.ts'
import type { Io } from './command.ts'
import { analysisOptions } from './config.ts'
import type { Run } from './load.ts'
import { eachOf } from './steps.ts'

/** A run in one line. */
export interface RunRow {
  readonly handle: string
  readonly id: string
  readonly name: string
  readonly file: string
  readonly startedAtEpochMs: number
  readonly outcome: string
  readonly durationNs: number
  readonly spans: number
  readonly llmCalls: number
  readonly toolCalls: number
  readonly usage: UsageTotals
  readonly costUsd: Cost
  readonly findings: number
}

function rowOf({ trace, handle, file }: Run, options: AnalyzeOptions): RunRow {
  const { run, totals, findings } = analyze(trace, options)
  const { durationNs, spans, llmCalls, toolCalls, usage, costUsd } = totals
  return {
    handle, id: trace.id, name: run.name, file, startedAtEpochMs: run.startedAtEpochMs, outcome: run.outcome.state,
    durationNs, spans, llmCalls, toolCalls, usage, costUsd, findings: findings.length,
  }
}

/** Newest first. */
export const rowsOf = (runs: readonly Run[], io: Io): RunRow[] => {
  const options = analysisOptions(io)
  return eachOf(runs, 'analysing run', io, (run) => rowOf(run, options)).sort((a, b) => b.startedAtEpochMs - a.startedAtEpochMs)
}

const runColumns: readonly Column<RunRow>[] = [
  { title: '', text: ({ handle, name }) => `${handle}  ${cleanName(name)}` },
  { title: 'started (UTC)', align: 'left', text: ({ startedAtEpochMs }) => dayAndTime(startedAtEpochMs), drop: 1 },
  { title: 'time', text: ({ durationNs }) => formatDuration(durationNs) },
  { title: 'LLM', text: ({ llmCalls }) => formatCount(llmCalls) },
  { title: 'tools', text: ({ toolCalls }) => formatCount(toolCalls), drop: 2 },
  { title: 'tokens', text: ({ usage }) => (usage.calls === 0 ? '–' : formatTokens(usage.input.total + usage.output.total, usage)) },
  { title: 'cost', text: ({ usage, costUsd }) => (usage.calls === 0 ? '–' : formatCost(costUsd)) },
  { title: 'findings', text: ({ findings }) => formatCount(findings), drop: 3 },
  {
    title: '', align: 'left', text: ({ outcome }) => (outcome === 'ok' ? '' : outcome),
    style: ({ outcome }) => (outcome === 'failed' ? sgr.bad : sgr.warn),
  },
]

export const runTable = (rows: readonly RunRow[], io: Io): string => printed(table(heading('Runs'), runColumns, rows, pageFor(io)), io)

const operationColumns: readonly Column<OperationOverRuns>[] = [
  { title: '', text: ({ name }) => cleanName(name) },
  { title: 'category', align: 'left', text: ({ category }) => cleanName(category), drop: 2 },
  { title: 'runs', text: ({ runs }) => formatCount(runs), drop: 3 },
  { title: 'count', text: ({ count }) => formatCount(count) },
  { title: 'total', text: ({ totalNs }) => formatDuration(totalNs) },
  { title: 'p50', text: ({ durationNs }) => formatDuration(durationNs.p50) },
  { title: 'p95', text: ({ durationNs }) => formatDuration(durationNs.p95) },
  { title: 'p99', text: ({ durationNs }) => formatDuration(durationNs.p99), drop: 1 },
  { title: 'max', text: ({ durationNs }) => formatDuration(durationNs.max), drop: 4 },
]

const failedColumn: Column<OperationOverRuns> = {
  title: 'failed', text: ({ failed }) => (failed > 0 ? formatCount(failed) : ''), style: () => sgr.bad,
}

/** Percentiles per operation over runs, those with the most time first. */
export function operationsOver(runs: readonly Run[], limit: number): OperationOverRuns[] {
  const all = percentilesOver(runs.map(({ trace }) => trace))
  return limit === 0 ? all : all.slice(0, limit)
}

export function operationTable(operations: readonly OperationOverRuns[], title: string, io: Io): string {
  const columns = operations.some(({ failed }) => failed > 0) ? [...operationColumns, failedColumn] : operationColumns
  return printed(table(heading(title), columns, operations, pageFor(io)), io)
}

export interface SessionRow {
  readonly handle: string
  readonly agent: string
  readonly project: string
  readonly modifiedEpochMs: number
  readonly bytes: number
}

const sessionColumns: readonly Column<SessionRow>[] = [
  { title: '', text: ({ handle, project }) => `${handle}  ${tail(cleanName(project), 44)}` },
  { title: 'agent', align: 'left', text: ({ agent }) => agent },
  { title: 'last active (UTC)', align: 'left', text: ({ modifiedEpochMs }) => dayAndTime(modifiedEpochMs) },
  { title: 'size', text: ({ bytes }) => sizeOf(bytes), drop: 1 },
]

export const sessionTable = (rows: readonly SessionRow[], io: Io): string =>
  printed(table(heading('Sessions'), sessionColumns, rows, pageFor(io)), io)

export const titleLine = (text: string): Line => [heading(text)]

/** Lines of running text among tables. */
export const note = (text: string, io: Io): string => printed([[piece(text, sgr.dim)]], io)

const pageFor = ({ terminal: { width, color, ascii = false } }: Io) => pageOf({ width, color, ascii })
export const printed = (lines: readonly Line[], io: Io): string => `${print(lines, pageFor(io))}\n`

/** The end of a path says more than its beginning. */
const tail = (text: string, width: number): string => (text.length <= width ? text : `…${text.slice(1 - width)}`)

/** `2026-11-21 05:40` */
function dayAndTime(epochMs: number): string {
  const date = new Date(epochMs)
  return Number.isNaN(date.getTime()) ? 'unknown' : date.toISOString().slice(0, 16).replace('T', ' ')
}

function sizeOf(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`
  if (bytes < 1_000_000) return `${Math.round(bytes / 1_000)} kB`
  return `${(bytes / 1_000_000).toFixed(1)} MB`
}
