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
  return fromCounts(counted) ?? telling(readUsage(said)) ?? estimated(fields(llmOutput?.['estimatedTokenUsage']))
}

/** Usage without any count is none. */
const telling = (usage: Usage | undefined): Usage | undefined => (usage?.input === undefined && usage?.output === undefined ? undefined : usage)

/** `said`, if it is of the same answer. Some versions leave Anthropic's cached tokens out of their own count. */
function richer(own: Fields, said: Usage | undefined): Usage | undefined {
  if (said?.input === undefined || said.output === undefined || said.output.total !== own['output_tokens']) return undefined
  const { input } = said
  return input.total === own['input_tokens'] || input.uncached === own['input_tokens'] ? said : undefined
}

/** @param complete false when the answer was cut before its final count */
function fromOwn(own: Fields, complete = true): Usage | undefined {
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

/** Whose streams tell counts so far, by LangSmith's name. Others tell what each piece adds. */
const CUMULATIVE = new Set(['anthropic', 'openai', 'azure'])

/**
 * The usage of the pieces of one stream. LangChain adds them up. But Anthropic's first piece has a placeholder for the output, and
 * what comes later is the count so far, so that the sum is too large; and some servers of OpenAI's kind tell it twice.
 */
export class StreamedUsage {
  readonly #provider: unknown
  readonly #told: Fields[] = []
  /** In the provider's form. */
  #said: Fields | undefined

  /** @param provider LangSmith's name */
  constructor(provider: unknown) {
    this.#provider = provider
  }

  add(message: Fields | undefined): void {
    const usage = fields(message?.['usage_metadata'])
    if (usage !== undefined) this.#told.push(usage)
    const said = fields(fields(message?.['response_metadata'])?.['usage'])
    if (said !== undefined && Object.keys(said).length > 0) this.#said = said
  }

  /** The answer with its usage as it should be. */
  corrected(message: Fields | undefined): Fields | undefined {
    const outputs = this.#told.map((usage) => tokenCount(usage['output_tokens']) ?? 0)
    const sum = outputs.reduce((a, b) => a + b, 0)
    const own = fields(message?.['usage_metadata'])
    if (own === undefined && this.#said !== undefined) return { ...message, response_metadata: { ...fields(message?.['response_metadata']), usage: this.#said } }
    if (outputs.length < 2 || sum !== own?.['output_tokens'] || !CUMULATIVE.has(String(this.#provider))) return message
    const input = this.#told.findLast((usage) => usage['input_tokens'] !== 0) ?? own
    const output = outputs.at(-1)!
    const details = this.#told.at(-1)!['output_token_details'] ?? {}
    const total = (tokenCount(input['input_tokens']) ?? 0) + output
    return { ...message, usage_metadata: { ...input, output_tokens: output, output_token_details: details, total_tokens: total } }
  }

  /** What is known of a stream that was cut. Behind a placeholder the output stays unknown, not zero. */
  cut(): Usage | undefined {
    const hasPlaceholder = this.#provider === 'anthropic'
    const told = hasPlaceholder ? this.#told[0] : this.#told.at(-1)
    if (told === undefined) return undefined
    const { output_tokens: _placeholder, total_tokens: _sum, ...input } = told
    return fromOwn(hasPlaceholder ? input : told, false)
  }
}
