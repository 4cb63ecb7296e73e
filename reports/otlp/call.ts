import type { Attempt, LlmDetail } from '../../src/model/span.ts'
import type { Usage } from '../../src/model/usage.ts'
import { attributeList, type Named } from './attributes.ts'
import type { Source } from './span.ts'
import { unixNano } from './times.ts'
import { withoutNoise } from '../shared/numbers.ts'

/** A longer usage object of a provider's is left out. */
const MAX_RAW_CHARS = 4_096

/** Of a call of a model, or of a span that repeats those below it. What the conventions have no name for is `spanwise.*`. */
export function callAttributes({ call, span, semconv }: Source): Named[] {
  const detail = span === undefined ? call : span.llm
  if (detail === undefined) return []
  const usage = detail.usage ?? call?.usage
  const firstTokenNs = span === undefined ? call?.ttftNs : since(span.start, span.llm?.firstToken)
  return [
    ['gen_ai.provider.name', detail.provider],
    ['gen_ai.request.model', detail.requestModel],
    ['gen_ai.request.max_tokens', span?.llm?.maxOutputTokens],
    ['gen_ai.request.stream', span?.llm?.streamed === true ? true : undefined],
    ['gen_ai.response.model', detail.responseModel],
    ['gen_ai.response.id', span?.llm?.responseId],
    ['gen_ai.response.finish_reasons', detail.finishReasons],
    ['gen_ai.response.time_to_first_chunk', firstTokenNs === undefined ? undefined : { double: firstTokenNs / 1e9 }],
    ...(usage === undefined ? [] : usageAttributes(usage, semconv)),
    ['spanwise.cost.usd', call?.costUsd === undefined ? undefined : { double: withoutNoise(call.costUsd) }],
    ...(span?.llm === undefined ? [] : detailAttributes(span.llm, span.start)),
  ]
}

function detailAttributes({ api, lastToken, chunks, toolCalls }: LlmDetail, start: number): Named[] {
  const asked = toolCalls?.map(({ id, name, argumentsChars }) => ({ id, name, argumentsChars }))
  return [
    ['spanwise.llm.api', api],
    ['spanwise.llm.last_token_ns', since(start, lastToken)],
    ['spanwise.llm.chunks', chunks],
    ['spanwise.llm.tool_calls', asked === undefined || asked.length === 0 ? undefined : JSON.stringify(asked)],
  ]
}

const since = (start: number, time: number | undefined): number | undefined => (time === undefined ? undefined : Math.max(0, time - start))

/** The conventions forbid to report counts that nobody measured: estimates are under names of our own. */
function usageAttributes({ input, output, requests, extra, source, complete, raw }: Usage, semconv: Source['semconv']): Named[] {
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
    ['spanwise.usage.complete', complete],
    ['spanwise.usage.web_search_requests', requests?.webSearch],
    ['spanwise.usage.web_fetch_requests', requests?.webFetch],
    ...under('spanwise.usage.cache_write_by_ttl', input?.cacheWriteByTtl),
    ...under('spanwise.usage.extra', extra),
    ['spanwise.usage.raw', rawText(raw)],
  ]
}

const under = (prefix: string, counts: Readonly<Record<string, number>> = {}): Named[] =>
  Object.entries(counts).map(([key, count]): Named => [`${prefix}.${key}`, count])

/** A cut text would be no JSON. */
function rawText(raw: unknown): string | undefined {
  const text = raw === undefined ? undefined : JSON.stringify(raw)
  return text === undefined || text.length > MAX_RAW_CHARS ? undefined : text
}

/** One HTTP request of a call. */
export function attemptEvent({ start, firstByte, end, status, error, waitNs }: Attempt, index: number, epochMs: number): unknown {
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
