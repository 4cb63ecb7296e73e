import { define, type LlmCall } from '../../src/kit.ts'
import { watchRawResponse, type RawWatch } from './raw-response.ts'

/**
 * The SDKs' `APIPromise`: lazy, it parses when it is first awaited, and once. Watching it starts no second read and awaits
 * nothing itself. It has three ways out, and each is watched where it passes:
 *
 * - `responsePromise`, shared with all promises derived from it, rejects when the request failed. A promise that settles
 *   alike takes its place, so a rejection which nobody handles is still reported once;
 * - `parseResponse` gives the value, or the stream;
 * - `asResponse()` hands out the raw response; what is then read from it is seen as `raw-response.ts` says.
 *
 * openai 7 makes `_thenUnwrap` a closure over its own parser, so there the value is seen on its way through it.
 */
export interface ApiPromise {
  responsePromise: Promise<{ readonly response: Response }>
  parseResponse: (client: unknown, props: unknown) => unknown
  parsedPromise?: unknown
  asResponse?: () => Promise<Response>
  _responseProps?: () => Promise<{ readonly response: Response }>
  _thenUnwrap?: (transform: (value: unknown, props: unknown) => unknown) => ApiPromise
}

export interface Watcher {
  readonly see: (value: unknown) => void
  readonly failed: (error: unknown) => void
  readonly raw: () => RawWatch
  readonly call: LlmCall
}

/** @returns undefined when it is no such promise */
export function watchPromise(promise: ApiPromise, watcher: Watcher): ApiPromise | undefined {
  const { responsePromise, parseResponse } = (promise ?? {}) as Partial<ApiPromise>
  if (!(responsePromise instanceof Promise) || typeof parseResponse !== 'function') return undefined
  const response = responsePromise.then(
    (props) => props,
    (error: unknown) => {
      watcher.failed(error)
      throw error
    },
  )
  adopt(promise, response, watcher, 'value')
  return promise
}

/** @param parser what of the promise's own parser is watched; that of a derived promise mostly calls its parent's */
function adopt(promise: ApiPromise, response: ApiPromise['responsePromise'], watcher: Watcher, parser: 'value' | 'failure' | 'none'): void {
  promise.responsePromise = response
  if (parser !== 'none') watchParser(promise, watcher, parser === 'value')
  watchAsResponse(promise, watcher)
  watchProps(promise, watcher)
  if (typeof promise._thenUnwrap === 'function') watchDerived(promise, response, watcher, parser === 'value')
}

function watchParser(promise: ApiPromise, { see, failed }: Watcher, seesValue: boolean): void {
  const { parseResponse } = promise
  const seen = (value: unknown): unknown => {
    if (seesValue) see(value)
    return value
  }
  const broken = (error: unknown): never => {
    failed(error)
    throw error
  }
  promise.parseResponse = (client, props) => {
    const value = parseResponse.call(promise, client, props)
    return value instanceof Promise ? value.then(seen, broken) : seen(value)
  }
}

function watchDerived(promise: ApiPromise, response: ApiPromise['responsePromise'], watcher: Watcher, seesValue: boolean): void {
  const original = promise._thenUnwrap!
  const bypassesParser = Object.hasOwn(promise, '_thenUnwrap')
  put(promise, '_thenUnwrap', (transform: Parameters<typeof original>[0]) => {
    const derived = original.call(promise, bypassesParser && seesValue
      ? (value, props) => {
          watcher.see(value)
          return transform(value, props)
        }
      : transform)
    adopt(derived, response, watcher, bypassesParser ? 'failure' : 'none')
    return derived
  })
}

/** Listed as the old one was: openai 7 has members of the promise's own. */
function put<K extends keyof ApiPromise>(promise: ApiPromise, name: K, value: ApiPromise[K]): void {
  if (Object.hasOwn(promise, name)) promise[name] = value
  else define(promise, name, value)
}

/** Anthropic's message threads and tool runners take the response from here and parse it themselves. */
function watchProps(promise: ApiPromise, { raw, call }: Watcher): void {
  const { _responseProps: original } = promise
  if (typeof original !== 'function') return
  define(promise, '_responseProps', function (this: ApiPromise) {
    return original.call(this).then((props) => {
      call.read(() => watchRawResponse(props.response, raw()))
      return props
    })
  })
}

function watchAsResponse(promise: ApiPromise, { raw, call }: Watcher): void {
  const { asResponse } = promise
  if (typeof asResponse !== 'function') return
  define(promise, 'asResponse', function (this: ApiPromise) {
    const isParsed = this.parsedPromise !== undefined
    const response = asResponse.call(this)
    if (isParsed) return response
    return response.then((result) => {
      call.read(() => watchRawResponse(result, raw()))
      // Nobody can know whether the body will be read: the call ends with its headers, and what is read later is added.
      call.endEarly()
      return result
    })
  })
}
