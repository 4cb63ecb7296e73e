import type { ReportOptions } from './report.ts'
import { clean, fit, toAscii, widthOf } from './text.ts'

/** Select Graphic Rendition parameters: the 8 colours that every terminal has, weights, and nothing else. */
export const sgr = {
  strong: '1', dim: '2', bad: '31', good: '32', warn: '33',
  red: '31', green: '32', yellow: '33', blue: '34', magenta: '35', cyan: '36',
} as const

/** A run of text in one style. The style never changes what the text is. */
export interface Piece {
  readonly text: string
  /** SGR parameters, such as `1;36`. */
  readonly style?: string
}

export type Line = readonly Piece[]

export const piece = (text: string, style?: string): Piece => (style === undefined ? { text } : { text, style })
export const heading = (text: string): Piece => piece(text, sgr.strong)

/** The options with their defaults, checked once. */
export interface Page {
  readonly width: number
  /** For running text and tables, which do not gain from very wide terminals. */
  readonly textWidth: number
  readonly color: boolean
  readonly ascii: boolean
  readonly maxRows: number
}

const MIN_WIDTH = 40

/** @throws TypeError when a number is not one that can be used */
export function pageOf({ width = 80, color = false, ascii = false, maxRows = 30 }: ReportOptions = {}): Page {
  if (!Number.isFinite(width) || width < 0) throw new TypeError(`width must be a number of columns, got ${String(width)}`)
  if (!(maxRows >= 1)) throw new TypeError(`maxRows must be a positive number, got ${String(maxRows)}`)
  // Some terminals say 0 where they do not know.
  const columns = width === 0 ? 80 : Math.max(MIN_WIDTH, Math.floor(width))
  return { width: columns, textWidth: Math.min(columns, 120), color, ascii, maxRows: Math.floor(maxRows) }
}

/** The only place where lines become a string: whatever a section did, no control gets out and no line is too wide. */
export function print(lines: readonly Line[], page: Page): string {
  return lines.map((line) => printLine(line, page)).join('\n')
}

const CONTROL = /[\p{Cc}\p{Cs}\u2028\u2029]/u

function printLine(line: Line, { width, color, ascii }: Page): string {
  let out = ''
  for (const { text, style } of trimEnd(clip(line.map(guard), width))) {
    const shown = ascii ? toAscii(text) : text
    out += color && style !== undefined && shown.trim() !== '' ? `\x1b[${style}m${shown}\x1b[0m` : shown
  }
  return out
}

const guard = (part: Piece): Piece => (CONTROL.test(part.text) ? { ...part, text: clean(part.text) } : part)

function clip(line: Line, width: number): Line {
  const kept: Piece[] = []
  let left = width
  for (const part of line) {
    const needed = widthOf(part.text)
    if (needed > left) return [...kept, { ...part, text: fit(part.text, left) }]
    kept.push(part)
    left -= needed
  }
  return kept
}

function trimEnd(line: Line): Line {
  const kept = [...line]
  for (let last = kept.pop(); last !== undefined; last = kept.pop()) {
    const text = last.text.trimEnd()
    if (text !== '') return [...kept, { ...last, text }]
  }
  return kept
}
