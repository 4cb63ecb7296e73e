import type { CallSummary } from '../model/analysis.ts'
import { callRoles } from '../model/call-roles.ts'
import type { Attempt, LlmDetail, Span, Trace } from '../model/span.ts'
import type { Usage } from '../model/usage.ts'
import { NS_PER_S } from '../model/units.ts'
import type { Pricing } from '../models/prices.ts'
import type { Timeline } from './timeline.ts'
import type { TokenCounter } from './token-counter.ts'
import { callUsage, type Estimate } from './usage-estimates.ts'

/** A call of a model: the summary that reports see, and what the other steps of the analysis need beside it. */
export interface Call {
  /** Index of its span in the timeline. */
  readonly span: number
  readonly summary: CallSummary
  readonly estimate: Estimate | undefined
  /** It failed before anything was generated; nothing is billed. */
  readonly unanswered: boolean
  /** Embeddings are calls of a model with usage and cost, but no LLM calls and without a context window to fill. */
  readonly isEmbedding: boolean
}

/** The calls that count, in order of start; {@link callRoles} says which. */
export function findCalls(trace: Trace, timeline: Timeline, counter: TokenCounter | false, pricing: () => Pricing): Call[] {
  const calls: Call[] = []
  const roles = callRoles(timeline.spans, timeline.parent, timeline.topDown)
  timeline.spans.forEach((span, i) => {
    if (roles[i] !== 'call') return
    const { usage, estimate } = callUsage(trace, span, counter)
    const unanswered = usage === undefined && span.outcome.state === 'failed'
    const costUsd = usage === undefined ? undefined : costOf(trace, span, usage, pricing())
    calls.push({
      span: i, estimate, unanswered,
      isEmbedding: span.category === 'embedding' || span.llm?.operation === 'embeddings',
      summary: {
        ...summarize(span, timeline.end[i]! - timeline.start[i]!, calls.length + 1, usage, costUsd),
        ...(unanswered && { unanswered: true as const }),
      },
    })
  })
  return calls
}

function summarize(
  span: Span, durationNs: number, number: number, usage: Usage | undefined, costUsd: number | undefined,
): CallSummary {
  const llm: Partial<LlmDetail> = span.llm ?? {}
  const attempts = llm.attempts ?? []
  const { requestModel = textAttribute(span, 'gen_ai.request.model'), responseModel, finishReasons, firstToken } = llm
  const decodeNs = decodeTime(llm)
  const rate = decodeNs ? (usage?.output?.total ?? NaN) * NS_PER_S / decodeNs : NaN
  return {
    spanId: span.id,
    number,
    provider: llm.provider ?? textAttribute(span, 'gen_ai.provider.name') ?? 'unknown',
    ...(requestModel !== undefined && { requestModel }),
    ...(responseModel !== undefined && { responseModel }),
    durationNs,
    ...(firstToken !== undefined && { ttftNs: Math.max(0, firstToken - span.start) }),
    ...(decodeNs !== undefined && { decodeNs }),
    ...(!Number.isNaN(rate) && { outputTokensPerSecond: rate }),
    retryNs: retryTime(attempts),
    attempts,
    ...(finishReasons !== undefined && { finishReasons }),
    ...(usage !== undefined && { usage }),
    ...(costUsd !== undefined && { costUsd }),
  }
}

function decodeTime({ firstToken, lastToken }: Partial<LlmDetail>): number | undefined {
  return firstToken !== undefined && lastToken !== undefined && lastToken >= firstToken ? lastToken - firstToken : undefined
}

/** From the first attempt to the last: the failed ones and the waits after them. */
function retryTime(attempts: readonly Attempt[]): number {
  const first = attempts[0]
  const last = attempts.at(-1)
  return first === undefined || last === undefined ? 0 : Math.max(0, last.start - first.start)
}

const textAttribute = (span: Span, name: string): string | undefined => {
  const value = span.attributes?.[name]
  return typeof value === 'string' ? value : undefined
}

/** Half a usage has no price: what is missing would count as free. */
function costOf(trace: Trace, { llm, start }: Span, usage: Usage, pricing: Pricing): number | undefined {
  if (llm === undefined || usage.input === undefined) return undefined
  if (usage.output === undefined && llm.operation !== 'embeddings') return undefined
  return pricing.price({
    provider: llm.provider,
    models: [llm.responseModel, llm.requestModel],
    usage,
    epochMs: trace.startedAtEpochMs + start / 1e6,
  })
}

/** The model that answered, else the one that was asked; what totals are grouped by. */
export const modelOf = ({ responseModel, requestModel }: CallSummary): string => responseModel ?? requestModel ?? 'unknown'
