import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { createGunzip, createInflate } from 'node:zlib'
import { HttpError, send, type Asked } from './http.ts'
import { ContentFilter, type Content } from './otlp/content.ts'
import { decodeRequest, encodePartialSuccess, encodeStatus, type Signal } from './otlp/protobuf.ts'
import { lineOf, readRequest } from './otlp/read.ts'
import type { ReceivedFiles } from './received-files.ts'

/** As OpenTelemetry's specification recommends it, also after unpacking. */
const MAX_BODY_BYTES = 64 * 1024 * 1024
/** Of all requests that are not answered yet: whoever comes then is asked to come again. */
const MAX_HELD_BYTES = 2 * MAX_BODY_BYTES

const SIGNALS: ReadonlyMap<string, Signal> = new Map([['/v1/traces', 'traces'], ['/v1/logs', 'logs'], ['/v1/metrics', 'metrics']])
const REJECTED: Readonly<Record<Signal, string>> = { traces: 'rejectedSpans', logs: 'rejectedLogRecords', metrics: 'rejectedDataPoints' }

type Encoding = 'json' | 'protobuf'

interface Result {
  readonly rejected: number
  readonly message: string
}

/** What OpenTelemetry's exporters talk to. */
export class Receiver {
  readonly #files: ReceivedFiles
  readonly #filter: ContentFilter
  #heldBytes = 0

  constructor(files: ReceivedFiles, content: Content) {
    this.#files = files
    this.#filter = new ContentFilter(content)
  }

  async answer(asked: Asked): Promise<void> {
    const { request, path } = asked
    const signal = SIGNALS.get(path)
    if (signal === undefined) throw new HttpError(404, 'OTLP is taken at /v1/traces, /v1/logs and /v1/metrics')
    if (request.method !== 'POST') throw new HttpError(405, 'OTLP is taken by POST')
    const encoding = encodingOf(request)
    if (encoding === undefined) throw new HttpError(415, 'the content type must be application/json or application/x-protobuf')
    const result = await this.#take(request, signal, encoding)
    if (encoding === 'protobuf') return send(asked, 200, PROTOBUF, encodePartialSuccess(result.rejected, result.message))
    const partialSuccess = { [REJECTED[signal]]: String(result.rejected), errorMessage: result.message }
    send(asked, 200, JSON_TYPE, JSON.stringify(result.message === '' ? {} : { partialSuccess }))
  }

  async #take(request: IncomingMessage, signal: Signal, encoding: Encoding): Promise<Result> {
    const held = { bytes: 0 }
    try {
      return await this.#kept(await this.#read(request, signal, encoding, held), signal)
    } finally {
      this.#heldBytes -= held.bytes
    }
  }

  async #kept(document: unknown, signal: Signal): Promise<Result> {
    if (signal === 'metrics') {
      const points = countPoints(document)
      return { rejected: points, message: points === 0 ? '' : 'metrics are not kept here' }
    }
    const found = attempt(() => readRequest(document, signal, this.#filter))
    await this.#keep(found.groups)
    const { rejected } = found
    if (rejected === 0) return { rejected, message: '' }
    return { rejected, message: signal === 'traces' ? 'spans without a trace id, a span id or a start are not kept' : 'of log records the messages of calls are kept, with the ids of their spans' }
  }

  /** Before the answer: what was acknowledged is not lost by a crash of this process. */
  async #keep(groups: ReturnType<typeof readRequest>['groups']): Promise<void> {
    // All of them, also when one has failed: what waits to be written still takes room.
    const written = await Promise.allSettled([...groups].map(([traceId, ofTrace]) => {
      const hasRoot = ofTrace.some(({ spans }) => spans.some(({ parentSpanId }) => parentSpanId === undefined))
      return this.#files.add(traceId, lineOf(ofTrace), hasRoot)
    }))
    const failed = written.find(({ status }) => status === 'rejected') as PromiseRejectedResult | undefined
    if (failed !== undefined) throw new HttpError(503, `it cannot be written down: ${failed.reason instanceof Error ? failed.reason.message : String(failed.reason)}`)
  }

  async #read(request: IncomingMessage, signal: Signal, encoding: Encoding, held: { bytes: number }): Promise<unknown> {
    const body = await this.#body(request, held)
    if (encoding === 'protobuf') return attempt(() => decodeRequest(body, signal))
    const text = body.toString('utf8')
    return text.trim() === '' ? {} : attempt(() => JSON.parse(withExactTimes(text)) as unknown)
  }

  /** @param held how much of it is in memory, until it is written down */
  async #body(request: IncomingMessage, held: { bytes: number }): Promise<Buffer> {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge()
    const chunks: Buffer[] = []
    try {
      for await (const chunk of unpacked(request)) {
        held.bytes += chunk.length
        this.#heldBytes += chunk.length
        if (held.bytes > MAX_BODY_BYTES) throw tooLarge()
        if (this.#heldBytes > MAX_HELD_BYTES) throw new HttpError(503, 'too much is being received at once; try again')
        chunks.push(chunk)
      }
      return Buffer.concat(chunks, held.bytes)
    } catch (error) {
      throw error instanceof HttpError ? error : new HttpError(400, `the body cannot be read: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
}

const PROTOBUF = 'application/x-protobuf'
const JSON_TYPE = 'application/json'

const tooLarge = (): HttpError => new HttpError(413, `the body has more than ${MAX_BODY_BYTES} bytes`)

function encodingOf({ headers }: IncomingMessage): Encoding | undefined {
  const type = (headers['content-type'] ?? '').split(';')[0]!.trim().toLowerCase()
  return type === JSON_TYPE ? 'json' : type === PROTOBUF ? 'protobuf' : undefined
}

/** Stops as soon as nobody asks for more: a bomb is not unpacked past the limit. */
async function* unpacked(request: IncomingMessage): AsyncGenerator<Buffer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding === 'identity' || encoding === '') return yield* request as AsyncIterable<Buffer>
  const inflate = encoding === 'gzip' ? createGunzip() : encoding === 'deflate' ? createInflate() : undefined
  if (inflate === undefined) throw new HttpError(415, 'the content encoding must be gzip, deflate or identity')
  request.on('error', (error) => inflate.destroy(error))
  request.on('aborted', () => inflate.destroy(new Error('the request was given up')))
  try {
    yield* request.pipe(inflate) as Readable as AsyncIterable<Buffer>
  } finally {
    request.unpipe(inflate)
    inflate.destroy()
  }
}

function attempt<T>(read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw error instanceof HttpError ? error : new HttpError(400, error instanceof Error ? error.message : String(error))
  }
}

/** Times that are written as numbers lose their last digits when JSON is read: they become texts before. */
const withExactTimes = (json: string): string =>
  (/nano"\s*:\s*\d/i.test(json) ? json.replace(/(?<!\\)("(?:start_?|end_?)?[tT]ime_?[uU]nix_?[nN]ano"\s*:\s*)(\d{16,19})(?=\s*[,}])/g, '$1"$2"') : json)

function countPoints(document: unknown): number {
  const left: unknown[] = [document]
  let points = 0
  for (let depth = 0; depth < 8 && left.length > 0; depth++) {
    for (const one of left.splice(0)) {
      if (typeof one !== 'object' || one === null) continue
      for (const [key, value] of Object.entries(one)) {
        if (/^data_?points$/i.test(key) && Array.isArray(value)) points += value.length
        else if (Array.isArray(value)) for (const item of value) left.push(item)
        else if (typeof value === 'object') left.push(value)
      }
    }
  }
  return points
}

/** gRPC's codes, which a `Status` holds. */
const CODES: Readonly<Record<number, number>> = { 400: 3, 403: 7, 404: 5, 405: 12, 413: 8, 415: 3, 503: 14 }

/** As a `Status`, in the encoding of the request. */
export function otlpFailed(asked: Pick<Asked, 'request' | 'response'>, status: number, message: string): void {
  const code = CODES[status] ?? 13
  const headers = { ...(status === 405 && { Allow: 'POST' }), ...(status === 503 && { 'Retry-After': '1' }) }
  if (encodingOf(asked.request) === 'protobuf') send(asked, status, PROTOBUF, encodeStatus(code, message), headers)
  else send(asked, status, JSON_TYPE, JSON.stringify({ code, message }), headers)
}
