import Anthropic from '@anthropic-ai/sdk'
import { context, SpanStatusCode, trace, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AlwaysOffSampler, BasicTracerProvider, InMemorySpanExporter, SamplingDecision, SimpleSpanProcessor, type Sampler, type SpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { embed, generateText, stepCountIs, streamText, tool } from 'ai-6'
import { MockEmbeddingModelV3, MockLanguageModelV3, simulateReadableStream } from 'ai-6/test'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { analyze, type Profiler, type ProfilerOptions, type Span, type Trace } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { spanwiseSpanProcessor, type SpanProcessorOptions } from 'spanwise/otel'
import { checkAnalysis } from './laws.ts'
import { chatClient, says } from './support/chat-client.ts'
import { runExample } from './support/example.ts'
import { readExchanges } from './support/exchanges.ts'
import { event, json, sse, startProviderServer, type ProviderServer, type Reply } from './support/provider-server.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

let server: ProviderServer
beforeAll(async () => { server = await startProviderServer() })
afterAll(() => server.close())
// OpenTelemetry and the profiler each look at a clock of theirs, one after the other: a pause between them is no part of any case.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  vi.spyOn(performance, 'now').mockReturnValue(performance.now())
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
  context.disable()
  trace.disable()
})

interface Desk {
  readonly profiler: Profiler
  readonly provider: BasicTracerProvider
  readonly tracer: Tracer
}

interface Setting extends Omit<SpanProcessorOptions, 'profiler'> {
  readonly options?: ProfilerOptions
  readonly sampler?: Sampler
  /** Spans are active in their async context. */
  readonly active?: boolean
  readonly more?: readonly SpanProcessor[]
}

function desk({ options, sampler, active = true, more = [], ...processor }: Setting = {}): Desk {
  const { profiler } = recorded(options)
  if (active) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  const provider = new BasicTracerProvider({
    spanProcessors: [spanwiseSpanProcessor({ profiler, ...processor }), ...more], ...(sampler !== undefined && { sampler }),
  })
  return { profiler, provider, tracer: provider.getTracer('app') }
}

/** A span around `work`, current in it. */
const around = <T>(tracer: Tracer, name: string, work: () => Promise<T>, attributes: Record<string, string | number> = {}): Promise<T> =>
  tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work()
    } finally {
      span.end()
    }
  })

const CHAT = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'm' }
const nothing = async (): Promise<void> => {}
const llms = (...traces: readonly (Trace | undefined)[]): readonly Span[] => traces.flatMap((one) => one?.spans.filter(({ llm }) => llm !== undefined) ?? [])

describe('which spans are recorded', () => {
  test('those of models and what they are below, not what is beside them', async () => {
    const { profiler, tracer } = desk()
    await around(tracer, 'GET /health', () => around(tracer, 'SELECT', nothing))
    expect(profiler.traces).toEqual([])
    expect(profiler.stats()).toMatchObject({ seen: 0, selfErrors: 0 })
    await around(tracer, 'GET /chat', async () => {
      await around(tracer, 'SELECT', nothing)
      await around(tracer, 'answer', async () => {
        await around(tracer, 'chat m', () => around(tracer, 'POST', nothing), CHAT)
        await around(tracer, 'SELECT', nothing)
      })
    })
    expectTree(profiler.lastTrace, `
      GET /chat 0-0
        answer 0-0
          m llm 0-0
    `)
    expect(profiler.lastTrace!.spans[0]!.attributes!['otel.trace_id']).toMatch(/^[0-9a-f]{32}$/)
  })

  test('what was put off began when it started', async () => {
    const { profiler, clock } = recorded()
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
    const tracer = new BasicTracerProvider({ spanProcessors: [spanwiseSpanProcessor({ profiler })] }).getTracer('app')
    const pass = async (ms: number): Promise<void> => clock.pass(ms)
    await around(tracer, 'GET /chat', async () => {
      await pass(5)
      await around(tracer, 'answer', async () => {
        await pass(5)
        await around(tracer, 'chat m', () => pass(10), CHAT)
        await pass(5)
      })
    })
    expectTree(profiler.lastTrace, `
      GET /chat 0-25
        answer 5-25
          m llm 10-20
    `)
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('spans that tell what they are when they end', async () => {
    const { profiler, tracer } = desk()
    await around(tracer, 'GET /chat', () => tracer.startActiveSpan('generation', async (span) => {
      span.setAttributes({
        'langfuse.observation.type': 'generation', 'langfuse.observation.model.name': 'gpt-4o', 'langfuse.observation.usage_details': '{"input":5,"output":3}',
        'langfuse.observation.input': '[{"role":"user","content":"hi"}]', 'langfuse.observation.output': '{"role":"assistant","content":"hello"}',
      })
      span.end()
    }))
    expectTree(profiler.lastTrace, `
      GET /chat 0-0
        gpt-4o llm 0-0
    `)
    expect(llms(profiler.lastTrace)[0]!.llm).toMatchObject({ usage: { input: { total: 5 }, output: { total: 3 } }, requestParts: [0], responseParts: [1] })
  })

  test('a filter keeps others, or leaves some out', async () => {
    const { profiler, tracer } = desk({ filter: ({ name }: { readonly name: string }) => (name === 'SELECT' ? true : name === 'answer' ? false : undefined) })
    await around(tracer, 'GET /chat', () => around(tracer, 'answer', async () => {
      await around(tracer, 'SELECT', nothing)
      await around(tracer, 'chat m', nothing, CHAT)
    }))
    expectTree(profiler.lastTrace, `
      GET /chat 0-0
        SELECT 0-0
        m llm 0-0
    `)
  })

  test('none that the sampler leaves out, and nothing of a run that the profiler leaves out', async () => {
    const recordOnly: Sampler = { shouldSample: () => ({ decision: SamplingDecision.RECORD }), toString: () => 'record only' }
    for (const sampler of [new AlwaysOffSampler(), recordOnly]) {
      const { profiler, tracer } = desk({ sampler })
      await around(tracer, 'chat m', nothing, CHAT)
      expect(profiler.traces).toEqual([])
      context.disable()
    }
    const { profiler, tracer } = desk({ options: { sampleRate: 0 } })
    const ask = chatClient(profiler, [says('hello')])
    await around(tracer, 'GET /chat', async () => {
      await around(tracer, 'chat m', nothing, CHAT)
      await ask({ model: 'm', messages: [] })
    })
    await profiler.run('unsampled', () => around(tracer, 'chat m', nothing, CHAT))
    await profiler.run('later', nothing, { sample: true })
    expect(profiler.traces.map(tree)).toEqual(['later 0-0'])
  })

  test('the other processors get all of them', async () => {
    const memory = new InMemorySpanExporter()
    const { tracer, provider } = desk({ more: [new SimpleSpanProcessor(memory)] })
    await around(tracer, 'GET /chat', () => around(tracer, 'chat m', nothing, CHAT))
    await provider.forceFlush()
    expect(memory.getFinishedSpans().map(({ name }) => name)).toEqual(['chat m', 'GET /chat'])
  })
})

describe('beside what Spanwise records itself', () => {
  test('a wrapped client, a tool and a span are below the span that is active, which is opened for them', async () => {
    const { profiler, tracer } = desk()
    const ask = chatClient(profiler, [says('hello')])
    const search = profiler.tool('search', () => around(tracer, 'SELECT', () => profiler.span('rank', nothing)))
    await around(tracer, 'GET /chat', () => around(tracer, 'answer', async () => {
      await ask({ model: 'm', messages: [] })
      await search()
    }))
    expectTree(profiler.lastTrace, `
      GET /chat 0-0
        answer 0-0
          m llm 0-0
          search tool 0-0
            SELECT 0-0
              rank 0-0
    `)
    expect(profiler.traces).toHaveLength(1)
  })

  test('runs: spans inside are below them, spans around them stay outside', async () => {
    const { profiler, tracer } = desk()
    await around(tracer, 'GET /chat', () => profiler.run('agent', () => profiler.span('plan', () =>
      around(tracer, 'step', () => around(tracer, 'chat m', nothing, CHAT)))))
    await profiler.run('outer', () => around(tracer, 'step', () => profiler.span('inner', () => around(tracer, 'chat m', nothing, CHAT))))
    expect(profiler.traces.map(tree)).toEqual([
      'agent 0-0\n  plan 0-0\n    step 0-0\n      m llm 0-0', 'outer 0-0\n  step 0-0\n    inner 0-0\n      m llm 0-0',
    ])
  })

  const forms = [true, false].flatMap((active) => [true, false].map((tells) => ({ active, tells })))

  test.each(forms)('an instrumentation around a wrapped client: one call (active: $active, tells texts: $tells)', async ({ active, tells }) => {
    const { profiler, tracer } = desk({ active })
    const ask = chatClient(profiler, [{ ...says('hello'), id: 'resp_1' }])
    const instrumented = async (content: string): Promise<void> => {
      const attributes = { ...CHAT, ...(tells && { 'gen_ai.input.messages': JSON.stringify([{ role: 'user', parts: [{ type: 'text', content }] }]) }) }
      await tracer.startActiveSpan('chat m', { attributes }, async (span) => {
        await ask({ model: 'm', messages: [{ role: 'user', content }] })
        span.setAttributes({ 'gen_ai.response.id': 'resp_1', 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 }).end()
      })
    }
    await instrumented('outside any run')
    await profiler.run('agent', () => instrumented('inside one'))
    await profiler.run('ten', () => Promise.all(Array.from({ length: 10 }, (_, i) => instrumented(i < 5 ? 'the same' : `another ${i}`))))
    expect(profiler.traces.map(({ spans }) => spans.length)).toEqual([1, 2, 11])
    for (const { llm } of llms(...profiler.traces)) expect(llm).toMatchObject({ api: 'chat.completions', usage: { input: { total: 10 }, output: { total: 5 } } })
    expect(analyze(profiler.lastTrace!).totals).toMatchObject({ llmCalls: 10, usage: { input: { total: 100 } } })
  })

  test('a call that is recognised at its end, and has one of a wrapped client in it, is what was done around that', async () => {
    const { profiler, tracer } = desk()
    const ask = chatClient(profiler, [says('hello')])
    await profiler.run('agent', () => tracer.startActiveSpan('generation', async (span) => {
      await ask({ model: 'm', messages: [] })
      span.setAttributes({ 'langfuse.observation.type': 'generation', 'langfuse.observation.usage_details': '{"input":10,"output":5}' }).end()
    }))
    expectTree(profiler.lastTrace, `
      agent 0-0
        generation 0-0
          m llm 0-0
    `)
    expect(llms(profiler.lastTrace)).toHaveLength(1)
  })

  test('a tool that is a recorded function as well is one', async () => {
    const { profiler, tracer } = desk()
    const weather = profiler.tool('weather', async (city: string) => `sunny in ${city}`)
    await profiler.run('agent', () => around(tracer, 'execute_tool weather', () => weather('Rome'), {
      'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'weather', 'gen_ai.tool.call.id': 'c1',
    }))
    expectTree(profiler.lastTrace, `
      agent 0-0
        weather tool 0-0 for c1
    `)
  })
})

describe("Anthropic's client, which writes spans of its own", () => {
  const message = {
    id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-haiku-4-5-20251001', content: [{ type: 'text', text: 'hello' }], stop_reason: 'end_turn',
    stop_sequence: null, usage: { input_tokens: 10, output_tokens: 5, cache_read_input_tokens: 3, cache_creation_input_tokens: 2 },
  }
  const streamed = sse([
    event({ type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { ...message.usage, output_tokens: 1 } } }, 'message_start'),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 'content_block_start'),
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } }, 'content_block_delta'),
    event({ type: 'content_block_stop', index: 0 }, 'content_block_stop'),
    event({ type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }, 'message_delta'),
    event({ type: 'message_stop' }, 'message_stop'),
  ])
  const refused = json({ type: 'error', error: { type: 'rate_limit_error', message: 'slow down' } }, { status: 429, headers: { 'retry-after-ms': '1' } })

  const anthropic = (setting: { wrapped: boolean; active: boolean; maxRetries?: number }): Desk & { client: Anthropic; reply: (...replies: Reply[]) => void } => {
    const made = desk({ active: setting.active })
    const session = server.session()
    const client = new Anthropic({
      apiKey: 'test', baseURL: session.url, maxRetries: setting.maxRetries ?? 0, openTelemetry: { tracerProvider: made.provider, traces: { enabled: true } },
    })
    if (setting.wrapped) wrapAnthropic(client, { profiler: made.profiler })
    return { ...made, client, reply: (...replies) => session.reply(...replies) }
  }
  const request = (content: string) => ({ model: 'claude-haiku-4-5', max_tokens: 9, messages: [{ role: 'user' as const, content }] })
  const forms = [true, false].flatMap((wrapped) => [true, false].map((active) => ({ wrapped, active })))

  test.each(forms)('one call (wrapped: $wrapped, active: $active)', async ({ wrapped, active }) => {
    const { profiler, client, reply, tracer } = anthropic({ wrapped, active, maxRetries: 1 })
    reply(json(message), streamed, streamed, refused, json(message), json({ error: { message: 'no' } }, { status: 400 }))
    await client.messages.create(request('plain'))
    await around(tracer, 'GET /chat', async () => {
      for await (const _event of await client.messages.create({ ...request('streamed'), stream: true }));
    })
    await client.messages.stream(request('helper')).finalMessage()
    await client.messages.create(request('tried again'))
    await expect(client.messages.create(request('refused'))).rejects.toThrow('no')
    expect(llms(...profiler.traces).map(({ name, outcome }) => `${name} ${outcome.state}`)).toEqual([
      ...Array.from({ length: 4 }, () => 'claude-haiku-4-5 ok'), 'claude-haiku-4-5 failed',
    ])
    expect(tree(profiler.traces[1])).toBe(active ? 'GET /chat 0-0\n  claude-haiku-4-5 llm 0-0' : 'claude-haiku-4-5 llm 0-0')
    for (const { llm } of llms(...profiler.traces.slice(0, 4))) {
      expect(llm).toMatchObject({
        provider: 'anthropic', responseId: 'msg_1', finishReasons: ['end_turn'], usage: { input: { total: 15, uncached: 10, cacheRead: 3, cacheWrite: 2 }, output: { total: 5 } },
      })
    }
    if (wrapped) expect(llms(profiler.traces[3]).flatMap(({ llm }) => llm!.attempts!.map(({ status }) => status))).toEqual([429, 200])
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })

  test.each(forms)('ten at once (wrapped: $wrapped, active: $active)', async ({ wrapped, active }) => {
    const { profiler, client, reply } = anthropic({ wrapped, active })
    reply(...Array.from({ length: 10 }, () => json(message)))
    await profiler.run('agent', () => Promise.all(Array.from({ length: 10 }, (_, i) => client.messages.create(request(i < 5 ? 'the same' : `another ${i}`)))))
    expect(profiler.traces).toHaveLength(1)
    expect(profiler.lastTrace!.spans).toHaveLength(11)
    expect(analyze(profiler.lastTrace!).totals).toMatchObject({ llmCalls: 10, usage: { input: { total: 150 }, output: { total: 50 } } })
  })

  test('a count of tokens is no call', async () => {
    const { profiler, client, reply } = anthropic({ wrapped: false, active: true })
    reply(json({ input_tokens: 5 }))
    await client.messages.countTokens({ model: 'claude-haiku-4-5', messages: [{ role: 'user', content: 'hi' }] })
    expect(profiler.traces).toEqual([])
  })
})

describe('the AI SDK 6', () => {
  const usage = (input: number, output: number) => ({
    inputTokens: { total: input, noCache: input, cacheRead: 0, cacheWrite: 0 }, outputTokens: { total: output, text: output, reasoning: 0 },
  })
  const stop = { unified: 'stop' as const, raw: 'stop' }

  test('steps, tools and what is in them', async () => {
    const { profiler, tracer } = desk()
    const answers = [
      { content: [{ type: 'tool-call' as const, toolCallId: 'c1', toolName: 'weather', input: '{"city":"Rome"}' }], finishReason: { unified: 'tool-calls' as const, raw: 'x' }, usage: usage(10, 5), warnings: [] },
      { content: [{ type: 'text' as const, text: 'sunny' }], finishReason: stop, usage: usage(20, 6), warnings: [] },
    ]
    const model = new MockLanguageModelV3({ doGenerate: async () => answers.shift()! })
    const execute = profiler.tool('weather', async ({ city }: { city: string }) => profiler.span('look up', async () => `sunny in ${city}`))
    const weather = tool({ description: 'The weather', inputSchema: z.object({ city: z.string() }), execute })
    await generateText({ model, prompt: 'How is it?', stopWhen: stepCountIs(3), tools: { weather }, experimental_telemetry: { isEnabled: true, tracer } })
    expectTree(profiler.lastTrace, `
      ai.generateText 0-0
        mock-model-id llm 0-0
        weather tool 0-0 for c1
          look up 0-0
        mock-model-id llm 0-0
    `)
    const { spans, parts } = profiler.lastTrace!
    expect(spans[2]!.tool!.issuedBy).toBe(spans[1]!.id)
    expect(spans[4]!.llm!.requestParts!.map((part) => parts[part]!.kind)).toEqual(['tool-definition', 'user', 'tool-call', 'tool-result'])
    expect(analyze(profiler.lastTrace!).totals).toMatchObject({ llmCalls: 2, toolCalls: 1, usage: { input: { total: 30 }, output: { total: 11 } } })
  })

  test('a stream and an embedding', async () => {
    const { profiler, tracer } = desk()
    const telemetry = { isEnabled: true, tracer }
    const chunks = [
      { type: 'text-start' as const, id: '1' }, { type: 'text-delta' as const, id: '1', delta: 'hello' }, { type: 'text-end' as const, id: '1' },
      { type: 'finish' as const, finishReason: stop, usage: usage(7, 2) },
    ]
    const model = new MockLanguageModelV3({ doStream: async () => ({ stream: simulateReadableStream({ chunks, chunkDelayInMs: null, initialDelayInMs: null }) }) })
    await streamText({ model, prompt: 'hi', experimental_telemetry: telemetry }).text
    await embed({ model: new MockEmbeddingModelV3({ doEmbed: async () => ({ embeddings: [[1, 2]], usage: { tokens: 3 }, warnings: [] }) }), value: 'x', experimental_telemetry: telemetry })
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(2))
    expect(profiler.traces.map(tree)).toEqual(['ai.streamText 0-0\n  mock-model-id llm 0-0', 'ai.embed 0-0\n  mock-model-id embedding 0-0'])
    expect(llms(...profiler.traces).map(({ llm }) => [llm!.streamed, llm!.usage!.input!.total])).toEqual([[true, 7], [false, 3]])
  })
})

describe('what spans say', () => {
  test('OpenInference: agents, retrievers, calls with their messages', async () => {
    const { profiler, tracer } = desk()
    await around(tracer, 'my-agent', async () => {
      await around(tracer, 'search', nothing, { 'openinference.span.kind': 'RETRIEVER' })
      await tracer.startActiveSpan('ChatOpenAI', { attributes: { 'openinference.span.kind': 'LLM' } }, async (span) => {
        span.setAttributes({
          'llm.model_name': 'gpt-4o', 'llm.provider': 'openai', 'llm.token_count.prompt': 10, 'llm.token_count.completion': 5,
          'llm.input_messages.0.message.role': 'user', 'llm.input_messages.0.message.content': 'hi',
          'llm.output_messages.0.message.role': 'assistant', 'llm.output_messages.0.message.tool_calls.0.tool_call.id': 'c1',
          'llm.output_messages.0.message.tool_calls.0.tool_call.function.name': 'weather',
          'llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments': '{}',
        }).end()
      })
      await around(tracer, 'weather', nothing, { 'openinference.span.kind': 'TOOL', 'tool.name': 'weather', 'input.value': '{}', 'output.value': 'sunny' })
    }, { 'openinference.span.kind': 'AGENT' })
    expectTree(profiler.lastTrace, `
      my-agent 0-0
        search retrieval 0-0
        gpt-4o llm 0-0
        weather tool 0-0 for c1
    `)
    expect(llms(profiler.lastTrace)[0]!.llm).toMatchObject({
      provider: 'openai', usage: { input: { total: 10 }, output: { total: 5 } }, toolCalls: [{ id: 'c1', name: 'weather' }], requestParts: [0], responseParts: [1],
    })
  })

  test('messages as events, the time to the first chunk, and how it ended', async () => {
    const { profiler, clock } = recorded()
    const tracer = new BasicTracerProvider({ spanProcessors: [spanwiseSpanProcessor({ profiler })] }).getTracer('app')
    const span = tracer.startSpan('chat m', { attributes: CHAT })
    clock.pass(100)
    span.addEvent('gen_ai.user.message', { content: 'hi' }).addEvent('gen_ai.choice', { finish_reason: 'stop', message: '{"content":"hello"}' })
    span.setAttributes({ 'gen_ai.response.time_to_first_chunk': 0.04, 'gen_ai.request.stream': true, 'error.type': 'timeout' })
    span.setStatus({ code: SpanStatusCode.ERROR, message: 'it took too long' }).end()
    expectTree(profiler.lastTrace, 'm llm 0-100 failed timeout: it took too long')
    expect(llms(profiler.lastTrace)[0]!.llm).toMatchObject({ streamed: true, firstToken: 40e6, finishReasons: ['stop'], requestParts: [0], responseParts: [1] })
    const stopped = tracer.startSpan('graph', { attributes: { 'openinference.span.kind': 'CHAIN' } })
    stopped.recordException({ name: 'GraphInterrupt', message: 'waits for somebody' })
    stopped.setStatus({ code: SpanStatusCode.ERROR, message: 'x' }).end()
    const left = tracer.startSpan('graph', { attributes: { 'openinference.span.kind': 'CHAIN' } })
    left.recordException({ name: 'AbortError', message: 'left' })
    left.setStatus({ code: SpanStatusCode.ERROR }).end()
    expect(profiler.traces.slice(1).map(({ spans }) => spans[0]!.outcome.state)).toEqual(['ok', 'cancelled'])
  })

  test('an agent repeats the usage of its calls, and has it alone where it tells of none', async () => {
    const { profiler, tracer } = desk()
    const invoke = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'Clerk', 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 }
    await around(tracer, 'invoke_agent Clerk', () => around(tracer, 'chat m', nothing, { ...CHAT, 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 5 }), invoke)
    await around(tracer, 'invoke_agent Clerk', nothing, invoke)
    expect(profiler.traces.map(tree)).toEqual(['Clerk 0-0\n  m llm 0-0', 'Clerk 0-0'])
    expect(profiler.traces.map((one) => llms(one).length)).toEqual([1, 1])
    for (const one of profiler.traces) expect(analyze(one).totals.usage).toMatchObject({ input: { total: 10 }, output: { total: 5 } })
  })

  test('spans that are told after they happened have the times that they are told with', async () => {
    const { profiler, tracer } = desk({ active: false })
    const now = Date.now()
    const date = vi.spyOn(Date, 'now').mockReturnValue(now)
    const root = tracer.startSpan('agent', { startTime: now - 1_000, attributes: { 'gen_ai.operation.name': 'invoke_agent' } })
    const call = tracer.startSpan('chat m', { startTime: now - 900, attributes: CHAT }, trace.setSpan(context.active(), root))
    call.end(now - 400)
    root.end(now - 100)
    date.mockRestore()
    expectTree(profiler.lastTrace, `
      agent 0-900
        m llm 100-600
    `)
  })

  test('the line 1 names the parent and the instrumentation differently', () => {
    const { profiler } = recorded()
    const processor = spanwiseSpanProcessor({ profiler })
    const span = (spanId: string, parentSpanId: string | undefined, attributes: object) => ({
      name: spanId, spanContext: () => ({ traceId: 'a'.repeat(32), spanId, traceFlags: 1 }), parentSpanId, attributes: attributes as Record<string, unknown>, events: [],
      instrumentationLibrary: { name: '@traceloop/instrumentation-anthropic' }, status: { code: 0 }, startTime: time(), endTime: time(),
    })
    const outer = span('outer', undefined, {})
    const inner = span('inner', 'outer', { 'llm.request.type': 'chat', 'gen_ai.usage.input_tokens': 5, 'gen_ai.usage.cache_read_input_tokens': 3, 'gen_ai.usage.output_tokens': 1 })
    for (const one of [outer, inner]) processor.onStart(one)
    for (const one of [inner, outer]) processor.onEnd(one)
    expectTree(profiler.lastTrace, `
      outer 0-0
        inner llm 0-0
    `)
    expect(llms(profiler.lastTrace)[0]!.llm).toMatchObject({ provider: 'anthropic', usage: { input: { total: 8, uncached: 5, cacheRead: 3 } } })
  })
})

const time = (): [number, number] => [Math.floor(Date.now() / 1e3), (Date.now() % 1e3) * 1e6]

describe('the processor', () => {
  test('has the type that the SDK takes; flushing and shutting down resolve', async () => {
    const { profiler, provider, tracer } = desk()
    const processor: SpanProcessor = spanwiseSpanProcessor({ profiler })
    await processor.forceFlush()
    await processor.shutdown()
    await around(tracer, 'chat m', nothing, CHAT)
    await provider.shutdown()
    expect(profiler.traces).toHaveLength(1)
  })

  test('never throws', () => {
    const { profiler } = recorded()
    const broken = { get name(): string { throw new Error('no') }, spanContext: () => { throw new Error('no') } } as never
    const processor = spanwiseSpanProcessor({ profiler, filter: () => { throw new Error('of the user') } })
    for (const span of [broken, null as never, {} as never]) {
      processor.onStart(span)
      processor.onEnd(span)
    }
    desk({ filter: () => { throw new Error('of the user') } }).tracer.startSpan('chat m', { attributes: CHAT }).end()
    expect(profiler.stats().selfErrors).toBeGreaterThan(0)
  })

  test('put there twice, it records once', async () => {
    const { profiler, provider } = desk()
    await provider.shutdown()
    const twice = new BasicTracerProvider({ spanProcessors: [spanwiseSpanProcessor({ profiler }), spanwiseSpanProcessor({ profiler })] }).getTracer('app')
    await around(twice, 'GET /chat', () => around(twice, 'chat m', nothing, CHAT))
    expect(profiler.traces.map((one) => one.spans.map(({ name }) => name))).toEqual([['GET /chat', 'm']])
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('options of the wrong shape throw at once', () => {
    expect(() => spanwiseSpanProcessor({ profiler: 5 as never })).toThrow(new TypeError('spanwiseSpanProcessor(options): options.profiler must be a Profiler, got 5'))
    expect(() => spanwiseSpanProcessor(null as never)).toThrow(new TypeError('spanwiseSpanProcessor(options): options must be an object, got null'))
  })

  test('spans that never end are kept in bounded number', () => {
    const { profiler, tracer } = desk({ options: { limits: { maxSpansPerRun: 100_000 } } })
    const root = tracer.startSpan('agent', { attributes: { 'gen_ai.operation.name': 'invoke_agent' } })
    const inside = trace.setSpan(context.active(), root)
    for (let i = 0; i < 30_000; i++) tracer.startSpan('SELECT', {}, inside)
    tracer.startSpan('chat m', { attributes: CHAT }, inside).end()
    root.end()
    expect(profiler.stats().selfErrors).toBe(0)
  })
})

test('the example', async () => {
  const row = readExchanges('exchanges').find(({ id }) => id === '23820fd600b9ce6c')!
  const { printed, traces } = await runExample('otel', [json(row.responseBody)], (url) => ({ ANTHROPIC_API_KEY: 'test', ANTHROPIC_BASE_URL: url }))
  expect(printed).toContain('The capital of France is **Paris**.')
  expect(printed).toMatch(/GET \/capital .*1 LLM call/s)
  expect(traces.map(({ spans }) => spans.map(({ name }) => name))).toEqual([['GET /capital', 'claude-sonnet-4-6']])
})
