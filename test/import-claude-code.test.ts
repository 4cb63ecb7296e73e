import { describe, expect, test } from 'vitest'
import { claudeCode, readClaudeCode } from '../adapters/import/claude-code.ts'
import type { Source } from '../adapters/import/shared/importer.ts'
import { analyze } from '../src/analyze/index.ts'
import type { Trace } from '../src/model/span.ts'
import { NS_PER_MS, NS_PER_S } from '../src/model/units.ts'
import { checkDetection, checkImport, checkPrefixes, fixture, fixtures, tree } from './support/imports.ts'

const files = fixtures('claude-code')
const expected = (JSON.parse(fixture('expected.json').text) as { 'claude-code': Record<string, Record<string, number>> })['claude-code']

/** A session's file and those of its subagents. */
const sourcesOf = (session: string): Source[] =>
  files.filter((file) => file.startsWith(`claude-code/${session}.`)).map((file) => fixture(file))

function totals(trace: Trace): Record<string, number> {
  const { totals: { llmCalls, usage } } = analyze(trace)
  const { uncached, cacheRead, cacheWrite } = usage.input
  return { llmCalls, inputUncached: uncached, output: usage.output.total, cacheRead, cacheWrite }
}

describe('recorded sessions', () => {
  test.each(Object.entries(expected))('%s has the tokens that were counted apart', (session, counts) => {
    const [trace, ...others] = checkImport(readClaudeCode(sourcesOf(session)))
    expect(others).toEqual([])
    expect(totals(trace!)).toEqual(counts)
  })

  test.each(files)('%s is recognised', (file) => checkDetection(claudeCode, fixture(file)))

  test.each(files)('each beginning of %s is read', (file) => {
    const source = fixture(file)
    checkPrefixes(claudeCode, source, Math.min(Math.ceil(source.text.length / 300), 60))
  })

  test('the order of the files does not matter to the totals', () => {
    const result = readClaudeCode(sourcesOf('spotter-long').reverse())
    expect(totals(checkImport(result)[0]!)).toEqual(expected['spotter-long'])
  })

  test('a subagent lies in the tool call that began it, a compaction has its agent', () => {
    const [trace] = readClaudeCode(sourcesOf('spotter-long')).traces
    const byId = new Map(trace!.spans.map((span) => [span.id, span]))
    const agents = trace!.spans.filter(({ attributes }) => attributes?.['gen_ai.agent.id'] !== undefined)
    expect(agents.map(({ name, parentId }) => `${name} in ${byId.get(parentId!)!.name}`)).toEqual([
      'compaction agent in compaction', 'claude-code-guide in Task',
    ])
    const compaction = trace!.spans.find(({ name }) => name === 'compaction')!
    expect(compaction.attributes).toMatchObject({ 'spanwise.compaction.tokens_before': 167_094, 'spanwise.compaction.trigger': 'auto' })
  })

  test('a subagent whose file is missing is a note, not silence', () => {
    expect(readClaudeCode(sourcesOf('spotter-subagent')).problems).toEqual([
      { message: 'the file of the subagent afb92ff is not here: its calls and tokens are not counted', severity: 'note' },
    ])
  })

  test('lines that are no objects are problems with their number; the rest is read', () => {
    const { traces, problems } = claudeCode.read(fixture('claude-code/log-edge-cases.jsonl.gz'))
    expect(traces.length).toBe(2)
    expect(problems.map(({ line, message }) => `${line} ${message}`)).toEqual([
      '13 expected an object', '15 expected an object', '16 expected an object',
      '11 expected a message',
    ])
  })
})

/** Lines of a session: seconds, and what there is in the line. */
function session(...lines: readonly (readonly [second: number, row: object])[]): Source {
  const rows = lines.map(([second, row], i) => JSON.stringify({
    uuid: `line ${i}`, sessionId: 'one', timestamp: new Date(second * 1_000).toISOString(), isSidechain: false, ...row,
  }))
  return { name: 'drawn', text: rows.join('\n') }
}

const said = (text: string, more: object = {}): object => ({ type: 'user', message: { role: 'user', content: text }, ...more })
const answered = (id: string, content: readonly object[], output: number, more: object = {}): object => ({
  type: 'assistant', requestId: `req ${id}`, ...more,
  message: { id, role: 'assistant', model: 'claude-x', content, stop_reason: null, usage: { input_tokens: 10, output_tokens: output } },
})
const asks = (id: string, name: string, input: object = {}): object => ({ type: 'tool_use', id, name, input })
const result = (id: string, more: object = {}, facts?: object): object => ({
  type: 'user', message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, content: 'x', ...more }] },
  ...(facts && { toolUseResult: facts }),
})

function drawn(source: Source): string {
  const read = claudeCode.read(source)
  return tree(checkImport(read)[0]!, NS_PER_S)
}

describe('times', () => {
  test('calls begin at the line before them; tools of one answer run side by side; the user is waited for', () => {
    expect(drawn(session(
      [0, said('do it')],
      [2, answered('m1', [{ type: 'text', text: 'yes' }], 1)],
      [3, answered('m1', [asks('a', 'Read')], 1)],
      [4, answered('m1', [asks('b', 'Bash')], 30)],
      [5, result('a')],
      [9, result('b', {}, { durationMs: 4_000 })],
      [12, answered('m2', [{ type: 'text', text: 'done' }], 5)],
      [60, said('thanks')],
      [62, answered('m3', [{ type: 'text', text: 'welcome' }], 5)],
    ))).toBe([
      'Claude Code session 0-62',
      '  turn 0-12',
      '    claude-x 0-4',
      '    Read 3-5',
      '    Bash 5-9',
      '    claude-x 9-12',
      '  waiting for the user 12-60',
      '  turn 60-62',
      '    claude-x 60-62',
    ].join('\n'))
  })

  test('one answer over several lines is one call with its last usage and all its tools', () => {
    const [trace] = claudeCode.read(session(
      [0, said('go')], [1, answered('m1', [asks('a', 'Read')], 1)], [2, answered('m1', [asks('b', 'Read')], 42)],
    )).traces
    const call = trace!.spans.find(({ llm }) => llm !== undefined)!
    expect(call.llm).toMatchObject({ usage: { output: { total: 42 }, complete: true }, toolCalls: [{ id: 'a' }, { id: 'b' }] })
    expect(call.attributes).toEqual({ 'spanwise.time': 'inferred', 'spanwise.request': 'messages' })
    expect(trace!.spans.filter(({ tool }) => tool?.issuedBy === call.id).length).toBe(2)
  })

  test('an answer whose count never grew over its lines is not complete', () => {
    const [trace] = claudeCode.read(session(
      [0, said('go')], [1, answered('m1', [{ type: 'thinking' }], 8)], [2, answered('m1', [{ type: 'text' }], 8)],
    )).traces
    expect(trace!.spans.at(-1)!.llm?.usage?.complete).toBe(false)
  })
})

describe('ends', () => {
  test('a tool without a result is open at the end of the file, and cancelled where the conversation went on', () => {
    const begin = [[0, said('go')], [1, answered('m1', [asks('a', 'Bash')], 9)]] as const
    expect(drawn(session(...begin))).toBe('Claude Code session 0- open\n  turn 0- open\n    claude-x 0-1\n    Bash 1- open')
    expect(drawn(session(...begin, [5, said('stop')], [6, answered('m2', [], 1)]))).toContain('Bash 1-1 cancelled')
  })

  test('errors of tools keep what the program says and not their text', () => {
    const outcome = (more: object, facts?: object): unknown => {
      const source = session([0, said('go')], [1, answered('m1', [asks('a', 'Bash')], 9)], [2, result('a', more, facts)])
      return claudeCode.read(source).traces[0]!.spans.find(({ tool }) => tool !== undefined)!.outcome
    }
    expect(outcome({ is_error: true, content: 'Exit code 2\nsecret' })).toEqual({ state: 'failed', type: 'ToolError', message: 'exit code 2' })
    expect(outcome({ is_error: true, content: 'secret' })).toEqual({ state: 'failed', type: 'ToolError', message: 'the tool gave an error' })
    expect(outcome({ is_error: true, content: "The user doesn't want to proceed with this tool use" })).toEqual({ state: 'cancelled' })
    expect(outcome({}, { interrupted: true })).toEqual({ state: 'cancelled' })
  })

  test('an error that the program wrote as an answer is a failed call; its own notes are none', () => {
    const synthetic = (text: string, isApiErrorMessage: boolean): object => ({
      type: 'assistant', isApiErrorMessage,
      message: { id: text, model: '<synthetic>', content: [{ type: 'text', text }], usage: { input_tokens: 0, output_tokens: 0 } },
    })
    const source = session([0, said('go')], [3, synthetic('API Error: 529 {"type":"error"}', true)], [4, synthetic('No response requested.', false)])
    const calls = claudeCode.read(source).traces[0]!.spans.filter(({ llm }) => llm !== undefined)
    expect(calls.map(({ outcome, llm }) => [outcome, llm?.usage])).toEqual([
      [{ state: 'failed', type: 'ApiError', message: 'the API answered 529' }, undefined],
    ])
  })
})

describe('what a tool waited for', () => {
  const waits = (name: string, more: object, facts?: object | string, input: object = {}): unknown => {
    const done = { ...result('a', more), ...(facts !== undefined && { toolUseResult: facts }) }
    const { traces } = claudeCode.read(session([0, said('go')], [1, answered('m1', [asks('a', name, input)], 9)], [60, done]))
    return traces[0]!.spans.find(({ tool }) => tool !== undefined)!.attributes?.['spanwise.waits_for']
  }
  test('a person: what was asked, answered or refused', () => {
    expect(waits('AskUserQuestion', {})).toBe('person')
    expect(waits('ExitPlanMode', {})).toBe('person')
    expect(waits('mcp__forms__ask', {}, { questions: [], answers: { a: 'b' } })).toBe('person')
    expect(waits('Write', { is_error: true, content: "The user doesn't want to proceed with this tool use." }, 'User rejected tool use')).toBe('person')
    // A file may hold the very words.
    expect(waits('Read', { content: "The user doesn't want to proceed" })).toBeUndefined()
    expect(waits('Write', {})).toBeUndefined()
  })
  test('work that was begun before', () => {
    expect(waits('TaskOutput', {}, { retrieval_status: 'success', task: {} })).toBe('work')
    expect(waits('Poll', {}, { retrieval_status: 'timeout', task: {} })).toBe('work')
  })
  test('an agent that it began, unless that runs on by itself', () => {
    expect(waits('Task', {}, { totalToolUseCount: 3 })).toBe('agent')
    expect(waits('Review', {}, {}, { subagent_type: 'reviewer' })).toBe('agent')
    expect(waits('Task', {}, { status: 'async_launched', isAsync: true }, { subagent_type: 'reviewer' })).toBeUndefined()
  })
})

describe('counts', () => {
  const usageOf = (text: string, output: number, more: object = {}): unknown => {
    const { traces } = claudeCode.read(session([0, said('go')], [1, answered('m1', [{ type: 'text', text }], output, more)]))
    return traces[0]!.spans.at(-1)!.llm?.usage?.complete
  }
  test('an output that cannot have written the text is the count of a beginning', () => {
    expect(usageOf("Done! I've added a one-liner comment to hello.py: `# Simple hello world program`", 1)).toBe(false)
    expect(usageOf("Done! I've deleted hello.js.", 12)).toBe(true)
    expect(usageOf('Yes.', 1)).toBe(true)
    expect(usageOf('-'.repeat(20), 1)).toBe(true)
    expect(usageOf('A sentence of the usual kind, which says what was done. '.repeat(20), 240)).toBe(true)
  })
})

describe('copies and subagents', () => {
  const side = (uuid: string, parentUuid: string | null): object => ({ isSidechain: true, uuid, parentUuid, agentId: 'warm' })

  test('an agent that nothing began runs on beside the session, and nobody waits for it', () => {
    const source = session(
      [0, { ...said('Warmup'), ...side('w1', null) }],
      [8, said('go')],
      [10, answered('m1', [{ type: 'text', text: 'done' }], 3)],
      [79, { ...answered('m2', [{ type: 'text', text: 'ready' }], 3), ...side('w2', 'w1') }],
    )
    const [trace] = checkImport(claudeCode.read(source))
    expect(tree(trace!, NS_PER_S)).toBe([
      'Claude Code session 0-10', '  in the background 0-0', '    subagent 0-79 late', '      claude-x 0-79', '  turn 8-10', '    claude-x 8-10',
    ].join('\n'))
    const { observations, spans, totals: { llmCalls } } = analyze(trace!)
    expect(llmCalls).toBe(2)
    expect(spans.filter(({ wallNs, startNs }) => wallNs > 0 && startNs === 0).map(({ name }) => name)).toEqual(['Claude Code session'])
    expect(observations.filter(({ code }) => code === 'LLM001')).toEqual([])
  })

  test('the file of an agent alone is the session', () => {
    const source = session([0, { ...said('Warmup'), ...side('w1', null) }], [79, { ...answered('m2', [], 3), ...side('w2', 'w1') }])
    expect(drawn(source)).toBe('Claude Code session 0-79\n  subagent 0-79\n    claude-x 0-79')
  })

  test('lines that a resumed session repeats count once, in one file and over two', () => {
    const first = session([0, said('go')], [1, answered('m1', [{ type: 'text' }], 7)])
    expect(readClaudeCode([{ ...first, text: `${first.text}\n${first.text}` }]).traces.map(totals)).toMatchObject([{ llmCalls: 1, output: 7 }])
    const resumed = { name: 'two', text: first.text.replaceAll('"one"', '"two"').replaceAll('"uuid":"line', '"uuid":"copy') }
    expect(readClaudeCode([first, resumed]).traces.map(totals)).toMatchObject([{ llmCalls: 1, output: 7 }])
  })

  test('lines of a subagent stand inline and follow one another', () => {
    const side = (uuid: string, parentUuid: string | null): object => ({ isSidechain: true, uuid, parentUuid })
    expect(drawn(session(
      [0, said('go')],
      [1, answered('m1', [asks('t', 'Task', { subagent_type: 'reviewer' })], 9)],
      [2, said('review', side('s1', null))],
      [4, { ...answered('m2', [asks('a', 'Read')], 9), ...side('s2', 's1') }],
      [5, { ...result('a'), ...side('s3', 's2') }],
      [8, { ...answered('m3', [], 9), ...side('s4', 's3') }],
      [9, result('t')],
    ))).toBe([
      'Claude Code session 0-9',
      '  turn 0-9',
      '    claude-x 0-1',
      '    Task 1-9',
      '      reviewer 2-8',
      '        claude-x 2-4',
      '        Read 4-5',
      '        claude-x 5-8',
    ].join('\n'))
  })
})

describe('bad input', () => {
  test.each([
    ['nothing', ''], ['an empty object', '{}'], ['a list', '[1]'], ['zeros', '\0\0\0'], ['a deep nest', '['.repeat(100_000)],
    ['keys of prototypes', '{"sessionId":"__proto__","type":"user","uuid":"__proto__","message":{"__proto__":{"content":1}}}'],
    ['wrong types', '{"type":"assistant","sessionId":1,"uuid":[],"timestamp":{},"message":{"id":{},"content":{"a":1},"usage":"x","model":5}}'],
    ['null blocks', '{"type":"user","sessionId":"a","uuid":"b","timestamp":"2026-01-01T00:00:00Z","message":{"content":[null,1,"x"]}}'],
  ])('%s gives problems and no exception', (_what, text) => {
    const read = claudeCode.read({ name: 'bad', text })
    checkImport(read)
    expect(read.problems.length).toBeGreaterThan(0)
  })

  test('a thousand bad lines are not a thousand problems', () => {
    const { problems } = claudeCode.read({ name: 'bad', text: 'x\n'.repeat(1_000) })
    expect(problems.length).toBe(101)
    expect(problems.at(-1)!.message).toBe('and 901 more problems of the kinds above')
  })

  test('texts are not taken over', () => {
    const source = session([0, said('PRIVATE')], [1, answered('m1', [{ type: 'text', text: 'PRIVATE' }, asks('a', 'Read', { path: 'PRIVATE' })], 9)],
      [2 + 1 / NS_PER_MS, result('a', { content: 'PRIVATE', is_error: true })])
    expect(JSON.stringify(claudeCode.read(source).traces)).not.toContain('PRIVATE')
  })
})
