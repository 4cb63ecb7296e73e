import type { Dependencies } from './dependencies.ts'
import { bytes, copyOfFloats, copyOfInts, floats, giveBack, ints } from './room.ts'
import { layOut, type Layout } from './schedule-layout.ts'
import { Plans, type Relaxed, type Times } from './schedule-plan.ts'

export interface Simulation {
  /** Absent: as it was. */
  readonly relaxed?: Relaxed | undefined
  /** Nanoseconds that a span takes less than it did: by index, or by what is asked of each of many. */
  readonly shorter?: ReadonlyMap<number, number> | { readonly spans: readonly number[] | Int32Array; readonly by: (span: number) => number } | undefined
  /** How many children of a span with relaxed ones run at once; absent: as many as there are. */
  readonly concurrency?: number
}

/** A run with one set of changes, under a limit of children of one span at once; `Infinity`: none. */
export interface Rerun {
  /** Nanoseconds by which the run gets shorter; below 0 where a limit makes it longer. */
  readonly savedNs: (concurrency: number) => number
  /** The same with the times of each span, and the most children of one span at once: 0 where none has any. */
  readonly layOut: (concurrency: number) => Layout & { readonly savedNs: number; readonly peak: number }
}

export interface Scheduled {
  readonly durationNs: number
  readonly limit: number
  /** 1 for spans that start earlier than they did. */
  readonly moved: Uint8Array
}

/** What a simulation finds, by span: most children at once, how much shorter these make it, how much later it starts in its parent. */
interface Replay {
  readonly peaks: Int32Array
  readonly inner: Float64Array
  readonly shift: Float64Array
}

/** What a simulation without a limit has found. */
interface Unlimited {
  readonly peaks: Int32Array
  readonly best: Float64Array
  readonly marks?: Uint8Array
}

/** How much shorter a span gets that something below or about it differs. */
type LessOf = (span: number, mark: number, less: Float64Array) => number

/**
 * The run as it could have been: list scheduling with the measured durations. Each parent is a schedule of its own, from the
 * innermost outwards; what is not relaxed keeps its measured order, and a parent's own time between its children is
 * kept in full and never overlapped. Simulated as it was, every run takes exactly as long as it did; taking constraints away
 * never makes it longer. Savings are differences between two such runs.
 */
export class Simulator {
  readonly #timeline: Times
  readonly #count: number
  readonly #plans: Plans
  /** Spans that have children, the innermost first. */
  readonly #parents: Int32Array
  /** How much shorter each span got, and whether something below or about it differs: of the run that is being simulated. */
  readonly #less: Float64Array
  readonly #marks: Uint8Array
  #measuredPeaks: Int32Array | undefined

  constructor(timeline: Times, { needs }: Pick<Dependencies, 'needs'>) {
    const { topDown, children: { first }, start } = timeline
    this.#timeline = timeline
    this.#count = start.length
    this.#plans = new Plans(timeline, needs)
    const parents: number[] = []
    for (let at = topDown.length - 1; at >= 0; at--) if (first[topDown[at]!]! < first[topDown[at]! + 1]!) parents.push(topDown[at]!)
    this.#parents = Int32Array.from(parents)
    this.#less = floats(this.#count)
    this.#marks = bytes(this.#count)
  }

  /** Nanoseconds that the run would have been shorter, with as much at once as it takes. */
  saved({ relaxed, shorter, concurrency = Infinity }: Simulation): number {
    if (this.#count === 0) return 0
    this.#begin(relaxed, shorter)
    return this.#upwards((span, mark, less) => ((mark & FREED) === 0 ? this.#plans.shortened(span, less)
      : this.#plans.simulate(span, relaxed, less, concurrency)))
  }

  /** The best duration, and the smallest concurrency that reaches it when work starts in its measured order. */
  schedule(relaxed: Relaxed | undefined): Scheduled {
    const plans = this.#plans
    const peaks = this.#peaks()
    const moved = bytes(this.#count)
    this.#begin(relaxed)
    const saved = this.#count === 0 ? 0 : this.#upwards((span, _, less) => {
      const lessNs = plans.simulate(span, relaxed, less, Infinity)
      peaks[span] = plans.peak(span)
      plans.moved(span, (child) => (moved[child] = 1))
      return lessNs
    })
    const best = copyOfFloats(this.#less)
    const reaches = (concurrency: number): boolean =>
      this.#limited(concurrency, { peaks, best }, (span, _, less) => plans.simulate(span, relaxed, less, concurrency)) >= saved
    const limit = this.#smallest(peaks.reduce((a, b) => Math.max(a, b), 0), reaches)
    giveBack(best, peaks)
    return { durationNs: this.#timeline.durationNs - saved, limit, moved }
  }

  /**
   * The run under any limit. Unlike in {@link saved}, the limit holds for the children of every span, those that ran beside each other
   * already too; where fewer run at once there, all is as it was without one.
   * @param isCombined a span of given length gets shorter than that where what is below it makes it so
   */
  rerun({ relaxed, shorter }: Simulation, isCombined = false): Rerun {
    const plans = this.#plans
    const free: Replay = { peaks: this.#peaks(), shift: floats(this.#count), inner: floats(this.#count) }
    this.#begin(relaxed, shorter)
    const marks = this.#marks.slice()
    const given = copyOfFloats(this.#less)
    const lessOf = (limit: number, into: Replay): LessOf => (span, mark, less) => {
      const lessNs = plans.simulate(span, relaxed, less, limit)
      into.peaks[span] = plans.peak(span)
      into.inner[span] = lessNs
      plans.shifts(span, into.shift)
      if ((mark & FIXED) === 0) return lessNs
      return isCombined ? Math.max(given[span]!, lessNs) : given[span]!
    }
    this.#upwards(lessOf(Infinity, free), true)
    const best = copyOfFloats(this.#less)
    const limited = (concurrency: number): Replay => {
      const replay = { peaks: free.peaks.slice(), shift: free.shift.slice(), inner: free.inner.slice() }
      this.#limited(concurrency, { peaks: free.peaks, best, marks }, lessOf(concurrency, replay))
      return replay
    }
    return {
      savedNs: (concurrency) => {
        limited(concurrency)
        return this.#less[0] ?? 0
      },
      layOut: (concurrency) => {
        const { peaks, shift, inner } = limited(concurrency)
        const layout = layOut(this.#timeline, { less: this.#less, inner, shift })
        // What was left out has nothing running in it.
        const peak = this.#parents.reduce((most, span) => (layout.end[span]! > layout.start[span]! ? Math.max(most, peaks[span]!) : most), 0)
        return { savedNs: this.#less[0] ?? 0, peak, ...layout }
      },
    }
  }

  /** As it was; of spans without children, 1. */
  #peaks(): Int32Array {
    if (this.#measuredPeaks === undefined) {
      const { first } = this.#timeline.children
      this.#measuredPeaks = ints(this.#count).fill(1)
      for (const span of this.#parents) if (first[span + 1]! - first[span]! > 1) this.#measuredPeaks[span] = this.#plans.measuredPeak(span)
    }
    return copyOfInts(this.#measuredPeaks)
  }

  /** The smallest number up to `most` that does, where `most` does. */
  #smallest(most: number, does: (number: number) => boolean): number {
    let low = Math.min(1, most)
    let high = most
    // List scheduling has anomalies, where a larger limit takes longer: halving could step over the smallest.
    if (high <= 16 || this.#count <= 4_000) {
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

  #begin(relaxed: Relaxed | undefined, shorter?: Simulation['shorter']): void {
    this.#less.fill(0)
    this.#marks.fill(0)
    if (shorter !== undefined) this.#shorten(shorter)
    if (relaxed !== undefined) this.#free(relaxed)
  }

  /**
   * Goes through the spans that are marked, from the innermost outwards, and marks those above what differs from `before`.
   * @param throughFixed spans of given length are asked for too, if something below them differs
   * @returns how much shorter the run gets
   */
  #upwards(lessOf: LessOf, throughFixed = false, before?: Float64Array): number {
    const { parent } = this.#timeline
    const less = this.#less
    const marks = this.#marks
    const parents = this.#parents
    for (let at = 0; at < parents.length; at++) {
      const span = parents[at]!
      const mark = marks[span]!
      if (mark === 0 || mark === FIXED || (mark & FIXED) !== 0 && !throughFixed) continue
      const lessNs = lessOf(span, mark, less)
      less[span] = lessNs
      if (lessNs !== (before === undefined ? 0 : before[span]!) && parent[span] !== -1) marks[parent[span]!]! |= BELOW
    }
    return less[0] ?? 0
  }

  /** What does not need more than the limit is as it was without one. */
  #limited(concurrency: number, { peaks, best, marks }: Unlimited, lessOf: LessOf): number {
    this.#less.set(best)
    this.#marks.fill(0)
    for (let at = 0; at < this.#parents.length; at++) {
      const span = this.#parents[at]!
      this.#marks[span] = (marks === undefined ? 0 : marks[span]! & FIXED) | (peaks[span]! > concurrency ? CHANGED : 0)
    }
    return this.#upwards(lessOf, true, best)
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
  #free({ groupOf, mergedOf, free, unknown }: Relaxed): void {
    const { parent, children: { first } } = this.#timeline
    const parents = this.#parents
    if (unknown === true) {
      for (let at = 0; at < parents.length; at++) if (first[parents[at]! + 1]! - first[parents[at]!]! > 1) this.#marks[parents[at]!]! |= FREED
      return
    }
    for (const groups of [groupOf, mergedOf]) {
      if (groups === undefined) continue
      for (let i = 1; i < groups.length; i++) if (groups[i] !== -1) this.#marks[parent[i]!]! |= FREED
    }
    if (free === undefined) return
    for (let at = 0; at < parents.length; at++) if (this.#plans.isFreed(parents[at]!, free)) this.#marks[parents[at]!]! |= FREED
  }
}

/** Something below it differs; its children need not wait as they did; what it takes is given; it is looked at. */
const BELOW = 1
const FREED = 2
const FIXED = 4
const CHANGED = 8
