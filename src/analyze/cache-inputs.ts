import type { PrefillLatency } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import type { InputTokens } from '../model/usage.ts'
import type { InputPrices } from './cache-prices.ts'
import type { Call } from './calls.ts'
import type { Conversations } from './context-conversations.ts'
import type { PartWeights } from './context-weights.ts'
import type { Timeline } from './timeline.ts'

/** What the steps on prompt caches look at. */
export interface CacheInputs {
  readonly trace: Trace
  readonly timeline: Timeline
  readonly calls: readonly Call[]
  readonly conversations: Conversations
  readonly weights: PartWeights
  readonly prices: InputPrices
  readonly latency: readonly PrefillLatency[]
}

/** The input of a call by what is paid for it; only what the provider counted itself. */
export const inputOf = ({ summary: { usage }, estimate, isEmbedding }: Call): InputTokens | undefined =>
  estimate === undefined && !isEmbedding && (usage?.input?.total ?? 0) > 0 ? usage!.input : undefined
