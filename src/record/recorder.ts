import { msToNs } from '../model/units.ts'
import {
  CANCELLED, OK, OPEN,
  type Attempt, type AttributeValue, type Category, type LlmDetail, type Outcome, type Resources, type ToolCallRequest,
  type ToolDetail,
} from '../model/span.ts'
import type { Part } from '../model/message.ts'
import { ValueLog, type ValueSpans } from '../model/value-log.ts'
import type { SpanValues } from '../model/values.ts'
import { sameArguments } from './arguments.ts'
import { attributeValue } from './attribute-value.ts'
import { errorType } from './error-type.ts'
import { clip, type Limits } from './limits.ts'
import { RequestLog, type LoggedRequest, type PartDraft } from './parts.ts'
import { spanId } from './ids.ts'
import { noteError, type SelfErrors } from './quietly.ts'
import type { Clock } from './clock.ts'
import { HERE, type Place } from './place.ts'
import type { SharedCall } from './shared-call.ts'

export type Writable<T> = { -readonly [K in keyof T]: T[K] }

/** What an adapter fills in about a call of a model, in whatever order it learns it. */
export interface LlmDraft extends Omit<Writable<LlmDetail>, 'attempts' | 'toolCalls' | 'requestParts' | 'responseParts'> {
  request?: LoggedRequest
  response?: readonly (PartDraft | Part)[]
  attempts?: Writable<Attempt>[]
  toolCalls?: ToolCallRequest[]
}

/** What only some spans have, so that the others stay small. */
export interface Details {
  attributes?: Record<string, AttributeValue>
  llm?: LlmDraft
  /** What writes into `llm`: of calls that another observer may see too. */
  call?: SharedCall
  tool?: Writable<ToolDetail>
  values?: SpanValues
  dependsOn?: readonly string[]
  resources?: Resources
}

/** What a profiler gives its runs. */
export interface RunOwner {
  readonly clock: Clock
  readonly limits: Limits
  readonly content: 'none' | 'full'
  readonly errors: SelfErrors
  /** Reads resources at a span's start; the function that it gives back reads them at the end. Absent when not asked for. */
  readonly probe: (() => () => Resources) | undefined
  /** Takes spans as they end, for a file. Absent when nothing is written. */
  readonly sink?: SpanSink | undefined
  /** Called once, when the root span has ended. */
  sealed(run: RunRecord): void
}

/** Where spans go beside memory. Must not throw, and only notes what it is given. */
export interface SpanSink {
  /** The first span of the run has begun. */
  began(run: RunRecord): void
  /** Again when more of a span's work was seen after its end. */
  ended(span: SpanRecord): void
  /** The root span has ended. */
  sealed(run: RunRecord): void
}

export interface RunFacts {
  readonly traceId: string
  readonly spanPrefix: string
  readonly name: string
  readonly tags: Readonly<Record<string, string>> | undefined
  /** Spans deeper below the root than this are dropped. Absent: any depth. */
  readonly maxDepth?: number | undefined
  /** For a run that began before it was opened, by the clock. */
  readonly startedMs?: number | undefined
}

/** The number of a span that is in no list yet, and of one that a limit left out. */
const NOT_LISTED = 0
const LEFT_OUT = -1

/** A tool call that an answer asked for and no tool has taken up yet. */
interface PendingToolCall {
  readonly call: ToolCallRequest
  readonly argumentsText: string
  readonly span: SpanRecord
}

const MAX_PENDING_TOOL_CALLS = 1_000

/** A run while it is recorded, and what is kept of it after. */
export class RunRecord {
  readonly owner: RunOwner
  readonly facts: RunFacts
  startedAtEpochMs: number
  readonly spans: SpanRecord[] = []
  readonly requests: RequestLog = new RequestLog()
  readonly values: ValueLog<SpanRecord> = new ValueLog(valueSpans)
  open = true
  isReleased = false
  /** Some spans came into the list later than others that began after them. */
  isUnsorted = false
  droppedSpans = 0
  droppedAttributes = 0
  /** Length of the texts that requests and answers brought in. */
  textChars = 0
  overheadMs = 0
  #origin: number
  readonly #errorsBefore: number
  #pending: PendingToolCall[] = []
  #endedAs: string | undefined

  constructor(owner: RunOwner, facts: RunFacts) {
    this.owner = owner
    this.facts = facts
    this.#origin = owner.clock.now()
    this.startedAtEpochMs = owner.clock.epochMs()
    this.#errorsBefore = owner.errors.count
  }

  /** Nanoseconds since the run began. */
  now(): number {
    return this.sinceStart(this.owner.clock.now())
  }

  /** The same for a reading of the clock. */
  sinceStart(clockMs: number): number {
    return msToNs(clockMs - this.#origin)
  }

  /** That of its root: adapters learn it late, such as the route that a request took. */
  get name(): string {
    return this.spans[0]?.name ?? this.#endedAs ?? this.facts.name
  }

  get selfErrors(): number {
    return this.owner.errors.count - this.#errorsBefore
  }

  /**
   * @param isProvisional it may turn out to be what another observer records already: it counts only once `list` was called
   * @returns undefined when the run has its full number of spans, or they are too deep; the work then runs unrecorded and is counted
   */
  begin(
    parent: SpanRecord | undefined, outer: SpanRecord | undefined, name: string, category: Category,
    { startedMs }: Pick<Place, 'startedMs'> = HERE, isProvisional = false,
  ): SpanRecord | undefined {
    const { clock, limits, probe } = this.owner
    const before = clock.now()
    if (!isProvisional && this.#leavesOut(parent)) return undefined
    const span = new SpanRecord(this, parent, outer, clip(name, limits.maxTextChars), category)
    if (probe !== undefined) probes.set(span, probe())
    const after = clock.now()
    this.overheadMs += after - before
    if (parent === undefined) this.#startAt(this.facts.startedMs ?? after)
    span.start = parent === undefined ? 0 : Math.max(startedMs === undefined ? 0 : parent.start, this.sinceStart(startedMs ?? after))
    if (!isProvisional) this.#add(span)
    return span
  }

  /**
   * Takes a provisional span, or one that happened before, into the run.
   * @returns false when it is in it already, or left out by a limit
   */
  list(span: SpanRecord): boolean {
    if (span.number !== NOT_LISTED) return false
    if (this.#leavesOut(span.parent)) {
      span.number = LEFT_OUT
      return false
    }
    this.#add(span)
    return true
  }

  #add(span: SpanRecord): void {
    this.isUnsorted ||= (this.spans.at(-1)?.start ?? 0) > span.start
    span.number = this.spans.push(span)
    if (span.number === 1) this.owner.sink?.began(this)
  }

  /** The run is not recorded, and its first span is in no list. */
  leaveOut(span: SpanRecord): void {
    span.number = LEFT_OUT
    this.open = false
  }

  /** Counts what it leaves out. */
  #leavesOut(parent: SpanRecord | undefined): boolean {
    if (this.spans.length < this.owner.limits.maxSpansPerRun && !this.#isTooDeep(parent)) return false
    this.droppedSpans++
    return true
  }

  #isTooDeep(parent: SpanRecord | undefined): boolean {
    const { maxDepth } = this.facts
    if (maxDepth === undefined) return false
    let depth = 0
    for (let span = parent; span !== undefined; span = span.parent) if (++depth > maxDepth) return true
    return false
  }

  /** Time 0 is where the root span starts, behind our own work. */
  #startAt(clockMs: number): void {
    const { clock } = this.owner
    this.#origin = clockMs
    this.startedAtEpochMs = clock.epochMs() - (this.facts.startedMs === undefined ? 0 : clock.now() - clockMs)
  }

  /** Remembers what an answer asked for, so that the tools which then run can be tied to it. */
  expectTools(span: SpanRecord, calls: readonly { readonly call: ToolCallRequest; readonly argumentsText: string }[]): void {
    for (const { call, argumentsText } of calls) this.#pending.push({ call, argumentsText, span })
    if (this.#pending.length > MAX_PENDING_TOOL_CALLS) this.#pending = this.#pending.slice(-MAX_PENDING_TOOL_CALLS)
  }

  /** The pending call of this id. */
  takeToolCallById(callId: string): TakenToolCall | undefined {
    return this.#take(this.#pending.find(({ call }) => call.id === callId))
  }

  /**
   * The pending call that this run of a tool answers. One pending call of the name is it; of several, the one whose
   * arguments are equal, in the latest answer that has such; without one, none is claimed: an id is either known or absent.
   */
  takeToolCall(name: string, args: readonly unknown[]): TakenToolCall | undefined {
    let candidates = this.#pending.filter(({ call }) => call.name === name)
    if (candidates.length > 1) candidates = candidates.filter(({ argumentsText }) => sameArguments(argumentsText, args))
    const latest = candidates.at(-1)?.span
    return this.#take(candidates.find(({ span }) => span === latest))
  }

  #take(taken: PendingToolCall | undefined): TakenToolCall | undefined {
    if (taken === undefined) return undefined
    this.#pending.splice(this.#pending.indexOf(taken), 1)
    return { callId: taken.call.id, span: taken.span, argumentsText: taken.argumentsText }
  }

  /** The public form of the trace exists: what it was made from can go. */
  release(): void {
    this.isReleased = true
    this.spans.length = 0
    this.requests.entries.length = 0
  }

  /** @internal */
  seal(): void {
    this.open = false
    this.#endedAs = this.name
    this.#pending = []
    this.requests.close()
    this.owner.sink?.sealed(this)
    this.owner.sealed(this)
  }
}

const valueSpans: ValueSpans<SpanRecord> = {
  id: ({ id }) => id,
  issuedBy: ({ details }) => details?.tool?.issuedBy,
  isLlm: ({ details }) => details?.llm !== undefined,
  add: (span, values) => {
    const details = span.extend()
    details.values = { ...details.values, ...values }
  },
}

const probes = new WeakMap<SpanRecord, () => Resources>()

export interface TakenToolCall {
  readonly callId: string | undefined
  /** The call of the model that asked for it. */
  readonly span: SpanRecord
  readonly argumentsText: string
}

/** A span while it is recorded. Small on purpose: what only some spans have is in `details`. */
export class SpanRecord {
  readonly run: RunRecord
  readonly #parent: SpanRecord | undefined
  /** What another observer records as this one: what is below this is below that. */
  standsIn: SpanRecord | undefined = undefined
  /** The current span of another profiler around this one. */
  readonly outer: SpanRecord | undefined
  number: number = NOT_LISTED
  /** Set anew by adapters that learn it late. */
  name: string
  category: Category
  start = 0
  ended = -1
  outcome: Outcome = OPEN
  details: Details | undefined = undefined

  constructor(run: RunRecord, parent: SpanRecord | undefined, outer: SpanRecord | undefined, name: string, category: Category) {
    this.run = run
    this.#parent = parent
    this.outer = outer
    this.name = name
    this.category = category
  }

  get parent(): SpanRecord | undefined {
    return this.#parent?.standsIn ?? this.#parent
  }

  get id(): string {
    return spanId(this.run.facts.spanPrefix, this.number)
  }

  get open(): boolean {
    return this.outcome === OPEN
  }

  /** Whether it is in its run, and not only may be. */
  get isListed(): boolean {
    return this.number > NOT_LISTED
  }

  extend(): Details {
    return (this.details ??= {})
  }

  /** Adds attributes; later ones of the same name win. Values that are not small and typed are left out. */
  set(attributes: Readonly<Record<string, unknown>>): void {
    try {
      const { maxTextChars, maxAttributesPerSpan } = this.run.owner.limits
      // An object without a prototype would be a slow one.
      const all = (this.extend().attributes ??= {})
      let left = maxAttributesPerSpan - Object.keys(all).length
      for (const [name, value] of Object.entries(attributes)) {
        const kept = attributeValue(value, maxTextChars)
        if (kept === undefined) continue
        if (!Object.hasOwn(all, name) && left-- <= 0) this.run.droppedAttributes++
        else if (name !== '__proto__') all[name] = kept
        else Object.defineProperty(all, name, { value: kept, enumerable: true, configurable: true, writable: true })
      }
    } catch (error) {
      noteError(this.run.owner.errors, error)
    }
  }

  /**
   * Ends the span; only the first end counts.
   * @param at nanoseconds of its run at which it was over, where that is learned late
   */
  end(outcome: Outcome = OK, at?: number): void {
    if (this.outcome !== OPEN) return
    const { run } = this
    const now = run.now()
    this.ended = Math.max(this.start, at ?? now)
    this.outcome = outcome
    if (run.owner.probe !== undefined) this.#readResources()
    if (this.isListed) run.owner.sink?.ended(this)
    run.overheadMs += (run.now() - now) / 1e6
    if (this.number === 1) run.seal()
  }

  /** Moves the end of a span to now, while its run is under way: more of its work was seen. */
  extendEnd(): void {
    if (this.run.open) this.ended = Math.max(this.ended, this.run.now())
    if (this.isListed) this.run.owner.sink?.ended(this)
  }

  #readResources(): void {
    const read = probes.get(this)
    if (read === undefined) return
    probes.delete(this)
    try {
      this.extend().resources = read()
    } catch (error) {
      noteError(this.run.owner.errors, error)
    }
  }
}

/** What an error says about how a span ended. Never throws; an abort is a cancellation, a framework's interrupt no failure. */
export function outcomeOf(error: unknown, maxChars = 1_024): Outcome {
  try {
    const { name, message, is_bubble_up: isControlFlow } = (error ?? {}) as { name?: unknown; message?: unknown; is_bubble_up?: unknown }
    if (isControlFlow === true) return OK
    const type = errorType(error) ?? (typeof name === 'string' ? name : typeof error)
    if (name === 'AbortError' || type === 'AbortError' || type === 'APIUserAbortError') return CANCELLED
    return { state: 'failed', type: clip(type, MAX_TYPE_CHARS), message: clip(typeof message === 'string' ? message : plainText(error), maxChars) }
  } catch {
    return { state: 'failed', type: 'unknown', message: 'the error could not be read' }
  }
}

const MAX_TYPE_CHARS = 200

/** Of objects only their kind: to write one out can take long, and what it holds is content. */
const plainText = (thrown: unknown): string =>
  typeof thrown === 'object' && thrown !== null ? Object.prototype.toString.call(thrown) : String(thrown)
