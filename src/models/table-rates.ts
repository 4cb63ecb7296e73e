import { findProvider, type PriceTable, type Provider } from './genai-prices.ts'
import type { Rate, Rates } from './rates.ts'

const MINUTE_MS = 60_000
const DAY_MS = 24 * 60 * MINUTE_MS

/** The rates of one model of one provider on the days that are asked for. The table is searched once, not for each call. */
export class TableRates {
  /** The caller's own prices, which hold for any service tier. */
  readonly isUsers: boolean
  readonly #table: PriceTable | null
  readonly #provider: Provider | undefined
  readonly #model: string
  /** Those that hold at any time. */
  #always: { readonly rates: Rates | undefined } | undefined
  /** Rates change at the beginning of a day, or of a minute of each day. */
  #stepMs = MINUTE_MS
  readonly #byStep = new Map<number, Rates | undefined>()

  /** @param fixed rates from elsewhere, that win over the table */
  constructor(table: PriceTable | null, provider: string, model: string, fixed: Rates | undefined, isUsers: boolean) {
    this.isUsers = isUsers
    this.#table = table
    this.#provider = table === null ? undefined : findProvider(table, provider)
    // Google's API lists its models under `models/`; the table does not.
    this.#model = model.replace(/^models\//, '')
    if (fixed !== undefined || this.#provider === undefined) this.#always = { rates: fixed }
  }

  at(epochMs: number): Rates | undefined {
    if (this.#always !== undefined) return this.#always.rates
    const known = this.#byStep.get(Math.floor(epochMs / this.#stepMs))
    if (known !== undefined) return known
    const { rates, stepMs } = this.#lookUp(epochMs)
    if (stepMs === undefined) this.#always = { rates }
    else {
      this.#stepMs = stepMs
      this.#byStep.set(Math.floor(epochMs / stepMs), rates)
    }
    return rates
  }

  #lookUp(epochMs: number): { readonly rates: Rates | undefined; readonly stepMs: number | undefined } {
    try {
      const found = this.#table?.calcPrice({}, this.#model, { provider: this.#provider!, timestamp: new Date(epochMs) })
      if (found === null || found === undefined) return { rates: undefined, stepMs: undefined }
      return { rates: toRates(found.model_price, this.#provider!.id), stepMs: stepOf(found.model.prices) }
    } catch {
      return { rates: undefined, stepMs: undefined }
    }
  }
}

/** How often prices may change at most; undefined where they do not. */
function stepOf(prices: Provider['models'][number]['prices']): number | undefined {
  if (!Array.isArray(prices)) return undefined
  return prices.every(({ constraint }) => constraint === undefined || (constraint.type === 'start_date' && DAY.test(constraint.start_date)))
    ? DAY_MS : MINUTE_MS
}

const DAY = /^\d{4}-\d\d-\d\d$/

/** Where the table names no price of audio, text's holds, but for those who always charge more for it. */
const AUDIO_APART = ['openai', 'azure']

function toRates(price: Readonly<Record<string, unknown>>, provider: string): Rates {
  const rate = (name: string): Rate | undefined => price[`${name}_mtok`] as Rate | undefined
  const thousand = (name: string): number | undefined => {
    const value = price[`${name}_kcount`]
    return typeof value === 'number' ? value : undefined
  }
  return {
    input: rate('input'), output: rate('output'),
    cacheRead: rate('cache_read'), cacheWrite: rate('cache_write'), cacheWrite1h: rate('cache_write_1h'),
    reasoning: rate('output_reasoning'),
    inputAudio: rate('input_audio'), cachedAudio: rate('cache_audio_read'), outputAudio: rate('output_audio'),
    inputImage: rate('input_image'), cachedImage: rate('cache_image_read'), outputImage: rate('output_image'),
    webSearches: thousand('web_searches'), requests: thousand('requests'),
    audioAsText: !AUDIO_APART.includes(provider),
  }
}

/** What else a model is for than answering in text. */
const OTHER_USES = /embed|image|audio|realtime|live|tts|transcribe|whisper|moderation|search|ocr|voice|voxtral|video|research|guard|computer-use|^ft:|preview/

/** Models that their providers no longer serve, or never did themselves (open weights), as of November 2026. */
const NOT_SERVED = /^claude-(v1|2|3|instant)|^gemini-(flash-)?1|^(ada|babbage|curie|davinci|text-|gpt-oss|gpt-3|gpt-4(-|$)|gpt-4\.5)|^o1-(mini|preview)|:extended/

export interface ListedModel {
  readonly id: string
  readonly windowTokens: number
}

export const tableModels = (provider: Provider): ListedModel[] => provider.models.flatMap(({ id, prices, deprecated, context_window: windowTokens }) => {
  const latest = Array.isArray(prices) ? prices.at(-1)?.prices : prices
  const isText = deprecated !== true && !OTHER_USES.test(id) && !NOT_SERVED.test(id) && latest?.['input_mtok'] !== undefined && latest['output_mtok'] !== undefined
  return isText && windowTokens !== undefined ? [{ id, windowTokens }] : []
})
