import type { Analysis, ContextPart, PrefillLatency } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { actionableBreaks, lossText, neverCachedTexts, numberList, unexplained, type BreakGroup } from '../shared/cache-words.ts'
import {
  compositionTexts, dearestStays, duplicateText, growthText, largestCall, partText, peakText, stayText, uncalledText,
} from '../shared/context-words.ts'
import { costShares, costTotal } from '../shared/cost-words.ts'
import { handlesFor } from '../shared/handles.ts'
import { markdownCode, markdownTable } from '../shared/markdown.ts'
import { formatAmount, formatCount, formatShare, formatUsd, formatWholeShare, plural } from '../shared/numbers.ts'
import { llmTime, modelOf, phasesOfCall } from '../shared/phases.ts'
import { bullets, folded, number, short, withMore } from './cells.ts'

const MAX_BREAKS = 12
const MAX_STAYS = 10
const MAX_PARTS = 12
const MAX_DUPLICATES = 5
const MAX_LATENCIES = 10

/** The calls of models taken apart. */
export function llmDetails(analysis: Analysis): string {
  const time = llmTime(analysis)
  if (time === undefined) return ''
  const { phases, calls, callNs, gaps, slowest, speed } = time
  const table = phases.length === 0 ? '' : markdownTable(['time of the calls', 'time', 'share', 'p50', 'max'], phases.map((phase) => [
    phase.name, formatDuration(phase.timeNs), number(formatWholeShare(phase.share)), formatDuration(phase.p50Ns), formatDuration(phase.maxNs),
  ]))
  const stretches = phasesOfCall(slowest).map(({ name, timeNs }) => `${name} ${formatDuration(timeNs)}`).join(', ')
  const handle = handlesFor([slowest.spanId], analysis.spans).get(slowest.spanId) ?? ''
  const notes = [
    `slowest: call ${formatCount(slowest.number)} (${markdownCode(modelOf(slowest))}) ${formatDuration(slowest.durationNs)}`
      + `${stretches === '' ? '' : `: ${stretches}`} (span ${markdownCode(handle)})`,
    ...(speed === undefined ? [] : [`decode at ${formatCount(speed)} tokens per second (p50)`]),
    ...(gaps === undefined ? [] : [`between calls: ${formatDuration(gaps.timeNs)} in ${plural(gaps.count, 'gap')}, up to `
      + `${formatDuration(gaps.longest.gapNs ?? 0)} before call ${formatCount(gaps.longest.number)}, in which nothing recorded ran`]),
  ]
  const isWorth = phases.length > 0 || gaps !== undefined || calls > 1
  return isWorth ? folded(`LLM time: ${formatDuration(callNs)} in ${plural(calls, 'call')}`, [table, bullets(notes), latency(analysis)]) : ''
}

function latency({ latency: all }: Analysis): string {
  const shown = all.slice(0, MAX_LATENCIES)
  if (!shown.some(({ fit }) => fit !== undefined)) return ''
  const row = ({ model, calls, tokens, fit, reason = '' }: PrefillLatency): string[] => [
    markdownCode(model), formatCount(calls), `${formatCount(tokens.low)} to ${formatCount(tokens.high)}`,
    fit === undefined ? '–' : formatDuration(fit.interceptNs),
    fit === undefined ? short(reason) : formatDuration(fit.nsPerThousandTokens),
    fit === undefined ? '–' : fit.interval.low < 0
      ? `below ${formatDuration(Math.max(0, fit.interval.high))}` : formatAmount(fit.interval, formatDuration),
  ]
  return markdownTable(['time to first token', 'n', 'uncached tokens', 'with none', 'per 1,000', '95 % interval'], shown.map(row))
}

/** What the caches served, what was paid again and for which reason. */
export function cacheDetails({ cache }: Analysis): string {
  if (cache === undefined) return ''
  const { breaks, readShare, compared, rules } = cache
  const never = neverCachedTexts(cache, markdownCode)
  if (breaks.length === 0 && never.length === 0 && readShare === 0) return ''
  const groups = actionableBreaks(cache, markdownCode)
  const isTimed = groups.some(({ loss }) => loss.timeNs !== undefined)
  const row = ({ text, calls, loss: { tokens, costUsd, timeNs } }: BreakGroup): string[] => [
    text, numberList(calls), formatCount(tokens),
    number(costUsd === undefined ? 'unknown' : formatUsd(costUsd)),
    ...(isTimed ? [timeNs === undefined ? 'unknown' : formatAmount(timeNs, formatDuration)] : []),
  ]
  const table = groups.length === 0 ? ''
    : withMore(markdownTable(['broken by', 'calls', 'tokens paid again', 'cost', ...(isTimed ? ['time'] : [])], groups.slice(0, MAX_BREAKS).map(row)),
      groups.length - MAX_BREAKS, 'causes')
  const lost = cache.bySide.actionable.breaks === 0 ? '' : `, changes lost ${lossText(cache.bySide.actionable)}`
  return folded(`Prompt cache: ${formatShare(readShare)} of the input read from it${lost}`, [
    table, bullets([...unexplained(cache).map(number), ...never.map(number)]), `<sub>${plural(compared, 'request')} compared · rules of ${short(rules)}</sub>`,
  ])
}

/** What the fullest request is made of, how the context grows, and what was dear in it. */
export function contextDetails(analysis: Analysis): string {
  const { context: { definitions = [], duplicates = [] } } = analysis
  const largest = largestCall(analysis)
  if (largest === undefined) return ''
  const parts = (largest.parts ?? []).slice(0, MAX_PARTS)
  const total = (largest.parts ?? []).reduce((sum, { tokens }) => sum + tokens, 0)
  const row = (part: ContextPart): string[] =>
    [partText(part, markdownCode), formatCount(part.tokens), number(formatWholeShare(total === 0 ? 0 : part.tokens / total))]
  const composition = compositionTexts(largest, markdownCode).join(' · ')
  const uncalled = uncalledText(definitions, markdownCode)
  const growth = growthText(analysis)
  const notes = [
    ...(composition === '' ? [] : [composition]),
    ...[growth, uncalled].flatMap((text) => text ?? []),
    ...dearestStays(analysis, MAX_STAYS).map((stay) => `result of ${stayText(stay, markdownCode)}`),
    ...duplicates.slice(0, MAX_DUPLICATES).map((one) => duplicateText(one, markdownCode)),
  ]
  if (notes.length === 0 && parts.length < 2) return ''
  const { share, usedTokens } = largest
  return folded(`Context: ${share === undefined ? plural(usedTokens, 'token') : `${formatShare(share)} of the window`} at its peak`, [
    bullets([peakText(largest, markdownCode), ...notes].map(number)), parts.length < 2 ? '' : markdownTable([`call ${formatCount(largest.number)} is made of`, 'tokens', 'share'], parts.map(row)),
  ])
}

/** What was paid for what. */
export function costDetails(analysis: Analysis): string {
  const shares = costShares(analysis)
  if (shares.length < 2) return ''
  const rows = shares.map(({ name, usd, share }) => [name, number(formatUsd(usd)), number(formatWholeShare(share))])
  return `${markdownTable(['paid for', 'cost', 'share'], [...rows, ['**all**', number(costTotal(analysis)), '100 %']])}`
}
