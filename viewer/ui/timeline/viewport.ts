import { lengthOf, type Range } from '../canvas/range.ts'
import type { Layout } from './layout.ts'
import type { Times } from './tree.ts'

/** Sizes in CSS pixels. */
export const AXIS_HEIGHT = 26
export interface RowSize {
  readonly row: number
  readonly bar: number
  /** From the top of the row to the bar. */
  readonly gap: number
  /** From the top of the bar to the middle of its text. */
  readonly text: number
}
export const ROOMY: RowSize = { row: 24, bar: 17, gap: 2, text: 9 }
/** For runs of few rows, which leave room. */
const LARGE: RowSize = { row: 26, bar: 19, gap: 2, text: 10 }
const FEW_ROWS = 14
/** For one chart of two. Texts leave room for a line along the upper edge. */
export const COMPACT: RowSize = { row: 23, bar: 18, gap: 2, text: 10.5 }

export const rowSizeFor = (rows: number): RowSize => (rows <= FEW_ROWS ? LARGE : ROOMY)

/** What of the run is in view, and where. */
export interface Viewport {
  readonly range: Range
  readonly width: number
  /** Of the rows alone, below the axis. */
  readonly height: number
  /** How far the rows are scrolled. */
  readonly top: number
  readonly size: RowSize
}

export const toX = ({ range, width }: Viewport, time: number): number => ((time - range.from) / lengthOf(range)) * width
export const toTime = ({ range, width }: Viewport, x: number): number => range.from + (x / Math.max(1, width)) * lengthOf(range)

/** The top of a row's bar, on the canvas. */
export const barTop = ({ top, size }: Viewport, row: number): number => AXIS_HEIGHT + row * size.row - top + size.gap

/** Rows in view: from, and up to but without. */
export function rowsInView({ top, height, size }: Viewport, rows: number): readonly [from: number, to: number] {
  return [Math.max(0, Math.floor(top / size.row)), Math.min(rows, Math.ceil((top + height) / size.row))]
}

/** Place in `all` of the first bar of the row that ends after the time. */
export function firstAfter({ first, all }: Layout, { end }: Times, row: number, time: number): number {
  let [low, high] = [first[row]!, first[row + 1]!]
  while (low < high) {
    const middle = (low + high) >> 1
    if (end[all[middle]!]! > time) high = middle
    else low = middle + 1
  }
  return low
}

/** Pixels beside a bar that count as it: what is thin can be met too. */
const REACH = 4

/** The span whose bar lies at that point of the canvas. */
export function spanAt(view: Viewport, layout: Layout, times: Times, x: number, y: number): number | undefined {
  const row = rowAt(view, y)
  if (row === undefined || row >= layout.rows) return undefined
  let [best, distance] = [-1, REACH]
  for (let at = firstAfter(layout, times, row, toTime(view, x - REACH)); at < layout.first[row + 1]!; at++) {
    const i = layout.all[at]!
    const from = toX(view, times.start[i]!)
    if (from > x + REACH) break
    const away = Math.max(from - x, x - Math.max(from + 1, toX(view, times.end[i]!)), 0)
    if (away < distance) [best, distance] = [i, away]
    if (away === 0) break
  }
  return best === -1 ? undefined : best
}

function rowAt({ top, height, size }: Viewport, y: number): number | undefined {
  const below = y - AXIS_HEIGHT
  return below < 0 || below > height ? undefined : Math.floor((below + top) / size.row)
}
