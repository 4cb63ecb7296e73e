import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Duplex } from 'node:stream'
import { namesOf, refusal } from '../../../viewer/server/guard.ts'
import { answerBrokenRequests, closed } from '../../../viewer/server/http.ts'
import { bind, bindNext } from '../../../viewer/server/listen.ts'
import { forward, type Watch } from './forward.ts'
import { refuse, refuseSocket } from './refuse.ts'
import { HEADER_BYTES, Target } from './target.ts'
import { Tunnels } from './tunnel.ts'
import type { Upstream } from './upstreams.ts'

export interface ProxyOptions {
  readonly upstreams: readonly Upstream[]
  /** Absent: the usual one, or the next that is free. 0: any. */
  readonly port?: number | undefined
  /** Who looks at a request; undefined when nobody needs to. */
  readonly watch: (request: IncomingMessage, upstream: Upstream, path: string) => Watch | undefined
}

export const DEFAULT_PORT = 4320
/** Clients keep connections; one that we closed first would look to them like a failure of the provider's. */
const KEEP_ALIVE_MS = 600_000

/** The endpoint on the loopback interface: each request goes to the upstream that its path begins with. */
export class ProxyServer {
  readonly #options: ProxyOptions
  readonly #targets: ReadonlyMap<string, { readonly upstream: Upstream; readonly target: Target }>
  readonly #tunnels = new Tunnels()
  readonly #names = namesOf(undefined)
  #servers: readonly Server[] = []

  constructor(options: ProxyOptions) {
    this.#options = options
    this.#targets = new Map(options.upstreams.map((upstream) => [upstream.name, { upstream, target: new Target(upstream.url) }]))
  }

  /** Connections that changed their protocol, such as websockets: nothing of them is seen. */
  get tunnels(): number {
    return this.#tunnels.count
  }

  /**
   * @returns the port
   * @throws Error of the system, such as EADDRINUSE
   */
  async start(): Promise<number> {
    const { port } = this.#options
    const bound = port === undefined ? await bindNext(() => this.#make(), DEFAULT_PORT) : await bind(() => this.#make(), port)
    this.#servers = bound.servers
    return bound.port
  }

  /** Ends what is under way. */
  async stop(): Promise<void> {
    const all = this.#servers.map(closed)
    // They are none of the server's any more, but it waits for them.
    this.#tunnels.close()
    await Promise.all(all)
    for (const { target } of this.#targets.values()) target.close()
  }

  #make(): Server {
    // Long uploads are the client's business; a head that never ends is nobody's.
    const server = createServer({ maxHeaderSize: HEADER_BYTES, requestTimeout: 0, headersTimeout: 60_000, keepAliveTimeout: KEEP_ALIVE_MS })
    const handle = (request: IncomingMessage, response: ServerResponse): void => this.#handle(request, response, portOf(server))
    server.on('request', handle)
    // Whether to go on is for the upstream to say.
    server.on('checkContinue', handle)
    server.on('checkExpectation', handle)
    server.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head, portOf(server)))
    server.on('connect', (_request, socket) => refuseSocket(socket, '405 Method Not Allowed', 'it is a base URL for clients, not a proxy for connections'))
    answerBrokenRequests(server)
    return server
  }

  #handle(request: IncomingMessage, response: ServerResponse, port: number): void {
    request.on('error', () => {})
    response.on('error', () => {})
    const place = this.#place(request, port)
    if ('refused' in place) return refuse({ request, response }, place.status, place.refused)
    const { upstream, target, path } = place
    forward({ request, response, target, path, watch: this.#options.watch(request, upstream, path) })
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, port: number): void {
    socket.on('error', () => {})
    const place = this.#place(request, port)
    if ('refused' in place) return refuseSocket(socket, place.status === 403 ? '403 Forbidden' : '404 Not Found', place.refused)
    this.#tunnels.open({ request, socket, head, port, target: place.target, path: place.path })
  }

  #place(request: IncomingMessage, port: number): Place | Refused {
    const refused = refusal(request, this.#names, port)
    if (refused !== undefined) return { status: 403, refused }
    const [, name = '', rest = ''] = /^\/([^/?]*)(.*)$/s.exec(request.url ?? '') ?? []
    const found = this.#targets.get(name)
    if (found !== undefined) return { ...found, path: rest.startsWith('/') ? rest : `/${rest}` }
    return { status: 404, refused: `there is no upstream /${name}; there are ${[...this.#targets.keys()].map((one) => `/${one}`).join(', ')}` }
  }
}

interface Place {
  readonly upstream: Upstream
  readonly target: Target
  readonly path: string
}

interface Refused {
  readonly status: number
  readonly refused: string
}

const portOf = (server: Server): number => (server.address() as AddressInfo | null)?.port ?? 0
