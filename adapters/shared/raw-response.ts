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
  const events = new EventParser(watch.event)
  define(source, step, async (...args: []) => {
    try {
      const result = await read!.apply(source, args)
      if (result.done === true) watch.end({ state: 'ok' })
      else events.bytes(result.value)
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
