import type { Amount, Cost, Saving } from '../../src/model/analysis.ts'
import type { UsageTotals } from '../../src/model/usage.ts'
import { formatDuration } from '../../src/model/units.ts'

/** Numbers for people. What is not known is written `unknown`, what is only a lower bound `≥`, what is estimated `~`. */

/** Without the last digits, which sums of floating-point numbers leave: 0.000056 and not 0.000056000000000000006. */
export const withoutNoise = (value: number): number => Number(value.toPrecision(12))

/** `18,204` */
export function formatCount(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(?:\d{3})+$)/g, ',')
}

/** `1 call`, `12 calls` */
export function plural(count: number, one: string, many: string = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`
}

/** `73 %`, `9.8 %`, `0.01 %` */
export function formatShare(share: number): string {
  const percent = share * 100
  if (percent === 0 || percent >= 9.95) return `${Math.round(percent)} %`
  if (percent >= 0.095) return `${percent.toFixed(1)} %`
  return percent < 0.005 ? '<0.01 %' : `${percent.toFixed(2)} %`
}

/** `73 %`, `<1 %`: for columns where tenths are noise. */
export function formatWholeShare(share: number): string {
  const percent = share * 100
  return percent > 0 && percent < 0.5 ? '<1 %' : `${Math.round(percent)} %`
}

/** `$1.24`, `$0.0213`, `$0.000041` */
export function formatUsd(usd: number): string {
  if (usd === 0) return '$0'
  if (usd >= 0.99995) {
    const [whole = '0', cents = '00'] = usd.toFixed(2).split('.')
    return `$${formatCount(Number(whole))}.${cents}`
  }
  if (usd < 5e-7) return '<$0.000001'
  return `$${usd.toFixed(Math.min(6, Math.max(4, Math.ceil(-Math.log10(usd)) + 1)))}`
}

/** The money alone: `$0.0213`, `~$0.0213`, `≥ $0.0123`, `unknown`. */
export function formatCost({ knownUsd, unknownCalls, estimatedCalls }: Cost): string {
  if (unknownCalls > 0 && knownUsd === 0) return 'unknown'
  return `${unknownCalls > 0 ? '≥ ' : ''}${estimatedCalls > 0 ? '~' : ''}${formatUsd(knownUsd)}`
}

/** `~18,204`, `≥ 900`, `unknown`: a token count out of a sum over calls. */
export function formatTokens(count: number, { calls, unknownCalls, estimatedCalls }: UsageTotals): string {
  if (calls === 0) return '–'
  if (unknownCalls >= calls) return 'unknown'
  return `${unknownCalls > 0 ? '≥ ' : ''}${estimatedCalls > 0 ? '~' : ''}${formatCount(count)}`
}

/** What part of the input came from the provider's cache; undefined where no provider told. */
export function cachedShare({ calls, unknownCalls, estimatedCalls, input }: UsageTotals): number | undefined {
  return input.total === 0 || unknownCalls + estimatedCalls >= calls ? undefined : input.cacheRead / input.total
}

/** `480 ms`, `300 to 480 ms`, `up to 480 ms` */
export function formatAmount(amount: Amount, format: (value: number) => string): string {
  if (typeof amount === 'number') return format(amount)
  const low = format(amount.low)
  const high = format(amount.high)
  if (low === high) return low
  if (amount.low <= 0) return `up to ${high}`
  const unit = / \D+$/.exec(high)?.[0]
  return `${unit !== undefined && low.endsWith(unit) ? low.slice(0, -unit.length) : low} to ${high}`
}

/** The amounts of a saving, one text each: time, tokens, money. */
export function formatSaving({ timeNs, tokens, costUsd }: Saving): string[] {
  const amounts: string[] = []
  if (timeNs !== undefined) amounts.push(formatAmount(timeNs, formatDuration))
  if (tokens !== undefined) amounts.push(formatAmount(tokens, (count) => `${formatCount(count)} tokens`))
  if (costUsd !== undefined) amounts.push(formatAmount(costUsd, formatUsd))
  return amounts
}
