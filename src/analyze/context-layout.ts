import type { Trace } from '../model/span.ts'
import type { Call } from './calls.ts'
import type { PartWeights } from './context-weights.ts'
import type { Timeline } from './timeline.ts'

/** Where the parts of a request stand in its input, in tokens of the provider's own count. */
export interface Layout {
  /** Indexes into `Trace.parts`; what the server kept of the conversation is not among them. */
  readonly parts: readonly number[]
  /** Tokens before each part, and at the end the input's total. */
  readonly at: Float64Array
  /** Tokens before the first part that the request itself does not hold. */
  readonly kept: number
}

const NONE: readonly number[] = Object.freeze([])

/** Whether a request goes on from an answer that the server keeps, so that it does not hold what came before. */
export const isContinued = ({ spans }: Timeline, { span }: Call): boolean =>
  spans[span]!.attributes?.['gen_ai.request.previous_response.id'] !== undefined

/** Undefined when the request's parts or its input count are not known. */
export function layoutOf(trace: Trace, timeline: Timeline, call: Call, weights: PartWeights): Layout | undefined {
  const total = call.summary.usage?.input?.total
  const parts = (timeline.spans[call.span]!.llm?.requestParts ?? NONE).filter((index) => trace.parts[index] !== undefined)
  if (total === undefined || parts.length === 0) return undefined
  let sum = 0
  for (const index of parts) sum += weights.of(index)
  if (sum <= 0) return undefined
  const kept = isContinued(timeline, call) ? Math.max(0, total - sum) : 0
  const scale = (total - kept) / sum
  const at = new Float64Array(parts.length + 1)
  at[0] = kept
  for (let i = 0; i < parts.length; i++) at[i + 1] = at[i]! + weights.of(parts[i]!) * scale
  return { parts, at, kept }
}
