import type { Percentiles } from '../model/analysis.ts'

/** Nearest rank: the smallest observed value that so many percent of the values do not exceed. Undefined without values. */
export function percentiles(values: Iterable<number>): Percentiles | undefined {
  // Of an array of numbers a plain copy: asking its iterator a million times takes longer than sorting.
  const sorted = (values instanceof Float64Array ? values.slice() : Float64Array.from(values)).sort()
  return percentilesOfSorted(sorted)
}

/** The same of values that are sorted already. */
export function percentilesOfSorted(sorted: Float64Array): Percentiles | undefined {
  if (sorted.length === 0) return undefined
  const at = (percent: number): number => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)]!
  return { p50: at(50), p95: at(95), p99: at(99), max: sorted.at(-1)! }
}
