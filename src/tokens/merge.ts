import { NO_RANK, type RankTable } from './table.ts'

/**
 * Byte-pair merging: of all neighbours whose joined bytes are a token, the pair with the lowest rank is joined first (the
 * leftmost of equals), until none is left. Words are short, so a scan for the minimum wins there; long unbroken text needs
 * a priority queue, because the scan is quadratic.
 */

/** Pieces of up to this many bytes are merged by scanning. */
export const SHORT_PIECE = 64
const STEPS_PER_YIELD = 4_096

const starts = new Int32Array(SHORT_PIECE + 1)
const ranks = new Int32Array(SHORT_PIECE + 1)

/** The number of tokens of `bytes[0, length)`, at most `SHORT_PIECE` bytes. Their ranks are appended to `ids`, if given. */
export function mergeShort(table: RankTable, bytes: Uint8Array, length: number, ids?: number[]): number {
  for (let i = 0; i <= length; i++) starts[i] = i
  for (let i = 0; i < length - 1; i++) ranks[i] = table.find(bytes, i, i + 2)
  let count = length
  while (count > 1) {
    const at = lowest(count - 1)
    if (at === NO_RANK) break
    count--
    starts.copyWithin(at + 1, at + 2, count + 2)
    ranks.copyWithin(at + 1, at + 2, count)
    if (at < count - 1) ranks[at] = table.find(bytes, starts[at]!, starts[at + 2]!)
    if (at > 0) ranks[at - 1] = table.find(bytes, starts[at - 1]!, starts[at + 1]!)
  }
  if (ids) for (let i = 0; i < count; i++) ids.push(table.find(bytes, starts[i]!, starts[i + 1]!))
  return count
}

/** The index of the first of the lowest ranks among the first `pairs`. */
function lowest(pairs: number): number {
  let best = NO_RANK
  let bestRank = 0x7fffffff
  for (let i = 0; i < pairs; i++) {
    const rank = ranks[i]!
    if (rank !== NO_RANK && rank < bestRank) {
      best = i
      bestRank = rank
    }
  }
  return best
}

/** The same for a piece of any length; yields every millisecond or so. */
export function* mergeLong(table: RankTable, bytes: Uint8Array, ids?: number[]): Generator<void, number> {
  const { length } = bytes
  const next = new Int32Array(length + 1)
  const previous = new Int32Array(length + 1)
  /** Of the pair that begins here; `NO_RANK` also for what is no beginning any more. */
  const pairRank = new Int32Array(length + 1).fill(NO_RANK)
  const queue = new Queue(2 * length)
  for (let i = 0; i < length; i++) {
    next[i] = i + 1
    previous[i] = i - 1
    if (i + 1 < length) queue.add((pairRank[i] = table.find(bytes, i, i + 2)), i)
    if (i % STEPS_PER_YIELD === STEPS_PER_YIELD - 1) yield
  }
  let count = length
  for (let step = 1; queue.size > 0; step++) {
    if (step % STEPS_PER_YIELD === 0) yield
    const { rank, at } = queue.take()
    // A pair that has changed since it was queued has another rank, because it is longer.
    if (pairRank[at] !== rank) continue
    const joined = next[at]!
    const after = next[joined]!
    next[at] = after
    previous[after] = at
    pairRank[joined] = NO_RANK
    count--
    queue.add((pairRank[at] = after < length ? table.find(bytes, at, next[after]!) : NO_RANK), at)
    const before = previous[at]!
    if (before >= 0) queue.add((pairRank[before] = table.find(bytes, before, after)), before)
  }
  if (ids) for (let i = 0; i < length; i = next[i]!) ids.push(table.find(bytes, i, next[i]!))
  return count
}

/** Above any position in a piece; rank × POSITIONS + position stays below 2^53 and sorts by rank, then from the left. */
const POSITIONS = 2 ** 32

/** A binary heap of numbers. */
class Queue {
  readonly #keys: Float64Array
  size = 0

  constructor(capacity: number) {
    this.#keys = new Float64Array(capacity)
  }

  add(rank: number, at: number): void {
    if (rank === NO_RANK) return
    const keys = this.#keys
    const key = rank * POSITIONS + at
    let slot = this.size++
    while (slot > 0) {
      const parent = (slot - 1) >> 1
      const other = keys[parent]!
      if (other <= key) break
      keys[slot] = other
      slot = parent
    }
    keys[slot] = key
  }

  take(): { readonly rank: number; readonly at: number } {
    const keys = this.#keys
    const first = keys[0]!
    const key = keys[--this.size]!
    const { size } = this
    let slot = 0
    for (;;) {
      let child = 2 * slot + 1
      if (child >= size) break
      if (child + 1 < size && keys[child + 1]! < keys[child]!) child++
      const other = keys[child]!
      if (other >= key) break
      keys[slot] = other
      slot = child
    }
    keys[slot] = key
    const rank = Math.floor(first / POSITIONS)
    return { rank, at: first - rank * POSITIONS }
  }
}
