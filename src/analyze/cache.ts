import { isPartial } from '../model/marks.ts'
import type { Amount, CacheBreak, CacheLoss, CacheSide, CacheSummary } from '../model/analysis.ts'
import type { InputTokens } from '../model/usage.ts'
import { inputOf, type CacheInputs } from './cache-inputs.ts'
import { neverCached } from './cache-never.ts'
import { prefixChange, type PrefixChange } from './cache-prefix.ts'
import { cacheRules, RULES_DATE, type CacheRules } from './cache-rules.ts'
import { withStated } from './cache-stated.ts'
import { modelOf, type Call } from './calls.ts'
import { layoutOf } from './context-layout.ts'
import { secondsOfPrefill } from './latency.ts'
import { remembered } from './remembered.ts'
import { bytes } from './room.ts'

/** Fewer tokens than this, or than that share of what the cache held, are no break where a changed part explains them … */
const MIN_EXPLAINED_TOKENS = 500
const MIN_EXPLAINED_SHARE = 0.05
/** … and where nothing does. */
const MIN_UNEXPLAINED_TOKENS = 1_024
const MIN_UNEXPLAINED_SHARE = 0.1
/** How far a change may lie before the end of what was read, as a share of that: parts are placed by estimate. */
const PLACE_TOLERANCE = 0.15

/** A request beside the one that it goes on from. */
interface Pair {
  /** Index of the call. */
  readonly i: number
  readonly call: Call
  readonly before: Call
  readonly input: InputTokens
  readonly inputBefore: InputTokens
  readonly rules: CacheRules | undefined
  readonly isComparable: boolean
  /** One of the requests is known by its messages alone: its system text and tools may have changed unseen. */
  readonly isPartial: boolean
  readonly gapNs: number
}

/**
 * What prompt caches did: each request is held against the one that it goes on from, once that has ended. A break is only what
 * was paid for again: the provider's own count of what was read from a cache fell below what the cache held (Claude: read and
 * written before), or could have held where the provider caches by itself.
 */
export function cacheSummary(inputs: CacheInputs): CacheSummary | undefined {
  const { calls, conversations, timeline } = inputs
  const rulesOf = rulesByModel(calls)
  const everRead = new Set<string>()
  for (const call of calls) if ((inputOf(call)?.cacheRead ?? 0) > 0) everRead.add(modelOf(call.summary))
  const breaks: CacheBreak[] = []
  const compared = bytes(calls.length)
  let count = 0
  calls.forEach((call, i) => {
    const p = conversations.previous[i]!
    const before = p === -1 ? undefined : calls[p]!
    const input = inputOf(call)
    const inputBefore = before && inputOf(before)
    if (before === undefined || input === undefined || inputBefore === undefined) return
    count++
    compared[i] = compared[p] = 1
    const gapNs = timeline.start[call.span]! - timeline.end[before.span]!
    const rules = rulesOf(before)
    const isComparable = conversations.isComparable[i]!
    const partial = isPartial(timeline.spans[call.span]!) || isPartial(timeline.spans[before.span]!)
    const found = findBreak(inputs, { i, call, before, input, inputBefore, rules, isComparable, isPartial: partial, gapNs }, everRead)
    if (found !== undefined) breaks.push(found)
  })
  if (count === 0) return undefined
  const sums = { read: 0, total: 0 }
  for (let i = 0; i < calls.length; i++) {
    if (compared[i] === 0) continue
    sums.read += inputOf(calls[i]!)!.cacheRead
    sums.total += inputOf(calls[i]!)!.total
  }
  const of = (side: CacheSide): CacheLoss => lossOf(breaks.filter((one) => one.side === side))
  return {
    compared: count,
    breaks,
    readShare: sums.total === 0 ? 0 : sums.read / sums.total,
    lost: lossOf(breaks),
    bySide: { actionable: of('actionable'), provider: of('provider'), unknown: of('unknown') },
    neverCached: neverCached(inputs, rulesOf, new Set(breaks.map(({ call }) => call))),
    rules: RULES_DATE,
  }
}

const NO_TTLS: ReadonlySet<string> = new Set()

/** Lifetimes by what the usage of the model's calls named. */
function rulesByModel(calls: readonly Call[]): (call: Call) => CacheRules | undefined {
  const ttls = new Map<string, Set<string>>()
  for (const { summary } of calls) {
    const byTtl = summary.usage?.input?.cacheWriteByTtl
    if (byTtl === undefined) continue
    const model = modelOf(summary)
    if (!ttls.has(model)) ttls.set(model, new Set())
    for (const [ttl, tokens] of Object.entries(byTtl)) if (tokens > 0) ttls.get(model)!.add(ttl)
  }
  const ofProvider = remembered((provider) => remembered((model) => ({ rules: cacheRules(provider, model, ttls.get(model) ?? NO_TTLS) })))
  return ({ summary }) => ofProvider(summary.provider)(modelOf(summary)).rules
}

/** What a cache held after that request: what it read and wrote; all of its whole blocks where the provider caches by itself. */
function heldAfter(input: InputTokens, rules: CacheRules | undefined): number {
  const told = input.cacheRead + input.cacheWrite
  if (rules === undefined || !rules.automatic || input.total < rules.minimumTokens) return told
  return Math.max(told, Math.floor(input.total / rules.blockTokens) * rules.blockTokens)
}

function findBreak(inputs: CacheInputs, pair: Pair, everRead: ReadonlySet<string>): CacheBreak | undefined {
  const { trace, timeline, weights, prices, latency } = inputs
  const { call, before, input, inputBefore, rules, isComparable, gapNs } = pair
  const held = heldAfter(inputBefore, rules)
  if (held - input.cacheRead < MIN_EXPLAINED_TOKENS) return undefined
  const partsOf = ({ request }: Call): readonly number[] => request
  const change = isComparable ? prefixChange(trace, partsOf(before), partsOf(call)) : undefined
  // A context that became shorter is another one: what of it is the same cannot be seen without its parts.
  if ((!isComparable || (pair.isPartial && change === undefined)) && input.total < held) return undefined
  const layout = change === undefined ? undefined : layoutOf(trace, timeline, call, weights)
  let place = Infinity
  let same = input.total
  // Where less was read than what a transcript does not hold, that may have changed. What was merely taken back stood in the cache up to there.
  let seenFrom = Infinity
  if (change !== undefined && layout !== undefined) {
    place = layout.at[Math.min(change.part.index, layout.parts.length)]!
    seenFrom = change.again.length === 0 ? place : layout.kept
    same = change.again.reduce((sum, at) => sum + layout.at[at + 1]! - layout.at[at]!, place)
  }
  const tokens = Math.floor(Math.min(held, same, input.total) - input.cacheRead)
  const explains = change !== undefined && input.cacheRead <= place * (1 + PLACE_TOLERANCE) + 128
    && (!pair.isPartial || input.cacheRead >= seenFrom * (1 - PLACE_TOLERANCE) - 128)
  const stillHeldBy = stillHeld(inputs, pair, held)
  const judged = judge(pair, stillHeldBy, explains ? change : undefined, partsOf(call).length - partsOf(before).length)
  const isExplained = judged.side === 'actionable'
  if (tokens < (isExplained ? MIN_EXPLAINED_TOKENS : MIN_UNEXPLAINED_TOKENS)) return undefined
  if (tokens < held * (isExplained ? MIN_EXPLAINED_SHARE : MIN_UNEXPLAINED_SHARE)) return undefined
  // A provider that caches by itself may not do so for this account: then there is nothing to explain.
  if (!isExplained && rules?.automatic === true && !everRead.has(modelOf(call.summary))) return undefined

  const costUsd = prices.savedByReading(call, tokens)
  const prefill = secondsOfPrefill(latency, modelOf(call.summary), tokens)
  return {
    spanId: call.summary.spanId,
    call: call.summary.number,
    previousCall: before.summary.number,
    ...withStated(judged, timeline.spans[call.span]!.attributes),
    gapNs,
    ...(stillHeldBy !== undefined && { stillHeldBy }),
    cacheableTokens: held,
    readTokens: input.cacheRead,
    tokens,
    ...(costUsd !== undefined && { costUsd }),
    ...(prefill !== undefined && { timeNs: { low: within(call, prefill.low), high: within(call, prefill.high) } }),
  }
}

/** Nanoseconds of the call, of which no more can be saved than passed before its first token. */
const within = ({ summary: { ttftNs, durationNs } }: Call, seconds: number): number => Math.min(seconds * 1e9, ttftNs ?? durationNs)

type Judged = Pick<CacheBreak, 'cause' | 'side' | 'confidence' | 'part'>

/** How many later calls of a conversation are asked whether they read what this one did not find. */
const MAX_AHEAD = 8

/**
 * A later call that read from the cache exactly what this one missed, and not what this one wrote instead. Only where the
 * provider counts what it caches to the token.
 */
function stillHeld({ calls, conversations: { next } }: CacheInputs, { i, input, rules }: Pair, held: number): number | undefined {
  if (rules === undefined || rules.automatic || Math.abs(input.cacheRead + input.cacheWrite - held) < MIN_EXPLAINED_TOKENS) return undefined
  let at = i
  for (let seen = 0; seen < MAX_AHEAD; seen++) {
    at = next[at]!
    if (at === -1) return undefined
    if (inputOf(calls[at]!)?.cacheRead === held) return calls[at]!.summary.number
  }
  return undefined
}

/** The first cause that is sure to be one; each alone would have been enough. */
function judge(
  { call, before, rules, isComparable, isPartial: isUnsure, gapNs }: Pair, stillHeldBy: number | undefined, change: PrefixChange | undefined, newParts: number,
): Judged {
  if (!sameModel(call, before)) return { cause: 'model-changed', side: 'actionable', confidence: 'proven' }
  const expired: Judged = { cause: 'expired', side: 'actionable', confidence: 'likely' }
  const isHeld = stillHeldBy !== undefined
  if (!isHeld && rules !== undefined && gapNs > rules.lifetimeNs.atMost) return expired
  if (change !== undefined) return { cause: change.cause, side: 'actionable', confidence: isUnsure ? 'likely' : 'proven', part: change.part }
  if (!isHeld && rules !== undefined && gapNs + before.summary.durationNs > rules.lifetimeNs.atLeast) {
    return { ...expired, confidence: 'possible' }
  }
  if (!isComparable || isUnsure) return { cause: 'unknown', side: 'unknown', confidence: 'possible' }
  if (rules?.lookback !== undefined && newParts > rules.lookback) {
    return { cause: 'too-many-new-blocks', side: 'actionable', confidence: 'likely' }
  }
  return { cause: 'nothing-changed', side: 'provider', confidence: isHeld ? 'likely' : 'possible' }
}

/** An alias that was asked for is the same model; one that answered otherwise is not. */
function sameModel({ summary: a }: Call, { summary: b }: Call): boolean {
  if (a.responseModel !== undefined && b.responseModel !== undefined) return a.responseModel === b.responseModel
  return a.requestModel === undefined || b.requestModel === undefined || a.requestModel === b.requestModel
}

function lossOf(breaks: readonly CacheBreak[]): CacheLoss {
  const costs = breaks.flatMap(({ costUsd }) => costUsd ?? [])
  const times = breaks.flatMap(({ timeNs }) => timeNs ?? [])
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0)
  const bound = (which: 'low' | 'high') => (time: Amount): number => (typeof time === 'number' ? time : time[which])
  return {
    breaks: breaks.length,
    tokens: sum(breaks.map(({ tokens }) => tokens)),
    ...(costs.length > 0 && { costUsd: sum(costs) }),
    ...(times.length > 0 && { timeNs: { low: sum(times.map(bound('low'))), high: sum(times.map(bound('high'))) } }),
  }
}
