import type { Analysis } from '../../src/model/analysis.ts'
import { costShares, costText, costTotal } from '../shared/cost-words.ts'
import { compositionTexts, dearestStays, growthText, largestCall, peakText, uncalledText } from '../shared/context-words.ts'
import { formatUsd, plural } from '../shared/numbers.ts'
import { sgr, type Line, type Page } from '../shared/page.ts'
import { clean, cleanName, flow } from '../shared/text.ts'
import { entries, entryWidth, type Entry } from './entries.ts'

const MAX_STAYS = 3

/** What was paid for what, where that is more than one thing. */
export function cost(analysis: Analysis, page: Page): Line[] {
  const shares = costShares(analysis)
  if (shares.length < 2) return []
  const texts = [`${costTotal(analysis)}: ${costText(shares[0]!)}`, ...shares.slice(1).map(costText)]
  return entries('Cost', flow(texts, entryWidth(page), ' · ').map((text) => ({ text })), page)
}

/** How full the model's window was at most and with what, how it grows, and what was dear in it. */
export function context(analysis: Analysis, page: Page): Line[] {
  const { context: { warning, definitions = [] }, findings, observations } = analysis
  const largest = largestCall(analysis)
  if (largest === undefined) return []
  const said = new Set([...findings, ...observations].map(({ code }) => code))
  const growth = said.has('CTX005') ? undefined : growthText(analysis)
  const uncalled = said.has('CTX002') ? undefined : uncalledText(definitions, cleanName)
  const texts: readonly Entry[] = [
    { text: peakText(largest, cleanName), ...(warning !== undefined && { style: sgr.warn }) },
    ...flow(compositionTexts(largest, cleanName), entryWidth(page), ' · ').map((text) => ({ text })),
    ...(warning === undefined || observations.some(({ code }) => code.startsWith('CTX')) ? [] : [{ text: clean(warning), style: sgr.warn }]),
    ...[growth, uncalled].flatMap((text) => (text === undefined ? [] : [{ text }])),
    ...flow(staysOf(analysis), entryWidth(page), ' · ').map((text) => ({ text })),
  ]
  return entries('Context', texts, page)
}

/** `dearest results: Task 2,915 tokens × 6 requests ($0.0451)` */
function staysOf(analysis: Analysis): string[] {
  return dearestStays(analysis, MAX_STAYS).map(({ name, tokens, turns, costUsd }, index) =>
    `${index === 0 ? 'dearest results: ' : ''}${name === undefined ? 'a tool' : cleanName(name)} ${plural(Math.round(tokens), 'token')} `
    + `× ${plural(turns, 'request')}${costUsd === undefined ? '' : ` (${formatUsd(costUsd)})`}`)
}
