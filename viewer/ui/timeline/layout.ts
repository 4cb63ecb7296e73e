import { sortPlaces } from '../../../src/analyze/sort-places.ts'
import { LaneQueue } from './lane-queue.ts'
import type { Times, Tree } from './tree.ts'

/**
 * Where each span is drawn. A span and all below it take a block of rows: the span the first one, its children those after it.
 * Children that follow each other share rows. Those that overlap in time form a group, and each gets a lane of the group, the first
 * that is free; a lane is as many rows high as its highest block. Groups follow each other in time, so each starts right below the
 * parent, and no two bars of one row ever overlap.
 */
export interface Layout {
  /** Row of each span; -1: it lies in a collapsed one. */
  readonly row: Int32Array
  readonly rows: number
  /** The spans of row r in order of time: those of `all` from `first[r]` to `first[r + 1]`. */
  readonly first: Int32Array
  readonly all: Int32Array
  /** Rows of the span's block. */
  readonly height: Int32Array
  /** Number of the siblings' group that the span belongs to, and how many rows below its parent it lies. */
  readonly group: Int32Array
  readonly offset: Int32Array
  /** Groups of more than one lane. */
  readonly parallel: ParallelGroups
}

/** Work that ran at the same time under one parent, in columns. */
export interface ParallelGroups {
  readonly count: number
  readonly parent: Int32Array
  readonly from: Float64Array
  readonly to: Float64Array
  readonly row: Int32Array
  readonly rows: Int32Array
  readonly lanes: Int32Array
}

export function layOut(tree: Tree, times: Times, collapsed?: Uint8Array): Layout {
  const blocks = new Blocks(tree, times, collapsed)
  blocks.measure()
  return blocks.place()
}

class Blocks {
  readonly #tree: Tree
  readonly #times: Times
  readonly #hidden: Uint8Array
  readonly #height: Int32Array
  readonly #offset: Int32Array
  readonly #group: Int32Array
  /** When the block begins and ends: work below a span may be late, or early in imported runs. */
  readonly #from: Float64Array
  readonly #to: Float64Array
  /** Of each lane of a group, its height and then where it begins. */
  #lanes: Int32Array = new Int32Array(16)
  #byStart: Int32Array = new Int32Array(64)
  readonly #queue = new LaneQueue()
  #groups = 0
  /** Parent, from, to, rows, lanes of each parallel group by turns. */
  readonly #parallel: number[] = []

  constructor(tree: Tree, times: Times, collapsed: Uint8Array | undefined) {
    const count = tree.parent.length
    this.#tree = tree
    this.#times = times
    this.#hidden = hiddenBy(tree, collapsed)
    this.#height = new Int32Array(count).fill(1)
    this.#offset = new Int32Array(count)
    this.#group = new Int32Array(count).fill(-1)
    this.#from = Float64Array.from(times.start)
    // What has no length still needs a place: two at one instant are not drawn over each other.
    this.#to = times.end.map((end, i) => Math.max(end, times.start[i]! + 1))
  }

  measure(): void {
    const { topDown, children } = this.#tree
    for (let at = topDown.length - 1; at >= 0; at--) {
      const i = topDown[at]!
      const own = children[i]!
      if (own.length > 0 && !this.#hidden[i] && !this.#hidden[own[0]!]) this.#stack(i, own)
    }
  }

  #stack(parent: number, children: readonly number[]): void {
    const [from, to] = [this.#from, this.#to]
    if (children.length > this.#byStart.length) this.#byStart = new Int32Array(children.length * 2)
    const byStart = this.#byStart
    for (let at = 0; at < children.length; at++) byStart[at] = children[at]!
    sortPlaces(byStart, children.length, (a, b) => from[a]! - from[b]! || a - b)
    let height = 0
    for (let first = 0; first < children.length;) {
      let end = to[byStart[first]!]!
      let last = first + 1
      for (; last < children.length && from[byStart[last]!]! < end; last++) end = Math.max(end, to[byStart[last]!]!)
      height = Math.max(height, this.#shareLanes(parent, first, last, end))
      this.#to[parent] = Math.max(to[parent]!, end)
      first = last
    }
    this.#from[parent] = Math.min(from[parent]!, from[byStart[0]!]!)
    this.#height[parent] = height + 1
  }

  /** @returns rows of the group of children `first` to `last` */
  #shareLanes(parent: number, first: number, last: number, end: number): number {
    const byStart = this.#byStart
    const group = this.#groups++
    if (last - first === 1) {
      const only = byStart[first]!
      this.#group[only] = group
      this.#offset[only] = 1
      return this.#height[only]!
    }
    this.#queue.clear()
    for (let at = first; at < last; at++) {
      const i = byStart[at]!
      const lane = this.#queue.take(this.#from[i]!, this.#to[i]!)
      if (lane >= this.#lanes.length) this.#lanes = grown(this.#lanes)
      this.#lanes[lane] = Math.max(this.#queue.justOpened ? 0 : this.#lanes[lane]!, this.#height[i]!)
      this.#group[i] = group
      this.#offset[i] = lane
    }
    let rows = 0
    for (let lane = 0; lane < this.#queue.lanes; lane++) {
      const height = this.#lanes[lane]!
      this.#lanes[lane] = rows + 1
      rows += height
    }
    for (let at = first; at < last; at++) this.#offset[byStart[at]!] = this.#lanes[this.#offset[byStart[at]!]!]!
    this.#parallel.push(parent, this.#from[byStart[first]!]!, end, rows, this.#queue.lanes)
    return rows
  }

  place(): Layout {
    const { topDown, parent } = this.#tree
    const row = new Int32Array(parent.length).fill(-1)
    for (let at = 0; at < topDown.length; at++) {
      const i = topDown[at]!
      if (!this.#hidden[i]) row[i] = parent[i] === -1 ? 0 : row[parent[i]!]! + this.#offset[i]!
    }
    const rows = parent.length === 0 ? 0 : this.#height[0]!
    return {
      row, rows, ...byRow(row, rows, this.#times), height: this.#height, group: this.#group, offset: this.#offset, parallel: this.#groupsPlaced(row),
    }
  }

  #groupsPlaced(row: Int32Array): ParallelGroups {
    const all = this.#parallel
    const count = all.length / 5
    const column = (which: number): number[] => Array.from({ length: count }, (_, i) => all[i * 5 + which]!)
    const parent = Int32Array.from(column(0))
    return {
      count, parent, from: Float64Array.from(column(1)), to: Float64Array.from(column(2)),
      row: parent.map((i) => row[i]! + 1), rows: Int32Array.from(column(3)), lanes: Int32Array.from(column(4)),
    }
  }
}

function hiddenBy({ topDown, parent }: Tree, collapsed: Uint8Array | undefined): Uint8Array {
  const hidden = new Uint8Array(parent.length)
  if (collapsed === undefined) return hidden
  for (let at = 0; at < topDown.length; at++) {
    const i = topDown[at]!
    const p = parent[i]!
    if (p !== -1 && (hidden[p] || collapsed[p])) hidden[i] = 1
  }
  return hidden
}

function byRow(row: Int32Array, rows: number, { start }: Times): { readonly first: Int32Array; readonly all: Int32Array } {
  const first = new Int32Array(rows + 1)
  for (const r of row) if (r !== -1) first[r + 1]!++
  for (let r = 1; r <= rows; r++) first[r]! += first[r - 1]!
  const next = first.slice()
  const all = new Int32Array(first[rows] ?? 0)
  for (let i = 0; i < row.length; i++) if (row[i] !== -1) all[next[row[i]!]!++] = i
  for (let r = 0; r < rows; r++) sortPlaces(all.subarray(first[r], first[r + 1]), first[r + 1]! - first[r]!, (a, b) => start[a]! - start[b]! || a - b)
  return { first, all }
}

function grown(lanes: Int32Array): Int32Array {
  const larger = new Int32Array(lanes.length * 2)
  larger.set(lanes)
  return larger
}
