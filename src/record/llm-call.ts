import { OK, type Category, type Outcome } from '../model/span.ts'
import type { Usage } from '../model/usage.ts'
import { recordAttempt, type AttemptRecorder } from './attempt.ts'
import { clip } from './limits.ts'
import { HERE, type Place } from './place.ts'
import { noteError } from './quietly.ts'
import type { PartDraft, ReadParts } from './parts.ts'
import type { Profiler } from './profiler.ts'
import { ReaderTimes } from './reader-times.ts'
import type { SpanRecord } from './recorder.ts'
import { CLIENT } from './same-call.ts'
import { SharedCall } from './shared-call.ts'

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
export class LlmCall extends SharedCall {
  /** Set by a reader when the provider answered that it failed. */
  failure: Outcome = OK
  readonly #profiler: Profiler
  readonly #reader: ReaderTimes
  #request: PartDraft[] = []
  /** Nanoseconds of its run at which the request was told, while it is not in the run's log. */
  #requestedAt = -1

  /** @param host the call that this is, seen by another observer */
  constructor(profiler: Profiler, span: SpanRecord, start: LlmCallStart, host?: SharedCall) {
    super(profiler, span, start, host)
    this.#profiler = profiler
    this.#reader = new ReaderTimes(span.run.owner.clock)
  }

  /** Hands the request to its client: what an observer further in sees meanwhile is this call. */
  whileSending<T>(fn: () => T): T {
    return this.#profiler.pairs.whileSending(this, fn)
  }

  /** Notes an HTTP request of this call. @returns undefined when the call has ended, or made too many */
  attempt(): AttemptRecorder | undefined {
    return this.span.open ? recordAttempt(this.draft, () => this.span.run.now()) : undefined
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
    if (!pairs.isAlone) this.sends(this.#request.at(-1)?.text)
    this.show()
    this.#requestedAt = this.span.run.now()
    // What a framework sends, its client may tell better.
    if (this.observer === CLIENT || pairs.isAlone) this.#logRequest()
  }

  #logRequest(): void {
    const { run } = this.span
    // What another observer tells better is kept, until it is known to be another call.
    if (!this.leads) return
    if (run.open && this.#request.length > 0) {
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

  override leadsAgain(): void {
    this.#logRequest()
  }

  /** Notes what the model wrote. */
  responseParts(drafts: readonly PartDraft[]): void {
    const { run } = this.span
    if (!run.open || drafts.length === 0 || !this.leads) return
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
    if (this.span.run.open && this.leads) this.span.run.expectTools(this.span, calls)
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
  override end(outcome: Outcome = OK, at?: number): void {
    if (!this.open) return
    const { events, lastTokenMs } = this.#reader
    if (events > 0) this.draft.chunks = events
    if (lastTokenMs >= 0) this.draft.lastToken = this.span.run.sinceStart(lastTokenMs)
    const times = this.#reader.over(this.draft.firstToken !== undefined)
    if (times !== undefined) this.draft.reader = times
    this.over(outcome)
    if (this.#requestedAt >= 0) this.#logRequest()
    this.settle(at)
  }

  /** Ends the span and still takes what is read of the answer afterwards, up to `end`. */
  endEarly(): void {
    if (this.isHost) this.span.end(OK)
  }
}

/** @returns undefined when nothing is recorded here */
export function beginLlmCall(profiler: Profiler, start: LlmCallStart): LlmCall | undefined {
  const { name, category, observer = CLIENT, place = HERE } = start
  const { pairs } = profiler
  const host = pairs.sent(observer, category)
  if (host !== undefined) return new LlmCall(profiler, host.span, start, host)
  const span = profiler.open(name, category, pairs.placeOf(observer, place))
  if (span === undefined) return undefined
  const call = new LlmCall(profiler, span, start)
  pairs.add(call)
  return call
}

const isWritten = (kind: PartDraft['kind']): boolean => kind === 'assistant' || kind === 'tool-call' || kind === 'reasoning'
