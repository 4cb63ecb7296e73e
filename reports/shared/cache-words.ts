import type { CacheBreak, CacheLoss, CacheSummary, ChangedPart } from '../../src/model/analysis.ts'
import { formatSaving, formatCount } from './numbers.ts'

/** How a name of the run's own is written: clean for a terminal, escaped for Markdown. */
export type Written = (name: string) => string

/** What changed, and at which part of the request. */
export function causeText({ cause, part, stated }: CacheBreak, written: Written): string {
  const tool = part?.name === undefined ? 'a tool' : `tool ${written(part.name)}`
  const offset = part?.offset === undefined ? '' : ` after ${formatCount(part.offset)} characters`
  switch (cause) {
    case 'model-changed': return 'a change of model'
    case 'tool-added': return `${tool} added`
    case 'tool-removed': return `${tool} removed`
    case 'tool-changed': return `${tool} changed`
    case 'tools-reordered': return `order of tools, from ${tool} on`
    case 'system-changed': return `system text changed${offset}`
    case 'message-edited': return `message changed: ${place(part, written)}${offset}`
    case 'message-dropped': return `messages dropped from ${place(part, written)}`
    case 'message-inserted': return `messages inserted at ${place(part, written)}`
    case 'history-rewritten': return `history rewritten from ${place(part, written)}`
    case 'expired': return 'expired in a pause'
    case 'too-many-new-blocks': return 'over 20 new blocks at once'
    case 'setting-changed': return `a setting changed: ${written(stated?.reason ?? 'which one is unknown')}`
    case 'nothing-changed': return 'nothing changed'
    case 'unknown': return 'not recorded'
  }
}

const kinds: ReadonlySet<string> = new Set(['system', 'tool-definition', 'user', 'assistant', 'tool-call', 'tool-result', 'reasoning', 'other'])

function place(part: ChangedPart | undefined, written: Written): string {
  if (part === undefined) return 'an unknown part'
  return `part ${formatCount(part.index + 1)}, ${kinds.has(part.kind) ? part.kind.replaceAll('-', ' ') : written(part.kind)}${part.name === undefined ? '' : ` of ${written(part.name)}`}`
}

/** Breaks of one cause at one place. */
export interface BreakGroup {
  readonly text: string
  readonly calls: readonly number[]
  readonly spanIds: readonly string[]
  readonly loss: CacheLoss
}

/** What somebody can do something about, by cause and place, the most tokens first. */
export function actionableBreaks({ breaks }: CacheSummary, written: Written): BreakGroup[] {
  const groups = new Map<string, CacheBreak[]>()
  for (const one of breaks) {
    if (one.side !== 'actionable') continue
    const text = causeText(one, written)
    const known = groups.get(text)
    if (known === undefined) groups.set(text, [one])
    else known.push(one)
  }
  return [...groups].map(([text, of]) => ({
    text, calls: of.map(({ call }) => call), spanIds: of.map(({ spanId }) => spanId), loss: lossOf(of),
  })).sort((a, b) => b.loss.tokens - a.loss.tokens)
}

function lossOf(breaks: readonly CacheBreak[]): CacheLoss {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)
  const costs = breaks.flatMap(({ costUsd }) => costUsd ?? [])
  const times = breaks.flatMap(({ timeNs }) => timeNs ?? [])
  const bound = (which: 'low' | 'high'): number => sum(times.map((time) => (typeof time === 'number' ? time : time[which])))
  return {
    breaks: breaks.length,
    tokens: sum(breaks.map(({ tokens }) => tokens)),
    ...(costs.length === breaks.length && { costUsd: sum(costs) }),
    ...(times.length === breaks.length && { timeNs: { low: bound('low'), high: bound('high') } }),
  }
}

/** `12,430 tokens, $0.53, 1.2 to 3.4 s`: money and time where they are known. */
export const lossText = ({ tokens, costUsd, timeNs }: Omit<CacheLoss, 'breaks'>): string =>
  [...formatSaving({ tokens, ...(costUsd !== undefined && { costUsd }) }), ...formatSaving(timeNs === undefined ? {} : { timeNs })].join(', ')

const SHOWN = 3

/** `3, 5, 7 +8` */
export const numberList = (numbers: readonly number[]): string =>
  numbers.slice(0, SHOWN).map(formatCount).join(', ') + (numbers.length > SHOWN ? ` +${numbers.length - SHOWN}` : '')

/** `calls 3, 5, 7 +8` */
const callList = (numbers: readonly number[]): string => `call${numbers.length === 1 ? '' : 's'} ${numberList(numbers)}`

/** What nobody is blamed for: the provider's side, and what was not seen; a text each. */
export function unexplained({ breaks, bySide }: CacheSummary): string[] {
  return (['provider', 'unknown'] as const).flatMap((side) => {
    const { breaks: count, ...loss } = bySide[side]
    if (count === 0) return []
    const calls = breaks.filter((one) => one.side === side).map(({ call }) => call)
    const why = side === 'provider' ? 'nothing in the requests explains it' : 'the recording does not show why'
    return [`${callList(calls)} paid again for ${lossText(loss)}: ${why}`]
  })
}

/** Far below what a cache takes, nothing can be done and nothing was lost. */
const NEARLY = 0.5

/** Conversations that no cache served although one could have, or nearly, a text each. */
export function neverCachedTexts({ neverCached }: CacheSummary, written: Written): string[] {
  return neverCached.filter(({ cause, prefixTokens, minimumTokens = 0 }) => cause !== 'below-minimum' || prefixTokens >= minimumTokens * NEARLY).map(({ cause, model, calls, prefixTokens, minimumTokens, tokens, savingUsd }) => {
    const who = `${written(model)} (${callList(calls)})`
    switch (cause) {
      case 'below-minimum':
        return `${who}: ${formatCount(prefixTokens)} tokens repeat, fewer than ${minimumTokens === undefined ? 'a cache takes' : `the ${formatCount(minimumTokens)} that its cache takes`}`
      case 'no-breakpoint':
        return `${who}: nothing was marked to be cached, ${lossText({ tokens, ...(savingUsd !== undefined && { costUsd: savingUsd }) })} could be saved`
      case 'unknown':
        return `${who}: no cache was read, although ${formatCount(prefixTokens)} tokens repeat`
    }
  })
}
