import type { Timeline } from './timeline.ts'

/**
 * The critical path: walking back from the end of the run, follow at each point the child that finished last. Each instant
 * of the run then belongs to exactly one span.
 *
 * In detail, within a span and at a time t:
 *
 * 1. of its children that had finished by t, the one that finished last is followed, from its end back to its start
 *    (equal ends: the one that started later, then the one later in order);
 * 2. the time between that end and t belongs to a child that ran through t, where there is one (the one that finished last):
 *    a stream that was read while the tools it asked for already ran, work that nobody waited for;
 * 3. what no child covers is the span's own.
 *
 * So a span's time on the path never exceeds its self time, and no child that its parent did not wait for is followed.
 */
export interface CriticalPath {
  /** Time of each span on the path, ns. They add up to the duration of the run. */
  readonly wall: Float64Array
  /** The spans with time on the path, in order of their first instant on it. */
  readonly steps: readonly number[]
}

export function criticalPath(timeline: Timeline): CriticalPath {
  const walk = new Walk(timeline)
  if (timeline.spans.length > 0) walk.from(0, timeline.start[0]!, timeline.end[0]!)
  const { wall, first } = walk
  const steps: number[] = []
  for (let i = 0; i < wall.length; i++) if (wall[i]! > 0) steps.push(i)
  return { wall, steps: steps.sort((a, b) => first[a]! - first[b]!) }
}

/** How far the walk through one span's children has come. A span is walked in pieces, but only ever backwards in time. */
interface Cursor {
  /** Latest end first. */
  readonly byEnd: readonly number[]
  next: number
  /** Children that ran through the present time or start after it, latest end first. */
  readonly running: number[]
  head: number
}

class Walk {
  readonly wall: Float64Array
  /** The first instant of each span on the path. */
  readonly first: Float64Array
  readonly #timeline: Timeline
  readonly #cursors: (Cursor | undefined)[] = []
  /** Windows to walk: span, from, to, and so on. Flat, because a long run has millions. */
  readonly #queue: number[] = []

  constructor(timeline: Timeline) {
    this.#timeline = timeline
    this.wall = new Float64Array(timeline.spans.length)
    this.first = new Float64Array(timeline.spans.length)
  }

  from(span: number, from: number, to: number): void {
    this.#queue.push(span, from, to)
    // A queue, not a stack: the pieces of any one span come out latest first.
    for (let head = 0; head < this.#queue.length; head += 3) {
      this.#window(this.#queue[head]!, this.#queue[head + 1]!, this.#queue[head + 2]!)
    }
  }

  #window(span: number, from: number, to: number): void {
    const { start, children } = this.#timeline
    if (children[span]!.length === 0) return this.#own(span, from, to)
    const cursor = (this.#cursors[span] ??= this.#cursor(span))
    let t = to
    while (t > from) {
      while (cursor.next < cursor.byEnd.length && this.#waitedUntil(cursor.byEnd[cursor.next]!) > t) {
        cursor.running.push(cursor.byEnd[cursor.next++]!)
      }
      const child = cursor.byEnd[cursor.next]
      const finished = child === undefined ? from : Math.max(from, this.#timeline.end[child]!)
      if (finished < t) {
        this.#gap(span, cursor, finished, t)
        t = finished
      } else {
        cursor.next++
        const began = Math.max(from, start[child!]!)
        // It ran on before this piece of the parent: in an earlier piece it is one that ran through.
        if (start[child!]! < from) cursor.running.push(child!)
        if (began < t) this.#queue.push(child!, began, t)
        t = Math.min(t, began)
      }
    }
  }

  /** Between the child that finished last and what came after it. */
  #gap(span: number, cursor: Cursor, from: number, to: number): void {
    const { start } = this.#timeline
    let t = to
    while (t > from) {
      while (cursor.head < cursor.running.length && start[cursor.running[cursor.head]!]! >= t) cursor.head++
      const child = cursor.running[cursor.head]
      const began = child === undefined ? from : Math.max(from, start[child]!)
      if (child === undefined) this.#own(span, from, t)
      else this.#queue.push(child, began, t)
      t = began
    }
  }

  #own(span: number, from: number, to: number): void {
    this.wall[span]! += to - from
    // The pieces of one span come latest first.
    this.first[span] = from
  }

  #cursor(span: number): Cursor {
    const { start, children } = this.#timeline
    const byEnd = [...children[span]!].sort(
      (a, b) => compare(this.#waitedUntil(b), this.#waitedUntil(a)) || start[b]! - start[a]! || b - a,
    )
    return { byEnd, next: 0, running: [], head: 0 }
  }

  /** A late child never finished as far as its parent is concerned. */
  #waitedUntil(child: number): number {
    return this.#timeline.late[child]! ? Infinity : this.#timeline.end[child]!
  }
}

/** Infinity minus Infinity is not a number. */
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)
