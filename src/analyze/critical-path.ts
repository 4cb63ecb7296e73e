import { joined, type ChildLists, type Children } from './children.ts'
import { IntList } from './int-list.ts'
import { floats, giveBack, ints } from './room.ts'
import { sortPlaces } from './sort-places.ts'
import type { Timeline } from './timeline.ts'
import { waitedUntil } from './waited-until.ts'

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
  readonly steps: Int32Array
}

type Walked = Pick<Timeline, 'start' | 'end' | 'children' | 'topDown' | 'late'>

/** What the walk needs of a timeline: a page has it without the trace, with a list of children for each span. */
export type PathInput = Omit<Walked, 'children'> & { readonly children: Children | ChildLists }

/** A stretch of the path and the span that it belongs to. Each instant is in one; they come in no order. */
export type OnPiece = (span: number, from: number, to: number) => void

export function criticalPath(timeline: PathInput, onPiece?: OnPiece): CriticalPath {
  const { children } = timeline
  const walk = new Walk({ ...timeline, children: 'first' in children ? children : joined(children) }, onPiece)
  if (timeline.start.length > 0) walk.all()
  const { wall, first } = walk
  const list = new IntList(1_024)
  let isSorted = true
  let last = -1
  for (let i = 0; i < wall.length; i++) {
    if (wall[i]! <= 0) continue
    if (last !== -1 && first[last]! > first[i]!) isSorted = false
    list.push(i)
    last = i
  }
  const steps = list.items
  if (!isSorted) steps.sort((a, b) => first[a]! - first[b]!)
  giveBack(first)
  return { wall, steps }
}

/**
 * Spans are walked parents first, each in the pieces of it that its parent left to it: pieces of one span come latest first. Nearly all
 * have one; nothing is allocated for them but their places in two arrays.
 */
class Walk {
  readonly wall: Float64Array
  /** The first instant of each span on the path. */
  readonly first: Float64Array
  readonly #timeline: Walked
  /** Until when each was waited for. */
  readonly #end: Float64Array
  readonly #onPiece: OnPiece | undefined
  /**
   * Until a span with children is walked, `first` and `wall` hold where its first piece begins and ends; NaN: there is none. Here are
   * the others, from and to by turns.
   */
  readonly #more = new Map<number, number[]>()
  /** Of the span that is walked: its children, the latest end first, and how far the walk has come. */
  #byEnd: Int32Array = new Int32Array(64)
  #count = 0
  #next = 0
  /** Children that ran through the present time or start after it, latest end first. */
  readonly #running: number[] = []
  #head = 0

  constructor(timeline: Walked, onPiece: OnPiece | undefined) {
    const { length } = timeline.start
    this.#timeline = timeline
    this.#end = waitedUntil(timeline)
    this.#onPiece = onPiece
    this.wall = floats(length)
    this.first = floats(length)
    const { children } = timeline
    for (let i = 0; i < length; i++) if (children.first[i] !== children.first[i + 1]) this.wall[i] = NaN
  }

  all(): void {
    const { topDown, children: { first }, start, end } = this.#timeline
    this.#piece(0, start[0]!, end[0]!)
    for (let at = 0; at < topDown.length; at++) {
      const span = topDown[at]!
      if (first[span] === first[span + 1]) continue
      const [from, to] = [this.first[span]!, this.wall[span]!]
      this.first[span] = this.wall[span] = 0
      if (Number.isNaN(to)) continue
      this.#begin(span)
      this.#window(span, from, to)
      const more = this.#more.size === 0 ? undefined : this.#more.get(span)
      for (let i = 0; more !== undefined && i < more.length; i += 2) this.#window(span, more[i]!, more[i + 1]!)
    }
  }

  #piece(span: number, from: number, to: number): void {
    const { first } = this.#timeline.children
    if (first[span] === first[span + 1]) return this.#own(span, from, to)
    if (Number.isNaN(this.wall[span]!)) {
      this.first[span] = from
      this.wall[span] = to
      return
    }
    const more = this.#more.get(span)
    if (more === undefined) this.#more.set(span, [from, to])
    else more.push(from, to)
  }

  #window(span: number, from: number, to: number): void {
    const { start } = this.#timeline
    const end = this.#end
    const byEnd = this.#byEnd
    let t = to
    while (t > from) {
      while (this.#next < this.#count && this.#waitedUntil(byEnd[this.#next]!) > t) this.#running.push(byEnd[this.#next++]!)
      const child = this.#next < this.#count ? byEnd[this.#next]! : -1
      const finished = child === -1 ? from : Math.max(from, end[child]!)
      if (finished < t) {
        this.#gap(span, finished, t)
        t = finished
      } else {
        this.#next++
        const began = Math.max(from, start[child]!)
        // It ran on before this piece of the parent: in an earlier piece it is one that ran through.
        if (start[child]! < from) this.#running.push(child)
        if (began < t) this.#piece(child, began, t)
        t = Math.min(t, began)
      }
    }
  }

  /** Between the child that finished last and what came after it. */
  #gap(span: number, from: number, to: number): void {
    const { start } = this.#timeline
    const running = this.#running
    let t = to
    while (t > from) {
      while (this.#head < running.length && start[running[this.#head]!]! >= t) this.#head++
      const child = this.#head < running.length ? running[this.#head]! : -1
      const began = child === -1 ? from : Math.max(from, start[child]!)
      if (child === -1) this.#own(span, from, t)
      else this.#piece(child, began, t)
      t = began
    }
  }

  #own(span: number, from: number, to: number): void {
    this.wall[span]! += to - from
    // The pieces of one span come latest first.
    this.first[span] = from
    this.#onPiece?.(span, from, to)
  }

  #begin(span: number): void {
    const { start, children } = this.#timeline
    const last = children.first[span + 1]! - 1
    const count = last + 1 - children.first[span]!
    if (count > this.#byEnd.length) this.#byEnd = ints(count * 2)
    // In order of start, so backwards they are all but sorted.
    for (let i = 0; i < count; i++) this.#byEnd[i] = children.all[last - i]!
    if (count > 1) {
      sortPlaces(this.#byEnd, count, (a, b) => compare(this.#waitedUntil(b), this.#waitedUntil(a)) || start[b]! - start[a]! || b - a)
    }
    this.#count = count
    this.#next = 0
    this.#running.length = 0
    this.#head = 0
  }

  /** A late child never finished as far as its parent is concerned. */
  #waitedUntil(child: number): number {
    return this.#timeline.late[child]! ? Infinity : this.#end[child]!
  }
}

/** Infinity minus Infinity is not a number. */
const compare = (a: number, b: number): number => (a === b ? 0 : a < b ? -1 : 1)
