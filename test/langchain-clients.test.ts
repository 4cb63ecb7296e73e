import { RunnableLambda } from '@langchain/core/runnables'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { analyze, type Profiler, type ProfilerOptions, type Trace } from 'spanwise'
import { spanwiseHandler } from 'spanwise/langchain'
import { watchOpenAI } from 'spanwise/openai'
import { checkAnalysis } from './laws.ts'
import { makeModel } from './support/langchain-clients.ts'
import { startProviderServer, type ProviderServer, type Session } from './support/provider-server.ts'
import { expectTree, recorded } from './support/recorded.ts'
import { refuses, says, type Kind } from './support/said.ts'

/** LangChain's models over a provider, alone and on a client that is recorded too: one span a call, in every way that a program may take. */

let server: ProviderServer
beforeAll(async () => void (server = await startProviderServer()))
afterAll(() => server.close())

const undo: (() => void)[] = []
afterEach(() => {
  vi.useRealTimers()
  for (const one of undo.splice(0).reverse()) one()
})

interface Desk {
  readonly profiler: Profiler
  readonly session: Session
  readonly model: ReturnType<typeof makeModel>
  readonly config: { readonly callbacks: [ReturnType<typeof spanwiseHandler>] }
}

type Client = 'alone' | 'wrapped' | 'watched by its class'

function desk(kind: Kind, client: Client, { maxRetries = 0, ...options }: ProfilerOptions & { readonly maxRetries?: number } = {}): Desk {
  const { profiler } = recorded({ content: 'full', ...options })
  if (client === 'watched by its class') undo.push(watchOpenAI(OpenAI, { profiler }))
  const session = server.session()
  const model = makeModel({ kind, model: 'some-model', baseURL: session.url, maxRetries, wrapped: client === 'wrapped' ? profiler : undefined })
  return { profiler, session, model, config: { callbacks: [spanwiseHandler({ profiler })] } }
}

const cases: readonly (readonly [Kind, Client])[] = [
  ...(['chat', 'responses', 'messages'] as const).flatMap((kind) => (['alone', 'wrapped'] as const).map((client) => [kind, client] as const)),
  ['chat', 'watched by its class'], ['responses', 'watched by its class'],
]

/** What a run cost; each call of the stand-in tells 10 tokens in and 5 out. */
function expectCalls(trace: Trace | undefined, calls: number): void {
  const analysis = analyze(trace!)
  checkAnalysis(analysis)
  expect([analysis.totals.llmCalls, analysis.totals.usage.input.total, analysis.totals.usage.input.cacheRead, analysis.totals.usage.output.total])
    .toEqual([calls, 10 * calls, 4 * calls, 5 * calls])
}

describe.each(cases)('%s, the client %s', (kind, client) => {
  const model = 'some-model'

  test('outside of any run a call is one', async () => {
    const { profiler, session, model: llm, config } = desk(kind, client)
    session.reply(says(kind, 'hello'))
    expect((await llm.invoke('hi', config)).text).toBe('hello')
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, `${model} llm 0-0`)
    expectCalls(profiler.lastTrace, 1)
    expect(profiler.lastTrace?.parts.map(({ kind, text }) => [kind, text])).toEqual([['user', 'hi'], ['assistant', 'hello']])
    expect(profiler.lastTrace?.spans[0]?.llm?.responseId).toMatch(/^(chatcmpl|resp|msg)_/)
  })

  test('plain and streamed inside a run and inside a step of a chain', async () => {
    const { profiler, session, model: llm, config } = desk(kind, client)
    session.reply(says(kind, 'one'), says(kind, 'two', true), says(kind, 'three', true))
    const step = RunnableLambda.from(async (text: string, inherited) => {
      await llm.invoke(text, inherited)
      for await (const _piece of await llm.stream(text, inherited));
    }).withConfig({ runName: 'step' })
    await profiler.run('program', async () => {
      await step.invoke('hi', config)
      for await (const _piece of await llm.pipe(RunnableLambda.from((x: unknown) => x)).stream('hi', config));
    })
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, `
      program 0-0
        step 0-0
          ${model} llm 0-0
          ${model} llm 0-0
        RunnableSequence 0-0
          ${model} llm 0-0`)
    expectCalls(profiler.lastTrace, 3)
    expect(profiler.lastTrace?.spans.flatMap(({ llm: call }) => (call === undefined ? [] : [call.streamed]))).toEqual([false, true, true])
  })

  test.each([['equal', 1], ['different', 10]])('ten at once, %s', async (_what, questions) => {
    const { profiler, session, model: llm, config } = desk(kind, client)
    session.reply(...Array.from({ length: 10 }, () => says(kind, 'hello')))
    await profiler.run('program', () => llm.batch(Array.from({ length: 10 }, (_, i) => `question ${i % questions}`), config))
    expect(profiler.traces).toHaveLength(1)
    expect(profiler.lastTrace?.spans.map(({ category, parentId }) => [category, parentId === profiler.lastTrace?.spans[0]?.id])).toEqual([
      ['agent', false], ...Array.from({ length: 10 }, () => ['llm', true]),
    ])
    expectCalls(profiler.lastTrace, 10)
  })

  test('ten at once outside of any run are ten runs', async () => {
    const { profiler, session, model: llm, config } = desk(kind, client)
    session.reply(...Array.from({ length: 10 }, () => says(kind, 'hello', true)))
    await Promise.all(Array.from({ length: 10 }, async (_, i) => {
      for await (const _piece of await llm.stream(`question ${i % 5}`, config));
    }))
    expect(profiler.traces).toHaveLength(10)
    for (const trace of profiler.traces) expectCalls(trace, 1)
  })

  test('what the provider refuses has failed', async () => {
    const { profiler, session, model: llm, config } = desk(kind, client)
    session.reply(refuses(400))
    await expect(llm.invoke('hi', config)).rejects.toThrow('refused')
    expect(profiler.lastTrace?.spans.map(({ category, outcome }) => [category, outcome])).toEqual([
      ['llm', { state: 'failed', type: 'BadRequestError', message: expect.stringContaining('refused') as string }],
    ])
  })

  test('what LangChain tries again is one call', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] })
    const { profiler, session, model: llm, config } = desk(kind, client, { maxRetries: 1 })
    session.reply(refuses(500), says(kind, 'hello'))
    const done = profiler.run('program', () => llm.invoke('hi', config))
    await session.arrived(1)
    while (session.asked.length < 2) await vi.advanceTimersByTimeAsync(500)
    await done
    expectTree(profiler.lastTrace, `
      program 0-0
        ${model} llm 0-0`)
    expectCalls(profiler.lastTrace, 1)
    if (client !== 'alone') expect(profiler.lastTrace?.spans[1]?.llm?.attempts?.map(({ status }) => status)).toEqual([500, 200])
  })

  test('a stream that is left is cancelled', async () => {
    const { profiler, session, model: llm, config } = desk(kind, client)
    session.reply(says(kind, 'hello', true))
    const controller = new AbortController()
    await profiler.run('program', async () => {
      try {
        let count = 0
        for await (const _piece of await llm.stream('hi', { ...config, signal: controller.signal })) if (++count === 4) controller.abort()
      } catch {
        // As LangChain tells of it.
      }
    })
    expectTree(profiler.lastTrace, `
      program 0-0
        ${model} llm 0-0 cancelled`)
  })

  test('a run that is not sampled records nothing of it', async () => {
    const { profiler, session, model: llm, config } = desk(kind, client, { sampleRate: 0 })
    session.reply(says(kind, 'one'), says(kind, 'two'), says(kind, 'three', true))
    await profiler.run('program', () => llm.invoke('hi', config))
    await llm.pipe(RunnableLambda.from((x: unknown) => x)).invoke('hi', config)
    for await (const _piece of await llm.stream('hi', config));
    expect(profiler.traces).toEqual([])
    expect(session.asked).toHaveLength(3)
  })

  test('what goes out is the same with and without us', async () => {
    const ask = async (config: object): Promise<unknown> => {
      const { session, model: llm } = desk(kind, client)
      session.reply(says(kind, 'one'), says(kind, 'two', true))
      await llm.invoke('hi', config)
      for await (const _piece of await llm.stream('hi', config));
      return session.asked.map(({ path, headers, body }) => [path, headers, body])
    }
    expect(await ask(desk(kind, client).config)).toEqual(await ask({}))
  })
})
