import type { Analysis, CallSummary, SpanView } from '../../src/model/analysis.ts'
import type { Attempt, Outcome, Span } from '../../src/model/span.ts'
import type { Usage } from '../../src/model/usage.ts'
import { attributeList, compact, type Named } from './attributes.ts'

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
    attributes: attributeList([
      ['gen_ai.operation.name', operation],
      ...callAttributes(source),
      ...toolAttributes(source),
      ['gen_ai.agent.name', view.category === 'agent' ? view.name : undefined],
      ['error.type', view.outcome.state === 'failed' ? view.outcome.type : undefined],
      ...ownAttributes(source),
      ...Object.entries(view.attributes ?? {}),
    ]),
    events: events.length > 0 ? events : undefined,
    links: links.length > 0 ? links : undefined,
    status: statusOf(view.outcome),
  })
}

/**
 * Nanoseconds since 1970 as a decimal text: a JavaScript number would round them to about 200 ns.
 * The fields are unsigned: what lies before 1970 is written as 0.
 */
export function unixNano(epochMs: number, ns: number): string {
  const wholeMs = Math.floor(epochMs)
  const time = BigInt(wholeMs) * 1_000_000n + BigInt(Math.round((epochMs - wholeMs) * 1e6)) + BigInt(Math.round(ns))
  return String(time > 0n ? time : 0n)
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
  const model = call?.requestModel ?? call?.responseModel
  if (call !== undefined) return model === undefined ? operation : `${operation} ${model}`
  return `${operation} ${span?.tool?.name ?? view.name}`
}

function callAttributes({ call, span, semconv }: Source): Named[] {
  if (call === undefined) return []
  const usage = span?.llm?.usage ?? call.usage
  return [
    ['gen_ai.provider.name', call.provider],
    ['gen_ai.request.model', call.requestModel],
    ['gen_ai.request.max_tokens', span?.llm?.maxOutputTokens],
    ['gen_ai.request.stream', span?.llm?.streamed === true ? true : undefined],
    ['gen_ai.response.model', call.responseModel],
    ['gen_ai.response.id', span?.llm?.responseId],
    ['gen_ai.response.finish_reasons', call.finishReasons],
    ['gen_ai.response.time_to_first_chunk', call.ttftNs === undefined ? undefined : { double: call.ttftNs / 1e9 }],
    ...(usage === undefined ? [] : usageAttributes(usage, semconv)),
    ['spanwise.cost.usd', call.costUsd === undefined ? undefined : { double: call.costUsd }],
  ]
}

/** The conventions forbid to report counts that nobody measured: estimates are under names of our own. */
function usageAttributes({ input, output, source, complete }: Usage, semconv: Source['semconv']): Named[] {
  const prefix = source === 'provider' ? 'gen_ai.usage' : 'spanwise.usage'
  const cacheWrite = semconv === 'latest' ? 'cache_write' : 'cache_creation'
  // A zero here may be one that nobody told.
  const told = (count: number | undefined): number | undefined => (count === undefined || count === 0 ? undefined : count)
  return [
    [`${prefix}.input_tokens`, input?.total],
    [`${prefix}.cache_read.input_tokens`, told(input?.cacheRead)],
    [`${prefix}.${cacheWrite}.input_tokens`, told(input?.cacheWrite)],
    [`${prefix}.output_tokens`, output?.total],
    [`${prefix}.reasoning.output_tokens`, told(output?.reasoning)],
    ['spanwise.usage.source', source === 'provider' ? undefined : source],
    ['spanwise.usage.complete', complete ? undefined : false],
  ]
}

function toolAttributes({ view, span }: Source): Named[] {
  if (view.category !== 'tool' && span?.tool === undefined) return []
  return [
    ['gen_ai.tool.name', span?.tool?.name ?? view.name],
    ['gen_ai.tool.call.id', span?.tool?.callId],
    ['gen_ai.tool.type', 'function'],
  ]
}

function ownAttributes({ view, analysis: { run, overhead } }: Source): Named[] {
  const isRoot = view.parentId === undefined
  return [
    ['spanwise.name', view.name],
    ['spanwise.category', view.category],
    ['spanwise.outcome', view.outcome.state === 'open' || view.outcome.state === 'cancelled' ? view.outcome.state : undefined],
    ['spanwise.run.name', isRoot ? run.name : undefined],
    ...(isRoot ? Object.entries(run.tags ?? {}).map(([key, value]): Named => [`spanwise.tag.${key}`, value]) : []),
    ['spanwise.dropped.spans', isRoot && overhead.dropped.spans > 0 ? overhead.dropped.spans : undefined],
  ]
}

function link(traceId: string, spanId: string, reason: 'issued_by' | 'depends_on'): unknown {
  return { traceId, spanId, attributes: attributeList([['spanwise.link', reason]]) }
}

/** One HTTP request of a call. */
function attemptEvent({ start, firstByte, end, status, error, waitNs }: Attempt, index: number, epochMs: number): unknown {
  return {
    timeUnixNano: unixNano(epochMs, start),
    name: 'spanwise.attempt',
    attributes: attributeList([
      ['http.request.resend_count', index > 0 ? index : undefined],
      ['http.response.status_code', status],
      ['error.type', error ?? (status !== undefined && status >= 400 ? String(status) : undefined)],
      ['spanwise.attempt.duration_ns', end === undefined ? undefined : end - start],
      ['spanwise.attempt.first_byte_ns', firstByte === undefined ? undefined : firstByte - start],
      ['spanwise.attempt.wait_ns', waitNs],
    ]),
  }
}
