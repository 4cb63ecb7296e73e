import { describe, expect, test } from 'vitest'
import { fixture, imported, onlyTrace, tree } from './support/imported.ts'

const uuid = (n: number): string => `0190a2c8-0000-7000-8000-${String(n).padStart(12, '0')}`
const step = (n: number, ms: number): string => `20250101T000000${String(ms * 1000).padStart(6, '0')}Z${uuid(n)}`
const iso = (ms: number): string => `2025-01-01T00:00:00.${String(ms).padStart(3, '0')}`

interface Drawn {
  readonly path: readonly (readonly [id: number, ms: number])[]
  readonly end: number
  readonly type: string
  readonly name: string
  readonly more?: Readonly<Record<string, unknown>>
}

function run({ path, end, type, name, more }: Drawn): Record<string, unknown> {
  const [id, start] = path.at(-1)!
  const above = path.at(-2)
  return {
    id: uuid(id), name, run_type: type, start_time: iso(start), end_time: iso(end), trace_id: uuid(path[0]![0]), session_name: 'my project',
    ...(above !== undefined && { parent_run_id: uuid(above[0]) }), dotted_order: path.map(([n, ms]) => step(n, ms)).join('.'), ...more,
  }
}

const asks = { id: 'c1', name: 'search', args: { q: 1 } }
const message = { lc: 1, type: 'constructor', id: ['langchain', 'schema', 'messages', 'AIMessage'], kwargs: { content: '', tool_calls: [asks], usage_metadata: {
  input_tokens: 100, output_tokens: 9, total_tokens: 109, input_token_details: { cache_read: 60 }, output_token_details: { reasoning: 4 },
} } }
const human = { lc: 1, type: 'constructor', id: ['langchain', 'schema', 'messages', 'HumanMessage'], kwargs: { content: 'where?' } }
const runs = [
  run({ path: [[1, 0]], end: 90, type: 'chain', name: 'agent' }),
  run({ path: [[1, 0], [2, 5]], end: 40, type: 'llm', name: 'ChatOpenAI', more: {
    inputs: { messages: [[human]] }, outputs: { generations: [[{ text: '', message }]] },
    extra: { metadata: { ls_provider: 'openai', ls_model_name: 'gpt-5-mini', thread_id: 'x' } }, events: [{ name: 'new_token', time: '2025-01-01T00:00:00.015000+00:00' }],
  } }),
  run({ path: [[1, 0], [3, 45]], end: 80, type: 'tool', name: 'search', more: {
    outputs: { output: { type: 'tool', content: 'here', tool_call_id: 'c1', name: 'search' } }, error: "ValueError('no')\nTraceback",
  } }),
]
const expected = 'agent internal 0-90\n  ChatOpenAI llm 5-40 in 100 out 9\n  search tool 45-80 failed'

describe('runs', () => {
  test('become a trace', () => {
    const { format, traces, problems } = imported(runs)
    const [trace] = traces
    expect([format, problems]).toEqual(['langsmith', []])
    expect(tree(trace!)).toBe(expected)
    expect(trace).toMatchObject({ id: uuid(1).replaceAll('-', ''), service: 'my project', startedAtEpochMs: Date.UTC(2025, 0, 1) })
    expect(trace!.spans[1]!.llm).toMatchObject({
      provider: 'openai', requestModel: 'gpt-5-mini', streamed: true, firstToken: 15_000_000, toolCalls: [{ id: 'c1', name: 'search', argumentsChars: 7 }],
      usage: { input: { total: 100, cacheRead: 60 }, output: { total: 9, reasoning: 4 } },
    })
    expect(trace!.parts.map(({ kind }) => kind)).toEqual(['user', 'tool-call'])
    expect(trace!.spans[2]).toMatchObject({
      tool: { name: 'search', callId: 'c1', issuedBy: trace!.spans[1]!.id }, outcome: { state: 'failed', type: 'ValueError' },
    })
  })

  test.each([
    ['lines', runs.map((one) => JSON.stringify(one)).join('\n')],
    ['a page', { runs }],
    ['the last first', runs.toReversed()],
    ['without a dotted order', runs.map(({ dotted_order: _order, ...rest }) => rest)],
    ['children inside', [{ ...runs[0], child_runs: runs.slice(1).map(({ dotted_order: _order, parent_run_id: _parent, ...rest }) => rest) }]],
    ['epoch milliseconds', runs.map((one) => ({ ...one, start_time: Date.parse(`${String(one['start_time'])}Z`), end_time: Date.parse(`${String(one['end_time'])}Z`) }))],
  ])('%s', (_form, content) => {
    expect(tree(onlyTrace(content))).toBe(expected)
  })

  test('what the dotted order says goes before the parent', () => {
    expect(tree(onlyTrace(runs.map((one, i) => (i === 2 ? { ...one, parent_run_id: uuid(2) } : one))))).toBe(expected)
  })

  test("a graph's interrupt is no failure", () => {
    const { spans } = onlyTrace([{ ...runs[0], error: "GraphInterrupt((Interrupt(value='ok?'),))" }])
    expect(spans[0]!.outcome).toEqual({ state: 'ok' })
  })

  test('counts of the run itself', () => {
    const { spans } = onlyTrace([{ ...runs[0], run_type: 'llm', prompt_tokens: 5, completion_tokens: 2, total_tokens: 7 }])
    expect(spans[0]!.llm!.usage).toMatchObject({ input: { total: 5 }, output: { total: 2 } })
  })
})

describe('files in the forms of the SDK, the API, the command and the bulk export', () => {
  test.each(['sdk-requests.json', 'api-runs.json', 'bulk-export.jsonl', 'command.jsonl'])('%s', (file) => {
    const { format, traces, problems } = imported(fixture(`langsmith/${file}`))
    expect([format, problems]).toEqual(['langsmith', []])
    expect(traces.map(tree)).toEqual([[
      'agent internal 0-2600',
      '  ChatOpenAI llm 10-910 in 58 out 17',
      '  lookup tool 920-1400',
      '  ChatOpenAI llm 1410-2590 in 96 out 6',
    ].join('\n')])
    const calls = traces[0]!.spans.flatMap(({ llm }) => llm ?? [])
    expect(calls.map(({ provider, requestModel, responseModel, firstToken }) => [provider, requestModel, responseModel, firstToken])).toEqual([
      ['openai', 'gpt-4o-mini', 'gpt-4o-mini-2024-07-18', undefined], ['openai', 'gpt-4o-mini', 'gpt-4o-mini-2024-07-18', 1_830_000_000],
    ])
    // The command writes no details.
    expect(calls[1]!.usage!.input!.cacheRead).toBe(file === 'command.jsonl' ? 0 : 64)
    expect(traces[0]!.parts.map(({ kind }) => kind)).toEqual(['user', 'tool-call', 'tool-result', 'assistant'])
  })

  test('a start in epoch milliseconds needs no dotted order; a parent may be the last of its ancestors', () => {
    const plain = runs.map(({ dotted_order: _order, parent_run_id: parent, ...rest }) => ({
      ...rest, start_time: Date.parse(`${String(rest['start_time'])}Z`), parent_run_ids: parent === undefined ? [] : ['other', parent],
    }))
    expect(tree(onlyTrace(plain))).toBe(expected)
  })

  test('a status of error without a text is a failure', () => {
    expect(onlyTrace([{ ...runs[0], status: 'error', error: null }]).spans[0]!.outcome).toEqual({ state: 'failed', type: 'Error', message: '' })
  })
})
