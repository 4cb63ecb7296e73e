import { describe, expect, test } from 'vitest'
import { importAll, importTraces } from '../adapters/import/index.ts'
import type { Source } from '../adapters/import/shared/importer.ts'
import { analyze } from '../src/analyze/index.ts'
import { checkImport, fixture, fixtures, tree } from './support/imports.ts'
import { sourcesOf } from './support/source.ts'

const expected = (JSON.parse(fixture('expected.json').text) as { 'claude-code': Record<string, { output: number }> })['claude-code']

const filesOf = (session: string): Source[] =>
  fixtures('claude-code').filter((file) => file.startsWith(`claude-code/${session}.`)).map((file) => fixture(file))

describe('several sources that make one session', () => {
  test('a session and its subagents are one trace, in any order', () => {
    const sources = filesOf('spotter-long')
    expect(sources.length).toBe(3)
    for (const order of [sources, sources.toReversed()]) {
      const result = importAll(order)
      expect([result.format, checkImport(result).length, result.problems]).toEqual(['claude-code', 1, []])
      expect(analyze(result.traces[0]!).totals.usage.output.total).toBe(expected['spotter-long']!.output)
    }
  })

  test('a problem names its source and the line in it', () => {
    const [main, agent] = filesOf('codemie-subagents-1')
    const { problems } = importAll([{ ...main!, text: `${main!.text}\nnot JSON` }, { ...agent!, text: `[]\n${agent!.text}` }])
    const lines = main!.text.split('\n').length
    expect(problems).toEqual([
      { source: main!.name, line: lines + 1, message: 'the last line is cut or not JSON' },
      { source: agent!.name, line: 1, message: 'expected an object' },
    ])
  })

  test('what is missing from the session is a note of the session', () => {
    const { problems } = importAll([fixture('claude-code/spotter-subagent.jsonl.gz'), fixture('claude-code/spotter-short.jsonl.gz')])
    expect(problems).toEqual([{ severity: 'note', message: expect.stringContaining('the subagent afb92ff is not here') }])
  })
})

describe('sources that have nothing to do with each other', () => {
  const sources = [fixture('codex/localpush-1319.jsonl.gz'), fixture('codex/localpush-2034.jsonl.gz'), fixture('chrome/simple.json')]

  test('are read one after another', () => {
    const { traces, format } = importAll(sources)
    expect(format).toBe('codex')
    expect(traces.map((trace) => tree(trace, 1_000))).toEqual(sources.flatMap((source) => importTraces(source).traces.map((trace) => tree(trace, 1_000))))
  })

  test('one that nobody knows is a problem of its own', () => {
    const { traces, problems } = importAll([{ name: 'notes.txt', text: 'hello' }, ...sources])
    expect(traces.length).toBe(3)
    expect(problems[0]).toEqual({ source: 'notes.txt', message: expect.stringMatching(/^notes.txt is in no known format; known are: /) })
  })

  test('nothing is nothing', () => {
    expect(importAll([])).toEqual({ format: undefined, traces: [], problems: [] })
  })
})

test('importers load what types, arithmetic and files need, and no recorder', () => {
  const sources = new Map(sourcesOf('adapters', 'src/model').map((source) => [source.path, source]))
  const seen = new Set<string>()
  const visit = (path: string): void => {
    if (seen.has(path)) return
    seen.add(path)
    for (const { from, typeOnly } of sources.get(path)?.imports ?? []) {
      if (!typeOnly && from.startsWith('.')) visit(new URL(from, `file:///${path}`).pathname.slice(1))
    }
  }
  visit('adapters/import/index.ts')
  expect(seen.size).toBeGreaterThan(40)
  expect([...seen].filter((path) => !/^(adapters\/(import|shared)\/|src\/model\/)/.test(path))).toEqual([])
})
