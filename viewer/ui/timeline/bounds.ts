import type { Bounds, Range } from '../canvas/range.ts'
import type { Times } from './tree.ts'

/** Nobody looks closer, ns. */
const LEAST = 200
const MARGIN = 0.012

/**
 * All that there is to look at, with a margin: children of imported runs may begin before the run does, and late work ends after it.
 * @param latest at least up to there
 */
export function boundsOf({ start, end }: Times, latest = -Infinity): Bounds {
  let [from, to] = [Infinity, latest]
  for (let i = 0; i < start.length; i++) {
    if (start[i]! < from) from = start[i]!
    if (end[i]! > to) to = end[i]!
  }
  if (!(to >= from)) return { from: 0, to: 1, least: 1 }
  const margin = Math.max(1, (to - from) * MARGIN)
  return { from: from - margin, to: to + margin, least: LEAST }
}

/** From the first start to the last end of some spans. */
export function stretchOf(spans: Iterable<number>, { start, end }: Times): Range {
  let [from, to] = [Infinity, -Infinity]
  for (const i of spans) {
    from = Math.min(from, start[i]!)
    to = Math.max(to, end[i]!)
  }
  return to >= from ? { from, to } : { from: 0, to: 1 }
}

/** Milliseconds since the run began, exact to the nanosecond. */
export const toAddress = (ns: number, originNs: number): number => Number(((ns - originNs) / 1e6).toFixed(6))

/** @returns undefined where the address holds none that makes sense */
export function fromAddress(from: string | null, to: string | null, originNs: number, bounds: Bounds): Range | undefined {
  if (from === null || to === null || from === '' || to === '') return undefined
  const range = { from: Math.max(bounds.from, Number(from) * 1e6 + originNs), to: Math.min(bounds.to, Number(to) * 1e6 + originNs) }
  return range.to - range.from >= Math.min(bounds.least, bounds.to - bounds.from) / 2 ? range : undefined
}
