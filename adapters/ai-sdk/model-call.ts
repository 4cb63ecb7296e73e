import { outcomeOf, within, type LlmCall, type Outcome, type SpanRecord } from '../../src/kit.ts'
import type { EventReader } from '../shared/endpoint.ts'
import { fields, type Fields } from '../shared/json.ts'
import { readAnswer, readStream } from './answer.ts'
import { watchReadable } from './stream.ts'

const OK: Outcome = { state: 'ok' }
const CANCELLED: Outcome = { state: 'cancelled' }

/** What becomes of a call of a model. */
export interface CallEnd {
  /** A request failed before there was an answer. Its caller may try again. */
  readonly refused: (outcome: Outcome) => void
  /**
   * The answer is over.
   * @param at nanoseconds of its run at which it was, where that is learned late
   */
  readonly over: (outcome: Outcome, at?: number) => void
  /** The same, of a stream that its reader left, or that broke. */
  readonly broken: (outcome: Outcome, at?: number) => void
}

type AnswerReader = (call: LlmCall, result: Fields, isHidden: boolean) => void

/** A call of a model on its way, watched to the end of its answer, whether that is a value or a stream. */
export class ModelCall {
  readonly call: LlmCall
  readonly #end: CallEnd
  readonly #readAnswer: AnswerReader
  #reader: EventReader | undefined
  #isUnwatched = false
  #isHidden = false
  /** Nanoseconds of the run at which it was last heard of. */
  heardAt: number | undefined

  constructor(call: LlmCall, end: CallEnd, read: AnswerReader = readAnswer) {
    this.call = call
    this.#end = end
    this.#readAnswer = read
  }

  /** Sends a request for it, inside its span, and gives on what comes of it. */
  async send<T>(request: () => PromiseLike<T>): Promise<T> {
    const { call } = this
    innermost.set(call.span, this)
    const attempt = call.attempt()
    let value: T
    try {
      value = await within(call.around, request)
    } catch (error) {
      call.read(() => {
        const status = statusOf(error)
        if (status === undefined) attempt?.failed(error)
        else attempt?.responded(status)
        this.#end.refused(failureOf(error))
      })
      throw error
    }
    call.read(() => {
      // Of an answer that comes as a whole nobody tells when it began.
      if (this.#see(value)) attempt?.responded(undefined)
    })
    return value
  }

  /** Ends it with what is known of its answer. */
  leave(outcome: Outcome, at?: number): void {
    const inner = innermost.get(this.call.span)
    if (inner !== undefined && inner !== this) inner.leave(outcome, at)
    if (this.#reader !== undefined) this.#finish(outcome, at)
    else if (this.call.open) this.#end.over(outcome, at)
  }

  /** What it answers is not to be recorded. */
  hide(): void {
    this.#isHidden = true
    const { draft } = this.call
    delete draft.response
    if (draft.toolCalls !== undefined) draft.toolCalls = draft.toolCalls.map(({ arguments: _text, ...known }) => ({ ...known, argumentsChars: 0 }))
  }

  /** The SDK tells that its answer is over. One that is watched ends by itself. */
  told(): void {
    if (this.#isUnwatched) this.leave(OK)
  }

  /** @internal Nobody can read its answer any more. */
  gone(): void {
    this.#finish(CANCELLED, this.heardAt)
  }

  /** @returns whether it is a stream */
  #see(value: unknown): boolean {
    const { call } = this
    const result = resultIn(value)
    const stream = result?.['stream']
    if (stream instanceof ReadableStream) return this.#watch(stream)
    if (result !== undefined) call.read(() => this.#readAnswer(call, result, this.#isHidden))
    if (call.open) this.#end.over(call.failure)
    return false
  }

  /** @returns false when the stream cannot be watched: then the SDK has to tell of its end */
  #watch(stream: ReadableStream<unknown>): boolean {
    const { call } = this
    const reader = readStream(call, this.#isHidden)
    this.#hear()
    const isWatched = watchReadable(stream, {
      around: (step) => within(call.around, step),
      asked: () => call.eventAsked(),
      item: (part) => {
        this.#hear()
        if (typeof part === 'object' && part !== null) call.event(reader, part)
      },
      done: () => this.#finish(OK),
      failed: (error) => this.#finish(failureOf(error)),
      left: () => this.#finish(CANCELLED),
    })
    call.draft.streamed = true
    this.#isUnwatched = !isWatched
    if (!isWatched) return true
    call.streamHanded()
    this.#reader = reader
    whenGone.register(stream, this)
    return true
  }

  /** A stream that ended before it was whole was left; one that is whole was read, whatever came after. */
  #finish(outcome: Outcome, at?: number): void {
    const reader = this.#reader
    if (reader === undefined) return
    this.#reader = undefined
    const { call } = this
    call.read(() => reader.finish())
    if (!call.open) return
    const isAnswered = outcome.state === 'ok' || (outcome.state === 'cancelled' && (call.failure.state === 'failed' || reader.complete))
    call.read(() => (isAnswered ? this.#end.over(call.failure, at) : this.#end.broken(outcome, at)))
  }

  #hear(): void {
    this.heardAt = this.call.span.run.now()
  }
}

/** Of those that watch one call, the one that is closest to the model and knows most of it: the middleware's, where there is one. */
const innermost = new WeakMap<SpanRecord, ModelCall>()

/**
 * A reader that just stops leaves a stream without a word: the SDK gives each reader a branch of its own, and leaving one ends
 * nothing. Once the stream has gone nobody can read it any more.
 */
const whenGone = new FinalizationRegistry<ModelCall>((one) => one.gone())

/** What a model gave; the SDK's own spans hold it one step further down. */
function resultIn(value: unknown): Fields | undefined {
  const given = fields(value)
  const inner = fields(given?.['result'])
  return inner?.['stream'] === undefined ? given : inner
}

/** The SDK's errors of calls have the status of the response. */
function statusOf(error: unknown): number | undefined {
  const status = fields(error)?.['statusCode']
  return typeof status === 'number' ? status : undefined
}

/** A connection that Next.js drops with its request is left like one that was aborted. */
const failureOf = (error: unknown): Outcome => (fields(error)?.['name'] === 'ResponseAborted' ? CANCELLED : outcomeOf(error))
