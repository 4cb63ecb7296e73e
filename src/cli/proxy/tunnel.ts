import type { IncomingMessage } from 'node:http'
import { connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { headText, pairs, responseHeaders, upgradeHeaders } from './headers.ts'
import { refuseSocket } from './refuse.ts'
import type { Target } from './target.ts'

interface Upgrade {
  readonly request: IncomingMessage
  readonly socket: Duplex
  /** What came behind the request's head. */
  readonly head: Buffer
  /** Our own. */
  readonly port: number
  readonly target: Target
  readonly path: string
}

/** Connections that leave HTTP, such as websockets: their bytes go both ways as they are. */
export class Tunnels {
  readonly #sockets = new Set<Duplex>()
  #count = 0

  get count(): number {
    return this.#count
  }

  open(upgrade: Upgrade): void {
    // Java's client offers HTTP 2 with every request, for servers that like to.
    if (/\bh2c\b/i.test(upgrade.request.headers.upgrade ?? '')) return this.#asBefore(upgrade)
    this.#count++
    const { request, socket, head, target, path } = upgrade
    const upstream = target.send(request.method ?? 'GET', path, upgradeHeaders(request.rawHeaders, target.host))
    upstream.on('upgrade', (answer, other, otherHead) => {
      socket.write(headText(statusLine(answer), answer.rawHeaders), 'latin1')
      if (otherHead.length > 0) socket.write(otherHead)
      if (head.length > 0) other.write(head)
      this.#join(socket, other)
    })
    upstream.on('response', (answer) => {
      // Refused: an ordinary answer, and the connection is over. Its chunks were put together.
      socket.write(headText(statusLine(answer), [...responseHeaders(answer.rawHeaders, false), 'Connection', 'close']), 'latin1')
      answer.on('error', () => socket.destroy())
      answer.pipe(socket)
    })
    upstream.on('error', (error) => {
      if (!socket.writableEnded) refuseSocket(socket, '502 Bad Gateway', `${target.origin} cannot be reached: ${error.message}`)
    })
    this.#sockets.add(socket)
    socket.on('close', () => {
      this.#sockets.delete(socket)
      upstream.destroy()
    })
    upstream.end()
  }

  /** The connection goes on as it would without the offer: its requests are sent to ourselves. */
  #asBefore({ request, socket, head, port }: Upgrade): void {
    const offer = /^(upgrade|http2-settings|connection)$/i
    const headers = pairs(request.rawHeaders).filter(([name]) => !offer.test(name)).flat()
    const other = connect({ port, host: '127.0.0.1' })
    other.write(headText(`${request.method} ${request.url} HTTP/1.1`, headers), 'latin1')
    if (head.length > 0) other.write(head)
    this.#join(socket, other)
  }

  #join(socket: Duplex, other: Duplex): void {
    for (const [one, another] of [[socket, other], [other, socket]] as const) {
      this.#sockets.add(one)
      if ('setNoDelay' in one) (one as Socket).setNoDelay(true)
      one.on('error', () => another.destroy())
      one.on('close', () => {
        this.#sockets.delete(one)
        another.destroy()
      })
      one.pipe(another)
    }
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy()
  }
}

const statusLine = ({ statusCode, statusMessage }: IncomingMessage): string => `HTTP/1.1 ${statusCode} ${statusMessage}`
