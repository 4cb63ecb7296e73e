import type { IncomingHttpHeaders } from 'node:http'
import type { LlmCall } from '../../record/llm-call.ts'
import type { Profiler } from '../../record/profiler.ts'
import type { SpanRecord } from '../../record/recorder.ts'
import { parseTraceparent, type RemoteParent } from '../../record/trace-context.ts'
import { OK, type Outcome } from '../../model/span.ts'
import { RUN_HEADER } from './headers.ts'
import type { PastClock } from './past-clock.ts'

export interface RunsOptions {
  readonly profiler: Profiler
  readonly clock: PastClock
  /** A run is over when nothing was asked for so long. */
  readonly idleMs: number
  /** Calls `fn` later, unless what it gives back is called. Keeps no process alive. */
  readonly after: (ms: number, fn: () => void) => () => void
  /** All that is asked belongs to one run of this name, from now on until the end. */
  readonly program?: string
  /** For tests. */
  readonly maxCalls?: number | undefined
}

/** What calls without a name are grouped under. */
const UNNAMED = 'proxy'
const MAX_NAME_CHARS = 200
/** Runs under way; the one that was quiet for longest is over when there are more. */
const MAX_OPEN = 500
/** Calls of one run, where programs never pause; those after them are another run. That of a program has the recorder's limit. */
const MAX_CALLS = 10_000
/** Ids of traces that a run had already. */
const MAX_USED_IDS = 10_000
/** Calls that failed and may be tried again. */
const MAX_FAILED = 100

/** A call that failed, until its client tries again with the same request. */
interface Failed {
  readonly request: string
  /** How often it had been tried before. */
  readonly tries: number
  readonly call: LlmCall
}

/** A run under way. */
export class OpenRun {
  readonly key: string
  readonly root: SpanRecord
  readonly startMs: number
  /** Exchanges under way. */
  active = 0
  lastMs: number
  stopWaiting: (() => void) | undefined
  /** It takes no more calls, and is over when those under way are. */
  isFull = false
  #failed: Failed[] = []

  constructor(key: string, root: SpanRecord, startMs: number) {
    this.key = key
    this.root = root
    this.startMs = this.lastMs = startMs
  }

  failed(failed: Failed): void {
    this.#failed.push(failed)
    if (this.#failed.length > MAX_FAILED) this.#failed.shift()
  }

  /** The call that this request is the next try of. Each is given once. */
  takeFailed(request: string, tries: number): LlmCall | undefined {
    const at = this.#failed.findIndex((one) => one.request === request && one.tries === tries - 1)
    return at === -1 ? undefined : this.#failed.splice(at, 1)[0]!.call
  }
}

interface Belonging {
  readonly key: string
  readonly name: string
  readonly remote?: RemoteParent | undefined
}

/**
 * Which calls make a run: those of the program that was started here; else those that name their run in a header, or belong to
 * one trace; else those between which no more than a while passed.
 */
export class Runs {
  readonly #options: RunsOptions
  readonly #startMs: number
  readonly #open = new Map<string, OpenRun>()
  readonly #usedIds = new Set<string>()
  #active = 0
  #waiting: (() => void)[] = []

  constructor(options: RunsOptions) {
    this.#options = options
    this.#startMs = options.clock.now()
  }

  /**
   * An exchange that is a call belongs to this run, until `leave`.
   * @param startMs when it began
   * @returns undefined when nothing is recorded
   */
  enter(headers: IncomingHttpHeaders, startMs: number): OpenRun | undefined {
    const belonging = this.#belonging(headers)
    this.#closeFull(belonging.key)
    const run = this.#open.get(belonging.key) ?? this.#begin(belonging, startMs)
    if (run === undefined) return undefined
    run.stopWaiting?.()
    run.active++
    this.#active++
    return run
  }

  leave(run: OpenRun, endMs: number): void {
    run.active--
    run.lastMs = Math.max(run.lastMs, endMs)
    const { program, after, idleMs } = this.#options
    if (!run.isFull) {
      // The one that was used last is last in the list.
      this.#open.delete(run.key)
      this.#open.set(run.key, run)
    }
    if (run.active === 0 && run.isFull) this.#end(run, OK)
    else if (run.active === 0 && program === undefined) run.stopWaiting = after(idleMs, () => this.#end(run, OK))
    if (--this.#active === 0) for (const told of this.#waiting.splice(0)) told()
  }

  /** Resolves when no exchange is under way. */
  settled(): Promise<void> {
    return this.#active === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve))
  }

  /** Ends all runs. */
  end(outcome: Outcome = OK): void {
    for (const run of this.#open.values()) this.#end(run, outcome)
  }

  #belonging(headers: IncomingHttpHeaders): Belonging {
    const { program } = this.#options
    if (program !== undefined) return { key: '', name: program }
    const { [RUN_HEADER]: named, traceparent } = headers
    const name = typeof named === 'string' ? named.trim().slice(0, MAX_NAME_CHARS) : ''
    if (name !== '') return { key: `name ${name}`, name }
    const remote = parseTraceparent(traceparent)
    return remote === undefined ? { key: '', name: UNNAMED } : { key: `trace ${remote.traceId}`, name: UNNAMED, remote }
  }

  #begin({ key, name, remote }: Belonging, askedMs: number): OpenRun | undefined {
    const { profiler, clock, program } = this.#options
    const startMs = program === undefined ? askedMs : this.#startMs
    // Two runs never have one id: what follows after a pause is a run of its own.
    const isNew = remote !== undefined && !this.#usedIds.has(remote.traceId)
    const root = clock.at(startMs, () => profiler.open(name, 'agent', { isRun: true, ...(isNew && { remote }) }))
    if (root === undefined) return undefined
    if (isNew) this.#use(remote.traceId)
    const run = new OpenRun(key, root, startMs)
    this.#open.set(key, run)
    if (this.#open.size > MAX_OPEN) this.#endQuietest()
    return run
  }

  #closeFull(key: string): void {
    const run = this.#open.get(key)
    const { program, maxCalls = MAX_CALLS } = this.#options
    if (run === undefined || program !== undefined || run.root.run.spans.length <= maxCalls) return
    run.isFull = true
    this.#open.delete(key)
    if (run.active === 0) this.#end(run, OK)
  }

  #use(traceId: string): void {
    this.#usedIds.add(traceId)
    if (this.#usedIds.size > MAX_USED_IDS) for (const oldest of this.#usedIds) { this.#usedIds.delete(oldest); break }
  }

  #endQuietest(): void {
    for (const run of this.#open.values()) if (run.active === 0) return this.#end(run, OK)
  }

  #end(run: OpenRun, outcome: Outcome): void {
    const { clock, program } = this.#options
    run.stopWaiting?.()
    if (this.#open.get(run.key) === run) this.#open.delete(run.key)
    clock.at(program === undefined ? run.lastMs : clock.now(), () => run.root.end(outcome))
  }
}
