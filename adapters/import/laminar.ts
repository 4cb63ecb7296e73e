import type { Outcome } from '../../src/model/span.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { readFacts } from '../shared/otel/facts.ts'
import { isoNs } from '../shared/otel/iso-time.ts'
import { parseJson } from '../shared/otel/parse-json.ts'
import { readAttributes } from '../shared/otel/values.ts'
import { toTrace, type FoundSpan } from './shared/found.ts'
import type { Importer, ImportResult, Sample, Source } from './shared/importer.ts'
import { Problems } from './shared/json-lines.ts'
import { readDocuments } from './shared/json.ts'

/**
 * Laminar's spans, as its SQL gives them: `SELECT * FROM spans` by the API (`{ data }`), the command or the editor, as a list or
 * JSON lines. `attributes` holds the emitter's attributes as text; they are read by the tables that read OTLP, before the columns
 * that Laminar derives from them. After its documentation of the table; no recorded file was to be had.
 */
export const laminar: Importer = {
  name: 'laminar',
  title: 'Laminar spans',
  detect: ({ json }: Sample) => rowsIn(json).slice(0, 10).some((row) => isSpan(fields(row))),
  read,
}

const rowsIn = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : Array.isArray(fields(value)?.['data']) ? list(fields(value)!['data']) : [value]

const isSpan = (row: Fields | undefined): boolean =>
  ['span_id', 'trace_id', 'span_type', 'start_time'].every((name) => typeof row?.[name] === 'string')

function read(source: Source): ImportResult {
  const problems = new Problems()
  const runs = new Map<string, FoundSpan[]>()
  for (const { value, line } of readDocuments(source, problems)) {
    for (const one of rowsIn(value)) {
      const row = fields(one)
      if (!isSpan(row)) problems.add('expected a span with span_id, trace_id, span_type and start_time', line)
      else add(row!, runs, line, problems)
    }
  }
  const traces = [...runs].flatMap(([key, spans]) => toTrace({ key, spans }, problems) ?? [])
  if (traces.length === 0) problems.add(`${source.name} holds no span that could be read`)
  return { traces, problems: problems.all() }
}

function add(row: Fields, runs: Map<string, FoundSpan[]>, line: number | undefined, problems: Problems): void {
  const [key, traceId] = [spanId(row['span_id']), text(row['trace_id'])!.replaceAll('-', '')]
  if (key === undefined) return problems.add('a span without an id: left out', line)
  const startNs = isoNs(row['start_time'])
  if (startNs === undefined) return problems.add(`the span ${key} has no start: left out`, line)
  const name = text(row['name']) || key
  const { doubt, ...facts } = readFacts(attributesOf(row), undefined, name, startNs)
  if (doubt !== undefined) problems.add(`the span ${name} (${key}) ${doubt}`, line)
  const spans = runs.get(traceId) ?? []
  runs.set(traceId, spans)
  spans.push({ key, parent: spanId(row['parent_span_id']), name, startNs, endNs: isoNs(row['end_time']), outcome: outcomeOf(row), ...facts })
}

/** Laminar keeps the eight bytes of a span's id at the end of a UUID; all zeros are no id. */
function spanId(value: unknown): string | undefined {
  const id = text(value)?.replaceAll('-', '') ?? ''
  const own = /^0{16}([0-9a-f]{16})$/i.exec(id)?.[1]?.toLowerCase() ?? id
  return /^0*$/.test(own) ? undefined : own
}

function attributesOf(row: Fields): ReadonlyMap<string, unknown> {
  const given = row['attributes']
  const found = readAttributes(fields(typeof given === 'string' ? parseJson(given) : given))
  const put = (name: string, value: unknown): void => {
    if (value !== undefined && value !== null && value !== '' && value !== 0 && !found.has(name)) found.set(name, value)
  }
  const type = text(row['span_type'])!
  if (type !== 'DEFAULT' && type !== 'UNKNOWN') put('lmnr.span.type', type === 'CACHED' ? 'LLM' : type)
  put('lmnr.span.input', row['input'])
  put('lmnr.span.output', row['output'])
  if (type !== 'LLM') return found
  put('gen_ai.system', row['provider'])
  put('gen_ai.request.model', row['request_model'])
  put('gen_ai.response.model', row['response_model'] ?? row['model'])
  put('gen_ai.usage.input_tokens', row['input_tokens'])
  put('gen_ai.usage.output_tokens', row['output_tokens'])
  return found
}

/** The message of an error is in an event, whose text may be anything. */
const outcomeOf = ({ status }: Fields): Outcome =>
  status === 'error' ? { state: 'failed', type: 'Error', message: '' } : { state: 'ok' }
