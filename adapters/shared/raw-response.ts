import { define } from '../../src/kit.ts'

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
  /** The stream was read to its end, or left. */
  readonly end: () => void
}

export function watchRawResponse(response: Response, watch: RawWatch): void {
  const { json, text } = response
  define(response, 'json', async function (this: Response) {
    const value: unknown = await json.call(this)
    watch.whole(value)
    return value
  })
  define(response, 'text', async function (this: Response) {
    const value = await text.call(this)
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
    if (isStream) watchText(value, watch)
    else watch.whole(parsed(value))
    return value
  })
  if (response.body !== null) watchBody(response.body, watch)
}

type AnyReader = { read: (...args: []) => Promise<{ readonly done?: boolean; readonly value?: unknown }> }

function watchBody(body: ReadableStream<Uint8Array>, watch: RawWatch): void {
  const { getReader, values } = body
  define(body, 'getReader', function (this: typeof body, ...args: []) {
    const reader = getReader.apply(this, args) as AnyReader
    watchSteps(reader, 'read', watch)
    return reader
  })
  const iterate = function (this: typeof body, ...args: []): unknown {
    const iterator = values.apply(this, args)
    watchSteps(iterator as unknown as Record<'next', AnyReader['read']>, 'next', watch)
    return iterator
  }
  define(body, 'values', iterate)
  define(body, Symbol.asyncIterator, iterate)
}

function watchSteps<K extends string>(source: Record<K, AnyReader['read']>, name: K, watch: RawWatch): void {
  const step = source[name]
  const events = new EventParser(watch.event)
  define(source, name, async (...args: []) => {
    const result = await step.apply(source, args)
    if (result.done) watch.end()
    else events.bytes(result.value)
    return result
  })
}

function watchText(text: string, watch: RawWatch): void {
  new EventParser(watch.event).text(`${text}\n`)
  watch.end()
}

/** Server-sent events, as far as JSON in `data:` lines goes. */
class EventParser {
  readonly #decoder = new TextDecoder()
  readonly #event: (event: unknown) => void
  #rest = ''

  constructor(event: (event: unknown) => void) {
    this.#event = event
  }

  bytes(bytes: unknown): void {
    if (bytes instanceof Uint8Array) this.text(this.#decoder.decode(bytes, { stream: true }))
  }

  text(text: string): void {
    const lines = (this.#rest + text).split(/\r?\n/)
    this.#rest = lines.pop() ?? ''
    for (const line of lines) {
      if (!line.startsWith('data:')) continue
      const event = parsed(line.slice(5))
      if (event !== undefined) this.#event(event)
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
