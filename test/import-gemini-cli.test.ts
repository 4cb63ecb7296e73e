import { expect, test } from 'vitest'
import { geminiCli } from '../adapters/import/gemini-cli.ts'
import { analyze } from '../src/analyze/index.ts'
import { NS_PER_S } from '../src/model/units.ts'
import { checkDetection, checkImport, checkPrefixes, fixture, fixtures, tree } from './support/imports.ts'

interface Told {
  readonly messages: readonly { readonly tokens?: Readonly<Record<string, number>>; readonly toolCalls?: readonly unknown[] }[]
}

test.each(fixtures('gemini-cli'))('%s is recognised and read, with the tokens its messages tell', (file) => {
  const source = fixture(file)
  checkDetection(geminiCli, source)
  checkPrefixes(geminiCli, source, 200)
  const read = geminiCli.read(source)
  const [trace] = checkImport(read)
  const { totals: { usage, toolCalls } } = analyze(trace!)
  const { messages } = JSON.parse(source.text) as Told
  const sum = (name: string): number => messages.reduce((all, { tokens }) => all + (tokens?.[name] ?? 0), 0)
  expect(usage.input.total + usage.output.total).toBe(sum('total'))
  expect([usage.input.cacheRead, usage.output.reasoning]).toEqual([sum('cached'), sum('thoughts')])
  expect(toolCalls).toBe(messages.reduce((all, message) => all + (message.toolCalls?.length ?? 0), 0))
  // One message of the first file, and three of the second, hold tools that were called when others of them had ended.
  const untold = file.includes('2025-12') ? 2 : 4
  expect(trace!.spans.filter(({ llm }) => llm !== undefined).length).toBe(messages.filter(({ tokens }) => tokens !== undefined).length + untold)
  expect(read.problems).toEqual([
    { message: `${untold} answers are known by their tools alone: the program wrote no tokens for them`, severity: 'note' },
  ])
})

const time = (second: number): string => new Date(second * 1_000 + 1_700_000_000_000).toISOString()

test('a call ends where its tools begin, by the time in their ids', () => {
  const tool = (second: number, end: number, status: string): object =>
    ({ id: `read-${1_700_000_000_000 + second * 1_000}-f00`, name: 'read', args: { path: 'PRIVATE' }, status, timestamp: time(end) })
  const text = JSON.stringify({
    sessionId: 'one', projectHash: 'x', startTime: time(0), lastUpdated: time(20),
    messages: [
      { type: 'user', timestamp: time(1), content: 'PRIVATE' },
      { type: 'gemini', timestamp: time(9), model: 'gemini-x', toolCalls: [tool(4, 6, 'success'), tool(4, 9, 'error')] },
      { type: 'gemini', timestamp: time(12), model: 'gemini-x', content: 'PRIVATE', tokens: { input: 5, output: 'x' } },
      { type: 'user', timestamp: 'never' }, { type: 'gemini', timestamp: time(20), toolCalls: [{ id: 7 }] },
    ],
  })
  const { traces, problems } = geminiCli.read({ name: 'x', text })
  expect(tree(checkImport({ traces, problems })[0]!, NS_PER_S)).toBe([
    'Gemini CLI session 0-20',
    '  turn 1-12',
    '    gemini-x 1-4',
    '    read 4-6',
    '    read 4-9 failed',
    '    gemini-x 9-12',
    '  turn 12-20',
    '    model 12-20',
    '    tool 20-20',
  ].join('\n'))
  expect(problems.map(({ message }) => message)).toEqual(['message 4 has no valid timestamp; the time of the one before it is used'])
  expect(JSON.stringify(traces)).not.toContain('PRIVATE')
})

const called = (name: string, second: number, end: number, more: object = {}): object =>
  ({ id: `${name}-${1_700_000_000_000 + second * 1_000}-f00`, name, args: {}, status: 'success', timestamp: time(end), ...more })
const withTools = (...toolCalls: readonly object[]): string => JSON.stringify({
  sessionId: 'one', projectHash: 'x', startTime: time(0), lastUpdated: time(20),
  messages: [{ type: 'user', timestamp: time(1), content: 'go' }, { type: 'gemini', timestamp: time(5), model: 'gemini-x', toolCalls, tokens: { input: 9, output: 2 } }],
})

test('tools that were called when others of their message had ended are of a later answer', () => {
  const { traces, problems } = geminiCli.read({ name: 'x', text: withTools(called('read', 2, 5), called('write', 8, 10), called('read', 12, 13)) })
  expect(tree(checkImport({ traces, problems })[0]!, NS_PER_S)).toBe([
    'Gemini CLI session 0-13', '  turn 1-13', '    gemini-x 1-2', '    read 2-5', '    gemini-x 5-8', '    write 8-10', '    gemini-x 10-12', '    read 12-13',
  ].join('\n'))
  const calls = traces[0]!.spans.filter(({ llm }) => llm !== undefined)
  expect(calls.map(({ llm }) => llm!.usage?.input?.total)).toEqual([9, undefined, undefined])
  expect(analyze(traces[0]!).findings.filter(({ code }) => code.startsWith('PAR'))).toEqual([])
})

test('one end for several tools is that of the last of them', () => {
  const source = withTools(called('write_todos', 2, 9), called('read', 2, 9), called('grep', 2, 6))
  const [trace] = checkImport(geminiCli.read({ name: 'x', text: source }))
  expect(trace!.spans.flatMap(({ tool, attributes }) => (tool === undefined ? [] : [attributes!['spanwise.time']]))).toEqual(['batch', 'batch', 'inferred'])
  const { findings, observations } = analyze(trace!)
  expect([...findings, ...observations].filter(({ code }) => code.startsWith('TOOL')).map(({ title }) => title)).toEqual(['grep took 4.00 s', 'grep takes 31 % of the run: 4.00 s in one call'].slice(0, 1))
})

test('what waited for a person or an agent says so', () => {
  const waits = (name: string, more: object = {}): unknown =>
    geminiCli.read({ name: 'x', text: withTools(called(name, 2, 9, more)) }).traces[0]!.spans.at(-1)!.attributes!['spanwise.waits_for']
  expect(waits('write_file', { status: 'cancelled' })).toBe('person')
  expect(waits('ask_user')).toBe('person')
  expect(waits('delegate_to_agent')).toBe('agent')
  expect(waits('codebase', { resultDisplay: '\nSubagent codebase Finished\n' })).toBe('agent')
  expect(waits('write_file')).toBeUndefined()
})

test('the newer form is a log: messages again with their tools and tokens, changes of the head, a rewind', () => {
  const source = fixture('gemini-cli-lines/session-2026-05.jsonl')
  checkDetection(geminiCli, source)
  checkPrefixes(geminiCli, source, 100)
  const read = geminiCli.read(source)
  const [trace] = checkImport(read)
  expect(read.problems).toEqual([])
  expect(trace!.tags).toEqual({ session: 'a1b2c3d4-0000-4000-8000-000000000001' })
  // The rewound answer had its time and its tokens; the history that the program put together had none.
  expect(tree(trace!, NS_PER_S)).toBe([
    'Gemini CLI session 0-65',
    '  turn 1-20',
    '    gemini-3-pro-preview 1-6',
    '    read_file 6-8',
    '    run_shell_command 6-12 failed',
    '    gemini-3-pro-preview 12-20',
    '  waiting for the user 20-60',
    '  turn 60-65',
    '    gemini-3-pro-preview 60-65',
  ].join('\n'))
  expect(trace!.spans.flatMap(({ llm }) => llm?.usage?.output ?? [])).toEqual([
    { total: 55, visible: 30, reasoning: 25 }, { total: 50, visible: 40, reasoning: 10 }, { total: 50, visible: 50, reasoning: 0 },
  ])
})

test('lines that are none of the log are problems with their number', () => {
  const { text } = fixture('gemini-cli-lines/session-2026-05.jsonl')
  const [head, ...rest] = text.split('\n')
  const { problems } = geminiCli.read({ name: 'x', text: [head, '{"other":1}', 'torn', '{"id":"late","type":"user","timestamp":"2031-01-01T00:00:00Z"}', ...rest].join('\n') })
  expect(problems).toEqual([
    { line: 3, message: 'not JSON' }, { line: 2, message: 'expected a message, a change or the head of a session' },
    { line: 4, message: 'the message has a time that is far from that of the first line; the time of the one before it is used' },
  ])
})

test("a subagent's file is a session of its own", () => {
  const { text } = fixture('gemini-cli-lines/session-2026-05.jsonl')
  expect(geminiCli.read({ name: 'x', text: text.replace('"kind":"main"', '"kind":"subagent"') }).traces[0]!.name).toBe('Gemini CLI subagent')
})

test.each(['', '[]', '{"messages":5}', '{"messages":[null,{"type":"user"}]}', '{"sessionId":"a'])('bad input gives problems: %s', (text) => {
  const read = geminiCli.read({ name: 'bad', text })
  expect(checkImport(read)).toEqual([])
  expect(read.problems.length).toBeGreaterThan(0)
})
