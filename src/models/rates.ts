import type { CostParts } from '../model/analysis.ts'
import type { Usage } from '../model/usage.ts'
import type { ModelPrice } from './prices.ts'

/** A price in US dollars per million tokens; with tiers, the size of the request's whole input decides. */
export type Rate = number | {
  readonly base: number
  /** A tier holds for inputs of more than `start` tokens. */
  readonly tiers: readonly { readonly start: number; readonly price: number }[]
}

/** What a model costs on one day. What is absent costs what the bucket that it is a part of costs. */
export interface Rates {
  readonly input?: Rate | undefined
  readonly output?: Rate | undefined
  readonly cacheRead?: Rate | undefined
  readonly cacheWrite?: Rate | undefined
  readonly cacheWrite1h?: Rate | undefined
  readonly reasoning?: Rate | undefined
  readonly inputAudio?: Rate | undefined
  readonly inputImage?: Rate | undefined
  readonly cachedAudio?: Rate | undefined
  readonly cachedImage?: Rate | undefined
  readonly outputAudio?: Rate | undefined
  readonly outputImage?: Rate | undefined
  /** US dollars per thousand. */
  readonly webSearches?: number | undefined
  readonly requests?: number | undefined
  /** Audio costs what text does where it has no price of its own; otherwise such a call has an unknown price. */
  readonly audioAsText?: boolean | undefined
}

export const NO_COST: CostParts = Object.freeze({
  uncachedInputUsd: 0, cacheReadUsd: 0, cacheWriteUsd: 0, outputUsd: 0, reasoningUsd: 0, requestsUsd: 0,
})

export const addParts = (a: CostParts, b: CostParts): CostParts => ({
  uncachedInputUsd: a.uncachedInputUsd + b.uncachedInputUsd,
  cacheReadUsd: a.cacheReadUsd + b.cacheReadUsd,
  cacheWriteUsd: a.cacheWriteUsd + b.cacheWriteUsd,
  outputUsd: a.outputUsd + b.outputUsd,
  reasoningUsd: a.reasoningUsd + b.reasoningUsd,
  requestsUsd: a.requestsUsd + b.requestsUsd,
})

export const sumOfParts = (parts: CostParts): number => parts.uncachedInputUsd + parts.cacheReadUsd + parts.cacheWriteUsd
  + parts.outputUsd + parts.reasoningUsd + parts.requestsUsd

/** The caller's own price of a model: its tokens are text, and its searches cost nothing that was not said. */
export const ratesOf = (price: ModelPrice): Rates => ({
  input: price.input, output: price.output, cacheRead: price.cacheRead, cacheWrite: price.cacheWrite,
  cacheWrite1h: price.cacheWrite1h, webSearches: price.webSearchPerThousand, audioAsText: true,
})

/**
 * What a usage costs.
 * @param factor of the service tier, on tokens
 * @returns undefined when a price that it needs is unknown: what is missing would count as free
 */
export function charge(usage: Usage, rates: Rates, factor = 1): CostParts | undefined {
  const { input, output, requests, extra, media } = usage
  const size = (input?.total ?? 0) + (extra?.['compactionInput'] ?? 0)
  const out = (output?.total ?? 0) + (extra?.['compactionOutput'] ?? 0)
  const searches = requests?.webSearch ?? 0
  if ((size > 0 && rates.input === undefined) || (out > 0 && rates.output === undefined)) return undefined
  if (searches > 0 && rates.webSearches === undefined) return undefined
  // Billed at the prices of a model that nobody names.
  if ((extra?.['imageGenInput'] ?? 0) + (extra?.['imageGenOutput'] ?? 0) > 0) return undefined
  if (media !== undefined && !hasAudioPrices(media, rates)) return undefined

  const perMillion = factor / 1e6
  const inputRate = rateAt(rates.input, size) ?? 0
  const readRate = rateAt(rates.cacheRead, size) ?? inputRate
  const writeRate = rateAt(rates.cacheWrite, size) ?? inputRate
  const outputRate = rateAt(rates.output, size) ?? 0
  const written = input?.cacheWrite ?? 0
  const hour = Math.min(input?.cacheWriteByTtl?.['1h'] ?? 0, written)
  const read = input?.cacheRead ?? 0
  const uncached = size - read - written
  const reasoning = output?.reasoning ?? 0
  const dearer = media === undefined ? NO_SURCHARGE : surcharge(media, rates, size, { inputRate, readRate, outputRate })
  return {
    uncachedInputUsd: (uncached * inputRate + dearer.input) * perMillion,
    cacheReadUsd: (read * readRate + dearer.cached) * perMillion,
    cacheWriteUsd: ((written - hour) * writeRate + hour * (rateAt(rates.cacheWrite1h, size) ?? writeRate)) * perMillion,
    outputUsd: ((out - reasoning) * outputRate + dearer.output) * perMillion,
    reasoningUsd: reasoning * (rateAt(rates.reasoning, size) ?? outputRate) * perMillion,
    requestsUsd: (searches * (rates.webSearches ?? 0) + (rates.requests ?? 0)) / 1e3,
  }
}

function rateAt(rate: Rate | undefined, inputTokens: number): number | undefined {
  if (typeof rate !== 'object') return rate
  let price = rate.base
  for (const tier of rate.tiers) if (inputTokens > tier.start) price = tier.price
  return price
}

type Media = NonNullable<Usage['media']>

const hasAudioPrices = ({ inputAudio, outputAudio }: Media, rates: Rates): boolean =>
  rates.audioAsText === true || ((!inputAudio || rates.inputAudio !== undefined) && (!outputAudio || rates.outputAudio !== undefined))

const NO_SURCHARGE = { input: 0, cached: 0, output: 0 }

/** What tokens that are not text cost beyond the price of text, by bucket. A cached one is part of the cached bucket alone. */
function surcharge(
  media: Media, rates: Rates, size: number,
  { inputRate, readRate, outputRate }: { readonly inputRate: number; readonly readRate: number; readonly outputRate: number },
): { input: number; cached: number; output: number } {
  const more = (tokens: number, rate: Rate | undefined, text: number): number => tokens * ((rateAt(rate, size) ?? text) - text)
  const { cachedAudio = 0, cachedImage = 0 } = media
  const audio = Math.max(0, (media.inputAudio ?? 0) - cachedAudio)
  const images = Math.max(0, (media.inputImage ?? 0) - cachedImage)
  return {
    input: more(audio, rates.inputAudio, inputRate) + more(images, rates.inputImage, inputRate),
    cached: more(cachedAudio, rates.cachedAudio, readRate) + more(cachedImage, rates.cachedImage, readRate),
    output: more(media.outputAudio ?? 0, rates.outputAudio, outputRate) + more(media.outputImage ?? 0, rates.outputImage, outputRate),
  }
}
