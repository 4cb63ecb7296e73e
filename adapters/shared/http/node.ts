import { currentSpan, define, within, type SpanRecord } from '../../../src/kit.ts'
import { canHold, hold, sendOriginal, type HeldResponse, type Original } from './held-response.ts'
import type { IncomingMessage, ServerResponse } from './message.ts'
import type { HttpOptions } from './options.ts'
import { collectedAnswer, GONE, plainAnswer, reportAnswer, type Answer } from './page.ts'
import type { RequestRun } from './request-run.ts'
import { HttpService, MAX_ORIGINAL_BYTES, type HeaderOf, type Wish } from './service.ts'
import { SPANS_HEADER } from './spans-header.ts'
import { originalReference, pathOf, withoutProfile } from './target.ts'

/** What the frameworks on top of Node's server differ in. */
export interface Framework<Asked> {
  /** The target as the client sent it, where `request.url` is not that. */
  target?(asked: Asked): string | undefined
  /** The pattern of the route, where it is known: before, for some only after the handler. */
  route?(asked: Asked): string | undefined
  /** The target has changed to `target`: so has everything else that was read from it. */
  retarget?(asked: Asked, target: string): void
}

/** The request goes on with its handler, which is called through `within`. Undefined: as it would without us. */
export interface Recorded {
  within<T>(handler: () => T): T
  failed(error: unknown): void
}
/** It was answered; the handler is not called. */
export const ANSWERED = 'answered'
export type Entered = Recorded | typeof ANSWERED | undefined

type Exchange<Asked> = { readonly request: IncomingMessage; readonly response: ServerResponse; readonly asked: Asked }

/** Requests and responses of Node's own server, whichever framework handles them. */
export class NodeHttp<Asked> {
  readonly service: HttpService<Asked, Original>
  readonly #framework: Framework<Asked>

  constructor(options: HttpOptions<Asked>, framework: Framework<Asked> = {}) {
    this.service = new HttpService(options)
    this.#framework = framework
  }

  /** A promise only when somebody asks for something and the guard takes its time. */
  enter(request: IncomingMessage, response: ServerResponse, asked: Asked): Entered | Promise<Entered> {
    const { service } = this
    if (!service.isFirst(request)) return undefined
    const wish = service.wish(request.method ?? 'GET', request.url ?? '/', (name) => request.headers[name])
    return this.fulfil(wish, request, response, asked)
  }

  /** The same for a wish that is known, of a request that was not entered before. */
  fulfil(wish: Wish | undefined, request: IncomingMessage, response: ServerResponse, asked: Asked): Entered | Promise<Entered> {
    const { service } = this
    const exchange = { request, response, asked }
    const header: HeaderOf = (name) => request.headers[name]
    if (wish === undefined) return this.#inBackground(exchange)
    switch (wish.kind) {
      case 'original':
        this.#giveOriginal(exchange, wish.id)
        return ANSWERED
      case 'collect':
        void service.collect(wish.id).then((collected) => sendAnswer(response, collectedAnswer(collected))).catch((error: unknown) => this.#lost(response, error))
        return ANSWERED
      default: {
        const go = (isAdmitted: boolean): Entered =>
          (isAdmitted && canHold(response) ? this.#forSomebody(exchange, wish.kind === 'profile') : this.#inBackground(exchange))
        const admitted = service.admits(asked, header)
        return typeof admitted === 'boolean' ? go(admitted) : admitted.then(go)
      }
    }
  }

  #begin({ request, asked }: Exchange<Asked>, isAsked: boolean): RequestRun | undefined {
    const target = this.#framework.target?.(asked) ?? request.url ?? '/'
    const facts = { method: request.method ?? 'GET', path: pathOf(target) }
    return this.service.begin(facts, (name) => request.headers[name], isAsked, this.#framework.route?.(asked))
  }

  #inBackground(exchange: Exchange<Asked>): Entered {
    const { service } = this
    const { response, asked } = exchange
    const run = this.#begin(exchange, false)
    if (run === undefined) {
      const over = service.pass()
      response.on('finish', over).on('close', over)
      return undefined
    }
    const route = (): string | undefined => this.#framework.route?.(asked)
    response.on('finish', () => service.ended(run, { status: response.statusCode, route: route() }))
    response.on('close', () => service.ended(run, { ...statusOf(response), route: route(), isCut: true }))
    return recorded(run, exchange)
  }

  /** @param isProfile the report is wanted in place of the response; otherwise the spans beside it */
  #forSomebody(exchange: Exchange<Asked>, isProfile: boolean): Entered {
    const over = isProfile ? this.service.hold() : NOTHING
    const run = over && this.#begin(exchange, true)
    if (run === undefined) {
      over?.()
      return this.#inBackground(exchange)
    }
    if (over !== undefined) exchange.response.on('close', over)
    if (isProfile) this.#holdForReport(exchange, run)
    else this.#holdForSpans(exchange, run)
    return recorded(run, exchange)
  }

  #holdForSpans({ response, asked }: Exchange<Asked>, run: RequestRun): void {
    const { service } = this
    const ending = (): { status: number; route: string | undefined } => ({ status: response.statusCode, route: this.#framework.route?.(asked) })
    hold(response, {
      maxBytes: 0,
      ended: (held) => this.#quietly(() => held.add(SPANS_HEADER, service.spansOf(run, ending()))),
      streams: (held) => this.#quietly(() => {
        const { header, ended } = service.spansLater(run)
        held.add(SPANS_HEADER, header)
        response.on('finish', () => ended(ending()))
        response.on('close', () => ended({ ...ending(), isCut: true }))
      }),
    })
    response.on('close', () => run.end({ ...statusOf(response), isCut: true }))
  }

  #holdForReport({ request, response, asked }: Exchange<Asked>, run: RequestRun): void {
    const sent = this.#framework.target?.(asked) ?? request.url ?? '/'
    request.url = withoutProfile(request.url ?? '/')
    this.#framework.retarget?.(asked, withoutProfile(sent))
    hold(response, {
      maxBytes: MAX_ORIGINAL_BYTES,
      ended: (held) => {
        void this.#report(held, run, sent, this.#framework.route?.(asked)).catch((error: unknown) => {
          this.service.noteError(error)
          if (held.original === undefined) this.#send(held, plainAnswer(500, 'The report failed, and the response was too large to be kept.'))
          else held.release()
        })
      },
    })
    response.on('close', () => run.end({ route: this.#framework.route?.(asked), isCut: true }))
  }

  async #report(held: HeldResponse, run: RequestRun, sent: string, route: string | undefined): Promise<void> {
    const { response, original, bytes } = held
    const { service } = this
    const status = response.statusCode
    const trace = run.end({ status, route })
    // The client has gone.
    if (trace === undefined || response.destroyed) return held.release()
    const id = original && service.originals.put(original, original.bytes)
    this.#send(held, await reportAnswer(trace, {
      method: response.req.method ?? 'GET', status, bytes, prices: service.settings.prices, original: id && originalReference(sent, id),
    }))
  }

  #send(held: HeldResponse, { status, headers, body }: Answer): void {
    held.answer(status, headers, body)
  }

  #giveOriginal({ response }: Exchange<Asked>, id: string): void {
    const original = this.service.originals.get(id)
    if (original === undefined) return sendAnswer(response, GONE)
    this.#quietly(() => sendOriginal(response, original))
  }

  #quietly(action: () => void): void {
    try {
      action()
    } catch (error) {
      this.service.noteError(error)
    }
  }

  #lost(response: ServerResponse, error: unknown): void {
    this.service.noteError(error)
    response.destroy()
  }
}

const NOTHING = (): void => {}

function recorded(run: RequestRun, { request, response }: Exchange<unknown>): Recorded {
  keepContext(request, run.span)
  keepContext(response, run.span)
  return {
    within: (handler) => within(run.span, handler),
    failed: (error) => run.failed(error),
  }
}

/**
 * Events come from the connection, whose context is not the request's: a handler that reads its request by events would lose it.
 * Where an event comes out of a span inside the request, that one stays current.
 */
function keepContext(emitter: IncomingMessage | ServerResponse, span: SpanRecord): void {
  const { emit } = emitter
  define(emitter, 'emit', function (this: unknown, ...args: unknown[]) {
    const isInside = !span.run.open || currentSpan()?.run === span.run
    return isInside ? Reflect.apply(emit, this, args) : within(span, () => Reflect.apply(emit, this, args) as boolean)
  })
}

/** Nothing was answered as long as its head is not out. */
const statusOf = ({ headersSent, statusCode }: ServerResponse): { readonly status?: number } => (headersSent ? { status: statusCode } : {})

function sendAnswer(response: ServerResponse, { status, headers, body }: Answer): void {
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.writeHead(status, { ...headers, 'content-length': String(Buffer.byteLength(body)) }).end(body)
}
