import type { Analysis, CallSummary, SpanView } from '../../src/model/analysis.ts'
import type { AttributeValue, Outcome, Span } from '../../src/model/span.ts'
import { attributeList, compact, type Named } from './attributes.ts'
import { attemptEvent, callAttributes } from './call.ts'
import { unixNano } from './times.ts'

export interface Source {
  readonly analysis: Analysis
  readonly view: SpanView
  readonly call: CallSummary | undefined
  /** As it was recorded; only where the trace is at hand. */
  readonly span: Span | undefined
  readonly semconv: '1.41' | 'latest'
}

const KIND = { internal: 1, client: 3 } as const
const STATUS_ERROR = 2

/** One `Span` of OTLP. */
export function otlpSpan(source: Source): unknown {
  const { analysis: { run }, view, call, span } = source
  const operation = operationOf(source)
  const links = [
    ...(view.issuedBy === undefined ? [] : [link(run.traceId, view.issuedBy, 'issued_by')]),
    ...(span?.dependsOn ?? []).map((id) => link(run.traceId, id, 'depends_on')),
  ]
  const attempts = span?.llm?.attempts ?? call?.attempts ?? []
  const events = attempts.map((attempt, index) => attemptEvent(attempt, index, run.startedAtEpochMs))
  return compact({
    traceId: run.traceId,
    spanId: view.id,
    parentSpanId: view.parentId,
    name: nameOf(source, operation),
    kind: isRemote(view) ? KIND.client : KIND.internal,
    startTimeUnixNano: unixNano(run.startedAtEpochMs, view.startNs),
    endTimeUnixNano: unixNano(run.startedAtEpochMs, view.endNs),
    attributes: attributeList(withUsers([
      ['gen_ai.operation.name', operation],
      ...callAttributes(source),
      ...toolAttributes(source),
      ['gen_ai.agent.name', view.category === 'agent' ? view.name : undefined],
      ['error.type', view.outcome.state === 'failed' ? view.outcome.type : undefined],
      ...ownAttributes(source),
    ], Object.entries(view.attributes ?? {}))),
    events: events.length > 0 ? events : undefined,
    links: links.length > 0 ? links : undefined,
    status: statusOf(view.outcome),
  })
}

/**
 * The user's attributes after ours. Of those with names like ours Spanwise would not know whose they are: `spanwise.attributes`
 * lists them, and one that has to give way to a name of ours is kept under `spanwise.attribute.`.
 */
function withUsers(ours: readonly Named[], users: readonly (readonly [string, AttributeValue])[]): Named[] {
  const taken = new Set(['spanwise.attributes', ...ours.flatMap(([key, value]) => (value === undefined ? [] : key))])
  const alike = users.map(([key]) => key).filter((key) => /^(gen_ai|spanwise)\.|^error\.type$/.test(key) && !taken.has(key))
  return [
    ...ours,
    ['spanwise.attributes', alike.length > 0 ? alike : undefined],
    ...users.map(([key, value]): Named => [taken.has(key) ? `spanwise.attribute.${key}` : key, value]),
  ]
}

/** A failure alone has a status: success is told by the user, not by a library. */
const statusOf = (outcome: Outcome): unknown =>
  (outcome.state === 'failed' ? { code: STATUS_ERROR, message: outcome.message } : {})

const isRemote = ({ category }: SpanView): boolean =>
  category === 'llm' || category === 'embedding' || category === 'retrieval'

const memoryOperations = new Set([
  'create_memory_store', 'search_memory', 'create_memory', 'update_memory', 'upsert_memory', 'delete_memory', 'delete_memory_store',
])

function operationOf({ view: { category, name }, span, call }: Source): string | undefined {
  if (span?.llm !== undefined) return span.llm.operation
  switch (category) {
    case 'llm': return call === undefined ? undefined : 'chat'
    case 'embedding': return 'embeddings'
    case 'tool': return 'execute_tool'
    case 'agent': return 'invoke_agent'
    case 'retrieval': return 'retrieval'
    case 'memory': return memoryOperations.has(name) ? name : undefined
    default: return undefined
  }
}

/** `chat gpt-5-mini`, `execute_tool search`: as the conventions have it. The span's own name is in `spanwise.name`. */
function nameOf({ view, span, call }: Source, operation: string | undefined): string {
  if (operation === undefined || view.category === 'memory') return view.name
  const detail = span?.llm ?? call
  const model = detail?.requestModel ?? detail?.responseModel
  if (detail !== undefined) return model === undefined ? operation : `${operation} ${model}`
  return `${operation} ${span?.tool?.name ?? view.name}`
}

function toolAttributes({ view, span }: Source): Named[] {
  if (view.category !== 'tool' && span?.tool === undefined) return []
  return [
    ['gen_ai.tool.name', span?.tool?.name ?? view.name],
    ['gen_ai.tool.call.id', span?.tool?.callId],
    ['gen_ai.tool.type', 'function'],
    ['spanwise.tool.yielded', span?.tool?.yielded],
  ]
}

function ownAttributes({ analysis, view, span }: Source): Named[] {
  const { outcome, resources } = view
  return [
    ['spanwise.name', view.name],
    ['spanwise.category', view.category],
    ['spanwise.outcome', outcome.state === 'open' || outcome.state === 'cancelled' ? outcome.state : undefined],
    ...(view.parentId === undefined ? runAttributes(analysis, span?.start ?? 0) : []),
    ...Object.entries(resources ?? {}).map(([key, value]): Named => [`spanwise.resources.${snakeCase(key)}`, value]),
  ]
}

/** Of the run; they stand on its first span. */
function runAttributes({ run, overhead: { dropped, selfNs, selfErrors } }: Analysis, start: number): Named[] {
  const counted = (count: number): number | undefined => (count > 0 ? count : undefined)
  return [
    ['spanwise.run.name', run.name],
    ['spanwise.run.first_span_ns', start === 0 ? undefined : start],
    ...Object.entries(run.tags ?? {}).map(([key, value]): Named => [`spanwise.tag.${key}`, value]),
    ['spanwise.dropped.spans', counted(dropped.spans)],
    ['spanwise.dropped.content_chars', counted(dropped.contentChars)],
    ['spanwise.dropped.parts', counted(dropped.parts)],
    ['spanwise.dropped.attributes', dropped.attributes],
    ['spanwise.overhead_ns', counted(selfNs)],
    ['spanwise.self_errors', counted(selfErrors)],
  ]
}

const snakeCase = (name: string): string => name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

function link(traceId: string, spanId: string, reason: 'issued_by' | 'depends_on'): unknown {
  return { traceId, spanId, attributes: attributeList([['spanwise.link', reason]]) }
}
