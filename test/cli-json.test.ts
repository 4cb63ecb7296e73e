import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { Desk } from './support/cli.ts'
import { root } from './support/source.ts'

let desk: Desk
beforeEach(() => {
  desk = new Desk()
  desk.write('.spanwise/a.jsonl', runFile(A, 'first'), 5)
  desk.write('.spanwise/b.jsonl', runFile(B, 'second'))
  desk.write(`home/.claude/projects/shop/258c7280-ae70-4798-800f-63464d01a85d.jsonl`, '{"cwd":"/work/shop"}\n')
})
afterEach(() => desk.remove())

const A = '3f2a9c07'.padEnd(32, '0')
const B = '81bd04e2'.padEnd(32, '0')

function runFile(id: string, name: string): string {
  const drawn = draw('agent 0-100\n  search 10-90 call=c1', { id, name })
  return encodeTrace({ ...drawn, spans: drawn.spans.map((span) => ({ ...span, traceId: id })) })
}

const record = `require('node:fs').writeFileSync(process.env.SPANWISE_DIR + '/x.jsonl', ${JSON.stringify(runFile('c'.repeat(32), 'third'))})`
const row = { handle: '81bd04e2', id: B, name: 'second', file: '.spanwise/b.jsonl', durationNs: 100e6, spans: 2, toolCalls: 1, costUsd: expect.anything() }

/** A command, and what its document holds. */
const documents: readonly (readonly [words: readonly string[], format: string, holds: object])[] = [
  [['report'], 'analysis', { run: { name: 'second' }, totals: { toolCalls: 1 } }],
  [['report', '3f2a9c07', '81bd04e2'], 'analyses', { runs: [{ format: 'spanwise-analysis', run: { name: 'first' } }, { run: { name: 'second' } }] }],
  [['show', '3f2a9c07'], 'analysis', { run: { name: 'first' } }],
  [['show', '3f2a9c07', '--tree'], 'tree', { run: '3f2a9c07', spans: [{ handle: '0001', name: 'agent' }, { handle: '0002', name: 'search' }] }],
  [['show', '3f2a9c07', 'search'], 'span', { run: '3f2a9c07', handle: '0002', view: { name: 'search' }, span: { tool: { callId: 'c1' } }, findings: [expect.stringContaining('TOOL001')] }],
  [['list'], 'list', { runs: [row, { name: 'first' }], problems: [], skipped: [] }],
  [['top'], 'top', { runs: 2, operations: [{ name: 'agent', durationNs: { p50: 100e6 } }, {}], problems: [], skipped: [] }],
  [['sessions'], 'sessions', { sessions: [{ handle: '258c7280', agent: 'claude-code', project: '/work/shop', bytes: 21 }] }],
  [['convert', '3f2a9c07', '-o', 'x.jsonl'], 'convert', { runs: [{ handle: '3f2a9c07', id: A, name: 'first' }], written: ['x.jsonl'], problems: [] }],
  [['demo'], 'analysis', { run: { name: 'support-agent' } }],
  [['run', '--', process.execPath, '-e', record], 'analysis', { run: { name: 'third' } }],
]

/** `--json` stands before the program that `run` starts. */
const asJson = (words: readonly string[]): string[] => [words[0]!, '--json', ...words.slice(1)]

describe('--json', () => {
  test.each(documents)('%j is spanwise-%s', async (words, format, holds) => {
    const { code, out, err } = await desk.say(asJson(words))
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ format: `spanwise-${format}`, version: 1, ...holds })
    for (const line of err.split('\n').filter((one) => one !== '')) expect(JSON.parse(line)).toMatchObject({ format: 'spanwise-message', version: 1, message: expect.any(String) })
  })

  test('docs/command.md names every kind of document', () => {
    const text = readFileSync(`${root}docs/command.md`, 'utf8')
    for (const [, format] of documents) expect(text).toContain(`\`spanwise-${format}\``)
    expect(text).toContain('`spanwise-message`')
    expect(text).toContain('`spanwise-error`')
  })

  test.each([
    [['report', 'missing.jsonl', '--json'], { message: 'missing.jsonl: no such file or folder', exitCode: 2 }],
    [['reprot', '--json'], { message: 'there is no command reprot; did you mean report?', exitCode: 2 }],
    [['show', '--json', '--tre'], { message: 'spanwise show has no option --tre; did you mean --tree?', hints: [expect.stringContaining('--tree'), expect.any(String)] }],
    [['run', '--json', '--', 'no-such-program'], { message: 'no-such-program: there is no such program', exitCode: 127 }],
  ])('%j: the error is one JSON document', async (words, error) => {
    const { code, out, err } = await desk.say(words)
    expect(code).toBeGreaterThan(1)
    expect(out).toBe('')
    expect(JSON.parse(err)).toMatchObject({ format: 'spanwise-error', version: 1, error })
  })

  test('a problem is told in the document and beside it', async () => {
    desk.write('.spanwise/b.jsonl', runFile(B, 'second').slice(0, -30))
    const { code, out, err } = await desk.say(['list', '--json'])
    expect(code).toBe(2)
    expect(JSON.parse(out)).toMatchObject({ runs: [{}, {}], problems: expect.arrayContaining([{ file: '.spanwise/b.jsonl', line: 4, message: expect.any(String) }]) })
    expect(JSON.parse(err.split('\n')[0]!)).toMatchObject({ format: 'spanwise-message', message: expect.stringMatching(/^\.spanwise\/b\.jsonl:\d+: /) })
  })

  test('what follows -- is none of ours', async () => {
    expect((await desk.say(['run', '--', 'no-such-program', '--json'])).err).toMatch(/^spanwise: no-such-program/)
  })
})
