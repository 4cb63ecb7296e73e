import type { LlmCall, LlmCallStart, Outcome } from '../../src/kit.ts'
import { errorType, kindSaid, readFacts, toolTexts, type CallFacts, type Facts } from '../shared/otel/facts.ts'
import { eventsOfSpan } from '../shared/otel/events.ts'
import type { AttributeMap } from '../shared/otel/values.ts'
import { epochNsOf, scopeOf, type OtelSpan } from './shapes.ts'

/** What a span says now; more of it may come until it ends. */
export interface Said extends Facts {
  /** Whether it has to do with models, agents or tools. */
  readonly isGenAi: boolean
  readonly texts: ReturnType<typeof toolTexts>
}

export function read(span: OtelSpan): Said {
  const attributes = attributesOf(span)
  const facts = readFacts(attributes, scopeOf(span), span.name, epochNsOf(span.startTime), eventsOfSpan({ events: span.events }))
  return { ...facts, isGenAi: facts.llm !== undefined || kindSaid(attributes, scopeOf(span)) !== undefined, texts: toolTexts(attributes) }
}

const attributesOf = ({ attributes }: OtelSpan): AttributeMap => new Map(Object.entries(attributes))

export const isGenAi = (span: OtelSpan): boolean => kindSaid(attributesOf(span), scopeOf(span)) !== undefined

export function callStart({ category }: Facts, { provider, operation, api, requestModel }: CallFacts, name: string): LlmCallStart {
  return { name: requestModel ?? name, category, provider, operation, api }
}

/** What is known when a call begins: in any case the model, with some emitters all that is sent. */
export function tellRequest(call: LlmCall, { requestModel, maxOutputTokens, request }: CallFacts): boolean {
  if (requestModel !== undefined) call.draft.requestModel = requestModel
  if (maxOutputTokens !== undefined) call.draft.maxOutputTokens = maxOutputTokens
  for (const part of request) call.requestText(part)
  return request.length > 0
}

/** @param startNs that of the span, since 1970 */
export function tellAnswer(call: LlmCall, facts: CallFacts, startNs: bigint): void {
  const { draft, span } = call
  const { provider, operation, api, streamed, responseModel, responseId, finishReasons, usage, serviceTier, firstTokenNs, response } = facts
  Object.assign(draft, { provider, operation, api, streamed })
  if (responseModel !== undefined) draft.responseModel = responseModel
  if (responseId !== undefined) draft.responseId = responseId
  if (finishReasons !== undefined) draft.finishReasons = finishReasons
  if (serviceTier !== undefined) draft.serviceTier = serviceTier
  call.usage(usage)
  const firstToken = firstTokenNs === undefined ? undefined : span.start + Number(firstTokenNs - startNs)
  if (firstToken !== undefined && firstToken >= span.start && firstToken <= span.run.now()) draft.firstToken = firstToken
  call.responseParts(response)
  call.askedTools(response.filter(({ kind }) => kind === 'tool-call').map((part) => ({ id: part.callId, name: part.name ?? '', arguments: part.text })))
}

/** OpenTelemetry's `SpanStatusCode.ERROR`. */
const ERROR = 2
const ABORTED = new Set(['AbortError', 'APIUserAbortError'])
/** With these LangGraph stops to wait for somebody, or goes on elsewhere. */
const CONTROL_FLOW = new Set(['GraphInterrupt', 'NodeInterrupt', 'GraphBubbleUp', 'ParentCommand'])

export function outcomeOfSpan(span: OtelSpan): Outcome {
  if (span.status.code !== ERROR) return { state: 'ok' }
  const exception = span.events.find(({ name }) => name === 'exception')?.attributes
  const type = errorType(attributesOf(span)) ?? textOf(exception?.['exception.type']) ?? 'Error'
  if (ABORTED.has(type)) return { state: 'cancelled' }
  if (CONTROL_FLOW.has(type)) return { state: 'ok' }
  return { state: 'failed', type, message: span.status.message ?? textOf(exception?.['exception.message']) ?? '' }
}

const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)
