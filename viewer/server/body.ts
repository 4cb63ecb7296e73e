import type { IncomingMessage } from 'node:http'
import { HttpError } from './http.ts'

/** @throws HttpError 413 when it is larger */
export async function readBody(request: IncomingMessage, mostBytes: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > mostBytes) throw tooLarge(mostBytes)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > mostBytes) throw tooLarge(mostBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, bytes)
}

const tooLarge = (mostBytes: number): HttpError => new HttpError(413, `the body has more than ${mostBytes.toLocaleString('en-US')} bytes`)
