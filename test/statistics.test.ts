import { describe, expect, test } from 'vitest'
import { binomialCdf, measuredPercentiles, quantileBounds, quantileRanks } from '../src/analyze/many-runs/quantiles.ts'
import {
  benjaminiHochberg, holm, mannWhitney, median, medianDifferenceInterval, runsNeeded, seededRandom, smallestP,
} from '../src/analyze/many-runs/statistics.ts'
import { seeded } from './support/random.ts'

/** Every way to draw a sample of the size of `a` out of all values, and how far each U is from its mean. */
function enumerated(a: readonly number[], b: readonly number[]): number {
  const all = [...a, ...b]
  const uOf = (first: readonly number[], second: readonly number[]): number =>
    first.reduce((sum, x) => sum + second.reduce((own, y) => own + (y > x ? 1 : y === x ? 0.5 : 0), 0), 0)
  const middle = (a.length * b.length) / 2
  const seen = Math.abs(uOf(a, b) - middle)
  let extreme = 0
  let total = 0
  for (let mask = 0; mask < 1 << all.length; mask++) {
    const first = all.filter((_, i) => (mask >> i) % 2 === 1)
    if (first.length !== a.length) continue
    total++
    if (Math.abs(uOf(first, all.filter((_, i) => (mask >> i) % 2 === 0)) - middle) >= seen) extreme++
  }
  return extreme / total
}

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i)
/** Two samples without ties whose U (pairs in which b is larger) is the one given. */
function samplesWithU(countA: number, countB: number, u: number): [number[], number[]] {
  const a = upTo(countA).map((i) => 100 * (i + 1))
  let left = u
  const b = upTo(countB).map((i) => {
    const below = Math.min(countA, left)
    left -= below
    return 100 * below + 1 + i
  })
  return [a, b]
}

describe('Mann-Whitney U', () => {
  test('is the share of all arrangements that are as far out, with ties and without', () => {
    const random = seeded(3)
    for (let i = 0; i < 60; i++) {
      const draw = (): number => (i % 2 === 0 ? Math.floor(random() * 5) : random())
      const a = upTo(1 + Math.floor(random() * 5)).map(draw)
      const b = upTo(1 + Math.floor(random() * 6)).map(draw)
      const { pValue, exact, superiority } = mannWhitney(a, b)
      expect(exact).toBe(true)
      expect(pValue).toBeCloseTo(enumerated(a, b), 12)
      expect(superiority).toBeCloseTo(1 - mannWhitney(b, a).superiority, 12)
      expect(mannWhitney(b, a).pValue).toBeCloseTo(pValue, 12)
    }
  })

  test('gives the published example of Hollander and Wolfe (R, ?wilcox.test: W = 35, one-sided p = 0.1272)', () => {
    const term = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    const early = [1.15, 0.88, 0.90, 0.74, 1.21]
    const { u, pValue } = mannWhitney(early, term)
    expect(u).toBe(35)
    expect((pValue / 2).toFixed(4)).toBe('0.1272')
  })

  // The largest U that is significant at 5 %, two-sided, in the tables printed since 1947.
  test.each([[4, 4, 0], [5, 5, 2], [6, 6, 5], [8, 10, 17], [10, 10, 23], [15, 15, 64], [20, 20, 127]])('the critical value of %i and %i is %i', (a, b, critical) => {
    expect(mannWhitney(...samplesWithU(a, b, critical))).toMatchObject({ u: critical, exact: true })
    expect(mannWhitney(...samplesWithU(a, b, critical)).pValue).toBeLessThanOrEqual(0.05)
    expect(mannWhitney(...samplesWithU(a, b, critical + 1)).pValue).toBeGreaterThan(0.05)
  })

  test('large samples take the normal approximation, which meets the exact one where both are possible', () => {
    const random = seeded(5)
    const few = [upTo(28).map(() => Math.floor(random() * 40)), upTo(28).map(() => Math.floor(random() * 40 + 5))] as const
    const many = [few[0].concat(few[0], few[0]), few[1].concat(few[1], few[1])] as const
    expect(mannWhitney(...few).exact).toBe(true)
    const large = mannWhitney(...many)
    expect(large.exact).toBe(false)
    expect(large.superiority).toBeCloseTo(mannWhitney(...few).superiority, 12)
    // Tie term and continuity by hand for two samples of 100 with two values each: U = 6000, sigma² = (10000/12)(201 - 2·(100³-100)/(200·199)).
    const halves = (ones: number): number[] => upTo(100).map((i) => (i < ones ? 1 : 0))
    const z = (6000 - 5000 - 0.5) / Math.sqrt((10_000 / 12) * (201 - (2 * (100 ** 3 - 100)) / (200 * 199)))
    expect(z).toBeCloseTo(2.81992, 4)
    expect(mannWhitney(halves(40), halves(60))).toMatchObject({ exact: false, u: 6000 })
    expect(mannWhitney(halves(40), halves(60)).pValue).toBeCloseTo(0.0048034, 5)
  })

  test('equal values cannot differ', () => {
    expect(mannWhitney([5, 5, 5], [5, 5, 5])).toMatchObject({ pValue: 1, superiority: 0.5 })
    expect(mannWhitney(upTo(100).map(() => 5), upTo(100).map(() => 5)).pValue).toBe(1)
  })

  test.each([[[], [1]], [[1], []], [[Number.NaN], [1]]])('%j and %j are no samples', (a, b) => {
    expect(() => mannWhitney(a, b)).toThrow(RangeError)
  })

  test('the same distribution on both sides is called different in at most 5 % of cases', () => {
    const random = seeded(17)
    const skewed = (): number => Math.exp(2 * (random() + random() + random()))
    let found = 0
    for (let i = 0; i < 4000; i++) if (mannWhitney(upTo(8).map(skewed), upTo(8).map(skewed)).pValue <= 0.05) found++
    // The test of 8 and 8 has steps; the largest p below 5 % is 4.99 %.
    expect(found / 4000).toBeGreaterThan(0.038)
    expect(found / 4000).toBeLessThan(0.06)
  })
})

describe('how many runs are needed', () => {
  test.each([[1, 4], [2, 5], [3, 5], [10, 6], [100, 8]])('%i tests: %i of each', (tests, runs) => {
    expect(runsNeeded(tests, 0.05)).toBe(runs)
    expect(mannWhitney(upTo(runs), upTo(runs).map((value) => value + 1000)).pValue).toBeCloseTo(smallestP(runs, runs), 14)
    expect(smallestP(runs, runs) * tests).toBeLessThanOrEqual(0.05)
    expect(smallestP(runs - 1, runs - 1) * tests).toBeGreaterThan(0.05)
  })
})

describe('corrections', () => {
  // R: p.adjust(c(0.01, 0.02, 0.03, 0.04, 0.05), 'holm' | 'BH')
  test('as p.adjust gives them, in the order given', () => {
    expect(holm([0.05, 0.01, 0.03, 0.02, 0.04]).map((p) => p.toFixed(3))).toEqual(['0.090', '0.050', '0.090', '0.080', '0.090'])
    expect(benjaminiHochberg([0.05, 0.01, 0.03, 0.02, 0.04]).map((p) => p.toFixed(3))).toEqual(['0.050', '0.050', '0.050', '0.050', '0.050'])
    expect(benjaminiHochberg([0.001, 0.5, 0.02]).map((p) => p.toFixed(3))).toEqual(['0.003', '0.500', '0.030'])
    expect([holm([]), benjaminiHochberg([]), holm([0.9, 0.8])]).toEqual([[], [], [1, 1]])
  })

  test('Holm keeps the chance of any false difference, Benjamini-Hochberg under the null as well', () => {
    const random = seeded(23)
    const alarms = { holm: 0, benjaminiHochberg: 0 }
    for (let i = 0; i < 1000; i++) {
      const pValues = upTo(6).map(() => mannWhitney(upTo(7).map(random), upTo(7).map(random)).pValue)
      if (holm(pValues).some((p) => p <= 0.05)) alarms.holm++
      if (benjaminiHochberg(pValues).some((p) => p <= 0.05)) alarms.benjaminiHochberg++
    }
    expect(alarms.holm / 1000).toBeLessThan(0.065)
    expect(alarms.benjaminiHochberg / 1000).toBeLessThan(0.065)
  })
})

describe('percentiles', () => {
  test('the binomial sums are those of counting', () => {
    const choose = (n: number, k: number): number => upTo(k).reduce((ways, i) => (ways * (n - i)) / (i + 1), 1)
    for (const [n, p] of [[1, 0.5], [10, 0.5], [12, 0.95], [40, 0.99]] as const) {
      let sum = 0
      for (let k = 0; k < n; k++) {
        sum += choose(n, k) * p ** k * (1 - p) ** (n - k)
        expect(binomialCdf(k, n, p)).toBeCloseTo(sum, 11)
      }
    }
    expect(binomialCdf(499_999, 999_999, 0.5)).toBeCloseTo(0.5, 8)
  })

  // The ranks in the tables for the median (for example Conover, table A3), and the known sizes from which p95 and p99 have upper bounds.
  test.each([
    [5, 0.5, undefined, undefined], [6, 0.5, 1, 6], [10, 0.5, 2, 9], [20, 0.5, 6, 15], [100, 0.5, 40, 61],
    [71, 0.95, 63, undefined], [72, 0.95, 64, 72], [367, 0.99, 359, undefined], [368, 0.99, 360, 368],
  ])('%i values, %d: from rank %s to rank %s', (count, share, lower, upper) => {
    const ranks = quantileRanks(count, share)
    expect(ranks.upper).toBe(upper)
    expect(ranks.lower).toBe(lower)
    if (lower !== undefined) {
      expect(binomialCdf(lower - 1, count, share)).toBeLessThanOrEqual(0.025)
      expect(binomialCdf(lower, count, share)).toBeGreaterThan(0.025)
    }
  })

  test('the interval covers the true percentile at least as often as it says', () => {
    const random = seeded(29)
    for (const [count, share] of [[15, 0.5], [120, 0.95]] as const) {
      let covered = 0
      for (let i = 0; i < 1500; i++) {
        const sorted = Float64Array.from(upTo(count), () => random()).sort()
        const { low = 0, high = 1 } = quantileBounds(sorted, share)
        if (low <= share && share <= high) covered++
      }
      expect(covered / 1500).toBeGreaterThan(0.94)
    }
  })

  test('bounds are observed values, and are left out where there are too few', () => {
    expect(measuredPercentiles(upTo(10))).toEqual({
      p50: 4, p95: 9, p99: 9, max: 9, intervals: { p50: { low: 1, high: 8 }, p95: { low: 7 }, p99: { low: 8 } },
    })
    expect(measuredPercentiles([3])?.intervals).toEqual({ p50: {}, p95: {}, p99: { low: 3 } })
    expect(measuredPercentiles([])).toBeUndefined()
  })
})

describe('the interval of a difference of medians', () => {
  test('is the same for the same values, whatever their order', () => {
    const a = [5, 1, 9, 7, 3]
    const b = [15, 11, 19, 17, 13]
    expect(medianDifferenceInterval(a, b)).toEqual(medianDifferenceInterval(a.toReversed(), b.toSorted((x, y) => x - y)))
    expect(medianDifferenceInterval(a, a.map((value) => value + 100)).low).toBeGreaterThan(90)
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN])
  })

  test('covers the true difference about as often as it says', () => {
    const random = seeded(31)
    const skewed = (): number => -Math.log(1 - random())
    let covered = 0
    for (let i = 0; i < 250; i++) {
      const { low, high } = medianDifferenceInterval(upTo(20).map(skewed), upTo(20).map(() => skewed() + 2), seededRandom(i))
      if (low <= 2 && high >= 2) covered++
    }
    expect(covered / 250).toBeGreaterThan(0.9)
  })
})
