import type { Analysis, CallSummary, SpanView } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'
import { formatCount, plural } from '../numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../page.ts'
import { cell, cleanName, fit, widthOf, wrap } from '../text.ts'
import { axis } from './axis.ts'
import { columnsOf, paintBars, toPieces, type Canvas, type Scale } from './bars.ts'
import { legend } from './legend.ts'
import { marksOf, type Mark, type Marks } from './marks.ts'
import { flameRows, type FlameRow, type HiddenSpans } from './rows.ts'

const INDENT = 2
/** Deeper rows are not indented further. */
const MAX_INDENT = 14

interface Columns {
  readonly label: number
  readonly bars: number
  /** Tokens of a call, at wide terminals; 0 leaves them out. */
  readonly tokens: number
  readonly duration: number
  readonly refs: number
  /** Of indentation, for each level. */
  readonly step: number
}

interface DrawnRow {
  readonly row: FlameRow
  readonly first: SpanView
  readonly label: string
  readonly duration: string
  readonly tokens: string
  /** Numbers of the findings that the row is evidence for: `←1`. */
  readonly refs: string
  /** What is written beside the bar where there is room. */
  readonly note: string
}

/** The flame chart: a line per span in order of start, indented by depth, on the run's time axis. */
export function flameChart(analysis: Analysis, page: Page): Line[] {
  const { spans } = analysis
  if (spans.length === 0) return []
  const marks = marksOf(analysis)
  const time = range(spans)
  const runNs = time.endNs - time.startNs
  const weigh = (span: SpanView): number => span.durationNs + (marks.has(span) ? runNs / 10 : 0)
  const { rows, hidden } = flameRows(spans, page.maxRows, weigh, runNs / 100)
  const callOf = callLookup(analysis)
  const drawn = rows.flatMap((row) => describe(row, marks, callOf))
  const columns = columnsFor(drawn, page)
  const scale: Scale = { ...time, columns: columns.bars }
  const lines = drawn.map((row) => drawRow(row, columns, scale, callOf))
  return [
    [heading(cell('Flame chart', INDENT + columns.label + 2)), piece(axis(scale), sgr.dim)],
    ...lines.map(({ line }) => line),
    ...legend(lines.map(({ canvas }) => canvas), drawn.some(({ row }) => row.spans.length > 1), analysis, page),
    ...hiddenLine(hidden, page),
  ]
}

function range(spans: readonly SpanView[]): { startNs: number; endNs: number } {
  let startNs = Infinity
  let endNs = 0
  for (const span of spans) {
    startNs = Math.min(startNs, span.startNs)
    endNs = Math.max(endNs, span.endNs)
  }
  return { startNs, endNs }
}

function callLookup({ calls }: Analysis): (span: SpanView) => CallSummary | undefined {
  return ({ id, call }) => {
    if (call === undefined) return undefined
    const summary = calls[call - 1]
    return summary?.spanId === id ? summary : calls.find(({ spanId }) => spanId === id)
  }
}

function describe(
  row: FlameRow, marks: Marks, callOf: (span: SpanView) => CallSummary | undefined,
): DrawnRow[] {
  const [first, ...others] = row.spans
  if (first === undefined) return []
  const alone = others.length === 0
  const name = cleanName(first.name)
  const refs = new Set<number>()
  let durationNs = 0
  for (const span of row.spans) {
    durationNs += span.durationNs
    for (const number of marks.get(span)?.findings ?? []) refs.add(number)
  }
  return [{
    row, first,
    label: name + countOf(row),
    duration: formatDuration(durationNs),
    tokens: alone ? tokensOf(first, callOf(first)) : '',
    refs: refs.size === 0 ? '' : `←${[...refs].sort((a, b) => a - b).slice(0, 3).join(',')}`,
    note: alone ? noteOf(first, marks.get(first)) : manyNote(row.spans),
  }]
}

/** ` ×12`, ` ×12 more` */
const countOf = ({ spans, rest }: FlameRow): string =>
  spans.length > 1 ? ` ×${formatCount(spans.length)}${rest ? ' more' : ''}` : ''

function tokensOf({ category }: SpanView, call: CallSummary | undefined): string {
  const { input, output, source } = call?.usage ?? {}
  if (input === undefined && output === undefined) return ''
  const about = source === 'estimated' ? '~' : ''
  const of = (side: { readonly total: number } | undefined): string =>
    side === undefined ? '?' : about + formatCount(side.total)
  return output === undefined && category === 'embedding' ? of(input) : `${of(input)} → ${of(output)}`
}

function noteOf(span: SpanView, mark: Mark | undefined): string {
  const notes: string[] = []
  const { outcome } = span
  if (outcome.state === 'failed') notes.push(cleanName(outcome.type))
  else if (outcome.state !== 'ok') notes.push(outcome.state)
  if (span.late === true) notes.push('late')
  if (mark?.note !== undefined) notes.push(mark.note)
  else if (notes.length === 0 && hasSlack(span)) notes.push(`slack ${formatDuration(span.slackNs)}`)
  return notes.join(', ')
}

/** Whether the run would have been as long without it, or with more of it. */
const hasSlack = ({ wallNs, slackNs, durationNs }: SpanView): boolean => wallNs === 0 && slackNs > durationNs / 100

function manyNote(spans: readonly SpanView[]): string {
  const failed = spans.filter(({ outcome }) => outcome.state === 'failed').length
  return failed === 0 ? '' : `${formatCount(failed)} failed`
}

function columnsFor(rows: readonly DrawnRow[], page: Page): Columns {
  const widest = (text: (row: DrawnRow) => string): number =>
    rows.reduce((most, row) => Math.max(most, widthOf(text(row))), 0)
  const duration = Math.max(6, widest((row) => row.duration))
  const refs = widest((row) => row.refs)
  const tokens = page.width >= 110 ? widest((row) => row.tokens) : 0
  const right = 2 + duration + (refs > 0 ? 1 + refs : 0) + (tokens > 0 ? 2 + tokens : 0)
  const room = page.width - INDENT - 2 - right
  const step = rows.some(({ row }) => row.depth > 6) ? 1 : 2
  const labels = widest((row) => indentOf(row, step) + row.label)
  const label = Math.min(Math.max(9, labels), Math.max(10, Math.floor(room * 0.34)), 40)
  return { label, bars: Math.max(4, room - label), tokens, duration, refs, step }
}

const indentOf = ({ row }: DrawnRow, step: number): string => ' '.repeat(Math.min(row.depth * step, MAX_INDENT))

function drawRow(
  drawn: DrawnRow, columns: Columns, scale: Scale, callOf: (span: SpanView) => CallSummary | undefined,
): { line: Line; canvas: Canvas } {
  const { first, row } = drawn
  const canvas = paintBars(row.spans, scale, callOf)
  const bars = writeNote(toPieces(canvas), canvas, drawn, scale)
  const style = first.outcome.state === 'failed' ? sgr.bad : first.wallNs > 0 || row.depth === 0 ? undefined : sgr.dim
  return {
    canvas,
    line: [
      piece(`${' '.repeat(INDENT)}${cell(labelIn(drawn, columns), columns.label)}  `, style),
      ...bars,
      ...(columns.tokens > 0 ? [piece(`  ${cell(drawn.tokens, columns.tokens, 'right')}`, sgr.dim)] : []),
      piece(`  ${cell(drawn.duration, columns.duration, 'right')}`, style),
      ...(drawn.refs === '' ? [] : [piece(` ${drawn.refs}`, sgr.warn)]),
    ],
  }
}

/** The label in its column; of a group's, the count is what must not be cut. */
function labelIn(drawn: DrawnRow, { label: width, step }: Columns): string {
  const indent = indentOf(drawn, step)
  const count = countOf(drawn.row)
  const name = count === '' ? drawn.label : drawn.label.slice(0, -count.length)
  return indent + fit(name, width - indent.length - count.length) + count
}

/** Writes the note right of the last bar, or left of the first, where it fits into the empty part of the row. */
function writeNote(pieces: Line, canvas: Canvas, { note, first, row }: DrawnRow, scale: Scale): Line {
  if (note === '') return pieces
  const noteWidth = widthOf(note)
  const end = canvas.chars.findLastIndex((char) => char !== ' ') + 1
  const begin = columnsOf(first, scale).first
  const style = first.outcome.state === 'failed' || row.spans.length > 1 ? sgr.bad : sgr.dim
  if (scale.columns - end >= noteWidth + 1) {
    const rest = ' '.repeat(scale.columns - end - noteWidth - 1)
    return [...part(canvas, 0, end), piece(` ${note}`, style), piece(rest)]
  }
  if (begin < noteWidth + 1) return pieces
  return [piece(' '.repeat(begin - noteWidth - 1)), piece(`${note} `, style), ...part(canvas, begin)]
}

const part = ({ chars, styles }: Canvas, from: number, to?: number): Line =>
  toPieces({ chars: chars.slice(from, to), styles: styles.slice(from, to) })

function hiddenLine({ count, longestNs, names }: HiddenSpans, page: Page): Line[] {
  if (count === 0) return []
  const named = names.slice(0, 3).map(([name, of]) => fit(cleanName(name), 24) + (of > 1 ? ` ×${formatCount(of)}` : ''))
  if (names.length > 3) named.push('…')
  const text = `not drawn: ${plural(count, 'span')} of at most ${formatDuration(longestNs)} (${named.join(', ')})`
  return wrap(text, page.textWidth - INDENT).map((line) => [piece(' '.repeat(INDENT) + line, sgr.dim)])
}
