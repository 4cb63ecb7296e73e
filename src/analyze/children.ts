/** The children of span `i` are `all[first[i]]` to `all[first[i + 1] - 1]`, in order of start: two arrays where a run has a million lists. */
export interface Children {
  readonly first: Int32Array
  readonly all: Int32Array
}

export type ChildLists = readonly (readonly number[])[]

const NONE: readonly number[] = Object.freeze([])

/** @param parent by span, -1 for the root */
export function childrenOf(parent: Int32Array): Children {
  const first = new Int32Array(parent.length + 1)
  let count = 0
  for (let i = 0; i < parent.length; i++) {
    if (parent[i] === -1) continue
    first[parent[i]!]!++
    count++
  }
  const all = new Int32Array(count)
  // Filled from behind: each entry is where the children of that span end, and at last where they begin.
  for (let i = 1; i <= parent.length; i++) first[i]! += first[i - 1]!
  for (let i = parent.length - 1; i >= 0; i--) if (parent[i] !== -1) all[--first[parent[i]!]!] = i
  return { first, all }
}

/** The same as a list for each span, for a page that draws them. */
export function childLists(parent: Int32Array): ChildLists {
  const { first, all } = childrenOf(parent)
  const lists: (readonly number[])[] = []
  for (let i = 0; i < parent.length; i++) lists.push(first[i] === first[i + 1] ? NONE : Array.from(all.subarray(first[i], first[i + 1])))
  return lists
}

export function joined(lists: ChildLists): Children {
  const first = new Int32Array(lists.length + 1)
  for (let i = 0; i < lists.length; i++) first[i + 1] = first[i]! + lists[i]!.length
  const all = new Int32Array(first[lists.length]!)
  for (let i = 0; i < lists.length; i++) all.set(lists[i]!, first[i])
  return { first, all }
}

/** In order of start wherever that will do: then each step goes through memory from its beginning to its end. */
export function topDownOrder(parent: Int32Array, children: Children | ChildLists): Int32Array {
  const order = new Int32Array(parent.length)
  let isOrder = true
  for (let i = 0; i < order.length; i++) {
    order[i] = i
    if (parent[i]! >= i) isOrder = false
  }
  if (isOrder) return order
  const { first, all } = 'first' in children ? children : joined(children)
  let length = 1
  for (let head = 0; head < order.length; head++) {
    for (let at = first[order[head]!]!; at < first[order[head]! + 1]!; at++) order[length++] = all[at]!
  }
  return order
}

/** @param span whose children are wanted */
export const listOf = ({ first, all }: Children, span: number): number[] => Array.from(all.subarray(first[span], first[span + 1]))
