import { at, fields, text, type Fields } from '../../shared/json.ts'
import type { Source } from '../shared/importer.ts'
import { objects, readRows, type Problems } from '../shared/json-lines.ts'

/** A session, whichever form its file has. */
export interface Conversation {
  readonly id: string | undefined
  readonly startTime: unknown
  /** A file of its own for an agent that another session began. */
  readonly isSubagent: boolean
  readonly messages: readonly Message[]
}

export interface Message {
  readonly row: Fields
  /** What a problem calls it. */
  readonly place: string
  /** The line that it was first written to; absent in a file that is one object. */
  readonly line?: number
}

/** The first line of the newer form has no messages; the older form is one object that holds them. */
export const isHead = (row: unknown): boolean =>
  typeof at(row, 'sessionId') === 'string' && typeof at(row, 'projectHash') === 'string' && at(row, 'messages') === undefined

/** @returns undefined when the file is of neither form; why not is a problem */
export function readConversation(source: Source, problems: Problems): Conversation | undefined {
  const whole = wholeOf(source.text)
  if (whole !== undefined && !isHead(whole)) return fromObject(whole)
  if (!hasLines(source.text)) {
    problems.add('not JSON, or cut: a session that is one object cannot be read in part')
    return undefined
  }
  return fromLines(source, problems)
}

function wholeOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}

/** An object that is cut has its messages inside of it, so that no line of it is a line of the newer form. */
const hasLines = (text: string): boolean => /^\uFEFF?\s*\{[^\n]*\}\s*(\n|$)/.test(text)

function fromObject(session: unknown): Conversation {
  return {
    id: text(at(session, 'sessionId')),
    startTime: at(session, 'startTime'),
    isSubagent: at(session, 'kind') === 'subagent',
    messages: objects(at(session, 'messages')).map((row, i) => ({ row, place: `message ${i + 1}` })),
  }
}

/**
 * A log of changes. A message stands there again, under the same id, when its tools have ended or its tokens are known: the
 * last one counts, at the place of the first. `$rewindTo` takes messages out of the conversation, but they had their time and
 * their tokens, and stay. `$set` changes the head; a history that it holds repeats messages, and what stands only there was put
 * together by the program.
 */
function fromLines(source: Source, problems: Problems): Conversation {
  const head = new Map<string, unknown>()
  const set = (change: Fields): void => Object.entries(change).forEach(([name, value]) => head.set(name, value))
  const messages = new Map<string, Message>()
  for (const { line, row } of readRows(source, problems)) {
    const change = fields(row['$set'])
    const id = text(row['id'])
    if (change !== undefined) {
      set(change)
      for (const again of objects(change['messages'])) merge(messages, again)
    } else if (id !== undefined) {
      const known = messages.get(id)
      messages.set(id, known === undefined ? { row, line, place: 'the message' } : { ...known, row: { ...known.row, ...row } })
    } else if (typeof row['sessionId'] === 'string') {
      set(row)
    } else if (typeof row['$rewindTo'] === 'string') {
      messages.set(`rewind at line ${line}`, { row, line, place: 'the rewind' })
    } else {
      problems.add('expected a message, a change or the head of a session', line)
    }
  }
  return {
    id: text(head.get('sessionId')), startTime: head.get('startTime'), isSubagent: head.get('kind') === 'subagent', messages: [...messages.values()],
  }
}

function merge(messages: Map<string, Message>, row: Fields): void {
  const id = text(row['id'])
  const known = id === undefined ? undefined : messages.get(id)
  if (id !== undefined && known !== undefined) messages.set(id, { ...known, row: { ...known.row, ...row } })
  // An answer with tokens was one of the model's, wherever it stands.
  else if (id !== undefined && fields(row['tokens']) !== undefined) messages.set(id, { row, place: 'a message in $set' })
}

/** What the user said; tools' results are written in the user's name too. */
export function isPrompt({ row }: Message): boolean {
  const parts = objects(row['content'])
  return row['type'] === 'user' && (parts.length === 0 || parts.some((part) => part['functionResponse'] === undefined))
}
