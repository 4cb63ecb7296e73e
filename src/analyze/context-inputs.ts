import type { PrefillLatency } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import type { SpanValues } from '../model/values.ts'
import type { Pricing } from '../models/prices.ts'
import type { WindowTable } from '../models/windows.ts'
import type { CacheInputs } from './cache-inputs.ts'
import { InputPrices } from './cache-prices.ts'
import { modelOf, type Call } from './calls.ts'
import type { ContextInputs } from './context.ts'
import { conversationsOf } from './context-conversations.ts'
import { toolNames } from './context-parts.ts'
import { PartWeights } from './context-weights.ts'
import type { Timeline } from './timeline.ts'
import type { TokenCounter } from './token-counter.ts'
import { groupBy } from './group-by.ts'
import { byText } from './totals.ts'

interface Given {
  readonly trace: Trace
  readonly timeline: Timeline
  readonly calls: readonly Call[]
  readonly latency: readonly PrefillLatency[]
  readonly values: readonly (SpanValues | undefined)[]
  readonly counter: TokenCounter | false
  readonly pricing: () => Pricing
  readonly windows: () => WindowTable
  readonly threshold: number
}

/** What the steps on context and prompt caches share, made once. */
export function contextInputs(given: Given): ContextInputs & CacheInputs {
  const { trace, timeline, calls, counter, pricing } = given
  return {
    ...given,
    conversations: conversationsOf(trace, timeline, calls),
    weights: new PartWeights(trace, counter, commonModel(calls)),
    prices: new InputPrices(trace, timeline, pricing),
    names: toolNames(trace),
  }
}

/** The model of most calls: its tokenizer weighs all parts. */
function commonModel(calls: readonly Call[]): string {
  const groups = [...groupBy(calls.filter(({ isEmbedding }) => !isEmbedding), ({ summary }) => modelOf(summary))]
  groups.sort(([a, x], [b, y]) => y.length - x.length || byText(a, b))
  return groups[0]?.[0] ?? ''
}
