import type { Schedule } from '../model/analysis.ts'
import type { Dependencies } from './dependencies.ts'
import { Plan, type Relaxed } from './schedule-plan.ts'
import type { Timeline } from './timeline.ts'

export interface Simulation {
  /** Absent: as it was. */
  readonly relaxed?: Relaxed | undefined
  /** Nanoseconds that a span takes less than it did, by index. */
  readonly shorter?: ReadonlyMap<number, number>
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
  readonly #needs: Dependencies['needs']
  readonly #plans: (Plan | undefined)[] = []

  constructor(timeline: Timeline, { needs }: Dependencies) {
    this.#timeline = timeline
    this.#needs = needs
  }

  /** Nanoseconds that the run would have been shorter, with as much at once as it takes. */
  saved({ relaxed, shorter, concurrency = Infinity }: Simulation): number {
    const { topDown, children } = this.#timeline
    const less = this.#upwards((span, changed, all) => {
      const own = shorter?.get(span)
      if (own !== undefined) return own
      const freed = isFreed(relaxed, span, children[span]!)
      return changed || freed ? this.#plan(span).simulate(relaxed, all, freed ? concurrency : Infinity).lessNs : 0
    }, undefined, shorter !== undefined)
    return topDown.length === 0 ? 0 : less[0]!
  }

  /** The best duration, and the smallest concurrency that reaches it when work starts in its measured order. */
  schedule(relaxed: Relaxed | undefined): Schedule {
    const { children, durationNs, spans } = this.#timeline
    const peaks = new Int32Array(spans.length).fill(1)
    const moved: number[] = []
    const best = this.#upwards((span, changed, all) => {
      if (children[span]!.length === 1 && !changed) return 0
      const result = this.#plan(span).simulate(relaxed, all, Infinity)
      peaks[span] = this.#plan(span).peak(result)
      this.#plan(span).moved(result, (child) => moved.push(child))
      return result.lessNs
    })
    const saved = best[0] ?? 0
    /** What does not need more than the limit is as it was without one. */
    const reaches = (concurrency: number): boolean => this.#upwards((span, changed, all) => (
      changed || peaks[span]! > concurrency ? this.#plan(span).simulate(relaxed, all, concurrency).lessNs : best[span]!
    ), best)[0]! >= saved
    const limit = this.#smallest(peaks.reduce((a, b) => Math.max(a, b), 0), reaches)
    const first = moved.sort((a, b) => a - b).slice(0, MAX_MOVED).map((i) => spans[i]!.id)
    return { durationNs: durationNs - saved, limit, ...(first.length > 0 && { moved: { count: moved.length, spanIds: first } }) }
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
   * How much shorter each span gets, from the innermost outwards.
   * @param lessOf asked for each span, with whether any of its children differs from `before`
   * @param leaves whether it is asked for spans without children too; otherwise they stay as they were
   */
  #upwards(
    lessOf: (span: number, changed: boolean, less: Float64Array) => number, before?: Float64Array, leaves: boolean = false,
  ): Float64Array {
    const { topDown, parent, children } = this.#timeline
    const less = new Float64Array(topDown.length)
    const changed = new Uint8Array(topDown.length)
    for (let at = topDown.length - 1; at >= 0; at--) {
      const span = topDown[at]!
      if (children[span]!.length === 0 && !leaves) continue
      less[span] = lessOf(span, changed[span] === 1, less)
      if (less[span] !== (before?.[span] ?? 0) && parent[span] !== -1) changed[parent[span]!] = 1
    }
    return less
  }

  #plan(span: number): Plan {
    return (this.#plans[span] ??= new Plan(this.#timeline, this.#needs, span))
  }
}

/** Whether anything under a parent may run other than it did; most parents need no simulation. */
function isFreed(relaxed: Relaxed | undefined, span: number, children: readonly number[]): boolean {
  if (relaxed === undefined) return false
  if (relaxed === 'unknown') return children.length > 1
  return relaxed.free?.parents[span] === 1 || children.some((child) => relaxed.groupOf[child] !== -1)
}
