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

const S = 1e9
/** What people count time in beyond a second. */
const TIME_STEPS = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1_800, 3_600, 7_200, 10_800, 21_600, 43_200, 86_400].map((seconds) => seconds * S)

/** Round moments of a stretch of nanoseconds, about `count` of them, and how far they are apart. */
export function timeTicks(range: Range, count: number): { readonly step: number; readonly at: readonly number[] } {
  const rough = lengthOf(range) / Math.max(1, count)
  const step = rough <= S ? undefined : TIME_STEPS.find((one) => one >= rough)
  if (step === undefined) {
    const at = ticks(range, count)
    return { step: at.length > 1 ? at[1]! - at[0]! : lengthOf(range), at }
  }
  const at: number[] = []
  for (let n = Math.ceil(range.from / step); n * step <= range.to && at.length < 1_000; n++) at.push(n * step)
  return { step, at }
}

const UNITS = [[S, 's'], [1e6, 'ms'], [1e3, 'µs'], [1, 'ns']] as const

/** `12.35 s`, `2 min 5 s`: as many digits as tell it from its neighbours, in the unit that suits the largest. */
export function formatTick(ns: number, step: number, largest: number): string {
  if (largest >= 100 * S && step >= S) return minutes(Math.round(ns / S))
  const [unit, name] = UNITS.find(([one]) => largest >= one) ?? UNITS[3]
  const digits = Math.min(9, Math.max(0, Math.ceil(-Math.log10(step / unit) - 1e-9)))
  return `${ns === 0 ? '0' : (ns / unit).toFixed(digits)} ${name}`
}

function minutes(seconds: number): string {
  const [h, min, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60]
  const parts = [[h, 'h'], [min, 'min'], [s, 's']].filter(([count]) => count !== 0)
  return seconds < 0 ? `-${minutes(-seconds)}` : parts.length === 0 ? '0 s' : parts.map(([count, unit]) => `${count} ${unit}`).join(' ')
}
