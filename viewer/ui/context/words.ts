import { causeText } from '../../../reports/shared/cache-words.ts'
import { compositionTexts } from '../../../reports/shared/context-words.ts'
import { formatCount, formatSaving, formatShare, formatUsd, plural } from '../../../reports/shared/numbers.ts'
import { cleanName } from '../../../reports/shared/text.ts'
import type { CacheBreak, CacheCause, CacheSide, ContextCall } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'
import type { ContextColumn } from './columns.ts'

/** `tool search changed` */
export const whyText = (broke: CacheBreak): string =>
  (broke.cause === 'unknown' ? 'unknown cause' : broke.cause === 'nothing-changed' ? 'nothing had changed' : causeText(broke, cleanName))

/** `tool search changed: 12,300 tokens paid again, $0.03` */
export function breakText(broke: CacheBreak): string {
  const cost = broke.costUsd === undefined ? '' : `, ${formatUsd(broke.costUsd)}`
  const time = broke.timeNs === undefined ? '' : `, ${formatSaving({ timeNs: broke.timeNs }).join('')}`
  return `${whyText(broke)}: ${plural(broke.tokens, 'token')} paid again${cost}${time}`
}

const usedText = ({ usedTokens, windowTokens, share }: ContextCall): string =>
  windowTokens === undefined || share === undefined ? plural(usedTokens, 'token') : `${plural(usedTokens, 'token')}, ${formatShare(share)} of ${formatCount(windowTokens)}`

/** What is said of a column: what it is, then what it is made of, then what its cache did. */
export function columnTexts({ call, broke }: ContextColumn): { readonly title: string; readonly lines: readonly string[]; readonly broke?: string } {
  const { input, number, model } = call
  const made = compositionTexts(call, cleanName)
  const cached = input === undefined || input.total === 0 ? undefined
    : input.cacheRead === 0 ? 'nothing read from a cache' : `${formatShare(input.cacheRead / input.total)} of the input read from the cache`
  return {
    title: `Call ${formatCount(number)}, ${cleanName(model)}: ${usedText(call)}`,
    lines: [...(made.length > 0 ? [made.join(', ')] : []), ...(cached === undefined ? [] : [cached])],
    ...(broke !== undefined && { broke: `The cached prefix broke after ${plural(broke.readTokens, 'token')}: ${breakText(broke)}` }),
  }
}

export const sideText: Readonly<Record<CacheSide, string>> = { actionable: 'yours', provider: "provider's", unknown: 'unknown' }

const APPEND = 'Only add to the end; put what changes into the newest message.'
const TOOLS = 'Send the same tools in the same order with every request.'

const todo: Readonly<Record<CacheCause, string>> = {
  'model-changed': 'Stay with one model in a conversation.',
  'tool-added': TOOLS,
  'tool-removed': TOOLS,
  'tool-changed': 'Keep what is computed (dates, lists) out of the definition.',
  'tools-reordered': `${TOOLS} Sort them by name.`,
  'system-changed': 'Move what changes out of the system text into the newest message.',
  'message-edited': APPEND,
  'message-dropped': 'Shorten old messages seldom, and in one go.',
  'message-inserted': APPEND,
  'history-rewritten': APPEND,
  'expired': 'Ask for a longer lifetime, or repeat the prefix in time.',
  'too-many-new-blocks': 'Set a second cache breakpoint about every 15 blocks.',
  'setting-changed': 'Send the same settings with every request.',
  'nothing-changed': 'Nothing: the requests had not changed.',
  'unknown': 'Record the requests themselves to see whether they changed.',
}

/** What to do, in one line. */
export const todoText = ({ cause, gapNs }: CacheBreak): string => (cause === 'expired' ? `${todo.expired} The pause took ${formatDuration(gapNs)}.` : todo[cause])
