import type { Line, Page, Piece } from './page.ts'
import { piece, sgr } from './page.ts'
import { cell, widthOf } from './text.ts'

export interface Column<Row> {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** Clean text. */
  readonly text: (row: Row) => string
  readonly style?: (row: Row) => string | undefined
  /** Left out, highest number first, when the table is too wide. */
  readonly drop?: number
}

const GAP = 2
const INDENT = 2
/** What the first column is shortened to before other columns are left out. */
const NARROW_FIRST = 22

/**
 * A table whose first column takes what the others leave.
 * @param title stands in the header line, where the first column's title would
 */
export function table<Row>(title: Piece, columns: readonly Column<Row>[], rows: readonly Row[], page: Page): Line[] {
  const shown = [...columns]
  const widths = new Map(columns.map((column) => [column, naturalWidth(column, rows)]))
  const taken = (): number => shown.slice(1).reduce((sum, column) => sum + GAP + (widths.get(column) ?? 0), INDENT)
  const first = columns[0]
  if (first === undefined) return []
  const wanted = Math.max(widths.get(first) ?? 0, widthOf(title.text) - INDENT)
  while (page.textWidth - taken() < Math.min(wanted, NARROW_FIRST)) {
    const droppable = shown.filter((column) => column.drop !== undefined).sort((a, b) => (b.drop ?? 0) - (a.drop ?? 0))[0]
    if (droppable === undefined) break
    shown.splice(shown.indexOf(droppable), 1)
  }
  const firstWidth = Math.max(1, Math.min(wanted, page.textWidth - taken()))
  const widthOfColumn = (column: Column<Row>): number => (column === first ? firstWidth : (widths.get(column) ?? 0))
  return [
    [
      { ...title, text: cell(title.text, INDENT + firstWidth) },
      ...shown.slice(1).map((column) =>
        piece(' '.repeat(GAP) + cell(column.title, widthOfColumn(column), column.align ?? 'right'), sgr.dim)),
    ],
    ...rows.map((row) => shown.map((column, index) => {
      const gap = ' '.repeat(index === 0 ? INDENT : GAP)
      const align = column.align ?? (index === 0 ? 'left' : 'right')
      return piece(gap + cell(column.text(row), widthOfColumn(column), align), column.style?.(row))
    })),
  ]
}

function naturalWidth<Row>(column: Column<Row>, rows: readonly Row[]): number {
  return rows.reduce((widest, row) => Math.max(widest, widthOf(column.text(row))), widthOf(column.title))
}
