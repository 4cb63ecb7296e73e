import type { Forest } from './forest.ts'
import { rowsOf, type Layout } from './layout.ts'

/**
 * Spans where they were in time. Under a span lie its children, those that ran at the same time under each other; each goes
 * where there is first room for it, and brings along all that is inside of it. Late work, after its parent's end, is where it was too.
 */
export function placedLayout(forest: Forest, start: Float64Array, end: Float64Array): Layout {
  const { count, topDown, parent } = forest
  const offset = offsetsOf(forest, start, end)
  const row = new Int32Array(count).fill(-1)
  for (const node of topDown) row[node] = offset[node]! + (parent[node] === -1 ? 0 : row[parent[node]!]! + 1)
  const inOrder = topDown.slice().sort((a, b) => row[a]! - row[b]! || start[a]! - start[b]! || end[a]! - end[b]! || a - b)
  let [from, to] = [Infinity, -Infinity]
  for (const node of topDown) {
    from = Math.min(from, start[node]!)
    to = Math.max(to, end[node]!)
  }
  return { forest, axis: { from: Number.isFinite(from) ? from : 0, to: Number.isFinite(to) ? to : 0 }, from: start, to: end, row, ...rowsOf(row, inOrder) }
}

/** How many rows below the first row under its parent each node lies. */
function offsetsOf({ count, first, children, topDown }: Forest, start: Float64Array, end: Float64Array): Int32Array {
  const offset = new Int32Array(count)
  const height = new Int32Array(count).fill(1)
  // With all that is inside, which may be outside: late work, and children whose clock ran ahead.
  const from = start.slice()
  const to = end.slice()
  const lay = (node: number): number => {
    const own = children.slice(first[node], first[node + 1])
    if (own.length === 0) return 0
    if (own.length > 1) own.sort((a, b) => from[a]! - from[b]! || a - b)
    const below = fitted(own, { from, to, height, offset }) ?? inLanes(own, { from, to, height, offset })
    if (node === count) return below
    for (const child of own) {
      from[node] = Math.min(from[node]!, from[child]!)
      to[node] = Math.max(to[node]!, to[child]!)
    }
    return below
  }
  for (let at = topDown.length - 1; at >= 0; at--) height[topDown[at]!]! += lay(topDown[at]!)
  lay(count)
  return offset
}

interface Blocks {
  readonly from: Float64Array
  readonly to: Float64Array
  readonly height: Int32Array
  readonly offset: Int32Array
}

/** More rows are not searched one by one. */
const MAX_ROWS = 200

/** Each child where there is first room for it and all inside of it. @returns rows; undefined where they are too many */
function fitted(own: Int32Array, { from, to, height, offset }: Blocks): number | undefined {
  const until: number[] = []
  for (const child of own) {
    let top = 0
    for (let row = 0; row < until.length && row < top + height[child]!; row++) if (until[row]! > from[child]!) top = row + 1
    if (top + height[child]! > MAX_ROWS && own.length > MAX_ROWS) return undefined
    offset[child] = top
    for (let row = top; row < top + height[child]!; row++) until[row] = to[child]!
  }
  return until.length
}

/** Each child in the first free lane; a lane is as high as the highest in it. */
function inLanes(own: Int32Array, { from, to, height, offset }: Blocks): number {
  const lanes = new Lanes()
  const heights: number[] = []
  for (const child of own) {
    const lane = lanes.take(from[child]!, to[child]!)
    offset[child] = lane
    heights[lane] = Math.max(heights[lane] ?? 0, height[child]!)
  }
  let below = 0
  const tops = heights.map((rows) => (below += rows) - rows)
  for (const child of own) offset[child] = tops[offset[child]!]!
  return below
}

/** Until when each lane is taken, as a tree of minima: the first free one is found in steps of its depth, however many there are. */
export class Lanes {
  #size = 2
  #until = new Float64Array(4).fill(-Infinity)

  /** @param from not before that of the call before */
  take(from: number, to: number): number {
    while (this.#until[1]! > from) this.#grow()
    let node = 1
    while (node < this.#size) node = this.#until[node * 2]! <= from ? node * 2 : node * 2 + 1
    const lane = node - this.#size
    this.#until[node] = to
    for (node >>= 1; node >= 1; node >>= 1) this.#until[node] = Math.min(this.#until[node * 2]!, this.#until[node * 2 + 1]!)
    return lane
  }

  #grow(): void {
    const taken = this.#until.subarray(this.#size)
    this.#size *= 2
    const larger = new Float64Array(this.#size * 2).fill(-Infinity)
    larger.set(taken, this.#size)
    this.#until = larger
    for (let node = this.#size - 1; node >= 1; node--) larger[node] = Math.min(larger[node * 2]!, larger[node * 2 + 1]!)
  }
}
