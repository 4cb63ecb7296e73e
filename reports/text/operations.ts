import type { Analysis, OperationTotals } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatCount, formatWholeShare } from '../shared/numbers.ts'
import { heading, type Line, type Page, sgr } from '../shared/page.ts'
import { table, type Column } from '../shared/table.ts'
import { cleanName } from '../shared/text.ts'

const MAX_OPERATIONS = 6

/** Below this part of the run an operation that the chart shows, or that the run would not notice, is not worth a line. */
const MIN_SHARE = 0.02
const MIN_BESIDE = 0.05

const percentiles: readonly Column<OperationTotals>[] = [
  { title: 'p50', text: ({ count, durationNs: { p50 } }) => (count > 1 ? formatDuration(p50) : '–'), drop: 0.5 },
  { title: 'p95', text: ({ count, durationNs: { p95 } }) => (count > 1 ? formatDuration(p95) : '–'), drop: 1 },
]

/**
 * The operations with the most time on the critical path, and what the run would save if each took half as long; with the longest of
 * those of which the run would not notice.
 */
export function operations(analysis: Analysis, page: Page): Line[] {
  const { totals: { durationNs } } = analysis
  const shown = shownOf(analysis, page)
  if (shown.length === 0) return []
  const columns: Column<OperationTotals>[] = [
    { title: '', text: ({ name }) => cleanName(name) },
    { title: 'category', align: 'left', text: ({ category }) => cleanName(category), drop: 2 },
    { title: 'count', text: ({ count }) => formatCount(count) },
    { title: 'total', text: ({ totalNs }) => formatDuration(totalNs) },
    ...(shown.some(({ count }) => count > 1) ? percentiles : []),
    { title: 'wall', text: ({ wallNs }) => formatDuration(wallNs) },
    { title: 'share', text: ({ wallNs }) => formatWholeShare(durationNs > 0 ? wallNs / durationNs : 0), drop: 3 },
  ]
  if (shown.some(({ halvedSavesNs }) => halvedSavesNs !== undefined)) {
    columns.push({ title: 'halved saves', text: ({ halvedSavesNs }) => halvedText(halvedSavesNs) })
  }
  if (shown.some(({ failed }) => failed > 0)) {
    columns.push({
      title: 'failed',
      text: ({ failed }) => (failed > 0 ? formatCount(failed) : ''),
      style: ({ failed }) => (failed > 0 ? sgr.bad : undefined),
    })
  }
  return table(heading('Slowest operations'), columns, shown, page)
}

function shownOf({ operations: all, spans, totals: { durationNs } }: Analysis, page: Page): OperationTotals[] {
  const root = spans[0]
  const allDrawn = spans.length <= page.maxRows
  // Halving all that an agent does halves the run, which is no news.
  const isWrapper = ({ name, category, count, wallNs }: OperationTotals): boolean =>
    (count === 1 && name === root?.name && category === root.category) || (category === 'agent' && wallNs < durationNs * 0.01)
  const others = all.filter((operation) => !isWrapper(operation)
    && (operation.count > 1 || !allDrawn || (operation.halvedSavesNs ?? 0) >= durationNs * MIN_SHARE / 2
      || (operation.halvedSavesNs === 0 && operation.totalNs >= durationNs * MIN_BESIDE)))
  const beside = others.slice(MAX_OPERATIONS - 1).filter(({ halvedSavesNs, totalNs }) => halvedSavesNs === 0 && totalNs >= durationNs * MIN_BESIDE)
    .sort((a, b) => b.totalNs - a.totalNs)[0]
  return beside === undefined ? others.slice(0, MAX_OPERATIONS) : [...others.slice(0, MAX_OPERATIONS - 1), beside]
}

const halvedText = (savedNs: number | undefined): string =>
  (savedNs === undefined ? '–' : savedNs === 0 ? 'nothing' : formatDuration(savedNs))
