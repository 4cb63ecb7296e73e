import type { Analysis } from '../../src/model/analysis.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { clean, cleanName, fit, widthOf, wrap } from '../shared/text.ts'
import { totalsTexts } from '../shared/totals.ts'

const GAP = 3

/** What ran, how it ended, and the totals. */
export function headline(analysis: Analysis, page: Page): Line[] {
  const name = fit(cleanName(analysis.run.name), Math.floor(page.width / 2))
  const items = totalsTexts(analysis)
  const indent = Math.min(widthOf(name), 24) + GAP
  const lines: Line[] = []
  let line: Line = [heading(name)]
  let used = widthOf(name)
  for (const item of items) {
    if (used + GAP + widthOf(item) > page.width && used > indent) {
      lines.push(line)
      line = [piece(' '.repeat(indent) + item)]
      used = indent + widthOf(item)
    } else {
      line = [...line, piece(' '.repeat(GAP) + item)]
      used += GAP + widthOf(item)
    }
  }
  return [...lines, line, ...ending(analysis, page)]
}

function ending({ run: { outcome } }: Analysis, page: Page): Line[] {
  switch (outcome.state) {
    case 'ok':
      return []
    case 'open':
      return [[piece('not ended: this is the run as far as it was recorded', sgr.warn)]]
    case 'cancelled':
      return [[piece('cancelled before it was done', sgr.warn)]]
    case 'failed': {
      const message = clean(`failed   ${cleanName(outcome.type)}: ${clean(outcome.message)}`)
      return wrap(`✗ ${message}`, page.textWidth - 2, 3)
        .map((text, index) => [piece(index === 0 ? text : `  ${text}`, sgr.bad)])
    }
  }
}
