import type { Range } from '../canvas/range.ts'

/** Sizes of the picture, CSS pixels. */
export const frame = { left: 64, right: 14, top: 10, bottom: 34 } as const

export const plotWidth = (width: number): number => Math.max(1, width - frame.left - frame.right)

export const xOf = (index: number, { from, to }: Range, width: number): number => frame.left + ((index - from) / (to - from)) * plotWidth(width)

/** The column at a place, or undefined beside the plot. */
export function columnAt(x: number, { from, to }: Range, width: number, count: number): number | undefined {
  const index = Math.floor(from + ((x - frame.left) / plotWidth(width)) * (to - from))
  return x < frame.left || x > width - frame.right || index < 0 || index >= count ? undefined : index
}
