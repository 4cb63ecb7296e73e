import { within } from '../../src/kit.ts'
import type { Original } from '../shared/http/held-response.ts'
import { collectedAnswer, GONE, reportAnswer, type Answer } from '../shared/http/page.ts'
import type { Ending, RequestRun } from '../shared/http/request-run.ts'
import { MAX_ORIGINAL_BYTES, type Collected, type HeaderOf, type HttpService, type Wish } from '../shared/http/service.ts'
import { SPANS_HEADER } from '../shared/http/spans-header.ts'
import { originalReference, pathOf } from '../shared/http/target.ts'
import { readAhead, watchedBody } from './body.ts'
import type { HonoContext } from './shapes.ts'

type Service = HttpService<never, Original>
type Next = () => Promise<void>

/** What is read of Hono's context. */
export interface Reading {
  readonly header: HeaderOf
  readonly route: (context: HonoContext) => string | undefined
  readonly retarget: (context: HonoContext) => void
}

/** Where there is no response of Node's to watch, the body of the `Response` is. */
export async function profileWeb<Context extends HonoContext>(
  service: HttpService<Context, Original>, context: Context, next: Next, wish: Wish | undefined, reading: Reading,
): Promise<void> {
  const { header, route } = reading
  const { method, url } = context.req
  const isAdmitted = wish !== undefined && await service.admits(context, header)
  const over = isAdmitted && wish.kind === 'profile' ? service.hold() : undefined
  const wantsSpans = isAdmitted && wish.kind === 'spans'
  const run = service.begin({ method, path: pathOf(url) }, header, wantsSpans || over !== undefined)
  if (run === undefined) {
    over?.()
    const passed = service.pass()
    return next().finally(passed)
  }
  try {
    if (over !== undefined) reading.retarget(context)
    await handle(run, context, next)
    const ending = { status: context.res.status, route: route(context) }
    if (over !== undefined) await report(service, context, run, url, ending)
    else if (wantsSpans) await addSpans(service, context, run, ending)
    // Nobody reads the body of a response to HEAD.
    else if (method === 'HEAD') service.ended(run, ending)
    else watch(context, (isCut) => service.ended(run, { ...ending, isCut }))
  } finally {
    over?.()
  }
}

async function handle(run: RequestRun, context: HonoContext, next: Next): Promise<void> {
  try {
    await within(run.span, next)
    if (context.error !== undefined) run.failed(context.error)
  } catch (error) {
    run.failed(error)
    run.end({ isCut: true })
    throw error
  }
}

/** A response without a body stays the object that it is. */
function watch(context: HonoContext, ended: (isCut: boolean) => void): void {
  const { res } = context
  const watched = watchedBody(res, ended)
  if (watched !== res) context.res = watched
}

type Known = Ending & { readonly status: number }

/** Of a body that is there at once the run is over, and its spans go along. */
async function addSpans(service: Service, context: HonoContext, run: RequestRun, ending: Known): Promise<void> {
  const { res } = context
  const { chunks, rest } = await readAhead(res)
  if (rest === undefined) {
    const spans = service.spansOf(run, ending)
    if (res.body !== null) context.res = new Response(Buffer.concat(chunks), res)
    context.res.headers.set(SPANS_HEADER, spans)
    return
  }
  const { header, ended } = service.spansLater(run)
  context.res = watchedBody(res, (isCut) => ended({ ...ending, isCut }), chunks, rest)
  context.res.headers.set(SPANS_HEADER, header)
}

async function report(service: Service, context: HonoContext, run: RequestRun, url: string, ending: Known): Promise<void> {
  const { res, req } = context
  const { status, statusText } = res
  const writes: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of res.body ?? []) {
      req.raw.signal.throwIfAborted()
      bytes += chunk.length
      if (bytes <= MAX_ORIGINAL_BYTES) writes.push(Buffer.from(chunk))
      else writes.length = 0
    }
  } catch (error) {
    run.end({ ...ending, isCut: true })
    throw error
  }
  const trace = run.end(ending)
  if (trace === undefined) return
  const original: Original | undefined = bytes > MAX_ORIGINAL_BYTES ? undefined
    : { method: req.method, status, message: statusText, headers: headersOf(res), isImplicit: false, writes, last: undefined, trailers: [], bytes }
  const id = original && service.originals.put(original, bytes)
  const answer = await reportAnswer(trace, {
    method: req.method, status, bytes, prices: service.settings.prices, original: id && originalReference(url, id),
  })
  // Nothing of what was there stays: Hono would put its headers to the new ones.
  context.res = undefined
  context.res = webResponse(answer)
}

function headersOf({ headers }: Response): (readonly [name: string, value: string | string[]])[] {
  const cookies = headers.getSetCookie()
  return [...[...headers].filter(([name]) => name !== 'set-cookie'), ...(cookies.length > 0 ? [['set-cookie', cookies] as const] : [])]
}

const webResponse = ({ status, headers, body }: Answer): Response => new Response(body, { status, headers })

export const answerOf = (collected: Collected): Response => webResponse(collectedAnswer(collected))

/** A response that was held, or word that it is not kept any more. */
export function responseOf(original: Original | undefined): Response {
  if (original === undefined) return webResponse(GONE)
  const { method, status, message, headers: given, writes, last } = original
  const headers = new Headers()
  for (const [name, value] of given) {
    // They speak of how the body was sent, or of one that was not.
    if (/^(?:connection|keep-alive|transfer-encoding|content-length)$/i.test(name)) continue
    for (const one of [value].flat()) headers.append(name, one)
  }
  const hasBody = method !== 'HEAD' && ![204, 205, 304].includes(status)
  return new Response(hasBody ? Buffer.concat(last === undefined ? writes : [...writes, last]) : null, { status, statusText: message, headers })
}
