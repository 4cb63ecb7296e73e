import type { ClientRequest, IncomingMessage, OutgoingMessage, ServerResponse } from 'node:http'
import type { Readable, Writable } from 'node:stream'
import { pairs, requestHeaders, responseHeaders } from './headers.ts'
import { refuse } from './refuse.ts'
import type { Target } from './target.ts'

/** Looks on while an exchange passes. Each part has been handed on when it is told. Must not throw. */
export interface Watch {
  requestBytes(bytes: Uint8Array): void
  requestEnd(): void
  /** The head of the answer. */
  answered(head: IncomingMessage): void
  answerBytes(bytes: Uint8Array): void
  answerEnd(): void
  /** The upstream was not reached, or cut its answer. */
  failed(error: Error): void
  /** The client went before it had the whole answer. */
  left(): void
}

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly target: Target
  /** As the upstream gets it, with the query. */
  readonly path: string
  readonly watch?: Watch | undefined
}

/**
 * Sends a request on and gives the answer back, byte for byte and as it comes: nothing waits for the whole of anything, and a side
 * that is slower holds the other one up.
 */
export function forward(exchange: Exchange): void {
  const { request, response, target, path, watch } = exchange
  let upstream: ClientRequest
  try {
    upstream = target.send(request.method ?? 'GET', path, requestHeaders(request.rawHeaders, target.host))
  } catch (error) {
    // Such as a path with characters that the request cannot be sent with.
    return refuse({ request, response }, 400, `the request cannot be sent on: ${(error as Error).message}`)
  }
  let isOver = false
  const over = (tell: () => void): void => {
    if (isOver) return
    isOver = true
    tell()
  }
  const failed = (error: Error): void => over(() => {
    if (response.headersSent) response.destroy()
    else refuse({ request, response }, 502, `${target.origin} cannot be reached: ${reason(error)}`, (error as NodeJS.ErrnoException).code)
    watch?.failed(error)
  })

  sendBody(exchange, upstream)
  if (request.headers.expect !== undefined) upstream.on('continue', () => response.writeContinue())
  upstream.on('response', (answer) => passAnswer(exchange, answer, { failed, whole: () => over(() => watch?.answerEnd()) }))
  // Once there is an answer, what becomes of it says how the exchange ends.
  upstream.on('error', (error) => { if (!response.headersSent) failed(error) })
  response.on('close', () => {
    if (!response.writableFinished) over(() => watch?.left())
    upstream.destroy()
  })
}

function sendBody({ request, watch }: Exchange, upstream: ClientRequest): void {
  let isStarted = false
  const started = (): void => { isStarted = true }
  pass(request, upstream, (bytes) => {
    started()
    watch?.requestBytes(bytes)
  })
  request.on('end', () => {
    started()
    upstream.addTrailers(pairs(request.rawTrailers))
    upstream.end()
    watch?.requestEnd()
  })
  // The head goes out with the first bytes of the body, and without them when they let themselves be waited for.
  setImmediate(() => { if (!isStarted && !upstream.destroyed) sendHead(upstream) })
}

interface Endings {
  readonly failed: (error: Error) => void
  readonly whole: () => void
}

function passAnswer({ request, response, watch }: Exchange, answer: IncomingMessage, { failed, whole }: Endings): void {
  // A date of its own is for the one who answers.
  response.sendDate = false
  try {
    response.writeHead(answer.statusCode ?? 502, answer.statusMessage, responseHeaders(answer.rawHeaders, request.httpVersion !== '1.0'))
  } catch (error) {
    answer.destroy()
    return failed(error as Error)
  }
  sendHead(response)
  watch?.answered(answer)
  pass(answer, response, (bytes) => watch?.answerBytes(bytes))
  answer.on('error', failed)
  answer.on('end', () => {
    if (answer.rawTrailers.length > 0) response.addTrailers(pairs(answer.rawTrailers))
    response.end()
    // What the upstream did not want of the request nobody waits for any more.
    request.resume()
    whole()
  })
}

/** At once, as the bytes that they were: `flushHeaders` would send those beyond ASCII as UTF-8. */
const sendHead = (message: OutgoingMessage): void => void message.write('', 'latin1')

function pass(from: Readable, to: Writable, seen: (bytes: Uint8Array) => void): void {
  from.on('data', (bytes: Uint8Array) => {
    if (!to.destroyed && !to.write(bytes)) from.pause()
    seen(bytes)
  })
  to.on('drain', () => from.resume())
  // What nobody takes any more does not hold up the other side.
  to.on('close', () => from.resume())
}

const reason = (error: Error): string => {
  // Several addresses were tried: each has its own.
  const errors = error instanceof AggregateError ? (error.errors as readonly Error[]) : [error]
  return errors.map(({ message }) => message).join('; ') || ((error as NodeJS.ErrnoException).code ?? error.name)
}
