import type { Duplex } from 'node:stream'
import { send, type Asked } from '../../../viewer/server/http.ts'

/** A failure of the proxy's own, in the shape that the providers' clients read, and recognisable as ours. */
export function refuse(asked: Pick<Asked, 'request' | 'response'>, status: number, message: string, code?: string): void {
  send(asked, status, 'application/json; charset=utf-8', errorText(message, code))
}

function errorText(message: string, code?: string): string {
  return JSON.stringify({ type: 'error', error: { type: 'spanwise_proxy_error', message: `spanwise proxy: ${message}`, ...(code !== undefined && { code }) } })
}

/** The same on a connection that has left HTTP. */
export function refuseSocket(socket: Duplex, status: string, message: string): void {
  const body = errorText(message)
  socket.on('error', () => {})
  socket.end(`HTTP/1.1 ${status}\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`)
}
