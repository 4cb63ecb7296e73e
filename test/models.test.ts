import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { inputExclusive, inputInclusive, outputInclusive, type Usage } from '../src/model/usage.ts'
import { PRICE_TABLE_DATE, PRICE_TABLE_VERSION } from '../src/models/genai-prices.ts'
import { bareModel, longestPrefix } from '../src/models/model-id.ts'
import { pricing, type Prices } from '../src/models/prices.ts'
import { windowTable, type Windows } from '../src/models/windows.ts'
import { readUsage } from '../adapters/shared/usage.ts'

const million: Usage = {
  input: inputInclusive({ input: 1e6 })!, output: outputInclusive({ output: 0 })!, complete: true, source: 'provider',
}
// Noon: some providers are cheaper at night.
const EPOCH_MS = Date.UTC(2026, 10, 1, 12)

const price = (provider: string, model: string | undefined, usage: Usage = million, own: Prices = {}, epochMs = EPOCH_MS) =>
  pricing(own).price({ provider, models: [model], usage, epochMs })

describe('prices', () => {
  test('the version and date of the table are those of the installed package', () => {
    const manifest = readFileSync(new URL('../node_modules/@pydantic/genai-prices/package.json', import.meta.url), 'utf8')
    expect((JSON.parse(manifest) as { version: string }).version).toBe(PRICE_TABLE_VERSION)
    expect(pricing().source).toContain(`${PRICE_TABLE_VERSION} (${PRICE_TABLE_DATE})`)
  })

  test.each([
    ['openai', 'gpt-5-mini-2025-08-07', 0.25],
    ['openai', 'gpt-4o-mini', 0.15],
    ['openai', 'text-embedding-3-small', 0.02],
    ['openai', 'davinci-002', 2],
    ['azure.ai.openai', 'gpt-4.1-mini', 0.4],
    ['anthropic', 'claude-haiku-4-5-20251001', 1],
    ['anthropic', 'claude-instant-1.2', 0.8],
    ['gcp.gemini', 'models/gemini-2.5-flash', 0.3],
    ['aws.bedrock', 'us.anthropic.claude-3-5-sonnet-20241022-v2:0', 3],
    ['groq', 'llama-3.3-70b-versatile', 0.59],
    ['mistral_ai', 'mistral-small-latest', 0.1],
    ['x_ai', 'grok-3-mini', 0.3],
    ['deepseek', 'deepseek-chat', 0.27],
    ['moonshot_ai', 'kimi-k2.6', 0.95],
  ])('a million tokens into %s %s', (provider, model, usd) => {
    expect(price(provider, model)).toBeCloseTo(usd, 10)
  })

  test.each([
    ['openai', 'gpt-nonesuch'], ['openai', ''], ['openai', undefined], ['openai', 'dall-e-2'], ['ollama', 'gpt-4o'],
    ['unknown', 'gpt-4o'], ['toString', 'gpt-4o'], ['azure.ai.openai', 'my-deployment'],
  ])('%s %s is unknown', (provider, model) => {
    expect(price(provider, model)).toBeUndefined()
  })

  test('the model that answered counts before the one that was asked', () => {
    const call = { provider: 'openai', usage: million, epochMs: EPOCH_MS }
    expect(pricing().price({ ...call, models: ['gpt-5', 'gpt-5-mini'] })).toBe(1.25)
    expect(pricing().price({ ...call, models: ['my-deployment', 'gpt-5-mini'] })).toBe(0.25)
    expect(pricing().price({ ...call, models: [undefined, 'gpt-5-mini'] })).toBe(0.25)
  })

  test('prices are those of the day of the call', () => {
    const long = (day: string) => price('anthropic', 'claude-sonnet-4-6', million, {}, Date.parse(day))
    expect([long('2026-03-01'), long('2026-04-01')]).toEqual([6, 3])
  })

  test('cache reads, and cache writes by lifetime', () => {
    const input = inputExclusive({ input: 0, cacheRead: 1e6, cacheWrite: 3e6, cacheWriteByTtl: { '5m': 1e6, '1h': 2e6 } })!
    expect(price('anthropic', 'claude-haiku-4-5', { ...million, input })).toBeCloseTo(0.1 + 1.25 + 2 * 2, 10)
    const own = { 'claude-haiku-4-5': { input: 8, output: 0, cacheRead: 1, cacheWrite: 2, cacheWrite1h: 4 } }
    expect(price('anthropic', 'claude-haiku-4-5', { ...million, input }, own)).toBe(1 + 2 + 2 * 4)
    const fewer = { 'claude-haiku-4-5': { input: 8, output: 0 } }
    expect(price('anthropic', 'claude-haiku-4-5', { ...million, input }, fewer)).toBe(4 * 8)
  })

  test('searches and compaction are billed beside the tokens', () => {
    expect(price('anthropic', 'claude-haiku-4-5', { ...million, requests: { webSearch: 100 } })).toBeCloseTo(1 + 1, 10)
    const extra = { compactionInput: 1e6, compactionOutput: 1e6 }
    expect(price('anthropic', 'claude-haiku-4-5', { ...million, extra })).toBeCloseTo(1 + 1 + 5, 10)
  })

  test('what was paid for what adds up to the price', () => {
    const input = inputExclusive({ input: 1e6, cacheRead: 1e6, cacheWrite: 2e6, cacheWriteByTtl: { '5m': 1e6, '1h': 1e6 } })!
    const usage: Usage = {
      input, output: outputInclusive({ output: 3e6, reasoning: 1e6 })!, requests: { webSearch: 100 }, complete: true, source: 'provider',
    }
    const call = { provider: 'anthropic', models: ['claude-haiku-4-5'], usage, epochMs: EPOCH_MS }
    const parts = pricing().parts(call)!
    expect(parts).toEqual({
      uncachedInputUsd: 1, cacheReadUsd: expect.closeTo(0.1, 10) as number, cacheWriteUsd: 1.25 + 2, outputUsd: 10, reasoningUsd: 5, requestsUsd: 1,
    })
    expect(pricing().price(call)).toBeCloseTo(Object.values(parts).reduce((a, b) => a + b, 0), 10)
  })

  test('a long context costs its own tier', () => {
    const sized = (input: number): Usage => ({ ...million, input: inputInclusive({ input })! })
    expect(price('anthropic', 'claude-sonnet-4-5', sized(200_000))).toBeCloseTo(0.6, 10)
    expect(price('anthropic', 'claude-sonnet-4-5', sized(200_001))).toBeCloseTo(6 * 0.200001, 10)
  })

  test('what may come later costs half; tiers of other prices are unknown', () => {
    const tiered = (provider: string, model: string, serviceTier: string, own: Prices = {}) =>
      pricing(own).price({ provider, models: [model], usage: million, epochMs: EPOCH_MS, serviceTier })
    expect(tiered('openai', 'gpt-5-mini', 'flex')).toBeCloseTo(0.125, 10)
    expect(tiered('openai', 'gpt-5-mini', 'batch')).toBeCloseTo(0.125, 10)
    expect(tiered('anthropic', 'claude-haiku-4-5', 'batch')).toBeCloseTo(0.5, 10)
    expect(tiered('openai', 'gpt-5-mini', 'priority')).toBeUndefined()
    expect(tiered('anthropic', 'claude-haiku-4-5', 'priority')).toBeUndefined()
    expect(tiered('groq', 'llama-3.3-70b-versatile', 'performance')).toBeUndefined()
    expect(tiered('openai', 'gpt-5-mini', 'priority', { 'gpt-5-mini': { input: 3, output: 1 } })).toBe(3)
  })

  test('audio and images cost what they cost, cached too', () => {
    const spoken = { inputAudio: 4e5, cachedAudio: 1e5, outputAudio: 1e6 }
    const usage: Usage = {
      input: inputInclusive({ input: 1e6, cacheRead: 2e5 })!, output: outputInclusive({ output: 1e6 })!,
      media: spoken, complete: true, source: 'provider',
    }
    const own = pricing().price({ provider: 'openai', models: ['gpt-realtime'], usage, epochMs: EPOCH_MS })
    // Text 4, cached 0.4, out 16; audio 32, cached 0.4, out 64 a million.
    expect(own).toBeCloseTo(0.5 * 4 + 0.3 * 32 + 0.1 * 0.4 + 0.1 * 0.4 + 64, 6)
    expect(price('openai', 'gpt-5-mini', usage)).toBeUndefined()
    expect(price('gcp.gemini', 'gemini-2.5-pro', { ...million, media: { inputAudio: 1e5 } })).toBeCloseTo(price('gcp.gemini', 'gemini-2.5-pro')!, 10)
    expect(price('openai', 'gpt-5-mini', { ...million, media: { inputImage: 1e5 } })).toBeCloseTo(0.25, 10)
  })

  test('prices that change by the hour are those of the hour', () => {
    const at = (hour: number) => price('deepseek', 'deepseek-chat', million, {}, Date.UTC(2025, 5, 1, hour))
    expect(at(18)).toBeLessThan(at(12)!)
  })

  test('what has no price makes the whole unknown, not cheaper', () => {
    expect(price('openai', 'gpt-5', { ...million, extra: { imageGenInput: 10, imageGenOutput: 1000 } })).toBeUndefined()
    expect(price('openai', 'text-embedding-3-small', { ...million, output: outputInclusive({ output: 5 })! })).toBeUndefined()
    const searched = { ...million, requests: { webSearch: 1 } }
    expect(price('openai', 'gpt-3.5-turbo', searched)).toBeUndefined()
    expect(price('openai', 'm', searched, { m: { input: 1, output: 1 } })).toBeUndefined()
    expect(price('openai', 'm', searched, { m: { input: 1, output: 1, webSearchPerThousand: 10 } })).toBeCloseTo(1.01, 10)
  })

  test('without the table only own prices are known', () => {
    const call = { provider: 'openai', models: ['gpt-5-mini'], usage: million, epochMs: EPOCH_MS }
    const none = pricing({}, null)
    expect([none.hasTable, none.price(call)]).toEqual([false, undefined])
    expect(pricing({ 'gpt-5-mini': { input: 1, output: 1 } }, null).price(call)).toBe(1)
    expect(none.source).not.toContain('genai-prices')
  })
})

describe('tokens that are not text', () => {
  test.each([
    ['chat', { prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { audio_tokens: 4 }, completion_tokens_details: { audio_tokens: 3 } },
      { inputAudio: 4, outputAudio: 3 }],
    ['realtime', { input_tokens: 9, output_tokens: 5, input_token_details: { image_tokens: 2, audio_tokens: 3, cached_tokens_details: { audio_tokens: 1 } } },
      { inputAudio: 3, inputImage: 2, cachedAudio: 1 }],
    ['Gemini', { promptTokenCount: 9, candidatesTokenCount: 5, promptTokensDetails: [{ modality: 'TEXT', tokenCount: 5 }, { modality: 'IMAGE', tokenCount: 4 }],
      cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 1 }] }, { inputImage: 4, cachedAudio: 1 }],
    ['text alone', { prompt_tokens: 9, completion_tokens: 5, prompt_tokens_details: { audio_tokens: 0 } }, undefined],
  ])('of %s', (_name, usage, media) => {
    expect(readUsage(usage)?.media).toEqual(media)
  })
})

describe('context windows', () => {
  const window = (provider: string, model: string, own: Windows = {}) => windowTable(own).window(provider, [model])

  test.each([
    ['openai', 'gpt-5-mini-2025-08-07', 400_000],
    ['openai', 'gpt-5.1-codex-max', 400_000],
    ['openai', 'gpt-5.4-2026-03-05', 1_050_000],
    ['openai', 'gpt-4.1-nano', 1_047_576],
    ['openai', 'gpt-4o-mini-2024-07-18', 128_000],
    ['openai', 'gpt-4-turbo-2024-04-09', 128_000],
    ['openai', 'gpt-4-0613', 8_192],
    ['openai', 'o3-mini', 200_000],
    ['anthropic', 'claude-sonnet-4-5-20250929', 200_000],
    ['anthropic', 'claude-sonnet-4-6', 1_000_000],
    ['anthropic', 'claude-3-7-sonnet-latest', 200_000],
    ['aws.bedrock', 'us.anthropic.claude-sonnet-4-5-20250929-v1:0', 200_000],
    ['gcp.gemini', 'models/gemini-2.5-pro', 1_048_576],
    ['openrouter', 'openai/gpt-4o', 128_000],
  ])('%s %s', (provider, model, tokens) => {
    expect(window(provider, model)).toBe(tokens)
  })

  test("unknown stays unknown, and the caller's win", () => {
    expect(window('openai', 'gpt-nonesuch')).toBeUndefined()
    expect(window('anthropic', 'claude-sonnet-4-5-20250929', { 'claude-sonnet-4-5': 1_000_000 })).toBe(1_000_000)
    expect(windowTable().source).toMatch(/\(\d{4}-\d\d-\d\d\)/)
  })
})

describe('model ids', () => {
  test.each([
    ['models/gemini-2.5-pro', 'gemini-2.5-pro'],
    ['anthropic/claude-sonnet-4.5', 'claude-sonnet-4.5'],
    ['global.anthropic.claude-sonnet-4-5-v1:0', 'claude-sonnet-4-5-v1:0'],
    ['gpt-4.1', 'gpt-4.1'],
  ])('%s without its vendor is %s', (model, bare) => {
    expect(bareModel(model)).toBe(bare)
  })

  test('a name stands for its versions, not for its neighbours', () => {
    const table = new Map([['gpt-5', 1], ['gpt-5-mini', 2]])
    expect(['gpt-5', 'gpt-5-nano', 'gpt-5-mini-2025-08-07', 'gpt-5:fast', 'gpt-5.4', 'gpt-50', 'my-gpt-5'].map((model) => longestPrefix(table, model)))
      .toEqual([1, 1, 2, 1, undefined, undefined, undefined])
  })
})
