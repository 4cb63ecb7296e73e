import { define, outcomeOf, type Outcome } from '../../src/kit.ts'

/**
 * A raw response that the user reads himself (`asResponse()`): what he reads through `json()`, `text()` or a reader of its
 * `body` is seen on its way, on the very same objects. Nothing is read that he does not read, and no stream is put between.
 * A body that the platform pipes on by itself (`pipeTo`, `tee`) is not seen.
 */
export interface RawWatch {
  /** The whole answer, parsed; undefined when it is not JSON. */
  readonly whole: (value: unknown) => void
  /** One event of a stream, parsed. */
  readonly event: (event: unknown) => void
  /** The stream was read to its end (`ok`), left, or broke. */
  readonly end: (outcome: Outcome) => void
}

export function watchRawResponse(response: Response, watch: RawWatch): void {
  const { json, text, body } = response
  if (typeof json === 'function') {
    define(response, 'json', async function (this: Response) {
      const value: unknown = await json.call(this)
      watch.whole(value)
      return value
    })
  }
  if (typeof text === 'function') {
    define(response, 'text', async function (this: Response) {
      const value = await text.call(this)
      const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
      if (!isStream) watch.whole(parsed(value))
      return value
    })
  }
  // A polyfill's body may be a stream of another kind.
  if (typeof body?.getReader === 'function') watchBody(body, watch)
}

interface Steps {
  read?: (...args: []) => Promise<{ readonly done?: boolean; readonly value?: unknown }>
  next?: Steps['read']
  cancel?: (...args: [unknown?]) => Promise<unknown>
  return?: Steps['cancel']
}

function watchBody(body: ReadableStream<Uint8Array>, watch: RawWatch): void {
  const { getReader, values } = body
  define(body, 'getReader', function (this: typeof body, ...args: []) {
    const reader = getReader.apply(this, args)
    watchSteps(reader as Steps, 'read', 'cancel', watch)
    return reader
  })
  if (typeof values !== 'function') return
  const iterate = function (this: typeof body, ...args: []): unknown {
    const iterator = values.apply(this, args)
    watchSteps(iterator as unknown as Steps, 'next', 'return', watch)
    return iterator
  }
  define(body, 'values', iterate)
  define(body, Symbol.asyncIterator, iterate)
}

function watchSteps(source: Steps, step: 'read' | 'next', leave: 'cancel' | 'return', watch: RawWatch): void {
  const { [step]: read, [leave]: cancel } = source
  const parser = new BodyParser(watch)
  define(source, step, async (...args: []) => {
    try {
      const result = await read!.apply(source, args)
      if (result.done === true) parser.end()
      else parser.bytes(result.value)
      return result
    } catch (error) {
      watch.end(outcomeOf(error))
      throw error
    }
  })
  define(source, leave, async (...args: [unknown?]) => {
    const result = await cancel!.apply(source, args)
    watch.end({ state: 'cancelled' })
    return result
  })
}

const MAX_ANSWER_CHARS = 10_000_000

/** What a body says, as it comes: server-sent events with JSON in their `data:` lines, or one answer in JSON. */
class BodyParser {
  readonly #decoder = new TextDecoder()
  readonly #watch: RawWatch
  #kind: 'unknown' | 'events' | 'answer' = 'unknown'
  /** An answer in the pieces it came in; of events, what follows the last whole line. */
  #pieces: string[] = []
  #chars = 0

  constructor(watch: RawWatch) {
    this.#watch = watch
  }

  bytes(bytes: unknown): void {
    if (!(bytes instanceof Uint8Array)) return
    const text = this.#decoder.decode(bytes, { stream: true })
    if (this.#kind === 'unknown') {
      const first = text.trimStart()[0]
      if (first === undefined) return
      this.#kind = first === '{' || first === '[' ? 'answer' : 'events'
    }
    this.#chars += text.length
    if (this.#kind === 'events') this.#lines(text)
    else if (this.#chars <= MAX_ANSWER_CHARS) this.#pieces.push(text)
  }

  end(): void {
    if (this.#kind === 'answer') this.#watch.whole(parsed(this.#pieces.join('')))
    else this.#watch.end({ state: 'ok' })
  }

  #lines(text: string): void {
    const lines = text.split('\n')
    lines[0] = this.#pieces.join('') + lines[0]!
    this.#pieces = [lines.pop()!]
    for (const line of lines) {
      if (!line.startsWith('data:')) continue
      const event = parsed(line.slice(5))
      if (event !== undefined) this.#watch.event(event)
    }
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
