import type { ServerEvent } from '../../api.ts'

/** Reads `text/event-stream` (HTML, section 9.2) by hand: the browser's EventSource cannot send a token. */
export class EventStreamReader {
  #rest = ''
  #data: string[] = []
  #isFirst = true

  /** @returns the data of the events that this piece completes; comments, names and ids are left out */
  push(piece: string): string[] {
    let text = this.#rest + piece
    if (this.#isFirst && text !== '') {
      this.#isFirst = false
      if (text.startsWith('\ufeff')) text = text.slice(1)
    }
    const found: string[] = []
    let from = 0
    for (let at = lineEnd(text, from); at !== -1; at = lineEnd(text, from)) {
      // A carriage return at the very end may be the first half of a line's end.
      if (text[at] === '\r' && at === text.length - 1) break
      const data = this.#line(text.slice(from, at))
      if (data !== undefined) found.push(data)
      from = text.startsWith('\r\n', at) ? at + 2 : at + 1
    }
    this.#rest = text.slice(from)
    return found
  }

  #line(line: string): string | undefined {
    if (line === '') {
      const data = this.#data
      this.#data = []
      return data.length === 0 ? undefined : data.join('\n')
    }
    if (line === 'data') this.#data.push('')
    else if (line.startsWith('data:')) this.#data.push(line.slice(line[5] === ' ' ? 6 : 5))
    return undefined
  }
}

function lineEnd(text: string, from: number): number {
  for (let at = from; at < text.length; at++) if (text[at] === '\n' || text[at] === '\r') return at
  return -1
}

/** @returns undefined for anything but a change */
export function keysIn(data: string): readonly string[] | undefined {
  try {
    const event = JSON.parse(data) as Partial<ServerEvent> | null
    return event?.type === 'changed' && Array.isArray(event.keys) ? event.keys.filter((key) => typeof key === 'string') : undefined
  } catch {
    return undefined
  }
}

const FIRST_WAIT_MS = 500
const LONGEST_WAIT_MS = 10_000

/** Grows from half a second to ten. */
export const waitBefore = (attempt: number): number => Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(attempt, 10))
