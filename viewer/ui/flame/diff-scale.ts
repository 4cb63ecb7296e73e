import { formatShare } from '../../../reports/shared/numbers.ts'
import { changeOf, shareOf, type Change, type DiffSums } from './diff-tree.ts'
import { formatWeight, type Weight } from './weights.ts'

/** Colours of a difference, from much less to much more; the one in the middle says: about the same. */
export const SCALE: readonly string[] = ['--less-3', '--less-2', '--less-1', '--same', '--more-1', '--more-2', '--more-3']
const MIDDLE = 3
/** From which part of the largest change on a colour is used. */
const STEPS = [0.02, 0.2, 0.5] as const

export interface Scale {
  /** The change at which the colour is full. */
  readonly full: number
}

/** The largest change, but not less than one in a hundred of the whole: noise shall not look like news. */
export function scaleOf(sums: DiffSums, change: Change, frames: number): Scale {
  let most = change === 'share' ? 0.01 : 0.01 * Math.max(sums.base.whole, sums.new.whole)
  for (let frame = 0; frame < frames; frame++) most = Math.max(most, Math.abs(changeOf(sums, change, frame)))
  return { full: most }
}

/** Place in {@link SCALE}. */
export function colourOf({ full }: Scale, change: number): number {
  const part = full > 0 ? Math.abs(change) / full : 0
  const steps = STEPS.filter((from) => part >= from).length
  return change < 0 ? MIDDLE - steps : MIDDLE + steps
}

/** The same without colours. */
export const signOf = (colour: number): string => (colour < MIDDLE ? '−' : colour > MIDDLE ? '+' : '')

/** For each colour, the changes that have it, in words: `−5.0 to −2.0 points`. */
export function scaleWords({ full }: Scale, change: Change, weight: Weight): string[] {
  const word = (value: number): string => formatChange(change, weight, value)
  const [first, second, third] = STEPS.map((step) => step * full) as [number, number, number]
  return [
    `${word(-full)} to ${word(-third)}`, `${word(-third)} to ${word(-second)}`, `${word(-second)} to ${word(-first)}`, `about the same: ${word(-first)} to ${word(first)}`,
    `${word(first)} to ${word(second)}`, `${word(second)} to ${word(third)}`, `${word(third)} to ${word(full)}`,
  ]
}

const signed = (value: number, text: string): string => `${value < 0 ? '−' : '+'}${text}`

/** `+1.24 s`, `−310 tokens`'s number, or `+2.3 points`: hundredths of the run. */
export function formatChange(change: Change, weight: Weight, value: number): string {
  if (change === 'absolute') return value === 0 ? '±0' : signed(value, formatWeight(weight, Math.abs(value)))
  const points = (Math.abs(value) * 100).toFixed(1)
  return points === '0.0' ? '±0.0 points' : `${signed(value, points)} points`
}

/** `1.24 s · 17 %` of one side. */
export const formatSide = (sums: DiffSums, side: 'base' | 'new', weight: Weight, value: number): string =>
  value === 0 ? '–' : `${formatWeight(weight, value)} · ${formatShare(shareOf(sums[side], value))}`

/** `+1.24 s (+31 %)`; without a part of what was not there before. */
export function formatDifference(weight: Weight, base: number, next: number): string {
  const text = formatChange('absolute', weight, next - base)
  return base > 0 && next !== base ? `${text} (${signed(next - base, formatShare(Math.abs(next - base) / base))})` : text
}
