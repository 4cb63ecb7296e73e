import { setImmediate as turn } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { AIMessage, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { Annotation, Command, END, entrypoint, interrupt, MemorySaver, Send, START, StateGraph, task } from '@langchain/langgraph'
import { createReactAgent } from '@langchain/langgraph/prebuilt'
import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { analyze, type Profiler } from 'spanwise'
import { spanwiseHandler } from 'spanwise/langchain'
import { wrapOpenAI } from 'spanwise/openai'
import { checkAnalysis } from './laws.ts'
import { makeModel } from './support/langchain-clients.ts'
import { cores, fakeModel } from './support/langchain.ts'
import { answer } from './support/openai-answers.ts'
import { startProviderServer, type ProviderServer } from './support/provider-server.ts'
import { expectTree, recorded } from './support/recorded.ts'
import { says } from './support/said.ts'

let server: ProviderServer
beforeAll(async () => void (server = await startProviderServer()))
afterAll(() => server.close())

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const [, core] = cores[0]!
const State = Annotation.Root({ value: Annotation<number> })
type Values = typeof State.State

const call = (id: string, a: number) => ({ id, name: 'add', args: { a }, type: 'tool_call' as const })

/** A tool whose function is recorded too, as users have them who come from a loop of their own. */
const addTool = (profiler: Profiler, fn: (a: number) => unknown = (a) => `sum ${a}`) => tool(
  profiler.tool('add', async ({ a }: { a: number }) => fn(a)), { name: 'add', description: 'Adds', schema: z.object({ a: z.number() }) })

describe('an agent of LangGraph', () => {
  test('its nodes, its calls and its tools, tied to the answers that asked for them', async () => {
    const { profiler } = recorded()
    const model = fakeModel(core, { answers: [{ tool_calls: [call('call_1', 1), call('call_2', 2)] }, 'done'] })
    const agent = createReactAgent({ llm: model, tools: [addTool(profiler)], name: 'adder' })
    const state = await agent.invoke({ messages: [['user', 'add']] }, { callbacks: [spanwiseHandler({ profiler })], configurable: { thread_id: 'thread 7' } })
    expect(state.messages.at(-1)?.text).toBe('done')
    const trace = profiler.lastTrace!
    expectTree(trace, `
      adder 0-0
        agent 0-0
          fake-1 llm 0-0
        tools 0-0
          add tool 0-0 for call_1
          add tool 0-0 for call_2
        agent 0-0
          fake-1 llm 0-0`)
    expect(profiler.traces).toHaveLength(1)
    expect(trace.spans.filter(({ category }) => category === 'tool').map(({ tool: one }) => one?.issuedBy)).toEqual([trace.spans[2]!.id, trace.spans[2]!.id])
    expect(trace.spans.slice(0, 2).map(({ attributes }) => attributes)).toEqual([
      { 'gen_ai.agent.name': 'adder', 'gen_ai.conversation.id': 'thread 7' },
      { langgraph_node: 'agent', langgraph_step: 1, 'gen_ai.conversation.id': 'thread 7' },
    ])
    checkAnalysis(analyze(trace))
  })

  test.each([true, false])('over a provider, streamed: %s', async (isStreamed) => {
    const { profiler } = recorded()
    const session = server.session()
    session.reply(
      answer({ api: 'chat', stream: isStreamed }, { calls: [['add', { a: 1 }, 'call_1'], ['add', { a: 2 }, 'call_2']] }), says('chat', 'done', isStreamed))
    const model = makeModel({ kind: 'chat', model: 'some-model', baseURL: session.url, wrapped: profiler })
    const below = server.session()
    below.reply(says('chat', 'inner'), says('chat', 'inner'))
    const inner = wrapOpenAI(new OpenAI({ apiKey: 'test', baseURL: below.url }), { profiler })
    const ask = async (a: number): Promise<string> => {
      const { choices } = await profiler.span('look up', () => inner.chat.completions.create({ model: 'small', messages: [{ role: 'user', content: `${a}` }] }))
      return choices[0]!.message.content!
    }
    const agent = createReactAgent({ llm: model, tools: [addTool(profiler, ask)] })
    const config = { callbacks: [spanwiseHandler({ profiler })] }
    if (isStreamed) for await (const _update of await agent.stream({ messages: [['user', 'add']] }, { ...config, streamMode: 'messages' }));
    else await agent.invoke({ messages: [['user', 'add']] }, config)
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, `
      LangGraph 0-0
        agent 0-0
          some-model llm 0-0
        tools 0-0
          add tool 0-0 for call_1
            look up 0-0
              small llm 0-0
          add tool 0-0 for call_2
            look up 0-0
              small llm 0-0
        agent 0-0
          some-model llm 0-0`)
    checkAnalysis(analyze(profiler.lastTrace!))
  })
})

describe('a graph', () => {
  const inner = (work: (value: number) => unknown = (value) => value) => new StateGraph(State)
    .addNode('work', async ({ value }: Values) => ({ value: Number(await work(value)) + 1 }))
    .addEdge(START, 'work').addEdge('work', END).compile({ name: 'Inner' })

  test('graphs within graphs, and what nodes do by themselves', async () => {
    const { profiler } = recorded()
    const search = profiler.tool('search', (value: number) => value)
    const graph = new StateGraph(State)
      .addNode('first', ({ value }: Values) => profiler.span('think', () => ({ value })))
      .addNode('nested', inner((value) => search(value)))
      .addEdge(START, 'first').addConditionalEdges('first', () => 'nested', ['nested']).addEdge('nested', END).compile({ name: 'Outer' })
    expect(await graph.invoke({ value: 1 }, { callbacks: [spanwiseHandler({ profiler })] })).toEqual({ value: 2 })
    expectTree(profiler.lastTrace, `
      Outer 0-0
        first 0-0
          think 0-0
        nested 0-0
          Inner 0-0
            work 0-0
              search tool 0-0`)
    expect(profiler.lastTrace?.spans.filter(({ category }) => category === 'agent').map(({ name }) => name)).toEqual(['Outer', 'Inner'])
  })

  test('nodes that run side by side are siblings', async () => {
    const { profiler } = recorded()
    const graph = new StateGraph(State)
      .addNode('one', ({ value }: Values) => profiler.span(`span ${value}`, async () => ({})))
      .addConditionalEdges(START, () => [1, 2, 3].map((value) => new Send('one', { value })), ['one']).addEdge('one', END).compile()
    await graph.invoke({ value: 0 }, { callbacks: [spanwiseHandler({ profiler })] })
    expectTree(profiler.lastTrace, `
      LangGraph 0-0
        one 0-0
          span 1 0-0
        one 0-0
          span 2 0-0
        one 0-0
          span 3 0-0`)
  })

  test('an interrupt is no failure, and the run that goes on is a second one of the same conversation', async () => {
    const { profiler } = recorded()
    const graph = new StateGraph(State)
      .addNode('ask', () => ({ value: Number(interrupt('how many?')) }))
      .addEdge(START, 'ask').addEdge('ask', END).compile({ checkpointer: new MemorySaver() })
    const config = { callbacks: [spanwiseHandler({ profiler })], configurable: { thread_id: 't' } }
    await graph.invoke({ value: 1 }, config)
    expect(await graph.invoke(new Command({ resume: 5 }), config)).toEqual({ value: 5 })
    for (const trace of profiler.traces) {
      expectTree(trace, `
        LangGraph 0-0
          ask 0-0`)
    }
    expect(profiler.traces.map(({ spans }) => spans.map(({ attributes }) => attributes?.['langgraph.interrupted']))).toEqual([
      [undefined, true], [undefined, undefined],
    ])
    expect(profiler.traces.map(({ spans }) => spans[0]?.attributes?.['gen_ai.conversation.id'])).toEqual(['t', 't'])
  })

  test('an interrupt inside a tool is none either', async () => {
    const { profiler } = recorded()
    const model = fakeModel(core, { answers: [{ tool_calls: [call('call_1', 1)] }, 'done'] })
    const agent = createReactAgent({ llm: model, tools: [addTool(profiler, () => interrupt('may I?'))], checkpointer: new MemorySaver() })
    const config = { callbacks: [spanwiseHandler({ profiler })], configurable: { thread_id: 't' } }
    await agent.invoke({ messages: [['user', 'add']] }, config)
    expect(profiler.lastTrace?.spans.every(({ outcome }) => outcome.state === 'ok')).toBe(true)
    await agent.invoke(new Command({ resume: 'yes' }), config)
    expectTree(profiler.lastTrace, `
      LangGraph 0-0
        tools 0-0
          add tool 0-0 for call_1
        agent 0-0
          fake-1 llm 0-0`)
  })

  test('a command for the graph above is no failure', async () => {
    const { profiler } = recorded()
    const below = new StateGraph(State)
      .addNode('leave', async () => new Command({ goto: 'after', graph: Command.PARENT }), { ends: ['after'] }).addNode('after', () => ({})).addEdge(START, 'leave').compile({ name: 'Below' })
    const graph = new StateGraph(State)
      .addNode('below', below, { ends: ['after'] }).addNode('after', () => ({ value: 9 })).addEdge(START, 'below').addEdge('after', END).compile()
    expect(await graph.invoke({ value: 1 }, { callbacks: [spanwiseHandler({ profiler })] })).toEqual({ value: 9 })
    expectTree(profiler.lastTrace, `
      LangGraph 0-0
        below 0-0
          Below 0-0
            leave 0-0
        after 0-0`)
  })

  test('failures and aborts', async () => {
    const { profiler } = recorded()
    const callbacks = [spanwiseHandler({ profiler })]
    const failing = new StateGraph(State).addNode('bad', () => { throw new RangeError('too much') }).addEdge(START, 'bad').compile()
    await expect(failing.invoke({ value: 1 }, { callbacks })).rejects.toThrow('too much')
    expectTree(profiler.lastTrace, `
      LangGraph 0-0 failed RangeError: too much
        bad 0-0 failed RangeError: too much`)
    const controller = new AbortController()
    const slow = new StateGraph(State).addNode('slow', () => new Promise<Values>(() => setImmediate(() => controller.abort()))).addEdge(START, 'slow').compile()
    await expect(slow.invoke({ value: 1 }, { callbacks, signal: controller.signal })).rejects.toThrow('abort')
    expectTree(profiler.lastTrace, `
      LangGraph 0-0 cancelled
        slow 0-0 cancelled`)
  })

  test('tools that fail are told to the model', async () => {
    const { profiler } = recorded()
    const model = fakeModel(core, { answers: [{ tool_calls: [call('call_1', 1)] }, 'sorry'] })
    const agent = createReactAgent({ llm: model, tools: [addTool(profiler, () => { throw new RangeError('too much') })] })
    const { messages } = await agent.invoke({ messages: [['user', 'add']] }, { callbacks: [spanwiseHandler({ profiler })] })
    expect((messages[2] as ToolMessage).status).toBe('error')
    expect((messages[3] as AIMessage).text).toBe('sorry')
    expect(profiler.lastTrace?.spans.find(({ category }) => category === 'tool')?.outcome).toEqual({ state: 'failed', type: 'RangeError', message: 'too much' })
  })

  test.each(['updates', 'values', 'messages', 'events', 'protocol'] as const)('streamed as %s it is the same', async (streamMode) => {
    const { profiler } = recorded()
    const model = fakeModel(core, { answers: ['one two'] })
    const graph = new StateGraph(State)
      .addNode('talk', async ({ value }: Values) => {
        await model.invoke('hi')
        return { value }
      })
      .addEdge(START, 'talk').addEdge('talk', END).compile()
    const callbacks = [spanwiseHandler({ profiler })]
    const stream = streamMode === 'events'
      ? graph.streamEvents({ value: 1 }, { version: 'v2', callbacks })
      : streamMode === 'protocol'
        ? await graph.streamEvents({ value: 1 }, { version: 'v3', callbacks })
        : await graph.stream({ value: 1 }, { streamMode, callbacks })
    for await (const _one of stream);
    expectTree(profiler.lastTrace, `
      LangGraph 0-0
        talk 0-0
          fake-1 llm 0-0`)
    expect(profiler.lastTrace?.spans[2]?.llm?.streamed).toBe(['messages', 'events', 'protocol'].includes(streamMode))
  })

  test('a stream that is left ends its run: LangGraph tells of it, or lets go of it', async () => {
    const { profiler } = recorded()
    const graph = new StateGraph(State)
      .addNode('one', () => ({ value: 1 })).addNode('two', () => ({ value: 2 })).addEdge(START, 'one').addEdge('one', 'two').addEdge('two', END).compile()
    const leave = async (): Promise<void> => {
      for await (const _update of await graph.stream({ value: 0 }, { callbacks: [spanwiseHandler({ profiler })] })) break
    }
    await leave()
    for (let i = 0; i < 50 && profiler.traces.length < 1; i++) {
      collectGarbage()
      await turn()
    }
    expect(profiler.traces).toHaveLength(1)
    expect(['ok', 'cancelled']).toContain(profiler.lastTrace?.spans[0]?.outcome.state)
  })

  test('a workflow of functions', async () => {
    const { profiler } = recorded()
    const compute = task('compute', async (value: number) => profiler.span('work', () => value + 1))
    const flow = entrypoint('flow', async (value: number) => Promise.all([compute(value), compute(value + 1)]))
    expect(await flow.invoke(1, { callbacks: [spanwiseHandler({ profiler })] })).toEqual([2, 3])
    expectTree(profiler.lastTrace, `
      flow 0-0
        flow 0-0
        compute 0-0
          work 0-0
        compute 0-0
          work 0-0`)
  })

  test('many at once: nothing is under the wrong parent', async () => {
    const { profiler } = recorded({ maxTraces: 100 })
    const graph = new StateGraph(State)
      .addNode('talk', async ({ value }: Values) => {
        const model = fakeModel(core, { answers: [`answer ${value}`], model: `model ${value}` })
        await profiler.span(`span ${value}`, () => model.invoke(`question ${value}`))
        return {}
      })
      .addNode('nested', inner((value) => profiler.tool(`tool ${value}`, async () => value)()))
      .addEdge(START, 'talk').addEdge('talk', 'nested').addEdge('nested', END).compile()
    await Promise.all(Array.from({ length: 50 }, (_, value) => graph.invoke({ value }, { callbacks: [spanwiseHandler({ profiler })], runName: `run ${value}` })))
    expect(profiler.traces).toHaveLength(50)
    for (const trace of profiler.traces) {
      const number = trace.name.slice('run '.length)
      expectTree(trace, `
        run ${number} 0-0
          talk 0-0
            span ${number} 0-0
              model ${number} llm 0-0
          nested 0-0
            Inner 0-0
              work 0-0
                tool ${number} tool 0-0`)
    }
  })
})
