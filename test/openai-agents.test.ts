import {
  Agent, createCustomSpan, createMCPListToolsSpan, createSpeechSpan, OpenAIProvider, Runner, setTraceProcessors, setTracingDisabled, tool, withCustomSpan, withTrace,
  type RunConfig, type TracingProcessor,
} from '@openai/agents'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { analyze, type Profiler, type ProfilerOptions, type Span, type Trace } from 'spanwise'
import { unwrapOpenAI, wrapOpenAI } from 'spanwise/openai'
import { spanwiseProcessor, type ProcessorOptions } from 'spanwise/openai-agents'
import { checkAnalysis } from './laws.ts'
import { readExchanges } from './support/exchanges.ts'
import { answer, type AnswerForm, type Said } from './support/openai-answers.ts'
import { json, startProviderServer, type ProviderServer, type Reply, type Session } from './support/provider-server.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

let server: ProviderServer
beforeAll(async () => {
  server = await startProviderServer()
  setTracingDisabled(false)
})
afterAll(() => server.close())

interface Desk {
  readonly profiler: Profiler
  readonly session: Session
  readonly runner: Runner
  readonly client: OpenAI
}

interface Setting extends Partial<AnswerForm> {
  readonly wrapped?: boolean
  readonly maxRetries?: number
  readonly options?: ProfilerOptions
  readonly config?: Partial<RunConfig>
  readonly processor?: Omit<ProcessorOptions, 'profiler'>
}

/** The SDK with a client that talks to the stand-in, and a profiler that watches it. */
function desk({ api = 'responses', wrapped = false, maxRetries = 0, options, config, processor }: Setting = {}): Desk {
  const { profiler } = recorded(options)
  setTraceProcessors([spanwiseProcessor({ profiler, ...processor })])
  const session = server.session()
  const client = new OpenAI({ apiKey: 'test', baseURL: session.url, maxRetries })
  if (wrapped) wrapOpenAI(client, { profiler })
  const modelProvider = new OpenAIProvider({ openAIClient: client, useResponses: api === 'responses' })
  return { profiler, session, client, runner: new Runner({ modelProvider, ...config }) }
}

async function runAgent(runner: Runner, agent: Agent, input: string, stream = false): Promise<unknown> {
  if (!stream) return (await runner.run(agent, input)).finalOutput
  const result = await runner.run(agent, input, { stream: true })
  for await (const _event of result);
  await result.completed
  return result.finalOutput
}

const weather = (profiler: Profiler) => tool({
  name: 'weather',
  description: 'The weather in a city',
  parameters: z.object({ city: z.string() }),
  execute: profiler.tool('weather', async ({ city }: { city: string }) => profiler.span('look up', async () => `sunny in ${city}`)),
})

const helper = (profiler: Profiler, more: object = {}): Agent =>
  new Agent({ name: 'Helper', instructions: 'Be brief', model: 'gpt-4o-mini', tools: [weather(profiler)], ...more })

const CALLS: Said = { calls: [['weather', { city: 'Rome' }, 'c1'], ['weather', { city: 'Oslo' }, 'c2']] }
const llms = (trace: Trace | undefined): readonly Span[] => trace?.spans.filter(({ llm }) => llm !== undefined) ?? []
/** The end of a trace that was streamed comes a little after the last event. */
const ended = (profiler: Profiler): Promise<void> => vi.waitFor(() => expect(profiler.traces).not.toEqual([]))

const forms = (['responses', 'chat'] as const).flatMap((api) => [false, true].flatMap((stream) => [false, true].map((wrapped) => ({ api, stream, wrapped }))))

describe.each(forms)('$api, stream: $stream, wrapped client: $wrapped', ({ api, stream, wrapped }) => {
  const name = wrapped || api === 'chat' ? 'gpt-4o-mini' : 'gpt-4o-mini-2024-07-18'
  const whole = `
    Agent workflow 0-0
      Helper 0-0
        ${name} llm 0-0
        weather tool 0-0 for c1
          look up 0-0
        weather tool 0-0 for c2
          look up 0-0
        ${name} llm 0-0
  `

  test('an agent with parallel tools, outside any run and inside one', async () => {
    const { profiler, session, runner } = desk({ api, wrapped })
    for (const inside of [false, true]) {
      session.reply(answer({ api, stream }, CALLS), answer({ api, stream }, { text: 'sunny' }))
      const work = () => runAgent(runner, helper(profiler), 'How is the weather?', stream)
      expect(await (inside ? profiler.run('support', work) : work())).toBe('sunny')
      await ended(profiler)
    }
    expect(profiler.traces).toHaveLength(2)
    expectTree(profiler.traces[0], whole)
    expect(tree(profiler.traces[1]).split('\n').slice(1).map((line) => line.slice(2)).join('\n')).toBe(tree(profiler.traces[0]))
    for (const { llm } of llms(profiler.traces[0])) {
      expect(llm).toMatchObject({
        provider: 'openai', operation: 'chat', api: api === 'chat' ? 'chat.completions' : 'responses', usage: { input: { total: 10, cacheRead: 4 }, output: { total: 5 }, complete: true },
      })
      // Of a stream of chat completions the SDK tells the requested model.
      expect(llm!.responseModel).toBe(api === 'chat' && stream && !wrapped ? 'gpt-4o-mini' : 'gpt-4o-mini-2024-07-18')
      expect(llm!.responseId).toMatch(/^(resp|chatcmpl)_\d+$/)
    }
    const [first, second] = llms(profiler.traces[0])
    expect(first!.llm!.toolCalls!.map(({ id }) => id)).toEqual(['c1', 'c2'])
    const { parts, spans } = profiler.traces[0]!
    expect(spans.filter(({ tool: told }) => told !== undefined).map(({ tool: told }) => told!.issuedBy)).toEqual([first!.id, first!.id])
    const kinds = second!.llm!.requestParts!.map((part) => parts[part]!.kind).filter((kind) => kind !== 'tool-definition')
    expect(kinds).toEqual(['system', 'user', 'tool-call', 'tool-call', 'tool-result', 'tool-result'])
    const analysis = analyze(profiler.traces[0]!)
    checkAnalysis(analysis)
    expect(analysis.totals).toMatchObject({ llmCalls: 2, toolCalls: 2, usage: { input: { total: 20 }, output: { total: 10 } } })
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })

  test('a run that is not sampled', async () => {
    const { profiler, session, runner } = desk({ api, wrapped, options: { sampleRate: 0 } })
    session.reply(...Array.from({ length: 2 }, () => [answer({ api, stream }, CALLS), answer({ api, stream }, { text: 'sunny' })]).flat())
    await profiler.run('support', () => runAgent(runner, helper(profiler), 'How is the weather?', stream))
    await runAgent(runner, helper(profiler), 'How is the weather?', stream)
    await vi.waitFor(() => profiler.run('later', async () => {}, { sample: true }))
    expect(profiler.traces.map(tree)).toEqual(['later 0-0'])
  })

  test('a refused call', async () => {
    const { profiler, session, runner } = desk({ api, wrapped })
    session.reply(json({ error: { message: 'no such thing' } }, { status: 400 }))
    await expect(runAgent(runner, helper(profiler), 'hi', stream)).rejects.toThrow('no such thing')
    await ended(profiler)
    expectTree(profiler.lastTrace, `
      Agent workflow 0-0 failed Error: 400 no such thing
        Helper 0-0 failed Error: 400 no such thing
          ${wrapped || api === 'chat' ? 'gpt-4o-mini' : 'response'} llm 0-0 failed Error: 400 no such thing
    `)
    expect(llms(profiler.lastTrace)).toHaveLength(1)
  })

  test('ten at once, of equal and of different prompts', async () => {
    const { profiler, session, runner } = desk({ api, wrapped })
    session.reply(...Array.from({ length: 10 }, () => answer({ api, stream }, { text: 'hello' })))
    const agent = helper(profiler)
    await profiler.run('all', () => withTrace('Batch', () =>
      Promise.all(Array.from({ length: 10 }, (_, i) => runAgent(runner, agent, i < 5 ? 'the same' : `another ${i}`, stream)))))
    const { spans } = profiler.lastTrace!
    const nameOf = (id: string | undefined): string | undefined => spans.find((span) => span.id === id)?.name
    expect(llms(profiler.lastTrace).map(({ parentId }) => nameOf(parentId))).toEqual(Array.from({ length: 10 }, () => 'Helper'))
    expect(new Set(llms(profiler.lastTrace).map(({ parentId }) => parentId)).size).toBe(10)
    expect(spans).toHaveLength(22)
  })
})

test('a call that is tried again by the client is one call with its attempts', async () => {
  const { profiler, session, runner } = desk({ wrapped: true, maxRetries: 2 })
  const refused = json({ error: { message: 'slow down' } }, { status: 429, headers: { 'retry-after-ms': '1' } })
  session.reply(refused, answer({ api: 'responses' }, { text: 'hello' }))
  await runAgent(runner, helper(profiler), 'hi')
  expect(llms(profiler.lastTrace).map(({ llm }) => llm!.attempts!.map(({ status }) => status))).toEqual([[429, 200]])
})

describe('what else an agent does', () => {
  const say = (...said: readonly Said[]): Reply[] => said.map((one) => answer({ api: 'responses' }, one))

  test('handoffs, guardrails, agents as tools', async () => {
    const { profiler, session, runner } = desk({ wrapped: true })
    const clerk = new Agent({ name: 'Clerk', instructions: 'x', model: 'gpt-4o-mini' })
    const expert = new Agent({ name: 'Expert', instructions: 'x', model: 'gpt-4o-mini', tools: [clerk.asTool({ toolName: 'ask_clerk', toolDescription: 'x' })] })
    const fine = async () => ({ tripwireTriggered: false, outputInfo: {} })
    const front = helper(profiler, { handoffs: [expert], inputGuardrails: [{ name: 'polite', execute: fine }] })
    session.reply(...say(
      { calls: [['transfer_to_Expert', {}, 'c1']] }, { calls: [['ask_clerk', { input: 'x' }, 'c2']] }, { text: 'from the clerk' }, { text: 'hello' },
    ))
    expect(await runAgent(runner, front, 'hi')).toBe('hello')
    expectTree(profiler.lastTrace, `
      Agent workflow 0-0
        Helper 0-0
          guardrail polite 0-0
          gpt-4o-mini llm 0-0
          handoff Helper -> Expert 0-0
        Expert 0-0
          gpt-4o-mini llm 0-0
          ask_clerk tool 0-0 for c2
            Clerk 0-0
              gpt-4o-mini llm 0-0
          gpt-4o-mini llm 0-0
    `)
    expect(profiler.lastTrace!.spans[1]!.attributes).toMatchObject({
      'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'Helper', 'openai.agents.tools': ['weather'], 'openai.agents.handoffs': ['Expert'],
    })
  })

  test('a guardrail that stops it, and asks a model of its own meanwhile', async () => {
    const { profiler, session, runner, client } = desk({ wrapped: true })
    const execute = async () => {
      await client.responses.create({ model: 'gpt-4o', input: 'is this homework?' })
      return { tripwireTriggered: true, outputInfo: {} }
    }
    session.reply(...say({ text: 'yes' }, { text: 'yes' }))
    const agent = helper(profiler, { inputGuardrails: [{ name: 'homework', execute, runInParallel: true }] })
    await expect(runAgent(runner, agent, 'solve this')).rejects.toThrow('guardrail')
    expectTree(profiler.lastTrace, `
      Agent workflow 0-0 failed InputGuardrailTripwireTriggered: Input guardrail triggered: {}
        Helper 0-0 failed InputGuardrailTripwireTriggered: Input guardrail triggered: {}
          guardrail homework 0-0
            gpt-4o llm 0-0
          gpt-4o-mini llm 0-0
    `)
    expect(profiler.lastTrace!.spans.find(({ name }) => name.startsWith('guardrail'))!.attributes).toEqual({ 'openai.agents.guardrail.triggered': true })
  })

  test.each([false, true])('too many turns and a tool that throws (stream: %s)', async (stream) => {
    const { profiler, session, runner } = desk()
    const bad = tool({ name: 'bad', description: 'x', parameters: z.object({}), errorFunction: null, execute: async () => { throw new RangeError('oops') } })
    const calls = { calls: [['bad', {}, 'c1']] } as const
    session.reply(answer({ api: 'responses', stream }, calls))
    await expect(runAgent(runner, helper(profiler, { tools: [bad] }), 'hi', stream)).rejects.toThrow('oops')
    await ended(profiler)
    const many = Array.from({ length: 10 }, (_, i): Said => ({ calls: [['weather', { city: `city ${i}` }, `c${i}`]] }))
    session.reply(...many.map((said) => answer({ api: 'responses', stream }, said)))
    await expect(runAgent(runner, helper(profiler), 'hi', stream)).rejects.toThrow('Max turns')
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(2))
    expectTree(profiler.traces[0], `
      Agent workflow 0-0 failed ToolCallError: Failed to run function tools: RangeError: oops
        Helper 0-0 failed ToolCallError: Failed to run function tools: RangeError: oops
          gpt-4o-mini-2024-07-18 llm 0-0
          bad tool 0-0 failed RangeError: oops for c1
    `)
    expect(profiler.traces[1]!.spans[0]!.outcome).toEqual({ state: 'failed', type: 'MaxTurnsExceededError', message: 'Max turns (10) exceeded' })
    expect(llms(profiler.traces[1])).toHaveLength(10)
  })

  test.each([false, true])('a stream that its reader leaves (wrapped: %s)', async (wrapped) => {
    const { profiler, session, runner } = desk({ wrapped })
    session.reply(answer({ api: 'responses', stream: true }, { text: 'a long answer' }))
    for await (const _event of await runner.run(helper(profiler), 'hi', { stream: true })) break
    await ended(profiler)
    expect(llms(profiler.lastTrace).map(({ outcome }) => outcome.state)).toEqual(['cancelled'])
  })

  test('traces of the user, with several runs; one that throws ends its trace', async () => {
    const { profiler, session, runner } = desk()
    session.reply(...say({ text: 'a' }, { text: 'b' }, { text: 'c' }))
    const trace = { groupId: 'chat-7', metadata: { plan: 'pro', nested: { left: 'out' } } }
    await withTrace('Ticket', async () => {
      await runAgent(runner, helper(profiler), 'one')
      await withCustomSpan(() => runAgent(runner, helper(profiler), 'two'), { data: { name: 'second step', data: { step: 2 } } })
    }, trace)
    expectTree(profiler.lastTrace, `
      Ticket 0-0
        Helper 0-0
          gpt-4o-mini-2024-07-18 llm 0-0
        second step 0-0
          Helper 0-0
            gpt-4o-mini-2024-07-18 llm 0-0
    `)
    expect(profiler.lastTrace!.spans[0]!.attributes).toMatchObject({
      'gen_ai.workflow.name': 'Ticket', 'gen_ai.conversation.id': 'chat-7', 'openai.agents.metadata.plan': 'pro',
    })
    await expect(withTrace('Broken', async () => {
      await runAgent(runner, helper(profiler), 'one')
      throw new Error('of the user')
    })).rejects.toThrow('of the user')
    expect(profiler.traces.map(({ name }) => name)).toEqual(['Ticket', 'Broken'])
  })

  test('spans of other kinds', async () => {
    const { profiler } = desk()
    await withTrace('Voice', async () => {
      for (const span of [
        createMCPListToolsSpan({ data: { server: 'files', result: ['read'] } }),
        createSpeechSpan({ data: { model: 'gpt-4o-mini-tts', output: { data: '', format: 'pcm' } } }),
        createCustomSpan({ data: { name: 'sandbox.exec', data: { exit_code: 0 } } }),
      ]) {
        span.start()
        span.end()
      }
    })
    expectTree(profiler.lastTrace, `
      Voice 0-0
        list tools files 0-0
        speech gpt-4o-mini-tts 0-0
        sandbox.exec 0-0
    `)
    expect(profiler.lastTrace!.spans[3]!.attributes).toEqual({ 'openai.agents.data.exit_code': 0 })
  })

  test('without sensitive data nothing of it is told, and the calls are there', async () => {
    for (const wrapped of [false, true]) {
      const { profiler, session, runner } = desk({ wrapped, options: { content: 'full' }, config: { traceIncludeSensitiveData: false } })
      session.reply(...say(CALLS, { text: 'hello' }))
      await runAgent(runner, helper(profiler), 'a secret')
      expect(llms(profiler.lastTrace)).toHaveLength(2)
      expect(profiler.lastTrace!.spans.filter(({ tool: told }) => told !== undefined)).toHaveLength(2)
      if (!wrapped) expect(JSON.stringify(profiler.lastTrace)).not.toContain('a secret')
    }
  })
})

describe('the processor', () => {
  test('need not be the first one', async () => {
    const { profiler, session, runner, client } = desk({ wrapped: true })
    const idle = async (): Promise<void> => { await Promise.resolve() }
    const other = { onTraceStart: idle, onTraceEnd: idle, onSpanStart: idle, onSpanEnd: idle, shutdown: idle, forceFlush: idle }
    setTraceProcessors([other, other, spanwiseProcessor({ profiler })])
    session.reply(answer({ api: 'responses' }, CALLS), answer({ api: 'responses' }, { text: 'sunny' }))
    await runAgent(runner, helper(profiler), 'hi')
    expectTree(profiler.lastTrace, `
      Agent workflow 0-0
        Helper 0-0
          gpt-4o-mini llm 0-0
          weather tool 0-0 for c1
            look up 0-0
          weather tool 0-0 for c2
            look up 0-0
          gpt-4o-mini llm 0-0
    `)
    unwrapOpenAI(client)
  })

  test.each([true, false])('put there twice, it records once (wrapped client: %s)', async (wrapped) => {
    const { profiler, session, runner } = desk({ wrapped })
    setTraceProcessors([spanwiseProcessor({ profiler }), spanwiseProcessor({ profiler })])
    session.reply(answer({ api: 'responses' }, CALLS), answer({ api: 'responses' }, { text: 'sunny' }))
    await runAgent(runner, helper(profiler), 'hi')
    expect(profiler.traces.map((trace) => trace.spans.map(({ category }) => category))).toEqual([['agent', 'agent', 'llm', 'tool', 'tool', 'internal', 'internal', 'llm']])
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('has the type that the SDK takes', () => {
    const processor: TracingProcessor = spanwiseProcessor()
    expect(Object.keys(processor)).toEqual(['onTraceStart', 'onTraceEnd', 'onSpanStart', 'onSpanEnd', 'shutdown', 'forceFlush'])
    expect(() => spanwiseProcessor({ profiler: 5 as never })).toThrow(new TypeError('spanwiseProcessor(options): options.profiler must be a Profiler, got 5'))
  })

  test('takes anything, and ends what began', async () => {
    const { profiler } = recorded()
    const processor = spanwiseProcessor({ profiler })
    const span = (spanId: string, data: object, more: object = {}) =>
      ({ spanId, traceId: 't', parentId: null, startedAt: 'now', endedAt: null, error: null, spanData: data, ...more }) as never
    await processor.onTraceStart({ traceId: 't', name: 'T' })
    const hostile = [
      span('1', { type: 'response', _input: 5, _response: 'x' }), span('2', { type: 'generation', input: 'x', output: [null, 5, {}], usage: 'x', model: 7 }),
      span('3', { type: 'function', name: 5, input: {} }), span('4', { type: '?' }), span('5', { get type(): string { throw new Error('no') } }),
      span('6', { type: 'agent' }, { error: { message: 'AbortError: gone', data: {} } }), span('7', { type: 'turn' }, { parentId: '7' }),
    ]
    for (const one of [...hostile, null as never]) await processor.onSpanStart(one)
    for (const one of [...hostile, null as never]) await processor.onSpanEnd(one)
    await processor.onSpanEnd(span('never begun', { type: 'agent' }))
    await processor.onTraceEnd({ traceId: 't', name: 'T' })
    await processor.forceFlush()
    await processor.shutdown()
    expect(profiler.lastTrace!.spans.map(({ name, outcome }) => `${name} ${outcome.state}`)).toEqual(
      ['T cancelled', 'response ok', 'generation ok', 'function ok', '? ok', 'agent cancelled'])
  })

  test('a model of the AI SDK behind the interface of the SDK', async () => {
    const { profiler } = recorded()
    const processor = spanwiseProcessor({ profiler })
    const spanData = {
      type: 'generation', model: 'anthropic.messages:claude-sonnet-4-5', model_config: { provider: 'anthropic.messages', model_impl: 'ai-sdk' },
      input: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }], usage: { input_tokens: 7, output_tokens: 2 },
      output: [{ type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'hello' }] }, { type: 'function_call', callId: 'c1', name: 'f', arguments: '{}' }],
    }
    const span = { spanId: 's', traceId: 't', parentId: null, startedAt: 'now', endedAt: null, error: null, spanData }
    await processor.onSpanStart(span)
    await processor.onSpanEnd(span)
    expect(profiler.lastTrace!.spans[0]).toMatchObject({
      name: 'claude-sonnet-4-5',
      llm: {
        provider: 'anthropic', requestModel: 'claude-sonnet-4-5', usage: { input: { total: 7 }, output: { total: 2 } },
        toolCalls: [{ id: 'c1', name: 'f' }], requestParts: [0], responseParts: [1, 2],
      },
    })
  })

  test('finds its place by a function of the SDK, where its context cannot be reached', async () => {
    const { profiler } = recorded()
    const outer = { spanId: 's', traceId: 't', parentId: null, startedAt: 'now', endedAt: null, error: null, spanData: { type: 'function', name: 'f', input: '{}' } }
    const processor = spanwiseProcessor({ profiler, getCurrentSpan: () => outer })
    await processor.onTraceStart({ traceId: 't', name: 'T' })
    await processor.onSpanStart(outer)
    await profiler.span('inner', async () => {})
    await processor.onSpanEnd(outer)
    await processor.onTraceEnd({ traceId: 't', name: 'T' })
    await processor.shutdown()
    expectTree(profiler.lastTrace, `
      T 0-0
        f tool 0-0
          inner 0-0
    `)
  })
})

describe('the example', () => {
  test('runs as it is', async () => {
    const rows = new Map(readExchanges('exchanges').map((row) => [row.id, row]))
    const session = server.session()
    session.reply(...['78c00000fc0710fb', '3182862e607225c5'].map((id) => json(rows.get(id)!.responseBody)))
    vi.stubEnv('OPENAI_API_KEY', 'test')
    vi.stubEnv('OPENAI_BASE_URL', session.url)
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    try {
      await import('../examples/openai-agents.ts')
      const [[said], [report]] = log.mock.calls as [[string], [string]]
      expect(said).toContain('The weather in San Francisco is sunny')
      expect(report).toMatch(/Agent workflow .*2 LLM calls · 1 tool call/s)
      expect(report).toMatch(/Weather agent/)
      expect(session.asked.map(({ path }) => path)).toEqual(['/responses', '/responses'])
    } finally {
      vi.unstubAllEnvs()
      log.mockRestore()
    }
  })
})
