import { MaxHeap } from './flame/heap.ts'

/**
 * Intervals laid out on lanes, for formats whose tracks hold one stack each. On a lane every two intervals either follow each
 * other or one lies inside the other, and what lies around an interval is always one of its ancestors. A child stays in the
 * lane of its parent where it fits; else it gets the first lane that is free, as parallel and late work does.
 */
export interface Box {
  /** In one unit of whole numbers, with end >= start. */
  readonly start: number
  readonly end: number
  /** Index among the boxes; -1 for a root. Parents may lie anywhere in the list, but never in a circle. */
  readonly parent: number
  /** Of a child more than of its parent. */
  readonly depth: number
}

export interface Lanes {
  /** Indexes of the boxes by start, the longer and then the outer one first: the order in which each lane is a stack. */
  readonly order: readonly number[]
  /** The lane of each box, from 0. */
  readonly laneOf: Int32Array
  readonly count: number
  /**
   * For each box the last moment up to which nothing lies inside it on its lane. An arrow from a box begins no later: readers
   * tie it to the last box that began on the lane, whether it has ended or not (Perfetto), or to the innermost one (Chrome).
   */
  readonly bareUntil: Float64Array
}

/** @returns a layout that depends on the boxes alone; n log n in time, whatever their shape */
export function layOut(boxes: readonly Box[]): Lanes {
  const order = boxes.map((_, index) => index)
  order.sort((a, b) => compare(boxes[a]!, boxes[b]!) || a - b)
  const ancestors = new OpenAncestors(boxes)
  const bareUntil = Float64Array.from(boxes, ({ start, end }) => Math.max(start, end - 1))
  const free = new FreeLanes()
  const laneOf = new Int32Array(boxes.length).fill(-1)
  const stacks: number[][] = []
  for (const index of order) {
    const { start, end } = boxes[index]!
    const host = ancestors.of(index, laneOf)
    let lane = host === -1 ? -1 : laneOf[host]!
    if (lane !== -1) popEnded(stacks[lane]!, boxes, start)
    if (lane === -1 || stacks[lane]!.at(-1) !== host || boxes[host]!.end < end) {
      lane = free.take(start, end)
      stacks[lane] = []
    } else bareUntil[host] = Math.min(bareUntil[host]!, Math.max(boxes[host]!.start, start - 1))
    stacks[lane]!.push(index)
    laneOf[index] = lane
  }
  return { order, laneOf, count: stacks.length, bareUntil }
}

const compare = (a: Box, b: Box): number => a.start - b.start || b.end - a.end || a.depth - b.depth

function popEnded(stack: number[], boxes: readonly Box[], now: number): void {
  while (stack.length > 0 && boxes[stack.at(-1)!]!.end <= now) stack.pop()
}

/** The nearest ancestor that has not ended when a box starts. Boxes are asked for in order of start, so the ended stay ended. */
class OpenAncestors {
  readonly #boxes: readonly Box[]
  readonly #next: Int32Array

  constructor(boxes: readonly Box[]) {
    this.#boxes = boxes
    this.#next = Int32Array.from(boxes, ({ parent }) => parent)
  }

  /** @returns -1 where there is none */
  of(index: number, laneOf: Int32Array): number {
    const { start } = this.#boxes[index]!
    let at = this.#next[index]!
    const passed: number[] = []
    // One without a lane starts at this very moment and ends before this box does: it cannot lie around it.
    while (at !== -1 && (laneOf[at] === -1 || this.#boxes[at]!.end <= start)) {
      if (laneOf[at] !== -1) passed.push(at)
      at = this.#next[at]!
    }
    // Steps over the ended are taken once: late work below a long chain of them would walk it again and again.
    for (const ended of passed) this.#next[ended] = at
    return at
  }
}

/** A lane is free again when the outermost box on it has ended. The first free one is taken. */
class FreeLanes {
  readonly #busy: MaxHeap<{ readonly lane: number; readonly end: number }> = new MaxHeap()
  readonly #free: MaxHeap<number> = new MaxHeap()
  #count = 0

  take(start: number, end: number): number {
    for (let first = this.#busy.pop(); first !== undefined; first = this.#busy.pop()) {
      if (first.end > start) {
        this.#busy.push(first, -first.end)
        break
      }
      this.#free.push(first.lane, -first.lane)
    }
    const lane = this.#free.pop() ?? this.#count++
    this.#busy.push({ lane, end }, -end)
    return lane
  }
}
