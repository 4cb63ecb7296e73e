import type { PrefillLatency } from '../model/analysis.ts'
import { byModel, modelOf, type Call } from './calls.ts'
import { byText } from './totals.ts'

/** Fewer calls than this say nothing about a slope. */
const MIN_CALLS = 8
/** Sizes that are closer together drown in the noise of the network. */
const MIN_SPREAD_TOKENS = 1_000
/** More calls than this are thinned out evenly by size: pairs grow with the square. */
const MAX_CALLS = 400
/** Two-sided 95 % of the normal distribution. */
const Z = 1.96
/** A reader that came so late (share of the time to the first token) hides when the token was there. */
const MAX_READER_SHARE = 0.05

interface Point {
  readonly tokens: number
  readonly ns: number
}

/**
 * Time to first token against the input tokens that are not read from a cache, by model and provider. The time runs from the
 * start of the answering attempt where attempts are known, so that retries and waits are no part of it.
 */
export function prefillLatency(calls: readonly Call[]): PrefillLatency[] {
  const streamed = calls.filter(({ summary, isEmbedding }) => !isEmbedding && summary.ttftNs !== undefined)
  return byModel(streamed)
    .map((members) => {
      const { summary } = members[0]
      const points: Point[] = []
      for (const call of members) {
        const point = pointOf(call)
        if (point !== undefined) points.push(point)
      }
      return { model: modelOf(summary), provider: summary.provider, ...lineThrough(points) }
    })
    .filter((one) => one.calls > 0)
    .sort((a, b) => b.calls - a.calls || byText(a.model, b.model) || byText(a.provider, b.provider))
}

/** Only counts of the provider's own, and times that neither a failed attempt nor a late reader is part of. */
function pointOf({ summary, estimate }: Call): Point | undefined {
  const { usage, phases, ttftNs } = summary
  if (usage?.input === undefined || estimate !== undefined || phases === undefined || ttftNs === undefined) return undefined
  const { waitNs = 0, attemptsNs = 0, backoffNs = 0, headersNs = 0, firstTokenNs = 0 } = phases
  const ns = headersNs + firstTokenNs
  const readerNs = ttftNs - (waitNs + attemptsNs + backoffNs + ns)
  if (ns <= 0 || readerNs > MAX_READER_SHARE * ns) return undefined
  return { tokens: usage.input.total - usage.input.cacheRead, ns }
}

function lineThrough(all: readonly Point[]): Omit<PrefillLatency, 'model' | 'provider'> {
  const points = all.toSorted((a, b) => a.tokens - b.tokens || a.ns - b.ns)
  const tokens = { low: points[0]?.tokens ?? 0, high: points.at(-1)?.tokens ?? 0 }
  const known = { calls: points.length, tokens }
  const spread = tokens.high - tokens.low
  if (points.length < MIN_CALLS) return { ...known, reason: `${points.length} calls with a measured first token; ${MIN_CALLS} are needed` }
  if (spread < MIN_SPREAD_TOKENS) {
    return { ...known, reason: `the calls differ by ${spread} uncached tokens; ${MIN_SPREAD_TOKENS} are needed` }
  }
  const kept = thinned(points)
  const slopes = pairSlopes(kept)
  // Of Kendall's S under no trend; its variance is that of distinct sizes, which equal sizes only make smaller.
  const n = kept.length
  const reach = Z * Math.sqrt((n * (n - 1) * (2 * n + 5)) / 18)
  const low = slopes[Math.floor((slopes.length - reach) / 2) - 1]
  const high = slopes[Math.ceil((slopes.length + reach) / 2)]
  if (low === undefined || high === undefined) return { ...known, reason: 'too many calls have the same number of uncached tokens' }
  if (low <= 0) return { ...known, reason: 'the time to the first token did not grow with the uncached tokens beyond its own scatter' }
  const slope = median(slopes)
  const interceptNs = median(Float64Array.from(kept, (point) => point.ns - slope * point.tokens).sort())
  return { ...known, fit: { nsPerThousandTokens: slope * 1_000, interval: { low: low * 1_000, high: high * 1_000 }, interceptNs } }
}

function thinned(points: readonly Point[]): readonly Point[] {
  if (points.length <= MAX_CALLS) return points
  return Array.from({ length: MAX_CALLS }, (_, i) => points[Math.round((i * (points.length - 1)) / (MAX_CALLS - 1))]!)
}

/** The slope of each pair of different sizes, sorted. */
function pairSlopes(points: readonly Point[]): Float64Array {
  const slopes: number[] = []
  for (const [i, a] of points.entries()) {
    for (let j = i + 1; j < points.length; j++) {
      const b = points[j]!
      if (b.tokens > a.tokens) slopes.push((b.ns - a.ns) / (b.tokens - a.tokens))
    }
  }
  return Float64Array.from(slopes).sort()
}

const median = (sorted: Float64Array): number => (sorted[(sorted.length - 1) >> 1]! + sorted[sorted.length >> 1]!) / 2

export interface PrefillSeconds {
  readonly seconds: number
  readonly low: number
  readonly high: number
}

/**
 * The seconds that a model takes to read so many tokens that no cache holds, with a 95 % interval: what a cached prefix of that
 * length buys. Of several providers of the model, the one with the most calls.
 * @returns undefined where the run's own calls cannot tell
 */
export function secondsOfPrefill(latency: readonly PrefillLatency[], model: string, tokens: number): PrefillSeconds | undefined {
  const fit = latency.find((one) => one.model === model && one.fit !== undefined)?.fit
  if (fit === undefined) return undefined
  const seconds = (nsPerThousandTokens: number): number => (nsPerThousandTokens * tokens) / 1_000 / 1e9
  return { seconds: seconds(fit.nsPerThousandTokens), low: seconds(fit.interval.low), high: seconds(fit.interval.high) }
}
