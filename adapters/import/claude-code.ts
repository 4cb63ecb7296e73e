import { assembleSession } from './claude-code/session.ts'
import { readEntries, type Entry } from './claude-code/entries.ts'
import { Problems, sampleRows } from './shared/json-lines.ts'
import { at, type Fields } from '../shared/json.ts'
import type { Importer, ImportResult, Source } from './shared/importer.ts'

/**
 * Session transcripts of Claude Code, versions 1.0 to 2.1: JSON lines that the program appends to
 * `~/.claude/projects/<folder>/<session>.jsonl`, with the subagents of a session inline (`isSidechain`), beside it
 * (`agent-<id>.jsonl`) or below it (`<session>/subagents/agent-<id>.jsonl`). The format is not specified anywhere; this is
 * what real files hold:
 *
 * - One answer of the model is several lines, one a content block, with the same `message.id` and `requestId`. Each repeats
 *   the usage as it was then: the last one counts.
 * - A line says when its block had arrived. Nothing says when a request was sent, so a call of the model begins where the
 *   line before it ended (`spanwise.time: 'inferred'`).
 * - Tools begin while the answer still streams. The result's line ends them; some say how long they took.
 * - A resumed session repeats lines of the earlier one, with their `uuid`.
 *
 * One session is one trace. Texts are not taken over.
 */
export const claudeCode: Importer = {
  name: 'claude-code',
  title: 'Claude Code session',
  detect: ({ text, json }) => sampleRows(text).some(isOurs) || isOurs(json) || MARKS.every((mark) => text.includes(mark)),
  read: (source) => readClaudeCode([source]),
  readAll: readClaudeCode,
}

const MARKS = ['"parentUuid":', '"isSidechain":', '"sessionId":']

function isOurs(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  const row = value as Fields
  const { type } = row
  if (type === 'file-history-snapshot') return 'snapshot' in row
  if (type === 'summary') return 'leafUuid' in row
  if (typeof row['sessionId'] !== 'string') return false
  return (typeof type === 'string' && typeof row['uuid'] === 'string') || typeof at(row, 'message.usage.input_tokens') === 'number'
}

/** Reads the files of one or more sessions together, so that subagents in files of their own come under the call that began them. */
export function readClaudeCode(sources: readonly Source[]): ImportResult {
  const problems = new Problems()
  const sessions = new Map<string, Entry[]>()
  for (const entry of readEntries(sources, problems)) {
    const session = sessions.get(entry.session)
    if (session === undefined) sessions.set(entry.session, [entry])
    else session.push(entry)
  }
  const traces = [...sessions].flatMap(([id, entries]) => assembleSession(id, entries, problems) ?? [])
  if (traces.length === 0) problems.add('no call of a model and no tool was found')
  return { traces, problems: problems.all() }
}
