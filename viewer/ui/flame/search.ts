import type { Forest } from './forest.ts'

/** Frames that are looked for, and how much of the whole they are. */
export interface Matches {
  /** 1 for a frame that matches. */
  readonly frames: Uint8Array
  readonly count: number
  /** With all below, where frames lie in each other once. */
  readonly total: number
  readonly self: number
}

/** @param matches of each operation, whether it is looked for */
export function matchesIn({ topDown, parent, count }: Forest, operation: Int32Array, matches: Uint8Array, sums: { readonly self: Float64Array; readonly total: Float64Array }): Matches {
  const frames = new Uint8Array(count)
  const inside = new Uint8Array(count)
  let [found, total, self] = [0, 0, 0]
  for (const frame of topDown) {
    const above = parent[frame]!
    const isInside = above !== -1 && inside[above] === 1
    const isMatch = matches[operation[frame]!] === 1
    inside[frame] = isInside || isMatch ? 1 : 0
    if (!isMatch) continue
    frames[frame] = 1
    if (sums.total[frame]! > 0) found++
    self += sums.self[frame]!
    if (!isInside) total += sums.total[frame]!
  }
  return { frames, count: found, total, self }
}

/** All words, in any order, in upper or lower case. */
export function matcherOf(text: string): (name: string) => boolean {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '')
  return (name) => {
    const lower = name.toLowerCase()
    return words.every((word) => lower.includes(word))
  }
}

/** An operation over all its frames. `total`: with all below; a frame inside of one of the same operation counts once. */
export interface OperationSum {
  readonly operation: number
  readonly frames: number
  readonly spans: number
  readonly self: number
  readonly total: number
}

export function sumsByOperation(forest: Forest, operation: Int32Array, spansOf: (frame: number) => number, sums: { readonly self: Float64Array; readonly total: Float64Array }): OperationSum[] {
  const rows = new Map<number, { operation: number; frames: number; spans: number; self: number; total: number }>()
  walk(forest, (frame, isNested) => {
    const key = operation[frame]!
    let row = rows.get(key)
    if (row === undefined) rows.set(key, (row = { operation: key, frames: 0, spans: 0, self: 0, total: 0 }))
    row.frames++
    row.spans += spansOf(frame)
    row.self += sums.self[frame]!
    if (!isNested) row.total += sums.total[frame]!
  }, operation)
  return [...rows.values()]
}

/** Depth first, so that it is known what a frame lies in. */
function walk({ count, first, children }: Forest, visit: (frame: number, isNested: boolean) => void, operation: Int32Array): void {
  const open = new Map<number, number>()
  const stack: number[] = []
  const push = (node: number): void => {
    for (let at = first[node + 1]! - 1; at >= first[node]!; at--) stack.push(children[at]!)
  }
  push(count)
  while (stack.length > 0) {
    const top = stack.pop()!
    // A frame that has been entered stands on the stack once more, to be left.
    const frame = top < 0 ? -top - 1 : top
    const key = operation[frame]!
    const depth = open.get(key) ?? 0
    if (top < 0) {
      open.set(key, depth - 1)
      continue
    }
    visit(frame, depth > 0)
    if (first[frame] === first[frame + 1]) continue
    open.set(key, depth + 1)
    stack.push(-frame - 1)
    push(frame)
  }
}
