import type { ServerEvent } from '../api.ts'
import { HttpError, SAFE_HEADERS, type Asked } from './http.ts'

const HEARTBEAT_MS = 15_000
const APART_MS = 1_000
const MAX_STREAMS = 64
/** Of one event: whoever missed more asks for the list again anyway. */
const MAX_KEYS = 1_000
/** A reader that takes nothing is let go before it costs more. */
const MAX_WAITING_BYTES = 1_000_000

/** Tells the pages what has changed, once a second at most. */
export class Events {
  readonly #streams = new Set<Asked['response']>()
  readonly #changed = new Set<string>()
  readonly #runs: () => number
  readonly #heartbeat: NodeJS.Timeout
  #timer: NodeJS.Timeout | undefined
  #toldAt = -Infinity

  /** @param runs how many there are */
  constructor(runs: () => number) {
    this.#runs = runs
    this.#heartbeat = setInterval(() => this.#write(':\n\n'), HEARTBEAT_MS).unref()
  }

  open({ response }: Asked): void {
    if (this.#streams.size >= MAX_STREAMS) throw new HttpError(503, 'too many pages are open')
    response.writeHead(200, { ...SAFE_HEADERS, 'Content-Type': 'text/event-stream; charset=utf-8', 'X-Accel-Buffering': 'no' })
    response.write(':\n\n')
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
  }

  changed(keys: Iterable<string>): void {
    for (const key of keys) {
      if (this.#changed.size >= MAX_KEYS) break
      this.#changed.add(key)
    }
    if (this.#timer !== undefined) return
    const wait = Math.max(0, this.#toldAt + APART_MS - performance.now())
    this.#timer = setTimeout(() => this.#tell(), wait).unref()
  }

  close(): void {
    clearInterval(this.#heartbeat)
    clearTimeout(this.#timer)
    for (const response of this.#streams) response.end()
    this.#streams.clear()
  }

  #tell(): void {
    this.#timer = undefined
    this.#toldAt = performance.now()
    const event: ServerEvent = { type: 'changed', keys: [...this.#changed], runs: this.#runs() }
    this.#changed.clear()
    this.#write(`data: ${JSON.stringify(event)}\n\n`)
  }

  #write(text: string): void {
    for (const response of this.#streams) {
      if (response.writableLength > MAX_WAITING_BYTES) response.destroy()
      else response.write(text)
    }
  }
}
