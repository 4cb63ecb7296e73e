import type { BudgetCheck, BudgetLine } from '../../src/model/many-runs.ts'
import { plural } from '../shared/numbers.ts'
import { heading, pageOf, piece, print, sgr, type Line } from '../shared/page.ts'
import type { ReportOptions } from '../shared/report.ts'
import { table, type Column } from '../shared/table.ts'
import { clean, wrap } from '../shared/text.ts'
import { actualText, boundsText, limitText, stateText, subjectText } from './budget-words.ts'

/** A check for people at a terminal: whether it holds, each reason why not, and then every limit. */
export function renderCheckText(check: BudgetCheck, options?: ReportOptions): string {
  const page = pageOf(options)
  const { ok, runs, lines, reasons } = check
  const title = ok ? 'Within budget' : 'Not within budget'
  const head: Line = [piece(title, `${sgr.strong};${ok ? sgr.good : sgr.bad}`), piece(`   ${plural(runs, 'run')} · ${plural(lines.length, 'limit')}`)]
  const why = reasons.flatMap((reason) =>
    wrap(clean(reason), page.textWidth - 4).map((line, index): Line => [piece(index === 0 ? '  ✗ ' : '    ', sgr.bad), piece(line)]))
  const columns: Column<BudgetLine>[] = [
    { title: '', text: (line) => clean(subjectText(line)) },
    { title: 'is', text: actualText },
    { title: '95 % interval', text: boundsText, drop: 1 },
    { title: 'limit', text: limitText },
    { title: '', align: 'left', text: stateText, style: (line) => (line.ok ? sgr.good : sgr.bad) },
  ]
  const shown = lines.some(({ interval }) => interval !== undefined) ? columns : columns.filter(({ title: name }) => name !== '95 % interval')
  return print([head, ...why, [], ...table(heading('Limits'), shown, lines, page)], page)
}
