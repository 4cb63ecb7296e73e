import { createServer, request as httpRequest, type Agent, type ClientRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { afterEach } from 'vitest'
import type { Trace } from 'spanwise'
import { PastClock } from '../../src/cli/proxy/past-clock.ts'
import { startProxy, type ProxyStart, type RunningProxy } from '../../src/cli/proxy/start.ts'
import { upstreamsOf } from '../../src/cli/proxy/upstreams.ts'
import { checkTrace } from '../laws.ts'
import { manualClock, type ManualClock } from './clock.ts'

/** Exchanges as bytes: nothing that a client or a server does by itself is in between. */

export type Raw = readonly string[]

export interface AskedRaw {
  readonly method: string
  readonly path: string
  readonly headers: Raw
  readonly body: Buffer
  readonly trailers: Raw
}

export interface Upstream {
  readonly url: string
  readonly port: number
  readonly asked: AskedRaw[]
  /** Connections that clients opened. */
  connections: number
  /** What each request gets; it may answer before the body has come. */
  answer: (request: IncomingMessage, response: ServerResponse) => void
  close(): Promise<void>
}

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

export async function upstream(answer: Upstream['answer'] = (_request, response) => void response.end('{}')): Promise<Upstream> {
  const server = createServer({ maxHeaderSize: 64 * 1024 }, (request, response) => {
    response.sendDate = false
    request.on('error', () => {})
    response.on('error', () => {})
    const chunks: Buffer[] = []
    // Noted at once, though its body is still to come.
    const asked = { method: request.method!, path: request.url!, headers: request.rawHeaders, body: Buffer.alloc(0), trailers: [] as Raw }
    made.asked.push(asked)
    request.on('data', (chunk: Buffer) => void chunks.push(chunk))
    request.on('end', () => Object.assign(asked, { body: Buffer.concat(chunks), trailers: request.rawTrailers }))
    made.answer(request, response)
  })
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => void server.emit('request', request, response))
  server.on('connection', () => void made.connections++)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const made: Upstream = {
    url: `http://127.0.0.1:${port}`, port, asked: [], connections: 0, answer,
    close: async () => {
      if (!server.listening) return
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
  closing.push(made.close)
  return made
}

export interface TestProxy extends RunningProxy {
  readonly url: string
  /** Of the upstreams, as clients would be told. */
  readonly base: (name: string) => string
  readonly clock: ManualClock
  /** Runs that have ended. */
  readonly traces: Trace[]
  /** Lets as much time pass as a proxy waits for more to be asked. */
  idle(): Promise<void>
  end(): Promise<readonly Trace[]>
}

/** A proxy in front of `target`, on a clock that stands still; all that it records is checked. */
export async function proxy(target: Upstream | string, changes: Partial<ProxyStart> = {}): Promise<TestProxy> {
  const clock = manualClock()
  const waiting = new Set<() => void>()
  const traces: Trace[] = []
  const to = typeof target === 'string' ? target : target.url
  const running = await startProxy({
    upstreams: upstreamsOf([`openai=${to}`, `anthropic=${to}`, `google=${to}`], {}), port: 0, dir: false, isRecording: true, content: 'none', idleMs: 60_000,
    clock: new PastClock(clock),
    after(_ms, fn) {
      waiting.add(fn)
      return () => void waiting.delete(fn)
    },
    ...changes,
  }, (trace) => void traces.push(trace))
  const url = `http://127.0.0.1:${running.port}`
  let isStopped = false
  const made: TestProxy = {
    ...running, url, clock, traces,
    base: (name) => `${url}/${name}`,
    async idle() {
      await running.settled()
      clock.pass(60_000)
      for (const fn of waiting) {
        waiting.delete(fn)
        fn()
      }
    },
    async end() {
      if (!isStopped) await running.stop({ state: 'ok' })
      isStopped = true
      return traces
    },
  }
  closing.unshift(async () => {
    for (const trace of await made.end()) checkTrace(trace)
    const { selfErrors, firstSelfError } = running.profiler.stats()
    if (selfErrors > 0) throw new Error(`the proxy failed by itself: ${firstSelfError}`)
  })
  return made
}

export interface Got {
  readonly status: number
  readonly message: string
  readonly headers: Raw
  readonly body: Buffer
  readonly trailers: Raw
}

export interface Send {
  readonly method?: string
  readonly headers?: Raw
  readonly body?: string | Uint8Array
  readonly agent?: Agent
}

/** Sends headers as they are given, with the host and a length where there is a body. */
export function start(url: string, { method = 'POST', headers = [], body, agent }: Send = {}): ClientRequest {
  const { hostname, port, pathname, search, host } = new URL(url)
  const length = body === undefined || headers.some((name, i) => i % 2 === 0 && /^(transfer-encoding|content-length)$/i.test(name))
    ? [] : ['Content-Length', String(Buffer.byteLength(body))]
  const hosts = headers.some((name, i) => i % 2 === 0 && /^host$/i.test(name)) ? [] : ['Host', host]
  const request = httpRequest({ hostname, port, path: pathname + search, method, setHost: false, agent: agent ?? false, headers: [...hosts, ...headers, ...length] })
  request.on('error', () => {})
  return request
}

/** @throws Error when the answer is cut */
export async function send(url: string, options: Send = {}): Promise<Got> {
  const request = start(url, options)
  // A text would take the head along into its own encoding.
  request.end(options.body === undefined ? undefined : Buffer.from(options.body))
  return await got(request)
}

export async function got(request: ClientRequest): Promise<Got> {
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  return {
    status: response.statusCode!, message: response.statusMessage!, headers: response.rawHeaders, body: Buffer.concat(chunks), trailers: response.rawTrailers,
  }
}

const OF_THE_CONNECTION = new Set(['connection', 'keep-alive', 'proxy-connection', 'te', 'upgrade'])

/** Without what is about the connection, and with one name for every host. */
export function comparable(headers: Raw): string[] {
  const lines: string[] = []
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i]!
    if (!OF_THE_CONNECTION.has(name.toLowerCase())) lines.push(`${name}: ${name.toLowerCase() === 'host' ? 'HOST' : headers[i + 1]!}`)
  }
  return lines
}

export const json = (value: unknown): string => JSON.stringify(value)
