import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { profiler as defaultProfiler, Profiler } from 'spanwise'
import { recordLangChain, spanwiseHandler } from 'spanwise/langchain'
import { cores, fakeModel } from './support/langchain.ts'
import { json, sse, startProviderServer, type ProviderServer, type Reply } from './support/provider-server.ts'
import { expectTree, recorded } from './support/recorded.ts'

let server: ProviderServer
beforeAll(async () => void (server = await startProviderServer()))
afterAll(() => server.close())

describe.each(cores)('installed in @langchain/core %s', (_version, core) => {
  const chain = () => core.ChatPromptTemplate.fromMessages([['user', '{question}']]).pipe(fakeModel(core, { answers: ['one'] }))

  test('all is recorded without a handler, and nothing once it is taken off', async () => {
    const { profiler } = recorded()
    const before = Object.getOwnPropertyDescriptors(core.CallbackManager)
    const uninstall = recordLangChain(core.CallbackManager, { profiler })
    try {
      await chain().invoke({ question: 'x' }, { metadata: { thread_id: 'thread 1' }, tags: ['mine'] })
      // A model that is called without the configuration of what calls it.
      await core.RunnableLambda.from(async () => (await chain().invoke({ question: 'y' })).content).withConfig({ runName: 'agent' }).invoke('x')
    } finally {
      uninstall()
    }
    await chain().invoke({ question: 'x' })
    expect(profiler.traces).toHaveLength(2)
    expectTree(profiler.traces[0], `
      RunnableSequence 0-0
        fake-1 llm 0-0`)
    expectTree(profiler.traces[1], `
      agent 0-0
        fake-1 llm 0-0`)
    expect(profiler.traces[0]?.spans[1]).toMatchObject({ llm: { provider: 'acme' }, attributes: { 'gen_ai.conversation.id': 'thread 1' } })
    expect(Object.getOwnPropertyDescriptors(core.CallbackManager)).toEqual(before)
  })

  test('twice, and with a handler as well, a call is one span', async () => {
    const { profiler } = recorded()
    const uninstall = [recordLangChain(core.CallbackManager, { profiler }), recordLangChain(core.CallbackManager, { profiler })]
    try {
      const handlers = [spanwiseHandler({ profiler })]
      await chain().invoke({ question: 'x' }, { callbacks: handlers })
      expect(handlers).toHaveLength(1)
      const manager = new core.CallbackManager()
      await chain().invoke({ question: 'x' }, { callbacks: manager })
      expect([manager.handlers, manager.inheritableHandlers]).toEqual([[], []])
    } finally {
      for (const one of uninstall.reverse()) one()
    }
    expect(profiler.traces.map(({ spans }) => spans.map(({ category }) => category))).toEqual([['agent', 'llm'], ['agent', 'llm']])
  })

  test('two profilers hear of the same', async () => {
    const [one, other] = [recorded(), recorded()]
    const uninstall = [one, other].map(({ profiler }) => recordLangChain(core.CallbackManager, { profiler }))
    try {
      await chain().invoke({ question: 'x' })
      uninstall[0]!()
      await chain().invoke({ question: 'x' })
    } finally {
      uninstall[1]!()
    }
    expect([one, other].map(({ profiler }) => profiler.traces.map(({ spans }) => spans.length))).toEqual([[2], [2, 2]])
  })

  test('a profiler that is off installs nothing', () => {
    const before = Object.getOwnPropertyDescriptors(core.CallbackManager)
    recordLangChain(core.CallbackManager, { profiler: new Profiler({ enabled: false }) })
    expect(Object.getOwnPropertyDescriptors(core.CallbackManager)).toEqual(before)
  })
})

test('misuse shows the value', () => {
  expect(() => recordLangChain({})).toThrow(new TypeError("recordLangChain(managerClass): managerClass must be LangChain's CallbackManager, got {}"))
})

describe('the examples', () => {
  const recording = (name: string): Reply => {
    const file = new URL(`../examples/recordings/${name}.json`, import.meta.url)
    const { responseBody, responseText } = JSON.parse(readFileSync(file, 'utf8')) as { responseBody?: unknown; responseText?: string }
    return responseText === undefined ? json(responseBody) : sse([responseText])
  }

  async function example(name: string, ...recordings: string[]): Promise<{ readonly log: string[]; readonly written: string }> {
    const session = server.session()
    session.reply(...recordings.map(recording))
    vi.stubEnv('OPENAI_API_KEY', 'test')
    vi.stubEnv('OPENAI_BASE_URL', session.url)
    const log = vi.spyOn(console, 'log').mockImplementation(() => {})
    const write = vi.spyOn(process.stdout, 'write').mockImplementation(() => true)
    try {
      await import(`../examples/${name}.ts`)
      return { log: log.mock.calls.map(([line]) => String(line)), written: write.mock.calls.map(([text]) => String(text)).join('') }
    } finally {
      vi.unstubAllEnvs()
      log.mockRestore()
      write.mockRestore()
    }
  }

  test('langchain', async () => {
    const { log: [report], written } = await example('langchain', 'openai-multiply-answer')
    expect(written).toContain('6 times 7 is 42.')
    expect(report).toMatch(/sums .*1 LLM call\b/s)
    expect(defaultProfiler.lastTrace?.spans.map(({ name, category }) => [name, category])).toEqual([['sums', 'agent'], ['gpt-4o-mini', 'llm']])
  })

  test('langgraph', async () => {
    const { log: [said, report] } = await example('langgraph', 'openai-weather-tools', 'openai-weather-answer')
    expect(said).toContain('Seattle')
    expect(report).toMatch(/weather agent .*2 LLM calls · 2 tool calls/s)
    expect(defaultProfiler.lastTrace?.spans.map(({ name, category }) => `${name} ${category}`)).toEqual([
      'weather agent agent', 'agent internal', 'gpt-4o-mini llm', 'tools internal', 'get_current_weather tool', 'get_current_weather tool',
      'look out of the window internal', 'look out of the window internal', 'agent internal', 'gpt-4o-mini llm',
    ])
  })
})
