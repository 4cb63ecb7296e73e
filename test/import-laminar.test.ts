import { expect, test } from 'vitest'
import { fixture, imported, onlyTrace, tree } from './support/imported.ts'

interface Row {
  readonly [name: string]: unknown
}
const { data } = JSON.parse(fixture('laminar/spans.json')) as { data: readonly Row[] }
const expected = [
  'run internal 0-1500',
  '  openai.chat llm 10-700 in 150 out 20',
  '  search tool 720-1400 failed',
].join('\n')

test.each([
  ['an answer of the API', { data }], ['a list', data], ['lines', data.map((row) => JSON.stringify(row)).join('\n')],
])('rows of the table: %s', (_form, content) => {
  const { format, traces, problems } = imported(content)
  expect([format, problems, traces.map(tree)]).toEqual(['laminar', [], [expected]])
  expect(traces[0]!.id).toBe('1234567890ab4def8234426614174000')
  expect(traces[0]!.spans[1]).toMatchObject({
    id: '2222222222222222',
    llm: { provider: 'openai', requestModel: 'gpt-5-mini', responseModel: 'gpt-5-mini-2025-08-07', usage: { input: { total: 150, cacheRead: 100 } } },
  })
  expect(JSON.stringify(traces)).not.toContain('"go"')
})

test('where the attributes say nothing, the columns do', () => {
  expect(tree(onlyTrace(data.map((row) => ({ ...row, attributes: '{}' }))))).toBe(expected)
  expect(tree(onlyTrace(data.map(({ attributes: _all, ...row }) => row)))).toBe(expected)
})

test('rows that are no spans, without an id or a time are problems', () => {
  const { problems } = imported([...data, { span_id: 'x' }, { ...data[0], span_id: '00000000-0000-0000-0000-000000000000' }, { ...data[0], start_time: 'soon' }])
  expect(problems).toEqual([
    'expected a span with span_id, trace_id, span_type and start_time', 'a span without an id: left out', 'the span 1111111111111111 has no start: left out',
  ])
})
