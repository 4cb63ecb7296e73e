import { describe, expect, test } from 'vitest'
import { CountCache } from '../src/tokens/cache.ts'
import { countTokens, estimateRequestTokens, tokenizerFor } from '../src/tokens/index.ts'

const table = `
  gpt-4o                                        o200k_base   1      exact
  gpt-4o-mini-2024-07-18                        o200k_base   1      exact
  chatgpt-4o-latest                             o200k_base   1      exact
  gpt-4.1-nano                                  o200k_base   1      exact
  gpt-4.5-preview                               o200k_base   1      exact
  gpt-5                                         o200k_base   1      exact
  gpt-5.2-mini                                  o200k_base   1      exact
  gpt-oss-120b                                  o200k_base   1      exact
  o1                                            o200k_base   1      exact
  o3-mini                                       o200k_base   1      exact
  o4-mini-2025-04-16                            o200k_base   1      exact
  openai/gpt-5                                  o200k_base   1      exact
  openai:o3                                     o200k_base   1      exact
  azure/GPT-4o                                  o200k_base   1      exact
  openrouter/openai/gpt-4.1                     o200k_base   1      exact
  ft:gpt-4o-mini-2024-07-18:acme:claude-fan:9x  o200k_base   1      exact
  gpt-4                                         cl100k_base  1      exact
  gpt-4-0613                                    cl100k_base  1      exact
  gpt-4-1106-preview                            cl100k_base  1      exact
  gpt-4-turbo                                   cl100k_base  1      exact
  gpt-4-32k                                     cl100k_base  1      exact
  gpt-3.5-turbo                                 cl100k_base  1      exact
  gpt-35-turbo-16k                              cl100k_base  1      exact
  ft:gpt-3.5-turbo:acme                         cl100k_base  1      exact
  text-embedding-3-small                        cl100k_base  1      exact
  text-embedding-ada-002                        cl100k_base  1      exact
  claude-3-haiku-20240307                       o200k_base   1.12   estimate
  claude-3-5-sonnet-latest                      o200k_base   1.12   estimate
  claude-opus-4-20250514                        o200k_base   1.12   estimate
  claude-opus-4@20250514                        o200k_base   1.12   estimate
  claude-opus-4-1-20250805                      o200k_base   1.12   estimate
  claude-sonnet-4-5                             o200k_base   1.12   estimate
  us.anthropic.claude-3-7-sonnet-20250219-v1:0  o200k_base   1.12   estimate
  claude-opus-4-6                               o200k_base   1.12   estimate
  claude-opus-4-7                               o200k_base   1.456  estimate
  anthropic/claude-opus-4.8                     o200k_base   1.456  estimate
  claude-opus-5                                 o200k_base   1.456  estimate
  claude-sonnet-5                               o200k_base   1.456  estimate
  gemini-2.5-pro                                o200k_base   1      estimate
  models/gemini-3-flash                         o200k_base   1      estimate
  meta-llama/Llama-3.3-70B-Instruct             o200k_base   1      estimate
  foo1                                          o200k_base   1      estimate
  o12-large                                     o200k_base   1      estimate
  gpt-9                                         o200k_base   1      estimate
`

test('the tokenizer of a model', () => {
  const lines = table.trim().split('\n').map((line) => line.trim().split(/\s+/))
  const found = lines.map(([model]) => {
    const { encoding, factor, exact } = tokenizerFor(model!)
    return [model, encoding, String(Number(factor.toFixed(4))), exact ? 'exact' : 'estimate']
  })
  expect(found).toEqual(lines)
  expect(tokenizerFor('')).toEqual({ encoding: 'o200k_base', factor: 1, exact: false })
})

test('another encoding, another count; an estimate is a whole number', () => {
  const text = 'Πόσο κάνει; 今天天气很好 – naïve café'
  expect(countTokens(text, 'gpt-4')).toBeGreaterThan(countTokens(text, 'gpt-4o')!)
  expect(countTokens('word '.repeat(100), 'gpt-4o')).toBe(101)
  expect(countTokens('word '.repeat(100), 'claude-sonnet-4-5')).toBe(113)
  expect(countTokens('word '.repeat(100), 'claude-opus-5')).toBe(147)
})

describe('a request', () => {
  const count = (text: string): number => countTokens(text, 'gpt-4o')!

  test('costs 3 tokens, each message 4, a name 1, beside the texts', () => {
    const user = { kind: 'user', text: 'Which is the largest planet?' }
    expect(estimateRequestTokens([], 'gpt-4o')).toBe(3)
    expect(estimateRequestTokens([user], 'gpt-4o')).toBe(7 + count(user.text))
    expect(estimateRequestTokens([{ ...user, name: 'ada' }], 'gpt-4o')).toBe(8 + count(user.text) + count('ada'))
    const system = { kind: 'system', text: 'Be brief.' }
    expect(estimateRequestTokens([system, user], 'gpt-4o')).toBe(11 + count(system.text) + count(user.text))
    expect(estimateRequestTokens([{ kind: 'reasoning', text: 'Hm.' }], 'gpt-4o')).toBe(3 + count('Hm.'))
  })

  test('comes near what providers counted for recorded requests', () => {
    const weather = JSON.stringify({
      type: 'function',
      function: {
        name: 'get_current_weather',
        description: 'Get the current weather in a given location',
        parameters: {
          type: 'object',
          properties: { location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' } },
          required: ['location'],
        },
      },
    })
    const claudeWeather = JSON.stringify({
      name: 'get_weather',
      description: 'Get the current weather in a given location',
      input_schema: {
        type: 'object',
        properties: { location: { type: 'string', description: 'The city and state, e.g. San Francisco, CA' } },
        required: ['location'],
      },
    })
    const asked = { kind: 'user', text: "What's the weather like in San Francisco?" }
    const openai = estimateRequestTokens([{ kind: 'tool-definition', text: weather }, asked], 'gpt-4o')!
    const claude = estimateRequestTokens([{ kind: 'tool-definition', text: claudeWeather }, asked], 'claude-sonnet-4')!
    expect(openai).toBeGreaterThan(60)
    expect(openai).toBeLessThan(80)
    // 403 by the page that documents the provider's own counting.
    expect(Math.abs(claude / 403 - 1)).toBeLessThan(0.15)
  })

  test('with an image is unknown: its tokens do not depend on its length', () => {
    expect(estimateRequestTokens([{ kind: 'user', text: 'aGVsbG8=', media: 'image' }], 'gpt-4o')).toBeUndefined()
  })
})

describe('the cache', () => {
  test('drops the least recently used text when there are too many', () => {
    const cache = new CountCache(2, 1_000)
    cache.set('one', 1)
    cache.set('two', 2)
    cache.get('one')
    cache.set('three', 3)
    expect(['one', 'two', 'three'].map((text) => cache.get(text))).toEqual([1, undefined, 3])
  })

  test('holds no more characters than allowed, and not a text longer than that', () => {
    const cache = new CountCache(100, 10)
    cache.set('12345', 1)
    cache.set('67890', 2)
    cache.set('abc', 3)
    cache.set('12345678901', 4)
    expect(['12345', '67890', 'abc', '12345678901'].map((text) => cache.get(text))).toEqual([undefined, 2, 3, undefined])
  })

  test('setting a text again changes nothing', () => {
    const cache = new CountCache(100, 10)
    for (let i = 0; i < 5; i++) cache.set('12345678', 1)
    cache.set('ab', 2)
    expect([cache.get('12345678'), cache.get('ab'), cache.size]).toEqual([1, 2, 2])
  })
})
