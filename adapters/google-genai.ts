import { callUnderWay, noteAttempt } from './shared/attempts.ts'
import type { WrapOptions } from './shared/endpoint.ts'
import { at, fields, text } from './shared/json.ts'
import type { Patches } from './shared/patches.ts'
import { watchConstructor } from './shared/sdk-class.ts'
import { unwrapClient, wrapClient, type More, type SdkAdapter } from './shared/sdk-client.ts'
import { googleEndpoints, interactions } from './google-genai/endpoints.ts'
import type { LlmCall } from '../src/kit.ts'

/**
 * Recording for `@google/genai` (1, 2 and 3), for the Gemini API and Vertex AI.
 * Supported: `models.generateContent`, `generateContentStream`, `embedContent`, and chats, which end there; each request that
 * automatic function calling and automatic continuation make is a call of its own; and `interactions.create`, with whatever requests it makes.
 * Not seen: live sessions, agents, images and videos, batches; counting of tokens, caches and files are no calls of a model.
 */
const adapter: Omit<SdkAdapter, 'endpoints'> = {
  name: 'wrapGoogleGenAI',
  providerOf: (client) => ((client as { readonly vertexai?: unknown }).vertexai === true ? 'gcp.vertex_ai' : 'gcp.gemini'),
  watchMore(client, more) {
    watchRequests(client, more.patches)
    watchInteractions(client, more)
  },
}

/** Three of them differ only for those who read raw bodies. */
const methods = googleEndpoints.filter(({ method }, i) => googleEndpoints.findIndex((one) => one.method === method) === i)

/** The public method where a client has no other, as that of a later version or a look-alike. */
const endpointsOf = (client: unknown): SdkAdapter['endpoints'] =>
  methods.map((endpoint) => {
    const { inner, method } = endpoint
    return { ...endpoint, method: inner !== undefined && typeof at(client, inner) === 'function' ? inner : method }
  })

/**
 * Records what `client` does, in place, and gives it back. Wrapping it again changes nothing.
 * @throws TypeError when it is no client
 */
export function wrapGoogleGenAI<T extends object>(client: T, options?: WrapOptions): T {
  return wrapClient({ ...adapter, endpoints: endpointsOf(client) }, client, options)
}

/** Takes the recording off `client` again and gives it back as it was. */
export function unwrapGoogleGenAI<T extends object>(client: T): T {
  return unwrapClient(client)
}

/**
 * Records each client that a class makes; what it gives back takes the place of the class.
 * @internal for spanwise/register, which gives it `GoogleGenAI`
 */
export function watchGoogleGenAI<T>(Class: T): T {
  return watchConstructor({ name: 'wrapGoogleGenAI' }, Class, (client) => wrapGoogleGenAI(client))
}

/** They have a client of their own, which is made when they are first asked for, and in version 1 with a warning. */
function watchInteractions(client: object, { patches, watchMethod }: More): void {
  const getter = inheritedGetter(client, 'interactions')
  if (getter === undefined) return
  const watched = new WeakSet<object>()
  patches.getter(client, 'interactions', function (this: unknown) {
    const value: unknown = getter.call(this)
    if (typeof value === 'object' && value !== null && !watched.has(value)) {
      watched.add(value)
      watchMethod({ interactions: value }, interactions)
    }
    return value
  })
}

function inheritedGetter(object: object, name: string): (() => unknown) | undefined {
  for (let at: object | null = Object.getPrototypeOf(object); at !== null; at = Object.getPrototypeOf(at)) {
    const own = Object.getOwnPropertyDescriptor(at, name)
    if (own !== undefined) return own.get
  }
  return undefined
}

type Request = (request: unknown) => unknown
type ApiCall = (url: string, init: RequestInit, ...rest: unknown[]) => Promise<Response>
interface Waiting {
  readonly call: LlmCall
  readonly body: string
}

/** Where version 3 takes the `fetch` to send by. Versions before it use the global one, and may try again out of sight. */
const FETCH = { parameters: 6, rest: 3 } as const

/**
 * The SDK's own client makes a request of what it is given, after some awaiting, and hands it to `apiCall`. Nothing that is
 * given to both is an object of ours to mark; but the body is the same string.
 */
function watchRequests(client: object, patches: Patches): void {
  const { apiClient } = client as { readonly apiClient?: object }
  const { apiCall, request, requestStream } = (apiClient ?? {}) as { readonly apiCall?: ApiCall; readonly request?: Request; readonly requestStream?: Request }
  if (apiClient === undefined || typeof apiCall !== 'function' || typeof request !== 'function' || typeof requestStream !== 'function') return
  let waiting: Waiting[] = []
  const noting = (original: Request): Request => function (this: unknown, asked) {
    const call = callUnderWay()
    const body = text(fields(asked)?.['body'])
    if (call !== undefined && body !== undefined) {
      // What never came to be sent, because its headers could not be had.
      waiting = waiting.filter((one) => one.call.open)
      waiting.push({ call, body })
    }
    return original.call(this, asked)
  }
  patches.set(apiClient, 'request', noting(request))
  patches.set(apiClient, 'requestStream', noting(requestStream))
  patches.set(apiClient, 'apiCall', function (this: unknown, url: string, init: RequestInit, ...rest: unknown[]) {
    const send = (): Promise<Response> => apiCall.call(this, url, init, ...rest)
    const found = waiting.find(({ body }) => body === init?.body)
    if (found === undefined) return send()
    const { call } = found
    waiting = waiting.filter((one) => one !== found)
    if (apiCall.length === FETCH.parameters) {
      rest[FETCH.rest] = watchFetch(call, rest[FETCH.rest])
      return send()
    }
    return retries(client) ? send() : noteAttempt(call, send)
  })
}

function watchFetch(call: LlmCall, own: unknown): typeof fetch {
  const original = (own ?? globalThis.fetch) as typeof fetch
  return (...args) => noteAttempt(call, () => original(...args))
}

const retries = (client: object): boolean => at(client, 'apiClient.clientOptions.httpOptions.retryOptions') !== undefined

export type { WrapOptions }
