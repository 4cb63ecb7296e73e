import { describe, expect, test } from 'vitest'
import { usageOf } from '../adapters/ai-sdk/usage.ts'
import { drawUsage } from './conformance/draw.ts'

/** Usage in the forms of all versions, with what their providers leave beside it. */
describe('usage', () => {
  const anthropic = { input_tokens: 10, cache_read_input_tokens: 100, cache_creation_input_tokens: 50, output_tokens: 7, cache_creation: { ephemeral_5m_input_tokens: 20, ephemeral_1h_input_tokens: 30 } }
  const google = { promptTokenCount: 20, cachedContentTokenCount: 5, candidatesTokenCount: 4, thoughtsTokenCount: 6, totalTokenCount: 30 }
  const nested = (input: number, read?: number, written?: number, output?: number, reasoning?: number, raw?: object): object => ({
    inputTokens: { total: input, noCache: undefined, cacheRead: read, cacheWrite: written }, outputTokens: { total: output, text: undefined, reasoning }, ...(raw && { raw }),
  })
  test.each([
    ['OpenAI for 5', 'openai', { inputTokens: 20, outputTokens: 9, totalTokens: 29, reasoningTokens: 4, cachedInputTokens: 8 }, {}, 'in 12+8r out 5+4t'],
    ['Anthropic for 5', 'anthropic', { inputTokens: 10, outputTokens: 7, totalTokens: 17, cachedInputTokens: 100 },
      { anthropic: { usage: anthropic, cacheCreationInputTokens: 50 } }, 'in 10+100r+50w (5m 20, 1h 30) out 7'],
    ['Anthropic for 5, without its own form', 'anthropic', { inputTokens: 10, outputTokens: 7, cachedInputTokens: 100 }, {}, 'in 10+100r out 7'],
    ['Google for 5, whose thoughts are beside the output', 'gcp.gen_ai', { inputTokens: 20, outputTokens: 4, totalTokens: 30, reasoningTokens: 6, cachedInputTokens: 5 },
      { google: { usageMetadata: google } }, 'in 15+5r out 4+6t'],
    ['Google for 5, without its own form', 'gcp.gen_ai', { inputTokens: 20, outputTokens: 4, totalTokens: 30, reasoningTokens: 6, cachedInputTokens: 5 }, {}, 'in 15+5r out 4+6t'],
    ['a model of 6 or 7', 'openai', nested(20, 8, 2, 9, 4), undefined, 'in 10+8r+2w out 5+4t'],
    ["a model of 6 or 7, with the provider's own form", 'anthropic', nested(160, 100, 50, 7, undefined, anthropic), undefined, 'in 10+100r+50w (5m 20, 1h 30) out 7'],
    ['a form of the provider that says something else', 'anthropic', nested(500, 0, 0, 7, undefined, anthropic), undefined, 'in 500 out 7'],
    ['a form that nobody knows', 'p', nested(20, 8, 0, 9, 4, { tokens_in: 20 }), undefined, 'in 12+8r out 5+4t'],
    ['an event of 7', 'openai', {
      inputTokens: 20, inputTokenDetails: { noCacheTokens: 12, cacheReadTokens: 8, cacheWriteTokens: 0 },
      outputTokens: 9, outputTokenDetails: { textTokens: 5, reasoningTokens: 4 }, totalTokens: 29,
    }, undefined, 'in 12+8r out 5+4t'],
    ['an event of 7 from Anthropic', 'anthropic', {
      inputTokens: 160, inputTokenDetails: { noCacheTokens: 10, cacheReadTokens: 100, cacheWriteTokens: 50 }, outputTokens: 7, outputTokenDetails: {}, totalTokens: 167,
    }, undefined, 'in 10+100r+50w out 7'],
    ['nothing but the output', 'p', { inputTokens: undefined, outputTokens: 9, totalTokens: undefined }, undefined, 'in ? out 9'],
    ['no number', 'p', { inputTokens: NaN, outputTokens: -1, totalTokens: '3' }, undefined, 'no usage'],
    ['nothing', 'p', undefined, undefined, 'no usage'],
  ])('%s', (_name, provider, said, metadata, drawn) => {
    expect(drawUsage(usageOf(said, provider, metadata))).toBe(drawn)
  })
})
