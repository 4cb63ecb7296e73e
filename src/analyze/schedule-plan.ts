import type { Dependencies } from './dependencies.ts'
import { MinHeap } from './min-heap.ts'
import type { Timeline } from './timeline.ts'

/**
 * What a simulated run need not wait for:
 *
 * - groups: spans of one group (the same number in `groupOf`, -1 is none) need not wait for each other;
 * - `'unknown'`: a span waits only for the siblings that it provably needed.
 */
export type Relaxed = { readonly groupOf: Int32Array } | 'unknown'

/** Times are nanoseconds since the parent's start, by place in the plan. */
export interface PlanResult {
  readonly lessNs: number
  readonly start: Float64Array
  readonly end: Float64Array
}

/**
 * The children of one span that it waited for, and what is known of when each could start, from its measured times:
 *
 * - it waited for every sibling that had ended when it started (unless relaxed), then for the parent's own work since;
 * - `ownAt(t)` is the parent's own time before t, in which no child ran. The start of a child is the latest
 *   `end of a sibling - ownAt(its measured end)` of those that it waits for, plus the own time before itself. So own time
 *   stays where it was, before the child that it came before.
 */
export class Plan {
  readonly #children: readonly number[]
  readonly #needs: readonly (readonly number[])[]
  readonly #length: number
  readonly #start: Float64Array
  readonly #end: Float64Array
  /** Places in order of measured end. */
  readonly #byEnd: readonly number[]
  /** How many places of `byEnd` had ended when this one started. */
  readonly #ended: Int32Array
  /** Own time before it, plus what passed between the last end before it and its start. */
  readonly #offset: Float64Array
  readonly #ownAtEnd: Float64Array
  readonly #tail: number

  constructor(timeline: Timeline, needs: Dependencies['needs'], span: number) {
    const { start, end, late } = timeline
    const origin = start[span]!
    this.#length = end[span]! - origin
    const clip = (time: number): number => Math.min(Math.max(0, time - origin), this.#length)
    const children = timeline.children[span]!.filter((child) => !late[child]!)
    children.sort((a, b) => clip(start[a]!) - clip(start[b]!) || clip(end[a]!) - clip(end[b]!) || a - b)
    this.#children = children
    const place = new Map(children.map((child, at) => [child, at]))
    this.#needs = children.map((child, at) =>
      needs[child]!.flatMap((needed) => place.get(needed) ?? []).filter((needed) => needed < at))
    this.#start = Float64Array.from(children, (child) => clip(start[child]!))
    this.#end = Float64Array.from(children, (child) => clip(end[child]!))
    this.#byEnd = children.map((_, at) => at).sort((a, b) => this.#end[a]! - this.#end[b]! || a - b)

    this.#ownAtEnd = this.#ownTimes()
    this.#ended = new Int32Array(children.length)
    this.#offset = new Float64Array(children.length)
    let ended = 0
    children.forEach((_, at) => {
      while (this.#isOver(this.#byEnd[ended], at)) ended++
      this.#ended[at] = ended
      this.#offset[at] = this.#since(ended, this.#start[at]!)
    })
    this.#tail = this.#since(children.length, this.#length)
  }

  /** @param less nanoseconds by which each span of the timeline got shorter */
  simulate(relaxed: Relaxed | undefined, less: Float64Array, concurrency: number): PlanResult {
    const measured = this.#children.map((_, at) => at)
    if (concurrency >= this.#children.length) return this.#place(measured, relaxed, less, Infinity)
    if (relaxed !== 'unknown') return this.#place(measured, relaxed, less, concurrency)
    // Work queues up in the order in which it becomes ready.
    const { start } = this.#place(measured, relaxed, less, Infinity)
    return this.#place(measured.sort((a, b) => start[a]! - start[b]! || a - b), relaxed, less, concurrency)
  }

  /** How many children run at the same time at most; at least 1 when there are any. */
  peak({ start, end }: PlanResult): number {
    // Most things that one span does are done one after another.
    if (start.every((time, at) => at === 0 || time >= end[at - 1]!)) return Math.min(1, this.#children.length)
    const lasting = start.map((time, at) => (end[at]! > time ? 1 : 0))
    const starts = start.filter((_, at) => lasting[at] === 1).sort()
    const ends = end.filter((_, at) => lasting[at] === 1).sort()
    let over = 0
    let peak = Math.min(1, this.#children.length)
    starts.forEach((time, begun) => {
      while (ends[over]! <= time) over++
      peak = Math.max(peak, begun + 1 - over)
    })
    return peak
  }

  #place(order: readonly number[], relaxed: Relaxed | undefined, less: Float64Array, concurrency: number): PlanResult {
    const start = new Float64Array(order.length)
    const end = new Float64Array(order.length)
    const latest = new Latest()
    const slots = concurrency < order.length ? new MinHeap() : undefined
    let seen = 0
    for (const at of order) {
      let after = 0
      if (relaxed !== 'unknown') {
        for (; seen < this.#ended[at]!; seen++) {
          const over = this.#byEnd[seen]!
          latest.add(end[over]! - this.#ownAtEnd[over]!, groupOf(relaxed, this.#children[over]!))
        }
        after = latest.without(groupOf(relaxed, this.#children[at]!))
      }
      let begin = Math.max(after + this.#offset[at]!, this.#afterNeeds(at, start, end))
      const duration = Math.max(0, this.#end[at]! - this.#start[at]! - less[this.#children[at]!]!)
      if (slots !== undefined && duration > 0) {
        if (slots.size >= concurrency) begin = Math.max(begin, slots.pop()!)
        slots.push(begin + duration)
      }
      start[at] = begin
      end[at] = begin + duration
    }
    let last = 0
    order.forEach((at) => (last = Math.max(last, end[at]! - this.#ownAtEnd[at]!)))
    return { start, end, lessNs: this.#length - (last + this.#tail) }
  }

  #afterNeeds(at: number, start: Float64Array, end: Float64Array): number {
    let begin = 0
    for (const needed of this.#needs[at]!) {
      const isOver = this.#end[needed]! <= this.#start[at]!
      // What was needed and still ran gave what was needed before its end, a stream for example.
      const ready = isOver
        ? end[needed]! - this.#ownAtEnd[needed]! + this.#offset[at]!
        : start[needed]! + this.#start[at]! - this.#start[needed]!
      begin = Math.max(begin, ready)
    }
    return begin
  }

  /** Of equal times, the earlier place is the one that was over. */
  #isOver(place: number | undefined, at: number): boolean {
    return place !== undefined && place < at && this.#end[place]! <= this.#start[at]!
  }

  /** Own time up to the last end before `time`, plus what passed since. */
  #since(ended: number, time: number): number {
    const last = this.#byEnd[ended - 1]
    return last === undefined ? time : this.#ownAtEnd[last]! + time - this.#end[last]!
  }

  /** The parent's own time before the end of each child. */
  #ownTimes(): Float64Array {
    const own = new Float64Array(this.#children.length)
    let covered = 0
    let until = 0
    let next = 0
    for (const at of this.#byEnd) {
      const end = this.#end[at]!
      // Children that start before this end, in order of start, with what they cover up to it.
      while (next < own.length && this.#start[next]! < end) {
        const from = Math.max(until, this.#start[next]!)
        const to = Math.max(from, this.#end[next]!)
        covered += to - from
        until = Math.max(until, to)
        next++
      }
      own[at] = end - (covered - Math.max(0, until - end))
    }
    return own
  }
}

const groupOf = (relaxed: Relaxed | undefined, span: number): number =>
  relaxed === undefined || relaxed === 'unknown' ? -1 : relaxed.groupOf[span]!

/** The greatest of some times, and the greatest of those of another group than a given one. */
class Latest {
  #first = 0
  #group = -1
  /** The greatest of another group than `#group`. */
  #second = 0

  add(time: number, group: number): void {
    if (time >= this.#first) {
      // Spans of no group are never left out, so nothing below the first matters then.
      if (group !== this.#group || group === -1) this.#second = this.#first
      this.#first = time
      this.#group = group
    } else if (time > this.#second && (group !== this.#group || group === -1)) {
      this.#second = time
    }
  }

  without(group: number): number {
    return group !== -1 && group === this.#group ? this.#second : this.#first
  }
}
