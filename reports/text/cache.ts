import type { Analysis } from '../../src/model/analysis.ts'
import {
  actionableBreaks, lossText, neverCachedTexts, numberList, unexplained, type BreakGroup,
} from '../shared/cache-words.ts'
import { formatCount, formatSaving, formatShare, plural } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { table, type Column } from '../shared/table.ts'
import { cleanName } from '../shared/text.ts'
import type { Entry } from './entries.ts'

const MAX_BREAKS = 4
const MAX_NEVER = 3

/** What the program changed in what a cache held, and what was paid again for it. */
export function cacheBreaks({ cache }: Analysis, page: Page): Line[] {
  if (cache === undefined) return []
  const groups = actionableBreaks(cache, cleanName)
  if (groups.length === 0) return []
  const shown = groups.slice(0, MAX_BREAKS)
  const others = groups.slice(MAX_BREAKS)
  const tokens = others.reduce((sum, { loss }) => sum + loss.tokens, 0)
  return [
    ...table(heading('Prompt cache broken by'), columnsOf(shown), shown, page),
    ...(others.length === 0 ? [] : [[piece(`  and ${plural(others.length, 'more cause')}: ${plural(tokens, 'token')}`, sgr.dim)]]),
  ]
}

/** What the cache served, what was lost without anybody to blame, and who could have used one. */
export function cacheEntries({ cache }: Analysis): Entry[] {
  if (cache === undefined) return []
  const { breaks, readShare, bySide: { actionable } } = cache
  const never = neverCachedTexts(cache, cleanName).slice(0, MAX_NEVER)
  if (breaks.length === 0 && never.length === 0 && readShare === 0) return []
  const read = `${formatShare(readShare)} of the input was read from it`
  return [
    breaks.length === 0 ? `${read}; nothing was paid for again`
      : actionable.breaks > 0 ? `${read}; changes lost ${lossText(actionable)} in ${plural(actionable.breaks, 'request')}` : read,
    ...unexplained(cache),
    ...never,
  ].map((text) => ({ text }))
}

function columnsOf(groups: readonly BreakGroup[]): Column<BreakGroup>[] {
  const costUsd = groups.some(({ loss }) => loss.costUsd !== undefined)
  const timeNs = groups.some(({ loss }) => loss.timeNs !== undefined)
  return [
    { title: '', text: ({ text }) => text },
    { title: 'calls', text: ({ calls }) => numberList(calls) },
    { title: 'tokens', text: ({ loss }) => formatCount(loss.tokens) },
    ...(costUsd ? [{ title: 'cost', text: ({ loss }: BreakGroup) => savingText({ costUsd: loss.costUsd }), drop: 1 }] : []),
    ...(timeNs ? [{ title: 'time', text: ({ loss }: BreakGroup) => savingText({ timeNs: loss.timeNs }), drop: 2 }] : []),
  ]
}

/** Unknown stays unknown. */
function savingText({ costUsd, timeNs }: { costUsd?: BreakGroup['loss']['costUsd']; timeNs?: BreakGroup['loss']['timeNs'] }): string {
  return formatSaving({ ...(costUsd !== undefined && { costUsd }), ...(timeNs !== undefined && { timeNs }) })[0] ?? 'unknown'
}
