import type { Bounds, FigureOverRuns, MeasuredPercentiles } from '../../model/many-runs.ts'
import { percentiles } from '../percentiles.ts'

const CONFIDENCE = 0.95

/**
 * A confidence interval for the percentile of whatever the values are drawn from, from order statistics: the number of values
 * below the true percentile is binomial, so the interval between two of the sorted values covers it with a known probability,
 * for any distribution. At least `confidence`, with at most half of what is left on each side; a side that the values are too
 * few for has no bound (the upper one of p95 takes 72 values, of p99 368).
 * @param sorted ascending
 * @param share 0.95 for p95
 */
export function quantileBounds(sorted: ArrayLike<number>, share: number, confidence: number = CONFIDENCE): Bounds {
  const { lower, upper } = quantileRanks(sorted.length, share, confidence)
  return {
    ...(lower !== undefined && { low: sorted[lower - 1]! }),
    ...(upper !== undefined && { high: sorted[upper - 1]! }),
  }
}

/** The ranks, from 1, of the two values that bound the interval. */
export function quantileRanks(
  count: number, share: number, confidence: number = CONFIDENCE,
): { readonly lower?: number; readonly upper?: number } {
  const outside = (1 - confidence) / 2
  // P(fewer than `rank` values below the percentile) grows with the rank, so both are found by halving.
  const lower = first(1, count, (rank) => binomialCdf(rank - 1, count, share) > outside) - 1
  const upper = first(1, count, (rank) => 1 - binomialCdf(rank - 1, count, share) <= outside)
  return { ...(lower >= 1 && { lower }), ...(upper <= count && { upper }) }
}

/** The first whole number of the range for which it holds, and one past the range when there is none. */
function first(from: number, to: number, holds: (value: number) => boolean): number {
  let [low, high] = [from, to + 1]
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

/** P(at most k of n), each with chance p. By the incomplete beta function, so that it takes no longer for large n. */
export function binomialCdf(k: number, n: number, p: number): number {
  if (k < 0) return 0
  if (k >= n) return 1
  return incompleteBeta(1 - p, n - k, k + 1)
}

/** The regularised incomplete beta function by its continued fraction (Lentz; Numerical Recipes 6.4). */
function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0 || x >= 1) return x <= 0 ? 0 : 1
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log1p(-x))
  return x < (a + 1) / (a + b + 2) ? (front * betaFraction(x, a, b)) / a : 1 - (front * betaFraction(1 - x, b, a)) / b
}

function betaFraction(x: number, a: number, b: number): number {
  const away = (value: number): number => (Math.abs(value) < 1e-300 ? 1e-300 : value)
  let c = 1
  let d = 1 / away(1 - ((a + b) * x) / (a + 1))
  let result = d
  for (let m = 1; m < 10_000; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m))
    d = 1 / away(1 + even * d)
    c = away(1 + even / c)
    result *= d * c
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1))
    d = 1 / away(1 + odd * d)
    c = away(1 + odd / c)
    result *= d * c
    if (Math.abs(d * c - 1) < 1e-13) break
  }
  return result
}

const LANCZOS = [
  676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905, -0.13857109526572012,
  9.9843695780195716e-6, 1.5056327351493116e-7,
]

/** ln Γ(x) for x ≥ 0.5 (Lanczos, g = 7). */
function logGamma(x: number): number {
  const shifted = x - 1
  const sum = LANCZOS.reduce((total, factor, i) => total + factor / (shifted + i + 1), 0.99999999999980993)
  const t = shifted + LANCZOS.length - 0.5
  return 0.5 * Math.log(2 * Math.PI) + (shifted + 0.5) * Math.log(t) - t + Math.log(sum)
}

/**
 * Nearest-rank percentiles with their 95 % confidence intervals. The values must be independent of each other: one per run, not
 * several spans of one run. Undefined without values.
 */
export function measuredPercentiles(values: readonly number[]): MeasuredPercentiles | undefined {
  const found = percentiles(values)
  if (found === undefined) return undefined
  const sorted = Float64Array.from(values).sort()
  return {
    ...found,
    intervals: { p50: quantileBounds(sorted, 0.5), p95: quantileBounds(sorted, 0.95), p99: quantileBounds(sorted, 0.99) },
  }
}

export function figureOverRuns(values: readonly number[]): FigureOverRuns | undefined {
  const found = measuredPercentiles(values)
  return found === undefined ? undefined : { runs: values.length, ...found }
}
