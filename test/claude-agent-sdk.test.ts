import { describe, expect, test } from 'vitest'
import { analyze, type Profiler, type ProfilerOptions, type Span, type Trace } from 'spanwise'
import { wrapQuery } from 'spanwise/claude-agent-sdk'
import { checkAnalysis } from './laws.ts'
import {
  assistant, event, init, Query, replayed, result, scripted, text, toolResult, toolUse, USAGE, type Prompt, type Script, type SdkMessage,
} from './support/claude-agent-sdk.ts'
import type { ManualClock } from './support/clock.ts'
import { runExample } from './support/example.ts'
import { fixture } from './support/imports.ts'
import { expectTree, recorded } from './support/recorded.ts'

const expected = (JSON.parse(fixture('expected.json').text) as { 'claude-code': Record<string, Record<string, number>> })['claude-code']

async function* stream(messages: readonly SdkMessage[]): AsyncGenerator<SdkMessage, void> {
  yield* messages
}

/** Reads a whole query, and gives what it told. */
async function read(query: AsyncIterable<SdkMessage>): Promise<SdkMessage[]> {
  const all: SdkMessage[] = []
  for await (const message of query) all.push(message)
  return all
}

const llms = (trace: Trace | undefined): readonly Span[] => trace?.spans.filter(({ llm }) => llm !== undefined) ?? []

function totals(trace: Trace): Record<string, number> {
  const { totals: { llmCalls, usage } } = analyze(trace)
  const { uncached, cacheRead, cacheWrite } = usage.input
  return { llmCalls, inputUncached: uncached, output: usage.output.total, cacheRead, cacheWrite }
}

interface Desk {
  readonly profiler: Profiler
  readonly clock: ManualClock
  /** A wrapped `query` that tells these messages, a number being milliseconds that pass; errors are thrown. */
  tells(...said: readonly Said[]): (params: { prompt: Prompt; options?: Readonly<Record<string, unknown>> }) => Query
}

type Said = SdkMessage | number | Error | (() => unknown)

function desk(options?: ProfilerOptions): Desk {
  const { profiler, clock } = recorded(options)
  return { profiler, clock, tells: (...said) => wrapQuery(scripted(played(said, clock)), { profiler }) }
}

const played = (said: readonly Said[], clock: ManualClock): Script => async function* (_params, _prompts, here) {
  for (const one of said) {
    if (typeof one === 'number') clock.pass(one)
    else if (one instanceof Error) throw one
    else if (typeof one === 'function') await here(one)
    else yield one
  }
}

const SUBAGENT = { parent_tool_use_id: 't1' }
const task = toolUse('t1', 'Task', { description: 'Look', prompt: 'Look around', subagent_type: 'explorer' })

describe('recorded sessions', () => {
  test.each(Object.entries(expected))('%s has the tokens that were counted apart', async (session, counts) => {
    const { profiler, clock } = recorded()
    const { script, prompts } = replayed(session, clock)
    await read(wrapQuery(scripted(script), { profiler })({ prompt: stream(prompts) }))
    const [trace, ...others] = profiler.traces
    expect(others).toEqual([])
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
    checkAnalysis(analyze(trace!))
    const { llmCalls, inputUncached, output, cacheRead, cacheWrite } = counts as Record<string, number>
    // Its compaction asked the model unseen; of a subagent's answer the file has the first count, its result the last one.
    const isLong = session === 'spotter-long'
    expect(totals(trace!)).toEqual(isLong
      ? { llmCalls: llmCalls! - 1, inputUncached: inputUncached! - 3, output: output! - 6 + 996, cacheRead: cacheRead! - 166_758, cacheWrite: cacheWrite! - 2_487 }
      : counts)
  })

  test('a subagent lies in the tool that began it', async () => {
    const { profiler, clock } = recorded()
    const { script, prompts } = replayed('codemie-subagents-2', clock)
    await read(wrapQuery(scripted(script), { profiler, name: 'coder' })({ prompt: stream(prompts) }))
    const { spans } = profiler.lastTrace!
    const names = new Map(spans.map(({ id, name }) => [id, name]))
    expect(spans.filter(({ category }) => category === 'agent' || category === 'user').map(({ name, parentId }) => `${name} in ${names.get(parentId ?? '')}`)).toEqual([
      'coder in undefined', 'turn in coder', 'solution-architect in Task',
    ])
    const tools = spans.filter(({ tool }) => tool !== undefined)
    expect(tools.every(({ tool }) => tool!.issuedBy !== undefined)).toBe(true)
  })
})

describe('a query', () => {
  test('its calls, and tools beside each other', async () => {
    const { profiler, tells } = desk()
    const said: Said[] = [
      10, init, 20,
      assistant('m1', { type: 'thinking', thinking: 'Hm.' }), 5,
      assistant('m1', text('I look.')), 5,
      assistant('m1', toolUse('t1', 'Bash', { command: 'ls' })), 2,
      assistant('m1', toolUse('t2', 'mcp__files__read', { path: 'a' })), 8,
      toolResult('t2', [{ type: 'text', text: 'content of a' }]), 10,
      toolResult('t1', 'a b', { tool_use_result: { stdout: 'a b', interrupted: false, durationMs: 12 } }), 30,
      assistant('m2', text('Two files.'), {}, { stop_reason: 'end_turn', usage: { ...USAGE, input_tokens: 7, output_tokens: 4 } }), 1,
      result(),
    ]
    await read(tells(...said)({ prompt: 'What is here?', options: { systemPrompt: 'Be brief.' } }))
    expectTree(profiler.lastTrace, `
      claude 0-91
        claude-sonnet-4-5 llm 10-42
        mcp__files__read tool 42-50 for t2
        Bash tool 48-60 for t1
        claude-sonnet-4-5 llm 60-90
    `.replace('mcp__files__read', 'read'))
    const { spans, parts } = profiler.lastTrace!
    const [first, second] = llms(profiler.lastTrace)
    expect(first!.llm).toMatchObject({
      provider: 'anthropic', operation: 'chat', api: 'messages', requestModel: 'claude-sonnet-4-5', responseModel: 'claude-sonnet-4-5', responseId: 'm1', streamed: true,
      usage: { input: { total: 35, uncached: 5, cacheRead: 10, cacheWrite: 20 }, output: { total: 3 }, complete: false },
      toolCalls: [{ id: 't1', name: 'Bash' }, { id: 't2', name: 'mcp__files__read' }],
    })
    expect(second!.llm).toMatchObject({ finishReasons: ['end_turn'], usage: { output: { total: 4 }, complete: true } })
    const kinds = ({ llm }: Span, of: 'requestParts' | 'responseParts') => llm![of]!.map((part) => `${parts[part]!.kind} ${parts[part]!.callId ?? ''}`.trim())
    expect(kinds(first!, 'requestParts')).toEqual(['system', 'user'])
    expect(kinds(first!, 'responseParts')).toEqual(['assistant', 'tool-call t1', 'tool-call t2'])
    expect(kinds(second!, 'requestParts')).toEqual(['system', 'user', 'assistant', 'tool-call t1', 'tool-call t2', 'tool-result t2', 'tool-result t1'])
    expect(first!.attributes).toEqual({ 'spanwise.time': 'inferred', 'spanwise.request': 'messages' })
    const [read_, bash] = spans.filter(({ tool }) => tool !== undefined)
    expect(read_).toMatchObject({ attributes: { 'mcp.server.name': 'files', 'spanwise.time': 'inferred' }, tool: { issuedBy: first!.id } })
    expect(bash!.attributes?.['spanwise.time']).toBeUndefined()
    expect(spans[0]!.attributes).toEqual({
      'gen_ai.conversation.id': 'session-1', 'claude_code.version': '2.1.7', 'claude_code.num_turns': 2, 'claude_code.duration_ms': 90,
      'claude_code.duration_api_ms': 60, 'claude_code.input_tokens': 5, 'claude_code.cache_read_input_tokens': 10, 'claude_code.cache_creation_input_tokens': 20,
      'claude_code.output_tokens': 40, 'claude_code.permission_denials': 0, 'claude_code.total_cost_usd': 0.25,
    })
    checkAnalysis(analyze(profiler.lastTrace!))
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })

  test('of a single call the result has the last word', async () => {
    const { profiler, tells } = desk()
    await read(tells(init, assistant('m1', text('Hello')), result())({ prompt: 'Hi' }))
    expect(llms(profiler.lastTrace)[0]!.llm!.usage).toMatchObject({ input: { total: 35 }, output: { total: 40 }, complete: true })
    await read(tells(init, assistant('m1', text('Hello')), result({ usage: { ...USAGE, input_tokens: 900 } }))({ prompt: 'Hi' }))
    expect(llms(profiler.lastTrace)[0]!.llm!.usage).toMatchObject({ output: { total: 3 }, complete: false })
  })

  test('with partial messages: first token, exact usage, the end of each call', async () => {
    const { profiler, tells } = desk()
    const start = (id: string): SdkMessage => event({ type: 'message_start', message: { id, model: 'claude-sonnet-4-5', usage: { ...USAGE, output_tokens: 1 } } })
    const delta = event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hi' } })
    const said: Said[] = [
      init, { type: 'system', subtype: 'status', status: 'requesting' }, 10,
      start('m1'), 5, event({ type: 'content_block_start', index: 0 }), delta, 10, delta,
      assistant('m1', toolUse('t1', 'Bash', { command: 'ls' })), event({ type: 'content_block_stop', index: 0 }), 1,
      event({ type: 'message_delta', delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 55 } }), event({ type: 'message_stop' }), 20,
      toolResult('t1', 'a'), 4,
      { type: 'system', subtype: 'status', status: 'requesting' }, 10, start('m2'), delta, 3, new Error('broken'),
    ]
    await expect(read(tells(...said)({ prompt: 'Hi' }))).rejects.toThrow('broken')
    expectTree(profiler.lastTrace, `
      claude 0-63 failed Error: broken
        claude-sonnet-4-5 llm 0-26
        Bash tool 25-46 for t1
        claude-sonnet-4-5 llm 50-60 cancelled
    `)
    const [first, second] = llms(profiler.lastTrace)
    expect(first!.llm).toMatchObject({ firstToken: 15e6, lastToken: 25e6, finishReasons: ['tool_use'], usage: { output: { total: 55 }, complete: true } })
    expect(second!.llm).toMatchObject({ responseId: 'm2', usage: { output: { total: 1 }, complete: false } })
  })

  test('what a tool came to', async () => {
    const { profiler, tells } = desk()
    await read(tells(
      assistant('m1', toolUse('t1', 'Bash', { command: 'x' })), assistant('m1', toolUse('t2', 'Write', {})), assistant('m1', toolUse('t3', 'AskUserQuestion', {})),
      assistant('m1', toolUse('t4', 'Bash', { command: 'y' })), 5,
      toolResult('t1', 'Exit code 2\nsecret', {}, { is_error: true }),
      toolResult('t2', "The user doesn't want to proceed with this tool use.", {}, { is_error: true }), toolResult('t3', 'Yes'), toolResult('t9', 'of another query'),
      result(),
    )({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-5
        claude-sonnet-4-5 llm 0-0
        Bash tool 0-5 failed ToolError: exit code 2 for t1
        Write tool 0-5 cancelled for t2
        AskUserQuestion tool 0-5 for t3
        Bash tool 0-5 cancelled for t4
    `)
    expect(profiler.lastTrace!.spans.map(({ attributes }) => attributes?.['spanwise.waits_for'])).toEqual([undefined, undefined, undefined, 'person', 'person', undefined])
  })

  test('compactions, told from their beginning or not', async () => {
    const { profiler, tells } = desk()
    const boundary = { type: 'system', subtype: 'compact_boundary', compact_metadata: { trigger: 'auto', pre_tokens: 1_000 } }
    await read(tells(
      assistant('m1', text('One')), 10, { type: 'system', subtype: 'status', status: 'compacting' }, 20, boundary, 5, assistant('m2', text('Two')), 10, boundary, result(),
    )({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-45
        claude-sonnet-4-5 llm 0-0
        compaction memory 10-30
        claude-sonnet-4-5 llm 30-35
        compaction memory 35-45
    `)
    const [told, inferred] = profiler.lastTrace!.spans.filter(({ category }) => category === 'memory')
    expect(told!.attributes).toEqual({ 'spanwise.compaction.trigger': 'auto', 'spanwise.compaction.tokens_before': 1_000 })
    expect(inferred!.attributes).toMatchObject({ 'spanwise.time': 'inferred' })
    // What was said before it is not sent again.
    expect(llms(profiler.lastTrace)[1]!.llm!.requestParts ?? []).toEqual([])
  })
})

describe('subagents', () => {
  test('those whose answer the SDK keeps to itself', async () => {
    const { profiler, tells } = desk()
    const done = { status: 'completed', content: [{ type: 'text', text: 'Found it.' }], totalToolUseCount: 1, totalTokens: 99, totalDurationMs: 35, usage: { ...USAGE, output_tokens: 60 } }
    await read(tells(
      init, 10, assistant('m1', task), 10, assistant('s1', toolUse('t2', 'Read', {}), SUBAGENT, { model: 'claude-haiku-4-5' }), 5, toolResult('t2', 'text', SUBAGENT), 20,
      toolResult('t1', 'Found it.', { tool_use_result: done }), 5, assistant('m2', text('Done')), result(),
    )({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-50
        claude-sonnet-4-5 llm 0-10
        Task tool 10-45 for t1
          explorer 10-45
            claude-haiku-4-5 llm 10-20
            Read tool 20-25 for t2
            claude-haiku-4-5 llm 25-45
        claude-sonnet-4-5 llm 45-50
    `)
    const [, first, answer] = llms(profiler.lastTrace)
    expect(answer!.llm!.usage).toMatchObject({ output: { total: 60 }, complete: true })
    expect(first!.llm!.requestParts!.map((part) => profiler.lastTrace!.parts[part]!.kind)).toEqual(['user'])
    expect(profiler.lastTrace!.spans.find(({ name }) => name === 'explorer')!.attributes).toEqual({ 'claude_code.total_tokens': 99, 'claude_code.duration_ms': 35 })
    expect(profiler.lastTrace!.spans.find(({ name }) => name === 'Task')!.attributes).toMatchObject({ 'spanwise.waits_for': 'agent' })
  })

  test('those whose texts it tells, and one that worked unseen', async () => {
    const { profiler, tells } = desk()
    const done = { status: 'completed', content: [], totalToolUseCount: 0, usage: { ...USAGE, output_tokens: 60 } }
    await read(tells(assistant('m1', task), 10, assistant('s1', text('Found it.'), SUBAGENT), 5, toolResult('t1', 'Found it.', { tool_use_result: done }), result())({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-15
        claude-sonnet-4-5 llm 0-0
        Task tool 0-15 for t1
          explorer 0-15
            claude-sonnet-4-5 llm 0-10
    `)
    expect(llms(profiler.lastTrace)[1]!.llm!.usage).toMatchObject({ output: { total: 60 }, complete: true })
    await read(tells(assistant('m1', task), 10, toolResult('t1', 'x', { tool_use_result: { ...done, totalToolUseCount: 9 } }), result())({ prompt: 'Hi' }))
    expect(llms(profiler.lastTrace)).toHaveLength(1)
  })

  test('in the background: each until the news of its end, or until the query is over', async () => {
    const { profiler, tells } = desk()
    const other = toolUse('t2', 'Agent', { prompt: 'Wait', subagent_type: 'sleeper' })
    const launched = { tool_use_result: { status: 'async_launched', agentId: 'a' } }
    await read(tells(
      assistant('m1', task), assistant('m1', other), 1, toolResult('t1', 'launched', launched), toolResult('t2', 'launched', launched), 9,
      assistant('s1', toolUse('t3', 'Read', {}), SUBAGENT), 5, assistant('m2', text('Wait for it')), 5, toolResult('t3', 'x', SUBAGENT), 5,
      { type: 'system', subtype: 'task_notification', tool_use_id: 't1', status: 'failed' }, 5, assistant('s1', toolUse('t9', 'Read', {}), SUBAGENT), result(),
    )({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-30
        claude-sonnet-4-5 llm 0-0
        Task tool 0-1 for t1
          explorer 0-25 failed TaskError: the task failed late
            claude-sonnet-4-5 llm 0-10
            Read tool 10-20 for t3
        Agent tool 0-1 for t2
          sleeper 0-30 cancelled late
        claude-sonnet-4-5 llm 1-15
    `)
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('of a call that this query did not see', async () => {
    const { profiler, tells } = desk()
    await read(tells(
      { type: 'system', subtype: 'task_started', task_id: 'a', tool_use_id: 'old', task_type: 'local_agent', subagent_type: 'explorer' },
      { type: 'system', subtype: 'task_started', task_id: 'b', tool_use_id: 'shell', task_type: 'local_bash' }, 5,
      assistant('s1', text('Found'), { parent_tool_use_id: 'old' }), { type: 'system', subtype: 'task_notification', tool_use_id: 'old', status: 'stopped' }, result(),
    )({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-5
        explorer 0-5 cancelled
          claude-sonnet-4-5 llm 0-5
    `)
  })
})

describe('turns of a prompt that is a stream', () => {
  test('each from its prompt to its result, and what waited in between', async () => {
    const { profiler, clock } = recorded()
    const script: Script = async function* (_params, prompts) {
      await prompts!.next()
      clock.pass(10)
      yield init
      yield assistant('m1', toolUse('t1', 'Bash', {}))
      await prompts!.next()
      clock.pass(5)
      yield toolResult('t1', 'x')
      clock.pass(5)
      yield assistant('m2', text('One'))
      yield result({ total_cost_usd: 1 })
      clock.pass(1_000)
      await prompts!.next()
      clock.pass(5)
      yield assistant('m3', text('Two'))
      yield result({ total_cost_usd: 3, subtype: 'error_max_turns', is_error: true })
      yield { type: 'user', message: { role: 'user', content: 'a note' }, parent_tool_use_id: null }
      await prompts!.next()
      clock.pass(100)
    }
    const prompt = stream(['one', 'and this', 'two'].map((said) => ({ type: 'user', message: { role: 'user', content: said } })))
    await read(wrapQuery(scripted(script), { profiler })({ prompt }))
    expectTree(profiler.lastTrace, `
      claude 0-1125 failed error_max_turns: error_max_turns
        turn 0-20
          claude-sonnet-4-5 llm 10-10
          Bash tool 10-15 for t1
          claude-sonnet-4-5 llm 15-20
        waiting for the user user 20-1020
        turn 1020-1025 failed error_max_turns: error_max_turns
          claude-sonnet-4-5 llm 1020-1025
    `)
    const { parts, spans } = profiler.lastTrace!
    expect(llms(profiler.lastTrace).map(({ llm }) => llm!.requestParts!.map((part) => parts[part]!.kind))).toEqual([
      ['user'], ['user', 'tool-call', 'tool-result', 'user'], ['user', 'tool-call', 'tool-result', 'user', 'assistant', 'user'],
    ])
    expect(spans[0]!.attributes).toMatchObject({ 'claude_code.total_cost_usd': 3 })
    expect(spans[1]!.attributes).toMatchObject({ 'claude_code.duration_ms': 90 })
    expect(Object.getOwnPropertySymbols(prompt)).toEqual([])
  })
})

describe('what goes wrong', () => {
  test('requests that were tried again', async () => {
    const { profiler, tells } = desk()
    const retry = (attempt: number): SdkMessage => ({ type: 'system', subtype: 'api_retry', attempt, max_retries: 3, retry_delay_ms: 500, error_status: attempt === 2 ? null : 429, error: 'rate_limit' })
    const failed = assistant('x', text('API Error: 529 secret'), { error: 'overloaded' }, { model: '<synthetic>' })
    await read(tells(
      init, 10, retry(1), 510, retry(2), 520, assistant('m1', toolUse('t1', 'Bash', {})), 5, toolResult('t1', 'x'), 7, retry(1), 600, failed,
      result({ is_error: true, terminal_reason: 'api_error', api_error_status: 429 }),
    )({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-1652 failed ApiError: the API answered 429
        claude-sonnet-4-5 llm 0-1040
        Bash tool 1040-1045 for t1
        claude-sonnet-4-5 llm 1045-1652 failed ApiError: overloaded
    `)
    expect(llms(profiler.lastTrace).map(({ llm }) => llm!.attempts)).toEqual([
      [
        { start: 0, end: 10e6, waitNs: 500e6, status: 429 }, { start: 510e6, end: 520e6, waitNs: 500e6, error: 'rate_limit' },
        { start: 1_020e6, firstByte: 1_040e6, end: 1_040e6, status: 200 },
      ],
      [{ start: 1_045e6, end: 1_052e6, waitNs: 500e6, status: 429 }, { start: 1_552e6, end: 1_652e6, status: 429 }],
    ])
    expect(JSON.stringify(profiler.lastTrace)).not.toContain('secret')
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('how a query came out', async () => {
    const { profiler, tells } = desk()
    const outcome = async (...said: readonly Said[]): Promise<string> => {
      await read(tells(...said)({ prompt: 'Hi' })).catch(() => undefined)
      const { outcome: came } = profiler.lastTrace!.spans[0]!
      return came.state === 'failed' ? `${came.type}: ${came.message}` : came.state
    }
    const abort = new DOMException('The operation was aborted', 'AbortError')
    const maxTurns = result({ subtype: 'error_max_turns', is_error: true, terminal_reason: 'max_turns' })
    expect([
      await outcome(init, result()), await outcome(init), await outcome(init, maxTurns), await outcome(init, maxTurns, new Error('exited with code 1')),
      await outcome(init, result(), new Error('exited with code 1')), await outcome(init, new Error('no such program')), await outcome(init, abort),
      await outcome(init, result({ subtype: 'error_during_execution', is_error: true, terminal_reason: 'aborted_tools' })),
      await outcome(init, result({ is_error: true })), await outcome(init, result({ subtype: undefined })),
      // Synthetic words are no call.
      await outcome(assistant('x', text('No response requested.'), {}, { model: '<synthetic>' }), result()),
    ]).toEqual([
      'ok', 'ok', 'error_max_turns: max_turns', 'error_max_turns: max_turns', 'Error: exited with code 1', 'Error: no such program', 'cancelled', 'cancelled',
      'ApiError: the API gave an error', 'error: error', 'ok',
    ])
    expect(profiler.traces.flatMap(llms)).toEqual([])
  })

  test('a query that cannot begin', () => {
    const { profiler } = recorded()
    const error = new Error('no such program')
    const query = wrapQuery((_params: object): never => { throw error }, { profiler })
    expect(() => query({ prompt: 'Hi' })).toThrow(error)
    expectTree(profiler.lastTrace, 'claude 0-0 failed Error: no such program')
  })

  test('messages that are none', async () => {
    const { profiler } = recorded()
    const odd = [
      null, 7, 'text', [], {}, { type: 'assistant' }, { type: 'assistant', message: 7 }, { type: 'assistant', message: { content: [null, 7, { type: 'tool_use' }, { type: 'tool_use', id: 'x' }] } },
      { type: 'user' }, { type: 'user', message: { content: [{ type: 'tool_result', tool_use_id: 'x' }] }, tool_use_result: 'Error' }, { type: 'stream_event' },
      { type: 'stream_event', event: { type: 'message_delta' } }, { type: 'system' }, { type: 'system', subtype: 'task_started', task_type: 'local_agent' }, { type: 'system', subtype: 'compact_boundary' },
      { type: 'system', subtype: 'api_retry', retry_delay_ms: -1 }, { type: 'result', usage: 7, permission_denials: 9, modelUsage: null },
      { get type(): string { throw new Error('hostile') } },
    ] as unknown as SdkMessage[]
    const query = wrapQuery(() => new Query(stream(odd)), { profiler })()
    const seen: unknown[] = []
    for (let step = await query.next(); step.done !== true; step = await query.next()) seen.push(step.value)
    expect(seen.length).toBe(odd.length)
    expect(seen.every((message, i) => message === odd[i])).toBe(true)
    checkAnalysis(analyze(profiler.lastTrace!))
    expect(profiler.stats().selfErrors).toBeGreaterThan(0)
  })
})

describe('nothing changes', () => {
  test('the query is the very object that the SDK made, with all its members', async () => {
    const { profiler } = recorded()
    const made = new Query(stream([init, result()]))
    const query = function query(_params: object, _more: object): Query { return made }
    const wrapped = wrapQuery(query, { profiler })
    expect([wrapped.name, wrapped.length]).toEqual(['query', 2])
    expect(wrapQuery(wrapped)).toBe(wrapped)
    expect(wrapped({}, {})).toBe(made)
    expect([Object.keys(made), made instanceof Query, made.interrupted, made.isClosed]).toEqual([['isClosed', 'interrupted'], true, 0, false])
    await made.interrupt()
    expect(made.interrupted).toBe(1)
    expect(await read(made)).toEqual([init, result()])
    expect(profiler.traces).toHaveLength(1)
  })

  test.each(['next', 'iterator', 'both'])('messages are counted once (%s)', async (way) => {
    const { profiler, tells } = desk()
    const again = assistant('m1', text('One'))
    const query = tells(init, again, again, assistant('m2', text('Two')), result())({ prompt: 'Hi' })
    const iterator = query[Symbol.asyncIterator]()
    expect(query[Symbol.asyncIterator]()).toBe(iterator)
    if (way === 'both') await query.next()
    const source = way === 'iterator' ? iterator : query
    while ((await source.next()).done !== true);
    expect(llms(profiler.lastTrace).map(({ llm }) => [llm!.responseId, llm!.responseParts!.length])).toEqual([['m1', 2], ['m2', 1]])
  })

  test('a reader that leaves, throws in or closes', async () => {
    const { profiler, tells } = desk()
    const messages = (): Said[] => [init, assistant('m1', toolUse('t1', 'Bash', {})), result(), assistant('m2', text('More'))]
    for await (const message of tells(...messages())({ prompt: 'Hi' })) if (message['type'] === 'assistant') break
    for await (const message of tells(...messages())({ prompt: 'Hi' })) if (message['type'] === 'result') break
    const thrown = tells(...messages())({ prompt: 'Hi' })
    await thrown.next()
    await expect(thrown.throw(new Error('mine'))).rejects.toThrow('mine')
    const closed = tells(...messages())({ prompt: 'Hi' })
    await closed.next()
    closed.close()
    expect(closed.isClosed).toBe(true)
    const returned = tells(...messages())({ prompt: 'Hi' })
    await returned.return()
    expect(profiler.traces.map(({ spans }) => spans.map(({ name, outcome }) => `${name} ${outcome.state}`).join())).toEqual([
      'claude cancelled,claude-sonnet-4-5 ok,Bash cancelled', 'claude ok,claude-sonnet-4-5 ok,Bash cancelled', 'claude failed', 'claude cancelled', 'claude cancelled',
    ])
  })

  test('what is no query', () => {
    const { profiler } = recorded()
    for (const made of [undefined, 7, {}, Object.freeze(new Query(stream([])))]) {
      expect(wrapQuery(() => made, { profiler })()).toBe(made)
    }
    expect(profiler.traces.map(({ spans }) => spans[0]!.outcome.state)).toEqual(['ok', 'ok', 'ok', 'ok'])
    expect(() => wrapQuery({ query: 1 } as never)).toThrow(new TypeError('wrapQuery: expected the function query of @anthropic-ai/claude-agent-sdk, got {"query":1}'))
  })

  test('a prompt that serves several queries', async () => {
    const { profiler } = recorded()
    const prompt = { async* [Symbol.asyncIterator]() { yield { type: 'user', message: { role: 'user', content: 'Hi' } } } }
    const before = Object.getOwnPropertyDescriptor(prompt, Symbol.asyncIterator)
    const query = wrapQuery(scripted(async function* (_params, prompts) {
      await prompts!.next()
      yield assistant('m1', text('Hello'))
      yield result()
    }), { profiler })
    await read(query({ prompt }))
    await read(query({ prompt }))
    expect(Object.getOwnPropertyDescriptor(prompt, Symbol.asyncIterator)).toEqual(before)
    expect(profiler.traces.map((trace) => llms(trace)[0]!.llm!.requestParts!.length)).toEqual([1, 1])
    // Frozen, it is not watched.
    await read(query({ prompt: Object.freeze({ ...prompt }) }))
    expect(profiler.traces).toHaveLength(3)
  })
})

describe('where it runs', () => {
  const answer = (profiler: Profiler, ownSpan = true): Said[] => {
    const lookUp = profiler.tool('look_up', async ({ word }: { word: string }) => (ownSpan ? profiler.span('index', () => word) : word))
    return [
      init, assistant('m1', toolUse('t1', 'mcp__words__look_up', { word: 'agent' })), 5, () => lookUp({ word: 'agent' }), 5,
      toolResult('t1', [{ type: 'text', text: 'agent' }]), assistant('m2', text('Done')), result(),
    ]
  }

  test('tools of this process are the tools of the model, what they do lies below them', async () => {
    const { profiler, tells } = desk()
    await read(tells(...answer(profiler))({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-10
        claude-sonnet-4-5 llm 0-0
        look_up tool 0-10 for t1
          index 5-5
        claude-sonnet-4-5 llm 10-10
    `)
  })

  test('also when they ran before the message is read that asks for them', async () => {
    const { profiler, tells } = desk()
    const lookUp = profiler.tool('look_up', ({ word }: { word: string }, _extra?: object) => word)
    const asked = (id: string, word: string): SdkMessage => assistant('m1', toolUse(id, 'mcp__words__look_up', { word }))
    const ran = (word: string, extra?: object) => () => (extra === undefined ? lookUp({ word }) : lookUp({ word }, extra))
    await read(tells(
      init, 5, ran('a', { signal: 1 }), 1, ran('b'), ran('c'), 5, asked('t1', 'c'), asked('t2', 'a'), asked('t3', 'b'), asked('t4', 'd'),
      toolResult('t1', 'c'), toolResult('t2', 'a'), toolResult('t3', 'b'), toolResult('t4', 'd'), result(),
    )({ prompt: 'Hi' }))
    expectTree(profiler.lastTrace, `
      claude 0-11
        claude-sonnet-4-5 llm 0-11
        look_up tool 5-5 for t2
        look_up tool 6-6 for t3
        look_up tool 6-6 for t1
        look_up tool 11-11 for t4
    `)
    const { spans } = profiler.lastTrace!
    expect(spans.filter(({ tool }) => tool !== undefined).map(({ tool }) => tool!.issuedBy === spans[1]!.id)).toEqual([true, true, true, true])
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('inside a run, ten at once', async () => {
    const { profiler, tells } = desk()
    await profiler.run('batch', () => Promise.all(Array.from({ length: 10 }, () => read(tells(init, assistant('m1', toolUse('t1', 'Bash', {})), toolResult('t1', 'x'), assistant('m2', text('Hi')), result())({ prompt: 'Hi' })))))
    expect(profiler.traces).toHaveLength(1)
    const { spans } = profiler.lastTrace!
    const agents = spans.filter(({ name }) => name === 'claude')
    expect(agents.map(({ id }) => spans.filter(({ parentId }) => parentId === id).map(({ name }) => name).join())).toEqual(Array(10).fill('claude-sonnet-4-5,Bash,claude-sonnet-4-5'))
    expect(analyze(profiler.lastTrace!).totals).toMatchObject({ llmCalls: 20, toolCalls: 10 })
  })

  test('not sampled, not enabled, or too many spans', async () => {
    const unsampled = desk({ sampleRate: 0 })
    await read(unsampled.tells(...answer(unsampled.profiler))({ prompt: 'Hi' }))
    await unsampled.profiler.run('x', () => read(unsampled.tells(...answer(unsampled.profiler))({ prompt: 'Hi' })))
    const disabled = desk({ enabled: false })
    await read(disabled.tells(...answer(disabled.profiler))({ prompt: 'Hi' }))
    expect([unsampled.profiler.traces.length, disabled.profiler.traces.length, unsampled.profiler.stats().selfErrors]).toEqual([0, 0, 0])
    for (const maxSpansPerRun of [1, 2, 3]) {
      const few = desk({ limits: { maxSpansPerRun } })
      await read(few.tells(...answer(few.profiler))({ prompt: 'Hi' }))
      expect(few.profiler.traces.map(({ spans }) => spans.length)).toEqual([maxSpansPerRun])
      expect(few.profiler.stats().selfErrors).toBe(0)
    }
  })
})

test('the example', async () => {
  const { printed, traces } = await runExample('claude-agent-sdk', [], () => ({}))
  expect(printed).toContain('It is sunny in Rome.')
  expect(printed).toMatch(/claude .*2 LLM calls · 1 tool call/s)
  expect(traces.map(({ spans }) => spans.map(({ name }) => name))).toEqual([['claude', 'claude-sonnet-4-5', 'get_weather', 'look up', 'claude-sonnet-4-5']])
})
