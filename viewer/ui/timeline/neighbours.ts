import { shownFor } from './collapse.ts'
import type { Layout } from './layout.ts'
import type { Times, Tree } from './tree.ts'

export type Direction = 'left' | 'right' | 'up' | 'down' | 'first' | 'last'

/** Where a key leads from a span: to its siblings in time, its parent, its first child. It stays where there is none. */
export function neighbour(from: number, direction: Direction, tree: Tree, { start }: Times, layout: Layout): number {
  const parent = tree.parent[from]!
  if (direction === 'up') return parent === -1 ? from : parent
  if (direction === 'down') {
    const own = tree.children[from]!
    // What is collapsed has to be opened first.
    return own.length === 0 || layout.row[own[0]!] === -1 ? from : earliest(own, start)
  }
  if (parent === -1) return from
  const siblings = [...tree.children[parent]!].sort((a, b) => start[a]! - start[b]! || a - b)
  const at = siblings.indexOf(from)
  const to = direction === 'first' ? 0 : direction === 'last' ? siblings.length - 1 : at + (direction === 'left' ? -1 : 1)
  return shownFor(siblings[to] ?? from, tree, layout)
}

const earliest = (own: readonly number[], start: Float64Array): number => own.reduce((first, i) => (start[i]! < start[first]! ? i : first), own[0]!)
