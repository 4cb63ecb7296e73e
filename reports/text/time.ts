import type { Analysis, CategoryTotals } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { eighthBar } from '../shared/bar.ts'
import { categoryStyle } from '../shared/category.ts'
import { formatCount, formatWholeShare } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { cell, cleanName, fit, widthOf } from '../shared/text.ts'

const MAX_CATEGORIES = 12
const COLUMN_GAP = '  '

interface Row {
  readonly name: string
  readonly style: string
  readonly share: number
  readonly cells: readonly string[]
  readonly failed: number
}

const titles = ['wall', 'share', 'busy', 'spans']

/** Time by category: a bar for its part of the wall clock, and what it was busy beside that. */
export function time({ categories, totals: { durationNs } }: Analysis, page: Page): Line[] {
  if (categories.length === 0) return []
  const rows = categories.slice(0, MAX_CATEGORIES).map((category) => rowOf(category, durationNs))
  const names = Math.min(20, rows.reduce((widest, { name }) => Math.max(widest, widthOf(name)), 8))
  const widths = titles.map((title, index) =>
    rows.reduce((widest, { cells }) => Math.max(widest, (cells[index] ?? '').length), title.length))
  const rest = widths.reduce((sum, width) => sum + COLUMN_GAP.length + width, 2 + names + 2)
  const bar = Math.max(4, Math.min(60, page.textWidth - rest - (rows.some(({ failed }) => failed > 0) ? 10 : 0)))
  const columns = (cells: readonly string[]): string =>
    cells.map((text, index) => COLUMN_GAP + cell(text, widths[index] ?? 0, 'right')).join('')
  return [
    [heading(cell('Time by category', 2 + names + 2 + bar)), piece(columns(titles), sgr.dim)],
    ...rows.map(({ name, style, share, cells, failed }) => [
      piece(`  ${cell(name, names)}  `),
      piece(cell(eighthBar(share, bar), bar), style),
      piece(columns(cells)),
      ...(failed > 0 ? [piece(`${COLUMN_GAP}${formatCount(failed)} failed`, sgr.bad)] : []),
    ]),
    ...notes(categories, durationNs),
  ]
}

function rowOf({ category, wallNs, busyNs, spans, failed }: CategoryTotals, durationNs: number): Row {
  const share = durationNs > 0 ? wallNs / durationNs : 0
  return {
    name: fit(cleanName(category), 20),
    style: categoryStyle(category),
    share,
    cells: [formatDuration(wallNs), formatWholeShare(share), formatDuration(busyNs), formatCount(spans)],
    failed,
  }
}

function notes(categories: readonly CategoryTotals[], durationNs: number): Line[] {
  const lines: Line[] = []
  const more = categories.slice(MAX_CATEGORIES)
  const wallNs = more.reduce((sum, category) => sum + category.wallNs, 0)
  if (more.length > 0) lines.push([piece(`  and ${more.length} more with ${formatDuration(wallNs)} wall`, sgr.dim)])
  const busyNs = categories.reduce((sum, category) => sum + category.busyNs, 0)
  if (busyNs > durationNs * 1.01) lines.push([piece('  busy is more than wall where spans ran at the same time', sgr.dim)])
  return lines
}
