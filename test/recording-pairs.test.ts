import { describe, expect, test } from 'vitest'
import type { Profiler, Trace } from 'spanwise'
import { wrapOpenAI } from 'spanwise/openai'
import { CallbackSpans, outcomeOf, within, type LlmCall } from '../src/kit.ts'
import { chatClient, says, type Answer } from './support/chat-client.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

/** A framework that tells of its calls in callbacks and makes them through a client of its own. */
class Framework {
  readonly spans: CallbackSpans
  readonly #send: (text: string) => Promise<Answer>
  #ids = 0

  constructor(profiler: Profiler, { name = 'framework', answers = [says('hello')] }: { name?: string; answers?: readonly Answer[] } = {}) {
    this.spans = new CallbackSpans(profiler, name)
    const ask = chatClient(profiler, answers)
    this.#send = (content) => ask({ model: 'm', messages: [{ role: 'user', content }] })
  }

  id = (): string => `id${++this.#ids}`

  begin(parentId: string | undefined, text: string | undefined): { readonly id: string; readonly call: LlmCall | undefined } {
    const id = this.id()
    const call = this.spans.beginLlm(id, parentId, { name: 'm', category: 'llm', provider: 'p', operation: 'chat', api: 'framework' })
    if (call !== undefined) call.draft.requestModel = 'm'
    if (text !== undefined) call?.requestText({ kind: 'user', text })
    call?.requestDone()
    return { id, call }
  }

  async ask(text: string, { parentId, tells = true, tries = 1 }: { parentId?: string; tells?: boolean; tries?: number } = {}): Promise<void> {
    const { id, call } = this.begin(parentId, tells ? text : undefined)
    await Promise.resolve()
    let answer: Answer | undefined
    for (let i = 0; i < tries; i++) answer = await this.#send(text)
    if (answer?.id !== undefined && call !== undefined) call.draft.responseId = answer.id
    this.spans.end(id)
  }
}

const llms = (...traces: readonly (Trace | undefined)[]) => traces.flatMap((trace) => trace?.spans.filter(({ llm }) => llm !== undefined) ?? [])

describe('a framework and a client see one call', () => {
  test('in a run: the span of the framework, with what the client knows', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    await profiler.run('agent', () => framework.ask('hi'))
    expectTree(profiler.lastTrace, `
      agent 0-0
        m llm 0-0
    `)
    expect(llms(profiler.lastTrace)[0]!.llm).toMatchObject({ api: 'chat.completions', provider: 'openai', usage: { input: { total: 10 } } })
    expect(profiler.traces).toHaveLength(1)
  })

  test('outside any run: the framework has a run of its own, the client none', async () => {
    const { profiler } = recorded()
    await new Framework(profiler).ask('hi')
    expect(profiler.traces.map(tree)).toEqual(['m llm 0-0'])
    expect(profiler.stats()).toMatchObject({ kept: 1, selfErrors: 0 })
  })

  test('of several under way, each its own, also when the framework does not say what it sends', async () => {
    for (const tells of [true, false]) {
      const { profiler } = recorded()
      const framework = new Framework(profiler)
      await profiler.run('agent', () => Promise.all(Array.from({ length: 10 }, (_, i) => framework.ask(`question ${i}`, { tells }))))
      expect(llms(profiler.lastTrace)).toHaveLength(10)
      expect(profiler.lastTrace!.spans).toHaveLength(11)
      expect(llms(profiler.lastTrace).map(({ llm }) => llm!.api)).toEqual(Array.from({ length: 10 }, () => 'chat.completions'))
    }
  })

  test('in many runs at once: none under the wrong one', async () => {
    const { profiler } = recorded({ maxTraces: 1_000 })
    const framework = new Framework(profiler)
    await Promise.all(Array.from({ length: 200 }, (_, i) => profiler.run(`agent ${i}`, () => framework.ask('the same question'))))
    expect(profiler.traces.map(({ spans }) => spans.length)).toEqual(Array.from({ length: 200 }, () => 2))
  })

  test('a framework that tries again after a failure makes one call', async () => {
    const { profiler } = recorded()
    const spans = new CallbackSpans(profiler, 'framework')
    const answers = [new Error('429'), new Error('500'), says('hello')]
    const client = { chat: { completions: { create: async (_: object) => { const next = answers.shift()!; if (next instanceof Error) throw next; return next } } } }
    wrapOpenAI(client, { profiler })
    await profiler.run('agent', async () => {
      spans.beginLlm('1', undefined, { name: 'm', category: 'llm', provider: 'p', operation: 'chat', api: 'framework' })!.requestDone()
      while (answers.length > 0) await client.chat.completions.create({ model: 'm', messages: [] }).catch(() => {})
      spans.end('1')
    })
    expectTree(profiler.lastTrace, `
      agent 0-0
        m llm 0-0
    `)
    expect(llms(profiler.lastTrace)[0]!.llm!.usage!.input!.total).toBe(10)
  })

  test('a model of a framework that asks a client twice made two calls, and both are paid', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    await profiler.run('agent', () => framework.ask('hi', { tries: 2 }))
    expect(llms(profiler.lastTrace).map(({ llm }) => llm!.usage!.input!.total)).toEqual([10, 10])
  })

  test('another call of the client meanwhile is another call', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const other = chatClient(profiler, [says('other')])
    await profiler.run('agent', () => Promise.all([
      framework.ask('the question of the framework'),
      other({ model: 'm', messages: [{ role: 'user', content: 'something else altogether' }] }),
    ]))
    expect(llms(profiler.lastTrace)).toHaveLength(2)
    expect(profiler.lastTrace!.spans.map(({ parentId }) => parentId === undefined ? 'root' : 'child')).toEqual(['root', 'child', 'child'])
  })

  test('a check that runs meanwhile is another call, also when the framework says nothing of its own', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const check = chatClient(profiler, [says('fine')])
    const ask = (): Promise<Answer> => check({ model: 'm', messages: [{ role: 'user', content: 'is this fine?' }] })
    await profiler.run('agent', () => Promise.all([framework.ask('hi', { tells: false }), profiler.span('check', ask)]))
    expectTree(profiler.lastTrace, `
      agent 0-0
        m llm 0-0
        check 0-0
          m llm 0-0
    `)
    expect(llms(profiler.lastTrace)).toHaveLength(2)
  })

  test('one whose call is known takes up no other, also when it says nothing of its own', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const other = chatClient(profiler, [says('other')])
    await profiler.run('agent', async () => {
      const { id, call } = framework.begin(undefined, undefined)
      await within(call!.span, () => other({ model: 'm', messages: [{ role: 'user', content: 'its own' }] }))
      const pending = other({ model: 'm', messages: [{ role: 'user', content: 'another one' }] })
      call!.requestDone()
      framework.spans.end(id)
      await pending
    })
    expect(llms(profiler.lastTrace)).toHaveLength(2)
  })

  test('in a run that is not sampled neither is recorded', async () => {
    const { profiler } = recorded({ sampleRate: 0 })
    const framework = new Framework(profiler)
    await profiler.run('agent', () => framework.ask('hi'))
    await framework.ask('outside')
    expect(profiler.traces).toEqual([])
    await profiler.run('later', async () => {}, { sample: true })
    expect(profiler.traces).toHaveLength(1)
  })

  test('a call that the client sends while the framework is told of it', async () => {
    const { profiler } = recorded()
    const spans = new CallbackSpans(profiler, 'otel')
    const client = {
      chat: {
        completions: {
          create: async (_request: object): Promise<Answer> => {
            spans.beginLlm('inner', undefined, { name: 'chat m', category: 'llm', provider: 'p', operation: 'chat', api: 'otel' })?.requestDone()
            await Promise.resolve()
            spans.end('inner')
            return says('hello')
          },
        },
      },
    }
    wrapOpenAI(client, { profiler })
    await profiler.run('agent', () => client.chat.completions.create({ model: 'm', messages: [] }))
    await client.chat.completions.create({ model: 'm', messages: [] })
    expect(profiler.traces.map(tree)).toEqual(['agent 0-0\n  m llm 0-0', 'm llm 0-0'])
  })

  test('the id of the answer tells at the end what nothing told before', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler, { answers: [{ ...says('hello'), id: 'resp_1' }] })
    const other = chatClient(profiler, [{ ...says('hello'), id: 'resp_1' }])
    await profiler.run('agent', async () => {
      const { id, call } = framework.begin(undefined, 'as the framework words it')
      await other({ model: 'x', messages: [{ role: 'user', content: 'as the client is told' }] })
      call!.draft.responseId = 'resp_1'
      framework.spans.end(id)
    })
    expect(llms(profiler.lastTrace)).toHaveLength(1)
    expect(profiler.lastTrace!.spans.map(({ category }) => category)).toEqual(['agent', 'internal', 'llm'])
  })

  test('three observers, one call', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const otel = new CallbackSpans(profiler, 'otel')
    await profiler.run('agent', async () => {
      otel.beginLlm('o', undefined, { name: 'chat m', category: 'llm', provider: 'p', operation: 'chat', api: 'otel' })?.requestDone()
      await within(otel.span('o')!, () => framework.ask('hi'))
      otel.end('o')
    })
    expectTree(profiler.lastTrace, `
      agent 0-0
        m llm 0-0
    `)
  })

  test('what is written to a file is the same', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const seen: string[] = []
    profiler.on('runStart', ({ name }) => seen.push(`start ${name}`))
    profiler.on('runEnd', ({ name }) => seen.push(`end ${name}`))
    await framework.ask('hi')
    await chatClient(profiler, [says('x')])({ model: 'solo', messages: [{ role: 'user', content: 'alone' }] })
    expect(seen).toEqual(['start m', 'end m', 'start solo', 'end solo'])
  })
})

describe('a framework runs a tool that is recorded as well', () => {
  const search = (profiler: Profiler) => profiler.tool('search', async ({ q }: { q: string }) => profiler.span(`inside ${q}`, async () => q))

  test('it is one tool, and what happens in it is below it', async () => {
    const { profiler } = recorded()
    const spans = new CallbackSpans(profiler, 'framework')
    const tool = search(profiler)
    await profiler.run('agent', () => Promise.all(['a', 'b', 'c'].map(async (q) => {
      spans.beginTool(q, undefined, { name: 'search', arguments: { q }, callId: `call_${q}` })
      await Promise.resolve()
      spans.toolGave(q, await tool({ q }))
      spans.end(q)
    })))
    expectTree(profiler.lastTrace, `
      agent 0-0
        search tool 0-0 for call_a
          inside a 0-0
        search tool 0-0 for call_b
          inside b 0-0
        search tool 0-0 for call_c
          inside c 0-0
    `)
  })

  test('whichever of the two begins first', async () => {
    const { profiler } = recorded()
    const spans = new CallbackSpans(profiler, 'framework')
    const tool = profiler.tool('search', async (q: string) => {
      spans.beginTool('t', undefined, { name: 'search', arguments: q, attributes: { 'mcp.method.name': 'tools/call' } })
      spans.end('t')
    })
    await profiler.run('agent', () => tool('x'))
    expectTree(profiler.lastTrace, `
      agent 0-0
        search tool 0-0
    `)
    expect(profiler.lastTrace!.spans[1]!.attributes).toEqual({ 'mcp.method.name': 'tools/call' })
  })

  test('a tool that calls itself is two', async () => {
    const { profiler } = recorded()
    const spans = new CallbackSpans(profiler, 'framework')
    const tool: (n: number) => Promise<number> = profiler.tool('count', async (n: number) => (n === 0 ? 0 : tool(n - 1)))
    spans.beginTool('t', undefined, { name: 'count', arguments: '1' })
    await tool(1)
    spans.end('t')
    expectTree(profiler.lastTrace, `
      count tool 0-0
        count tool 0-0
    `)
  })
})

describe('spans told in callbacks', () => {
  test('a tree by ids; a parent that was never told is the current span', () => {
    const { profiler, clock } = recorded()
    const spans = new CallbackSpans(profiler, 'framework')
    spans.begin('1', undefined, 'graph', 'agent')
    spans.begin('2', '1', 'node', 'internal')
    clock.pass(2)
    spans.begin('3', '2', 'inner', 'internal')
    clock.pass(3)
    spans.end('3', outcomeOf(new RangeError('no')))
    spans.end('2')
    spans.end('2')
    spans.end('never')
    spans.end('1')
    spans.begin('9', '3', 'late', 'internal')
    spans.end('9')
    expect(profiler.traces.map(tree)).toEqual(['graph 0-5\n  node 0-5\n    inner 2-5 failed RangeError: no', 'late 0-0'])
  })

  test('one whose beginning is told late began when it did, but not before what it is below', () => {
    const { profiler, clock } = recorded()
    const spans = new CallbackSpans(profiler, 'framework')
    clock.pass(100)
    spans.begin('a', undefined, 'request', 'internal', { startedMs: profiler.now() - 60 })
    clock.pass(10)
    spans.begin('b', 'a', 'now', 'tool')
    spans.begin('c', 'a', 'late', 'tool', { startedMs: profiler.now() - 30 })
    spans.begin('d', 'a', 'too early', 'tool', { startedMs: profiler.now() - 1_000 })
    for (const id of ['d', 'c', 'b', 'a']) spans.end(id)
    expectTree(profiler.lastTrace, `
      request 0-70
        too early tool 0-70
        late tool 40-70
        now tool 70-70
    `)
  })

  test('what is below a run that is not sampled is not recorded; what comes after is', () => {
    const { profiler } = recorded({ sampleRate: 0.5, random: dice(0.9, 0.1) })
    const spans = new CallbackSpans(profiler, 'framework')
    const agent = (id: string): void => {
      spans.begin(id, undefined, `graph ${id}`, 'agent')
      spans.begin(`${id}.1`, id, 'node', 'internal')
      profiler.span('contextless', () => {})
      spans.end(`${id}.1`)
      spans.end(id)
    }
    agent('a')
    agent('b')
    expect(profiler.traces.map(({ name }) => name)).toEqual(['contextless', 'graph b'])
  })

  test('what is too deep is left out and counted', () => {
    const { profiler } = recorded()
    const spans = new CallbackSpans(profiler, 'framework')
    spans.begin('1', undefined, 'graph', 'agent', { maxDepth: 1 })
    for (let i = 2; i <= 5; i++) spans.begin(String(i), String(i - 1), `node ${i}`, 'internal')
    for (let i = 5; i >= 1; i--) spans.end(String(i))
    expectTree(profiler.lastTrace, `
      graph 0-0
        node 2 0-0
    `)
    expect(profiler.lastTrace!.dropped.spans).toBe(3)
  })

  test('a callback that never tells the end of ten thousand spans keeps a bounded number of them', () => {
    const { profiler } = recorded({ maxTraces: 1 })
    const spans = new CallbackSpans(profiler, 'framework')
    for (let i = 0; i < 30_000; i++) spans.begin(`id${i}`, undefined, 'x', 'agent')
    expect(spans.span('id0')).toBeUndefined()
    expect(spans.span('id29999')).toBeDefined()
  })
})

const dice = (...rolls: number[]) => (): number => rolls.shift() ?? 0
