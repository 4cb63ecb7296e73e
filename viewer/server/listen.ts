import type { Server } from 'node:http'
import { closed } from './http.ts'

export interface Bound {
  readonly port: number
  readonly servers: readonly Server[]
}

/** Where there is no IPv6. */
const NO_ADDRESS: ReadonlySet<unknown> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT', 'EINVAL'])

/**
 * Listens on both loopback addresses, or on the one that is named, under one port.
 * @param port 0: any
 * @throws Error of the system, such as EADDRINUSE
 */
export async function bind(make: () => Server, port: number, host?: string): Promise<Bound> {
  const [first, ...others] = host === undefined ? ['127.0.0.1', '::1'] : [host]
  const servers = [make()]
  try {
    const bound = await listening(servers[0]!, port, first!)
    for (const address of others) {
      const server = make()
      try {
        await listening(server, bound, address)
        servers.push(server)
      } catch (error) {
        if (!NO_ADDRESS.has((error as NodeJS.ErrnoException).code)) throw error
      }
    }
    return { port: bound, servers }
  } catch (error) {
    await Promise.all(servers.map(closed))
    throw error
  }
}

const TRIES = 20

/** The port, or the next one that is free. */
export async function bindNext(make: () => Server, port: number, host?: string): Promise<Bound> {
  for (let tried = 1; ; tried++) {
    try {
      return await bind(make, port === 0 ? 0 : port + tried - 1, host)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE' || tried >= TRIES || port + tried > 65_535) throw error
    }
  }
}

const listening = (server: Server, port: number, host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, host, exclusive: true }, () => {
      server.off('error', reject)
      server.on('error', () => {})
      const address = server.address()
      resolve(typeof address === 'object' && address !== null ? address.port : port)
    })
  })
