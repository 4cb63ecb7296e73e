import { afterAll, describe, expect, test } from 'vitest'
import { importers } from '../adapters/import/index.ts'
import type { ImportResult } from '../adapters/import/shared/importer.ts'
import { checkTrace } from './laws.ts'
import { seeded } from './support/random.ts'
import { fixture, imported, otlpOf } from './support/imported.ts'

const prototype = Object.getOwnPropertyNames(Object.prototype).sort()
afterAll(() => {
  expect(Object.getOwnPropertyNames(Object.prototype).sort()).toEqual(prototype)
  expect(Object.keys({})).toEqual([])
})

const real = {
  otlp: fixture('otlp-derived/openai-agents-2025-09-30.otlp.json.gz'),
  langfuse: fixture('langfuse/langgraph-js-2025-10-30.trace.json.gz'),
  langsmith: JSON.stringify([{ id: 'a', run_type: 'llm', start_time: '2025-01-01T00:00:00Z', outputs: { usage_metadata: { input_tokens: 1 } } }]),
} as const

function read(text: string): ImportResult[] {
  return importers.map((importer) => {
    const result = importer.read({ name: 'file', text })
    result.traces.forEach(checkTrace)
    return result
  })
}

const deep = (levels: number, open: string, inside: string, close: string): string => open.repeat(levels) + inside + close.repeat(levels)

describe('any reader of any text', () => {
  test.each([
    ['nothing', ''], ['space', ' \n '], ['a word', 'hello'], ['null', 'null'], ['a number', '5'], ['a list of nothing', '[null, 5, "x", [], {}]'],
    ['200 levels of lists', deep(200, '[', '', ']')], ['200 levels of objects', deep(200, '{"resourceSpans":', '1', '}')],
    ['100,000 levels', deep(100_000, '[', '', ']')], ['NUL', '\0'], ['half a surrogate', '"\uD800'],
  ])('%s gives a problem', (_what, text) => {
    for (const { traces, problems } of read(text)) {
      expect(traces).toEqual([])
      expect(problems.length).toBeGreaterThan(0)
    }
  })

  test('the file that nobody knows', () => {
    expect(imported('hello')).toMatchObject({ format: undefined, traces: [], problems: [expect.stringContaining('no known format')] })
  })

  test.each(Object.entries(real))('%s, cut anywhere', (_name, text) => {
    for (let i = 1; i <= 40; i++) read(text.slice(0, Math.floor((text.length * i) / 41)))
  })

  test.each(Object.entries(real))('%s with values of the wrong type', (_name, text) => {
    const next = seeded(7)
    const wrong: readonly unknown[] = [null, 0, -1, 1e300, '', 'x', true, [], {}, [null], { constructor: 1 }, '__proto__', { toString: 1 }]
    const spoil = (value: unknown): unknown => {
      if (next() < 0.03) return wrong[Math.floor(next() * wrong.length)]
      if (Array.isArray(value)) return value.map(spoil)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spoil(one)]))
    }
    for (let i = 0; i < 100; i++) read(JSON.stringify(spoil(JSON.parse(text))))
  })
})

describe('names that mean something to JavaScript', () => {
  const names = ['__proto__', 'constructor', 'prototype', 'toString', 'hasOwnProperty', '__defineGetter__', 'valueOf']
  const hostile = Object.fromEntries(names.map((name) => [name, { polluted: true }]))

  test('are attributes like others', () => {
    const attributes = Object.fromEntries(names.map((name) => [name, name]))
    const { traces } = imported(otlpOf([{ id: 'a', end: 1, attributes }]))
    expect(Object.entries(traces[0]!.spans[0]!.attributes!)).toEqual(names.map((name) => [name, name]))
  })

  test('are ids, names, models and kinds like others', () => {
    for (const name of names) {
      const observation = { id: name, traceId: name, type: name, name, model: name, startTime: '2025-01-01T00:00:00Z', usageDetails: hostile, metadata: hostile }
      expect(imported([observation, { ...observation, id: 'other', parentObservationId: name, type: 'GENERATION' }]).traces).toHaveLength(1)
      const attributes = { 'gen_ai.operation.name': name, 'openinference.span.kind': name, [`llm.input_messages.0.${name}.${name}`]: name, [`${name}.${name}`]: name }
      expect(imported(otlpOf([{ id: 'a', end: 1, attributes }], name)).traces).toHaveLength(1)
    }
    expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
  })
})

test('messages that are nested in themselves, as JSON in JSON', () => {
  let text = '[{"role":"user","content":"x"}]'
  for (let i = 0; i < 9; i++) text = JSON.stringify([{ role: 'user', content: text }])
  const nested = deep(120, '{"content":[', '"x"', ']}')
  for (const said of [text, nested, deep(5_000, '[', '', ']')]) {
    const { traces } = imported(otlpOf([{ id: 'a', end: 1, attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': said } }]))
    expect(traces).toHaveLength(1)
  }
})
