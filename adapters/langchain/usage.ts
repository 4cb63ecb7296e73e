import { tokenCount } from '../../src/kit.ts'
import { fields, type Fields } from '../shared/json.ts'
import { readUsage } from '../shared/usage.ts'

type Usage = NonNullable<ReturnType<typeof readUsage>>

/**
 * Usage as LangChain tells it. Its own form (`usage_metadata`) counts cached tokens in the input for every provider; the provider's
 * form stands beside it in most answers, tells more (lifetimes of cache writes, searches), and is taken where both say the same.
 */
export function usageOf(message: Fields | undefined, llmOutput: Fields | undefined): Usage | undefined {
  const own = fields(message?.['usage_metadata'])
  const metadata = fields(message?.['response_metadata'])
  const said = fields(metadata?.['usage']) ?? fields(fields(message?.['additional_kwargs'])?.['usage']) ?? fields(llmOutput?.['usage'])
  if (own !== undefined) return richer(own, readUsage(said)) ?? fromOwn(own)
  const counted = fields(llmOutput?.['tokenUsage']) ?? fields(metadata?.['tokenUsage'])
  return fromCounts(counted) ?? (said === undefined ? undefined : readUsage(said)) ?? estimated(fields(llmOutput?.['estimatedTokenUsage']))
}

/** `said`, if it is of the same answer. Some versions leave Anthropic's cached tokens out of their own count. */
function richer(own: Fields, said: Usage | undefined): Usage | undefined {
  if (said?.input === undefined || said.output === undefined || said.output.total !== own['output_tokens']) return undefined
  const { input } = said
  return input.total === own['input_tokens'] || input.uncached === own['input_tokens'] ? said : undefined
}

/** @param complete false when the answer was cut before its final count */
export function fromOwn(own: Fields, complete = true): Usage | undefined {
  const input = fields(own['input_token_details'])
  const output = fields(own['output_token_details'])
  const usage = readUsage({
    ...own,
    input_tokens_details: { cached_tokens: input?.['cache_read'], cache_write_tokens: input?.['cache_creation'], audio_tokens: input?.['audio'] },
    output_tokens_details: { reasoning_tokens: output?.['reasoning'], audio_tokens: output?.['audio'] },
  }, complete)
  const { input_tokens_details: _input, output_tokens_details: _output, ...raw } = fields(usage?.raw) ?? {}
  return usage && { ...usage, raw }
}

function fromCounts(counted: Fields | undefined): Usage | undefined {
  if (tokenCount(counted?.['promptTokens']) === undefined && tokenCount(counted?.['completionTokens']) === undefined) return undefined
  return readUsage({
    prompt_tokens: counted!['promptTokens'], completion_tokens: counted!['completionTokens'], total_tokens: counted!['totalTokens'],
  })
}

/** LangChain counts tokens itself where a provider's stream told none. */
function estimated(counted: Fields | undefined): Usage | undefined {
  const usage = fromCounts(counted)
  return usage && { ...usage, source: 'estimated' }
}

/**
 * The usage of the pieces of one stream. LangChain adds them up; but Anthropic's first piece has a placeholder for the output, and
 * each later one the count so far, so that the sum is too large.
 */
export class StreamedUsage {
  readonly #told: Fields[] = []

  add(message: Fields | undefined): void {
    const usage = fields(message?.['usage_metadata'])
    if (usage !== undefined) this.#told.push(usage)
  }

  /** `own` as it should be. */
  corrected(own: Fields): Fields {
    const outputs = this.#told.map((usage) => tokenCount(usage['output_tokens']) ?? 0)
    const sum = outputs.reduce((a, b) => a + b, 0)
    const last = outputs.at(-1)
    if (outputs.length < 2 || sum !== own['output_tokens'] || last === undefined) return own
    return { ...own, output_tokens: last, total_tokens: (tokenCount(own['input_tokens']) ?? 0) + last }
  }

  /** What is known of a stream that was cut. Behind a placeholder the output stays unknown, not zero. */
  cut(hasPlaceholder: boolean): Usage | undefined {
    const told = hasPlaceholder ? this.#told[0] : this.#told.at(-1)
    if (told === undefined) return undefined
    const { output_tokens: _placeholder, total_tokens: _sum, ...input } = told
    return fromOwn(hasPlaceholder ? input : told, false)
  }
}
