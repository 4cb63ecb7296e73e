import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Profiler } from 'spanwise'
import { defaultThresholds } from '../src/analyze/options.ts'
import { defaultLimits } from '../src/record/limits.ts'
import { build, type Built } from './support/built.ts'
import { root } from './support/source.ts'

const readme = readFileSync(`${root}README.md`, 'utf8')
const configuration = readFileSync(`${root}docs/configuration.md`, 'utf8')
const [example = ''] = [...readme.matchAll(/^```ts\n([\s\S]*?)^```/gm)].map(([, code]) => code)

describe('the first example', () => {
  let built: Built
  beforeAll(async () => { built = await build() })
  afterAll(() => built.remove())

  test('is about thirty lines and works when pasted', () => {
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(32)
    const answers = [
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'search_docs', arguments: '{"query":"returns"}' } }] },
      { role: 'assistant', content: 'Within 30 days.' },
    ].map((message) => ({
      id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o-mini-2024-07-18',
      choices: [{ index: 0, message, finish_reason: 'stop' }], usage: { prompt_tokens: 50, completion_tokens: 10, total_tokens: 60 },
    }))
    const provider = `
      const answers = ${JSON.stringify(answers)}
      globalThis.fetch = async () => new Response(JSON.stringify(answers.shift()), { headers: { 'content-type': 'application/json' } })
    `
    const { status, stdout, stderr } = built.run(example, { OPENAI_API_KEY: 'test', NO_COLOR: '1' }, provider)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^Within 30 days\.\n/)
    expect(stdout).toMatch(/support-agent .* 2 LLM calls · 1 tool call/s)
    expect(stdout).toContain('search_docs')
  })
})

describe('the tables of docs/configuration.md', () => {
  const rows = (heading: RegExp): Map<string, string> => {
    const table = configuration.slice(configuration.search(heading)).split('\n\n')[0]!
    return new Map([...table.matchAll(/^\| `([\w.]+)` \| ([^|]*) \|/gm)].map(([, name, value]) => [name!, value!.trim()]))
  }
  const number = (text: string | undefined): number => Number(/^[\d,.]+/.exec(text ?? '')?.[0].replaceAll(',', ''))

  test('limits', () => {
    const table = rows(/^\| limit \| default/m)
    expect(Object.fromEntries([...table].map(([name, value]) => [name, number(value)]))).toEqual(defaultLimits)
  })

  test('thresholds', () => {
    const table = [...rows(/^\| option \| default \| meaning \|\n\|---\|---\|---\|\n\| `thresholds/m)].filter(([name]) => name.startsWith('thresholds.'))
    expect(Object.fromEntries(table.map(([name, value]) => [name.slice('thresholds.'.length), number(value)]))).toEqual(defaultThresholds)
  })

  test('options of the profiler', () => {
    const table = rows(/^\| option \| default \| meaning \|\n\|---\|---\|---\|\n\| `enabled/m)
    expect([...table.keys()]).toEqual(['enabled', 'sampleRate', 'maxTraces', 'content', 'dir', 'chromeTraceDir', 'retention', 'resources', 'service', 'limits'])
    const { enabled, content } = new Profiler({ enabled: true })
    expect([enabled, content]).toEqual([true, 'none'])
    expect(number(table.get('maxTraces'))).toBe(64)
  })
})
