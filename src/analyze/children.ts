import { ints } from './room.ts'

/** The children of span `i` are `all[first[i]]` to `all[first[i + 1] - 1]`, in order of start: two arrays where a run has a million lists. */
export interface Children {
  readonly first: Int32Array
  readonly all: Int32Array
}

export type ChildLists = readonly (readonly number[])[]

const NONE: readonly number[] = Object.freeze([])

/** @param parent by span, -1 for the root */
export const childrenOf = (parent: Int32Array): Children => grouped(parent, parent.length)

/**
 * The places of each number, ascending: those of number `n` are `all[first[n]]` to `all[first[n + 1] - 1]`.
 * @param numbers by place, below `count`; -1 is in no group
 */
export function grouped(numbers: Int32Array, count: number): Children {
  const first = ints(count + 1)
  let places = 0
  for (let i = 0; i < numbers.length; i++) {
    if (numbers[i] === -1) continue
    first[numbers[i]!]!++
    places++
  }
  const all = ints(places)
  // Filled from behind: each entry is where that group ends, and at last where it begins.
  for (let n = 1; n <= count; n++) first[n]! += first[n - 1]!
  for (let i = numbers.length - 1; i >= 0; i--) if (numbers[i] !== -1) all[--first[numbers[i]!]!] = i
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
  const first = ints(lists.length + 1)
  for (let i = 0; i < lists.length; i++) first[i + 1] = first[i]! + lists[i]!.length
  const all = ints(first[lists.length]!)
  for (let i = 0; i < lists.length; i++) all.set(lists[i]!, first[i])
  return { first, all }
}

/** In order of start wherever that will do: then each step goes through memory from its beginning to its end. */
export function topDownOrder(parent: Int32Array, children: Children | ChildLists): Int32Array {
  const order = ints(parent.length)
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
