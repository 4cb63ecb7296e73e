import { isAbsolute, resolve } from 'node:path'
import { boundsText, formatFigure } from '../../reports/many-runs/budget-words.ts'
import { heading, pageOf, piece, sgr } from '../../reports/shared/page.ts'
import type { ReportOptions } from '../../reports/shared/report.ts'
import { table, type Column } from '../../reports/shared/table.ts'
import type { Bounds, FigureOverRuns, RunPercentiles } from '../model/many-runs.ts'
import { nsToMs } from '../model/units.ts'
import { Complaint, printJson, type Input, type Io, type OptionSpecs } from './command.ts'
import { kindOf } from './files.ts'
import { load, type Loaded } from './load.ts'
import { didYouMean } from './nearest.ts'
import { printed } from './tables.ts'

const FORMATS = ['text', 'markdown', 'json'] as const
type ResultFormat = (typeof FORMATS)[number]

/** How the result of a comparison or a check comes out: it is no report of a run, and has formats of its own. */
export const resultOptions: OptionSpecs = {
  format: { type: 'string', short: 'f', values: 'formats' },
  json: { type: 'boolean' },
  width: { type: 'string' },
  ascii: { type: 'boolean' },
}

export const resultHelp = `  -f, --format <name>   text (default), markdown for a pull request, or json
      --json            the same as --format json
      --width <n>       columns; --ascii for plain characters`

export interface Renderers<Result> {
  readonly text: (result: Result, options: ReportOptions) => string
  readonly markdown: (result: Result) => string
}

/** @throws Complaint when there is no such format */
export function resultFormat(input: Input): ResultFormat {
  const named = input.text('format') ?? (input.flag('json') ? 'json' : 'text')
  const found = FORMATS.find((one) => one === named)
  if (found === undefined) throw new Complaint(`there is no format ${named}${didYouMean(named, FORMATS)}`, `the formats: ${FORMATS.join(', ')}`)
  return found
}

export function printResult<Result extends object>(kind: string, result: Result, renderers: Renderers<Result>, input: Input, io: Io): void {
  const format = resultFormat(input)
  if (format === 'json') printJson(io, kind, result)
  else if (format === 'markdown') io.out(`${renderers.markdown(result)}\n`)
  else {
    const { width, color } = io.terminal
    io.out(`${renderers.text(result, { width: input.number('width', 40) ?? width, color, ...(input.flag('ascii') && { ascii: true }) })}\n`)
  }
}

/** One side of a comparison: a file, a folder, a handle, or several of them with commas between. */
export async function loadSet(name: string, io: Io): Promise<Loaded> {
  const isPath = (await kindOf(isAbsolute(name) ? name : resolve(io.cwd, name))) !== undefined
  return await load(isPath ? [name] : name.split(',').filter((one) => one !== ''), io)
}

interface FigureRow {
  readonly name: 'durationMs' | 'tokens' | 'costUsd'
  readonly figure: FigureOverRuns
}

/** Duration, tokens and cost of whole runs: percentiles, and between which bounds the true ones lie. */
export function runPercentilesTable({ runs, durationNs, tokens, costUsd, unknown }: RunPercentiles, io: Io): string {
  const rows: FigureRow[] = [
    ...(durationNs === undefined ? [] : [{ name: 'durationMs' as const, figure: inMs(durationNs) }]),
    ...(tokens === undefined ? [] : [{ name: 'tokens' as const, figure: tokens }]),
    ...(costUsd === undefined ? [] : [{ name: 'costUsd' as const, figure: costUsd }]),
  ]
  const names = { durationMs: 'time', tokens: 'tokens', costUsd: 'cost' }
  const bounds = (statistic: 'p50' | 'p95'): Column<FigureRow> => ({
    title: '95 % interval', drop: statistic === 'p50' ? 2 : 1, text: ({ name, figure }) => boundsText({ name, interval: figure.intervals[statistic] }),
  })
  const value = (statistic: 'p50' | 'p95' | 'p99', drop?: number): Column<FigureRow> => ({
    title: statistic, text: ({ name, figure }) => formatFigure(name, figure[statistic]), ...(drop !== undefined && { drop }),
  })
  const columns: Column<FigureRow>[] = [
    { title: '', text: ({ name }) => names[name] }, value('p50'), bounds('p50'), value('p95'), bounds('p95'), value('p99', 3),
  ]
  const { width, color } = io.terminal
  const lines = table(heading(`Whole runs (${runs})`), columns, rows, pageOf({ width, color }))
  return printed([...lines, ...Object.values(unknown).map((text) => [piece(`  ${text}`, sgr.warn)])], io)
}

const inMs = ({ p50, p95, p99, max, intervals, runs }: FigureOverRuns): FigureOverRuns => {
  const ms = ({ low, high }: Bounds): Bounds => ({ ...(low !== undefined && { low: nsToMs(low) }), ...(high !== undefined && { high: nsToMs(high) }) })
  return {
    runs, p50: nsToMs(p50), p95: nsToMs(p95), p99: nsToMs(p99), max: nsToMs(max),
    intervals: { p50: ms(intervals.p50), p95: ms(intervals.p95), p99: ms(intervals.p99) },
  }
}
