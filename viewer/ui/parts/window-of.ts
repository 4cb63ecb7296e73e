/** Rows of a long list, from `first` to before `end`. */
export interface Window {
  readonly first: number
  readonly end: number
}

const AROUND = 8
/** A short list is simply there. */
const SHORT = 60

/** @param above how much of the list is above the window's upper edge, pixels; negative: none */
export function windowOf(above: number, height: number, rowHeight: number, count: number): Window {
  if (count <= SHORT) return { first: 0, end: count }
  const first = Math.max(0, Math.min(count, Math.floor(above / rowHeight) - AROUND))
  return { first, end: Math.max(first, Math.min(count, Math.ceil((above + height) / rowHeight) + AROUND)) }
}
