/**
 * Tests and intervals for figures of which each run gives one. Runs are taken as independent of each other; nothing is assumed
 * about how the figures are distributed (latencies have long tails, token counts have ties).
 */

export interface RankTest {
  /** Pairs in which the value of b is the larger one; ties count half. */
  readonly u: number
  /** u ÷ number of pairs */
  readonly superiority: number
  /** Two-sided: how likely a rank sum at least as far from its mean is when both samples come from one distribution. */
  readonly pValue: number
  readonly exact: boolean
}

/** Additions that the exact distribution may take, about. Two samples of 28 stay below it, without ties of 33. */
const MAX_EXACT_WORK = 2_500_000

/**
 * The Mann–Whitney U test. Exact given the ties (the permutation distribution of the midranks) while that is cheap, otherwise
 * the normal approximation with the correction for ties and for continuity. The exact one agrees with R's `wilcox.test` where
 * there are no ties and with `coin::wilcox_test(distribution = "exact")` where there are.
 * @throws RangeError when a sample is empty or holds what is no number
 */
export function mannWhitney(a: readonly number[], b: readonly number[]): RankTest {
  for (const sample of [a, b]) {
    if (sample.length === 0 || !sample.every(Number.isFinite)) throw new RangeError('each sample must hold finite numbers, at least one')
  }
  const { ranks, ties } = doubledRanks([...a, ...b])
  const rankSumOfB = ranks.slice(a.length).reduce((sum, rank) => sum + rank, 0)
  const u = rankSumOfB / 2 - (b.length * (b.length + 1)) / 2
  const pairs = a.length * b.length
  const all = a.length + b.length
  const few = Math.min(a.length, b.length)
  const own = b.length === few ? rankSumOfB : all * (all + 1) - rankSumOfB
  const tied = ties.some((size) => size > 1)
  const exact = all * few * few * all * (tied ? 2 : 1) <= 2 * MAX_EXACT_WORK
  const pValue = exact ? exactP(ranks, few, own, tied) : normalP(u, a.length, b.length, ties)
  return { u, superiority: u / pairs, pValue, exact }
}

/** Midranks times two, so that they are whole numbers, and the sizes of the groups of equal values. */
function doubledRanks(values: readonly number[]): { readonly ranks: readonly number[]; readonly ties: readonly number[] } {
  const order = values.map((_, i) => i).sort((i, j) => values[i]! - values[j]!)
  const ranks: number[] = []
  const ties: number[] = []
  for (let from = 0; from < order.length;) {
    let to = from + 1
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++
    for (let at = from; at < to; at++) ranks[order[at]!] = from + 1 + to
    ties.push(to - from)
    from = to
  }
  return { ranks, ties }
}

/** The distributions without ties depend on the sizes alone; there are few, and each is small. */
const untied = new Map<string, Float64Array>()

function exactP(doubled: readonly number[], few: number, doubledSum: number, tied: boolean): number {
  // Without ties every doubled rank is even, and half the work does.
  const ranks = tied ? doubled : doubled.map((rank) => rank / 2)
  const sum = tied ? doubledSum : doubledSum / 2
  const mean = (few * (doubled.length + 1)) / (tied ? 1 : 2)
  const key = `${few} ${doubled.length}`
  const ways = (tied ? undefined : untied.get(key)) ?? rankSumCounts(ranks, few)
  if (!tied) untied.set(key, ways)
  let extreme = 0
  let total = 0
  for (const [value, count] of ways.entries()) {
    total += count
    if (Math.abs(value - mean) >= Math.abs(sum - mean)) extreme += count
  }
  return extreme / total
}

/** In how many ways so many of the ranks add up to each sum. */
function rankSumCounts(ranks: readonly number[], few: number): Float64Array {
  const largest = [...ranks].sort((a, b) => b - a).slice(0, few).reduce((sum, rank) => sum + rank, 0)
  const ways = Array.from({ length: few + 1 }, () => new Float64Array(largest + 1))
  ways[0]![0] = 1
  for (const [i, rank] of ranks.entries()) {
    for (let taken = Math.min(i + 1, few); taken > 0; taken--) {
      const into = ways[taken]!
      const from = ways[taken - 1]!
      for (let sum = rank; sum <= largest; sum++) into[sum]! += from[sum - rank]!
    }
  }
  return ways[few]!
}

function normalP(u: number, countA: number, countB: number, ties: readonly number[]): number {
  const all = countA + countB
  const tieTerm = ties.reduce((sum, size) => sum + size ** 3 - size, 0) / (all * (all - 1))
  const deviation = Math.sqrt(((countA * countB) / 12) * (all + 1 - tieTerm))
  if (deviation === 0) return 1
  const distance = Math.max(0, Math.abs(u - (countA * countB) / 2) - 0.5)
  return Math.min(1, 2 * normalTail(distance / deviation))
}

/** P(Z > z) for z ≥ 0, to about 1e-7 relative (Numerical Recipes, erfc by a Chebyshev fit). */
function normalTail(z: number): number {
  const t = 1 / (1 + z / (2 * Math.SQRT2))
  const fit = [-1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587, -0.82215223, 0.17087277]
  const exponent = fit.reduceRight((sum, factor) => sum * t + factor, 0)
  return 0.5 * t * Math.exp(-(z * z) / 2 + exponent)
}

/** The smallest two-sided p that the exact test can give for samples of these sizes: all of one above all of the other. */
export function smallestP(countA: number, countB: number): number {
  let ways = 1
  for (let i = 1; i <= Math.min(countA, countB); i++) ways = (ways * (countA + countB + 1 - i)) / i
  return Math.min(1, 2 / ways)
}

/** Runs of each side from which on one of so many tests can be significant after correction, in the worst case. */
export function runsNeeded(tests: number, alpha: number): number {
  let runs = 2
  while (smallestP(runs, runs) * Math.max(1, tests) > alpha) runs++
  return runs
}

/** Holm: the chance of even one false difference among all of them stays below alpha. In the order given. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[a]! - pValues[b]!)
  const adjusted: number[] = []
  let largest = 0
  for (const [rank, i] of order.entries()) {
    largest = Math.max(largest, Math.min(1, pValues[i]! * (pValues.length - rank)))
    adjusted[i] = largest
  }
  return adjusted
}

/** Benjamini–Hochberg: of the differences that are found, the expected share of false ones stays below alpha. In the order given. */
export function benjaminiHochberg(pValues: readonly number[]): number[] {
  const order = pValues.map((_, i) => i).sort((a, b) => pValues[b]! - pValues[a]!)
  const adjusted: number[] = []
  let smallest = 1
  for (const [fromLast, i] of order.entries()) {
    smallest = Math.min(smallest, pValues[i]! * (pValues.length / (pValues.length - fromLast)))
    adjusted[i] = smallest
  }
  return adjusted
}

/** The mean of the two in the middle for an even count. NaN without values. */
export function median(values: readonly number[]): number {
  const sorted = Float64Array.from(values).sort()
  const middle = (sorted.length - 1) / 2
  return sorted.length === 0 ? Number.NaN : (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
}

export const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

export const RESAMPLES = 2_000
export const CONFIDENCE = 0.95
/** Any other would do; a fixed one makes the same runs give the same interval. */
const SEED = 20_261_121

/**
 * Percentile bootstrap of median(b) − median(a), each sample drawn anew from itself. It shows how large a difference is; whether
 * there is one is said by the rank test alone.
 * @param random numbers from 0 to 1
 */
export function medianDifferenceInterval(
  a: readonly number[], b: readonly number[], random: () => number = seededRandom(SEED),
): { readonly low: number; readonly high: number } {
  const [sortedA, sortedB] = [Float64Array.from(a).sort(), Float64Array.from(b).sort()]
  const differences = new Float64Array(RESAMPLES)
  for (let i = 0; i < RESAMPLES; i++) differences[i] = resampledMedian(sortedB, random) - resampledMedian(sortedA, random)
  differences.sort()
  const at = (share: number): number => differences[Math.min(RESAMPLES - 1, Math.max(0, Math.round(share * RESAMPLES)))]!
  return { low: at((1 - CONFIDENCE) / 2), high: at(1 - (1 - CONFIDENCE) / 2) }
}

/** By counting how often each place of the sorted values was drawn, which spares sorting each resample. */
function resampledMedian(sorted: Float64Array, random: () => number): number {
  const count = sorted.length
  const drawn = new Uint32Array(count)
  for (let i = 0; i < count; i++) drawn[Math.floor(random() * count)]!++
  const [lower, upper] = [Math.floor((count - 1) / 2), Math.ceil((count - 1) / 2)]
  let seen = 0
  let low = 0
  for (let place = 0; place < count; place++) {
    if (seen <= lower && seen + drawn[place]! > lower) low = sorted[place]!
    seen += drawn[place]!
    if (seen > upper) return (low + sorted[place]!) / 2
  }
  return low
}

/** mulberry32, public domain. */
export function seededRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
