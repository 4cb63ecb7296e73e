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
  expect(read.problems).toEqual([])
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

test.each(['', '[]', '{"messages":5}', '{"messages":[null,{"type":"user"}]}', '{"sessionId":"a'])('bad input gives problems: %s', (text) => {
  const read = geminiCli.read({ name: 'bad', text })
  expect(checkImport(read)).toEqual([])
  expect(read.problems.length).toBeGreaterThan(0)
})
