import type { Callbacks } from '@langchain/core/callbacks/manager'
import type { Callbacks as OldCallbacks } from 'langchain-core-0/callbacks/manager'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { analyze } from 'spanwise'
import { spanwiseHandler } from 'spanwise/langchain'
import { checkAnalysis } from './laws.ts'
import { cores, fakeModel } from './support/langchain.ts'
import { expectTree, recorded } from './support/recorded.ts'

describe.each(cores)('@langchain/core %s', (_version, core) => {
  const chainOf = (...answers: string[]) => core.ChatPromptTemplate.fromMessages([['user', '{question}']])
    .pipe(fakeModel(core, { answers })).pipe(new core.StringOutputParser())

  const addTool = (fn: (input: { a: number }) => unknown) =>
    core.tool(async (input) => fn(input as { a: number }), { name: 'add', description: 'Adds', schema: z.object({ a: z.number() }) })

  test('a chain is an agent with its calls; prompts, parsers and sequences are left out', async () => {
    const { profiler } = recorded()
    expect(await chainOf('one two').invoke({ question: 'x' }, { callbacks: [spanwiseHandler({ profiler })] })).toBe('one two')
    expectTree(profiler.lastTrace, `
      RunnableSequence 0-0
        fake-1 llm 0-0`)
    expect(profiler.lastTrace?.spans[0]?.attributes).toEqual({ 'gen_ai.agent.name': 'RunnableSequence' })
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('all of it is shown on demand', async () => {
    const { profiler } = recorded()
    await chainOf('one').invoke({ question: 'x' }, { callbacks: [spanwiseHandler({ profiler, plumbing: true })] })
    expectTree(profiler.lastTrace, `
      RunnableSequence 0-0
        ChatPromptTemplate 0-0
        fake-1 llm 0-0
        StrOutputParser 0-0`)
  })

  test('steps with a name are shown, and what is below those without stays below the nearest that is', async () => {
    const { profiler } = recorded()
    const chain = core.RunnableMap.from({
      plain: (x: unknown) => x,
      named: core.RunnableLambda.from(() => 1).withConfig({ runName: 'look up' }),
      chain: chainOf('two').withConfig({ runName: 'answer' }),
    }).pipe(fakeModelOf('three'))
    await chain.invoke({ question: 'x' }, { callbacks: [spanwiseHandler({ profiler })], runName: 'all' })
    expectTree(profiler.lastTrace, `
      all 0-0
        look up 0-0
        answer 0-0
          fake-1 llm 0-0
        fake-1 llm 0-0`)
  })

  const fakeModelOf = (...answers: string[]) => core.RunnableLambda.from(async (_: unknown) => 'ask').pipe(fakeModel(core, { answers }))

  test('a model alone is a run', async () => {
    const { profiler } = recorded({ content: 'full' })
    await fakeModel(core, { answers: ['hello'], params: { temperature: 0.5, max_tokens: 7, top_p: 1, n: 1 } })
      .invoke([['system', 'be brief'], ['user', 'hi']], { callbacks: [spanwiseHandler({ profiler })], metadata: { thread_id: 'thread 1' } })
    const trace = profiler.lastTrace!
    expectTree(trace, 'fake-1 llm 0-0')
    expect(trace.spans[0]?.llm).toMatchObject({ provider: 'acme', operation: 'chat', requestModel: 'fake-1', streamed: false, maxOutputTokens: 7 })
    expect(trace.spans[0]?.attributes).toEqual({
      'gen_ai.request.temperature': 0.5, 'gen_ai.request.top_p': 1, 'gen_ai.conversation.id': 'thread 1',
    })
    expect(trace.parts.map(({ kind, text }) => [kind, text])).toEqual([['system', 'be brief'], ['user', 'hi'], ['assistant', 'hello']])
  })

  test('a model that takes a text', async () => {
    const { profiler } = recorded({ content: 'full' })
    class Plain extends core.LLM {
      override lc_namespace = ['test']
      override _llmType(): string {
        return 'plain'
      }
      override async _call(prompt: string): Promise<string> {
        return `${prompt}!`
      }
    }
    await new Plain({}).invoke('hi', { callbacks: [spanwiseHandler({ profiler })] })
    const trace = profiler.lastTrace!
    expectTree(trace, 'Plain llm 0-0')
    expect(trace.spans[0]?.llm?.operation).toBe('text_completion')
    expect(trace.parts.map(({ kind, text }) => [kind, text])).toEqual([['user', 'hi'], ['assistant', 'hi!']])
  })

  test.each([
    ['at the call', { call: true }], ['when it is made', { made: true }], ['with a configuration', { config: true }],
    ['everywhere, and twice', { call: true, made: true, config: true }],
  ] as const)('the handler is given %s: one span', async (_where, { call = false, made = false, config = false }: Partial<Record<'call' | 'made' | 'config', boolean>>) => {
    const { profiler } = recorded()
    const callbacks = () => [spanwiseHandler({ profiler }), spanwiseHandler({ profiler, plumbing: true })]
    const model = fakeModel(core, { answers: ['one'] }, made ? { callbacks: callbacks() } : {})
    const configured = config ? model.withConfig({ callbacks: callbacks() }) : model
    await configured.invoke('hi', call ? { callbacks: callbacks() } : {})
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, 'fake-1 llm 0-0')
  })

  test('usage and finish in the normal form', async () => {
    const { profiler } = recorded()
    await fakeModel(core, {
      answers: [{
        content: 'x',
        id: 'answer-7',
        usage_metadata: {
          input_tokens: 100, output_tokens: 30, total_tokens: 130, input_token_details: { cache_read: 60, cache_creation: 10 }, output_token_details: { reasoning: 20 },
        },
        response_metadata: { model_name: 'fake-1-2026', finish_reason: 'length', service_tier: 'flex' },
      }],
    }).invoke('hi', { callbacks: [spanwiseHandler({ profiler })] })
    expect(profiler.lastTrace?.spans[0]?.llm).toMatchObject({
      responseId: 'answer-7', responseModel: 'fake-1-2026', finishReasons: ['length'], serviceTier: 'flex',
      usage: {
        input: { total: 100, uncached: 30, cacheRead: 60, cacheWrite: 10 }, output: { total: 30, visible: 10, reasoning: 20 }, complete: true, source: 'provider',
      },
    })
  })

  test('a tool is tied to the answer that asked for it', async () => {
    const { profiler } = recorded({ content: 'full' })
    const call = { id: 'call_1', name: 'add', args: { a: 1 }, type: 'tool_call' as const }
    const model = fakeModel(core, { answers: [{ tool_calls: [call] }] })
    const agent = core.RunnableLambda.from(async (_: string, config) => {
      const { tool_calls: calls } = await model.invoke('add', config)
      return Promise.all(calls!.map((one) => addTool(({ a }) => `sum ${a}`).invoke({ ...one, type: 'tool_call' }, config)))
    })
    await agent.invoke('x', { callbacks: [spanwiseHandler({ profiler })], runName: 'agent' })
    const trace = profiler.lastTrace!
    expectTree(trace, `
      agent 0-0
        fake-1 llm 0-0
        add tool 0-0 for call_1`)
    expect(trace.spans[2]?.tool).toMatchObject({ issuedBy: trace.spans[1]!.id, arguments: '{"a":1}', result: 'sum 1' })
  })

  test('a tool of a class of its own has the name that the model knows', async () => {
    const { profiler } = recorded()
    class Adder extends core.StructuredTool {
      name = 'add'
      description = 'Adds'
      schema = z.object({ a: z.number() })
      protected override _call = async (): Promise<string> => 'sum'
    }
    await new Adder().invoke({ id: 'c1', name: 'add', args: { a: 1 }, type: 'tool_call' }, { callbacks: [spanwiseHandler({ profiler })] })
    expect(profiler.lastTrace?.spans[0]).toMatchObject({ name: 'add', category: 'tool', tool: { name: 'add' } })
  })

  test('tools fail, by an error or by what they answer', async () => {
    const { profiler } = recorded()
    const callbacks = [spanwiseHandler({ profiler })]
    await expect(addTool(() => { throw new RangeError('too much') }).invoke({ a: 1 }, { callbacks })).rejects.toThrow('too much')
    await addTool(() => new core.ToolMessage({ content: 'canary', tool_call_id: 'c1', name: 'add', status: 'error' })).invoke({ a: 1 }, { callbacks })
    expect(profiler.traces.map(({ spans }) => spans[0]?.outcome)).toEqual([
      { state: 'failed', type: 'RangeError', message: 'too much' }, { state: 'failed', type: 'ToolError', message: 'it answered with an error' },
    ])
    expect(JSON.stringify(profiler.traces)).not.toContain('canary')
  })

  test('a function that is recorded as a tool and given to LangChain is one tool, and what it does is below it', async () => {
    const { profiler } = recorded()
    const add = profiler.tool('add', async ({ a }: { a: number }) => profiler.span('work', () => a + 1))
    const agent = core.RunnableLambda.from(async (_: string, config) => Promise.all([1, 2, 3].map((a) => addTool(add).invoke({ a }, config))))
    expect(await agent.invoke('x', { callbacks: [spanwiseHandler({ profiler })], runName: 'agent' })).toEqual([2, 3, 4])
    expectTree(profiler.lastTrace, `
      agent 0-0
        add tool 0-0
          work 0-0
        add tool 0-0
          work 0-0
        add tool 0-0
          work 0-0`)
  })

  test('a retriever', async () => {
    const { profiler } = recorded()
    class Docs extends core.BaseRetriever {
      override lc_namespace = ['test']
      override _getRelevantDocuments = async (query: string) => {
        if (query === 'nothing') throw new Error('no index')
        return [{ pageContent: `about ${query}`, metadata: {} }]
      }
    }
    const callbacks = [spanwiseHandler({ profiler })]
    await new Docs().invoke('cats', { callbacks })
    await expect(new Docs().invoke('nothing', { callbacks })).rejects.toThrow('no index')
    expect(profiler.traces.map(({ spans: [span] }) => [span?.name, span?.category, span?.attributes, span?.outcome.state])).toEqual([
      ['Docs', 'retrieval', { 'retrieval.documents': 1 }, 'ok'], ['Docs', 'retrieval', undefined, 'failed'],
    ])
  })

  test('inside a run of the program all is part of it', async () => {
    const { profiler } = recorded()
    await profiler.run('program', async () => {
      await chainOf('one').batch([{ question: 'x' }, { question: 'y' }, { question: 'z' }], { callbacks: [spanwiseHandler({ profiler })], maxConcurrency: 2 })
    })
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, `
      program 0-0
        RunnableSequence 0-0
          fake-1 llm 0-0
        RunnableSequence 0-0
          fake-1 llm 0-0
        RunnableSequence 0-0
          fake-1 llm 0-0`)
    expect(profiler.lastTrace?.spans.map(({ category }) => category)).toEqual(['agent', 'internal', 'internal', 'internal', 'llm', 'llm', 'llm'])
  })

  test('outside of one each of a batch is a run', async () => {
    const { profiler } = recorded()
    await chainOf('one').batch([{ question: 'x' }, { question: 'y' }], { callbacks: [spanwiseHandler({ profiler })] })
    expect(profiler.traces.map(({ spans }) => spans.length)).toEqual([2, 2])
  })

  test('each attempt of a retry and each fallback is a call', async () => {
    const { profiler } = recorded()
    const failing = fakeModel(core, { answers: [new RangeError('busy'), 'late'], model: 'first' })
    const chain = failing.withRetry({ stopAfterAttempt: 2, onFailedAttempt: () => {} })
    const refusing = fakeModel(core, { answers: [new TypeError('never')], model: 'second' }, { maxRetries: 0 })
    const fallback = refusing.withFallbacks([fakeModel(core, { answers: ['ok'], model: 'third' })])
    const both = core.RunnableLambda.from(async (_: string, config) => [(await chain.invoke('x', config)).content, (await fallback.invoke('y', config)).content])
    expect(await both.invoke('x', { callbacks: [spanwiseHandler({ profiler })], runName: 'agent' })).toEqual(['late', 'ok'])
    expectTree(profiler.lastTrace, `
      agent 0-0
        first llm 0-0 failed RangeError: busy
        first llm 0-0
        second llm 0-0 failed TypeError: never
        third llm 0-0`)
  })
})

test('the handler is what both lines take, by their types', () => {
  const handler = spanwiseHandler()
  const taken: readonly [Callbacks, OldCallbacks] = [[handler], [handler]]
  expect(taken).toHaveLength(2)
  expect(spanwiseHandler()).toBe(handler)
})
