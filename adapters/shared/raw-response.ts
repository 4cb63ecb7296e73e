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
/** A line may be as long as an answer: some servers send all of it in one event. */
const MAX_LINE_CHARS = MAX_ANSWER_CHARS

/** Server-sent events, one JSON document a line, or one document. */
export type BodyKind = 'events' | 'lines' | 'answer'

/** What a body says, as it comes: server-sent events with JSON in their `data:` lines, lines of JSON, or one answer in JSON. */
export class BodyParser {
  readonly #decoder = new TextDecoder()
  readonly #watch: RawWatch
  #kind: BodyKind | undefined
  /** An answer in the pieces it came in; of events, what follows the last whole line. */
  #pieces: string[] = []
  #chars = 0

  /** @param kind where the headers tell; else the first character does */
  constructor(watch: RawWatch, kind?: BodyKind) {
    this.#watch = watch
    this.#kind = kind
  }

  bytes(bytes: unknown): void {
    if (!(bytes instanceof Uint8Array)) return
    const text = this.#decoder.decode(bytes, { stream: true })
    if (this.#kind === undefined) {
      const first = text.trimStart()[0]
      if (first === undefined) return
      this.#kind = first === '{' || first === '[' ? 'answer' : 'events'
    }
    if (this.#kind === 'answer') this.#add(text, MAX_ANSWER_CHARS)
    else this.#lines(text)
  }

  end(): void {
    if (this.#kind === 'answer') return this.#watch.whole(parsed(this.#pieces.join('')))
    if (this.#kind === 'lines') this.#line(this.#pieces.join(''))
    this.#watch.end({ state: 'ok' })
  }

  #add(text: string, most: number): void {
    this.#chars += text.length
    if (this.#chars <= most) this.#pieces.push(text)
  }

  #lines(text: string): void {
    const lines = text.split('\n')
    const rest = lines.pop()!
    if (lines.length > 0) {
      lines[0] = this.#pieces.join('') + lines[0]!
      this.#pieces = []
      this.#chars = 0
      for (const line of lines) this.#line(line)
    }
    this.#add(rest, MAX_LINE_CHARS)
  }

  #line(line: string): void {
    const isData = line.startsWith('data:')
    if (!isData && this.#kind === 'events') return
    const event = parsed(isData ? line.slice(5) : line)
    if (event !== undefined) this.#watch.event(event)
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
