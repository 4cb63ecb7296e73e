import { createHash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { hostname, networkInterfaces } from 'node:os'

/** The names by which a program on this machine reaches it, as they stand in `Host`. */
const LOOPBACK: readonly string[] = ['localhost', '127.0.0.1', '[::1]']

/** Under which names a server that listens on `host` may be asked; without one it is on the loopback interface alone. */
export function namesOf(host: string | undefined): ReadonlySet<string> {
  if (host === undefined) return new Set(LOOPBACK)
  const written = (address: string): string => (address.includes(':') ? `[${address}]` : address).toLowerCase()
  if (host !== '0.0.0.0' && host !== '::') return new Set([...LOOPBACK, written(host)])
  const own = Object.values(networkInterfaces()).flatMap((addresses = []) => addresses.map(({ address }) => written(address)))
  return new Set([...LOOPBACK, ...own, hostname().toLowerCase()])
}

/**
 * Whether a request may be looked at at all. Any page that a browser shows can send requests to the loopback interface, also under a
 * name of its own that it lets point here, so each must name us as its host and come from nowhere else.
 * @returns why not
 */
export function refusal({ headers, headersDistinct }: Pick<IncomingMessage, 'headers' | 'headersDistinct'>, names: ReadonlySet<string>, port: number): string | undefined {
  const [host, ...more] = headersDistinct['host'] ?? []
  const found = host === undefined || more.length > 0 ? null : /^([\w.-]+|\[[\da-f:.]+\])(?::(\d{1,5}))?$/i.exec(host)
  if (found === null || Number(found[2] ?? 80) !== port || !names.has(found[1]!.toLowerCase())) return 'this host is not served here'
  const { origin } = headers
  if (origin !== undefined && origin.toLowerCase() !== `http://${host!.toLowerCase()}`) return 'requests of other origins are not answered'
  const site = headers['sec-fetch-site']
  if (site !== undefined && site !== 'same-origin' && site !== 'none') return 'requests of other sites are not answered'
  return undefined
}

/** Compared in a time that says nothing about the token. */
export function bears({ headers: { authorization = '' } }: Pick<IncomingMessage, 'headers'>, token: string): boolean {
  const given = /^Bearer +(\S+) *$/i.exec(authorization)?.[1] ?? ''
  return timingSafeEqual(digest(given), digest(token))
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest()
