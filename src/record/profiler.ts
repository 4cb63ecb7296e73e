import { show } from '../model/show.ts'
import type { Category, Trace } from '../model/span.ts'
import { Handle, inactive, type ActiveSpan, type StartedSpan } from './active-span.ts'
import { currentSpan, innermost, within } from './context.ts'
import { equip, type Equipment } from './equipment.ts'
import { isPlainPromise, observe } from './observe.ts'
import {
  checkCall, checkName, checkOptions, checkSpanOptions, NO_OPTIONS, plainTags, type ProfilerOptions, type RunOptions, type SpanOptions,
} from './options.ts'
import { Pairing } from './pairing.ts'
import { HERE, type Place } from './place.ts'
import { ProgramRun } from './program-run.ts'
import { putOff } from './put-off.ts'
import { noteError, quietly, type SelfErrors } from './quietly.ts'
import { PartReader } from './parts.ts'
import { outcomeOf, RunRecord, type SpanRecord } from './recorder.ts'
import { CLIENT } from './same-call.ts'
import type { SamplingStats } from './sampling.ts'
import { setup, type ConfiguredOptions, type ProgramFacts } from './setup.ts'
import type { WriteStats } from './sinks/settings.ts'
import { runEvent, type RunEvent } from './run-event.ts'
import { FinishedRun } from './trace.ts'
import type { ToolTexts } from './tool-record.ts'

export interface ProfilerStats extends Readonly<SamplingStats> {
  /** Files written, and spans that the disk did not take. Absent when no files are written. */
  readonly written?: WriteStats
  /** Failures of the profiler itself that it swallowed, and the first of them. */
  readonly selfErrors: number
  readonly firstSelfError?: string
  toString(): string
}

type Listener = (event: RunEvent) => void
/** @property see gets what the call came to */
type CallOptions = SpanOptions & { readonly see?: (value: unknown) => void }
/** A type without a call signature of its own, so that the parameters of an inline function keep theirs. */
type AnyFunction = CallableFunction

export class Profiler {
  readonly #options: ProfilerOptions
  readonly #errors: SelfErrors = { count: 0 }
  readonly #finished: FinishedRun[] = []
  readonly #listeners: Record<'runStart' | 'runEnd', Set<Listener>> = { runStart: new Set(), runEnd: new Set() }
  /** @internal What adapters read requests with; shared by all runs, so that a text sent in many is read once. */
  readonly parts: PartReader = new PartReader()
  /** @internal Calls that several observers may see. */
  readonly pairs: Pairing = new Pairing()
  /** Runs whose first span may turn out to be another's: nobody was told of them. `true` for those that the sampler was not asked for. */
  readonly #untold = new WeakMap<RunRecord, boolean>()
  #equipment: Equipment
  #program: ProgramRun | undefined
  #unsampledRuns = 0
  readonly #awaited = new Set<Promise<void>>()

  constructor(options: ProfilerOptions = {}) {
    checkOptions(options)
    this.#options = options
    this.#equipment = this.#equip(setup().options)
  }

  get enabled(): boolean {
    return this.#equipment.enabled
  }

  get content(): 'none' | 'full' {
    return this.#equipment.content
  }

  /** @internal */
  get toolTexts(): ToolTexts {
    return this.#equipment.toolTexts
  }

  /**
   * Takes over what `spanwise/register` left for the default profiler, which a configuration file may have loaded before it was read.
   * Changes nothing once a run was seen.
   * @internal
   */
  takeSetup(): void {
    const { options, defaults, program } = setup()
    if (this.#equipment.sampler.stats.seen > 0 || (options ?? defaults ?? program) === undefined) return
    this.#equipment = this.#equip({ ...defaults, ...options })
    this.#program = program && new ProgramRun(program, (facts) => this.#openProgram(facts))
  }

  #equip(file: ConfiguredOptions = {}): Equipment {
    return equip(this.#options, file, this.#errors, (run) => this.#sealed(run))
  }

  /** Opens a run (inside one: a part of it), calls `fn` now and gives back what it returns. */
  run<T>(name: string, fn: (span: ActiveSpan) => T, options: RunOptions = NO_OPTIONS): T {
    checkCall('run', name, fn)
    if (options !== NO_OPTIONS) checkSpanOptions('run', options)
    if (!this.enabled) return fn(inactive)
    const { parent, outer } = this.#place(undefined)
    if (parent === undefined && !this.#equipment.sampler.decide(options.sample)) return this.#unsampled(() => fn(inactive))
    const span = parent === undefined
      ? this.#open(name, options.category ?? 'agent', outer, options)
      : parent.run.begin(parent, outer, name, options.category ?? 'agent')
    return span === undefined ? fn(inactive) : this.#call(span, options, fn, new Handle(span))
  }

  /** Calls `fn` now as a span and gives back what it returns. Outside any run it is a run of its own. */
  span<T>(name: string, fn: (span: ActiveSpan) => T, options: SpanOptions = NO_OPTIONS): T {
    checkCall('span', name, fn)
    if (options !== NO_OPTIONS) checkSpanOptions('span', options)
    const span = this.begin(name, options.category ?? 'internal')
    return span === undefined ? fn(inactive) : this.#call(span, options, fn, new Handle(span))
  }

  /** Starts a span for code that cannot take a callback: `using span = profiler.start('load')`. */
  start(name: string, options: SpanOptions = {}): StartedSpan {
    checkName('start', name)
    checkSpanOptions('start', options)
    const span = this.begin(name, options.category ?? 'internal')
    if (span === undefined) return inactive
    applyOptions(span, options)
    return new Handle(span)
  }

  /** Gives back `fn`, recorded as a tool: `this`, name and arity stay, sync, async and generator functions alike. */
  tool<F extends AnyFunction>(name: string, fn: F): F {
    return this.#wrap('tool', name, 'tool', fn)
  }

  /** Gives back `fn`, recorded as a memory operation such as `search` or `write`. */
  memory<F extends AnyFunction>(operation: string, fn: F): F {
    return this.#wrap('memory', operation, 'memory', fn)
  }

  /** Gives back `fn`, recorded as a retrieval. */
  retrieval<F extends AnyFunction>(name: string, fn: F): F {
    return this.#wrap('retrieval', name, 'retrieval', fn)
  }

  /** Finished runs, newest last. */
  get traces(): readonly Trace[] {
    return this.#finished.map(({ trace }) => trace)
  }

  get lastTrace(): Trace | undefined {
    return this.#finished.at(-1)?.trace
  }

  /** Calls `listener` at each start or end of a recorded run. Gives back the function that takes it off again. */
  on(event: 'runStart' | 'runEnd', listener: Listener): () => void {
    if (event !== 'runStart' && event !== 'runEnd') throw new TypeError(`event must be 'runStart' or 'runEnd', got ${show(event)}`)
    if (typeof listener !== 'function') throw new TypeError(`listener must be a function, got ${show(listener)}`)
    const listeners = this.#listeners[event].add(listener)
    return () => void listeners.delete(listener)
  }

  /**
   * Waits until all work that recording put off is done. Among it is the local counting of tokens for calls whose provider
   * told no usage, in slices: await it before a report in a process where other agents still run.
   */
  async flush(): Promise<void> {
    await new Promise<void>((resolve) => setImmediate(resolve))
    await Promise.all(this.#awaited)
    await this.#equipment.files?.flush()
    await this.#equipment.chromeTraces?.flush()
    for (const work of putOff.values()) {
      for (const trace of this.traces) {
        try {
          await work(trace)
        } catch (error) {
          noteError(this.#errors, error)
        }
      }
    }
  }

  /** @internal Work that `flush` waits for and nobody else does. Must not reject. */
  awaits(work: Promise<void>): void {
    this.#awaited.add(work)
    void work.then(() => this.#awaited.delete(work))
  }

  /** Counts of runs; prints as one line. */
  stats(): ProfilerStats {
    const { seen, sampled, kept, dropped } = this.#equipment.sampler.stats
    const { count, first } = this.#errors
    return {
      seen, sampled, kept, dropped,
      ...(this.#equipment.files !== undefined && { written: this.#equipment.files.stats }),
      selfErrors: count,
      ...(first !== undefined && { firstSelfError: first }),
      toString: () => `runs: ${seen} seen, ${sampled} sampled, ${kept} kept, ${dropped} dropped; ${count} errors of the profiler's own`,
    }
  }

  /**
   * Opens a span where the async context says; outside any run one that is a run of its own.
   * @internal for adapters, through the kit
   * @returns undefined when nothing is recorded here: the caller then passes everything through untouched
   */
  begin(name: string, category: Category): SpanRecord | undefined {
    return this.open(name, category, HERE)
  }

  /**
   * The same with a place of its own.
   * @internal for adapters, through the kit
   */
  open(name: string, category: Category, place: Place): SpanRecord | undefined {
    if (!this.enabled) return undefined
    const { parent, outer } = this.#place(place.parent, place.isRun !== true)
    const isProvisional = place.isProvisional?.() === true
    if (place.isRun !== true) {
      if (parent !== undefined) {
        if (parent.standsIn === undefined) this.list(parent)
        return parent.run.begin(parent, outer, name, category, place, isProvisional)
      }
      // Without a context nobody can tell whether this belongs to a run that is not sampled; while one is under way it is
      // taken to. Entering a context to know would cost every unsampled run what sampling is there to save.
      if (this.#unsampledRuns > 0) return undefined
      if (this.#program !== undefined) return this.#program.begin(outer, name, category, place, isProvisional)
    }
    const isUndecided = isProvisional && place.decidesLate === true
    if (!isUndecided && !this.#equipment.sampler.decide(place.sample)) return undefined
    const span = this.#open(name, category, outer, place, isProvisional)
    if (span !== undefined && isProvisional) this.#untold.set(span.run, isUndecided)
    return span
  }

  /** @internal A reading of its clock, in milliseconds. */
  now(): number {
    return this.#equipment.owner.clock.now()
  }

  /** @internal The span that is current here, or `known` where that lies within it; undefined outside of this profiler's runs. */
  innermost(known: SpanRecord | undefined): SpanRecord | undefined {
    return this.#place(known).parent
  }

  /** @internal Takes a span in that was opened provisionally. A run of its own is one only now, if it is sampled. */
  list(span: SpanRecord): void {
    const { run } = span
    if (span.isListed) return
    const isUndecided = this.#untold.get(run)
    this.#untold.delete(run)
    if (isUndecided === true && !this.#equipment.sampler.decide(undefined)) return run.leaveOut(span)
    run.list(span)
    if (isUndecided !== undefined) this.#tell('runStart', run, undefined)
  }

  /** @internal A run that is not sampled is under way, as far as its framework tells. Gives back the way to end it. */
  pass(): () => void {
    let isOver = !this.enabled
    if (!isOver) this.#unsampledRuns++
    return () => {
      if (!isOver) this.#unsampledRuns--
      isOver = true
    }
  }

  /** @internal The trace of a run that has ended, by its first span, while it is in memory. */
  traceOf({ run }: SpanRecord): Trace | undefined {
    return this.#finished.findLast((finished) => finished.isOf(run))?.trace
  }

  /** @internal Counts a failure of ours that an adapter swallowed. */
  noteError(error: unknown): void {
    noteError(this.#errors, error)
  }

  /** @param known the span that somebody says it is below */
  #place(known: SpanRecord | undefined, mayOpen = false): { readonly parent?: SpanRecord; readonly outer: SpanRecord | undefined } {
    const current = innermost(known, currentSpan(mayOpen, this.#equipment.owner))
    let mine = current
    while (mine !== undefined && mine.run.owner !== this.#equipment.owner) mine = mine.outer
    const outer = current === mine ? mine?.outer : current
    // A run that has ended takes no more spans: what still goes on in its name is a run of its own, so its cost is seen.
    return mine?.run.open === true ? { parent: mine, outer } : { outer }
  }

  #open(name: string, category: Category, outer: SpanRecord | undefined, place: Place, isProvisional = false): SpanRecord | undefined {
    const { tags, maxDepth, remote, startedMs } = place
    const { ids, owner } = this.#equipment
    const facts = { traceId: remote?.traceId ?? ids.traceId(), spanPrefix: ids.spanPrefix(), name, tags: tags && plainTags(tags), maxDepth, startedMs }
    const run = new RunRecord(owner, facts)
    const span = run.begin(undefined, outer, name, category, place, isProvisional)
    if (remote !== undefined) span?.set({ 'spanwise.parent_span_id': remote.spanId })
    if (!isProvisional) this.#tell('runStart', run, undefined)
    return span
  }

  #openProgram({ name, startedMs }: ProgramFacts): SpanRecord | undefined {
    return this.#equipment.sampler.decide(undefined) ? this.#open(name, 'agent', undefined, { startedMs }) : undefined
  }

  #call<T, A extends unknown[]>(span: SpanRecord, options: CallOptions, fn: (...args: A) => T, ...args: A): T {
    if (options !== NO_OPTIONS) applyOptions(span, options)
    let result: T
    try {
      result = within(span, fn, ...args)
    } catch (error) {
      span.end(outcomeOf(error))
      throw error
    }
    return observe(span, result, options.see)
  }

  #wrap<F extends AnyFunction>(method: string, name: string, category: Category, fn: F): F {
    checkCall(method, name, fn)
    if (!this.enabled) return fn
    // A proxy of the function keeps all that can be read of it: name, arity, own properties, what kind of function it is.
    return new Proxy(fn, {
      apply: (target, self, args: never[]) => {
        const call = (): unknown => Reflect.apply(target, self, args)
        // A framework runs it as its own tool, which is recorded already: what happens inside belongs there.
        const known = category === 'tool' ? this.pairs.takeTool(CLIENT, name, args) : undefined
        if (known !== undefined) return within(known, call)
        const span = this.begin(name, category)
        if (span === undefined) return call()
        return this.#call(span, this.#describe(span, category, name, args), call)
      },
    })
  }

  #describe(span: SpanRecord, category: Category, name: string, args: readonly unknown[]): CallOptions {
    const texts = this.toolTexts
    const isTool = category === 'tool'
    quietly(this.#errors, () => (isTool ? texts.called(span, name, args) : texts.lookedUp(span, args)))
    return { see: (value) => quietly(this.#errors, () => (isTool ? texts.gave(span, value) : texts.found(span, value))) }
  }

  #unsampled<T>(fn: () => T): T {
    this.#unsampledRuns++
    const done = (): void => void this.#unsampledRuns--
    let result: T
    try {
      result = fn()
    } catch (error) {
      done()
      throw error
    }
    if (!isPlainPromise(result)) {
      done()
      return result
    }
    return result.then(
      (value) => {
        done()
        return value
      },
      (error: unknown) => {
        done()
        throw error
      },
    ) as T
  }

  #sealed(run: RunRecord): void {
    quietly(this.#errors, () => {
      const finished = new FinishedRun(run, this.#equipment.traceFacts)
      this.#finished.push(finished)
      if (this.#finished.length > this.#equipment.maxTraces) {
        this.#finished.shift()
        this.#equipment.sampler.stats.dropped++
      }
      this.#equipment.sampler.stats.kept = this.#finished.length
      this.#equipment.chromeTraces?.sealed(finished)
      this.#tell('runEnd', run, finished)
    })
  }

  #tell(event: 'runStart' | 'runEnd', run: RunRecord, finished: FinishedRun | undefined): void {
    const listeners = this.#listeners[event]
    if (listeners.size === 0) return
    const root = run.spans[0]
    const told = runEvent(run, root, this.#equipment.redactor, finished?.trace)
    for (const listener of listeners) {
      try {
        const result: unknown = listener(told)
        if (result instanceof Promise) result.catch((error: unknown) => noteError(this.#errors, error))
      } catch (error) {
        noteError(this.#errors, error)
      }
    }
  }
}

function applyOptions(span: SpanRecord, { attributes, dependsOn }: SpanOptions): void {
  if (attributes !== undefined) span.set(attributes)
  if (dependsOn !== undefined && dependsOn.length > 0) span.extend().dependsOn = [...dependsOn]
}

/** One default profiler for the whole process, also when the package is loaded twice. */
const KEY = Symbol.for('spanwise.profiler.v1')
const globals = globalThis as { [KEY]?: Profiler }
export const profiler: Profiler = (globals[KEY] ??= new Profiler())
profiler.takeSetup?.()
