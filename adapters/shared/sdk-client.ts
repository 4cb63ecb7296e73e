import {
  beginAttempt, beginLlmCall, define, observe, outcomeOf, profiler as defaultProfiler, show, watchIterator,
  type AnyIterator, type LlmCall, type Profiler,
} from '../../src/kit.ts'
import { at, fields, text } from './json.ts'
import type { Endpoint, EventReader, WrapOptions } from './endpoint.ts'
import { watchPromise, type ApiPromise } from './api-promise.ts'
import type { RawWatch } from './raw-response.ts'

/**
 * Recording for clients that Stainless or Castiron generated (`openai`, `@anthropic-ai/sdk`), and for plain objects of their
 * shape. The client stays the object that it is; three of its own members get a look-out in front:
 *
 * - `post`: every endpoint ends there, also those that the helpers (`parse`, `stream`, `runTools`, `toolRunner`) call, so
 *   endpoints are a table by path. The promise that it gives is watched as `api-promise.ts` says;
 * - `fetch`: sees the attempts of a call, with their status and the waits between, and never a body;
 * - `withOptions`: the clients that it derives are recorded too.
 *
 * An object without those members (a look-alike of an OpenAI-compatible service, a frozen client) gets its `create` methods
 * watched instead.
 */
export interface SdkAdapter {
  /** For error messages: `wrapOpenAI`. */
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  /** What to record of a POST to any other path; undefined: nothing. */
  readonly other?: (path: string, body: unknown) => Endpoint | undefined
  readonly providerOf: (client: object) => string
}

interface SdkClient {
  post: (path: string, options?: unknown) => unknown
  fetch: typeof fetch
  withOptions?: (options: unknown) => object
}

const WRAPPED = Symbol.for('spanwise.wrapped.v1')
const watchedFetch = new WeakSet<object>()

export function wrapClient<T extends object>(adapter: SdkAdapter, client: T, options: WrapOptions = {}): T {
  const { profiler = defaultProfiler } = options
  const known = checkClient(adapter, client)
  if (!profiler.enabled || WRAPPED in client) return client
  const watch: Watch = { adapter, profiler, options, provider: options.provider ?? adapter.providerOf(client) }
  if (known === 'sdk' && watchSdkClient(watch, client as unknown as SdkClient)) return client
  for (const endpoint of adapter.endpoints) watchMethod(watch, client, endpoint)
  define(client, WRAPPED, true)
  return client
}

interface Watch {
  readonly adapter: SdkAdapter
  readonly profiler: Profiler
  readonly options: WrapOptions
  readonly provider: string
}

function checkClient(adapter: SdkAdapter, client: unknown): 'sdk' | 'look-alike' {
  if (typeof client !== 'object' || client === null) {
    throw new TypeError(`${adapter.name}(client): client must be a client object, got ${show(client)}`)
  }
  const { post, fetch } = client as Partial<SdkClient>
  if (typeof post === 'function' && typeof fetch === 'function') return 'sdk'
  const methods = adapter.endpoints.map(({ method }) => method)
  if (methods.some((method) => typeof at(client, method) === 'function')) return 'look-alike'
  throw new TypeError(`${adapter.name}(client): client has none of ${methods.join(', ')}; got ${show(client)}`)
}

/** @returns false when the object takes no members (frozen); nothing of it has been changed then */
function watchSdkClient(watch: Watch, client: SdkClient): boolean {
  if (!Object.isExtensible(client) || !define(client, WRAPPED, true)) return false
  const { post, fetch: clientFetch, withOptions } = client
  const endpointOf = endpointTable(watch.adapter)
  define(client, 'post', function (this: SdkClient, path: string, options?: unknown) {
    return recordPost(watch, endpointOf, path, options, (sent) => post.call(this, path, sent))
  })
  if (!watchedFetch.has(clientFetch)) client.fetch = watchFetch(clientFetch)
  if (typeof withOptions === 'function') {
    define(client, 'withOptions', function (this: SdkClient, options: unknown) {
      const derived = withOptions.call(this, options)
      return WRAPPED in derived ? derived : wrapClient(watch.adapter, derived, watch.options)
    })
  }
  return true
}

type EndpointOf = (path: string, body: unknown) => Endpoint | undefined

function endpointTable({ endpoints, other }: SdkAdapter): EndpointOf {
  const byRoute = new Map(endpoints.map((endpoint) => [endpoint.route, endpoint]))
  return (path, body) => {
    const end = path.indexOf('?')
    return byRoute.get(end === -1 ? path : path.slice(0, end)) ?? other?.(path, body)
  }
}

/** `options` hold the body; openai 7 passes a promise of them. */
function recordPost(watch: Watch, endpointOf: EndpointOf, path: string, options: unknown, send: (options: unknown) => unknown): unknown {
  const isLater = typeof fields(options)?.['then'] === 'function'
  const bodyNow = isLater ? undefined : fields(options)?.['body']
  const endpoint = typeof path === 'string' ? endpointOf(path, bodyNow) : undefined
  if (endpoint === undefined) return send(options)
  const call = begin(watch, endpoint, bodyNow)
  if (call === undefined) return send(options)

  let sent = options
  let strip = false
  if (isLater) {
    // The client reads the same promise, so its failure is the client's to report.
    const later = options as PromiseLike<unknown>
    const wanted = watch.options.includeUsage === true && endpoint.askForUsage !== undefined
    if (wanted) {
      sent = later.then((resolved) => {
        const asked = askForUsage(endpoint, resolved)
        strip = asked !== resolved
        return asked
      })
    }
    ;(wanted ? (sent as PromiseLike<unknown>) : later).then((resolved) => describe(call, endpoint, fields(resolved)?.['body']), () => {})
  } else {
    if (watch.options.includeUsage === true) sent = askForUsage(endpoint, options)
    strip = sent !== options
    describe(call, endpoint, bodyNow)
  }

  let promise: unknown
  try {
    promise = call.within(() => send(sent))
  } catch (error) {
    call.end(outcomeOf(error))
    throw error
  }
  return watchAnswer(call, endpoint, promise, () => strip)
}

function begin({ profiler, provider }: Watch, endpoint: Endpoint, body: unknown): LlmCall | undefined {
  const { category, operation, api } = endpoint
  return beginLlmCall(profiler, { name: modelOf(body) ?? api, category, provider, operation, api })
}

const modelOf = (body: unknown): string | undefined => text(fields(body)?.['model'])

function describe(call: LlmCall, endpoint: Endpoint, body: unknown): void {
  call.read(() => {
    const model = modelOf(body)
    if (model !== undefined) {
      call.span.name = model
      call.draft.requestModel = model
    }
    if (fields(body)?.['stream'] === true) call.draft.streamed = true
    endpoint.readRequest(call, fields(body) ?? {})
  })
  call.read(() => call.requestDone())
}

function askForUsage(endpoint: Endpoint, options: unknown): unknown {
  const body = fields(fields(options)?.['body'])
  const asked = body && endpoint.askForUsage?.(body)
  return asked === undefined ? options : { ...fields(options), body: asked }
}

function watchAnswer(call: LlmCall, endpoint: Endpoint, promise: unknown, strip: () => boolean): unknown {
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
  if (typeof fields(promise)?.['then'] === 'function') return observe(call.span, promise)
  see(promise)
  return promise
}

/** Looks at what the call gave: an answer, or a stream of events that somebody will read. */
function seeAnswer(call: LlmCall, endpoint: Endpoint, value: unknown, strip: boolean): void {
  if (!call.open) return
  if (watchStream(call, endpoint, value, strip)) return
  call.read(() => endpoint.readAnswer(call, value))
  call.end(call.failure)
}

function watchRaw(call: LlmCall, endpoint: Endpoint): RawWatch {
  let reader: EventReader | undefined
  return {
    whole: (value) => seeAnswer(call, endpoint, value, false),
    event: (event) => {
      if (!call.open) return
      reader ??= endpoint.readStream(call)
      call.event(reader, event)
    },
    end: () => {
      if (!call.open || reader === undefined) return
      const ended = reader
      call.read(() => ended.finish())
      call.end(call.failure)
    },
  }
}

interface StreamLike {
  iterator?: () => AnyIterator
  controller?: AbortController
  [Symbol.asyncIterator]?: () => AnyIterator
}

function watchStream(call: LlmCall, endpoint: Endpoint, value: unknown, strip: boolean): boolean {
  const stream = fields(value) as StreamLike | undefined
  if (stream === undefined || typeof stream[Symbol.asyncIterator] !== 'function') return false
  call.draft.streamed = true
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

function watchEvents(call: LlmCall, endpoint: Endpoint, iterator: AnyIterator, controller: AbortController | undefined): void {
  const reader = endpoint.readStream(call)
  watchIterator(iterator, {
    item: (event) => call.event(reader, event),
    end: (outcome) => {
      if (!call.open) return
      call.read(() => reader.finish())
      // An aborted stream ends as if it were done: the SDKs swallow the abort.
      const left = outcome.state === 'ok' && controller?.signal.aborted === true && !reader.complete
      call.end(left ? { state: 'cancelled' } : outcome.state === 'ok' ? call.failure : outcome)
    },
  })
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

function watchFetch(original: typeof fetch): typeof fetch {
  const watched = function (this: unknown, url: Parameters<typeof fetch>[0], init?: RequestInit): Promise<Response> {
    const attempt = isAttempt(init) ? beginAttempt() : undefined
    const result = original.call(this, url, init)
    if (attempt === undefined || !(result instanceof Promise)) return result
    return result.then(
      (response) => {
        attempt.responded(response.status)
        return response
      },
      (error: unknown) => {
        attempt.failed(error)
        throw error
      },
    )
  }
  watchedFetch.add(watched)
  return watched as typeof fetch
}

/** Requests for credentials pass through the same function; only those of the API carry the SDKs' own header. */
function isAttempt(init: RequestInit | undefined): boolean {
  const headers = init?.headers
  return !(headers instanceof Headers) || headers.has('x-stainless-retry-count') || headers.has('x-stainless-lang')
}

function watchMethod(watch: Watch, client: object, endpoint: Endpoint): void {
  const steps = endpoint.method.split('.')
  const name = steps.pop()!
  const owner = steps.length === 0 ? client : at(client, steps.join('.'))
  const original = fields(owner)?.[name]
  if (typeof original !== 'function') return
  define(owner as object, name, function (this: unknown, body: unknown, ...rest: unknown[]) {
    const call = begin(watch, endpoint, body)
    if (call === undefined) return original.call(this, body, ...rest) as unknown
    describe(call, endpoint, body)
    const asked = watch.options.includeUsage === true ? endpoint.askForUsage?.(fields(body) ?? {}) : undefined
    let promise: unknown
    try {
      promise = call.within(() => original.call(this, asked ?? body, ...rest) as unknown)
    } catch (error) {
      call.end(outcomeOf(error))
      throw error
    }
    return watchAnswer(call, endpoint, promise, () => asked !== undefined)
  })
}
