import type { CostParts } from '../model/analysis.ts'
import type { Usage } from '../model/usage.ts'
import { findProvider, PRICE_TABLE_DATE, PRICE_TABLE_VERSION, priceTable, type PriceTable } from './genai-prices.ts'
import { longestPrefix } from './model-id.ts'
import { charge, ratesOf, sumOfParts, type Rates } from './rates.ts'
import { tableModels, TableRates, type ListedModel } from './table-rates.ts'

/** US dollars per million tokens, by bucket. */
export interface ModelPrice {
  readonly input: number
  readonly output: number
  /** Default: `input`. */
  readonly cacheRead?: number
  /** Default: `input`. */
  readonly cacheWrite?: number
  /** Cache writes that live an hour. Default: `cacheWrite`. */
  readonly cacheWrite1h?: number
  /** US dollars per thousand web searches. Without it, a call that searched has an unknown price. */
  readonly webSearchPerThousand?: number
}

/** Prices by model id; a key also stands for the ids that continue it after a `-`, `:` or `@`. The longest key wins. */
export type Prices = Readonly<Record<string, ModelPrice>>

interface PriceOverride extends ModelPrice {
  readonly provider: string
  readonly model: string
  /** The day the price was last known to hold. */
  readonly asOf: string
}

/** Models that the table does not know. Token prices of the providers' own price lists. */
const OVERRIDES: readonly PriceOverride[] = [
  { provider: 'openai', model: 'davinci-002', input: 2, output: 2, asOf: '2025-01-15' },
  { provider: 'openai', model: 'babbage-002', input: 0.4, output: 0.4, asOf: '2025-01-15' },
  { provider: 'anthropic', model: 'claude-instant-1.2', input: 0.8, output: 2.4, asOf: '2024-07-01' },
]

interface PricedCall {
  /** OpenTelemetry's `gen_ai.provider.name`. */
  readonly provider: string
  /** Tried in this order; undefined ones are skipped. */
  readonly models: readonly (string | undefined)[]
  readonly usage: Usage
  /** Prices change; the day of the call decides. */
  readonly epochMs: number
  /** The service tier that the provider charged; absent for its standard one. Prices given by the caller hold for any. */
  readonly serviceTier?: string | undefined
}

export interface Pricing {
  /** The price of a call in US dollars; undefined when a price that it needs is unknown. */
  price(call: PricedCall): number | undefined
  /** The same by what was paid for. */
  parts(call: PricedCall): CostParts | undefined
  /** The models that the table lists for a provider, that answer in text, and whose context window it knows. */
  models(provider: string): readonly ListedModel[]
  /** Where the prices come from and of which day. */
  readonly source: string
  /** False where the table could not be loaded. */
  readonly hasTable: boolean
}

/**
 * What a service tier does to the price of tokens: half for what may come later, as the price lists of both providers have it.
 * Of other tiers (priority, scale, fast) prices differ by model or contract: unknown.
 */
const TIER_FACTORS: Readonly<Record<string, Readonly<Record<string, number>>>> = {
  openai: { flex: 0.5, batch: 0.5 },
  anthropic: { batch: 0.5 },
}

/**
 * Prices calls from, in this order: the user's prices, our few overrides, the table of `@pydantic/genai-prices`.
 * The responding model is tried everywhere before the requested one.
 * @param table `null` where there is none
 */
export function pricing(own: Prices = {}, table: PriceTable | null = priceTable() ?? null): Pricing {
  const users = new Map(Object.entries(own).map(([model, price]) => [model, ratesOf(price)]))
  const ours = new Map(OVERRIDES.map((entry) => [`${entry.provider} ${entry.model}`, ratesOf(entry)]))
  // By provider, then by model: a long run asks a million times, and a text put together each time would take longer than the answer.
  const listed = new Map<string, Map<string, TableRates>>()
  const ratesFor = (provider: string, model: string): TableRates => {
    let ofProvider = listed.get(provider)
    if (ofProvider === undefined) listed.set(provider, (ofProvider = new Map()))
    let found = ofProvider.get(model)
    if (found === undefined) {
      const user = longestPrefix(users, model)
      const fixed: Rates | undefined = user ?? longestPrefix(ours, `${provider} ${model}`)
      ofProvider.set(model, (found = new TableRates(fixed === undefined ? table : null, provider, model, fixed, user !== undefined)))
    }
    return found
  }
  const partsOf = ({ provider, usage, epochMs, serviceTier }: PricedCall, model: string): CostParts | undefined => {
    const found = ratesFor(provider, model)
    const rates = found.at(epochMs)
    const factor = serviceTier === undefined || found.isUsers ? 1 : TIER_FACTORS[provider]?.[serviceTier]
    return rates === undefined || factor === undefined ? undefined : charge(usage, rates, factor)
  }
  const parts = (call: PricedCall): CostParts | undefined => {
    for (const model of call.models) {
      const found = model === undefined ? undefined : partsOf(call, model)
      if (found !== undefined) return found
    }
    return undefined
  }
  const sources = [
    users.size > 0 && 'prices given by the caller',
    table !== null && `@pydantic/genai-prices ${PRICE_TABLE_VERSION} (${PRICE_TABLE_DATE})`,
    `${OVERRIDES.length} models of spanwise's own list`,
  ]
  return {
    parts,
    price(call) {
      const found = parts(call)
      return found === undefined ? undefined : sumOfParts(found)
    },
    models(provider) {
      const entry = table === null ? undefined : findProvider(table, provider)
      return entry === undefined ? [] : tableModels(entry)
    },
    source: sources.filter((source) => source !== false).join(', '),
    hasTable: table !== null,
  }
}
