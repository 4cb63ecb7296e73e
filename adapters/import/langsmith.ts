import type { Outcome } from '../../src/model/span.ts'
import { at, fields, list, text, type Fields } from '../shared/json.ts'
import { readFacts } from '../shared/otel/facts.ts'
import { isoNs } from '../shared/otel/iso-time.ts'
import { parseJson } from '../shared/otel/parse-json.ts'
import { toTrace, type FoundSpan } from './shared/found.ts'
import type { Importer, ImportResult, Sample, Source } from './shared/importer.ts'
import { Problems } from './shared/json-lines.ts'
import { readDocuments } from './shared/json.ts'

/**
 * LangSmith's runs, as its API and its clients give them: lists, pages and webhooks (`{ runs }`), JSON lines, runs that hold
 * their `child_runs`, what the SDK sends (`{ post, patch }`), what `langsmith trace export` writes (`run_id`, `token_usage`),
 * and rows of a bulk export as JSON lines, where objects are texts. The hierarchy is that of `dotted_order` where a run has
 * one. After the SDK's recordings of its own requests, its run schema, and the command's source.
 */
export const langsmith: Importer = {
  name: 'langsmith',
  title: 'LangSmith runs',
  detect: ({ json }: Sample) => runsIn(json).slice(0, 10).some((run) => isRun(fields(run))),
  read,
}

const MAX_DEPTH = 100

function runsIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  const page = fields(value)
  if (Array.isArray(page?.['runs'])) return list(page['runs'])
  return Array.isArray(page?.['post']) || Array.isArray(page?.['patch']) ? sent(page) : [value]
}

/** What a client sends: runs as they begin, and what is known of them when they end. */
function sent(page: Fields): readonly unknown[] {
  const runs = new Map<unknown, Fields>()
  for (const part of [...list(page['post']), ...list(page['patch'])].map(fields)) {
    if (part !== undefined) runs.set(part['id'], { ...runs.get(part['id']), ...part })
  }
  return [...runs.values()]
}

/** The command writes `run_id`. */
const idOf = (run: Fields): string | undefined => text(run['id']) ?? text(run['run_id'])

const isRun = (run: Fields | undefined): boolean =>
  run !== undefined && idOf(run) !== undefined && typeof run['run_type'] === 'string'
  && (['string', 'number'].includes(typeof run['start_time']) || 'dotted_order' in run)

interface Run {
  readonly spans: FoundSpan[]
  project: string | undefined
}

function read(source: Source): ImportResult {
  const problems = new Problems()
  const runs = new Map<string, Run>()
  const add = (value: unknown, line: number | undefined, above: Place | undefined): void => {
    const run = fields(value)
    if (!isRun(run)) return problems.add('expected a run with an id, a run_type and a start_time', line)
    const place = placeOf(run!, above)
    const startNs = timeNs(run!['start_time']) ?? place.startNs
    if (startNs === undefined) return problems.add(`the run ${place.id} has no start: left out`, line)
    const group = runs.get(place.traceId) ?? { spans: [], project: undefined }
    runs.set(place.traceId, group)
    group.project ??= text(run!['session_name'])
    const name = text(run!['name']) ?? place.id
    const { doubt, ...facts } = readFacts(attributesOf(unpacked(run!)), undefined, name, startNs)
    if (doubt !== undefined) problems.add(`the run ${name} (${place.id}) ${doubt}`, line)
    const endNs = timeNs(run!['end_time'])
    group.spans.push({ key: place.id, parent: place.parent, name, startNs, endNs, outcome: outcomeOf(run!), ...facts })
    if (place.depth < MAX_DEPTH) for (const child of list(run!['child_runs'])) add(child, line, place)
  }
  for (const { value, line } of readDocuments(source, problems)) for (const run of runsIn(value)) add(run, line, undefined)
  const traces = [...runs].flatMap(([key, { spans, project }]) => toTrace({ key, service: project, spans }, problems) ?? [])
  if (traces.length === 0) problems.add(`${source.name} holds no run that could be read`)
  return { traces, problems: problems.all() }
}

interface Place {
  readonly id: string
  readonly parent: string | undefined
  readonly traceId: string
  readonly startNs: bigint | undefined
  readonly depth: number
}

const STEP = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)(\d{0,9})Z([0-9a-f-]{36})$/i

/** Each step of a dotted order is a start and a run's id, from the trace's root down to the run. */
function placeOf(run: Fields, above: Place | undefined): Place {
  const id = idOf(run)!
  const depth = (above?.depth ?? -1) + 1
  const steps = (text(run['dotted_order']) ?? '').split('.').map((step) => STEP.exec(step))
  const last = steps.at(-1)
  const isWhole = steps.every((step) => step !== null) && last?.[8] === id
  if (!isWhole) {
    const parent = text(run['parent_run_id']) ?? text(list(run['parent_run_ids']).at(-1)) ?? above?.id
    return { id, parent, traceId: text(run['trace_id']) ?? above?.traceId ?? parent ?? id, startNs: undefined, depth }
  }
  const [, year, month, day, hours, minutes, seconds, digits] = last
  const startNs = isoNs(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}.${digits || '0'}Z`)
  return { id, parent: steps.at(-2)?.[8], traceId: steps[0]![8]!, startNs, depth }
}

/** ISO 8601, or epoch milliseconds as the JavaScript client has them. */
const timeNs = (value: unknown): bigint | undefined =>
  typeof value === 'number' && value > 0 && Number.isFinite(value)
    ? BigInt(Math.floor(value)) * 1_000_000n + BigInt(Math.round((value % 1) * 1e6))
    : isoNs(value)

/** A graph that stops to ask a person has not failed. */
const INTERRUPTS = /^(GraphInterrupt|NodeInterrupt|GraphBubbleUp|ParentCommand)\b/

function outcomeOf({ error, status }: Fields): Outcome {
  if (typeof error !== 'string' || error === '') return status === 'error' ? { state: 'failed', type: 'Error', message: '' } : { state: 'ok' }
  if (INTERRUPTS.test(error)) return { state: 'ok' }
  const type = /^(?:\w+\.)*(\w*(?:Error|Exception|Interrupt|Warning|Exit)\w*)\b/.exec(error)?.[1]
  return { state: 'failed', type: type ?? 'Error', message: error.slice(0, 4_096) }
}

/** A bulk export writes objects as texts of JSON. */
const PACKED = ['extra', 'inputs', 'outputs', 'events', 'prompt_token_details', 'completion_token_details']

function unpacked(run: Fields): Fields {
  const packed = PACKED.filter((name) => /^\s*[[{]/.test(text(run[name]) ?? ''))
  return packed.length === 0 ? run : { ...run, ...Object.fromEntries(packed.map((name) => [name, parseJson(text(run[name])!)])) }
}

function attributesOf(run: Fields): ReadonlyMap<string, unknown> {
  const found = new Map<string, unknown>()
  const put = (name: string, value: unknown): void => {
    if (value !== undefined && value !== null && value !== '') found.set(name, value)
  }
  const [metadata, params] = [fields(at(run, 'extra.metadata')) ?? fields(run['custom_metadata']), fields(at(run, 'extra.invocation_params'))]
  const outputs = fields(run['outputs'])
  const answer = fields(outputs?.['output']) ?? outputs
  put('langsmith.span.kind', run['run_type'])
  for (const [name, value] of Object.entries(metadata ?? {})) if (name !== 'usage_metadata') put(`langsmith.metadata.${name}`, value)
  for (const name of ['model', 'model_name', 'tools']) put(`langsmith.invocation_params.${name}`, params?.[name])
  put('langsmith.first_token_time', run['first_token_time'] ?? newToken(run['events']))
  put('langsmith.usage_metadata', usageOf(run, metadata, outputs))
  put('langsmith.inputs', fields(run['inputs'])?.['messages'] ?? run['inputs'])
  put('langsmith.outputs', outputs?.['generations'] ?? outputs?.['choices'] ?? answer)
  put('gen_ai.tool.call.id', answer?.['tool_call_id'] ?? fields(answer?.['kwargs'])?.['tool_call_id'])
  put('gen_ai.response.model', outputs?.['model'] ?? at(outputs, 'llm_output.model_name'))
  return found
}

const newToken = (events: unknown): unknown =>
  list(events).map(fields).find((event) => event?.['name'] === 'new_token')?.['time']

/** In the place that LangSmith reads first, then where LangChain and the wrappers put it, then the run's own counts. */
function usageOf(run: Fields, metadata: Fields | undefined, outputs: Fields | undefined): unknown {
  const message = fields(list(list(outputs?.['generations'])[0])[0])?.['message']
  const stated = outputs?.['usage_metadata'] ?? metadata?.['usage_metadata']
    ?? fields(message)?.['usage_metadata'] ?? at(message, 'kwargs.usage_metadata')
  if (fields(stated) !== undefined) return stated
  const counts = fields(at(outputs, 'llm_output.token_usage')) ?? fields(at(outputs, 'llm_output.tokenUsage')) ?? fields(run['token_usage']) ?? run
  const [input, output] = [counts['prompt_tokens'] ?? counts['promptTokens'], counts['completion_tokens'] ?? counts['completionTokens']]
  const isStated = [input, output].some((count) => (typeof count === 'number' || typeof count === 'string') && Number(count) > 0)
  if (!isStated || run['run_type'] !== 'llm') return undefined
  return {
    input_tokens: input, output_tokens: output,
    input_token_details: counts['prompt_token_details'], output_token_details: counts['completion_token_details'],
  }
}
