import type { NeverCached } from '../model/analysis.ts'
import { inputOf, type CacheInputs } from './cache-inputs.ts'
import type { CacheRules } from './cache-rules.ts'
import { modelOf, type Call } from './calls.ts'
import { layoutOf } from './context-layout.ts'

/**
 * Conversations of at least two requests, none of which read or wrote a cache, with models whose rules are known. A cache that was
 * asked for always reads or writes something, so Claude's usage tells that nothing was marked.
 * @param broken numbers of calls whose miss is explained already
 */
export function neverCached(
  inputs: CacheInputs, rulesOf: (call: Call) => CacheRules | undefined, broken: ReadonlySet<number>,
): NeverCached[] {
  const { calls, conversations: { first, previous } } = inputs
  const groups = new Map<number, number[]>()
  calls.forEach((call, i) => {
    if (inputOf(call) === undefined || (previous[i] === -1 && first[i] !== i)) return
    const group = groups.get(first[i]!)
    if (group === undefined) groups.set(first[i]!, [i])
    else group.push(i)
  })
  return [...groups.values()].flatMap((members) => {
    const isUncached = members.every((i) => {
      const { cacheRead, cacheWrite } = inputOf(calls[i]!)!
      return cacheRead + cacheWrite === 0 && !broken.has(calls[i]!.summary.number)
    })
    if (members.length < 2 || !isUncached) return []
    const rules = rulesOf(calls[members[0]!]!)
    const isOneModel = new Set(members.map((i) => modelOf(calls[i]!.summary))).size === 1
    return !isOneModel || rules === undefined ? [] : (describe(inputs, members, rules) ?? [])
  })
}

function describe(inputs: CacheInputs, members: readonly number[], rules: CacheRules): NeverCached | undefined {
  const { calls, conversations: { previous } } = inputs
  const repeated = members.map((i) => ({ i, tokens: previous[i] === -1 ? 0 : repeatedTokens(inputs, i, previous[i]!) }))
  const prefixTokens = repeated.reduce((most, { tokens }) => Math.max(most, tokens), 0)
  if (prefixTokens === 0) return undefined
  const isShort = prefixTokens < rules.minimumTokens
  const cacheable = repeated.map(({ i, tokens }) => ({ i, tokens: tokens >= rules.minimumTokens ? tokens : 0 }))
  const savingUsd = isShort || rules.automatic ? undefined : savingOf(inputs, cacheable, rules)
  return {
    cause: isShort ? 'below-minimum' : rules.automatic ? 'unknown' : 'no-breakpoint',
    confidence: rules.automatic && !isShort ? 'possible' : 'likely',
    model: modelOf(calls[members[0]!]!.summary),
    calls: members.map((i) => calls[i]!.summary.number),
    prefixTokens,
    minimumTokens: rules.minimumTokens,
    tokens: (isShort ? repeated : cacheable).reduce((sum, { tokens }) => sum + tokens, 0),
    ...(savingUsd !== undefined && savingUsd > 0 && { savingUsd }),
  }
}

/** What a request repeats of the one before it, from its beginning on. */
function repeatedTokens({ trace, timeline, calls, conversations, weights }: CacheInputs, i: number, p: number): number {
  const total = Math.min(inputOf(calls[i]!)!.total, inputOf(calls[p]!)?.total ?? 0)
  if (!conversations.isComparable[i]) return total
  const layout = layoutOf(trace, timeline, calls[i]!, weights)
  const before = calls[p]!.request
  if (layout === undefined) return total
  let at = 0
  while (at < before.length && before[at] === layout.parts[at]) at++
  return Math.min(total, Math.floor(layout.at[at]!))
}

/** With all of each request written to the cache, and what it repeats read from it. */
function savingOf({ calls, prices }: CacheInputs, repeated: readonly { i: number; tokens: number }[], rules: CacheRules): number | undefined {
  let saved = 0
  for (const { i, tokens } of repeated) {
    const input = inputOf(calls[i]!)!
    const paid = prices.of(calls[i]!, input)
    const rest = input.total - tokens
    const isLongEnough = input.total >= rules.minimumTokens
    const cached = isLongEnough
      ? prices.of(calls[i]!, { total: input.total, uncached: 0, cacheRead: tokens, cacheWrite: rest })
      : paid
    if (paid === undefined || cached === undefined) return undefined
    saved += paid - cached
  }
  return saved
}
