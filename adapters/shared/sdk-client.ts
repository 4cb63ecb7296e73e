import { beginLlmCall, outcomeOf, show, type LlmCall, type Profiler } from '../../src/kit.ts'
import { watchAnswer } from './answer.ts'
import { carrying, watchAttempts, whileCalling } from './attempts.ts'
import type { Endpoint, WrapOptions } from './endpoint.ts'
import { at, fields, isThenable, text } from './json.ts'
import { profilerOf } from './options.ts'
import { letGo, Patches, wrapped } from './patches.ts'

/**
 * Recording for clients that Stainless or Castiron generated (`openai`, `@anthropic-ai/sdk`), and for plain objects of their
 * shape. The client stays the object that it is; three of its own members get a look-out in front:
 *
 * - `post`: every endpoint ends there, also those that the helpers (`parse`, `stream`, `runTools`, `toolRunner`) call, so
 *   endpoints are a table by path. The promise that it gives is watched as `api-promise.ts` says;
 * - `fetch`: sees the attempts of a call, with their status and the waits between, and never a body;
 * - `withOptions`: the clients that it derives are recorded too.
 *
 * An object without those members (a client of another build, a look-alike of an OpenAI-compatible service, a frozen client)
 * gets the methods of its endpoints watched instead.
 */
export interface SdkAdapter {
  /** For error messages: `wrapOpenAI`. */
  readonly name: string
  readonly endpoints: readonly Endpoint[]
  /** Members that tell its clients from those of another SDK of the same build, which have `post` too: one of them is there. */
  readonly members?: readonly string[]
  /** What to record of a POST to any other path; undefined: nothing. */
  readonly other?: (path: string, body: unknown) => Endpoint | undefined
  readonly providerOf: (client: object) => string
  /** Of a client without `post`: what there is to watch beside the methods of its endpoints. */
  readonly watchMore?: (client: object, more: More) => void
}

export interface More {
  readonly patches: Patches
  /** Watches the method of an endpoint below an object that the client makes when it is first asked for it. */
  readonly watchMethod: (root: object, endpoint: Endpoint) => void
}

export interface SdkClient {
  post: (path: string, options?: unknown) => unknown
  fetch: typeof fetch
  withOptions?: (options: unknown) => object
}

export function wrapClient<T extends object>(adapter: SdkAdapter, client: T, options: WrapOptions = {}): T {
  const kind = checkClient(adapter, client)
  const profiler = profilerOf(`${adapter.name}(client, options)`, options)
  if (!profiler.enabled || wrapped.has(client)) return client
  const patches = new Patches()
  const provider = options.provider ?? adapter.providerOf(client)
  const watch: Watch = { adapter, profiler, options, patches, provider, linksAttempts: !hasTransportOfItsOwn(client) }
  wrapped.set(client, patches)
  letGo.delete(client)
  if (kind === 'sdk' && watchSdkClient(watch, client as unknown as SdkClient)) return client
  patches.undo()
  for (const endpoint of adapter.endpoints) watchMethod(watch, client, endpoint)
  quietly(watch, () => adapter.watchMore?.(client, { patches, watchMethod: (root, endpoint) => watchMethod(watch, root, endpoint) }))
  return client
}

/** Takes the recording off a client; clients that it derived meanwhile stay recorded. */
export function unwrapClient<T extends object>(client: T): T {
  wrapped.get(client)?.undo()
  wrapped.delete(client)
  letGo.add(client)
  return client
}

export interface Watch {
  readonly adapter: SdkAdapter
  readonly profiler: Profiler
  readonly options: WrapOptions
  readonly provider: string
  readonly patches: Patches
  /** Whether the client's own `fetch` is watched, and may be told which call a request belongs to. */
  readonly linksAttempts: boolean
}

const RESOURCES = ['chat', 'responses', 'embeddings', 'messages']

function checkClient(adapter: SdkAdapter, client: unknown): 'sdk' | 'look-alike' {
  if (typeof client !== 'object' || client === null) {
    throw new TypeError(`${adapter.name}(client): client must be a client object, got ${show(client)}`)
  }
  const { post, fetch } = client as Partial<SdkClient>
  const { members } = adapter
  const methods = adapter.endpoints.map(({ method }) => method)
  if (members !== undefined && typeof post === 'function' && typeof fetch === 'function') {
    // One that has nothing but these two may be anybody's own; one that has another SDK's resources is that SDK's.
    if (members.some((name) => name in client) || !RESOURCES.some((name) => name in client)) return 'sdk'
    throw new TypeError(`${adapter.name}(client): client has none of ${members.join(', ')}; got ${show(client)}`)
  }
  if (methods.some((method) => typeof at(client, method) === 'function')) return 'look-alike'
  throw new TypeError(`${adapter.name}(client): client has none of ${methods.join(', ')}; got ${show(client)}`)
}

/** openai 7 with an X.509 identity sends over a transport of its own and checks the options of each request for it. */
export const hasTransportOfItsOwn = (client: object): boolean => fields(fields(client)?.['_options'])?.['x509Transport'] !== undefined

/** @returns false when the object does not take all of it (frozen) */
function watchSdkClient(watch: Watch, client: SdkClient): boolean {
  const { post, fetch: clientFetch, withOptions } = client
  const { patches } = watch
  const endpointOf = endpointTable(watch.adapter)
  const recordedPost = function (this: SdkClient, path: string, options?: unknown): unknown {
    return recordPost(watch, endpointOf, path, options, (sent) => post.call(this, path, sent))
  }
  const recordedClone = function (this: SdkClient, options: unknown): object {
    return wrapClient(watch.adapter, withOptions!.call(this, options), watch.options)
  }
  return patches.set(client, 'post', recordedPost)
    && patches.set(client, 'fetch', watchAttempts(clientFetch))
    && (typeof withOptions !== 'function' || patches.set(client, 'withOptions', recordedClone))
}

export type EndpointOf = (path: string, body: unknown) => Endpoint | undefined

export function endpointTable({ endpoints, other }: SdkAdapter): EndpointOf {
  const byRoute = new Map(endpoints.map((endpoint) => [endpoint.route, endpoint]))
  return (path, body) => {
    const end = path.indexOf('?')
    return byRoute.get(end === -1 ? path : path.slice(0, end)) ?? other?.(path, body)
  }
}

/** `options` hold the body; openai 7 passes a promise of them. */
export function recordPost(watch: Watch, endpointOf: EndpointOf, path: string, options: unknown, send: (options: unknown) => unknown): unknown {
  const started = quietly(watch, () => {
    const isLater = isThenable(options)
    const body = isLater ? undefined : fields(options)?.['body']
    const endpoint = endpointOf(path, body)
    const call = endpoint && begin(watch, endpoint, body)
    return endpoint && call && { endpoint, call, isLater }
  })
  if (started === undefined) return send(options)
  const { endpoint, call, isLater } = started
  let asksForUsage = false
  const prepare = (resolved: unknown): unknown => {
    describe(call, endpoint, fields(resolved)?.['body'])
    const asked = watch.options.includeUsage === true ? askForUsage(endpoint, resolved) : resolved
    asksForUsage = asked !== resolved
    return watch.linksAttempts ? carrying(asked, call) : asked
  }
  // The client reads the promise in its place, so a failure of it stays the client's to report.
  const sent = isLater ? (options as PromiseLike<unknown>).then(prepare) : prepare(options)
  return watchCall(call, endpoint, () => send(sent), () => asksForUsage)
}

function watchCall(call: LlmCall, endpoint: Endpoint, send: () => unknown, asksForUsage: () => boolean): unknown {
  let answer: unknown
  try {
    answer = call.whileSending(send)
  } catch (error) {
    call.end(outcomeOf(error))
    throw error
  }
  return watchAnswer(call, endpoint, answer, asksForUsage)
}

/** What a request says is the user's: whatever reading it does, sending it is not our business to prevent. */
function quietly<T>({ profiler }: Watch, read: () => T): T | undefined {
  try {
    return read()
  } catch (error) {
    profiler.noteError(error)
    return undefined
  }
}

function begin({ profiler, provider }: Watch, endpoint: Endpoint, body: unknown): LlmCall | undefined {
  const { category, operation, api } = endpoint
  return beginLlmCall(profiler, { name: modelOf(body) ?? api, category, provider, operation, api })
}

const modelOf = (body: unknown): string | undefined => text(fields(body)?.['model'])

/** Notes what a request says. */
export function describe(call: LlmCall, endpoint: Endpoint, body: unknown): void {
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

function watchMethod(watch: Watch, client: object, endpoint: Endpoint): void {
  const steps = endpoint.method.split('.')
  const name = steps.pop()!
  const owner = steps.length === 0 ? client : at(client, steps.join('.'))
  const original = fields(owner)?.[name]
  if (typeof original !== 'function') return
  watch.patches.set(owner as object, name, function (this: unknown, body: unknown, ...rest: unknown[]) {
    const call = quietly(watch, () => begin(watch, endpoint, body))
    if (call === undefined) return original.call(this, body, ...rest) as unknown
    describe(call, endpoint, body)
    const asked = watch.options.includeUsage === true ? quietly(watch, () => endpoint.askForUsage?.(fields(body) ?? {})) : undefined
    const send = (): unknown => original.call(this, asked ?? body, ...rest)
    return watchCall(call, endpoint, () => whileCalling(call, send), () => asked !== undefined)
  })
}
