import { addUsage, NO_USAGE, type Usage } from '../../model/usage.ts'
import { formatUsd } from '../amounts.ts'
import { modelOf, type Call } from '../calls.ts'
import { pricedAs } from '../cost-parts.ts'
import type { Facts } from '../facts.ts'
import { groupBy } from '../group-by.ts'
import { byText } from '../totals.ts'
import type { Detector } from './shared.ts'

/** A run that cost less than this is not worth the comparison. */
const MIN_USD = 0.01
const SHOWN = 3
/** Models that are looked at, the cheapest first, until so many can be priced for every call. */
const TRIED = 12

/**
 * COST001: what the run's tokens cost at the prices of other models of the same provider. Of those whose context window holds
 * the largest call, the cheapest three. Calls whose counts are not complete are left out, and that is said. Never advice: another model counts other tokens and gives other answers.
 */
export const otherModels: Detector = (facts) => {
  const priced = facts.calls.filter(({ isEmbedding, estimate, summary }) =>
    !isEmbedding && estimate === undefined && summary.costUsd !== undefined && summary.usage !== undefined)
  return [...groupBy(priced, ({ summary }) => summary.provider)].flatMap(([provider, all]) => {
    const calls = all.filter(({ summary }) => summary.usage!.complete)
    const left = all.length - calls.length
    const paid = usdOf(calls)
    const others = paid < MIN_USD ? [] : cheapest(facts, provider, calls)
    if (others.length === 0) return []
    const used = [...new Set(calls.map(({ summary }) => modelOf(summary)))]
    const names = used.length > 2 ? `${used.length} models` : used.join(' and ')
    const amounts = others.map(({ model, usd }) => `${formatUsd(usd)} (${model})`)
    return [{
      code: 'COST001',
      title: `${formatUsd(paid)} for ${calls.length} call${calls.length === 1 ? '' : 's'} of ${names}${left === 0 ? '' : ` (${left} with incomplete counts left out)`}; the same tokens at the prices of `
        + `other models of ${provider}: ${amounts.join(', ')}`,
      spanIds: calls.map(({ summary }) => summary.spanId),
      advice: 'A figure, not a recommendation: another model splits the same text into other tokens, caches differently, thinks and '
        + 'answers at another length, and may need more turns. Only your own tests can say what its answers are worth.',
    }]
  })
}

interface Priced {
  readonly model: string
  readonly usd: number
}

function cheapest(facts: Facts, provider: string, calls: readonly Call[]): Priced[] {
  const { trace, timeline, pricing } = facts
  const largest = facts.context.calls.reduce((most, { usedTokens }) => Math.max(most, usedTokens), 0)
  const used = new Set(calls.map(({ summary }) => modelOf(summary)))
  const epochMs = trace.startedAtEpochMs
  const usage = wholeUsage(calls)
  const ranked = pricing().models(provider)
    .filter(({ id, windowTokens }) => windowTokens >= largest && ![...used].some((model) => isSame(id, model)))
    .map(({ id }) => ({ model: id, usd: pricing().price({ provider, models: [id], usage, epochMs }) ?? Infinity }))
    .sort((a, b) => a.usd - b.usd || byText(a.model, b.model))
  const found: Priced[] = []
  // Prices can depend on the size of each request, and on its day. One list for all of them, in which the model is put.
  const models = ['']
  const asked = calls.map((call) => pricedAs(trace, timeline, call, models))
  const prices = pricing()
  for (const { model } of ranked.slice(0, TRIED)) {
    models[0] = model
    let usd = 0
    for (let at = 0; at < asked.length; at++) usd += prices.price(asked[at]!) ?? NaN
    if (!Number.isNaN(usd)) found.push({ model, usd })
    if (found.length === SHOWN) break
  }
  return found.sort((a, b) => a.usd - b.usd || byText(a.model, b.model))
}

/** `gpt-5-mini` of the list is the `gpt-5-mini-2025-08-07` that answered. */
const isSame = (listed: string, used: string): boolean => used === listed || used.startsWith(`${listed}-20`) || used.startsWith(`${listed}@`)

const usdOf = (calls: readonly Call[]): number => calls.reduce((sum, { summary }) => sum + summary.costUsd!, 0)

/** All calls as one, for a first order of the models. */
function wholeUsage(calls: readonly Call[]): Usage {
  const { input, output } = calls.reduce((sum, { summary }) => addUsage(sum, summary.usage), NO_USAGE)
  return { input, output, complete: true, source: 'provider' }
}
