import { describe, expect, test } from 'vitest'
import { readClaudeCode } from '../adapters/import/claude-code.ts'
import { codex } from '../adapters/import/codex.ts'
import { geminiCli } from '../adapters/import/gemini-cli.ts'
import { analyze } from '../src/analyze/index.ts'
import type { CacheBreak } from '../src/model/analysis.ts'
import type { Trace } from '../src/model/span.ts'
import { textOf } from '../src/model/transient.ts'
import { checkAnalysis } from './laws.ts'
import { CLAUDE, recordedTurns, traceOf, type CacheModel, type Said, type Turn } from './support/cached-conversation.ts'
import { checkImport, fixture, fixtures } from './support/imports.ts'

/** What the calls of a coding agent's session were given, put together from the lines of its file. */

/** Each request, `+` from where it goes on from the one before: kind and text of its parts. */
function requests(trace: Trace): string[] {
  let before: readonly number[] = []
  return trace.spans.flatMap(({ llm }) => {
    if (llm === undefined) return []
    const parts = llm.requestParts ?? []
    let same = 0
    while (same < before.length && before[same] === parts[same]) same++
    const isLonger = same === before.length && same > 0
    before = parts
    const shown = (isLonger ? parts.slice(same) : parts).map((part) => `${trace.parts[part]!.kind} ${textOf(trace, part)}`)
    return [`${isLonger ? '+ ' : ''}${shown.join(' | ')}`]
  })
}
const time = (second: number): string => new Date(second * 1_000 + 1_700_000_000_000).toISOString()

describe('Claude Code', () => {
  let lines: object[] = []
  const line = (row: object): void => {
    lines.push({ uuid: `l${lines.length}`, parentUuid: lines.length === 0 ? null : `l${lines.length - 1}`, sessionId: 'one', timestamp: time(lines.length), isSidechain: false, ...row })
  }
  const said = (content: unknown, more: object = {}): void => line({ type: 'user', message: { role: 'user', content }, ...more })
  const wrote = (id: string, block: object, more: object = {}): void => line({
    type: 'assistant', requestId: id, message: { id, role: 'assistant', model: 'claude-x', content: [block], usage: { input_tokens: 5_000, output_tokens: 9 } }, ...more,
  })
  const result = (id: string, content: unknown): void => said([{ type: 'tool_result', tool_use_id: id, content }])
  const asks = (id: string): object => ({ type: 'tool_use', id, name: 'Read', input: { id } })
  const read = (rows: () => void): Trace => {
    lines = []
    rows()
    return checkImport(readClaudeCode([{ name: 'drawn', text: lines.map((row) => JSON.stringify(row)).join('\n') }]))[0]!
  }

  test('each request is what was said before it: an answer whole, then the results of its tools', () => {
    const trace = read(() => {
      said('do it')
      wrote('m1', { type: 'thinking', thinking: 'hm' })
      wrote('m1', { type: 'text', text: 'yes' })
      wrote('m1', asks('a'))
      result('a', 'A')
      wrote('m1', asks('b'))
      result('b', [{ type: 'text', text: 'B' }, { type: 'image', source: { data: 'iVBOR' } }])
      wrote('m2', { type: 'text', text: 'done' })
      said([{ type: 'text', text: 'thanks' }])
      wrote('m3', { type: 'text', text: 'welcome' })
    })
    expect(requests(trace)).toEqual([
      'user do it',
      '+ assistant yes | tool-call {"id":"a"} | tool-call {"id":"b"} | tool-result A | tool-result B | tool-result iVBOR',
      '+ assistant done | user thanks',
    ])
    expect(trace.parts.filter(({ callId }) => callId !== undefined).map(({ kind, callId, media }) => [kind, callId, media])).toEqual([
      ['tool-call', 'a', undefined], ['tool-call', 'b', undefined], ['tool-result', 'a', undefined], ['tool-result', 'b', undefined], ['tool-result', 'b', 'image'],
    ])
    expect(trace.parts.some(({ text }) => text !== undefined)).toBe(false)
    const { dependencies } = analyze(trace)
    expect(dependencies!.pairs.some(({ evidence }) => evidence.some(({ kind }) => kind === 'carried'))).toBe(true)
  })

  test('a summary begins anew; a prompt that follows an earlier line takes back what came after that', () => {
    const trace = read(() => {
      said('one')
      wrote('m1', { type: 'text', text: 'first' })
      said('two')
      wrote('m2', { type: 'text', text: 'second' })
      said('other', { parentUuid: 'l1' })
      wrote('m3', { type: 'text', text: 'third' })
      line({ type: 'system', subtype: 'compact_boundary', compactMetadata: { trigger: 'auto' } })
      said('all of it', { isCompactSummary: true })
      wrote('m4', { type: 'text', text: 'fourth' })
    })
    expect(requests(trace)).toEqual(['user one', '+ assistant first | user two', 'user one | assistant first | user other', 'user all of it'])
  })

  test('subagents have conversations of their own, and equal answers are not taken for one another', () => {
    const side = (uuid: string, parentUuid: string | null): object => ({ isSidechain: true, uuid, parentUuid })
    const trace = read(() => {
      said('go')
      wrote('m1', { type: 'text', text: 'ok' })
      said('review', side('s1', null))
      wrote('m2', { type: 'text', text: 'ok' }, side('s2', 's1'))
      said('and')
      wrote('m3', { type: 'text', text: 'ok' })
    })
    expect(requests(trace).toSorted()).toEqual(['user go', 'user go | assistant ok | user and', 'user review'])
    // The third goes on from the first: of the second it has the very answer.
    expect(analyze(trace).cache?.compared).toBe(1)
  })

  test('what is not in the file is not spread over what is', () => {
    const trace = read(() => {
      said('do it')
      wrote('m1', { type: 'text', text: 'yes' })
    })
    const [call] = analyze(trace).context.calls
    expect(call!.composition).toEqual({ 'not recorded': 4_998, user: 2 })
    expect(call!.parts).toEqual([{ kind: 'not recorded', count: 1, tokens: 4_998 }, { kind: 'user', count: 1, tokens: 2 }])
  })

  test('a long conversation takes its own length', () => {
    const size = (turns: number): number => {
      const trace = read(() => {
        for (let i = 0; i < turns; i++) {
          said(`question ${i}`)
          wrote(`m${i}`, { type: 'text', text: `answer ${i}` })
        }
      })
      expect(trace.spans.findLast(({ llm }) => llm !== undefined)!.llm!.requestParts).toHaveLength(turns * 2 - 1)
      return trace.spans.filter(({ llm }) => llm !== undefined && Object.getOwnPropertyDescriptor(llm, 'requestParts')!.get === undefined).length
    }
    // Beyond a length that costs nothing a list is made when it is read.
    expect(size(600)).toBe(size(300))
  })
})

test('Codex: instructions, developer messages and items in their order; a compaction begins anew', () => {
  const rows: [string, object][] = [
    ['session_meta', { id: 'one', base_instructions: { text: 'be brief' } }],
    ['turn_context', { model: 'gpt-x' }],
    ['response_item', { type: 'message', role: 'developer', content: [{ type: 'input_text', text: 'rules' }] }],
    ['response_item', { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'go' }] }],
    ['event_msg', { type: 'user_message', message: 'go' }],
    ['response_item', { type: 'reasoning', encrypted_content: 'x' }],
    ['response_item', { type: 'function_call', name: 'shell', arguments: '{"a":1}', call_id: 'c1' }],
    ['response_item', { type: 'function_call_output', call_id: 'c1', output: 'ok' }],
    ['event_msg', { type: 'token_count', info: { total_token_usage: { input_tokens: 100, output_tokens: 5 } } }],
    ['response_item', { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'done' }] }],
    ['event_msg', { type: 'token_count', info: { total_token_usage: { input_tokens: 300, output_tokens: 9 } } }],
    ['compacted', { message: 'a summary' }],
    ['response_item', { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'more' }] }],
    ['response_item', { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'yes' }] }],
  ]
  const text = rows.map(([type, payload], i) => JSON.stringify({ timestamp: time(i), type, payload })).join('\n')
  const [trace] = checkImport(codex.read({ name: 'x', text }))
  expect(requests(trace!)).toEqual([
    'system be brief | system rules | user go', '+ tool-call {"a":1} | tool-result ok', 'system be brief | user a summary | user more',
  ])
  expect(analyze(trace!).context.calls[0]!.composition).toMatchObject({ system: 3, user: 1, 'not recorded': 96 })
})

describe('Gemini CLI', () => {
  test('results stand at their tools, and answers that are tools alone have requests too', () => {
    const tool = (name: string, second: number, end: number, said: string): object => ({
      id: `${name}-${1_700_000_000_000 + second * 1_000}-f`, name, args: { name }, status: 'success', timestamp: time(end),
      result: [{ functionResponse: { id: 'x', name, response: { output: said } } }],
    })
    const text = JSON.stringify({
      sessionId: 'one', projectHash: 'x', startTime: time(0), messages: [
        { id: 'a', type: 'user', timestamp: time(1), content: 'go' },
        { id: 'b', type: 'gemini', timestamp: time(4), model: 'gemini-x', content: 'so', tokens: { input: 900, output: 9 },
          toolCalls: [tool('read', 2, 4, 'R'), tool('write', 6, 8, 'W')] },
        { id: 'c', type: 'user', timestamp: time(8), content: [{ functionResponse: { response: { output: 'W' } } }] },
        { id: 'd', type: 'gemini', timestamp: time(9), model: 'gemini-x', content: 'done', tokens: { input: 1_000, output: 9 } },
      ],
    })
    const [trace] = checkImport(geminiCli.read({ name: 'x', text }))
    expect(requests(trace!)).toEqual([
      'user go', '+ assistant so | tool-call {"name":"read"} | tool-result {"output":"R"}', '+ tool-call {"name":"write"} | tool-result {"output":"W"}',
    ])
    // The one between is known by its tools: its size is nobody's guess.
    expect(analyze(trace!).calls.map(({ usage }) => usage?.input?.total)).toEqual([900, undefined, 1_000])
  })

  test('what a rewind took back is in no later request', () => {
    const [trace] = geminiCli.read(fixture('gemini-cli-lines/session-2026-05.jsonl')).traces
    const [, second, third] = requests(trace!)
    expect(second).toMatch(/^\+ tool-call .* \| tool-result /)
    // It goes on from the second request, without what that was answered.
    expect(third).toBe('+ user again')
  })
})

describe('recorded sessions', () => {
  const traces = [
    ...fixtures('claude-code').filter((file) => !file.includes('log-edge')).map((file) => [file, () => readClaudeCode([fixture(file)]).traces[0]!] as const),
    ...fixtures('codex').map((file) => [file, () => codex.read(fixture(file)).traces[0]!] as const),
    ...fixtures('gemini-cli').map((file) => [file, () => geminiCli.read(fixture(file)).traces[0]!] as const),
  ]
  test.each(traces)('%s: nobody is blamed for what the file does not show', (_file, read) => {
    const { cache, findings, context } = analyze(read())
    expect(cache?.breaks.filter(({ cause }) => cause !== 'unknown' && cause !== 'expired') ?? []).toEqual([])
    // An agent that reads a file again, or knows what not to write, repeats no value of it.
    expect(findings.filter(({ code }) => ['CACHE001', 'CTX003', 'PAR003', 'PAR004', 'REP003'].includes(code))).toEqual([])
    for (const { composition, input } of context.calls) {
      if (composition !== undefined) expect(Object.values(composition).reduce((a, b) => a + b, 0)).toBe(input!.total)
    }
  })

  test('the system text and the tools of the Gemini CLI, which no file has, come out the same in every request', () => {
    for (const file of fixtures('gemini-cli')) {
      const sizes = analyze(geminiCli.read(fixture(file)).traces[0]!).context.calls.flatMap(({ composition }) => composition?.['not recorded'] ?? [])
      expect(sizes.length).toBeGreaterThan(8)
      expect(Math.max(...sizes) / Math.min(...sizes)).toBeLessThan(1.2)
    }
  })
})

describe('a cache, seen from a transcript', () => {
  const turns = recordedTurns('claude-sonnet-4-5-20250929')
  const AT = 6
  /** The same trace as an importer would give it: without system text and definitions. */
  function transcript(said: readonly Turn[], cache: CacheModel = CLAUDE): readonly CacheBreak[] {
    const trace = traceOf(said, cache)
    const isTold = (part: number): boolean => !['system', 'tool-definition'].includes(trace.parts[part]!.kind)
    const spans = trace.spans.map((span) => (span.llm === undefined ? span : {
      ...span, attributes: { ...span.attributes, 'spanwise.request': 'messages' }, llm: { ...span.llm, requestParts: span.llm.requestParts!.filter(isTold) },
    }))
    const analysis = analyze({ ...trace, spans })
    checkAnalysis(analysis)
    return analysis.cache!.breaks
  }
  const from = (first: number, change: (request: readonly Said[]) => readonly Said[]): Turn[] =>
    turns.map((turn, at) => (at < first ? turn : { ...turn, request: change(turn.request) }))

  test('a change of the system text, or a miss at the provider, has no known cause', () => {
    const stamped = from(AT, (request) => request.map((said) => (said.kind === 'system' ? { ...said, text: `now ${said.text}` } : said)))
    for (const breaks of [transcript(stamped), transcript(turns, { ...CLAUDE, elsewhere: [AT] })]) {
      expect(breaks.map(({ call, cause, side }) => [call, cause, side])).toEqual([[AT + 1, 'unknown', 'unknown']])
    }
  })

  test('a message that was edited in sight has', () => {
    const place = turns[AT]!.request.findIndex(({ kind }, at) => kind === 'tool-result' && at >= turns[2]!.request.length)
    const edited = from(AT, (request) => request.map((said, at) => (at === place ? { ...said, text: '[cleared]' } : said)))
    const breaks = transcript(edited)
    expect(breaks.map(({ call, cause, side, confidence }) => [call, cause, side, confidence])).toEqual([[AT + 1, 'message-edited', 'actionable', 'likely']])
  })
})
