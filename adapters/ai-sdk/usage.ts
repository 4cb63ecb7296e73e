import { tokenCount } from '../../src/kit.ts'
import { at, fields, type Fields } from '../shared/json.ts'
import { readInputUsage, readUsage } from '../shared/usage.ts'

type Usage = NonNullable<ReturnType<typeof readUsage>>

/**
 * Usage as models of the AI SDK tell it, in its own forms:
 *
 * | form | input | output |
 * |---|---|---|
 * | `inputTokens: { total, noCache, cacheRead, cacheWrite }` (models of 6 and 7) | with cached tokens | with reasoning |
 * | `inputTokens`, `inputTokenDetails` (events of 7) | with cached tokens | with reasoning |
 * | `inputTokens`, `cachedInputTokens` (models of 5) | Anthropic's and Bedrock's without cached tokens | Gemini's without thoughts |
 *
 * The provider's own form mostly stands beside it. It tells more (lifetimes of cache writes, searches, audio) and is taken
 * where both say the same.
 */
export function usageOf(said: unknown, provider: string, metadata: unknown, complete = true): Usage | undefined {
  const usage = fields(said)
  if (usage === undefined) return undefined
  const own = ownUsage(countsOf(usage), provider, complete)
  for (const raw of [usage['raw'], ...RAW.map((path) => at(metadata, path))]) {
    const told = fields(raw) === undefined ? undefined : readUsage(raw, complete)
    if (told !== undefined && isSame(told, own)) return told
  }
  // As it was told, bounded like any other.
  return own && { ...own, raw: readUsage(usage)?.raw }
}

/** Of an embedding: `{ tokens }`. Where the provider told nothing it is not a number. */
export const embeddingUsage = (said: unknown): Usage | undefined => {
  const tokens = tokenCount(fields(said)?.['tokens'])
  return tokens === undefined ? undefined : readInputUsage({ total_tokens: tokens })
}

/** Where providers for version 5 leave their own form. */
const RAW = ['anthropic.usage', 'google.usageMetadata', 'vertex.usageMetadata', 'bedrock.usage']

interface Counts {
  readonly input: number | undefined
  readonly cacheRead: number | undefined
  readonly cacheWrite: number | undefined
  readonly output: number | undefined
  readonly reasoning: number | undefined
  readonly total: number | undefined
  /** Whether it is in a form that counts alike for all providers. */
  readonly isUniform: boolean
}

function countsOf(usage: Fields): Counts {
  const input = fields(usage['inputTokens'])
  const output = fields(usage['outputTokens'])
  const inputDetails = fields(usage['inputTokenDetails'])
  const outputDetails = fields(usage['outputTokenDetails'])
  return {
    input: tokenCount(input?.['total'] ?? usage['inputTokens']),
    cacheRead: tokenCount(input?.['cacheRead'] ?? inputDetails?.['cacheReadTokens'] ?? usage['cachedInputTokens']),
    cacheWrite: tokenCount(input?.['cacheWrite'] ?? inputDetails?.['cacheWriteTokens']),
    output: tokenCount(output?.['total'] ?? usage['outputTokens']),
    reasoning: tokenCount(output?.['reasoning'] ?? outputDetails?.['reasoningTokens'] ?? usage['reasoningTokens']),
    total: tokenCount(usage['totalTokens']),
    isUniform: input !== undefined || inputDetails !== undefined,
  }
}

/** Their own APIs leave cached tokens out of the input, and providers for version 5 give that on. */
const COUNTS_WITHOUT_CACHE = /anthropic|bedrock/

function ownUsage(counts: Counts, provider: string, complete: boolean): Usage | undefined {
  const { input, cacheRead, cacheWrite, output, reasoning, total, isUniform } = counts
  if (input === undefined && output === undefined) return undefined
  const both = { input_tokens: input, output_tokens: output, total_tokens: total }
  return !isUniform && COUNTS_WITHOUT_CACHE.test(provider)
    ? readUsage({ ...both, cache_read_input_tokens: cacheRead, output_tokens_details: { thinking_tokens: reasoning } }, complete)
    : readUsage({
      ...both, input_tokens_details: { cached_tokens: cacheRead, cache_write_tokens: cacheWrite },
      output_tokens_details: { reasoning_tokens: reasoning },
    }, complete)
}

/** Whether the provider's own form is of the same answer. One that our readers do not know says nothing. */
function isSame(told: Usage, own: Usage | undefined): boolean {
  if (told.input === undefined || told.output === undefined) return false
  const { input, output } = own ?? {}
  return (input === undefined || input.total === told.input.total || input.total === told.input.uncached + told.input.cacheRead)
    && (output === undefined || output.total === told.output.total || output.total === told.output.visible)
}
