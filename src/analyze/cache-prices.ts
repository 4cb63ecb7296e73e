import type { Span, Trace } from '../model/span.ts'
import type { InputTokens, Usage } from '../model/usage.ts'
import type { Pricing } from '../models/prices.ts'
import type { Call } from './calls.ts'
import type { Timeline } from './timeline.ts'

/** Input tokens by what is paid for them. */
export type Bucket = 'read' | 'write' | 'uncached'

/** What the input of calls cost, and would cost with other shares of it from a cache. US dollars. */
export class InputPrices {
  readonly #trace: Trace
  readonly #timeline: Timeline
  readonly #pricing: () => Pricing

  constructor(trace: Trace, timeline: Timeline, pricing: () => Pricing) {
    this.#trace = trace
    this.#timeline = timeline
    this.#pricing = pricing
  }

  /**
   * The price of one token by bucket, in a request of the call's own size: prices can depend on it.
   * @returns undefined when one of them is not known
   */
  unit(call: Call): Readonly<Record<Bucket, number>> | undefined {
    const input = call.summary.usage?.input
    if (input === undefined || input.total === 0) return undefined
    const { total } = input
    const none = { total, uncached: 0, cacheRead: 0, cacheWrite: 0 }
    const uncached = this.of(call, { ...none, uncached: total })
    const read = this.of(call, { ...none, cacheRead: total })
    const byTtl = input.cacheWrite > 0 ? scaled(input, total) : undefined
    const write = this.of(call, { ...none, cacheWrite: total, ...(byTtl && { cacheWriteByTtl: byTtl }) })
    if (uncached === undefined || read === undefined || write === undefined) return undefined
    return { uncached: uncached / total, read: read / total, write: write / total }
  }

  /** The price of that input for that call. */
  of({ span, summary: { usage } }: Call, input: InputTokens): number | undefined {
    const { llm, start }: Span = this.#timeline.spans[span]!
    if (llm === undefined || usage === undefined) return undefined
    const priced: Usage = { input, output: { total: 0, visible: 0, reasoning: 0 }, complete: true, source: usage.source }
    return this.#pricing().price({
      provider: llm.provider, models: [llm.responseModel, llm.requestModel], usage: priced, serviceTier: llm.serviceTier,
      epochMs: this.#trace.startedAtEpochMs + start / 1e6,
    })
  }

  /** What the call would have cost less if a cache had given it so many tokens more; what is written to a cache goes first. */
  savedByReading(call: Call, tokens: number): number | undefined {
    const input = call.summary.usage?.input
    const paid = input === undefined ? undefined : this.of(call, input)
    if (input === undefined || paid === undefined) return undefined
    const fromWrite = Math.min(tokens, input.cacheWrite)
    const cacheWrite = input.cacheWrite - fromWrite
    const byTtl = cacheWrite > 0 ? scaled(input, cacheWrite) : undefined
    const { total } = input
    const uncached = Math.max(0, input.uncached - (tokens - fromWrite))
    const { cacheWriteByTtl: _ttl, ...rest } = input
    const other = this.of(call, {
      ...rest, uncached, cacheWrite, cacheRead: total - uncached - cacheWrite, ...(byTtl && { cacheWriteByTtl: byTtl }),
    })
    return other === undefined ? undefined : Math.max(0, paid - other)
  }
}

/** The lifetimes of a cache write of another size, in the same proportion. */
function scaled({ cacheWrite, cacheWriteByTtl }: InputTokens, to: number): Record<string, number> | undefined {
  if (cacheWriteByTtl === undefined || cacheWrite === 0) return undefined
  const hour = Math.round(((cacheWriteByTtl['1h'] ?? 0) / cacheWrite) * to)
  return { '5m': to - hour, '1h': hour }
}
