import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/**
 * A stand-in for a provider on 127.0.0.1. It replies what a script says and notes what it was asked. Each test opens a
 * session of its own on the one server: its address is a path prefix, so sessions may run at the same time.
 */

/** What a reply does next: send this text, wait for a gate, cut the connection, or hold it until the client goes. */
export type Step = string | Gate | 'cut' | 'hold'

/** Holds a reply until the test opens it, so that no test has to sleep. */
export interface Gate {
  readonly opened: Promise<void>
  open(): void
}

export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly steps: readonly Step[]
  /** Texts are sent in pieces of so many bytes, wherever that cuts them. */
  readonly pieceBytes: number
}

/** What the server was asked, as a test compares it. */
export interface Asked {
  readonly method: string
  /** Below the session's own prefix, with the query. */
  readonly path: string
  /** In the order sent, names in lower case, without those that differ between two equal requests. */
  readonly headers: readonly string[]
  readonly body: string
  /** Whether the client took the whole reply or went before. Undefined while the reply is under way. */
  ending?: 'whole' | 'left'
}

export interface Session {
  /** The base address for a client. */
  readonly url: string
  readonly asked: readonly Asked[]
  /** Appends replies, one per request in their order; a function sees the request that it answers. */
  reply(...replies: readonly (Reply | ((asked: Asked) => Reply))[]): void
  /** Resolves when the n-th request (from 1) has arrived. */
  arrived(n: number): Promise<Asked>
  /** Resolves when every request that arrived has ended. */
  settled(): Promise<void>
  /** Ends every reply that is held. */
  close(): void
}

export interface ProviderServer {
  session(): Session
  close(): Promise<void>
}

const encoder = new TextEncoder()

export function gate(): Gate {
  let open = (): void => {}
  const opened = new Promise<void>((resolve) => (open = resolve))
  return { opened, open: () => open() }
}

export interface ReplyOptions {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  readonly pieceBytes?: number
}

export function json(body: unknown, { status = 200, headers = {}, pieceBytes = 4_096 }: ReplyOptions = {}): Reply {
  return raw([typeof body === 'string' ? body : JSON.stringify(body)], {
    status, pieceBytes, headers: { 'content-type': 'application/json', ...headers },
  })
}

/** A stream of server-sent events; gates, cuts and holds may stand between the events. */
export function sse(steps: readonly Step[], { status = 200, headers = {}, pieceBytes = 97 }: ReplyOptions = {}): Reply {
  return raw(steps, { status, pieceBytes, headers: { 'content-type': 'text/event-stream', ...headers } })
}

export function raw(steps: readonly Step[], { status = 200, headers = {}, pieceBytes = 4_096 }: ReplyOptions = {}): Reply {
  return { status, steps, pieceBytes, headers: { 'x-request-id': 'req_1', 'request-id': 'req_1', ...headers } }
}

/** Accepts the request and cuts the connection before any answer. */
export const cut: Reply = { status: 0, headers: {}, steps: ['cut'], pieceBytes: 1 }

/** Accepts the request and never answers. */
export const silent: Reply = { status: 0, headers: {}, steps: ['hold'], pieceBytes: 1 }

export const event = (data: unknown, name?: string): string =>
  `${name === undefined ? '' : `event: ${name}\n`}data: ${typeof data === 'string' ? data : JSON.stringify(data)}\n\n`

/** An address where nobody listens. */
export async function deadAddress(): Promise<string> {
  const server = createServer()
  const port = await listen(server)
  await new Promise((resolve) => server.close(resolve))
  return `http://127.0.0.1:${port}`
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

export async function startProviderServer(): Promise<ProviderServer> {
  const sessions = new Map<string, OpenSession>()
  const server = createServer((request, response) => {
    const [, id = '', rest = ''] = /^\/(s\d+)(.*)$/.exec(request.url ?? '') ?? []
    const session = sessions.get(id)
    if (session === undefined) response.writeHead(404).end()
    // A client that goes in the middle of its request is no failure of the server's.
    else session.serve(request, response, rest).catch(() => response.destroy())
  })
  server.keepAliveTimeout = 0
  const port = await listen(server)
  let count = 0
  return {
    session() {
      const id = `s${++count}`
      const session = new OpenSession(`http://127.0.0.1:${port}/${id}`)
      sessions.set(id, session)
      return session
    },
    close: () => new Promise((resolve) => {
      server.close(() => resolve())
      server.closeAllConnections()
    }),
  }
}

/** They differ between two requests that are otherwise the same. */
const UNSTEADY = new Set(['host', 'content-length', 'idempotency-key', 'x-stainless-idempotency-key', 'traceparent'])

class OpenSession implements Session {
  readonly url: string
  readonly asked: Asked[] = []
  readonly #replies: (Reply | ((asked: Asked) => Reply))[] = []
  readonly #ended: Promise<void>[] = []
  readonly #closed = gate()
  #waiting: { readonly n: number; readonly resolve: (asked: Asked) => void }[] = []

  constructor(url: string) {
    this.url = url
  }

  reply(...replies: readonly (Reply | ((asked: Asked) => Reply))[]): void {
    this.#replies.push(...replies)
  }

  arrived(n: number): Promise<Asked> {
    const there = this.asked[n - 1]
    if (there !== undefined) return Promise.resolve(there)
    return new Promise((resolve) => this.#waiting.push({ n, resolve }))
  }

  async settled(): Promise<void> {
    await Promise.all(this.#ended)
  }

  close(): void {
    this.#closed.open()
  }

  async serve(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    this.#ended.push(new Promise((resolve) => response.once('close', resolve)))
    const asked = await readAsked(request, path)
    response.once('close', () => (asked.ending = response.writableFinished ? 'whole' : 'left'))
    this.asked.push(asked)
    this.#waiting = this.#waiting.filter(({ n, resolve }) => {
      if (n > this.asked.length) return true
      resolve(this.asked[n - 1]!)
      return false
    })
    const next = this.#replies.shift() ?? json({ error: { message: 'the script has no more replies' } }, { status: 418 })
    await play(typeof next === 'function' ? next(asked) : next, response, this.#closed)
  }
}

async function readAsked(request: IncomingMessage, path: string): Promise<Asked> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  const headers: string[] = []
  for (let i = 0; i < request.rawHeaders.length; i += 2) {
    const name = request.rawHeaders[i]!.toLowerCase()
    headers.push(UNSTEADY.has(name) ? name : `${name}: ${request.rawHeaders[i + 1]}`)
  }
  return { method: request.method ?? '', path, headers, body: Buffer.concat(chunks).toString() }
}

async function play(reply: Reply, response: ServerResponse, closed: Gate): Promise<void> {
  response.sendDate = false
  if (reply.status !== 0) response.writeHead(reply.status, reply.headers).flushHeaders()
  for (const step of reply.steps) {
    if (response.destroyed) return
    if (step === 'cut') {
      response.socket?.resetAndDestroy()
      return
    }
    if (step === 'hold') {
      await Promise.race([closed.opened, new Promise((resolve) => response.once('close', resolve))])
      response.destroy()
      return
    }
    if (typeof step !== 'string') await Promise.race([step.opened, closed.opened])
    else await send(response, encoder.encode(step), reply.pieceBytes)
  }
  response.end()
}

async function send(response: ServerResponse, bytes: Uint8Array, pieceBytes: number): Promise<void> {
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    response.write(bytes.subarray(at, at + pieceBytes))
    // One turn of the loop, so that pieces leave as pieces.
    if (bytes.length > pieceBytes) await new Promise((resolve) => setImmediate(resolve))
  }
}
