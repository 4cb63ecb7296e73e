import { OK, type Category, type Outcome } from '../model/span.ts'
import type { Usage } from '../model/usage.ts'
import { recordAttempt, type AttemptRecorder } from './attempt.ts'
import { clip } from './limits.ts'
import { CLIENT } from './pairing.ts'
import { HERE, type Place } from './place.ts'
import { noteError } from './quietly.ts'
import type { PartDraft, ReadParts } from './parts.ts'
import type { Profiler } from './profiler.ts'
import { ReaderTimes } from './reader-times.ts'
import type { LlmDraft, SpanRecord } from './recorder.ts'

export interface LlmCallStart {
  /** The span's name; by custom the requested model. */
  readonly name: string
  readonly category: Category
  readonly provider: string
  readonly operation: string
  readonly api: string
  /** Who sees the call. Default: the client that it goes through. */
  readonly observer?: string
  /** Its observer is told of no failures: one of its client is its own. */
  readonly isMute?: boolean
  readonly place?: Place
}

/** A tool call in an answer, as an adapter reads it. */
export interface AskedTool {
  readonly id: string | undefined
  readonly name: string
  /** The arguments as text. */
  readonly arguments: string
}

/** How an adapter reads one stream: what each event adds, and what is known at the end, complete or not. */
export interface StreamReader {
  event(event: unknown): void
  finish(): void
}

/** Every so many stream events one is timed, and stands for the others in the profiler's own overhead. */
const TIMED_EVENT = 32
/**
 * One call of a model while it is recorded: what adapters write into. All methods are safe to call in any order and
 * after the end; adapter code runs inside `read`, which swallows its errors and counts its time as the profiler's own.
 */
export class LlmCall {
  /** That of another observer when both see the same call. */
  span: SpanRecord
  readonly draft: LlmDraft
  readonly observer: string
  readonly category: Category
  /** The last text that is sent, by which two observers of one call know it. */
  asked: string | undefined
  /** Set by a reader when the provider answered that it failed. */
  failure: Outcome = OK
  readonly #profiler: Profiler
  readonly #reader: ReaderTimes
  #takesMore = true
  #request: PartDraft[] = []
  /** Nanoseconds of its run at which the request was told, while it is not in the run's log. */
  #requestedAt = -1
  /** The call of another observer in whose span this one is. */
  #host: LlmCall | undefined
  readonly #isMute: boolean
  /** Of those in its span the one whose words stand there, where that is not itself. */
  #lead: LlmCall | undefined
  /** Observers that see this same call, or saw it to a good end. One that saw it fail may see it tried again. */
  readonly #guests = new Set<string>()
  #hadGuests = false

  /** @param host the call that this is, seen by another observer */
  constructor(profiler: Profiler, span: SpanRecord, { provider, operation, api, category, observer = CLIENT, isMute = false }: LlmCallStart, host?: LlmCall) {
    this.#isMute = isMute
    this.#profiler = profiler
    this.#reader = new ReaderTimes(span.run.owner.clock)
    this.span = span
    this.observer = observer
    this.category = category
    this.draft = { provider, operation, api, streamed: false }
    if (host !== undefined) this.#join(host)
    else span.extend().llm = this.draft
  }

  /** Whether what is read still belongs to it: until it ends, and once more after `endEarly`. */
  get open(): boolean {
    return this.#takesMore
  }

  /** Whether another observer is known to see it too. */
  get isPaired(): boolean {
    return this.#host !== undefined || this.#hadGuests
  }

  /** Whether that observer sees it already, in its own call or in the one that it is. */
  isTakenBy(observer: string): boolean {
    const first = this.#host ?? this
    return first.observer === observer || first.#guests.has(observer)
  }

  /** Whether what it reads stands in its span: the client's word goes before that of a framework. */
  get #leads(): boolean {
    return this.span.details?.llm === this.draft
  }

  #join(other: LlmCall): void {
    const host = other.#host ?? other
    this.#host = host
    host.#guests.add(this.observer)
    host.#hadGuests = true
    const details = host.span.extend()
    const before = details.llm
    const lead = host.#lead ?? host
    if (before === undefined || rankOf(this.observer) >= rankOf(lead.observer)) {
      // A framework that tries again makes several calls of the client: attempts of its one.
      if (before !== undefined && lead.observer === this.observer) this.draft.attempts = [...(before.attempts ?? []), ...(this.draft.attempts ?? [])]
      host.#lead = this
      details.llm = this.draft
      if (this.draft.requestModel !== undefined) host.span.name = this.span.name
    }
    this.span = host.span
  }

  /** Hands the request to its client: what an observer further in sees meanwhile is this call. */
  whileSending<T>(fn: () => T): T {
    return this.#profiler.pairs.whileSending(this, fn)
  }

  /** Notes an HTTP request of this call. @returns undefined when the call has ended, or made too many */
  attempt(): AttemptRecorder | undefined {
    return this.span.open ? recordAttempt(this.draft, this.span.run) : undefined
  }

  /** Runs adapter code that only looks. */
  read(look: () => void): void {
    const { run } = this.span
    const { clock } = run.owner
    const before = clock.now()
    try {
      look()
    } catch (error) {
      noteError(run.owner.errors, error)
    }
    run.overheadMs += clock.now() - before
  }

  /** Notes parts of the request, in order. Objects seen before are known by identity and not read again. */
  requestParts(sources: readonly unknown[], read: ReadParts): void {
    for (const source of sources) {
      if (typeof source !== 'object' || source === null) continue
      for (const draft of this.#profiler.parts.read(source, read)) this.#request.push(draft)
    }
  }

  /** Notes a part of the request that is a text of its own, such as a system prompt. */
  requestText(draft: PartDraft): void {
    this.#request.push(draft)
  }

  /** The request is told: it goes into the run's log. */
  requestDone(): void {
    const { pairs } = this.#profiler
    if (!pairs.isAlone) {
      this.asked = this.#request.at(-1)?.text || this.asked
      // A client may have been seen further in before it looks for the framework around it.
      const isKnown = this.#host !== undefined || (this.#hadGuests && this.observer !== CLIENT)
      const same = isKnown ? undefined : pairs.byRequest(this)
      if (same !== undefined) this.#join(same)
      // One that does not say what it sends is known by what its client sent, when it tries again.
      if (this.#host !== undefined) this.#host.asked ??= this.asked
    }
    this.#profiler.list(this.span)
    this.#requestedAt = this.span.run.now()
    // What a framework sends, its client may tell better.
    if (this.observer === CLIENT || pairs.isAlone) this.#logRequest()
  }

  #logRequest(): void {
    const { run } = this.span
    if (run.open && this.#leads && this.#request.length > 0) {
      this.draft.request = run.requests.add(this.#profiler.parts.shared(this.#request))
      const now = this.#requestedAt
      for (const { kind, text, callId } of this.draft.request.tail) {
        if (text === undefined) continue
        run.textChars += text.length
        // What a model wrote was seen when it wrote it.
        if (!isWritten(kind)) run.values.given(text, now, kind === 'tool-result' ? callId : undefined)
      }
    }
    this.#request = []
  }

  /** Notes what the model wrote. */
  responseParts(drafts: readonly PartDraft[]): void {
    const { run } = this.span
    if (!run.open || drafts.length === 0 || !this.#leads) return
    this.#logRequest()
    this.draft.response = [...(this.draft.response ?? []), ...drafts]
    const now = run.now()
    for (const { text } of drafts) {
      run.textChars += text.length
      run.values.answer(this.span, text, now)
    }
  }

  /** Notes the tool calls that the answer asks for, so that the tools which run next can be tied to them. */
  askedTools(asked: readonly AskedTool[]): void {
    if (asked.length === 0) return
    const keepText = this.#profiler.content === 'full'
    const calls = asked.map(({ id, name, arguments: text }) => ({
      argumentsText: text,
      call: {
        ...(id !== undefined && { id }),
        name,
        argumentsChars: text.length,
        ...(keepText && { arguments: clip(text, this.span.run.owner.limits.maxToolChars) }),
      },
    }))
    this.draft.toolCalls = calls.map(({ call }) => call)
    if (this.span.run.open && this.#leads) this.span.run.expectTools(this.span, calls)
  }

  usage(usage: Usage | undefined): void {
    if (usage !== undefined) this.draft.usage = usage
  }

  /** A piece of generated content arrived. */
  token(): void {
    const isFirst = this.draft.firstToken === undefined
    const now = this.#reader.token(isFirst)
    if (isFirst) this.draft.firstToken = this.span.run.sinceStart(now)
  }

  /** The reader has the stream, and has not asked for an event yet. */
  streamHanded(): void {
    this.#reader.handed()
  }

  /** The reader asks for the next event. */
  eventAsked(): void {
    this.#reader.asked()
  }

  /** Passes a stream event to its reader; errors of the reader are ours. */
  event(reader: StreamReader, event: unknown): void {
    this.#read(reader, event)
    this.#reader.got()
  }

  #read(reader: StreamReader, event: unknown): void {
    const count = ++this.#reader.events
    if (count % TIMED_EVENT === 1) {
      const before = this.span.run.overheadMs
      this.read(() => reader.event(event))
      this.span.run.overheadMs += (this.span.run.overheadMs - before) * (TIMED_EVENT - 1)
      return
    }
    try {
      reader.event(event)
    } catch (error) {
      noteError(this.span.run.owner.errors, error)
    }
  }

  /** @param at nanoseconds of its run at which it was over, where that is learned late */
  end(outcome: Outcome = OK, at?: number): void {
    if (!this.#takesMore) return
    this.#takesMore = false
    const { events, lastTokenMs } = this.#reader
    if (events > 0) this.draft.chunks = events
    if (lastTokenMs >= 0) this.draft.lastToken = this.span.run.sinceStart(lastTokenMs)
    const times = this.#reader.over(this.draft.firstToken !== undefined)
    if (times !== undefined) this.draft.reader = times
    this.#profiler.list(this.span)
    if (!this.#profiler.pairs.isAlone) this.#settle(outcome)
    if (this.#host === undefined && this.span.open) this.span.end(outcome, at)
    else if (!this.span.open) this.span.extendEnd()
    // A stream that its reader left: frameworks are not told of it, and would leave their call open.
    const host = this.observer === CLIENT ? this.#host : undefined
    if (outcome.state === 'cancelled' || (outcome.state === 'failed' && host !== undefined && host.#isMute)) host?.end(outcome)
  }

  /** Puts what two observers know of one call together. */
  #settle({ state }: Outcome): void {
    this.#logRequest()
    const llm = this.span.details?.llm
    if (llm !== undefined && llm !== this.draft) fill(llm, this.draft)
    if (this.#host !== undefined && state === 'failed') this.#host.#guests.delete(this.observer)
    const same = this.#profiler.pairs.ended(this)
    if (same !== undefined) (rankOf(same.observer) < rankOf(this.observer) ? same : this).#demote()
  }

  /** It turned out that a client tells of the same call in a span of its own: this one is what the framework did around it. */
  #demote(): void {
    const { span } = this
    span.category = 'internal'
    delete span.details?.llm
    if (!span.open) span.run.owner.sink?.ended(span)
  }

  /** Ends the span and still takes what is read of the answer afterwards, up to `end`. */
  endEarly(): void {
    if (this.#host === undefined) this.span.end(OK)
  }
}

/** @returns undefined when nothing is recorded here */
export function beginLlmCall(profiler: Profiler, start: LlmCallStart): LlmCall | undefined {
  const { name, category, observer = CLIENT, place = HERE } = start
  const { pairs } = profiler
  const known = pairs.byPlace(observer, category, place)
  if (known !== undefined) return new LlmCall(profiler, known.span, start, known)
  const isProvisional = pairs.mayBeKnown(observer, category)
  const span = profiler.open(name, category, isProvisional ? { ...place, isProvisional } : place)
  if (span === undefined) return undefined
  const call = new LlmCall(profiler, span, start)
  pairs.add(call)
  return call
}

/** OpenTelemetry's spans know least: often neither what was sent nor what came back. */
const rankOf = (observer: string): number => (observer === CLIENT ? 2 : observer === 'otel' ? 0 : 1)

/** What only the lesser observer knows. */
function fill(llm: LlmDraft, { usage, streamed, ...more }: LlmDraft): void {
  for (const [name, value] of Object.entries(more)) {
    const known: Record<string, unknown> = llm as unknown as Record<string, unknown>
    if (known[name] === undefined && value !== undefined) known[name] = value
  }
  if (usage !== undefined && llm.usage?.complete !== true) llm.usage = usage
  llm.streamed ||= streamed
}

const isWritten = (kind: PartDraft['kind']): boolean => kind === 'assistant' || kind === 'tool-call' || kind === 'reasoning'
