import { formatAmount, formatCount, plural } from '../../../reports/shared/numbers.ts'
import { modelOf } from '../../../reports/shared/phases.ts'
import type { CallSummary, PrefillLatency } from '../../../src/model/analysis.ts'
import { formatDuration } from '../../../src/model/units.ts'

/** Time to the first token by the input tokens that no cache gave. Pure. */

export interface LatencyPoint {
  readonly number: number
  readonly tokens: number
  readonly ns: number
}

/** Beyond this points cover each other. */
const MOST_POINTS = 2_000
const FEWEST_POINTS = 3
const CACHED = 10_000

/** Of the answering attempt, as `analysis.latency` has it: without retries, waits and the reader's own time. */
export function latencyPoints(calls: readonly CallSummary[], { model, provider }: Pick<PrefillLatency, 'model' | 'provider'>): LatencyPoint[] {
  const points = calls.flatMap((call): LatencyPoint[] => {
    const { usage, phases, ttftNs, number } = call
    if (usage?.input === undefined || usage.source === 'estimated' || phases === undefined || ttftNs === undefined) return []
    if (modelOf(call) !== model || call.provider !== provider) return []
    const ns = (phases.headersNs ?? 0) + (phases.firstTokenNs ?? 0)
    return ns <= 0 ? [] : [{ number, tokens: usage.input.total - usage.input.cacheRead, ns }]
  })
  const step = Math.ceil(points.length / MOST_POINTS)
  return step > 1 ? points.filter((_, i) => i % step === 0) : points
}

export const isDrawn = ({ fit, calls }: PrefillLatency): boolean => fit !== undefined || calls >= FEWEST_POINTS

/** What the line means for who could have a cache, in words. */
export function latencyText({ fit, reason, calls }: PrefillLatency): string {
  if (fit === undefined) return `No line through ${plural(calls, 'call')}: ${reason ?? 'they cannot carry one'}.`
  const { nsPerThousandTokens, interval: { low, high }, interceptNs } = fit
  const bought = (nsPerThousand: number): number => Math.max(0, nsPerThousand) * (CACHED / 1_000)
  const base = interceptNs > 0 ? ` With nothing to read the first token takes ${formatDuration(interceptNs)}.` : ''
  if (low <= 0) {
    return high <= 0 ? `More tokens do not take longer here.${base}`
      : `Whether more tokens take longer cannot be told from these calls: a cached prefix of ${formatCount(CACHED)} tokens brings the first token up to ${formatDuration(bought(high))} sooner, or not at all (95 %).`
  }
  return `A cached prefix of ${formatCount(CACHED)} tokens brings the first token ${formatDuration(bought(nsPerThousandTokens))} sooner (95 %: ${formatAmount({ low: bought(low), high: bought(high) }, formatDuration)}).${base}`
}

/** What the picture shows, for who does not see it. */
export function pictureText(points: readonly LatencyPoint[]): string {
  const tokens = points.map((point) => point.tokens)
  const times = points.map((point) => point.ns)
  const span = (values: readonly number[], format: (value: number) => string): string => `${format(least(values))} to ${format(most(values))}`
  return `${plural(points.length, 'call')} with ${span(tokens, formatCount)} uncached tokens and first tokens after ${span(times, formatDuration)}.`
}

export const most = (values: readonly number[]): number => values.reduce((one, other) => Math.max(one, other), 0)
const least = (values: readonly number[]): number => values.reduce((one, other) => Math.min(one, other), Infinity)
