/** Who is inside whom, in arrays: no object per node, and no recursion, for runs are as deep as their authors made them. */
export interface Forest {
  readonly count: number
  /** -1 for a root. */
  readonly parent: Int32Array
  /** Of node i: `children` from `first[i]` up to `first[i + 1]`; those of no node, the roots, stand at `first[count]`. */
  readonly first: Int32Array
  readonly children: Int32Array
  /** Parents before their children; backwards it is children before parents. */
  readonly topDown: Int32Array
}

/** @param parent in any order; children keep the order of their numbers */
export function forestOf(parent: Int32Array): Forest {
  const count = parent.length
  const first = new Int32Array(count + 2)
  const slotOf = (i: number): number => (parent[i] === -1 ? count : parent[i]!)
  for (let i = 0; i < count; i++) first[slotOf(i) + 1]!++
  for (let i = 1; i < first.length; i++) first[i]! += first[i - 1]!
  const next = first.slice()
  const children = new Int32Array(count)
  for (let i = 0; i < count; i++) children[next[slotOf(i)]!++] = i
  return { count, parent, first, children, topDown: topDownOf(count, first, children) }
}

function topDownOf(count: number, first: Int32Array, children: Int32Array): Int32Array {
  const order = new Int32Array(count)
  let length = 0
  const add = (node: number): void => {
    for (let at = first[node]!; at < first[node + 1]!; at++) order[length++] = children[at]!
  }
  add(count)
  for (let head = 0; head < length; head++) add(order[head]!)
  // What reaches no root is in no picture.
  return order.subarray(0, length)
}

/** `self` and that of all below. */
export function totalsOf({ parent, topDown, count }: Forest, self: Float64Array): Float64Array {
  const total = new Float64Array(count)
  for (let at = topDown.length - 1; at >= 0; at--) {
    const node = topDown[at]!
    total[node]! += self[node]!
    const above = parent[node]!
    if (above !== -1) total[above]! += total[node]!
  }
  return total
}
