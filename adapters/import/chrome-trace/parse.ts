import { fields, type Fields } from '../../shared/json.ts'
import { objects, type Problems } from '../shared/json-lines.ts'

export interface Parsed {
  readonly events: readonly Fields[]
  /** The object around the events, where there is one that could be read. */
  readonly head: Fields | undefined
}

/** The events of a file. One that was cut, as a program leaves it that was killed, gives those that are whole. */
export function parseEvents(text: string, problems: Problems): Parsed {
  try {
    const value: unknown = JSON.parse(text)
    if (Array.isArray(value)) return { events: objects(value), head: undefined }
    const head = fields(value)
    return { events: objects(head?.['traceEvents']), head }
  } catch {
    return { events: salvage(text, problems), head: undefined }
  }
}

function salvage(text: string, problems: Problems): Fields[] {
  const inside = /"traceEvents"\s*:\s*\[/.exec(text)
  const from = /^\s*\[/.test(text) ? text.indexOf('[') + 1 : inside === null ? -1 : inside.index + inside[0].length
  if (from === -1) {
    problems.add('not JSON, and no list of events was found')
    return []
  }
  const events: Fields[] = []
  let bad = 0
  const { isClosed, rest } = eachObject(text, from, (slice) => {
    try {
      events.push(JSON.parse(slice) as Fields)
    } catch {
      bad++
    }
  })
  if (bad > 0) problems.add(`${bad} events are not JSON`)
  // The format lets the closing bracket be missing, so only a cut event is worth a word.
  if (!isClosed && /[^\s,]/.test(rest)) problems.add('the last event is cut')
  return events
}

/** Calls back with the text of each object in the list that begins at `from`; looks at each character once. */
function eachObject(text: string, from: number, found: (slice: string) => void): { readonly isClosed: boolean; readonly rest: string } {
  let depth = 0
  let begin = from
  let end = from
  const token = /["{}[\]]/g
  token.lastIndex = from
  for (let match = token.exec(text); match !== null; match = token.exec(text)) {
    const sign = match[0]
    if (sign === '"') {
      const close = endOfString(text, match.index)
      if (close === -1) break
      token.lastIndex = close
    } else if (sign === '{' || sign === '[') {
      if (depth === 0) begin = match.index
      depth++
    } else if (depth === 0) {
      return { isClosed: true, rest: '' }
    } else {
      depth--
      if (depth === 0) {
        end = match.index + 1
        if (sign === '}') found(text.slice(begin, end))
      }
    }
  }
  return { isClosed: false, rest: text.slice(end, end + 100) }
}

/** The position after the string's closing quote; -1 when it has none. */
function endOfString(text: string, open: number): number {
  for (let i = text.indexOf('"', open + 1); i !== -1; i = text.indexOf('"', i + 1)) {
    let escapes = 0
    while (text[i - 1 - escapes] === '\\') escapes++
    if (escapes % 2 === 0) return i + 1
  }
  return -1
}
