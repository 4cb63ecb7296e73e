import type { Schedule } from '../model/analysis.ts'
import type { Dependencies } from './dependencies.ts'
import { Plans, type Relaxed } from './schedule-plan.ts'
import type { Timeline } from './timeline.ts'

export interface Simulation {
  /** Absent: as it was. */
  readonly relaxed?: Relaxed | undefined
  /** Nanoseconds that a span takes less than it did: by index, or by what is asked of each of many. */
  readonly shorter?: ReadonlyMap<number, number> | { readonly spans: readonly number[]; readonly by: (span: number) => number }
  /** How many children of a span with relaxed ones run at once; absent: as many as there are. */
  readonly concurrency?: number
}

/** Spans that are named; the others are counted. */
const MAX_MOVED = 200

/**
 * The run as it could have been: list scheduling with the measured durations. Each parent is a schedule of its own, from the
 * innermost outwards; what is not relaxed keeps its measured order, and a parent's own time between its children is
 * kept in full and never overlapped. Simulated as it was, every run takes exactly as long as it did; taking constraints away
 * never makes it longer. Savings are differences between two such runs.
 */
export class Simulator {
  readonly #timeline: Timeline
  readonly #plans: Plans
  /** Spans that have children, the innermost first. */
  readonly #parents: Int32Array
  /** How much shorter each span got, and whether something below or about it differs: of the run that is being simulated. */
  readonly #less: Float64Array
  readonly #marks: Uint8Array

  constructor(timeline: Timeline, { needs }: Dependencies) {
    const { topDown, children, spans } = timeline
    this.#timeline = timeline
    this.#plans = new Plans(timeline, needs)
    const parents: number[] = []
    for (let at = topDown.length - 1; at >= 0; at--) if (children[topDown[at]!]!.length > 0) parents.push(topDown[at]!)
    this.#parents = Int32Array.from(parents)
    this.#less = new Float64Array(spans.length)
    this.#marks = new Uint8Array(spans.length)
  }

  /** Nanoseconds that the run would have been shorter, with as much at once as it takes. */
  saved({ relaxed, shorter, concurrency = Infinity }: Simulation): number {
    if (this.#timeline.spans.length === 0) return 0
    this.#less.fill(0)
    this.#marks.fill(0)
    if (shorter !== undefined) this.#shorten(shorter)
    if (relaxed !== undefined) this.#free(relaxed)
    return this.#upwards((span, mark, less) => ((mark & FREED) === 0 ? this.#plans.shortened(span, less)
      : this.#plans.simulate(span, relaxed, less, concurrency)))
  }

  /** The best duration, and the smallest concurrency that reaches it when work starts in its measured order. */
  schedule(relaxed: Relaxed | undefined): Schedule {
    const { durationNs, spans, children } = this.#timeline
    const plans = this.#plans
    const peaks = new Int32Array(spans.length).fill(1)
    const moved = new Uint8Array(spans.length)
    this.#less.fill(0)
    this.#marks.fill(0)
    if (relaxed !== undefined) this.#free(relaxed)
    // What may run other than it did, or has peaks to tell.
    for (let at = 0; at < this.#parents.length; at++) this.#marks[this.#parents[at]!]! |= CHANGED
    const saved = spans.length === 0 ? 0 : this.#upwards((span, mark, less) => {
      if ((mark & (FREED | BELOW)) === 0) {
        if (children[span]!.length > 1) peaks[span] = plans.measuredPeak(span)
        return 0
      }
      const lessNs = plans.simulate(span, relaxed, less, Infinity)
      peaks[span] = plans.peak(span)
      plans.moved(span, (child) => (moved[child] = 1))
      return lessNs
    })
    const best = this.#less.slice()
    /** What does not need more than the limit is as it was without one. */
    const reaches = (concurrency: number): boolean => {
      this.#less.set(best)
      this.#marks.fill(0)
      for (let at = 0; at < this.#parents.length; at++) if (peaks[this.#parents[at]!]! > concurrency) this.#marks[this.#parents[at]!] = CHANGED
      return this.#upwards((span, _, less) => plans.simulate(span, relaxed, less, concurrency), best) >= saved
    }
    const limit = this.#smallest(peaks.reduce((a, b) => Math.max(a, b), 0), reaches)
    const count = moved.reduce((sum, one) => sum + one, 0)
    const first: string[] = []
    for (let i = moved.indexOf(1); i !== -1 && first.length < MAX_MOVED; i = moved.indexOf(1, i + 1)) first.push(spans[i]!.id)
    return { durationNs: durationNs - saved, limit, ...(count > 0 && { moved: { count, spanIds: first } }) }
  }

  /** The smallest number up to `most` that does, where `most` does. */
  #smallest(most: number, does: (number: number) => boolean): number {
    let low = Math.min(1, most)
    let high = most
    // List scheduling has anomalies, where a larger limit takes longer: halving could step over the smallest.
    if (high <= 16 || this.#timeline.spans.length <= 4_000) {
      while (low < high && !does(low)) low++
      return low
    }
    while (low < high) {
      const middle = (low + high) >> 1
      if (does(middle)) high = middle
      else low = middle + 1
    }
    return low
  }

  /**
   * Goes through the spans that are marked, from the innermost outwards, and marks those above what differs from `before`.
   * @param lessOf how much shorter a span gets that something below or about it differs
   * @returns how much shorter the run gets
   */
  #upwards(lessOf: (span: number, mark: number, less: Float64Array) => number, before?: Float64Array): number {
    const { parent } = this.#timeline
    const less = this.#less
    const marks = this.#marks
    const parents = this.#parents
    for (let at = 0; at < parents.length; at++) {
      const span = parents[at]!
      const mark = marks[span]!
      if (mark === 0 || (mark & FIXED) !== 0) continue
      const lessNs = lessOf(span, mark, less)
      less[span] = lessNs
      if (lessNs !== (before === undefined ? 0 : before[span]!) && parent[span] !== -1) marks[parent[span]!]! |= BELOW
    }
    return less[0]!
  }

  #shorten(shorter: NonNullable<Simulation['shorter']>): void {
    if ('by' in shorter) shorter.spans.forEach((span) => this.#shortenSpan(span, shorter.by(span)))
    else shorter.forEach((ns, span) => this.#shortenSpan(span, ns))
  }

  #shortenSpan(span: number, ns: number): void {
    const above = this.#timeline.parent[span]!
    this.#less[span] = ns
    this.#marks[span]! |= FIXED
    if (ns !== 0 && above !== -1) this.#marks[above]! |= BELOW
  }

  /** Marks the parents under which anything may run other than it did; most need no simulation. */
  #free(relaxed: Relaxed): void {
    const { parent, children } = this.#timeline
    const parents = this.#parents
    if (relaxed === 'unknown') {
      for (let at = 0; at < parents.length; at++) if (children[parents[at]!]!.length > 1) this.#marks[parents[at]!]! |= FREED
      return
    }
    const { groupOf, free } = relaxed
    for (let i = 1; i < groupOf.length; i++) if (groupOf[i] !== -1) this.#marks[parent[i]!]! |= FREED
    if (free === undefined) return
    for (let at = 0; at < parents.length; at++) if (this.#plans.isFreed(parents[at]!, free)) this.#marks[parents[at]!]! |= FREED
  }
}

/** Something below it differs; its children need not wait as they did; what it takes is given; it is looked at. */
const BELOW = 1
const FREED = 2
const FIXED = 4
const CHANGED = 8
