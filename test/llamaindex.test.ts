import { readFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { CallbackManager, Settings } from '@llamaindex/core/global'
import { RetrieverQueryEngine } from '@llamaindex/core/query-engine'
import { BaseRetriever } from '@llamaindex/core/retriever'
import { TextNode, type NodeWithScore } from '@llamaindex/core/schema'
import { tool } from '@llamaindex/core/tools'
import { OpenAI as LlamaOpenAI, OpenAIAgent, OpenAIEmbedding } from '@llamaindex/openai'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { analyze, profiler as defaultProfiler, Profiler, type ProfilerOptions, type Trace } from 'spanwise'
import { recordLlamaIndex } from 'spanwise/llamaindex'
import { wrapOpenAI } from 'spanwise/openai'
import { checkAnalysis } from './laws.ts'
import { answer } from './support/openai-answers.ts'
import { json, startProviderServer, type ProviderServer, type Session } from './support/provider-server.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'
import { refuses, says } from './support/said.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

let server: ProviderServer
beforeAll(async () => void (server = await startProviderServer()))
afterAll(() => server.close())

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

interface Desk {
  readonly profiler: Profiler
  readonly session: Session
  readonly llm: LlamaOpenAI
  readonly client: OpenAI
}

function desk(client: 'alone' | 'wrapped', options: ProfilerOptions = {}): Desk {
  const { profiler } = recorded({ content: 'full', ...options })
  stops.push(recordLlamaIndex(Settings, { profiler }))
  const session = server.session()
  const own = new OpenAI({ apiKey: 'test', baseURL: session.url, maxRetries: 0 })
  if (client === 'wrapped') wrapOpenAI(own, { profiler })
  const llm = new LlamaOpenAI({ model: 'some-model', temperature: 0.5, apiKey: 'test', maxRetries: 0, baseURL: session.url, ...(client === 'wrapped' && { session: own as never }) })
  Settings.llm = llm
  return { profiler, session, llm, client: own }
}

const ask = (content: string) => ({ messages: [{ role: 'user' as const, content }] })
const addTool = (fn: (a: number) => string | Promise<string>) =>
  tool({ name: 'add', description: 'Adds', parameters: z.object({ a: z.number() }), execute: ({ a }) => fn(a) })

function expectCalls(trace: Trace | undefined, calls: number): void {
  const analysis = analyze(trace!)
  checkAnalysis(analysis)
  expect([analysis.totals.llmCalls, analysis.totals.usage.input.total, analysis.totals.usage.input.cacheRead, analysis.totals.usage.output.total])
    .toEqual([calls, 10 * calls, 4 * calls, 5 * calls])
}

describe.each(['alone', 'wrapped'] as const)('the client %s', (client) => {
  test('a call outside of any run is one', async () => {
    const { profiler, session, llm } = desk(client)
    session.reply(says('chat', 'hello'))
    expect((await llm.chat(ask('hi'))).message.content).toBe('hello')
    await turn()
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, 'some-model llm 0-0')
    expectCalls(profiler.lastTrace, 1)
    expect(profiler.lastTrace?.spans[0]?.llm).toMatchObject({ provider: 'openai', requestModel: 'some-model', responseModel: 'gpt-4o-mini-2024-07-18', finishReasons: ['stop'], streamed: false })
    expect(profiler.lastTrace?.spans[0]?.attributes).toMatchObject({ 'gen_ai.request.temperature': 0.5 })
    expect(profiler.lastTrace?.parts.map(({ kind, text }) => [kind, text])).toEqual([['user', 'hi'], ['assistant', 'hello']])
  })

  test('a stream', async () => {
    const { profiler, session, llm } = desk(client)
    session.reply(says('chat', 'hello', true))
    await profiler.run('program', async () => {
      for await (const _chunk of await llm.chat({ ...ask('hi'), stream: true }));
    })
    expectTree(profiler.lastTrace, `
      program 0-0
        some-model llm 0-0`)
    expectCalls(profiler.lastTrace, 1)
    expect(profiler.lastTrace?.spans[1]?.llm).toMatchObject({ streamed: true, firstToken: 0 })
  })

  test.each([['equal', 1], ['different', 10]])('ten at once, %s', async (_what, questions) => {
    const { profiler, session, llm } = desk(client)
    session.reply(...Array.from({ length: 10 }, () => says('chat', 'hello')))
    await profiler.run('program', () => Promise.all(Array.from({ length: 10 }, (_, i) => llm.chat(ask(`question ${i % questions}`)))))
    expect(profiler.traces).toHaveLength(1)
    expect(profiler.lastTrace?.spans.map(({ category, parentId }) => [category, parentId === profiler.lastTrace?.spans[0]?.id])).toEqual([
      ['agent', false], ...Array.from({ length: 10 }, () => ['llm', true]),
    ])
    expectCalls(profiler.lastTrace, 10)
  })

  test('ten at once outside of any run are ten runs', async () => {
    const { profiler, session, llm } = desk(client)
    session.reply(...Array.from({ length: 10 }, () => says('chat', 'hello')))
    await Promise.all(Array.from({ length: 10 }, (_, i) => llm.chat(ask(`question ${i % 5}`))))
    expect(profiler.traces).toHaveLength(10)
    for (const trace of profiler.traces) expectCalls(trace, 1)
  })

  test('a run that is not sampled records nothing of it', async () => {
    const { profiler, session, llm } = desk(client, { sampleRate: 0 })
    session.reply(says('chat', 'one'), says('chat', 'two'))
    await profiler.run('program', () => llm.chat(ask('hi')))
    await llm.chat(ask('hi'))
    expect(profiler.traces).toEqual([])
  })

  test('an agent with its steps, its tools and what those do', async () => {
    const { profiler, session, client: own } = desk(client)
    wrapOpenAI(own, { profiler })
    const below = server.session()
    below.reply(says('chat', 'inner'), says('chat', 'inner'))
    const inner = wrapOpenAI(new OpenAI({ apiKey: 'test', baseURL: below.url }), { profiler })
    session.reply(answer({ api: 'chat' }, { calls: [['add', { a: 1 }, 'call_1'], ['add', { a: 2 }, 'call_2']] }), says('chat', 'done'))
    const add = profiler.tool('add', async ({ a }: { a: number }) => profiler.span('look up', async () => {
      const { choices } = await inner.chat.completions.create({ model: 'small', messages: [{ role: 'user', content: `${a}` }] })
      return choices[0]!.message.content!
    }))
    const agent = new OpenAIAgent({ tools: [addTool((a) => add({ a }))] })
    expect((await agent.chat({ message: 'add' })).message.content).toBe('done')
    await turn()
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, `
      OpenAIAgent 0-0
        some-model llm 0-0
        add tool 0-0 for call_1
          look up 0-0
            small llm 0-0
        add tool 0-0 for call_2
          look up 0-0
            small llm 0-0
        some-model llm 0-0`)
    expect(profiler.lastTrace?.spans.filter(({ category }) => category === 'tool').map(({ tool: one }) => one?.issuedBy)).toEqual(
      [profiler.lastTrace!.spans[1]!.id, profiler.lastTrace!.spans[1]!.id])
    checkAnalysis(analyze(profiler.lastTrace!))
  })
})

class Docs extends BaseRetriever {
  readonly #look: () => Promise<unknown>
  constructor(look: () => Promise<unknown> = async () => undefined) {
    super()
    this.#look = look
  }
  override async _retrieve(): Promise<NodeWithScore[]> {
    await this.#look()
    return [{ node: new TextNode({ text: 'cats purr' }), score: 1 }]
  }
}

describe('a query', () => {
  test('its retrieval, its synthesis and the call of the model', async () => {
    const { profiler, session, client } = desk('alone')
    wrapOpenAI(client, { profiler })
    session.reply(
      json({ object: 'list', model: 'embed-1', data: [{ object: 'embedding', index: 0, embedding: [1] }], usage: { prompt_tokens: 3, total_tokens: 3 } }), says('chat', 'they purr'))
    const embedding = new OpenAIEmbedding({ model: 'text-embedding-3-small', session: client as never })
    const engine = new RetrieverQueryEngine(new Docs(() => embedding.getTextEmbedding('cats')))
    expect((await engine.query({ query: 'What do cats do?' })).message.content).toBe('they purr')
    await turn()
    expectTree(profiler.lastTrace, `
      RetrieverQueryEngine 0-0
        retrieve retrieval 0-0
          text-embedding-3-small embedding 0-0
        synthesize 0-0
          some-model llm 0-0`)
    expect(profiler.lastTrace?.spans.map(({ category }) => category)).toEqual(['agent', 'retrieval', 'embedding', 'internal', 'llm'])
    expect(profiler.lastTrace?.spans[1]?.attributes).toEqual({ 'retrieval.documents': 1 })
  })

  test('queries at once: nothing is under the wrong parent', async () => {
    const { profiler, session } = desk('alone')
    session.reply(...Array.from({ length: 20 }, () => says('chat', 'they purr')))
    await profiler.run('program', () => Promise.all(Array.from({ length: 20 }, (_, i) => new RetrieverQueryEngine(new Docs()).query({ query: `question ${i}` }))))
    const { spans } = profiler.lastTrace!
    const names = new Map(spans.map(({ id, name }) => [id, name]))
    expect(spans.filter(({ category }) => category === 'llm').map(({ parentId }) => names.get(parentId!))).toEqual(Array.from({ length: 20 }, () => 'synthesize'))
    expect(new Set(spans.filter(({ name }) => name === 'synthesize').map(({ parentId }) => parentId)).size).toBe(20)
    expectCalls(profiler.lastTrace, 20)
  })
})

describe('what LlamaIndex does not tell', () => {
  test('a call that fails has failed where the client is recorded', async () => {
    const { profiler, session, llm } = desk('wrapped')
    session.reply(refuses(400))
    await expect(llm.chat(ask('hi'))).rejects.toThrow('refused')
    expect(profiler.lastTrace?.spans.map(({ category, outcome }) => [category, outcome])).toEqual([
      ['llm', { state: 'failed', type: 'BadRequestError', message: expect.stringContaining('refused') as string }],
    ])
  })

  test('else it has failed from the second time on that its object is seen', async () => {
    const { profiler, session } = desk('alone')
    session.reply(says('chat', 'fine'), refuses(400), says('chat', 'fine'), refuses(400))
    const engine = new RetrieverQueryEngine(new Docs())
    const agent = new OpenAIAgent({ tools: [] })
    await engine.query({ query: 'one' })
    await expect(engine.query({ query: 'two' })).rejects.toThrow('refused')
    await agent.chat({ message: 'one' })
    await expect(agent.chat({ message: 'two' })).rejects.toThrow('refused')
    const refused = 'failed BadRequestError: 400 refused'
    expectTree(profiler.traces[1], `
      RetrieverQueryEngine 0-0 ${refused}
        retrieve retrieval 0-0
        synthesize 0-0 ${refused}
          some-model llm 0-0 ${refused}`)
    expectTree(profiler.traces[3], `
      OpenAIAgent 0-0 ${refused}
        some-model llm 0-0 ${refused}`)
  })

  test('else it ends as failed, and a stream that is left as cancelled, when LlamaIndex has let go of it', async () => {
    const { profiler } = desk('alone')
    // Without a connection, which would hold on to what it was opened for. So does a model's session, to the model's first call.
    const stream = async function* () {
      for (const content of 'hello') yield { choices: [{ delta: { content } }] }
    }
    let refuses = false
    const create = async (): Promise<unknown> => {
      if (refuses) throw new Error('refused')
      return stream()
    }
    const llm = new LlamaOpenAI({ model: 'some-model', session: { chat: { completions: { create } } } as never })
    for await (const _chunk of await llm.chat({ ...ask('hi'), stream: true }));
    const other = new LlamaOpenAI({ model: 'some-model', session: { chat: { completions: { create } } } as never })
    for await (const _chunk of await other.chat({ ...ask('hi'), stream: true }));
    Settings.llm = other
    const fail = async (): Promise<void> => {
      refuses = true
      await expect(new RetrieverQueryEngine(new Docs()).query({ query: 'hi' })).rejects.toThrow('refused')
      refuses = false
    }
    const leave = async (): Promise<void> => {
      let count = 0
      for await (const _chunk of await llm.chat({ ...ask('hi'), stream: true })) if (++count === 3) break
    }
    await fail()
    await leave()
    for (let i = 0; i < 100 && profiler.traces.length < 4; i++) {
      collectGarbage()
      await turn()
    }
    const untold = 'failed UnknownError: it ended without a word: LlamaIndex tells of no failures'
    expect(profiler.traces.slice(2).map(tree).sort()).toEqual([
      `RetrieverQueryEngine 0-0 ${untold}\n  retrieve retrieval 0-0\n  synthesize 0-0 ${untold}\n    some-model llm 0-0 failed Error: refused`,
      'some-model llm 0-0 cancelled',
    ])
    expect(profiler.traces.slice(2).flatMap(({ parts }) => parts.map(({ text }) => text))).toContain('hel')
  })

  test('a tool that fails has failed when the model is told of it', async () => {
    const { profiler, session } = desk('alone')
    session.reply(answer({ api: 'chat' }, { calls: [['add', { a: 1 }, 'call_1']] }), says('chat', 'sorry'))
    const agent = new OpenAIAgent({ tools: [addTool(() => { throw new RangeError('too much') })] })
    await agent.chat({ message: 'add' })
    await turn()
    expectTree(profiler.lastTrace, `
      OpenAIAgent 0-0
        some-model llm 0-0
        add tool 0-0 failed ToolError: Error(RangeError): too much for call_1
        some-model llm 0-0`)
  })
})

describe('recording and stopping', () => {
  test('twice is once, and after it is stopped nothing of it is left', async () => {
    const { profiler } = recorded()
    const manager = new CallbackManager()
    const before = Object.getOwnPropertyDescriptors(manager)
    const stop = recordLlamaIndex(manager, { profiler })
    expect(recordLlamaIndex(manager, { profiler })).toBe(stop)
    const send = (): void => {
      manager.dispatchEvent('retrieve-start', { id: '1', query: { query: 'cats' } })
      manager.dispatchEvent('retrieve-end', { id: '1', query: { query: 'cats' }, nodes: [] })
    }
    send()
    stop()
    send()
    stop()
    expect(profiler.traces.map(tree)).toEqual(['retrieve retrieval 0-0'])
    expect(Object.getOwnPropertyDescriptors(manager)).toEqual(before)
  })

  test('two profilers, the first of which stops first', () => {
    const [one, other] = [recorded(), recorded()]
    const manager = new CallbackManager()
    const stop = [one, other].map(({ profiler }) => recordLlamaIndex(manager, { profiler }))
    stop[0]!()
    manager.dispatchEvent('retrieve-start', { id: '1', query: { query: 'cats' } })
    manager.dispatchEvent('retrieve-end', { id: '1', query: { query: 'cats' }, nodes: [] })
    stop[1]!()
    expect([one, other].map(({ profiler }) => profiler.traces.length)).toEqual([0, 1])
  })

  test("the program's own handlers hear what they heard before, when they did", async () => {
    const { profiler } = recorded()
    const heard = async (isRecorded: boolean): Promise<string[]> => {
      const manager = new CallbackManager()
      const said: string[] = []
      manager.on('retrieve-start', ({ type, detail }) => void said.push(`${type} ${JSON.stringify(detail)}`))
      if (isRecorded) recordLlamaIndex(manager, { profiler })
      manager.dispatchEvent('retrieve-start', { id: '1', query: { query: 'cats' } })
      said.push('sent')
      await turn()
      return said
    }
    expect(await heard(true)).toEqual(await heard(false))
  })

  test('whatever is said never throws', () => {
    const { profiler } = recorded({ maxTraces: 1_000 })
    const manager = new CallbackManager()
    recordLlamaIndex(manager, { profiler })
    const { proxy: hostile, revoke } = Proxy.revocable({}, {})
    revoke()
    const types = ['llm-start', 'llm-stream', 'llm-tool-call', 'llm-tool-result', 'query-start', 'retrieve-start', 'agent-start', 'agent-end', 'retrieve-end', 'query-end', 'llm-end']
    for (const value of [undefined, null, 5, [], {}, hostile, [hostile]]) {
      for (const type of types) {
        const detail = { id: 'x', messages: value, chunk: value, response: value, toolCall: value, toolResult: value, query: value, nodes: value, startStep: value, endStep: value }
        manager.dispatchEvent(type as 'llm-start', detail as never)
      }
    }
    expect(profiler.traces.every(({ spans }) => spans.every(({ end }) => end !== undefined))).toBe(true)
  })

  test('a profiler that is off watches nothing, and misuse shows the value', () => {
    const manager = new CallbackManager()
    const before = Object.getOwnPropertyDescriptors(manager)
    recordLlamaIndex(manager, { profiler: new Profiler({ enabled: false }) })
    expect(Object.getOwnPropertyDescriptors(manager)).toEqual(before)
    expect(() => recordLlamaIndex({})).toThrow(new TypeError("recordLlamaIndex(target): target must be LlamaIndex's Settings or a CallbackManager, got {}"))
    expect(() => recordLlamaIndex(manager, { profiler: 5 as never })).toThrow('options.profiler must be a Profiler, got 5')
  })
})

test('the example', async () => {
  const recording = (name: string) => {
    const file = new URL(`../examples/recordings/${name}.json`, import.meta.url)
    return json((JSON.parse(readFileSync(file, 'utf8')) as { readonly responseBody: unknown }).responseBody)
  }
  const session = server.session()
  session.reply(recording('openai-weather-tools'), recording('openai-weather-answer'))
  vi.stubEnv('OPENAI_API_KEY', 'test')
  vi.stubEnv('OPENAI_BASE_URL', session.url)
  const log = vi.spyOn(console, 'log').mockImplementation(() => {})
  try {
    await import('../examples/llamaindex.ts')
    const [[said], [report]] = log.mock.calls as [[string], [string]]
    expect(said).toContain('Seattle')
    expect(report).toMatch(/OpenAIAgent .*2 LLM calls · 2 tool calls/s)
    expect(defaultProfiler.lastTrace?.spans.map(({ name, category }) => `${name} ${category}`)).toEqual([
      'OpenAIAgent agent', 'gpt-4o-mini llm', 'get_current_weather tool', 'look out of the window internal', 'get_current_weather tool',
      'look out of the window internal', 'gpt-4o-mini llm',
    ])
  } finally {
    vi.unstubAllEnvs()
    log.mockRestore()
  }
})
