import { at, fields, text, type Fields } from '../../shared/json.ts'
import { objects, readRows, type Problems } from '../shared/json-lines.ts'
import { SessionClock } from '../shared/times.ts'
import type { Source } from '../shared/importer.ts'

/** A line that says something about the run. */
export interface Entry {
  readonly kind: 'assistant' | 'user' | 'compaction' | 'progress'
  readonly session: string
  /** The conversation that it belongs to: '' is the session's own, others are subagents. */
  readonly thread: string
  /** Epoch milliseconds. */
  readonly at: number
  readonly row: Fields
  /** The blocks of its message. A message that is only a text has none. */
  readonly blocks: readonly Fields[]
  /** For an answer's lines: what they have in common. */
  readonly answer: string
}

const UNKNOWN_SESSION = 'unknown'

/** The entries of several files, each once, in the order of the files. */
export function readEntries(sources: readonly Source[], all: Problems): Entry[] {
  const seen = new Seen()
  const sidechains = new Map<string, string>()
  const clocks = new Map<string, SessionClock>()
  return sources.flatMap((source) => {
    const problems = all.of(source.name)
    let time: number | undefined
    const timed: Entry[] = []
    for (const { line, row } of readRows(source, problems)) {
      const kind = kindOf(row)
      const isSpeech = row['type'] === 'user' || row['type'] === 'assistant'
      if (kind === undefined && isSpeech) problems.add('expected a message', line)
      if (kind === undefined || seen.before(row)) continue
      const session = text(row['sessionId']) ?? UNKNOWN_SESSION
      const clock = clocks.get(session) ?? new SessionClock()
      clocks.set(session, clock)
      const at = clock.read(row['timestamp'])
      if (typeof at === 'number') time = at
      else problems.add(`${at}; the time of the line before it is used`, line)
      const entry: Entry = {
        kind, session, row, at: time ?? NaN,
        thread: threadOf(row, sidechains),
        blocks: blocksOf(row),
        answer: answerOf(row) ?? `${source.name}:${line}`,
      }
      if (kind !== 'assistant' || seen.isHere(entry)) timed.push(entry)
    }
    const first = timed.find((entry) => !Number.isNaN(entry.at))?.at ?? 0
    return timed.map((entry) => (Number.isNaN(entry.at) ? { ...entry, at: first } : entry))
  })
}

function kindOf(row: Fields): Entry['kind'] | undefined {
  if (row['type'] === 'system') return row['subtype'] === 'compact_boundary' ? 'compaction' : undefined
  if (row['type'] === 'progress') return typeof at(row, 'data.agentId') === 'string' ? 'progress' : undefined
  const message = fields(row['message'])
  if (message === undefined) return undefined
  // Version 1.0 wrote no type.
  const type = row['type'] ?? message['role']
  return type === 'assistant' || type === 'user' ? type : undefined
}

const blocksOf = (row: Fields): Fields[] => objects(at(row, 'message.content'))

function answerOf(row: Fields): string | undefined {
  const id = text(at(row, 'message.id'))
  return id === undefined ? undefined : `${id} ${text(row['requestId']) ?? ''}`
}

/** Older files hold the lines of a subagent inline and say only which line each one follows. */
function threadOf(row: Fields, sidechains: Map<string, string>): string {
  const agent = text(row['agentId'])
  if (row['isSidechain'] !== true) return ''
  const uuid = text(row['uuid']) ?? ''
  const thread = agent ?? sidechains.get(text(row['parentUuid']) ?? '') ?? uuid
  sidechains.set(uuid, thread)
  return thread
}

/** A resumed session repeats the lines of the one before it, in the same file or another. */
class Seen {
  readonly #uuids = new Set<string>()
  readonly #sessions = new Map<string, string>()

  before(row: Fields): boolean {
    const uuid = text(row['uuid'])
    if (uuid === undefined) return false
    if (this.#uuids.has(uuid)) return true
    this.#uuids.add(uuid)
    return false
  }

  /** False for a copy, in another session, of an answer that was counted there. */
  isHere({ answer, session, row }: Entry): boolean {
    if (typeof row['requestId'] !== 'string') return true
    const first = this.#sessions.get(answer)
    if (first === undefined) this.#sessions.set(answer, session)
    return first === undefined || first === session
  }
}
