import type { CallSummary, SpanView } from '../../../src/model/analysis.ts'
import { categoryFill, categoryStyle } from '../category.ts'
import { sgr, type Piece } from '../page.ts'

/** The part of the run that the chart shows, and the columns it has for it. */
export interface Scale {
  readonly startNs: number
  readonly endNs: number
  readonly columns: number
}

export const glyphs = { waiting: '░', attempt: 'x', backoff: '·', failed: '✗', open: '>' } as const

/** What is not the span's own work has a style of its own. */
const glyphStyles: Readonly<Record<string, string>> = { [glyphs.attempt]: sgr.bad, [glyphs.backoff]: sgr.dim }

interface Stretch {
  readonly fromNs: number
  readonly toNs: number
  readonly glyph: string
}

/** A row of columns while it is painted: one character and one style each. */
export interface Canvas {
  readonly chars: string[]
  readonly styles: (string | undefined)[]
}

export const columnOf = (ns: number, { startNs, endNs, columns }: Scale): number =>
  endNs > startNs ? ((ns - startNs) / (endNs - startNs)) * columns : 0

/** The columns of a span, end exclusive; at least one. */
export function columnsOf(span: SpanView, scale: Scale): { first: number; end: number } {
  const first = Math.min(scale.columns - 1, Math.max(0, Math.floor(columnOf(span.startNs, scale) + 1e-9)))
  const end = Math.min(scale.columns, Math.max(first + 1, Math.round(columnOf(span.endNs, scale))))
  return { first, end }
}

/** Paints the spans of a row. `callOf` gives what is known of a call of a model. */
export function paintBars(
  spans: readonly SpanView[], scale: Scale, callOf: (span: SpanView) => CallSummary | undefined,
): Canvas {
  const canvas: Canvas = { chars: Array(scale.columns).fill(' '), styles: Array(scale.columns).fill(undefined) }
  for (const span of spans) paintBar(canvas, span, scale, callOf(span))
  return canvas
}

function paintBar({ chars, styles }: Canvas, span: SpanView, scale: Scale, call: CallSummary | undefined): void {
  const { first, end } = columnsOf(span, scale)
  const nsPerColumn = (scale.endNs - scale.startNs) / scale.columns
  const stretches = call === undefined ? [] : stretchesOf(span, call)
  const fill = categoryFill(span.category)
  const style = styleOf(span)
  for (let column = first; column < end; column++) {
    // The middle of what the span has of this column.
    const from = Math.max(span.startNs, scale.startNs + column * nsPerColumn)
    const middle = (from + Math.min(span.endNs, scale.startNs + (column + 1) * nsPerColumn)) / 2
    const glyph = stretches.find(({ fromNs, toNs }) => fromNs <= middle && middle < toNs)?.glyph ?? fill
    chars[column] = glyph
    styles[column] = glyphStyles[glyph] ?? style
  }
  // A failed attempt is often shorter than a column and still what the reader looks for.
  for (const { glyph, fromNs } of stretches) {
    const column = Math.min(end - 1, Math.max(first, Math.floor(columnOf(fromNs, scale) + 1e-9)))
    if (glyph !== glyphs.attempt) continue
    chars[column] = glyph
    styles[column] = glyphStyles[glyph]
  }
  if (span.outcome.state === 'failed') chars[end - 1] = glyphs.failed
  if (span.outcome.state === 'open') chars[end - 1] = glyphs.open
}

/** What a call of a model did when, as far as it was not generating. */
function stretchesOf(span: SpanView, { attempts, ttftNs }: CallSummary): Stretch[] {
  const stretches: Stretch[] = []
  attempts.forEach((attempt, index) => {
    const next = attempts[index + 1]
    if (next === undefined && !failedAttempt(attempt)) return
    const toNs = attempt.end ?? next?.start ?? span.endNs
    stretches.push({ fromNs: index === 0 ? span.startNs : attempt.start, toNs, glyph: glyphs.attempt })
    if (next !== undefined) stretches.push({ fromNs: toNs, toNs: next.start, glyph: glyphs.backoff })
  })
  if (ttftNs !== undefined) stretches.push({ fromNs: span.startNs, toNs: span.startNs + ttftNs, glyph: glyphs.waiting })
  return stretches
}

/** Whether an attempt is known to have gone wrong. One that another followed has, whatever it says. */
export const failedAttempt = (attempt: CallSummary['attempts'][number]): boolean =>
  attempt.error !== undefined || (attempt.status !== undefined && attempt.status >= 400)

/** On the critical path in full colour, beside it dim. */
function styleOf(span: SpanView): string {
  if (span.outcome.state === 'failed') return `${sgr.strong};${sgr.bad}`
  const style = categoryStyle(span.category)
  if (style === sgr.dim) return style
  return span.wallNs > 0 ? `${sgr.strong};${style}` : `${sgr.dim};${style}`
}

/** Neighbours of one style as one piece. */
export function toPieces({ chars, styles }: Canvas): Piece[] {
  const pieces: Piece[] = []
  let from = 0
  for (let at = 1; at <= chars.length; at++) {
    if (at < chars.length && styles[at] === styles[from]) continue
    const text = chars.slice(from, at).join('')
    const style = styles[from]
    pieces.push(style === undefined ? { text } : { text, style })
    from = at
  }
  return pieces
}
