import type { BudgetCheck } from '../../src/model/many-runs.ts'
import { markdownCode, markdownTable, markdownText } from '../shared/markdown.ts'
import { plural } from '../shared/numbers.ts'
import { actualText, boundsText, limitText, subjectText } from './budget-words.ts'

/** A check for a pull request. */
export function renderCheckMarkdown({ ok, runs, lines, reasons }: BudgetCheck): string {
  const title = `### ${ok ? '✅ Spanwise: within budget' : '❌ Spanwise: not within budget'}`
  const why = reasons.map((reason) => `- ${markdownText(reason)}`).join('\n')
  const rows = lines.map((line) => [
    markdownCode(subjectText(line)), ...[actualText(line), boundsText(line) || '–', limitText(line)].map(markdownText), line.ok ? '✅' : '❌',
  ])
  const table = markdownTable(['limit', 'is', '95 % interval', 'may be', ''], rows)
  return [title, `${plural(runs, 'run')} · ${plural(lines.length, 'limit')}`, why, table].filter((text) => text !== '').join('\n\n')
}
