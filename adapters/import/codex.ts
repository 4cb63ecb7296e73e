import { at, fields, text, type Fields } from '../shared/json.ts'
import { isBareHead, isBareItem, isObject, readOlder } from './codex/older.ts'
import { readSession } from './codex/session.ts'
import { Problems, readRows, sampleRows } from './shared/json-lines.ts'
import type { Importer } from './shared/importer.ts'

/**
 * Session files of Codex (command line, desktop and editor; read from versions 0.104 to 0.129): JSON lines
 * `{ timestamp, type, payload }` in `~/.codex/sessions/<year>/<month>/<day>/rollout-<time>-<id>.jsonl`. The format follows
 * the `RolloutItem` of openai/codex. Older forms, up to September 2025, hold no times but the session's start, and no tokens:
 * lines without `payload` after a head `{ id, timestamp, instructions }`, and one object `{ session, items }`. What real
 * files hold:
 *
 * - `token_count` gives the session's running total, several times per answer. A call's usage is the difference to the
 *   total before it; its input contains the cached tokens.
 * - Items of an answer (`reasoning`, `message` of the assistant, `function_call`) come before the count that closes it.
 *   Nothing says when a request was sent: a call begins at the line before it that gave it its input
 *   (`spanwise.time: 'inferred'`).
 * - Tools run from their call to their output, by `call_id`.
 *
 * One file is one trace; agents that it spawned have files of their own. Texts are not taken over.
 */
export const codex: Importer = {
  name: 'codex',
  title: 'Codex session',
  detect: ({ text: sample, json }) =>
    sampleRows(sample).some(isOurs) || isOurs(json) || MARK.test(sample) || isObject(json) || isOlder(sampleRows(sample, 10)),
  read(source) {
    const problems = new Problems()
    const older = readOlder(source, problems)
    const trace = readSession(source, older ?? readRows(source, problems), problems, older !== undefined)
    if (trace === undefined) problems.add('no call of a model and no tool was found')
    return { traces: trace === undefined ? [] : [trace], problems: problems.all() }
  },
}

/** A first line that is longer than the sample: it holds the instructions. */
const MARK = /^\uFEFF?\{"timestamp":"[^"]{10,40}","type":"session_meta","payload":\{/
const TYPES = ['session_meta', 'turn_context', 'response_item', 'event_msg', 'compacted']

/** The head alone could be anything: what follows it is the API's own items, or a mark. */
const isOlder = ([head, ...rows]: readonly Fields[]): boolean => isBareHead(head) && rows.some((row) => isBareItem(row))

function isOurs(value: unknown): boolean {
  const type = text(at(value, 'type'))
  return type !== undefined && TYPES.includes(type) && fields(at(value, 'payload')) !== undefined
}
