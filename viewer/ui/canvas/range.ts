/** The stretch of an axis that is in view, in the axis' own unit. Pure: each step gives a new one. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** What may be looked at, and the least stretch that makes sense, such as 100 ns. */
export interface Bounds extends Range {
  readonly least: number
}

export const lengthOf = ({ from, to }: Range): number => to - from

/** @param factor below 1 looks closer @param at stays where it is */
export function zoomed(range: Range, bounds: Bounds, factor: number, at: number): Range {
  const whole = lengthOf(bounds)
  const length = Math.min(whole, Math.max(Math.min(bounds.least, whole), lengthOf(range) * factor))
  const share = lengthOf(range) === 0 ? 0.5 : (at - range.from) / lengthOf(range)
  return within({ from: at - share * length, to: at + (1 - share) * length }, bounds)
}

export const moved = ({ from, to }: Range, bounds: Bounds, by: number): Range => within({ from: from + by, to: to + by }, bounds)

/** All of the inner one, with a margin of that share on both sides. */
export function around(inner: Range, bounds: Bounds, margin = 0.05): Range {
  const length = Math.max(lengthOf(inner), bounds.least)
  const middle = (inner.from + inner.to) / 2
  return within({ from: middle - length * (0.5 + margin), to: middle + length * (0.5 + margin) }, bounds)
}

/** Of the same length where that fits. */
function within({ from, to }: Range, bounds: Bounds): Range {
  const length = Math.min(to - from, lengthOf(bounds))
  const start = Math.min(Math.max(from, bounds.from), bounds.to - length)
  return { from: start, to: start + length }
}

/** Round places for labels, about `count` of them: 1, 2 or 5 times a power of ten apart. */
export function ticks({ from, to }: Range, count: number): number[] {
  const rough = (to - from) / Math.max(1, count)
  if (!(rough > 0)) return []
  const power = 10 ** Math.floor(Math.log10(rough))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((one) => one >= rough)!
  const found: number[] = []
  for (let at = Math.ceil(from / step); at * step <= to && found.length < 1_000; at++) found.push(at * step)
  return found
}
