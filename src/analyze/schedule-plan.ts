import type { Dependencies } from './dependencies.ts'
import { EarlierPlaces } from './earlier-places.ts'
import type { Independence } from './independence.ts'
import { MinHeap } from './min-heap.ts'
import { bytes, floats, ints } from './room.ts'
import { sortNumbers, sortPlaces } from './sort-places.ts'
import type { Timeline } from './timeline.ts'

/** What a simulation sees of a run. */
export type Times = Pick<Timeline, 'start' | 'end' | 'parent' | 'children' | 'topDown' | 'late' | 'durationNs'>

/** What a simulated run need not wait for. */
export interface Relaxed {
  /** Spans of one group (the same number, -1 is none) need not wait for each other, unless one needed the other. */
  readonly groupOf?: Int32Array | undefined
  /** Those of one group need not wait even then: they are one turn. */
  readonly mergedOf?: Int32Array | undefined
  /** A span need not wait for the siblings that its values prove it independent of. */
  readonly free?: Independence | undefined
  /** A span waits only for the siblings that it provably needed; nothing of the above but `mergedOf` matters then. */
  readonly unknown?: true | undefined
}

/** Children of one span beyond which nobody looks at all pairs. */
const FEW = 12
const AS_IT_WAS: Relaxed = Object.freeze({})
const SEQUENTIAL = 1
const OVERLAPPING = 2

/**
 * For every span the children that it waited for, and what is known of when each could start, from its measured times:
 *
 * - it waited for every sibling that had ended when it started (unless relaxed), then for the parent's own work since;
 * - `ownAt(t)` is the parent's own time before t, in which no child ran. The start of a child is the latest
 *   `end of a sibling - ownAt(its measured end)` of those that it waits for, plus the own time before itself. So own time
 *   stays where it was, before the child that it came before.
 *
 * The plans of all spans lie one after the other in a few arrays, each worked out when it is first asked for: most spans of a long
 * run have a few children, and objects of their own would take more time and room than all else. Times are nanoseconds since the
 * parent's start, by place in the plan: children in order of their start.
 */
export class Plans {
  /** The last simulated plan, by place. */
  start: Float64Array = new Float64Array(64)
  end: Float64Array = new Float64Array(64)
  readonly #timeline: Times
  readonly #needs: Dependencies['needs']
  /** Where the plan of each span begins in the arrays below. */
  readonly #base: Int32Array
  /** Children that it waited for. */
  readonly #count: Int32Array
  /** 0: not worked out yet. */
  readonly #kind: Uint8Array
  readonly #children: Int32Array
  /** The place of each span among its siblings; -1 for late work. */
  readonly #placeOf: Int32Array
  /** Places in order of measured end. */
  readonly #byEnd: Int32Array
  /** How many places of `byEnd` had ended when this one started. */
  readonly #ended: Int32Array
  /** Own time before it, plus what passed between the last end before it and its start. */
  readonly #offset: Float64Array
  readonly #ownAtEnd: Float64Array
  readonly #earlier = new Map<number, EarlierPlaces | undefined>()
  readonly #slots = new MinHeap()
  #order: Int32Array = new Int32Array(64)
  #starts: Float64Array = new Float64Array(64)
  #ends: Float64Array = new Float64Array(64)

  constructor(timeline: Times, needs: Dependencies['needs']) {
    const { children: { first }, start: { length } } = timeline
    this.#timeline = timeline
    this.#needs = needs
    this.#base = first
    this.#count = ints(length)
    this.#kind = bytes(length)
    this.#children = ints(length)
    this.#placeOf = ints(length).fill(-1)
    this.#byEnd = ints(length)
    this.#ended = ints(length)
    this.#offset = floats(length)
    this.#ownAtEnd = floats(length)
  }

  /**
   * The times of the children are then in `start` and `end`.
   * @param less nanoseconds by which each span of the timeline got shorter
   * @returns nanoseconds by which the span gets shorter
   */
  simulate(span: number, relaxed: Relaxed | undefined, less: Float64Array, concurrency: number): number {
    this.#build(span)
    const count = this.#count[span]!
    const order = this.#order
    for (let at = 0; at < count; at++) order[at] = at
    if (concurrency >= count) return this.#place(span, relaxed, less, Infinity)
    if (relaxed?.unknown !== true) return this.#place(span, relaxed, less, concurrency)
    // Work queues up in the order in which it becomes ready.
    this.#place(span, relaxed, less, Infinity)
    sortPlaces(order, count, (a, b) => this.start[a]! - this.start[b]! || a - b)
    return this.#place(span, relaxed, less, concurrency)
  }

  /** The same where nothing is relaxed and nothing limited, without the times. */
  shortened(span: number, less: Float64Array): number {
    this.#build(span)
    if (this.#kind[span] !== SEQUENTIAL) return this.simulate(span, undefined, less, Infinity)
    const base = this.#base[span]!
    let sum = 0
    for (let at = 0; at < this.#count[span]!; at++) {
      const own = less[this.#children[base + at]!]!
      if (own !== 0) sum += Math.min(own, this.#endOf(span, at) - this.#startOf(span, at))
    }
    return sum
  }

  /** Whether the values prove of any child that it need not have waited for another; true where nobody has looked. */
  isFreed(span: number, free: Independence): boolean {
    return free.parents[span] === 1 && this.#earlierPlaces(span, free) !== undefined
  }

  /** @param onMove called with each child that starts earlier than it did, after the span was simulated */
  moved(span: number, onMove: (child: number) => void): void {
    for (let at = 0; at < this.#count[span]!; at++) {
      if (this.start[at]! < this.#startOf(span, at)) onMove(this.#children[this.#base[span]! + at]!)
    }
  }

  /** Sets for each child how much later it starts than it did, since the start of the span, after the span was simulated. */
  shifts(span: number, shift: Float64Array): void {
    for (let at = 0; at < this.#count[span]!; at++) shift[this.#children[this.#base[span]! + at]!] = this.start[at]! - this.#startOf(span, at)
  }

  /** How many children ran at the same time at most; at least 1 when there are any. */
  measuredPeak(span: number): number {
    this.#build(span)
    const count = this.#count[span]!
    if (this.#kind[span] === SEQUENTIAL) return Math.min(1, count)
    for (let at = 0; at < count; at++) {
      this.start[at] = this.#startOf(span, at)
      this.end[at] = this.#endOf(span, at)
    }
    return this.peak(span)
  }

  /** The same after the span was simulated. */
  peak(span: number): number {
    const { start, end } = this
    const count = this.#count[span]!
    let at = 1
    while (at < count && start[at]! >= end[at - 1]!) at++
    // Most things that one span does are done one after another.
    if (at >= count) return Math.min(1, count)
    let lasting = 0
    for (at = 0; at < count; at++) {
      if (!(end[at]! > start[at]!)) continue
      this.#starts[lasting] = start[at]!
      this.#ends[lasting++] = end[at]!
    }
    sortNumbers(this.#starts, lasting)
    sortNumbers(this.#ends, lasting)
    let over = 0
    let peak = 1
    for (let begun = 0; begun < lasting; begun++) {
      while (this.#ends[over]! <= this.#starts[begun]!) over++
      peak = Math.max(peak, begun + 1 - over)
    }
    return peak
  }

  #place(span: number, relaxed: Relaxed | undefined, less: Float64Array, concurrency: number): number {
    const base = this.#base[span]!
    const count = this.#count[span]!
    const { groupOf, mergedOf, free, unknown = false } = relaxed ?? AS_IT_WAS
    const earlier = !unknown && free?.parents[span] === 1 ? this.#earlierPlaces(span, free)?.begin() : undefined
    const slots = concurrency < count ? this.#slots.clear() : undefined
    const { start, end } = this
    // The latest time of those that have ended, its group, and the latest of another group.
    let first = 0
    let firstGroup = -1
    let second = 0
    let seen = 0
    let last = 0
    for (let turn = 0; turn < count; turn++) {
      const at = this.#order[turn]!
      const child = this.#children[base + at]!
      let after = 0
      if (!unknown) {
        for (; seen < this.#ended[base + at]!; seen++) {
          const over = this.#byEnd[base + seen]!
          const time = end[over]! - this.#ownAtEnd[base + over]!
          const group = groupOf === undefined ? -1 : groupOf[this.#children[base + over]!]!
          // Spans of no group are never left out, so nothing below the first matters then.
          const isOther = group !== firstGroup || group === -1
          if (time >= first) {
            if (isOther) second = first
            first = time
            firstGroup = group
          } else if (time > second && isOther) {
            second = time
          }
          earlier?.add(over, time)
        }
        const group = groupOf === undefined ? -1 : groupOf[child]!
        after = group !== -1 && group === firstGroup ? second : first
        // Each leaves out less than both together would: what is kept is never too early.
        if (earlier?.isFree(at) === true) after = Math.min(after, earlier.latestFor(at))
      }
      let begin = after + this.#offset[base + at]!
      if (this.#needs.first[child] !== this.#needs.first[child + 1]) begin = Math.max(begin, this.#afterNeeds(span, at, mergedOf))
      const duration = Math.max(0, this.#endOf(span, at) - this.#startOf(span, at) - less[child]!)
      if (slots !== undefined && duration > 0) {
        if (slots.size >= concurrency) begin = Math.max(begin, slots.pop()!)
        slots.push(begin + duration)
      }
      start[at] = begin
      end[at] = begin + duration
      last = Math.max(last, begin + duration - this.#ownAtEnd[base + at]!)
    }
    const length = this.#timeline.end[span]! - this.#timeline.start[span]!
    return length - (last + this.#since(span, count, length))
  }

  #afterNeeds(span: number, at: number, mergedOf: Int32Array | undefined): number {
    const { start, end } = this
    const base = this.#base[span]!
    const child = this.#children[base + at]!
    const group = mergedOf === undefined ? -1 : mergedOf[child]!
    const ownStart = this.#startOf(span, at)
    let begin = 0
    const { first, all } = this.#needs
    for (let i = first[child]!; i < first[child + 1]!; i++) {
      const sibling = all[i]!
      const needed = this.#placeOf[sibling]!
      if (needed === -1 || needed >= at) continue
      if (group !== -1 && mergedOf![sibling] === group) continue
      const isOver = this.#endOf(span, needed) <= ownStart
      // What was needed and still ran gave what was needed before its end, a stream for example.
      const ready = isOver
        ? end[needed]! - this.#ownAtEnd[base + needed]! + this.#offset[base + at]!
        : start[needed]! + ownStart - this.#startOf(span, needed)
      begin = Math.max(begin, ready)
    }
    return begin
  }

  /** Measured, within the parent. */
  #startOf(span: number, at: number): number {
    return this.#clip(span, this.#timeline.start[this.#children[this.#base[span]! + at]!]!)
  }

  #endOf(span: number, at: number): number {
    return this.#clip(span, this.#timeline.end[this.#children[this.#base[span]! + at]!]!)
  }

  #clip(span: number, time: number): number {
    const origin = this.#timeline.start[span]!
    return Math.min(Math.max(0, time - origin), this.#timeline.end[span]! - origin)
  }

  #build(span: number): void {
    if (this.#kind[span] !== 0) return
    const { children: { first, all }, late } = this.#timeline
    const base = this.#base[span]!
    let count = 0
    for (let i = first[span]!; i < first[span + 1]!; i++) if (!late[all[i]!]!) this.#children[base + count++] = all[i]!
    this.#count[span] = count
    if (count > this.#order.length) {
      this.start = floats(count * 2)
      this.end = floats(count * 2)
      this.#order = ints(count * 2)
      this.#starts = floats(count * 2)
      this.#ends = floats(count * 2)
    }
    this.#sortChildren(span)
    const isSequential = this.#sortByEnd(span)
    this.#ownTimes(span)
    let ended = 0
    for (let at = 0; at < count; at++) {
      const time = this.#startOf(span, at)
      // Of equal times, the earlier place is the one that was over.
      while (ended < count && this.#byEnd[base + ended]! < at && this.#endOf(span, this.#byEnd[base + ended]!) <= time) ended++
      this.#ended[base + at] = ended
      this.#offset[base + at] = this.#since(span, ended, time)
      this.#placeOf[this.#children[base + at]!] = at
    }
    this.#kind[span] = isSequential ? SEQUENTIAL : OVERLAPPING
  }

  /** They come in order of start; what began before the parent did begins with it. */
  #sortChildren(span: number): void {
    const { start, end } = this.#timeline
    const base = this.#base[span]!
    const count = this.#count[span]!
    const compare = (a: number, b: number): number =>
      this.#clip(span, start[a]!) - this.#clip(span, start[b]!) || this.#clip(span, end[a]!) - this.#clip(span, end[b]!) || a - b
    let at = 1
    while (at < count && compare(this.#children[base + at - 1]!, this.#children[base + at]!) <= 0) at++
    if (at < count) this.#children.subarray(base, base + count).sort(compare)
  }

  /** @returns whether each child began when the one before it had ended */
  #sortByEnd(span: number): boolean {
    const base = this.#base[span]!
    const count = this.#count[span]!
    let isSorted = true
    let isSequential = true
    for (let at = 0; at < count; at++) {
      this.#byEnd[base + at] = at
      this.end[at] = this.#endOf(span, at)
      if (at > 0 && this.end[at]! < this.end[at - 1]!) isSorted = false
      if (at > 0 && this.#startOf(span, at) < this.end[at - 1]!) isSequential = false
    }
    if (!isSorted) sortPlaces(this.#byEnd.subarray(base, base + count), count, (a, b) => this.end[a]! - this.end[b]! || a - b)
    return isSequential
  }

  /** Own time up to the last end before `time`, plus what passed since. */
  #since(span: number, ended: number, time: number): number {
    if (ended === 0) return time
    const base = this.#base[span]!
    const last = this.#byEnd[base + ended - 1]!
    return this.#ownAtEnd[base + last]! + time - this.#endOf(span, last)
  }

  /** The parent's own time before the end of each child. */
  #ownTimes(span: number): void {
    const base = this.#base[span]!
    const count = this.#count[span]!
    let covered = 0
    let until = 0
    let next = 0
    for (let turn = 0; turn < count; turn++) {
      const at = this.#byEnd[base + turn]!
      const end = this.#endOf(span, at)
      // Children that start before this end, in order of start, with what they cover up to it.
      for (; next < count && this.#startOf(span, next) < end; next++) {
        const from = Math.max(until, this.#startOf(span, next))
        const to = Math.max(from, this.#endOf(span, next))
        covered += to - from
        until = Math.max(until, to)
      }
      this.#ownAtEnd[base + at] = end - (covered - Math.max(0, until - end))
    }
  }

  /** Undefined where no child of the span is free of one that had ended before it. */
  #earlierPlaces(span: number, free: Independence): EarlierPlaces | undefined {
    if (this.#earlier.has(span)) return this.#earlier.get(span)
    this.#build(span)
    const base = this.#base[span]!
    const count = this.#count[span]!
    let found: EarlierPlaces | undefined
    if (count > FEW || this.#hasFree(span, free)) {
      const children = Array.from(this.#children.subarray(base, base + count))
      found = new EarlierPlaces(children, Float64Array.from(children, (_, at) => this.#startOf(span, at)), free, this.#timeline.start[span]!)
    }
    this.#earlier.set(span, found)
    return found
  }

  #hasFree(span: number, { freeFrom, canBeSkipped, shares }: Independence): boolean {
    const base = this.#base[span]!
    for (let at = 1; at < this.#count[span]!; at++) {
      const child = this.#children[base + at]!
      const from = freeFrom[child]! - this.#timeline.start[span]!
      for (let seen = from === Infinity ? at : 0; seen < this.#ended[base + at]!; seen++) {
        const before = this.#byEnd[base + seen]!
        const sibling = this.#children[base + before]!
        if (canBeSkipped[sibling] === 1 && this.#startOf(span, before) >= from && shares.get(child)?.includes(sibling) !== true) return true
      }
    }
    return false
  }
}
