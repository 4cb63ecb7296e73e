import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { refusal } from './guard.ts'

export interface Asked {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** Of plain characters: nothing in a path of ours is ever escaped. */
  readonly path: string
  readonly query: URLSearchParams
}

/** Something that the answer says; anything else that is thrown is our own failure. */
export class HttpError extends Error {
  override readonly name: string = 'HttpError'
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

export interface ServerOptions {
  readonly names: ReadonlySet<string>
  readonly answer: (asked: Asked) => Promise<void> | void
  /** How a failure looks: each protocol has its own. */
  readonly failed: (asked: Pick<Asked, 'request' | 'response'>, status: number, message: string) => void
}

const HEADER_BYTES = 16 * 1024
const CONNECTIONS = 512

/** A server that survives whatever is sent to it, and looks at nothing before it knows that it is meant. */
export function guardedServer({ names, answer, failed }: ServerOptions): Server {
  const server = createServer({
    maxHeaderSize: HEADER_BYTES, headersTimeout: 10_000, requestTimeout: 60_000, keepAliveTimeout: 30_000, connectionsCheckingInterval: 5_000,
  }, (request, response) => void handle(request, response))
  server.maxConnections = CONNECTIONS

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const asked = { request, response }
    request.on('error', () => {})
    response.on('error', () => {})
    try {
      const refused = refusal(request, names, portOf(server))
      if (refused !== undefined) return failed(asked, 403, refused)
      const target = targetOf(request.url)
      if (target === undefined) return failed(asked, 400, 'this is no path of this server')
      await answer({ ...asked, ...target })
    } catch (error) {
      if (error instanceof HttpError) failed(asked, error.status, error.message)
      else failed(asked, 500, error instanceof Error ? error.message : String(error))
    }
  }

  answerBrokenRequests(server)
  server.on('upgrade', (_request, socket) => refuse(socket, '403 Forbidden'))
  server.on('connect', (_request, socket) => refuse(socket, '403 Forbidden'))
  return server
}

/** What is no request, or stops in the middle of one, gets an answer too. */
export function answerBrokenRequests(server: Server): void {
  server.on('clientError', (error: NodeJS.ErrnoException, socket) => refuse(socket, STATUSES[error.code ?? ''] ?? '400 Bad Request'))
}

const STATUSES: Readonly<Record<string, string>> = {
  HPE_HEADER_OVERFLOW: '431 Request Header Fields Too Large',
  ERR_HTTP_REQUEST_TIMEOUT: '408 Request Timeout',
}

function refuse(socket: Duplex, status: string): void {
  if (socket.writableEnded || socket.destroyed) return
  socket.on('error', () => {})
  if (!socket.writable) return void socket.destroy()
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
  // What is still on its way is thrown away, so that the answer can be read; not for long.
  socket.resume()
  setTimeout(() => socket.destroy(), 1_000).unref()
}

const portOf = (server: Server): number => {
  const address = server.address()
  return typeof address === 'object' && address !== null ? address.port : 0
}

/** @returns undefined for anything that could mean something else to somebody else */
function targetOf(url: string | undefined): Pick<Asked, 'path' | 'query'> | undefined {
  const found = /^(\/[\w.~/-]*)(?:\?([!-~]*))?$/.exec(url ?? '')
  return found === null || found[1]!.includes('//') ? undefined : { path: found[1]!, query: new URLSearchParams(found[2] ?? '') }
}

/** On everything that is answered. No header ever allows another origin anything. */
export const SAFE_HEADERS: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cache-Control': 'no-store',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
}

/** @param headers more, or others in place of the usual ones */
export function send(
  { request, response }: Pick<Asked, 'request' | 'response'>, status: number, type: string | undefined, body: string | Uint8Array = '',
  headers: Readonly<Record<string, string>> = {},
): void {
  if (response.headersSent || response.destroyed) return void response.destroy()
  const bytes = typeof body === 'string' ? Buffer.from(body) : body
  const isUnread = !request.complete
  response.writeHead(status, {
    ...SAFE_HEADERS, ...(type !== undefined && { 'Content-Type': type }), 'Content-Length': String(bytes.length),
    // What was not read of the request would be taken for the next one.
    ...(isUnread && { Connection: 'close' }), ...headers,
  })
  response.end(request.method === 'HEAD' ? undefined : bytes)
  if (isUnread) drain(request)
}

/** A client that is still sending does not read; it gets a moment to do so. */
function drain(request: IncomingMessage): void {
  // There is none any more when the client has gone.
  const socket = request.socket as Socket | null
  request.resume()
  setTimeout(() => {
    if (!request.complete) socket?.destroy()
  }, 2_000).unref()
}

export const sendJson = (asked: Pick<Asked, 'request' | 'response'>, value: unknown, status = 200): void =>
  send(asked, status, 'application/json; charset=utf-8', JSON.stringify(value))

/** Frees the port, and ends what is still open: streams of events never end by themselves. */
export const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
