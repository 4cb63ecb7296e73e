import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test, vi } from 'vitest'
import { Profiler } from 'spanwise'
import { spanwiseHandler } from 'spanwise/langchain'
import { cores, fakeModel } from './support/langchain.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

describe.each(cores)('@langchain/core %s', (_version, core) => {
  const chainOf = (...answers: string[]) => core.ChatPromptTemplate.fromMessages([['user', '{question}']])
    .pipe(fakeModel(core, { answers })).pipe(new core.StringOutputParser())

  test('a stream knows its first and last token', async () => {
    const { profiler, clock } = recorded({ content: 'full' })
    const model = fakeModel(core, { answers: ['one two three'], meanwhile: () => clock.pass(100) })
    for await (const _piece of await model.stream('hi', { callbacks: [spanwiseHandler({ profiler })] })) clock.pass(10)
    const trace = profiler.lastTrace!
    expectTree(trace, 'fake-1 llm 0-130')
    // LangChain tells of a piece when the next one is asked for.
    expect(trace.spans[0]?.llm).toMatchObject({ streamed: true, firstToken: 110e6, lastToken: 130e6, responseId: 'answer-1' })
    expect(trace.parts.map(({ kind, text }) => [kind, text])).toEqual([['user', 'hi'], ['assistant', 'one two three']])
  })

  test('a stream that breaks keeps what had arrived', async () => {
    const { profiler } = recorded({ content: 'full' })
    const stream = await chainOf('one two BREAK').stream({ question: 'x' }, { callbacks: [spanwiseHandler({ profiler })] })
    await expect((async () => { for await (const _piece of stream); })()).rejects.toThrow('the line broke')
    expectTree(profiler.lastTrace, `
      RunnableSequence 0-0 failed Error: the line broke
        fake-1 llm 0-0 failed Error: the line broke`)
    expect(profiler.lastTrace?.parts.map(({ text }) => text)).toEqual(['x', 'one two '])
  })

  test('a stream that its reader leaves is cancelled at the time at which it was last heard of', async () => {
    const { profiler, clock } = recorded({ content: 'full' })
    const leave = async (stream: AsyncIterable<unknown>): Promise<void> => {
      let count = 0
      for await (const _piece of stream) {
        clock.pass(10)
        if (++count === 3) break
      }
    }
    const handler = spanwiseHandler({ profiler })
    await leave(await chainOf('one two three four').stream({ question: 'x' }, { callbacks: [handler] }))
    await leave(await fakeModel(core, { answers: ['five six seven eight'] }).stream('x', { callbacks: [handler] }))
    clock.pass(60_000)
    for (let i = 0; i < 50 && profiler.traces.length < 2; i++) {
      collectGarbage()
      await turn()
    }
    expect(profiler.traces.map(tree).sort()).toEqual([
      'RunnableSequence 0-20 cancelled\n  fake-1 llm 0-20 cancelled',
      'fake-1 llm 0-20 cancelled',
    ])
    expect(profiler.traces.flatMap(({ parts }) => parts.map(({ text }) => text)).sort()).toEqual(['five six ', 'one two ', 'x', 'x'])
  })

  test('an aborted call is cancelled', async () => {
    const { profiler } = recorded()
    const controller = new AbortController()
    const model = fakeModel(core, {
      answers: ['late'],
      meanwhile: (_messages, signal) => new Promise((_resolve, reject) => {
        signal?.addEventListener('abort', () => reject(signal.reason as Error))
        controller.abort()
      }),
    })
    const chain = core.RunnableLambda.from((text: string) => text).pipe(model)
    await expect(chain.invoke('x', { callbacks: [spanwiseHandler({ profiler })], signal: controller.signal })).rejects.toThrow('abort')
    await turn()
    expectTree(profiler.lastTrace, `
      RunnableSequence 0-0 cancelled
        fake-1 llm 0-0 cancelled`)
  })

  test('streamed events are one span each', async () => {
    const { profiler } = recorded()
    const events: string[] = []
    for await (const { event } of chainOf('one two').streamEvents({ question: 'x' }, { version: 'v2', callbacks: [spanwiseHandler({ profiler })] })) events.push(event)
    expect(events).toContain('on_chat_model_stream')
    expectTree(profiler.lastTrace, `
      RunnableSequence 0-0
        fake-1 llm 0-0`)
  })

  test('what a run that is not sampled does is not recorded, and what comes after it is', async () => {
    const dice = [0.9, 0.1]
    const { profiler } = recorded({ sampleRate: 0.5, random: () => dice.shift()! })
    const callbacks = [spanwiseHandler({ profiler }), spanwiseHandler({ profiler, plumbing: true })]
    const search = profiler.tool('search', () => 1)
    const agent = core.RunnableLambda.from(async (_: string, config) => {
      search()
      await chainOf('one').invoke({ question: 'x' }, config)
    })
    await agent.invoke('x', { callbacks })
    expect(profiler.traces).toEqual([])
    await agent.invoke('x', { callbacks, runName: 'second' })
    expectTree(profiler.lastTrace, `
      second 0-0
        search tool 0-0
        fake-1 llm 0-0`)
    expect(profiler.stats()).toMatchObject({ seen: 2, sampled: 1, kept: 1 })
  })

  test('a profiler that is off hears nothing', async () => {
    const profiler = new Profiler({ enabled: false })
    await chainOf('one').invoke({ question: 'x' }, { callbacks: [spanwiseHandler({ profiler })] })
    expect([profiler.traces, profiler.stats().selfErrors]).toEqual([[], 0])
  })

  test("an answer out of LangChain's own cache costs nothing, and says so", async () => {
    const { profiler } = recorded()
    // The old line tells that its way of hashing will change.
    vi.spyOn(console, 'warn').mockImplementation(() => {})
    const model = fakeModel(core, { answers: [{ content: 'one', usage_metadata: { input_tokens: 5, output_tokens: 2, total_tokens: 7 } }] }, { cache: true })
    for (const _time of [1, 2]) await model.invoke('the very same', { callbacks: [spanwiseHandler({ profiler })] })
    expect(profiler.traces.map(({ spans: [span] }) => [span?.llm?.usage?.input?.total, span?.attributes, span?.llm?.streamed])).toEqual([
      [5, undefined, false], [0, { 'langchain.cached': true }, false],
    ])
  })

  test('what is said may be anything', async () => {
    const { profiler } = recorded({ maxTraces: 100 })
    const handler = spanwiseHandler({ profiler })
    const { proxy: hostile, revoke } = Proxy.revocable({}, {})
    revoke()
    const values = [undefined, null, 5, 'text', [], {}, hostile, [hostile], { generations: hostile }, { generations: [[hostile]] }, { message: hostile }]
    let id = 0
    for (const value of values) {
      const any = value as never
      handler.handleChainStart(any, any, `${++id}`, undefined, undefined, undefined, any, undefined)
      handler.handleChatModelStart(any, [[any]], `${++id}`, undefined, any)
      handler.handleLLMNewToken(any, any, `${id}`, undefined, undefined, any)
      handler.handleChatModelStreamEvent(any, `${id}`)
      handler.handleLLMEnd(any, `${id}`, undefined, undefined, {})
      handler.handleLLMStart(any, [any], `${++id}`, undefined, undefined, undefined, undefined, undefined)
      handler.handleLLMError(any, `${id}`)
      handler.handleToolStart(any, any, `${++id}`)
      handler.handleToolEnd(any, `${id}`)
      handler.handleRetrieverStart(any, any, `${++id}`)
      handler.handleRetrieverEnd(any, `${id}`)
      handler.handleToolError(any, 'unknown')
      handler.handleChainEnd(any, `${id - 4}`)
    }
    expect(profiler.traces).toHaveLength(values.length * 5)
    expect(profiler.traces.every(({ spans }) => spans.every(({ end }) => end !== undefined))).toBe(true)
  })
})

test("without LangChain's async context a tool is still one tool", async () => {
  const key = Symbol.for('ls:tracing_async_local_storage')
  const globals = globalThis as { [key]?: unknown }
  const storage = globals[key]
  globals[key] = undefined
  try {
    const [, core] = cores[0]!
    const { profiler } = recorded()
    const add = profiler.tool('add', async (input: unknown) => profiler.span('work', () => JSON.stringify(input)))
    const agent = core.RunnableLambda.from(async (_: string, config) => {
      await Promise.all(['a', 'b'].map((a) => core.tool(add, { name: 'add', description: 'Adds' }).invoke(a, config)))
    })
    await agent.invoke('x', { callbacks: [spanwiseHandler({ profiler })], runName: 'agent' })
    expectTree(profiler.lastTrace, `
      agent 0-0
        add tool 0-0
          work 0-0
        add tool 0-0
          work 0-0`)
  } finally {
    globals[key] = storage
  }
})

test('misuse shows the value', () => {
  expect(() => spanwiseHandler({ profiler: 5 as never })).toThrow(new TypeError('spanwiseHandler(options): options.profiler must be a Profiler, got 5'))
})
