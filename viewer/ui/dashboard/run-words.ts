import type { FindingSummary, RunSummary } from '../../api.ts'
import { formatCount, formatSaving, formatShare, formatUsd, formatWholeShare } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'

/** A run of the list in words and figures. */

const MINUTE = 60_000
const HOUR = 60 * MINUTE
const DAY = 24 * HOUR

/** `just now`, `5 min ago`, `3 h ago`, `2 days ago`; undefined from thirty days on, when the date says more, and for the future. */
export function formatAgo(epochMs: number, nowEpochMs: number): string | undefined {
  const ms = nowEpochMs - epochMs
  if (!Number.isFinite(ms) || ms < -MINUTE || ms >= 30 * DAY) return undefined
  if (ms < 45_000) return 'just now'
  if (ms < HOUR) return `${Math.max(1, Math.floor(ms / MINUTE))} min ago`
  if (ms < DAY) return `${Math.floor(ms / HOUR)} h ago`
  const days = Math.floor(ms / DAY)
  return days === 1 ? 'yesterday' : `${days} days ago`
}

export const costText = ({ costUsd, llmCalls }: Pick<RunSummary, 'costUsd' | 'llmCalls'>): string =>
  (costUsd !== undefined ? formatUsd(costUsd) : llmCalls > 0 ? 'unknown' : '–')

/** `12,340 → 1,203`: in and out. */
export function tokenTexts({ inputTokens, cachedTokens, outputTokens }: Pick<RunSummary, 'inputTokens' | 'cachedTokens' | 'outputTokens'>): { readonly input: string; readonly output: string; readonly cached: string } {
  return {
    input: inputTokens === undefined ? '–' : compact(inputTokens),
    output: outputTokens === undefined ? '–' : compact(outputTokens),
    cached: cachedTokens === undefined || cachedTokens === 0 || inputTokens === undefined || inputTokens === 0 ? '' : `${formatShare(Math.min(1, cachedTokens / inputTokens))} cached`,
  }
}

/** `940`, `12.3k`, `4.56M`: for columns; the exact figure is in the run. */
export function compact(count: number): string {
  if (count < 10_000) return formatCount(count)
  if (count < 999_500) return `${Number((count / 1_000).toPrecision(3))}k`
  return `${Number((count / 1_000_000).toPrecision(3))}M`
}

/** What the finding saves first of all: time, else tokens, else money; `100–400 ms`. */
export const savingText = ({ saving }: Pick<FindingSummary, 'saving'>): string => (formatSaving(saving)[0] ?? '').replace(/^(\S*\d\S*(?: \S+)?) to /, '$1–')

/** `llm 64 %, tool 30 %`, largest first. */
export function categoriesText(categories: RunSummary['categories']): string {
  const sum = categories.reduce((total, { wallNs }) => total + wallNs, 0)
  return [...categories].sort((a, b) => b.wallNs - a.wallNs).filter(({ wallNs }) => wallNs > 0)
    .map(({ category, wallNs }) => `${cleanName(category || 'internal')} ${formatWholeShare(wallNs / sum)}`).join(', ')
}
