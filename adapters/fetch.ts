import { adopt, outcomeOf, profiler as defaultProfiler, show, traceparentOf, type Profiler, type SpanRecord, type Trace } from '../src/kit.ts'
import { COLLECT_HEADER, PROFILE_HEADER, SPANS_HEADER, SPANS_WANTED } from './shared/http/spans-header.ts'
import { MAX_COLLECTED_CHARS, readCollected, readSpansHeader } from './shared/http/spans-reader.ts'
import { profilerOf } from './shared/options.ts'

/**
 * Calls of other services over HTTP, by `fetch`: each is a span inside a run, tells the service who calls (W3C trace context), and, when
 * the service records with Spanwise and allows it, has the service's own spans below it.
 */
export interface FetchOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
  /**
   * Which services learn who calls, and are asked for their spans. Default: all that this `fetch` is used for.
   * @param url without its query
   */
  readonly to?: (url: URL) => boolean
  /** Whether services are asked for their spans. Default true: one that does not know of it ignores it. */
  readonly spans?: boolean
}

/** A service that is asked later for its spans has so long: the user's program does not wait for it, `profiler.flush()` does. */
const COLLECT_MOST_MS = 10_000
const NO_ANSWER = 'the service gave no spans'

/**
 * Gives back `fetch`, recorded inside runs; outside of any run it does nothing else. Requests and responses are the same but for the
 * headers `traceparent` and `spanwise-profile`, which are set where the request has none of that name.
 * @throws TypeError when `fetch` is no function, or an option is of the wrong shape
 */
export function traceFetch<F extends typeof fetch>(original: F = globalThis.fetch as F, options: FetchOptions = {}): F {
  if (typeof original !== 'function') throw new TypeError(`traceFetch(fetch): fetch must be a function, got ${show(original)}`)
  const profiler = profilerOf('traceFetch(fetch, options)', options)
  const { to } = options
  if (to !== undefined && typeof to !== 'function') throw new TypeError(`traceFetch(fetch, options): options.to must be a function, got ${show(to)}`)
  if (!profiler.enabled) return original
  const traced = async (input: RequestInfo, init?: RequestInit): Promise<Response> => {
    const call = begin(profiler, options, input, init)
    if (call === undefined) return original(input, init)
    const { span, url, headers } = call
    let response: Response
    try {
      response = await original(input, { ...init, headers })
    } catch (error) {
      span.end(outcomeOf(error))
      throw error
    }
    seeResponse(profiler, span, response)
    takeSpans(profiler, span, response, url, original)
    return response
  }
  return traced as F
}

type RequestInfo = Parameters<typeof fetch>[0]

/**
 * The headers that tell a service who calls it, for HTTP clients other than `fetch`: `traceparent` of the current span.
 * @returns an empty object where nothing is recorded
 */
export function traceHeaders({ profiler = defaultProfiler }: Pick<FetchOptions, 'profiler'> = {}): Record<string, string> {
  const span = profiler.innermost(undefined)
  return span === undefined ? {} : { traceparent: traceparentOf(span) }
}

interface Call {
  readonly span: SpanRecord
  readonly url: URL
  readonly headers: Headers
}

function begin(profiler: Profiler, { to, spans = true }: FetchOptions, input: RequestInfo, init: RequestInit | undefined): Call | undefined {
  try {
    if (profiler.innermost(undefined) === undefined) return undefined
    const request = typeof input === 'object' && 'url' in input ? input : undefined
    const url = new URL(request?.url ?? String(input))
    const method = (init?.method ?? request?.method ?? 'GET').toUpperCase()
    // A name, and what may be seen of an address, has no query: that may hold anything.
    const span = profiler.open(`${method} ${url.host}${url.pathname}`, 'internal', {})
    if (span === undefined) return undefined
    span.set({ 'http.request.method': method, 'server.address': url.hostname, 'url.path': url.pathname })
    const headers = new Headers(init?.headers ?? request?.headers)
    if (to === undefined || to(new URL(url.origin + url.pathname))) {
      if (!headers.has('traceparent')) headers.set('traceparent', traceparentOf(span))
      if (spans && !headers.has(PROFILE_HEADER)) headers.set(PROFILE_HEADER, SPANS_WANTED)
    }
    return { span, url, headers }
  } catch (error) {
    profiler.noteError(error)
    return undefined
  }
}

function seeResponse(profiler: Profiler, span: SpanRecord, response: Response): void {
  try {
    span.set({ 'http.response.status_code': response.status })
    span.end(response.status < 400 ? undefined : { state: 'failed', type: String(response.status), message: response.statusText })
  } catch (error) {
    profiler.noteError(error)
  }
}

function takeSpans(profiler: Profiler, span: SpanRecord, response: Response, url: URL, original: typeof fetch): void {
  try {
    const answer = readSpansHeader(response.headers.get(SPANS_HEADER))
    if (answer?.kind === 'inline') take(span, answer.trace)
    if (answer?.kind === 'later') profiler.awaits(collect(profiler, span, answer.id, url, original))
  } catch (error) {
    profiler.noteError(error)
  }
}

/** The service answers when its part of the work is over, which for a stream is later than its first byte. */
async function collect(profiler: Profiler, span: SpanRecord, id: string, url: URL, original: typeof fetch): Promise<void> {
  try {
    const signal = AbortSignal.timeout(COLLECT_MOST_MS)
    const response = await original(url.origin + url.pathname, { headers: { [COLLECT_HEADER]: id }, signal })
    const trace = response.ok ? readCollected(await bounded(response)) : undefined
    if (trace === undefined) return span.set({ 'spanwise.spans_missing': NO_ANSWER })
    span.extendEnd()
    take(span, trace)
  } catch (error) {
    profiler.noteError(error)
  }
}

function take(span: SpanRecord, trace: Trace): void {
  adopt(span, trace)
}

/** @throws RangeError when there is more than anybody's spans take */
async function bounded(response: Response): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece as Uint8Array, { stream: true })
    if (text.length > MAX_COLLECTED_CHARS) throw new RangeError('a service gave more spans than can be taken')
  }
  return text
}
