import type { Analysis, ContextCall, ContextGrowth, ContextPart, DefinitionUse, DuplicateContent, ResultStay } from '../../src/model/analysis.ts'
import type { Written } from './cache-words.ts'
import { formatCount, formatSaving, formatShare, formatWholeShare, plural } from './numbers.ts'

const kinds: Readonly<Record<string, string>> = {
  'system': 'system', 'tool-definition': 'tool definitions', 'user': 'user', 'assistant': 'assistant', 'tool-call': 'tool calls',
  'tool-result': 'tool results', 'reasoning': 'reasoning', 'other': 'other', 'rest': 'the rest',
}
/** A file may hold any word for a kind. */
export const kindText = (kind: string, written: Written): string => (Object.hasOwn(kinds, kind) ? kinds[kind]! : written(kind))

/** The fullest call, or the largest where no window is known. */
export function largestCall({ context: { peak, calls } }: Analysis): ContextCall | undefined {
  return peak ?? calls.reduce<ContextCall | undefined>(
    (most, call) => (most === undefined || call.usedTokens > most.usedTokens ? call : most), undefined)
}

export function peakText({ usedTokens, windowTokens, share, model, number }: ContextCall, written: Written): string {
  const where = `${written(model)}, call ${formatCount(number)}`
  return windowTokens === undefined || share === undefined
    ? `at most ${plural(usedTokens, 'token')} of an unknown window (${where})`
    : `peak ${formatShare(share)} of ${formatCount(windowTokens)}: ${plural(usedTokens, 'token')} (${where})`
}

/** `tool results 35 %`, the most first. One part alone is the whole, which is no news. */
export function compositionTexts({ composition: parts }: ContextCall, written: Written): string[] {
  const all = Object.entries(parts ?? {}).filter(([, tokens]) => tokens > 0).sort(([, a], [, b]) => b - a)
  const total = all.reduce((sum, [, tokens]) => sum + tokens, 0)
  return all.length < 2 ? [] : all.map(([kind, tokens]) => `${kindText(kind, written)} ${formatWholeShare(tokens / total)}`)
}

/** A line that explains less of the scatter says nothing of what comes. */
const MIN_FIT = 0.8
const MIN_TURNS = 5
/** Beyond this nobody waits for a window to be full. */
const MAX_TURNS_LEFT = 500

/** How the conversation with the most context grows; undefined where that follows no line. */
export function growthText({ context: { growth = [] } }: Analysis): string | undefined {
  const grown = growth.find(({ calls, fit, tokensPerTurn }) => calls.length >= MIN_TURNS && fit >= MIN_FIT && tokensPerTurn >= 1)
  return grown === undefined ? undefined : growthOf(grown)
}

export function growthOf({ calls, tokensPerTurn, turnsLeft }: ContextGrowth): string {
  const full = turnsLeft === undefined ? '' : turnsLeft > MAX_TURNS_LEFT ? '; far from full'
    : turnsLeft === 0 ? '; full with the next turn' : `; full ${plural(turnsLeft, 'turn')} after call ${formatCount(calls.at(-1) ?? 0)}`
  return `grows by ${plural(Math.round(tokensPerTurn), 'token')} a turn (calls ${calls[0] ?? 0} to ${calls.at(-1) ?? 0})${full}`
}

/** `Read result c1`, `definition of search`, `2 images` */
export function partText({ kind, name, media, count, callId }: ContextPart, written: Written): string {
  const id = callId === undefined ? '' : ` (${written(callId)})`
  const what = name === undefined ? kindText(kind, written)
    : kind === 'tool-definition' ? `definition of ${written(name)}` : kind === 'tool-result' ? `result of ${written(name)}${id}` : `${kindText(kind, written)}: ${written(name)}`
  return `${what}${media === undefined ? '' : `, ${written(media)}`}${count > 1 ? ` ×${formatCount(count)}` : ''}`
}

const money = (costUsd: number | undefined): string => (costUsd === undefined ? '' : formatSaving({ costUsd }).map((text) => `, ${text}`).join(''))

/** A result below this share of all input is not among what makes a context dear. */
const MIN_STAY = 0.01

/** The tool results whose stay was dearest, where staying cost anything to speak of. */
export function dearestStays({ context: { results = [] }, totals: { usage } }: Analysis, most: number): readonly ResultStay[] {
  return results.filter(({ turns, totalTokens }) => turns > 1 && totalTokens >= usage.input.total * MIN_STAY).slice(0, most)
}

/** `Read, calls 3 to 41: 4,300 tokens × 38 requests = 163,400 tokens (97 % cached), $0.12` */
export function stayText({ name, firstCall, lastCall, tokens, turns, totalTokens, cachedTokens, costUsd, repeated }: ResultStay, written: Written): string {
  const cached = cachedTokens > 0 && totalTokens > 0 ? ` (${formatWholeShare(cachedTokens / totalTokens)} cached)` : ''
  return `${name === undefined ? 'a tool' : written(name)}, calls ${firstCall} to ${lastCall}: ${plural(Math.round(tokens), 'token')} × ${turns} = `
    + `${formatCount(totalTokens)}${cached}${money(costUsd)}${repeated === false ? ', no value of it seen again' : ''}`
}

/** The tools that no answer asked for, in one text; undefined when each was called. */
export function uncalledText(definitions: readonly DefinitionUse[], written: Written): string | undefined {
  const idle = definitions.filter(({ timesCalled }) => timesCalled === 0)
  if (idle.length === 0) return undefined
  const tokens = idle.reduce((sum, { totalTokens }) => sum + totalTokens, 0)
  const costs = idle.flatMap(({ costUsd }) => costUsd ?? [])
  const cost = costs.length === idle.length ? costs.reduce((sum, usd) => sum + usd, 0) : undefined
  const named = idle.slice(0, 4).map(({ name }) => written(name)).join(', ')
  return `${formatCount(idle.length)} of ${plural(definitions.length, 'defined tool')} never called (${named}${idle.length > 4 ? ', …' : ''}): `
    + `${formatCount(tokens)} tokens over all requests${money(cost)}`
}

/** `system ×3 in calls 4 to 9: 1,200 tokens too many` */
export function duplicateText({ kind, name, copies, firstCall, lastCall, totalTokens, costUsd }: DuplicateContent, written: Written): string {
  const calls = firstCall === lastCall ? `call ${firstCall}` : `calls ${firstCall} to ${lastCall}`
  return `${kindText(kind, written)}${name === undefined ? '' : ` of ${written(name)}`}, ${copies} copies in ${calls}: `
    + `${formatCount(totalTokens)} tokens more than once${money(costUsd)}`
}
