import { STATUS_CODES, validateHeaderValue, type ServerResponse } from 'node:http'
import { define } from '../../../src/kit.ts'

/**
 * A response of Node's that does not go out as its handler writes it, although the handler sees it go: headers cannot be set any
 * more, it is ended when it was ended, and what Node refuses is refused by Node itself. Watched by own properties over the methods
 * that it has, also those that another middleware put there before; one that comes later watches ours.
 */
export interface Original {
  readonly method: string
  readonly status: number
  readonly message: string
  /** Set one after the other; a list is one header several times. */
  readonly headers: readonly (readonly [name: string, value: string | string[]])[]
  /** The handler left it to Node to begin the response, which then may know its length. */
  readonly isImplicit: boolean
  readonly writes: readonly Buffer[]
  readonly last: Buffer | undefined
  readonly trailers: readonly unknown[]
  readonly bytes: number
}

export interface Watch {
  /** What a response may take while it is held; 0 holds no more than its head. */
  readonly maxBytes: number
  /** Its body begins, and is not whole: only when nothing of it may be held. It goes out from here on. */
  streams?(held: HeldResponse): void
  /** The handler has ended it. Without room for its body it goes out after this. */
  ended(held: HeldResponse): void
}

/** Members of Node's that say how far a response is. */
interface Progress {
  _header: string | null
  /** Of the body, where it is known before the head is written. */
  _contentLength?: number | null
  finished: boolean
}

type Method = (this: unknown, ...args: never[]) => unknown
type Done = (() => void) | undefined

const METHODS = ['writeHead', 'write', 'end', 'flushHeaders', 'addTrailers'] as const
type Name = (typeof METHODS)[number]

/** False for responses of other kinds, as of HTTP/2. */
export const canHold = (response: object): response is ServerResponse => '_header' in response && (response as Progress)._header === null

/** From here on until it is let out, or something else is sent in its place. */
export const hold = (response: ServerResponse, watch: Watch): HeldResponse => new HeldResponse(response, watch)

export class HeldResponse {
  readonly response: ServerResponse
  readonly #watch: Watch
  readonly #real: Readonly<Record<Name, Method>>
  #isHolding = true
  #head: Pick<Original, 'status' | 'message' | 'headers' | 'isImplicit'> | undefined
  #isImplicit = false
  #writes: Buffer[] = []
  #last: Buffer | undefined
  #trailers: unknown[] = []
  #bytes = 0
  #isEnded = false
  /** What was written and still waits for what comes next. */
  #first: unknown[] | undefined
  #added: [name: string, value: string] | undefined

  constructor(response: ServerResponse, watch: Watch) {
    this.response = response
    this.#watch = watch
    const members = response as unknown as Record<Name, Method>
    this.#real = Object.fromEntries(METHODS.map((name) => [name, members[name]])) as Record<Name, Method>
    const ours: Record<Name, (args: unknown[]) => unknown> = {
      writeHead: (args) => this.#writeHead(args),
      write: (args) => this.#write(args),
      end: (args) => this.#end(args),
      flushHeaders: () => this.#flushHeaders(),
      addTrailers: ([trailers]) => void this.#trailers.push(trailers),
    }
    for (const name of METHODS) {
      const real = this.#real[name]
      const held = ours[name]
      define(response, name, (...args: unknown[]) => (this.#isHolding ? held(args) : Reflect.apply(real, response, args)))
    }
  }

  /** Absent when it was larger than may be kept. */
  get original(): Original | undefined {
    if (this.#head === undefined || this.#bytes > this.#watch.maxBytes) return undefined
    const method = this.response.req.method ?? 'GET'
    return { ...this.#head, method, writes: this.#writes, last: this.#last, trailers: this.#trailers, bytes: this.#bytes }
  }

  /** Its length so far, of a body that was dropped as well. */
  get bytes(): number {
    return this.#bytes
  }

  /** A header that it gets when it is let out. */
  add(name: string, value: string): void {
    this.#added = [name, value]
  }

  /** Lets it out as it is. What comes goes straight through. */
  release(): void {
    if (!this.#isHolding) return
    const original = this.original
    this.#reset()
    const { response } = this
    if (this.#added !== undefined) response.setHeader(...this.#added)
    if (original === undefined) return
    if (!original.isImplicit) this.#call('writeHead', original.status, original.message)
    for (const chunk of original.writes) this.#call('write', chunk)
    for (const trailers of original.trailers) this.#call('addTrailers', trailers)
    if (response.destroyed) return
    if (this.#isEnded) this.#call('end', ...(original.last === undefined ? [] : [original.last]))
  }

  /** Sends something else in its place. */
  answer(status: number, headers: Readonly<Record<string, string>>, body: string | Uint8Array): void {
    if (!this.#isHolding) return
    this.#reset()
    clearHeaders(this.response)
    this.#call('writeHead', status, STATUS_CODES[status], { ...headers, 'content-length': String(Buffer.byteLength(body)) })
    this.#call('end', body)
  }

  #reset(): void {
    const progress = this.response as unknown as Progress
    this.#isHolding = false
    progress._header = null
    progress.finished = false
  }

  #call(name: Name, ...args: unknown[]): unknown {
    return Reflect.apply(this.#real[name], this.response, args)
  }

  /** As Node does it: what is given goes over what was set. */
  #writeHead(args: unknown[]): unknown {
    const { response } = this
    const [status, reason, more] = args
    // Node has the words for what is wrong.
    if (response.headersSent || !(Number(status) >= 100 && Number(status) < 1_000)) return this.#call('writeHead', ...args)
    if (typeof reason === 'string') response.statusMessage = reason
    setHeaders(response, typeof reason === 'string' ? more : (more ?? reason))
    response.statusCode = Math.trunc(Number(status))
    if (response.statusMessage !== undefined) validateHeaderValue('reason-phrase', response.statusMessage)
    const progress = response as unknown as Progress
    const length = response.hasHeader('content-length') || typeof progress._contentLength !== 'number' ? [] : [['Content-Length', String(progress._contentLength)] as const]
    this.#head = {
      status: response.statusCode, message: response.statusMessage, isImplicit: this.#isImplicit,
      headers: [...namesAsGiven(response).map((name) => [name, headerValue(response.getHeader(name))] as const), ...length],
    }
    progress._header = HELD
    return response
  }

  /** Through what other middlewares put around it. */
  #implicitHead(isWithBody = true): void {
    if (this.response.headersSent) return
    this.#isImplicit = isWithBody
    this.response.writeHead(this.response.statusCode)
  }

  #write(args: unknown[]): unknown {
    const [chunk, encoding, done] = writeArguments(args)
    if (this.response.finished || !isChunk(chunk)) return this.#call('write', ...args)
    if (this.#watch.maxBytes === 0) return this.#writeOrWait(args)
    this.#implicitHead()
    this.#keep(chunk, encoding, (kept) => this.#writes.push(kept))
    if (done !== undefined) process.nextTick(done)
    return true
  }

  #end(args: unknown[]): unknown {
    const { response } = this
    const [chunk, encoding, done] = endArguments(args)
    if (response.finished || (isGiven(chunk) && !isChunk(chunk))) return this.#call('end', ...args)
    if (this.#watch.maxBytes === 0) {
      this.#watch.ended(this)
      this.#letOut()
      return this.#call('end', ...args)
    }
    this.#implicitHead()
    if (isGiven(chunk)) this.#keep(chunk as string | Uint8Array, encoding, (kept) => (this.#last = kept))
    if (done !== undefined) response.once('finish', done)
    this.#isEnded = true
    const progress = response as unknown as Progress
    progress.finished = true
    this.#watch.ended(this)
    return response
  }

  #flushHeaders(): void {
    if (this.#watch.maxBytes > 0) return this.#implicitHead(false)
    this.#streams()
    this.#call('flushHeaders')
  }

  /** Some frameworks write a whole body and end it right after: it is no stream yet. */
  #writeOrWait(args: unknown[]): unknown {
    if (this.#first !== undefined) {
      this.#streams()
      return this.#call('write', ...args)
    }
    this.#first = args
    process.nextTick(() => {
      if (this.#isHolding) this.#streams()
    })
    return true
  }

  #streams(): void {
    this.#watch.streams?.(this)
    this.#letOut()
  }

  #letOut(): void {
    this.release()
    if (this.#first !== undefined) this.#call('write', ...this.#first)
  }

  /** The handler may use its buffer again. */
  #keep(chunk: string | Uint8Array, encoding: BufferEncoding | undefined, put: (kept: Buffer) => void): void {
    const kept = typeof chunk === 'string' ? Buffer.from(chunk, encoding) : Buffer.from(chunk)
    this.#bytes += kept.length
    if (this.#bytes <= this.#watch.maxBytes) return put(kept)
    this.#writes = []
    this.#last = undefined
  }
}

/** Node takes it for headers that were sent. */
const HELD = 'HTTP/1.1 held\r\n\r\n'

const isChunk = (chunk: unknown): chunk is string | Uint8Array => typeof chunk === 'string' || chunk instanceof Uint8Array
const isGiven = (chunk: unknown): boolean => Boolean(chunk)
const doneOf = (value: unknown): Done => (typeof value === 'function' ? (value as () => void) : undefined)
const encodingOf = (value: unknown): BufferEncoding | undefined => (typeof value === 'string' ? (value as BufferEncoding) : undefined)

const writeArguments = ([chunk, encoding, done]: unknown[]): [unknown, BufferEncoding | undefined, Done] =>
  [chunk, encodingOf(encoding), doneOf(encoding) ?? doneOf(done)]

const endArguments = ([chunk, encoding, done]: unknown[]): [unknown, BufferEncoding | undefined, Done] =>
  typeof chunk === 'function' ? [undefined, undefined, doneOf(chunk)] : writeArguments([chunk, encoding, done])

function setHeaders(response: ServerResponse, headers: unknown): void {
  if (Array.isArray(headers)) {
    const flat = headers.flat() as string[]
    for (let i = 0; i < flat.length; i += 2) if (response.hasHeader(flat[i]!)) response.removeHeader(flat[i]!)
    for (let i = 0; i < flat.length; i += 2) response.appendHeader(flat[i]!, flat[i + 1]!)
  } else if (typeof headers === 'object' && headers !== null) {
    for (const [name, value] of Object.entries(headers)) if (name !== '') response.setHeader(name, value as string)
  }
}

/** Node has it; its types of before have not. */
const namesAsGiven = (response: ServerResponse): string[] => (response as ServerResponse & { getRawHeaderNames(): string[] }).getRawHeaderNames()
const headerValue = (value: unknown): string | string[] => (Array.isArray(value) ? value.map(String) : String(value))

/** Those of the connection stay: without them Node would not say whether it goes on. */
function clearHeaders(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) if (name !== 'connection' && name !== 'keep-alive') response.removeHeader(name)
}

/** Gives a response that was held, written as its handler wrote it. */
export function sendOriginal(response: ServerResponse, { method, status, message, headers, isImplicit, writes, last, trailers }: Original): void {
  clearHeaders(response)
  response.statusCode = status
  response.statusMessage = message
  for (const [name, value] of headers) {
    // Of a response to HEAD these speak of a body that was not there.
    if (method === 'HEAD' && /^(?:content-length|transfer-encoding)$/i.test(name)) continue
    response.setHeader(name, value)
  }
  if (!isImplicit) response.writeHead(status, message)
  if (method === 'HEAD') return void response.end()
  for (const chunk of writes) response.write(chunk)
  for (const one of trailers) response.addTrailers(one as Parameters<ServerResponse['addTrailers']>[0])
  response.end(last)
}
