import type { CallPhases } from '../model/analysis.ts'
import type { Attempt, LlmDetail, Span } from '../model/span.ts'
import { compact } from './compact.ts'
import { floats, giveBack } from './room.ts'
import type { Timeline } from './timeline.ts'

type Writable<T> = { -readonly [K in keyof T]: T[K] }

/**
 * The stretches of a call, in its order of time. Each begins where the one before it ended, so that they add up whatever the
 * times say: one that lies outside the call, or before its predecessor, has no length.
 * @param start and end of the call, whole nanoseconds
 */
export function phasesOf({ llm, outcome }: Span, start: number, end: number): CallPhases | undefined {
  if (llm === undefined) return undefined
  const { attempts = [], firstToken, lastToken, reader } = llm
  if (attempts.length === 0 && firstToken === undefined) return undefined
  const plain = reader === undefined ? plainPhases(llm, outcome.state === 'failed', start, end) : undefined
  if (plain !== undefined) return plain
  const phases: Partial<Writable<CallPhases>> = {}
  const cursor = new Cursor(start, end)
  const add = (name: Exclude<keyof CallPhases, 'readerNs' | 'restNs'>, until: number): void => {
    phases[name] = (phases[name] ?? 0) + cursor.to(until)
  }
  attempts.forEach((attempt, i) => {
    add(i === 0 ? 'waitNs' : 'backoffNs', attempt.start)
    const isLast = i === attempts.length - 1
    if (!isLast) add('attemptsNs', attempt.end ?? attempts[i + 1]!.start)
    else if (hasFailed(attempt, outcome.state === 'failed')) add('attemptsNs', attempt.end ?? end)
    else if ((attempt.firstByte ?? attempt.end) !== undefined) add('headersNs', attempt.firstByte ?? attempt.end!)
  })
  if (firstToken !== undefined) add('firstTokenNs', firstToken)
  if (firstToken !== undefined && lastToken !== undefined && lastToken >= firstToken) add('decodeNs', lastToken)
  const restNs = cursor.to(end)
  return reader === undefined ? { ...phases, restNs } : withReader(phases, restNs, reader)
}

/** Of a call that streamed after one attempt, as most do: written out, since what is put together piece by piece takes twice the room. */
function plainPhases({ attempts, firstToken, lastToken }: LlmDetail, hasCallFailed: boolean, start: number, end: number): CallPhases | undefined {
  const attempt = attempts?.length === 1 ? attempts[0]! : undefined
  if (attempt?.firstByte === undefined || firstToken === undefined || lastToken === undefined || lastToken < firstToken) return undefined
  if (hasFailed(attempt, hasCallFailed)) return undefined
  const cursor = new Cursor(start, end)
  const waitNs = cursor.to(attempt.start)
  const headersNs = cursor.to(attempt.firstByte)
  const firstTokenNs = cursor.to(firstToken)
  const decodeNs = cursor.to(lastToken)
  return { waitNs, headersNs, firstTokenNs, decodeNs, restNs: cursor.to(end) }
}

const hasFailed = ({ status, error, firstByte }: Attempt, callFailed: boolean): boolean =>
  error !== undefined || (status !== undefined && status >= 400) || (callFailed && status === undefined && firstByte === undefined)

/** Takes the reader's time out of the stretches in which it was spent. */
function withReader(phases: Partial<Writable<CallPhases>>, rest: number, reader: NonNullable<LlmDetail['reader']>): CallPhases {
  let readerNs = 0
  const take = (from: number | undefined, ns: number): number => {
    const taken = Math.min(from ?? 0, Math.max(0, Math.round(ns)))
    readerNs += taken
    return (from ?? 0) - taken
  }
  if (phases.firstTokenNs !== undefined) phases.firstTokenNs = take(phases.firstTokenNs, reader.beforeFirstTokenNs)
  if (phases.decodeNs !== undefined) phases.decodeNs = take(phases.decodeNs, reader.betweenTokensNs)
  const isTold = phases.firstTokenNs !== undefined
  const restNs = take(rest, reader.afterLastTokenNs + (isTold ? 0 : reader.beforeFirstTokenNs))
  return { ...phases, readerNs, restNs }
}

class Cursor {
  #at: number
  readonly #end: number

  constructor(start: number, end: number) {
    this.#at = start
    this.#end = end
  }

  /** Moves on to that time, where it can. @returns how far */
  to(time: number): number {
    const from = this.#at
    this.#at = Math.max(from, Math.min(this.#end, Math.round(time)))
    return compact(this.#at - from)
  }
}

/** What only holds other work: its own time is the program's. */
const FRAMES: ReadonlySet<string> = new Set(['agent', 'internal'])

/**
 * For each span the time between the last end of a recorded operation (a span without children, or a tool or
 * a call with some) before it and its start, NaN when none came before it or one still ran. What came before is looked for among
 * its earlier siblings; where it has none, among those of its parent, and so on: a step's first call follows the last tool of
 * the step before.
 */
export function gapsBefore({ kinds, kind, start, end, parent, children: { first, all }, topDown }: Timeline): Float64Array {
  const isFrame = kinds.map(({ category }) => FRAMES.has(category))
  const lastEnd = floats(start.length)
  for (let at = topDown.length - 1; at >= 0; at--) {
    const i = topDown[at]!
    if (first[i] === first[i + 1] || !isFrame[kind[i]!]!) lastEnd[i] = end[i]!
    const p = parent[i]!
    if (p !== -1) lastEnd[p] = Math.max(lastEnd[p]!, lastEnd[i]!)
  }
  const before = floats(start.length).fill(NaN)
  for (let at = 0; at < topDown.length; at++) {
    const i = topDown[at]!
    let latest = NaN
    for (let place = first[i]!; place < first[i + 1]!; place++) {
      const child = all[place]!
      before[child] = Number.isNaN(latest) ? before[i]! : latest
      latest = Number.isNaN(latest) ? lastEnd[child]! : Math.max(latest, lastEnd[child]!)
    }
  }
  giveBack(lastEnd)
  for (let i = 0; i < before.length; i++) before[i] = before[i]! <= start[i]! ? start[i]! - before[i]! : NaN
  return before
}
