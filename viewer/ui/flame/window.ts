/** Which rows of a long table stand in the document: those in view, and a few beyond. */
export interface RowWindow {
  readonly from: number
  readonly to: number
}

const BEYOND = 8

export function windowOf(count: number, rowHeight: number, top: number, height: number): RowWindow {
  const from = Math.max(0, Math.min(count, Math.floor(top / rowHeight) - BEYOND))
  return { from, to: Math.min(count, Math.ceil((top + height) / rowHeight) + BEYOND) }
}
