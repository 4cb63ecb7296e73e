import type { CacheBreak, CacheCause, ChangedPart, Observation } from '../../model/analysis.ts'
import { formatDuration } from '../../model/units.ts'
import type { Facts } from '../facts.ts'
import { groupBy } from '../group-by.ts'
import { shorterBy, type Detection, type Detector } from './shared.ts'

/**
 * What a prompt cache had held and requests paid for again:
 *
 * - CACHE001: because the program changed something before it;
 * - CACHE002: because too much time had passed;
 * - CACHE003: nothing that the recording shows explains it. An observation: nobody is to blame without evidence.
 */
export const cacheBreaks: Detector = (facts) => {
  const breaks = facts.cache?.breaks ?? []
  const ours = breaks.filter(({ side, cause }) => side === 'actionable' && cause !== 'expired')
  const expired = breaks.filter(({ cause }) => cause === 'expired')
  const unexplained = breaks.filter(({ side }) => side !== 'actionable')
  return [
    ...[...groupBy(ours, kindOf).values()]
      .map((group) => finding(facts, 'CACHE001', group, `${what(group[0]!)} ${times(group)}`, ADVICE[group[0]!.cause])),
    ...(expired.length === 0 ? [] : [finding(facts, 'CACHE002', expired,
      `The prompt cache had expired ${times(expired)}, after a pause of up to ${formatDuration(longestGap(expired))}`, ADVICE.expired)]),
    ...observations(unexplained),
  ]
}

/** Equal for breaks that one finding is made of. */
function kindOf({ cause, part, stated }: CacheBreak): string {
  if (part === undefined && cause !== 'setting-changed') return cause
  return JSON.stringify([cause, part?.kind, part?.name, cause === 'setting-changed' && stated])
}

const finding = (facts: Facts, code: string, group: readonly CacheBreak[], title: string, advice: string): Detection => {
  const tokens = group.reduce((sum, one) => sum + one.tokens, 0)
  const costs = group.flatMap(({ costUsd }) => costUsd ?? [])
  const costUsd = costs.reduce((a, b) => a + b, 0)
  const timeNs = savedTime(facts, group)
  const isSure = group.every(({ confidence }) => confidence === 'proven')
  return {
    code,
    title: `${title}: ${count(tokens)} tokens paid for again`,
    spanIds: group.map(({ spanId }) => spanId),
    saving: {
      ...(timeNs !== undefined && { timeNs }),
      tokens,
      // Calls whose price is unknown may add to it, so that a sum over only some of them would be too low to call exact.
      ...(costs.length === group.length && { costUsd }),
    },
    confidence: isSure ? 'proven' : group.every(({ confidence }) => confidence !== 'possible') ? 'likely' : 'possible',
    advice,
    ...(timeNs !== undefined && { change: () => shorterBy(shorter(facts, group, 'high')) }),
  }
}

/** By simulation, at both ends of what reading the tokens anew took. */
function savedTime(facts: Facts, group: readonly CacheBreak[]): { low: number; high: number } | undefined {
  if (group.every(({ timeNs }) => timeNs === undefined)) return undefined
  const saved = (which: 'low' | 'high'): number => facts.simulator.saved({ shorter: shorter(facts, group, which) })
  const low = saved('low')
  return { low, high: Math.max(low, saved('high')) }
}

function shorter({ timeline: { byId } }: Facts, group: readonly CacheBreak[], which: 'low' | 'high'): Map<number, number> {
  return new Map(group.flatMap(({ spanId, timeNs }) =>
    (timeNs === undefined ? [] : [[byId.get(spanId)!, Math.round(typeof timeNs === 'number' ? timeNs : timeNs[which])] as const])))
}

function observations(breaks: readonly CacheBreak[]): Observation[] {
  return (['provider', 'unknown'] as const).flatMap((side) => {
    const group = breaks.filter((one) => one.side === side)
    if (group.length === 0) return []
    const tokens = group.reduce((sum, one) => sum + one.tokens, 0)
    const came = group.filter(({ stillHeldBy }) => stillHeldBy !== undefined).length
    const back = came === 0 ? '' : `; ${came} of them missed what a later call still read`
    return [{
      code: 'CACHE003',
      title: `The cache gave less than it held ${times(group)}, and ${WHY[side]}: ${count(tokens)} tokens paid for again${back}`,
      spanIds: group.map(({ spanId }) => spanId),
      advice: side === 'provider'
        ? 'Caches are served as far as the provider can: another machine or region may have answered. Settings that are not recorded '
          + '(tool choice, thinking, a cache key) are the other thing to look at.'
        : 'Record the requests themselves (a wrapped client) to see whether they changed; a transcript does not hold them.',
    }]
  })
}

const WHY = {
  provider: 'the requests had not changed',
  unknown: 'the recording does not show why',
} as const

function what({ cause, part, stated }: CacheBreak): string {
  const tool = part?.name === undefined ? 'a tool' : `the tool ${part.name}`
  const place = part?.offset === undefined ? '' : ` after ${count(part.offset)} characters`
  const message = describe(part)
  switch (cause) {
    case 'model-changed': return 'The model changed and its cache was another one'
    case 'tool-added': return `${tool[0]!.toUpperCase()}${tool.slice(1)} was added`
    case 'tool-removed': return `${tool[0]!.toUpperCase()}${tool.slice(1)} was removed`
    case 'tool-changed': return `The definition of ${tool} changed`
    case 'tools-reordered': return `The order of the tools changed, from ${tool} on`
    case 'system-changed': return `The system text changed${place}`
    case 'message-edited': return `An earlier message changed (${message}${place})`
    case 'message-dropped': return `Earlier messages were dropped (from ${message} on)`
    case 'message-inserted': return `Messages were inserted before others (${message})`
    case 'history-rewritten': return `The history was rewritten from ${message} on`
    case 'too-many-new-blocks': return 'More than 20 blocks were added at once, further than a cache breakpoint looks back'
    case 'setting-changed': return `A setting changed (${stated?.reason ?? 'by the provider'})`
    default: return 'The prompt cache was not read'
  }
}

function describe(part: ChangedPart | undefined): string {
  if (part === undefined) return 'by the provider'
  const of = part.kind === 'tool-result' && part.name !== undefined ? ` of ${part.name}` : ''
  return `part ${part.index + 1}, ${part.kind}${of}`
}

const APPEND = 'Only add to the end of a conversation: put what changes into the newest message, and shorten old ones seldom and in one go.'
const TOOLS = 'Send the same tools in the same order with every request, and hide one by the choice of tools (tool_choice) if need be.'

const ADVICE: Readonly<Record<CacheCause, string>> = {
  'model-changed': 'Each model has a cache of its own: stay with one in a conversation, or give side questions to the other without the history.',
  'tool-added': TOOLS,
  'tool-removed': TOOLS,
  'tool-changed': `${TOOLS} Look for what is computed in its description, such as dates or lists.`,
  'tools-reordered': `${TOOLS} Sort them by name.`,
  'system-changed': 'Move what changes (the time, the user, the state) out of the system text into the newest message.',
  'message-edited': APPEND,
  'message-dropped': APPEND,
  'message-inserted': APPEND,
  'history-rewritten': APPEND,
  'expired': 'Where pauses are part of the work, ask for a longer lifetime (Claude: ttl 1h; it costs more to write), or repeat the prefix in time.',
  'too-many-new-blocks': 'Set a second cache breakpoint about every 15 blocks, so that one of them is near what was cached before.',
  'setting-changed': 'Send the same settings with every request of a conversation.',
  'nothing-changed': '',
  'unknown': '',
}

const times = ({ length }: readonly unknown[]): string => (length === 1 ? 'once' : `${length} times`)
const count = (value: number): string => value.toLocaleString('en-US')
const longestGap = (group: readonly CacheBreak[]): number => group.reduce((most, { gapNs }) => Math.max(most, gapNs), 0)
