import type { Replay, ReplayChange } from '../model/replay.ts'
import type { Independence } from './independence.ts'
import { Simulator, type Rerun, type Simulation } from './schedule.ts'
import type { Relaxed, Times } from './schedule-plan.ts'
import { childrenOf, topDownOrder } from './children.ts'

/** The spans of a run as columns, in order of start, the root first. Times are nanoseconds. */
export interface RunColumns {
  readonly count: number
  readonly start: Float64Array
  readonly end: Float64Array
  /** -1 for the root. */
  readonly parent: Int32Array
  /** 1: ended after its parent; nobody waited for it. */
  readonly late: Uint8Array
}

/** How the run could have been. All of it together; nothing of it is the run as it was. */
export interface Question {
  /**
   * Findings, from {@link Replay.changes}. Of several, groups that have spans in common become one, and what makes one span shorter adds
   * up, to no more than it took. Together, and with a schedule, they never take longer than any of them alone.
   */
  readonly change?: ReplayChange | readonly ReplayChange[] | undefined
  /** `proven`: spans wait only as far as nothing proves that they need not. `possible`: only for what they provably needed. */
  readonly schedule?: 'proven' | 'possible' | undefined
  /** How many children of one span run at once at most, those that ran beside each other already too. Absent: as many as there are. */
  readonly concurrency?: number | undefined
}

export interface Answer {
  readonly durationNs: number
  /** Below 0 where a limit makes the run longer. */
  readonly savedNs: number
  /** By span; nanoseconds since the run began, as in the columns. */
  readonly start: Float64Array
  readonly end: Float64Array
  /** 1: starts earlier in its parent than it did, or is shorter. */
  readonly moved: Uint8Array
  /** Most children of one span at once; 0 where none has any. */
  readonly peak: number
}

export interface CurvePoint {
  readonly concurrency: number
  readonly durationNs: number
}

/** Points of a curve at most: all small numbers, then ever fewer of the large ones. */
const MAX_POINTS = 24

/** The same run again and again, as it would have been. Needs no trace and no prices, and runs anywhere. */
export class WhatIf {
  readonly #times: Times
  readonly #replay: Replay
  readonly #simulator: Simulator
  readonly #free: Independence | undefined

  constructor(columns: RunColumns, replay: Replay) {
    const { count, start, end, parent, late } = columns
    const children = childrenOf(parent)
    const durationNs = count === 0 ? 0 : end[0]! - start[0]!
    this.#times = { start, end, parent, late, children, durationNs, topDown: topDownOrder(parent, children) }
    this.#replay = replay
    this.#simulator = new Simulator(this.#times, replay)
    this.#free = replay.proven.free === undefined ? undefined : independenceOf(replay.proven.free)
  }

  /** @throws {RangeError} when the concurrency is not a positive whole number */
  simulate({ concurrency = Infinity, ...question }: Question): Answer {
    checkConcurrency(concurrency)
    const { savedNs, ...layout } = this.#rerun(question).layOut(concurrency)
    return { durationNs: this.#times.durationNs - savedNs, savedNs, ...layout }
  }

  /**
   * What each concurrency up to `most` buys, the smallest first. With more at once a run can take a little longer, as real ones do:
   * what then comes first is not always what others wait for.
   * @param most for example one more than the limit of the schedule
   * @throws {RangeError} when it is not a positive whole number
   */
  curve(question: Omit<Question, 'concurrency'>, most: number): readonly CurvePoint[] {
    checkConcurrency(most)
    if (most === Infinity) throw new RangeError('a curve has an end, got Infinity')
    const rerun = this.#rerun(question)
    return stepsTo(most).map((concurrency) => ({ concurrency, durationNs: this.#times.durationNs - rerun.savedNs(concurrency) }))
  }

  #rerun({ change = [], schedule }: Omit<Question, 'concurrency'>): Rerun {
    const changes = 'length' in change ? change : [change]
    const { groupOf } = this.#replay.proven
    const count = this.#times.start.length
    const relaxed: Relaxed = {
      groupOf: unite(count, schedule === 'proven' ? groupOf : undefined, changes),
      mergedOf: unite(count, undefined, changes.filter(({ merged }) => merged === true)),
      free: schedule === 'proven' ? this.#free : undefined,
      unknown: schedule === 'possible' ? true : undefined,
    }
    return this.#simulator.rerun({ relaxed, shorter: this.#shorter(changes) }, changes.length > 1 || schedule !== undefined)
  }

  #shorter(changes: readonly ReplayChange[]): Simulation['shorter'] {
    const { start, end } = this.#times
    const found = new Map<number, number>()
    for (const { shorter } of changes) {
      shorter?.spans.forEach((span, at) => {
        // What is not in the run cannot get shorter.
        if (span in start) found.set(span, Math.min(end[span]! - start[span]!, (found.get(span) ?? 0) + shorter.byNs[at]!))
      })
    }
    return found.size === 0 ? undefined : found
  }
}

function checkConcurrency(concurrency: number): void {
  if (concurrency === Infinity || (Number.isSafeInteger(concurrency) && concurrency > 0)) return
  throw new RangeError(`concurrency must be a positive whole number, got ${concurrency}`)
}

/** `1 2 3 …`, and where that would be too many, each larger than the one before by the same factor. */
function stepsTo(most: number): number[] {
  const steps: number[] = []
  const factor = most <= MAX_POINTS ? 1 : (most / (MAX_POINTS / 2)) ** (2 / MAX_POINTS)
  for (let step = 1; step < most; step = Math.max(step + 1, Math.round(step * factor))) steps.push(step)
  return [...steps, most]
}

/**
 * Groups of which some may have spans in common, as one number a span.
 * @param known groups that there are already
 * @returns undefined where there are none
 */
function unite(count: number, known: Int32Array | undefined, changes: readonly ReplayChange[]): Int32Array | undefined {
  const groups = changes.flatMap(({ together = [] }) => together)
  if (groups.length === 0) return known
  /** By span, one of its group that leads to the one that stands for all of it; -1: it is in none. */
  const next = new Int32Array(count).fill(-1)
  const leaderOf = (span: number): number => {
    while (next[span] !== span) {
      next[span] = next[next[span]!]!
      span = next[span]!
    }
    return span
  }
  const join = (span: number, other: number): void => {
    for (const one of [span, other]) if (next[one] === -1) next[one] = one
    next[leaderOf(span)] = leaderOf(other)
  }
  for (const group of groups) {
    const members = group.filter((span) => span in next)
    for (const span of members) join(span, members[0]!)
  }
  const firstOf = new Map<number, number>()
  known?.forEach((group, span) => {
    if (group === -1) return
    if (!firstOf.has(group)) firstOf.set(group, span)
    join(span, firstOf.get(group)!)
  })
  return next.map((at, span) => (at === -1 ? -1 : leaderOf(span)))
}

function independenceOf({ freeFrom, canBeSkipped, parents, shares: pairs }: NonNullable<Replay['proven']['free']>): Independence {
  const shares = new Map<number, number[]>()
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const known = shares.get(pairs[at]!)
    if (known === undefined) shares.set(pairs[at]!, [pairs[at + 1]!])
    else known.push(pairs[at + 1]!)
  }
  return { freeFrom, canBeSkipped, parents, shares }
}
