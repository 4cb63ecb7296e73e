import { firstEndingAfter, type Layout } from './layout.ts'

/** The frame at a place; of those that are too narrow to be met, one that is at most `near` away. */
export function frameAt(layout: Layout, row: number, x: number, near = 0): number | undefined {
  if (row < 0 || row >= layout.rows) return undefined
  const { byRow, firstInRow, from, to } = layout
  const at = firstEndingAfter(layout, row, x)
  const after = at < firstInRow[row + 1]! ? byRow[at]! : undefined
  if (after !== undefined && from[after]! <= x) return after
  const before = at > firstInRow[row]! ? byRow[at - 1]! : undefined
  const distance = (frame: number | undefined): number => (frame === undefined ? Infinity : Math.max(from[frame]! - x, x - to[frame]!))
  const nearest = distance(before) <= distance(after) ? before : after
  return distance(nearest) <= near ? nearest : undefined
}

export type Step = 'in' | 'out' | 'next' | 'previous'

/** Where an arrow key leads: to the widest child, the parent, or the siblings beside it; undefined: nowhere. */
export function neighbour(layout: Layout, frame: number, step: Step): number | undefined {
  const { forest, from, to, row } = layout
  const parent = forest.parent[frame]!
  switch (step) {
    case 'out':
      return parent === -1 ? undefined : parent
    case 'in': {
      let widest: number | undefined
      for (const child of shownChildren(layout, frame)) {
        if (widest === undefined || to[child]! - from[child]! > to[widest]! - from[widest]!) widest = child
      }
      return widest
    }
    case 'next':
    case 'previous': {
      const isBefore = (a: number, b: number): boolean => (from[a]! - from[b]! || row[a]! - row[b]! || to[a]! - to[b]! || a - b) < 0
      let found: number | undefined
      for (const one of shownChildren(layout, parent === -1 ? forest.count : parent)) {
        const isThere = step === 'next' ? isBefore(frame, one) : isBefore(one, frame)
        if (isThere && (found === undefined || (step === 'next' ? isBefore(one, found) : isBefore(found, one)))) found = one
      }
      return found
    }
  }
}

function* shownChildren({ forest: { first, children }, row }: Layout, node: number): Generator<number> {
  for (let at = first[node]!; at < first[node + 1]!; at++) if (row[children[at]!] !== -1) yield children[at]!
}

/** From the root to the frame itself. */
export function pathTo({ forest: { parent } }: Layout, frame: number): number[] {
  const path: number[] = []
  for (let at = frame; at !== -1; at = parent[at]!) path.unshift(at)
  return path
}
