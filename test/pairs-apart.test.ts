import { describe, expect, test } from 'vitest'
import { wrapOpenAI } from 'spanwise/openai'
import { within } from '../src/kit.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'
import { Framework, inputTokens, llmSpans, provider, recordedIds } from './support/simulated.ts'

/** What two observers see at the same time, and is not the same; and what is, though it does not look so. */

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

describe('two calls that look alike are two', () => {
  test('one question to two models, of which only one client is recorded, whichever begins first', async () => {
    for (const isFirst of [true, false]) {
      const { profiler } = recorded()
      const framework = new Framework(profiler)
      const { client, given } = provider()
      const work = [() => framework.ask(client(), 'the question', { model: 'claude' }), () => client(profiler)('gpt', 'the question')]
      await profiler.run('agent', () => Promise.all((isFirst ? work : work.reverse()).map((one) => one())))
      expect(llmSpans(profiler.traces).map(({ name }) => name).sort()).toEqual(['claude', 'gpt'])
      expect(recordedIds(profiler.traces)).toEqual(given.toSorted())
      expect(inputTokens(profiler.traces)).toBe(3)
    }
  })

  test('one question to two models through one framework, where the second is faster', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const ask = provider().client(profiler)
    await profiler.run('agent', () => Promise.all([
      profiler.span('a', () => framework.ask(ask, 'the question', { model: 'a', pause: turn })),
      profiler.span('b', () => framework.ask(ask, 'the question', { model: 'b' })),
    ]))
    expectTree(profiler.lastTrace, `
      agent 0-0
        a 0-0
          a llm 0-0
        b 0-0
          b llm 0-0
    `)
  })

  test('the same question in another branch of the run, such as a check', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const ask = provider().client(profiler)
    await profiler.run('agent', () => Promise.all([framework.ask(ask, 'the question', { pause: turn }), profiler.span('check', () => ask('m', 'the question'))]))
    expectTree(profiler.lastTrace, `
      agent 0-0
        m llm 0-0
        check 0-0
          m llm 0-0
    `)
    expect(inputTokens(profiler.traces)).toBe(3)
  })

  test('what was taken for one has two answers: both are counted, where they were made', async () => {
    for (const tells of [true, false]) {
      const { profiler } = recorded()
      const framework = new Framework(profiler)
      const { client, given } = provider()
      const { id, call } = framework.begin('the question', { tells })
      const bare = client()
      const other = client(profiler)('m', 'the question')
      framework.tellAnswer(call, await bare('m', 'the question'))
      await other
      framework.spans.end(id)
      expect(profiler.traces.map(tree)).toEqual(['m llm 0-0', 'm llm 0-0'])
      expect(recordedIds(profiler.traces)).toEqual(given.toSorted())
    }
  })

  test('the same, where the client ends last, and in one run', async () => {
    const { profiler } = recorded({ content: 'full' })
    const framework = new Framework(profiler)
    const { client, given } = provider({ pause: turn })
    await profiler.run('agent', async () => {
      const { id, call } = framework.begin('the question')
      const bare = client()('m', 'the question')
      const other = client(profiler)('m', 'the question')
      framework.tellAnswer(call, await bare)
      framework.spans.end(id)
      await other
    })
    expectTree(profiler.lastTrace, `
      agent 0-0
        m llm 0-0
        m llm 0-0
    `)
    expect(recordedIds(profiler.traces)).toEqual(given.toSorted())
    expect(llmSpans(profiler.traces).map(({ llm }) => llm!.requestParts)).toEqual([[0], [0]])
  })

  test('answers of a server that gives all of them one id', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const { client } = provider({ idOf: () => 'chatcmpl-500' })
    await profiler.run('agent', async () => {
      await client(profiler)('a', 'one')
      await framework.ask(client(), 'two', { model: 'b' })
    })
    expect(llmSpans(profiler.traces).map(({ name }) => name)).toEqual(['a', 'b'])
  })
})

describe('what is asked inside of a call', () => {
  test.each([true, false])('another question to another model, before its own (its client is recorded: %s)', async (isRecorded) => {
    for (const inRun of [true, false]) {
      const { profiler } = recorded()
      const framework = new Framework(profiler)
      const { client, given } = provider()
      const rewrite = client(profiler)
      const ask = (): Promise<unknown> =>
        framework.ask(client(isRecorded ? profiler : undefined), 'the question', { enters: true, before: () => rewrite('small', 'what is asked here?') })
      await (inRun ? profiler.run('agent', ask) : ask())
      expect(tree(profiler.lastTrace).split('\n').map((line) => line.trim()).slice(inRun ? 1 : 0)).toEqual(['m 0-0', 'small llm 0-0', 'm llm 0-0'])
      expect(recordedIds(profiler.traces)).toEqual(given)
      expect(inputTokens(profiler.traces)).toBe(3)
    }
  })

  test('a model that asks twice has made two calls', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const { client, given } = provider()
    const ask = client(profiler)
    await profiler.run('agent', () => framework.ask(ask, 'the question', { enters: true, before: () => ask('m', 'the question') }))
    expectTree(profiler.lastTrace, `
      agent 0-0
        m 0-0
          m llm 0-0
          m llm 0-0
    `)
    expect(recordedIds(profiler.traces)).toEqual(given)
    expect(inputTokens(profiler.traces)).toBe(3)
  })

  test('a router by another name, in other words, makes one call: that of its client', async () => {
    for (const usage of ['the same', 'none']) {
      const { profiler } = recorded()
      const framework = new Framework(profiler)
      const ask = provider().client(profiler)
      await profiler.run('agent', async () => {
        const { id, call } = framework.begin('the question', { model: 'router' })
        const reply = await within(call!.around, () => ask('m', 'as the router words it'))
        if (usage === 'the same') framework.tellAnswer(call, { ...reply, id: 'router_1' })
        framework.spans.end(id)
      })
      expectTree(profiler.lastTrace, `
        agent 0-0
          router 0-0
            m llm 0-0
      `)
      expect(inputTokens(profiler.traces)).toBe(1)
    }
  })

  test('what its tools ask is work of their own', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const ask = provider().client(profiler)
    const tool = profiler.tool('research', () => ask('m', 'the question'))
    await profiler.run('agent', () => framework.ask(ask, 'the question', { enters: true, before: tool }))
    expectTree(profiler.lastTrace, `
      agent 0-0
        m llm 0-0
          research tool 0-0
            m llm 0-0
    `)
    expect(inputTokens(profiler.traces)).toBe(3)
  })

  test('an embedding, as of what is looked up for the question', async () => {
    const { profiler } = recorded()
    const framework = new Framework(profiler)
    const { client, given } = provider()
    const create = async (): Promise<object> => ({ object: 'list', data: [], model: 'e', usage: { prompt_tokens: 7, total_tokens: 7 } })
    const embeddings = wrapOpenAI({ embeddings: { create } }, { profiler })
    const before = (): Promise<unknown> => (embeddings.embeddings.create as (body: object) => Promise<unknown>)({ model: 'e', input: 'the question' })
    for (const isRecorded of [true, false]) {
      await profiler.run('agent', () => framework.ask(client(isRecorded ? profiler : undefined), 'the question', { enters: true, before }))
      expectTree(profiler.lastTrace, `
        agent 0-0
          m 0-0
            e embedding 0-0
            m llm 0-0
      `)
    }
    expect(inputTokens(profiler.traces)).toBe(7 + 1 + 7 + 2)
    expect(given).toHaveLength(2)
  })

  test('one client that is built on another', async () => {
    const { profiler } = recorded()
    const inner = provider().client(profiler)
    const create = ({ model, messages }: { model: string; messages: { content: string }[] }) => inner(model, messages[0]!.content)
    const outer = wrapOpenAI({ chat: { completions: { create } } }, { profiler })
    const request = { model: 'm', messages: [{ role: 'user', content: 'hi' }] }
    await outer.chat.completions.create(request)
    await new Framework(profiler).ask(() => outer.chat.completions.create(request), 'hi')
    expect(profiler.traces.map(tree)).toEqual(['m llm 0-0', 'm llm 0-0'])
    expect(inputTokens(profiler.traces)).toBe(3)
  })
})
