import type { ContextSummary, DefinitionUse, DuplicateContent, ResultStay } from '../model/analysis.ts'
import { hashText } from '../model/message.ts'
import type { Trace } from '../model/span.ts'
import { textOf } from '../model/transient.ts'
import type { SpanValues } from '../model/values.ts'
import type { InputPrices } from './cache-prices.ts'
import type { Call } from './calls.ts'
import type { Conversations } from './context-conversations.ts'
import { layoutOf } from './context-layout.ts'
import type { PartNames } from './context-parts.ts'
import type { PartWeights } from './context-weights.ts'
import type { Timeline } from './timeline.ts'
import { byText } from './totals.ts'

export interface StayInputs {
  readonly trace: Trace
  readonly timeline: Timeline
  readonly calls: readonly Call[]
  readonly conversations: Conversations
  readonly weights: PartWeights
  readonly prices: InputPrices
  readonly names: PartNames
  /** By span; undefined where a span's texts were not seen. */
  readonly values: readonly (SpanValues | undefined)[]
}

const MAX_RESULTS = 50
const MAX_DUPLICATES = 50
/** Shorter texts repeat by chance: "ok", "{}", a date. */
const MIN_DUPLICATE_TOKENS = 50

/** What one piece of content came to over the requests that carried it. */
interface Stay {
  firstCall: number
  lastCall: number
  turns: number
  tokens: number
  total: number
  cached: number
  /** NaN when a price is unknown. */
  cost: number
  /** Of that, the first request's. */
  firstCost: number
  uncachedCost: number
}

/**
 * What tool results, definitions and repeated content cost over all requests that carried them. What of a request came from a
 * cache is known by position: a cache holds a prefix.
 */
export function contextStays(inputs: StayInputs): Pick<ContextSummary, 'results' | 'definitions' | 'duplicates'> {
  const stays = new Stays(inputs)
  for (const call of inputs.calls) if (!call.isEmbedding && !call.unanswered) stays.add(call)
  const results = resultStays(inputs, stays.results)
  const definitions = definitionUses(inputs, stays.definitions)
  const duplicates = stays.duplicateContent()
  return {
    ...(results.length > 0 && { results }),
    ...(definitions.length > 0 && { definitions }),
    ...(duplicates.length > 0 && { duplicates }),
  }
}

class Stays {
  readonly results = new Map<number, Stay>()
  readonly definitions = new Map<string, Stay>()
  readonly #copies = new Map<string, Stay & { readonly part: number; copies: number }>()
  readonly #inputs: StayInputs
  /** What a part says, whatever its place; the same for parts with the same text. */
  readonly #contents = new Map<number, string>()

  constructor(inputs: StayInputs) {
    this.#inputs = inputs
  }

  /** Adds up one request. */
  add(call: Call): void {
    const { trace, timeline, weights, prices } = this.#inputs
    const layout = layoutOf(trace, timeline, call, weights)
    const input = call.summary.usage?.input
    if (layout === undefined || input === undefined) return
    const unit = prices.unit(call)
    const isWritten = input.cacheRead + input.cacheWrite
    const upTo = (limit: number, from: number, to: number): number => Math.max(0, Math.min(limit, to) - from)
    const spend = (stay: Stay, from: number, to: number): void => {
      const cached = upTo(input.cacheRead, from, to)
      const written = upTo(isWritten, from, to) - cached
      const uncached = to - from - cached - written
      stay.total += to - from
      stay.cached += cached
      const cost = unit === undefined ? NaN : cached * unit.read + written * unit.write + uncached * unit.uncached
      stay.cost += cost
      if (stay.turns === 1) stay.firstCost += cost
      stay.uncachedCost += unit === undefined ? NaN : (to - from) * unit.uncached
    }
    const seen = new Map<string, number>()
    const named = new Set<string>()
    layout.parts.forEach((index, i) => {
      const part = trace.parts[index]!
      const [from, to] = [layout.at[i]!, layout.at[i + 1]!]
      if (part.kind === 'tool-result') spend(turn(this.results, index, call, true, to - from), from, to)
      if (part.kind === 'tool-definition' && part.name !== undefined) {
        spend(turn(this.definitions, part.name, call, !named.has(part.name), to - from), from, to)
        named.add(part.name)
      }
      if (to - from < MIN_DUPLICATE_TOKENS || part.kind === 'tool-definition') return
      const content = this.#contentOf(index)
      const copies = (seen.get(content) ?? 0) + 1
      seen.set(content, copies)
      if (copies === 1) return
      const stay = turn(this.#copies, content, call, copies === 2, to - from, { part: index, copies })
      stay.copies = Math.max(stay.copies, copies)
      spend(stay, from, to)
    })
  }

  duplicateContent(): DuplicateContent[] {
    const { trace, names } = this.#inputs
    const sorted = [...this.#copies].sort(([a, x], [b, y]) => order(x, y) || byText(a, b)).slice(0, MAX_DUPLICATES)
    return sorted.map(([, stay]) => {
      const { kind, name, callId } = trace.parts[stay.part]!
      const tool = name ?? (callId === undefined ? undefined : names.get(callId))
      return {
        kind, ...(tool !== undefined && { name: tool }), copies: stay.copies, requests: stay.turns,
        totalTokens: Math.round(stay.total), ...(!Number.isNaN(stay.cost) && { costUsd: stay.cost }),
        firstCall: stay.firstCall, lastCall: stay.lastCall,
      }
    })
  }

  #contentOf(index: number): string {
    let content = this.#contents.get(index)
    if (content === undefined) {
      const text = textOf(this.#inputs.trace, index)
      content = text === undefined ? `part ${this.#inputs.trace.parts[index]!.hash}` : `text ${hashText(text)}`
      this.#contents.set(index, content)
    }
    return content
  }
}

/** The stay under that key, with one request more when it is the first time in that request. */
function turn<K, M extends object>(
  stays: Map<K, Stay & M>, key: K, call: Call, isFirst: boolean, tokens: number, more?: M,
): Stay & M {
  const { number } = call.summary
  let stay = stays.get(key)
  if (stay === undefined) {
    const none: Stay = { firstCall: number, lastCall: number, turns: 0, tokens, total: 0, cached: 0, cost: 0, firstCost: 0, uncachedCost: 0 }
    stays.set(key, (stay = { ...none, ...more! }))
  }
  if (isFirst) stay.turns++
  stay.lastCall = number
  return stay
}

const order = (a: Stay, b: Stay): number => (b.cost || 0) - (a.cost || 0) || b.total - a.total || a.firstCall - b.firstCall

function resultStays({ trace, timeline, names, values }: StayInputs, stays: ReadonlyMap<number, Stay>): ResultStay[] {
  const spanOf = new Map<string, number>()
  timeline.spans.forEach(({ tool }, i) => {
    if (tool?.callId !== undefined) spanOf.set(tool.callId, i)
  })
  const repeated = new Set(values.flatMap((one) => [...(one?.from ?? []), ...(one?.repeats ?? [])].map(({ spanId }) => spanId)))
  const sorted = [...stays].sort(([a, x], [b, y]) => order(x, y) || a - b).slice(0, MAX_RESULTS)
  return sorted.map(([index, { cost, firstCost, uncachedCost, ...stay }]) => {
    const { name: own, callId } = trace.parts[index]!
    const name = own ?? (callId === undefined ? undefined : names.get(callId))
    const span = callId === undefined ? undefined : spanOf.get(callId)
    const spanId = span === undefined ? undefined : timeline.spans[span]!.id
    const isLookedFor = span !== undefined && values[span]?.seen === true
    return {
      ...(name !== undefined && { name }),
      ...(callId !== undefined && { callId }),
      ...(spanId !== undefined && { spanId }),
      firstCall: stay.firstCall, lastCall: stay.lastCall, tokens: Math.round(stay.tokens), turns: stay.turns,
      totalTokens: Math.round(stay.total), cachedTokens: Math.round(stay.cached),
      ...(!Number.isNaN(cost) && { costUsd: cost, laterCostUsd: cost - firstCost, uncachedCostUsd: uncachedCost }),
      ...(isLookedFor && { repeated: repeated.has(spanId!) }),
    }
  })
}

function definitionUses({ trace }: StayInputs, stays: ReadonlyMap<string, Stay>): DefinitionUse[] {
  const called = new Map<string, number>()
  const count = (name: string): void => void called.set(name, (called.get(name) ?? 0) + 1)
  for (const { llm } of trace.spans) for (const { name } of llm?.toolCalls ?? []) count(name)
  // A file that lists no calls of an answer may still show them in a later request, or as spans of tools.
  for (const { tool } of trace.spans) if (tool !== undefined && !called.has(tool.name)) called.set(tool.name, 1)
  for (const { kind, name } of trace.parts) if (kind === 'tool-call' && name !== undefined && !called.has(name)) called.set(name, 1)
  const sorted = [...stays].sort(([a, x], [b, y]) => order(x, y) || byText(a, b))
  return sorted.map(([name, { turns, total, cost }]) => ({
    name, timesCalled: called.get(name) ?? 0, requests: turns, totalTokens: Math.round(total),
    ...(!Number.isNaN(cost) && { costUsd: cost }),
  }))
}
