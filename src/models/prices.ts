import type { Usage } from '../model/usage.ts'
import { findProvider, PRICE_TABLE_DATE, PRICE_TABLE_VERSION, priceTable, type PriceTable, type Provider } from './genai-prices.ts'
import { longestPrefix } from './model-id.ts'

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
}

export interface Pricing {
  /** The price of a call in US dollars; undefined when a price that it needs is unknown. */
  price(call: PricedCall): number | undefined
  /** Where the prices come from and of which day. */
  readonly source: string
  /** False where the table could not be loaded. */
  readonly hasTable: boolean
}

/**
 * Prices calls from, in this order: the user's prices, our few overrides, the table of `@pydantic/genai-prices`.
 * The responding model is tried everywhere before the requested one.
 * @param table `null` where there is none
 */
export function pricing(own: Prices = {}, table: PriceTable | null = priceTable() ?? null): Pricing {
  const users = new Map(Object.entries(own))
  const ours = new Map(OVERRIDES.map((entry) => [`${entry.provider} ${entry.model}`, entry]))
  const known: KnownModels = new Map()
  const priceOf = (call: PricedCall, model: string): number | undefined => {
    const listed = longestPrefix(users, model) ?? longestPrefix(ours, `${call.provider} ${model}`)
    return listed === undefined ? fromTable(table, call, model, known) : fromList(listed, call.usage)
  }
  const sources = [
    users.size > 0 && 'prices given by the caller',
    table !== null && `@pydantic/genai-prices ${PRICE_TABLE_VERSION} (${PRICE_TABLE_DATE})`,
    `${OVERRIDES.length} models of spanwise's own list`,
  ]
  return {
    price(call) {
      for (const model of call.models) {
        const usd = model === undefined ? undefined : priceOf(call, model)
        if (usd !== undefined) return usd
      }
      return undefined
    },
    source: sources.filter((source) => source !== false).join(', '),
    hasTable: table !== null,
  }
}

/** Tokens of a call as they are billed: beside its own, those that the provider used for compaction. */
function billed({ input, output, requests, extra }: Usage) {
  const cacheWrite1h = Math.min(input?.cacheWriteByTtl?.['1h'] ?? 0, input?.cacheWrite ?? 0)
  const compactionInput = extra?.['compactionInput'] ?? 0
  return {
    input: (input?.total ?? 0) + compactionInput,
    uncached: (input?.uncached ?? 0) + compactionInput,
    cacheRead: input?.cacheRead ?? 0,
    cacheWrite: input?.cacheWrite ?? 0,
    cacheWrite1h,
    output: (output?.total ?? 0) + (extra?.['compactionOutput'] ?? 0),
    webSearches: requests?.webSearch ?? 0,
  }
}

function fromList(price: ModelPrice, usage: Usage): number | undefined {
  const tokens = billed(usage)
  const { input, output, cacheRead = input, cacheWrite = input, cacheWrite1h = cacheWrite, webSearchPerThousand } = price
  if (tokens.webSearches > 0 && webSearchPerThousand === undefined) return undefined
  return (tokens.uncached * input + tokens.cacheRead * cacheRead + (tokens.cacheWrite - tokens.cacheWrite1h) * cacheWrite
    + tokens.cacheWrite1h * cacheWrite1h + tokens.output * output) / 1e6
    + tokens.webSearches * (webSearchPerThousand ?? 0) / 1e3
}

/** A model of the table: its provider with that model alone, because the table goes through all of them for each call. */
interface KnownModel {
  readonly provider: Provider
  /** Where the price is a number per token and always the same. */
  readonly rates: readonly Rate[] | undefined
}

/** By provider and model; null where the table has none. */
type KnownModels = Map<string, KnownModel | null>

type Bucket = 'input' | 'cacheRead' | 'cacheWrite' | 'output'
type Rate = readonly [bucket: Bucket, usdPerMillion: number]

const BUCKETS: Readonly<Record<string, Bucket>> = { input_mtok: 'input', cache_read_mtok: 'cacheRead', cache_write_mtok: 'cacheWrite', output_mtok: 'output' }
/** Of what a call of ours never has. */
const NEVER_BILLED: ReadonlySet<string> = new Set(['web_searches_kcount', 'storage_searches_kcount'])

/** Undefined for prices that change with the day or with the length of the input, and for those of other things than tokens. */
function ratesOf({ model, model_price: price }: NonNullable<ReturnType<PriceTable['calcPrice']>>): Rate[] | undefined {
  const rates: Rate[] = []
  if (Array.isArray(model.prices)) return undefined
  for (const [key, usd] of Object.entries(price)) {
    if (usd === undefined || NEVER_BILLED.has(key)) continue
    const bucket = Object.hasOwn(BUCKETS, key) ? BUCKETS[key] : undefined
    if (bucket === undefined || typeof usd !== 'number') return undefined
    rates.push([bucket, usd])
  }
  return rates
}

/** The very sum that the table gives, in its order, at a hundredth of its time. A test compares the two, model by model. */
function atRates(rates: readonly Rate[], tokens: ReturnType<typeof billed>): number | undefined {
  const isPlain = tokens.webSearches === 0 && tokens.cacheWrite1h === 0 && tokens.cacheRead + tokens.cacheWrite <= tokens.input
  if (!isPlain) return undefined
  const priced = (bucket: Bucket): boolean => rates.some(([own]) => own === bucket)
  let input = 0
  let output = 0
  for (const [bucket, usd] of rates) {
    if (bucket === 'output') output += usd * tokens.output / 1e6
    else if (bucket !== 'input') input += usd * tokens[bucket] / 1e6
    else {
      const cached = (priced('cacheRead') ? tokens.cacheRead : 0) + (priced('cacheWrite') ? tokens.cacheWrite : 0)
      input += usd * (tokens.input - cached) / 1e6
    }
  }
  return input + output
}

function fromTable(table: PriceTable | null, call: PricedCall, model: string, known: KnownModels): number | undefined {
  const key = `${call.provider} ${model}`
  const before = known.get(key)
  if (table === null || before === null) return undefined
  const tokens = billed(call.usage)
  const quick = before?.rates && atRates(before.rates, tokens)
  if (quick !== undefined) return quick
  const provider = before?.provider ?? findProvider(table, call.provider)
  if (provider === undefined) return undefined
  const usage = {
    input_tokens: tokens.input,
    cache_read_tokens: tokens.cacheRead,
    cache_write_tokens: tokens.cacheWrite,
    cache_write_1h_tokens: tokens.cacheWrite1h,
    output_tokens: tokens.output,
    web_searches: tokens.webSearches,
  }
  try {
    // Google's API lists its models under `models/`; the table does not.
    const found = table.calcPrice(usage, model.replace(/^models\//, ''), { provider, timestamp: new Date(call.epochMs) })
    if (before === undefined) known.set(key, found === null ? null : { provider: { ...provider, models: [found.model] }, rates: hasTokenPrice(found.model_price) ? ratesOf(found) : undefined })
    if (found === null) return undefined
    // The table charges nothing for what it has no price of.
    if (tokens.webSearches > 0 && found.model_price['web_searches_kcount'] === undefined) return undefined
    if (tokens.input + tokens.output > 0 && !hasTokenPrice(found.model_price)) return undefined
    return found.total_price
  } catch {
    return undefined
  }
}

const hasTokenPrice = (price: Readonly<Record<string, unknown>>): boolean =>
  Object.keys(price).some((key) => key.endsWith('_mtok'))
