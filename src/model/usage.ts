/**
 * Token usage in one normal form, and the only token arithmetic in the repo.
 *
 * Providers disagree on what their input count contains (OpenAI's includes cached tokens, Anthropic's excludes them) and on
 * whether reasoning is part of the output. Readers of the APIs translate once, through {@link inputInclusive} and
 * {@link inputExclusive}; everything after that adds disjoint buckets.
 */

export interface InputTokens {
  /** uncached + cacheRead + cacheWrite */
  readonly total: number
  readonly uncached: number
  readonly cacheRead: number
  readonly cacheWrite: number
  /** Cache writes by lifetime, for example `{ '5m': 100, '1h': 20 }`; adds up to `cacheWrite`. */
  readonly cacheWriteByTtl?: Readonly<Record<string, number>>
}

export interface OutputTokens {
  /** visible + reasoning */
  readonly total: number
  readonly visible: number
  readonly reasoning: number
}

export type MediaTokens = 'inputAudio' | 'inputImage' | 'cachedAudio' | 'cachedImage' | 'outputAudio' | 'outputImage'

export interface Usage {
  /** Absent when the provider did not say, for example a stream that was cut. */
  readonly input?: InputTokens
  readonly output?: OutputTokens
  /** Billed by the request, not by the token. */
  readonly requests?: { readonly webSearch?: number; readonly webFetch?: number }
  /** Tokens billed beside the call's own, for example `compactionInput`. */
  readonly extra?: Readonly<Record<string, number>>
  /** Of the input and the output, tokens that are not text, whose price may be another; the cached ones are part of the input's. */
  readonly media?: Readonly<Partial<Record<MediaTokens, number>>>
  /** False when the answer was cut before the provider gave its final count. */
  readonly complete: boolean
  readonly source: 'provider' | 'estimated'
  /** What the provider said, as it said it. */
  readonly raw?: unknown
}

/** A token count that can be trusted: a finite, non-negative whole number. Anything else is absent, not zero. */
export function tokenCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

export interface Counts {
  readonly input?: number | undefined
  readonly cacheRead?: number | undefined
  readonly cacheWrite?: number | undefined
  readonly cacheWriteByTtl?: Readonly<Record<string, number>> | undefined
  readonly output?: number | undefined
  readonly reasoning?: number | undefined
}

/** For APIs whose input count contains the cached tokens (OpenAI, Gemini). */
export function inputInclusive({ input, cacheRead = 0, cacheWrite = 0, cacheWriteByTtl }: Counts): InputTokens | undefined {
  if (input === undefined) return undefined
  // A part that is larger than its whole cannot be trusted: the whole is what was billed.
  const read = cacheRead <= input ? cacheRead : 0
  const write = read + cacheWrite <= input ? cacheWrite : 0
  return withTtl({ total: input, uncached: input - read - write, cacheRead: read, cacheWrite: write }, cacheWriteByTtl)
}

/** For APIs whose input count leaves the cached tokens out (Anthropic). */
export function inputExclusive({ input, cacheRead = 0, cacheWrite = 0, cacheWriteByTtl }: Counts): InputTokens | undefined {
  if (input === undefined) return undefined
  return withTtl({ total: input + cacheRead + cacheWrite, uncached: input, cacheRead, cacheWrite }, cacheWriteByTtl)
}

/** Output whose count contains the reasoning tokens, as in every API but Gemini's. */
export function outputInclusive({ output, reasoning = 0 }: Counts): OutputTokens | undefined {
  if (output === undefined) return undefined
  const known = reasoning <= output ? reasoning : 0
  return { total: output, visible: output - known, reasoning: known }
}

function withTtl(input: InputTokens, byTtl: Readonly<Record<string, number>> | undefined): InputTokens {
  if (byTtl === undefined) return input
  const sum = Object.values(byTtl).reduce((a, b) => a + b, 0)
  return sum === input.cacheWrite && sum > 0 ? { ...input, cacheWriteByTtl: byTtl } : input
}

/** A sum over calls. A count is absent only when no call told it; `unknownCalls` says how many did not. */
export interface UsageTotals {
  readonly calls: number
  /** Calls of which neither input nor output is known. */
  readonly unknownCalls: number
  /** Calls whose usage was counted locally. */
  readonly estimatedCalls: number
  readonly input: InputTokens
  readonly output: OutputTokens
  readonly webSearchRequests: number
}

export const NO_USAGE: UsageTotals = Object.freeze({
  calls: 0, unknownCalls: 0, estimatedCalls: 0, webSearchRequests: 0,
  input: Object.freeze({ total: 0, uncached: 0, cacheRead: 0, cacheWrite: 0 }),
  output: Object.freeze({ total: 0, visible: 0, reasoning: 0 }),
})

export function addUsage(sum: UsageTotals, usage: Usage | undefined): UsageTotals {
  const unknown = usage === undefined || (usage.input === undefined && usage.output === undefined)
  return {
    calls: sum.calls + 1,
    unknownCalls: sum.unknownCalls + (unknown ? 1 : 0),
    estimatedCalls: sum.estimatedCalls + (usage?.source === 'estimated' ? 1 : 0),
    webSearchRequests: sum.webSearchRequests + (usage?.requests?.webSearch ?? 0),
    input: addInput(sum.input, usage?.input),
    output: addOutput(sum.output, usage?.output),
  }
}

function addInput(a: InputTokens, b: InputTokens | undefined): InputTokens {
  if (b === undefined) return a
  return {
    total: a.total + b.total,
    uncached: a.uncached + b.uncached,
    cacheRead: a.cacheRead + b.cacheRead,
    cacheWrite: a.cacheWrite + b.cacheWrite,
  }
}

function addOutput(a: OutputTokens, b: OutputTokens | undefined): OutputTokens {
  if (b === undefined) return a
  return { total: a.total + b.total, visible: a.visible + b.visible, reasoning: a.reasoning + b.reasoning }
}
