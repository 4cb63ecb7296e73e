import { request, type IncomingHttpHeaders, type IncomingMessage } from 'node:http'
import type { AddressInfo, Server } from 'node:net'

/** A response as it was on the wire. */
export interface Got {
  readonly status: number
  readonly message: string
  readonly headers: IncomingHttpHeaders
  readonly rawHeaders: readonly string[]
  readonly body: Buffer
  readonly text: string
}

export interface Sent {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Streaming {
  readonly response: IncomingMessage
  /** The next piece that arrives. */
  next(): Promise<string | undefined>
  /** Goes away in the middle. */
  leave(): void
}

export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

function ask(url: string, { method = 'GET', headers = {}, body }: Sent): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    request(url, { method, headers, agent: false }, resolve).on('error', reject).end(body)
  })
}

export async function get(url: string, sent: Sent = {}): Promise<Got> {
  const response = await ask(url, sent)
  const chunks: Buffer[] = []
  for await (const chunk of response) chunks.push(chunk as Buffer)
  const body = Buffer.concat(chunks)
  const { statusCode: status = 0, statusMessage: message = '', headers, rawHeaders } = response
  return { status, message, headers, rawHeaders, body, text: body.toString() }
}

export async function stream(url: string, sent: Sent = {}): Promise<Streaming> {
  const response = await ask(url, sent)
  response.on('error', () => {})
  const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer>
  return {
    response,
    next: async () => {
      const { done, value } = await chunks.next()
      return done === true ? undefined : value.toString()
    },
    leave: () => response.destroy(),
  }
}
