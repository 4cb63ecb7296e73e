import type { Layout } from './layout.ts'
import type { Tree } from './tree.ts'

/** Rows beyond which a run does not open whole. */
export const MAX_ROWS = 60

/**
 * What is collapsed so that the block of `top` takes about `most` rows: lanes that run beside each other share the rows, and a span
 * whose share does not even hold its children starts collapsed. `top` itself is opened whatever it holds.
 * @param whole the layout with nothing collapsed
 * @param collapsed is changed for all below `top`
 */
export function openWithin(top: number, most: number, tree: Tree, whole: Layout, collapsed: Uint8Array): void {
  collapsed[top] = 0
  const spans = [top]
  const shares = [most]
  while (spans.length > 0) {
    const span = spans.pop()!
    const share = shares.pop()!
    for (const [child, own] of sharesBelow(span, Math.max(1, share - 1), tree, whole)) {
      const { length } = tree.children[child]!
      if (length === 0) continue
      const isOpen = whole.height[child]! <= own || rowsOfChildren(child, tree, whole) <= own - 1
      collapsed[child] = isOpen ? 0 : 1
      if (!isOpen) continue
      spans.push(child)
      shares.push(own)
    }
  }
}

/** The rows that each child may take. Of lanes side by side the low ones take what they need, and the others share what is left. */
function sharesBelow(span: number, rows: number, { children }: Tree, { group, offset, height }: Layout): [child: number, share: number][] {
  const lanesOf = new Map<number, Map<number, number>>()
  for (const child of children[span]!) {
    let lanes = lanesOf.get(group[child]!)
    if (lanes === undefined) lanesOf.set(group[child]!, lanes = new Map())
    lanes.set(offset[child]!, Math.max(lanes.get(offset[child]!) ?? 0, height[child]!))
  }
  for (const lanes of lanesOf.values()) {
    let [left, count] = [rows, lanes.size]
    for (const [lane, needed] of [...lanes].sort(([, a], [, b]) => a - b)) {
      const share = Math.max(1, Math.min(needed, Math.floor(left / count)))
      lanes.set(lane, share)
      left -= share
      count--
    }
  }
  return children[span]!.map((child) => [child, lanesOf.get(group[child]!)!.get(offset[child]!)!])
}

/** Rows that its children take when all of them are collapsed. */
function rowsOfChildren(span: number, { children }: Tree, { group, offset }: Layout): number {
  const lanes = new Map<number, Set<number>>()
  let most = 0
  for (const child of children[span]!) {
    let own = lanes.get(group[child]!)
    if (own === undefined) lanes.set(group[child]!, own = new Set())
    own.add(offset[child]!)
    most = Math.max(most, own.size)
  }
  return most
}

/** What of a run starts collapsed. */
export function collapsedAtFirst(tree: Tree, whole: Layout): Uint8Array {
  const collapsed = new Uint8Array(tree.parent.length)
  if (whole.rows > MAX_ROWS) openWithin(0, MAX_ROWS, tree, whole, collapsed)
  return collapsed
}

/** The span, or what it is hidden in. */
export function shownFor(span: number, { parent }: Tree, { row }: Layout): number {
  let at = span
  while (row[at] === -1 && parent[at] !== -1) at = parent[at]!
  return at
}
