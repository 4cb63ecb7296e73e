import { describe, expect, test } from 'vitest'
import { analyze, type Profiler, type ProfilerOptions, type Span, type Trace } from 'spanwise'
import { spanwiseExporter, type ExporterOptions } from 'spanwise/mastra'
import { checkAnalysis } from './laws.ts'
import { chatClient, says } from './support/chat-client.ts'
import type { ManualClock } from './support/clock.ts'
import { runExample } from './support/example.ts'
import { MastraTracer, runMastraAgent } from './support/mastra.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

interface Desk {
  readonly profiler: Profiler
  readonly clock: ManualClock
  readonly tracer: MastraTracer
}

function desk({ isBridge = true, options, ...more }: { isBridge?: boolean; options?: ProfilerOptions } & Omit<ExporterOptions, 'profiler'> = {}): Desk {
  const { profiler, clock } = recorded(options)
  const spanwise = spanwiseExporter({ profiler, ...more })
  return { profiler, clock, tracer: new MastraTracer({ exporters: [spanwise], ...(isBridge && { bridge: spanwise }) }) }
}

const llms = (trace: Trace | undefined): readonly Span[] => trace?.spans.filter(({ llm }) => llm !== undefined) ?? []
const details = { inputDetails: { text: 4, cacheRead: 6, cacheWrite: 2, cacheWrite5m: 2 }, outputDetails: { text: 3, reasoning: 2 } }
const CALLS = [
  { toolCallId: 'c1', toolName: 'weather', args: { city: 'Rome' } }, { toolCallId: 'c2', toolName: 'weather', args: { city: 'Oslo' } },
]
const answers = [{ toolCalls: CALLS, usage: { inputTokens: 12, outputTokens: 5, ...details } }, { text: 'sunny', usage: { inputTokens: 30, outputTokens: 4 } }]
const weather = (profiler: Profiler) => ({
  weather: profiler.tool('weather', async ({ city }: { city: string }) => profiler.span('look up', async () => ({ forecast: `sunny in ${city}` }))),
})

const forms = [false, true].flatMap((inferences) => [false, true].map((callIds) => ({ inferences, callIds })))

describe.each(forms)('an agent (told of inferences: $inferences, ids of calls: $callIds)', ({ inferences, callIds }) => {
  test('its calls and parallel tools, outside any run and inside one', async () => {
    const { profiler, tracer } = desk()
    const run = () => runMastraAgent(tracer, { name: 'helper', model: 'gpt-4o-mini', prompt: 'How is it?', answers, inferences, callIds, tools: weather(profiler) })
    await run()
    await profiler.run('support', run)
    expectTree(profiler.traces[0], `
      helper 0-0
        gpt-4o-mini llm 0-0
        weather tool 0-0 for c1
          look up 0-0
        weather tool 0-0 for c2
          look up 0-0
        gpt-4o-mini llm 0-0
    `)
    expect(tree(profiler.traces[1]).split('\n').slice(1).map((line) => line.slice(2)).join('\n')).toBe(tree(profiler.traces[0]))
    const { spans, parts } = profiler.traces[0]!
    const [first, second] = llms(profiler.traces[0])
    expect(first!.llm).toMatchObject({
      provider: 'openai', requestModel: 'gpt-4o-mini', streamed: true, maxOutputTokens: 100, finishReasons: ['tool-calls'],
      usage: { input: { total: 12, uncached: 4, cacheRead: 6, cacheWrite: 2, cacheWriteByTtl: { '5m': 2 } }, output: { total: 5, reasoning: 2 } },
    })
    expect(first!.llm!.toolCalls!.map(({ id }) => id)).toEqual(['c1', 'c2'])
    if (inferences) expect(first!.llm).toMatchObject({ responseId: 'resp_0', responseModel: 'gpt-4o-mini-2024' })
    expect(spans.filter(({ tool }) => tool !== undefined).map(({ tool }) => tool!.issuedBy)).toEqual([first!.id, first!.id])
    expect(second!.llm!.requestParts!.map((part) => `${parts[part]!.kind} ${parts[part]!.callId ?? ''}`.trim())).toEqual(
      ['system', 'user', 'tool-call c1', 'tool-call c2', 'tool-result c1', 'tool-result c2'])
    expect(spans[0]!.attributes).toMatchObject({ 'gen_ai.agent.name': 'helper', 'gen_ai.conversation.id': 'thread-1', 'mastra.run_id': 'run-1' })
    const analysis = analyze(profiler.traces[0]!)
    checkAnalysis(analysis)
    expect(analysis.totals).toMatchObject({ llmCalls: 2, toolCalls: 2, usage: { input: { total: 42 }, output: { total: 9 } } })
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })

  test('a call is over when its tools run, and begins with the model', async () => {
    const { profiler, clock, tracer } = desk()
    const slow = { weather: async () => clock.pass(20) }
    const ask = async (): Promise<void> => clock.pass(10)
    await runMastraAgent(tracer, { name: 'helper', model: 'm', prompt: 'x', answers: [{ ...answers[0]!, toolCalls: CALLS.slice(0, 1) }, answers[1]!], inferences, callIds, tools: slow, ask })
    expectTree(profiler.lastTrace, `
      helper 0-40
        m llm 0-10
        weather tool 10-30 for c1
        m llm 30-40
    `)
    expect(llms(profiler.lastTrace).map(({ llm }) => [llm!.firstToken, llm!.lastToken])).toEqual([[10e6, 10e6], [40e6, 40e6]])
  })

  test.each([true, false])('a recorded client that it asks through is the same call (in a context: %s)', async (isBridge) => {
    const { profiler, tracer } = desk({ isBridge })
    const client = chatClient(profiler, [{ ...says('sunny'), id: 'resp_0' }])
    const ask = () => client({ model: 'gpt-4o-mini', messages: [{ role: 'system', content: 'Be brief' }, { role: 'user', content: 'How is it?' }] })
    const run = () => runMastraAgent(tracer, { name: 'helper', model: 'gpt-4o-mini', prompt: 'How is it?', answers: [answers[1]!], inferences, callIds, ask })
    await run()
    await profiler.run('all', () => Promise.all(Array.from({ length: 10 }, run)))
    expect(profiler.traces.map((trace) => llms(trace).length)).toEqual([1, 10])
    expect(profiler.traces).toHaveLength(2)
    for (const span of profiler.traces.flatMap((trace) => llms(trace))) expect(span.llm).toMatchObject({ api: 'chat.completions', usage: { input: { total: 10 } } })
    const parents = llms(profiler.lastTrace).map(({ parentId }) => parentId)
    expect(new Set(parents).size).toBe(10)
  })

  test('a run that is not sampled', async () => {
    const { profiler, tracer } = desk({ options: { sampleRate: 0 } })
    const run = () => runMastraAgent(tracer, { name: 'helper', model: 'm', prompt: 'x', answers, inferences, callIds, tools: weather(profiler) })
    await run()
    await profiler.run('unsampled', run)
    await profiler.run('later', async () => {}, { sample: true })
    expect(profiler.traces.map(tree)).toEqual(['later 0-0'])
  })
})

describe('what else Mastra tells', () => {
  test('workflows: runs, steps and what is in them; errors, waiting, giving up', async () => {
    const { profiler, tracer } = desk()
    const run = tracer.start('workflow_run', "workflow run: 'onboarding'", undefined, { entityId: 'onboarding' })
    const parallel = tracer.start('workflow_parallel', "workflow parallel: '2 branches'", run, { attributes: { branchCount: 2 } })
    const step = tracer.start('workflow_step', "workflow step: 'greet'", parallel, { entityId: 'greet' })
    await runMastraAgent(tracer, { name: 'helper', model: 'm', prompt: 'x', answers: [answers[1]!], parent: step })
    step.end({ attributes: { status: 'success' } })
    tracer.start('workflow_step', "workflow step: 'charge'", parallel).end({ errorInfo: { name: 'CardError', message: 'declined' } })
    parallel.end()
    tracer.start('memory_operation', 'memory: recall', run, { attributes: { operationType: 'recall', messageCount: 3 } }).end()
    tracer.start('rag_vector_operation', 'vector: query', run, { attributes: { operation: 'query', indexName: 'docs' } }).end()
    tracer.start('rag_embedding', 'embed: query', run, { attributes: { model: 'text-embedding-3-small', provider: 'openai' } }).end({ attributes: { usage: { inputTokens: 7 } } })
    tracer.start('generic', 'my own', run).end()
    tracer.event('generic', 'something happened', run, { attributes: { level: 2 } })
    run.update({ attributes: { status: 'running' } })
    run.end({ attributes: { status: 'suspended' }, output: { status: 'suspended' } })
    expectTree(profiler.lastTrace, `
      onboarding 0-0
        workflow parallel: '2 branches' 0-0
          greet 0-0
            helper 0-0
              m llm 0-0
          charge 0-0 failed CardError: declined
        recall memory 0-0
        docs retrieval 0-0
        text-embedding-3-small embedding 0-0
        my own 0-0
        something happened 0-0
    `)
    expect(llms(profiler.lastTrace)[1]!.llm!.usage).toMatchObject({ input: { total: 7 } })
    tracer.start('agent_run', "agent run: 'helper'").end({ output: { status: 'aborted' } })
    expect(profiler.lastTrace!.spans[0]!.outcome).toEqual({ state: 'cancelled' })
  })

  test('a generation without steps is one call, from its start', () => {
    const { profiler, clock, tracer } = desk()
    const agent = tracer.start('agent_run', "agent run: 'claude'")
    clock.pass(5)
    const generation = tracer.start('model_generation', "llm: 'claude-sonnet-4-5'", agent, {
      attributes: { model: 'claude-sonnet-4-5', provider: 'anthropic' }, input: { messages: [{ role: 'user', content: 'hi' }] },
    })
    clock.pass(10)
    generation.end({ attributes: { usage: { promptTokens: 9, completionTokens: 3, cachedInputTokens: 2 }, responseId: 'msg_1' }, output: { text: 'hello' } })
    const failing = tracer.start('model_generation', "llm: 'm'", agent, { attributes: { model: 'm' } })
    failing.end({ errorInfo: { name: 'APICallError', message: 'no such model' } })
    agent.end()
    expectTree(profiler.lastTrace, `
      claude 0-15
        claude-sonnet-4-5 llm 5-15
        m llm 15-15 failed APICallError: no such model
    `)
    expect(llms(profiler.lastTrace)[0]!.llm).toMatchObject({
      provider: 'anthropic', responseId: 'msg_1', usage: { input: { total: 9, cacheRead: 2 }, output: { total: 3 } }, requestParts: [0], responseParts: [1],
    })
  })

  test('tools over MCP, of the provider, and such that fail', () => {
    const { profiler, tracer } = desk()
    const agent = tracer.start('agent_run', "agent run: 'helper'")
    tracer.start('mcp_tool_call', "mcp_tool: 'read_file' on 'files'", agent, { attributes: { mcpServer: 'files', toolCallId: 'c1' }, entityId: 'read_file', input: { path: 'x' } }).end({ output: 'text' })
    tracer.start('provider_tool_call', "tool: 'web_search'", agent, { attributes: { toolCallId: 'c2' }, startTime: new Date(Date.now() - 50) }).end()
    tracer.start('tool_call', "tool: 'strict'", agent).end({ attributes: { success: false } })
    agent.end({ attributes: { internalUsage: { inputTokens: 100, outputTokens: 20 } } })
    expect(profiler.lastTrace!.spans.map(({ name, tool, outcome }) => `${name} ${tool?.callId} ${outcome.state}`)).toEqual([
      'helper undefined ok', 'read_file c1 ok', 'web_search c2 ok', 'strict undefined failed',
    ])
    expect(profiler.lastTrace!.spans[0]!.attributes).toMatchObject({ 'mastra.internal.input_tokens': 100, 'mastra.internal.output_tokens': 20 })
  })
})

describe('the exporter', () => {
  test('alone it knows of no context, unless it is told how to ask', async () => {
    let current: string | undefined
    for (const asks of [false, true]) {
      const { profiler, tracer } = desk({ isBridge: false, ...(asks && { getCurrentSpan: () => (current === undefined ? undefined : { id: current }) }) })
      const agent = tracer.start('agent_run', "agent run: 'helper'")
      current = agent.id
      await profiler.span('inside', async () => {})
      current = undefined
      agent.end()
      expect(profiler.traces.map(tree)).toEqual(asks ? ['helper 0-0\n  inside 0-0'] : ['inside 0-0', 'helper 0-0'])
    }
  })

  test('takes anything', async () => {
    const { profiler } = recorded()
    const exporter = spanwiseExporter({ profiler })
    const hostile = [
      null, {}, { type: 'span_started' }, { type: 'span_ended', exportedSpan: { id: 'never begun', type: 'agent_run' } },
      ...['agent_run', 'model_generation', 'model_step', 'model_inference', 'model_chunk', 'tool_call', 'rag_embedding', '?', undefined].flatMap((type, i) =>
        ['span_started', 'span_updated', 'span_ended'].map((kind) => ({
          type: kind, exportedSpan: { id: `${i}`, parentSpanId: `${i}`, type, name: 5, attributes: 'x', metadata: 7, input: Symbol('x'), output: [null], startTime: 'x' },
        }))),
    ]
    for (const event of hostile) await exporter.exportTracingEvent(event as never)
    await exporter.exportEvent(hostile[0] as never)
    expect(exporter.executeInContextSync('unknown', () => 7)).toBe(7)
    expect(() => exporter.executeInContextSync('unknown', () => { throw new Error('of the user') })).toThrow('of the user')
    await exporter.flush()
    await exporter.shutdown()
  })
})

test('the example', async () => {
  const { printed, traces } = await runExample('mastra', [], () => ({}))
  expect(printed).toContain('It is sunny in Rome.')
  expect(printed).toMatch(/Weather .*2 LLM calls · 1 tool call/s)
  expect(traces.map(({ spans }) => spans.map(({ name }) => name))).toEqual([['Weather', 'gpt-4o-mini', 'get_weather', 'look up', 'gpt-4o-mini']])
})

test('misuse says what it got', () => {
  expect(() => spanwiseExporter({ profiler: 1 as never })).toThrow('spanwiseExporter(options): options.profiler must be a Profiler, got 1')
  expect(() => spanwiseExporter(null as never)).toThrow('spanwiseExporter(options): options must be an object, got null')
})
