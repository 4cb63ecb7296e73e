import { describe, expect, test } from 'vitest'
import { codex } from '../adapters/import/codex.ts'
import type { Source } from '../adapters/import/shared/importer.ts'
import { analyze } from '../src/analyze/index.ts'
import { NS_PER_S } from '../src/model/units.ts'
import { checkDetection, checkImport, checkPrefixes, fixture, fixtures, tree } from './support/imports.ts'

const files = fixtures('codex')
const expected = (JSON.parse(fixture('expected.json').text) as { codex: Record<string, Record<string, number>> }).codex

describe('recorded sessions', () => {
  test.each(Object.entries(expected))('%s has the tokens of its last total', (name, counts) => {
    const [trace, ...others] = checkImport(codex.read(fixture(`codex/${name}.jsonl.gz`)))
    expect(others).toEqual([])
    const { usage: { input, output } } = analyze(trace!).totals
    expect({
      input_tokens: input.total, cached_input_tokens: input.cacheRead, output_tokens: output.total,
      reasoning_output_tokens: output.reasoning, total_tokens: input.total + output.total,
    }).toEqual({ reasoning_output_tokens: 0, ...counts })
  })

  test.each(files)('%s is recognised', (file) => checkDetection(codex, fixture(file)))

  test.each(files)('each beginning of %s is read', (file) => {
    const source = fixture(file)
    checkPrefixes(codex, source, Math.min(Math.ceil(source.text.length / 300), 150))
  })

  test('a long session has its calls and its parallel tools', () => {
    const { spans } = codex.read(fixture('codex/localpush-1241.jsonl.gz')).traces[0]!
    expect(spans.filter(({ llm }) => llm !== undefined).length).toBe(28)
    expect(spans.filter(({ tool }) => tool !== undefined).length).toBe(118)
    expect(analyze(codex.read(fixture('codex/localpush-1241.jsonl.gz')).traces[0]!).calls.every(({ usage }) => usage !== undefined)).toBe(true)
  })
})

test.each(['codex/older-2025-08.jsonl', 'codex/older-2025-04.json'])('%s, without times, tells its calls, tools and their order', (file) => {
  const read = codex.read(fixture(file))
  const [trace] = checkImport(read)
  expect(tree(trace!, NS_PER_S).split('\n').map((line) => line.replace(' 0-0', ''))).toEqual([
    'Codex session', '  turn', '    model', '    shell', '    shell failed', '    model', '    model',
  ])
  const calls = trace!.spans.filter(({ llm }) => llm !== undefined)
  expect(calls.map(({ dependsOn = [] }) => dependsOn.map((id) => trace!.spans.find((span) => span.id === id)!.tool?.callId)))
    .toEqual([[], ['call_1', 'call_2'], []])
  expect(calls.map(({ llm }) => [llm!.usage, llm!.toolCalls?.length])).toEqual([[undefined, 2], [undefined, undefined], [undefined, undefined]])
  expect(read.problems).toEqual([
    { severity: 'note', message: 'this version of Codex wrote no tokens and no times: all stands at the start of the session' },
  ])
})

function session(...lines: readonly (readonly [second: number, type: string, payload: object])[]): Source {
  const rows = lines.map(([second, type, payload]) => JSON.stringify({ timestamp: new Date(second * 1_000).toISOString(), type, payload }))
  return { name: 'drawn', text: rows.join('\n') }
}

const total = (input: number, output: number, last = input): object => ({
  type: 'token_count',
  info: { total_token_usage: { input_tokens: input, output_tokens: output }, last_token_usage: { input_tokens: last, output_tokens: 1 } },
})
const call = (id: string): object => ({ type: 'function_call', name: 'shell', arguments: '{}', call_id: id })
const output = (id: string, said: unknown = 'ok'): object => ({ type: 'function_call_output', call_id: id, output: said })
const begin = [
  [0, 'session_meta', { id: 'one', cli_version: '1' }],
  [1, 'event_msg', { type: 'user_message', message: 'PRIVATE' }],
  [2, 'turn_context', { model: 'gpt-x' }],
] as const

describe('drawn sessions', () => {
  test('a call ends with its count, tools run to their output, a repeated total is nobody\'s', () => {
    const source = session(
      ...begin,
      [4, 'response_item', { type: 'reasoning' }], [5, 'response_item', call('a')], [5, 'response_item', call('b')],
      [5, 'event_msg', total(100, 10)], [6, 'response_item', output('a')], [8, 'response_item', output('b', 'Process exited with code 1')],
      [9, 'event_msg', total(100, 10)],
      [10, 'response_item', { type: 'message', role: 'assistant', content: [{ text: 'PRIVATE' }] }], [10, 'event_msg', total(250, 15)],
      [10, 'event_msg', { type: 'task_complete' }],
      [20, 'event_msg', { type: 'user_message' }], [22, 'event_msg', total(300, 20)],
    )
    const [trace] = checkImport(codex.read(source))
    expect(tree(trace!, NS_PER_S)).toBe([
      'Codex session 0-22',
      '  turn 1-10',
      '    gpt-x 2-5',
      '    shell 5-6',
      '    shell 5-8 failed',
      '    gpt-x 8-10',
      '  waiting for the user 10-20',
      '  turn 20-22',
      '    gpt-x 20-22',
    ].join('\n'))
    expect(trace!.spans.flatMap(({ llm }) => llm?.usage?.input?.total ?? [])).toEqual([100, 150, 50])
    expect(JSON.stringify(trace)).not.toContain('PRIVATE')
  })

  test('a total that went down is a problem, and the last count is used', () => {
    const { traces, problems } = codex.read(session(...begin, [3, 'event_msg', total(100, 10)], [4, 'event_msg', total(40, 5, 40)]))
    expect(traces[0]!.spans.flatMap(({ llm }) => llm?.usage?.input?.total ?? [])).toEqual([100, 40])
    expect(problems).toEqual([{ line: 5, message: 'the running total of tokens went down; the count of the last call is used' }])
  })

  test('a tool without output is open at the end, and cancelled when the turn was stopped', () => {
    const lines = [...begin, [3, 'response_item', call('a')]] as const
    expect(tree(codex.read(session(...lines)).traces[0]!, NS_PER_S)).toContain('shell 3- open')
    expect(tree(codex.read(session(...lines, [7, 'event_msg', { type: 'turn_aborted' }])).traces[0]!, NS_PER_S)).toContain('shell 3-7 cancelled')
  })

  test('what waited for a person or for other work says so', () => {
    const waits = (name: string, said: unknown, more: object = {}): unknown => {
      const { traces } = codex.read(session(...begin, [3, 'response_item', { ...call('a'), name, ...more }], [9, 'response_item', output('a', said)]))
      return traces[0]!.spans.at(-1)!.attributes?.['spanwise.waits_for']
    }
    expect(waits('wait_agent', 'ok')).toBe('work')
    expect(waits('request_user_input', 'yes')).toBe('person')
    expect(waits('apply_patch', 'patch rejected by user')).toBe('person')
    expect(waits('write_stdin', 'ok', { arguments: '{"session_id":1,"chars":""}' })).toBe('work')
    expect(waits('write_stdin', 'ok', { arguments: '{"session_id":1,"chars":"y"}' })).toBeUndefined()
    expect(waits('shell', 'it was rejected by user space')).toBeUndefined()
    const event = { type: 'collab_waiting_end', call_id: 'a' }
    const { traces } = codex.read(session(...begin, [3, 'response_item', { ...call('a'), name: 'await_all' }], [9, 'event_msg', event]))
    expect(traces[0]!.spans.at(-1)!.attributes).toEqual({ 'spanwise.waits_for': 'work' })
  })

  test('reasoning counted apart, as the sum tells, is part of the output', () => {
    const usage = { input_tokens: 1_000, output_tokens: 125, reasoning_output_tokens: 75, total_tokens: 1_200 }
    const { traces } = codex.read(session(...begin, [3, 'event_msg', { type: 'token_count', info: { total_token_usage: usage } }]))
    expect(traces[0]!.spans.at(-1)!.llm?.usage?.output).toEqual({ total: 200, visible: 125, reasoning: 75 })
  })
})

describe('bad input', () => {
  test.each([
    ['nothing', ''], ['a number', '1'], ['wrong types', '{"type":"event_msg","timestamp":5,"payload":{"type":"token_count","info":[1]}}'],
    ['no payload', '{"type":"response_item"}'], ['a deep nest', '{"a":'.repeat(100_000)],
    ['keys of prototypes', '{"type":"response_item","timestamp":"2026-01-01T00:00:00Z","payload":{"__proto__":{"type":"reasoning"},"call_id":"__proto__"}}'],
  ])('%s gives problems and no exception', (_what, text) => {
    const read = codex.read({ name: 'bad', text })
    checkImport(read)
    expect(read.problems.length).toBeGreaterThan(0)
  })
})
