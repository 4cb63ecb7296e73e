import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type RequestOptions } from 'node:http'
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https'
import { pairs, type RawHeaders } from './headers.ts'

/** Idle connections go before the other side closes them; clients keep theirs about as long. */
const IDLE_MS = 4_000
/** Of a head, on either side: four times what is usual. */
export const HEADER_BYTES = 64 * 1024

/** By custom: Node adds no length to them that was not sent. */
const WITHOUT_BODY: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE'])

/** A server that requests are sent on to. */
export class Target {
  /** As it stands in `Host`. */
  readonly host: string
  readonly origin: string
  readonly #options: RequestOptions
  readonly #request: typeof httpRequest
  readonly #agent: HttpAgent

  constructor({ protocol, hostname, port, host, origin }: URL) {
    const isSecure = protocol === 'https:'
    this.host = host
    this.origin = origin
    this.#request = isSecure ? httpsRequest : httpRequest
    this.#agent = new (isSecure ? HttpsAgent : HttpAgent)({ keepAlive: true, timeout: IDLE_MS })
    this.#options = {
      protocol, hostname: hostname.replace(/^\[(.*)\]$/, '$1'), ...(port !== '' && { port }), agent: this.#agent, setHost: false, maxHeaderSize: HEADER_BYTES,
    }
  }

  /**
   * @param headers names and values in turn, with the `Host`
   * @throws TypeError for a path that no request can have
   */
  send(method: string, path: string, headers: RawHeaders): ClientRequest {
    const options = { ...this.#options, method, path }
    const tellsLength = pairs(headers).some(([name]) => /^(content-length|transfer-encoding)$/i.test(name))
    if (tellsLength || WITHOUT_BODY.has(method)) return this.#request({ ...options, headers })
    // A POST of nothing at all: to a list of headers Node would add that chunks follow.
    const request = this.#request(options)
    request.useChunkedEncodingByDefault = false
    for (const [name, value] of pairs(headers)) request.appendHeader(name, value)
    return request
  }

  close(): void {
    this.#agent.destroy()
  }
}
