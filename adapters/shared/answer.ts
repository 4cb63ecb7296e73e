import { define, observe, outcomeOf, watchIterator, type AnyIterator, type LlmCall, type Outcome } from '../../src/kit.ts'
import { watchPromise, type ApiPromise } from './api-promise.ts'
import type { Endpoint, EventReader } from './endpoint.ts'
import { fields, isThenable } from './json.ts'
import type { RawWatch } from './raw-response.ts'

const CANCELLED: Outcome = { state: 'cancelled' }

/** What a call gives back, watched to its end, and given on as it is. */
export function watchAnswer(call: LlmCall, endpoint: Endpoint, promise: unknown, strip: () => boolean): unknown {
  const see = (value: unknown): void => seeAnswer(call, endpoint, value, strip())
  const failed = (error: unknown): void => call.end(outcomeOf(error))
  const raw = (): RawWatch => watchRaw(call, endpoint)
  const watched = watchPromise(promise as ApiPromise, { see, failed, raw, call })
  if (watched !== undefined) return watched
  // A plain promise, a stream at once, or a finished answer: whatever a look-alike gives.
  if (promise instanceof Promise) {
    return promise.then(
      (value: unknown) => {
        see(value)
        return value
      },
      (error: unknown) => {
        failed(error)
        throw error
      },
    )
  }
  if (isThenable(promise)) return observe(call.span, promise)
  see(promise)
  return promise
}

/** Looks at what the call gave: an answer, or a stream of events that somebody will read. */
function seeAnswer(call: LlmCall, endpoint: Endpoint, value: unknown, strip: boolean): void {
  if (!call.open) return
  let isStream = false
  call.read(() => {
    isStream = watchStream(call, endpoint, value, strip)
    if (!isStream) endpoint.readAnswer(call, value)
  })
  if (!isStream) call.end(call.failure)
}

/** What a raw body says, read for `call`: the call ends with it. */
export function watchRaw(call: LlmCall, endpoint: Endpoint): RawWatch {
  let reader: EventReader | undefined
  return {
    whole: (value) => seeAnswer(call, endpoint, value, false),
    event: (event) => {
      if (!call.open) return
      reader ??= endpoint.readStream(call)
      call.event(reader, event)
    },
    end: (outcome) => {
      if (!call.open || (reader === undefined && outcome.state === 'ok')) return
      if (reader !== undefined) finish(call, reader, outcome)
      else call.end(outcome)
    },
  }
}

interface StreamLike {
  iterator?: () => AnyIterator
  controller?: AbortController
  next?: unknown
  [Symbol.asyncIterator]?: () => AnyIterator
}

function watchStream(call: LlmCall, endpoint: Endpoint, value: unknown, strip: boolean): boolean {
  const stream = fields(value) as StreamLike | undefined
  if (stream === undefined || typeof stream[Symbol.asyncIterator] !== 'function') return false
  call.draft.streamed = true
  call.streamHanded()
  endOnAbort(call, stream.controller)
  // A generator is its own iterator, and may be asked for its items without a loop.
  if (typeof stream.iterator !== 'function' && typeof stream.next === 'function') {
    return watchEvents(call, endpoint, stream as unknown as AnyIterator, stream.controller)
  }
  // The SDKs' streams read their `iterator` member for `for await`, `tee()` and `toReadableStream()` alike.
  const name = typeof stream.iterator === 'function' ? 'iterator' : Symbol.asyncIterator
  const original = stream[name] as () => AnyIterator
  const watched = function (this: unknown): AnyIterator {
    const iterator = original.call(stream)
    watchEvents(call, endpoint, iterator, stream.controller)
    if (strip) stripUsageEvents(iterator)
    return iterator
  }
  if (name === 'iterator') {
    stream.iterator = watched
    return true
  }
  return define(stream, name, watched)
}

/** Whoever has its stream aborted may just stop to read it, and then nothing else tells of the end. One who waits for an event is told. */
function endOnAbort(call: LlmCall, controller: AbortController | undefined): void {
  const signal: unknown = controller?.signal
  if (!(signal instanceof AbortSignal)) return
  signal.addEventListener('abort', () => {
    const reading = readings.get(call)
    if (reading === undefined) call.end(CANCELLED)
    else if (!reading.isWaiting) finish(call, reading.reader, CANCELLED)
  }, { once: true })
}

interface Reading {
  readonly reader: EventReader
  /** It has asked for an event, or is about to leave. */
  isWaiting: boolean
}

const readings = new WeakMap<LlmCall, Reading>()

function watchEvents(call: LlmCall, endpoint: Endpoint, iterator: AnyIterator, controller: AbortController | undefined): boolean {
  const reader = endpoint.readStream(call)
  const reading: Reading = { reader, isWaiting: false }
  readings.set(call, reading)
  return watchIterator(iterator, {
    asked: () => {
      reading.isWaiting = true
      call.eventAsked()
    },
    leaving: () => void (reading.isWaiting = true),
    item: (event) => {
      reading.isWaiting = false
      call.event(reader, event)
    },
    end: (outcome) => {
      // An aborted stream ends as if it were done: the SDKs swallow the abort.
      const left = outcome.state === 'ok' && controller?.signal.aborted === true
      finish(call, reader, left ? CANCELLED : outcome)
    },
  })
}

/** A stream that ended before it was whole may have been left; one that is whole was read, whatever came after. */
function finish(call: LlmCall, reader: EventReader, outcome: Outcome): void {
  if (!call.open) return
  call.read(() => reader.finish())
  if (outcome.state === 'failed') return call.end(outcome)
  call.end(outcome.state === 'cancelled' && !reader.complete ? outcome : call.failure)
}

/** Takes out what asking for usage put in: the extra last chunk, and `usage: null` on all others. */
function stripUsageEvents(iterator: AnyIterator): void {
  const next = iterator.next
  const step = async (args: []): Promise<IteratorResult<unknown>> => {
    for (;;) {
      const result = await next.apply(iterator, args)
      const chunk = result.done === true ? undefined : (fields(result.value) as { usage?: unknown; choices?: unknown } | undefined)
      if (chunk === undefined) return result
      if (Array.isArray(chunk.choices) && chunk.choices.length === 0 && chunk.usage) continue
      if (chunk.usage === null) delete chunk.usage
      return result
    }
  }
  define(iterator, 'next', (...args: []) => step(args))
}
