import type { Analysis, OperationTotals } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatCount, formatWholeShare } from '../shared/numbers.ts'
import { heading, type Line, type Page, sgr } from '../shared/page.ts'
import { table, type Column } from '../shared/table.ts'
import { cleanName } from '../shared/text.ts'

const MAX_OPERATIONS = 6

/** The operations with the most time on the critical path; those of one span only when the flame chart could not show all. */
export function operations({ operations: all, spans, totals: { durationNs } }: Analysis, page: Page): Line[] {
  const root = spans[0]
  const allDrawn = spans.length <= page.maxRows
  const shown = all
    .filter(({ name, category, count }) => count > 1 || !(allDrawn || (name === root?.name && category === root.category)))
    .slice(0, MAX_OPERATIONS)
  if (shown.length === 0) return []
  const columns: Column<OperationTotals>[] = [
    { title: '', text: ({ name }) => cleanName(name) },
    { title: 'category', align: 'left', text: ({ category }) => cleanName(category), drop: 2 },
    { title: 'count', text: ({ count }) => formatCount(count) },
    { title: 'total', text: ({ totalNs }) => formatDuration(totalNs) },
    { title: 'p50', text: ({ count, durationNs: { p50 } }) => (count > 1 ? formatDuration(p50) : '–') },
    { title: 'p95', text: ({ count, durationNs: { p95 } }) => (count > 1 ? formatDuration(p95) : '–'), drop: 1 },
    { title: 'wall', text: ({ wallNs }) => formatDuration(wallNs) },
    { title: 'share', text: ({ wallNs }) => formatWholeShare(durationNs > 0 ? wallNs / durationNs : 0) },
  ]
  if (shown.some(({ failed }) => failed > 0)) {
    columns.push({
      title: 'failed',
      text: ({ failed }) => (failed > 0 ? formatCount(failed) : ''),
      style: ({ failed }) => (failed > 0 ? sgr.bad : undefined),
    })
  }
  return table(heading('Slowest operations'), columns, shown, page)
}
