import { at, fields, text, type Fields } from '../../shared/json.ts'
import type { Source } from '../shared/importer.ts'
import { objects, readRows, sampleRows, type Problems, type Row } from '../shared/json-lines.ts'

/** What the first versions of the command line wrote: one object with the items of the whole session. */
export const isObject = (value: unknown): boolean =>
  typeof at(value, 'session.id') === 'string' && typeof at(value, 'session.timestamp') === 'string' && Array.isArray(at(value, 'items'))

/** The first line of the versions after those. */
export const isBareHead = (row: Fields | undefined): boolean =>
  row !== undefined && typeof row['id'] === 'string' && typeof row['timestamp'] === 'string'
  && ['type', 'payload', 'record_type', 'messages'].every((name) => row[name] === undefined)

const ITEMS = ['message', 'reasoning', 'function_call', 'function_call_output', 'local_shell_call', 'custom_tool_call', 'custom_tool_call_output', 'web_search_call']

export const isBareItem = (row: Fields): boolean =>
  row['record_type'] === 'state' || (ITEMS.includes(text(row['type']) ?? '') && row['payload'] === undefined)

/** @returns the session in the form of today; undefined when it has that form already */
export function readOlder(source: Source, problems: Problems): Row[] | undefined {
  const whole = /"items"\s*:/.test(source.text) ? wholeOf(source.text) : undefined
  const rows = whole !== undefined && isObject(whole) ? fromObject(whole) : isBareHead(sampleRows(source.text, 1)[0]) ? fromLines(source, problems) : undefined
  if (rows !== undefined) problems.note('this version of Codex wrote no tokens and no times: all stands at the start of the session')
  return rows
}

function wholeOf(source: string): unknown {
  try {
    return JSON.parse(source) as unknown
  } catch {
    return undefined
  }
}

function fromObject(whole: unknown): Row[] {
  const head = fields(at(whole, 'session'))!
  return [asMeta(head, 1), ...objects(at(whole, 'items')).map((item) => asItem(item, 1))]
}

function fromLines(source: Source, problems: Problems): Row[] {
  return readRows(source, problems).flatMap(({ line, row }) => {
    if (isBareHead(row)) return [asMeta(row, line)]
    // Marks of the program's own state.
    if (row['record_type'] !== undefined) return []
    return [fields(row['payload']) === undefined ? asItem(row, line) : { line, row }]
  })
}

const asMeta = (head: Fields, line: number): Row => ({ line, row: { type: 'session_meta', timestamp: head['timestamp'], payload: head } })

const asItem = (item: Fields, line: number): Row => ({ line, row: { type: 'response_item', timestamp: item['timestamp'], payload: item } })
