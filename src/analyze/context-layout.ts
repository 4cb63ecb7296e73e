import { isPartial } from '../model/marks.ts'
import type { Trace } from '../model/span.ts'
import type { Call } from './calls.ts'
import type { PartWeights } from './context-weights.ts'
import type { Timeline } from './timeline.ts'

/** Where the parts of a request stand in its input, in tokens of the provider's own count. */
export interface Layout {
  /** Indexes into `Trace.parts`; what the server kept of the conversation is not among them. */
  readonly parts: readonly number[]
  /** Tokens before each part, and after the last one the input's total. Holds until the next layout is asked for. */
  readonly at: Float64Array
  /** Tokens before the first part that are none of the parts': the request itself, or its recording, does not hold them. */
  readonly kept: number
  /** Who has them. */
  readonly keptAs: 'kept by the server' | 'not recorded'
}

/** Whether a request goes on from an answer that the server keeps, so that it does not hold what came before. */
export const isContinued = ({ spans }: Timeline, { span }: Call): boolean =>
  spans[span]!.attributes?.['gen_ai.request.previous_response.id'] !== undefined

/** Undefined when the request's parts or its input count are not known. */
export function layoutOf(trace: Trace, timeline: Timeline, call: Call, weights: PartWeights): Layout | undefined {
  const total = call.summary.usage?.input?.total
  const parts = knownParts(call.request, trace)
  if (total === undefined || parts.length === 0) return undefined
  const at = weights.room(parts.length + 1)
  let sum = 0
  for (let i = 0; i < parts.length; i++) {
    at[i] = weights.of(parts[i]!)
    sum += at[i]!
  }
  if (sum <= 0) return undefined
  const isContinuedHere = isContinued(timeline, call)
  const kept = isContinuedHere || isPartial(timeline.spans[call.span]!) ? Math.max(0, total - sum) : 0
  const scale = (total - kept) / sum
  let next = kept
  for (let i = 0; i < parts.length; i++) {
    const here = next
    next = here + at[i]! * scale
    at[i] = here
  }
  at[parts.length] = next
  return { parts, at, kept, keptAs: isContinuedHere ? 'kept by the server' : 'not recorded' }
}

/** The list itself where the trace has all of them. */
function knownParts(parts: readonly number[], { parts: { length } }: Trace): readonly number[] {
  for (let at = 0; at < parts.length; at++) {
    if (!(parts[at]! >= 0 && parts[at]! < length)) return parts.filter((one) => one >= 0 && one < length)
  }
  return parts
}
