import { describe, expect, test } from 'vitest'
import { pricing } from '../src/models/prices.ts'
import { findProvider, priceTable, type PriceTable } from '../src/models/genai-prices.ts'
import { inputInclusive, outputInclusive, type Usage } from '../src/model/usage.ts'

const table = priceTable()!
const PROVIDERS = [
  'openai', 'anthropic', 'azure.ai.openai', 'aws.bedrock', 'gcp.gemini', 'groq', 'mistral_ai', 'deepseek', 'x_ai', 'cohere', 'perplexity',
  'moonshot_ai', 'cerebras', 'fireworks', 'together', 'novita', 'openrouter', 'ovhcloud',
]
const EPOCH_MS = Date.UTC(2026, 8, 1, 12)

const usageOf = (input: number, cacheRead: number, cacheWrite: number, output: number): Usage => ({
  input: inputInclusive({ input, cacheRead, cacheWrite })!, output: outputInclusive({ output })!, complete: true, source: 'provider',
})
const usages = [
  usageOf(1_234, 0, 0, 77), usageOf(1_234, 1_001, 0, 77), usageOf(987_653, 100_003, 7_001, 4_321), usageOf(13, 0, 13, 0), usageOf(0, 0, 0, 7), usageOf(0, 0, 0, 0),
]

/** Counts how often the table itself is asked. */
function watched(): { readonly table: PriceTable; asked: number } {
  const watch = { asked: 0, table: { ...table, calcPrice: (...args: Parameters<PriceTable['calcPrice']>) => (watch.asked++, table.calcPrice(...args)) } }
  return watch
}

describe.each(PROVIDERS)('%s: prices of later calls are those of the table, to the last digit', (provider) => {
  test('every model', () => {
    const entry = findProvider(table, provider)!
    const known = pricing({}, table)
    for (const { id } of entry.models) {
      for (const usage of usages) {
        const call = { provider, models: [id], usage, epochMs: EPOCH_MS }
        const asked = pricing({}, table).price(call)
        expect([id, known.price(call)]).toEqual([id, asked])
        expect([id, known.price(call)]).toEqual([id, asked])
      }
    }
  })
})

test('a model is looked up once, and one that the table does not have is not asked for again', () => {
  const watch = watched()
  const known = pricing({}, watch.table)
  const priceOf = (model: string): number | undefined => known.price({ provider: 'openai', models: [model], usage: usages[1]!, epochMs: EPOCH_MS })
  const first = priceOf('gpt-5-mini')
  for (let i = 0; i < 10; i++) expect(priceOf('gpt-5-mini')).toBe(first)
  expect(first).toBeGreaterThan(0)
  for (let i = 0; i < 10; i++) expect(priceOf('no-such-model')).toBeUndefined()
  expect(watch.asked).toBe(2)
})
