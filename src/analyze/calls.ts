import type { CallPhases, CallSummary } from '../model/analysis.ts'
import { callRoles } from '../model/call-roles.ts'
import type { Attempt, LlmDetail, Span, Trace } from '../model/span.ts'
import type { Usage } from '../model/usage.ts'
import { NS_PER_S } from '../model/units.ts'
import type { Pricing } from '../models/prices.ts'
import { compact } from './compact.ts'
import { gapsBefore, phasesOf } from './phases.ts'
import { bytes, giveBack } from './room.ts'
import type { Timeline } from './timeline.ts'
import type { TokenCounter } from './token-counter.ts'
import { callUsage, type Estimate } from './usage-estimates.ts'

/** A call of a model: the summary that reports see, and what the other steps of the analysis need beside it. */
export interface Call {
  /** Index of its span in the timeline. */
  readonly span: number
  readonly summary: CallSummary
  readonly llm: LlmDetail | undefined
  /** The parts of its request; empty where they are not known. */
  readonly request: readonly number[]
  readonly estimate: Estimate | undefined
  /** It failed before anything was generated; nothing is billed. */
  readonly unanswered: boolean
  /** Embeddings are calls of a model with usage and cost, but no LLM calls and without a context window to fill. */
  readonly isEmbedding: boolean
}

/** The calls that count, in order of start; {@link callRoles} says which. */
export function findCalls(trace: Trace, timeline: Timeline, counter: TokenCounter | false, pricing: () => Pricing): Call[] {
  const calls: Call[] = []
  let gaps: Float64Array | undefined
  for (const i of placesOfCalls(timeline)) {
    const span = timeline.spans[i]!
    const { usage, estimate } = callUsage(trace, span, counter)
    const unanswered = usage === undefined && span.outcome.state === 'failed'
    const costUsd = usage === undefined ? undefined : costOf(trace, span, usage, pricing())
    const phases = phasesOf(span, timeline.start[i]!, timeline.end[i]!)
    const gapNs = compact((gaps ??= gapsBefore(timeline))[i]!)
    const durationNs = timeline.end[i]! - timeline.start[i]!
    calls.push({
      span: i, estimate, unanswered, llm: span.llm, request: span.llm?.requestParts ?? NO_PARTS,
      isEmbedding: span.category === 'embedding' || span.llm?.operation === 'embeddings',
      summary: summarize(span, compact(durationNs), calls.length + 1, usage, costUsd, phases, gapNs, unanswered),
    })
  }
  if (gaps !== undefined) giveBack(gaps)
  return calls
}

/** Where none of them lies in another, which is nearly always so, each counts. */
function placesOfCalls({ spans, parent, topDown, kinds, kind, models }: Timeline): readonly number[] {
  const isNamed = kinds.map(({ category }) => category === 'llm')
  const inside = bytes(spans.length)
  for (let at = 0; at < models.length; at++) inside[models[at]!] = CALL
  for (let i = 0; i < kind.length; i++) if (isNamed[kind[i]!]!) inside[i] = CALL
  const places: number[] = []
  for (let i = 0; i < inside.length; i++) if (inside[i] === CALL) places.push(i)
  for (let at = 0; at < topDown.length; at++) {
    const i = topDown[at]!
    if (parent[i] === -1 || inside[parent[i]!] === 0) continue
    if (inside[i] === CALL) {
      const roles = callRoles(spans, parent, topDown)
      return places.filter((place) => roles[place] === 'call')
    }
    inside[i] = BELOW_CALL
  }
  giveBack(inside)
  return places
}

const CALL = 1
const BELOW_CALL = 2

function summarize(
  span: Span, durationNs: number, number: number, usage: Usage | undefined, costUsd: number | undefined, phases: CallPhases | undefined,
  gapNs: number, unanswered: boolean,
): CallSummary {
  const { id: spanId, start, llm = NO_DETAIL } = span
  const { attempts = NO_ATTEMPTS, responseModel, finishReasons, firstToken } = llm
  const provider = llm.provider ?? textAttribute(span, 'gen_ai.provider.name') ?? 'unknown'
  const requestModel = llm.requestModel ?? textAttribute(span, 'gen_ai.request.model')
  const ttftNs = firstToken === undefined ? undefined : compact(Math.max(0, firstToken - start))
  const decodeNs = decodeTime(llm)
  const rate = decodeNs ? (usage?.output?.total ?? NaN) * NS_PER_S / decodeNs : NaN
  const retryNs = retryTime(attempts)
  // The usual shapes written out: what is spread together takes twice the room and several times as long.
  if (
    requestModel !== undefined && responseModel !== undefined && ttftNs !== undefined && decodeNs !== undefined && !Number.isNaN(rate)
    && finishReasons !== undefined && usage !== undefined && costUsd !== undefined && phases !== undefined && !unanswered
  ) {
    return Number.isNaN(gapNs) ? {
      spanId, number, provider, requestModel, responseModel, durationNs, ttftNs, decodeNs, outputTokensPerSecond: rate, retryNs, attempts,
      finishReasons, usage, costUsd, phases,
    } : {
      spanId, number, provider, requestModel, responseModel, durationNs, ttftNs, decodeNs, outputTokensPerSecond: rate, retryNs, attempts,
      finishReasons, usage, costUsd, phases, gapNs,
    }
  }
  return {
    spanId, number, provider,
    ...(requestModel !== undefined && { requestModel }),
    ...(responseModel !== undefined && { responseModel }),
    durationNs,
    ...(ttftNs !== undefined && { ttftNs }),
    ...(decodeNs !== undefined && { decodeNs }),
    ...(!Number.isNaN(rate) && { outputTokensPerSecond: rate }),
    retryNs, attempts,
    ...(finishReasons !== undefined && { finishReasons }),
    ...(usage !== undefined && { usage }),
    ...(costUsd !== undefined && { costUsd }),
    ...(phases !== undefined && { phases }),
    ...(!Number.isNaN(gapNs) && { gapNs }),
    ...(unanswered && { unanswered: true as const }),
  }
}

const NO_PARTS: readonly number[] = Object.freeze([])
const NO_DETAIL: Partial<LlmDetail> = Object.freeze({})
const NO_ATTEMPTS: readonly Attempt[] = Object.freeze([])

function decodeTime({ firstToken, lastToken }: Partial<LlmDetail>): number | undefined {
  return firstToken !== undefined && lastToken !== undefined && lastToken >= firstToken ? compact(lastToken - firstToken) : undefined
}

/** From the first attempt to the last: the failed ones and the waits after them. */
function retryTime(attempts: readonly Attempt[]): number {
  const first = attempts[0]
  const last = attempts.at(-1)
  return first === undefined || last === undefined ? 0 : compact(Math.max(0, last.start - first.start))
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
    serviceTier: llm.serviceTier,
    epochMs: trace.startedAtEpochMs + start / 1e6,
  })
}

/** The calls of each answering model and provider, in order of their first. */
export function byModel(calls: readonly Call[]): (readonly [Call, ...Call[]])[] {
  const groups: [Call, ...Call[]][] = []
  const places = new Map<string, Map<string, number>>()
  for (const call of calls) {
    const model = modelOf(call.summary)
    let ofModel = places.get(model)
    if (ofModel === undefined) places.set(model, (ofModel = new Map()))
    const place = ofModel.get(call.summary.provider)
    if (place === undefined) ofModel.set(call.summary.provider, groups.push([call]) - 1)
    else groups[place]!.push(call)
  }
  return groups
}

/** The model that answered, else the one that was asked; what totals are grouped by. */
export const modelOf = ({ responseModel, requestModel }: CallSummary): string => responseModel ?? requestModel ?? 'unknown'
