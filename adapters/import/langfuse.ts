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
 * What Langfuse exports: `{ trace, observations }`, a trace with its `observations`, pages (`{ data }`) and lists of those,
 * and observations alone: rows of its API (both versions), of the table's export as JSON, and of the export to a blob storage
 * as JSON or JSON lines, which has snake_case names. Rows may tell of their trace too. An observation that came in by OpenTelemetry holds the emitter's attributes in its metadata: these
 * are read first, by the tables that read OTLP, so that the same trace is the same by either way.
 */
export const langfuse: Importer = {
  name: 'langfuse',
  title: 'Langfuse export',
  detect: ({ json }: Sample) => holdsOurs(json, 0),
  read,
}

const MAX_DEPTH = 4

function holdsOurs(value: unknown, depth: number): boolean {
  if (depth > MAX_DEPTH) return false
  if (Array.isArray(value)) return value.slice(0, 10).some((one) => holdsOurs(one, depth + 1))
  const object = fields(value)
  if (object === undefined) return false
  if (isObservation(renamed(object))) return true
  return ['observations', 'data'].some((name) => Array.isArray(object[name]) && holdsOurs(object[name], depth + 1))
}

const isObservation = (one: Fields): boolean =>
  typeof one['traceId'] === 'string' && typeof one['id'] === 'string' && typeof one['type'] === 'string' && 'startTime' in one

/** A row of the export to a blob storage, with the names of the API. Other objects are as they were. */
function renamed(row: Fields): Fields {
  if (typeof row['trace_id'] !== 'string' || !('parent_observation_id' in row)) return row
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.replace(/_([a-z])/g, (_all, letter: string) => letter.toUpperCase()), value]))
}

interface Run {
  readonly spans: FoundSpan[]
  trace: Fields | undefined
  service: string | undefined
}

function read(source: Source): ImportResult {
  const problems = new Problems()
  const reader = new Reader(problems)
  for (const { value, line } of readDocuments(source, problems)) reader.document(value, line, 0)
  const traces = [...reader.runs].flatMap(([key, { spans, trace, service }]) => {
    const facts = { key, service, name: text(trace?.['name']) || undefined, tags: tagsOf(trace), spans }
    return toTrace(facts, problems) ?? []
  })
  if (traces.length === 0) problems.add(`${source.name} holds no observation that could be read`)
  return { traces, problems: problems.all() }
}

class Reader {
  readonly runs = new Map<string, Run>()
  readonly #problems: Problems
  readonly #seen = new Set<string>()

  constructor(problems: Problems) {
    this.#problems = problems
  }

  document(value: unknown, line: number | undefined, depth: number): void {
    if (depth > MAX_DEPTH) return
    for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) {
      const row = fields(one)
      const object = row === undefined || Array.isArray(one) ? undefined : renamed(row)
      if (object === undefined) this.document(one, line, Array.isArray(one) ? depth + 1 : MAX_DEPTH + 1)
      else if (isObservation(object)) this.#observation(object, line)
      else this.#container(object, line, depth)
    }
  }

  #container(object: Fields, line: number | undefined, depth: number): void {
    const trace = fields(object['trace']) ?? (Array.isArray(object['observations']) ? object : undefined)
    const id = text(trace?.['id'])
    if (id !== undefined) this.#run(id).trace = trace
    const inside = object['observations'] ?? trace?.['observations'] ?? object['data']
    if (Array.isArray(inside)) this.document(inside, line, depth + 1)
    else this.#problems.add('expected a trace with observations, or an observation', line)
  }

  #run(id: string): Run {
    const run = this.runs.get(id) ?? { spans: [], trace: undefined, service: undefined }
    this.runs.set(id, run)
    return run
  }

  #observation(one: Fields, line: number | undefined): void {
    const [id, traceId] = [text(one['id'])!, text(one['traceId'])!]
    const startNs = isoNs(one['startTime'])
    const key = `${traceId} ${id}`
    // Some exports hold the list twice: beside the trace and in it.
    if (this.#seen.has(key)) return
    this.#seen.add(key)
    if (startNs === undefined) return this.#problems.add(`the observation ${id} has no start: left out`, line)
    const name = text(one['name']) ?? id
    const metadata = objectOf(one['metadata'])
    const scope = text(fields(metadata?.['scope'])?.['name'])
    const { doubt, ...facts } = readFacts(attributesOf(one, metadata), scope, name, startNs)
    if (doubt !== undefined) this.#problems.add(`the observation ${name} (${id}) ${doubt}`, line)
    const run = this.#run(traceId)
    run.trace ??= traceOf(one)
    run.service ??= text(readAttributes(metadata?.['resourceAttributes']).get('service.name'))
    const endNs = text(one['type'])!.toUpperCase() === 'EVENT' ? startNs : isoNs(one['endTime'])
    run.spans.push({ key: id, parent: text(one['parentObservationId']) || undefined, name, startNs, endNs, outcome: outcomeOf(one), ...facts })
  }
}

/** An object, or the JSON of one. */
const objectOf = (value: unknown): Fields | undefined => fields(typeof value === 'string' ? parseJson(value) : value)

/** Metadata that describes the emitter, and is read elsewhere. */
const ABOUT_EMITTER: ReadonlySet<string> = new Set(['attributes', 'resourceAttributes', 'scope'])

/** The emitter's attributes, and what Langfuse knows under the names that it gives its own attributes. */
function attributesOf(one: Fields, metadata: Fields | undefined): ReadonlyMap<string, unknown> {
  const found = readAttributes(objectOf(metadata?.['attributes']))
  const put = (name: string, value: unknown): void => {
    if (value !== undefined && value !== null && value !== '' && !found.has(name)) found.set(name, value)
  }
  const observation = 'langfuse.observation'
  put(`${observation}.type`, text(one['type'])?.toLowerCase())
  put(`${observation}.model.name`, one['model'] ?? one['providedModelName'])
  put(`${observation}.completion_start_time`, one['completionStartTime'])
  put(`${observation}.usage_details`, usageOf(one))
  put(`${observation}.input`, one['input'])
  put(`${observation}.output`, one['output'])
  for (const [name, value] of Object.entries(metadata ?? {})) {
    if (!ABOUT_EMITTER.has(name)) put(`${observation}.metadata.${name}`, value)
  }
  return found
}

/** Up to its version 2 Langfuse had three counts, which could be in another unit than tokens. */
function usageOf(one: Fields): Fields | undefined {
  const details = objectOf(one['usageDetails'])
  if (details !== undefined && Object.keys(details).length > 0) return details
  const { unit, ...counts } = objectOf(one['usage']) ?? {}
  const isTokens = unit === undefined || unit === null || unit === 'TOKENS'
  if (isTokens && Object.values(counts).some(isPositive)) return counts
  const beside = {
    input: one['inputUsage'] ?? one['promptTokens'], output: one['outputUsage'] ?? one['completionTokens'], total: one['totalUsage'] ?? one['totalTokens'],
  }
  return isTokens && Object.values(beside).some(isPositive) ? beside : undefined
}

const isPositive = (count: unknown): boolean => (typeof count === 'number' || typeof count === 'string') && Number(count) > 0

/** Rows of observations repeat what is known of their trace. */
function traceOf(one: Fields): Fields | undefined {
  const known = { name: one['traceName'], tags: one['tags'] ?? one['traceTags'], userId: one['userId'], sessionId: one['sessionId'], release: one['release'] }
  return Object.values(known).some((value) => Array.isArray(value) ? value.length > 0 : typeof value === 'string' && value !== '') ? known : undefined
}

function outcomeOf(one: Fields): Outcome {
  if (one['level'] !== 'ERROR') return { state: 'ok' }
  return { state: 'failed', type: 'Error', message: text(one['statusMessage']) ?? '' }
}

function tagsOf(trace: Fields | undefined): Readonly<Record<string, string>> | undefined {
  const tags = list(trace?.['tags']).filter((tag) => typeof tag === 'string').map((tag) => [tag, 'true'] as const)
  const known = ['userId', 'sessionId', 'environment', 'release', 'version'].flatMap((name) => {
    const value = text(trace?.[name])
    return value === undefined || value === '' ? [] : [[name, value] as const]
  })
  return tags.length + known.length === 0 ? undefined : Object.fromEntries([...known, ...tags])
}
