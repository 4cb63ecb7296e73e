import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import { wrapOpenAI } from 'spanwise/openai'
import type { Part, Trace } from 'spanwise'
import { textOf } from '../src/model/transient.ts'
import { asks, chatClient, says, type Message } from './support/chat-client.ts'
import { expectTree, recorded, withoutHashes } from './support/recorded.ts'

const CANARY = 'canary-5f1c'
const user = (content: string): Message => ({ role: 'user', content })
const partsOf = (trace: Trace | undefined, call: number): Part[] =>
  trace!.spans.filter(({ llm }) => llm !== undefined)[call]!.llm!.requestParts!.map((index) => trace!.parts[index]!)

async function talk(content: 'none' | 'full'): Promise<Trace> {
  const { profiler } = recorded({ content })
  const chat = chatClient(profiler, [asks(['search', `{"q":"${CANARY}"}`, 'call_1']), says(`${CANARY} found`)])
  const search = profiler.tool('search', async ({ q }: { q: string }) => `${q} result`)
  await profiler.run('agent', async () => {
    const messages: Message[] = [{ role: 'system', content: `${CANARY} system` }, user(`${CANARY} question`)]
    const tools = [{ type: 'function', function: { name: 'search', description: `${CANARY} description` } }]
    const first = await chat({ model: 'm', messages, tools })
    const { message } = first.choices[0]!
    const result = await search({ q: CANARY })
    messages.push(message, { role: 'tool', tool_call_id: 'call_1', content: result })
    await chat({ model: 'm', messages, tools })
  })
  await profiler.flush()
  return profiler.lastTrace!
}

describe('content', () => {
  test('none records sizes, hashes and ids, and no text', async () => {
    const trace = await talk('none')
    expect(JSON.stringify(trace)).not.toContain(CANARY)
    expect(trace.parts.map(({ kind, chars, name, callId }) => [kind, chars, name, callId])).toEqual([
      ['tool-definition', expect.any(Number), 'search', undefined],
      ['system', `${CANARY} system`.length, undefined, undefined],
      ['user', `${CANARY} question`.length, undefined, undefined],
      ['tool-call', `{"q":"${CANARY}"}`.length, 'search', 'call_1'],
      ['tool-result', `${CANARY} result`.length, undefined, 'call_1'],
      ['assistant', `${CANARY} found`.length, undefined, undefined],
    ])
    for (const { hash } of trace.parts) expect(hash).toMatch(/^[0-9a-f]{16}$/)
    for (let i = 0; i < trace.parts.length; i++) expect(textOf(trace, i)).toBeUndefined()
  })

  test('full records every text, the same hashes with it', async () => {
    const [none, full] = [await talk('none'), await talk('full')]
    expect(full.parts.map(({ text }) => text)).toEqual([
      expect.stringContaining(`${CANARY} description`), `${CANARY} system`, `${CANARY} question`, `{"q":"${CANARY}"}`, `${CANARY} result`,
      `${CANARY} found`,
    ])
    expect(full.parts.map(({ text: _text, ...part }) => part)).toEqual(none.parts)
    const [asking] = full.spans.flatMap(({ llm }) => llm?.toolCalls ?? [])
    expect(asking).toEqual({ id: 'call_1', name: 'search', argumentsChars: 19, arguments: `{"q":"${CANARY}"}` })
  })

  test("full records a tool's arguments and result, none does not", async () => {
    const toolOf = (trace: Trace): unknown => withoutHashes(trace.spans.find(({ tool }) => tool !== undefined)!.tool!)
    const linked = { name: 'search', callId: 'call_1', issuedBy: expect.any(String) }
    expect(toolOf(await talk('full'))).toEqual({ ...linked, arguments: `{"q":"${CANARY}"}`, result: `${CANARY} result` })
    expect(toolOf(await talk('none'))).toEqual(linked)
  })

  test('texts past the limit are left out and counted', async () => {
    const { profiler } = recorded({ content: 'full', limits: { maxContentChars: 12 } })
    const chat = chatClient(profiler, [says('wxyz')])
    await chat({ model: 'm', messages: [user('0123456789'), user('abcdef')] })
    const { parts, dropped } = profiler.lastTrace!
    expect(parts.map(({ chars, text }) => [chars, text])).toEqual([[10, '0123456789'], [6, undefined], [4, undefined]])
    expect(dropped.contentChars).toBe(10)
  })

  test('parts past the limit are left out and counted', async () => {
    const { profiler } = recorded({ limits: { maxPartsPerRun: 2 } })
    const chat = chatClient(profiler, [says('wxyz')])
    await chat({ model: 'm', messages: [user('a'), user('b'), user('c'), user('a')] })
    const { parts, dropped, spans } = profiler.lastTrace!
    expect(parts).toHaveLength(2)
    expect(dropped.parts).toBe(2)
    expect(spans[0]!.llm!.requestParts).toEqual([0, 1, 0])
  })

  test('texts that local counting needs are lent, and in no copy of the trace', async () => {
    const { profiler } = recorded()
    const chat = chatClient(profiler, [{ choices: [{ message: { role: 'assistant', content: `${CANARY} answer` } }] }])
    await chat({ model: 'm', messages: [user(`${CANARY} question`)] })
    await profiler.flush()
    const trace = profiler.lastTrace!
    expect([textOf(trace, 0), textOf(trace, 1)]).toEqual([`${CANARY} question`, `${CANARY} answer`])
    expect(JSON.stringify(trace)).not.toContain(CANARY)
    expect(JSON.stringify({ ...trace })).not.toContain(CANARY)
    expect(textOf({ ...trace }, 0)).toBeUndefined()
  })

  test('texts that nobody needs are forgotten when the process is idle', async () => {
    setFlagsFromString('--expose-gc')
    const gc = runInNewContext('gc') as () => void
    const { profiler } = recorded()
    const heap = (): number => {
      gc()
      return process.memoryUsage().heapUsed
    }
    const chat = chatClient(profiler, [says('fine')])
    await chat({ model: 'm', messages: [user('warm')] })
    const before = heap()
    for (let i = 0; i < 4; i++) await chat({ model: 'm', messages: [user(Buffer.alloc(8_000_000, `text ${i} `).toString('latin1'))] })
    for (let i = 0; i < 20; i++) await new Promise((resolve) => { setImmediate(resolve) })
    expect(heap() - before).toBeLessThan(4_000_000)
    expect(profiler.lastTrace!.parts[0]!.chars).toBe(8_000_000)
  })
})

describe('values of any shape', () => {
  const cyclic: Record<string, unknown> = { a: 1n, b: Symbol('s'), c: () => {} }
  cyclic['self'] = cyclic
  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  let deep: unknown = 1
  for (let i = 0; i < 10_000; i++) deep = [deep]
  const refuse = (): never => { throw new Error('trap') }
  const values: Record<string, unknown> = {
    cyclic,
    deep,
    'a revoked proxy': revoked.proxy,
    'a proxy that refuses': new Proxy({}, { get: refuse, ownKeys: refuse, getPrototypeOf: refuse, has: refuse }),
    'a getter that throws': Object.defineProperty({}, 'x', { get: refuse, enumerable: true }),
    'toJSON that throws': { toJSON: refuse },
    'a then that throws when read': Object.defineProperty({}, 'then', { get: refuse }),
    'a text of 50 MB': 'x'.repeat(50_000_000),
    'a hundred thousand keys': Object.fromEntries(Array.from({ length: 100_000 }, (_, key) => [`k${key}`, key])),
    'a big buffer': new Uint8Array(20_000_000),
    'no prototype': Object.create(null),
    'an invalid date': new Date(Number.NaN),
    undefined: undefined,
  }
  test.each(Object.keys(values))('%s as argument, result and error', (name) => {
    const value = values[name]
    const { profiler } = recorded({ content: 'full' })
    const run = (): void => {
      profiler.tool('tool', (given: unknown) => {
        expect(Object.is(given, value)).toBe(true)
        return value
      })(value)
      profiler.span('step', (span) => {
        span.set({ value })
        span.end(value)
      }, { attributes: { value } })
      let caught: unknown
      try {
        profiler.span('step', () => { throw value })
      } catch (error) {
        caught = error
      }
      expect(Object.is(caught, value)).toBe(true)
    }
    run()
    const before = performance.now()
    profiler.run('agent', run)
    expect(performance.now() - before).toBeLessThan(500)
    const { spans } = profiler.lastTrace!
    expect(spans).toHaveLength(4)
    expect(JSON.stringify(spans).length).toBeLessThan(300_000)
  })
})

describe('parts', () => {
  test('each is kept once, however often it is sent', async () => {
    const { profiler } = recorded()
    const chat = chatClient(profiler, [says('fine')])
    await profiler.run('agent', async () => {
      const messages: Message[] = []
      for (let turn = 0; turn < 20; turn++) {
        messages.push(user(`question ${turn}`))
        messages.push((await chat({ model: 'm', messages })).choices[0]!.message)
      }
    })
    const trace = profiler.lastTrace!
    expect(trace.parts).toHaveLength(21)
    expect(partsOf(trace, 19)).toHaveLength(39)
    expect(partsOf(trace, 19).map(({ kind }) => kind).slice(0, 4)).toEqual(['user', 'assistant', 'user', 'assistant'])
  })

  test('copies of a history are known by what they say', async () => {
    const { profiler } = recorded()
    const chat = chatClient(profiler, [says('fine')])
    await profiler.run('agent', async () => {
      const messages = [user('a'), user('b')]
      await chat({ model: 'm', messages })
      await chat({ model: 'm', messages: structuredClone(messages) })
    })
    const [first, second] = profiler.lastTrace!.spans.slice(1).map(({ llm }) => llm!.requestParts)
    expect(second).toEqual(first)
  })

  test.each<[string, (message: Record<string, unknown>) => void]>([
    ['its text', (message) => { message['content'] = 'bb' }],
    ['a member more', (message) => { message['tool_call_id'] = 'x' }],
    ['its role', (message) => { message['role'] = 'system' }],
    ['its text by blocks of the same number', (message) => { message['content'] = [{ type: 'text', text: 'bb' }] }],
  ])('an object that is changed between two calls is read again: %s', async (_what, change) => {
    const { profiler } = recorded()
    const chat = chatClient(profiler, [says('fine')])
    await profiler.run('agent', async () => {
      const message = { role: 'tool', content: 'aa' }
      await chat({ model: 'm', messages: [message] })
      change(message)
      await chat({ model: 'm', messages: [message] })
    })
    const [first, second] = [0, 1].map((call) => partsOf(profiler.lastTrace, call)[0]!)
    expect(second!.hash).not.toBe(first!.hash)
  })

  test('a block deep inside that is changed is seen', async () => {
    const { profiler } = recorded({ content: 'full' })
    const chat = chatClient(profiler, [says('fine')])
    await profiler.run('agent', async () => {
      const blocks = [{ type: 'text', text: 'one' }, { type: 'text', text: 'two' }]
      const message = { role: 'user', content: blocks } as unknown as Message
      await chat({ model: 'm', messages: [message] })
      blocks[1]!.text = 'six'
      await chat({ model: 'm', messages: [message] })
    })
    expect([0, 1].map((call) => partsOf(profiler.lastTrace, call).map(({ text }) => text))).toEqual([['one', 'two'], ['one', 'six']])
  })

  test('what was sent is what was recorded, even when it is changed afterwards', async () => {
    const { profiler } = recorded({ content: 'full' })
    const chat = chatClient(profiler, [says('fine')])
    const messages = [user('before')]
    await chat({ model: 'm', messages })
    messages[0]!.content = 'after'
    messages.push(user('more'))
    expect(partsOf(profiler.lastTrace, 0).map(({ text }) => text)).toEqual(['before'])
  })

  test('equal parts have equal hashes in every run and profiler', async () => {
    const hashes = await Promise.all([1, 2].map(async () => {
      const { profiler } = recorded()
      await chatClient(profiler, [says('fine')])({ model: 'm', messages: [user('hello')] })
      return profiler.lastTrace!.parts.map(({ hash }) => hash)
    }))
    expect(hashes[0]).toEqual(hashes[1])
  })
})

describe('tool calls', () => {
  const weather = ({ city }: { city: string }): string => city
  type Call = readonly [name: string, args: string, id?: string]

  async function run(calls: readonly Call[], act: (tools: { weather: typeof weather; spread: (a: number, b: number) => number }) => unknown): Promise<Trace> {
    const { profiler } = recorded()
    const chat = chatClient(profiler, [asks(...calls)])
    const tools = { weather: profiler.tool('weather', weather), spread: profiler.tool('spread', (a: number, b: number) => a + b) }
    await profiler.run('agent', async () => {
      await chat({ model: 'm', messages: [user('hi')] })
      await act(tools)
    })
    return profiler.lastTrace!
  }
  const idsOf = (trace: Trace): (string | undefined)[] => trace.spans.flatMap(({ tool }) => (tool === undefined ? [] : [tool.callId]))

  test('one pending call of the name is the one', async () => {
    const trace = await run([['weather', '{"city":"Bonn"}', 'call_1'], ['other', '{}', 'call_2']], (tools) => tools.weather({ city: 'elsewhere' }))
    expectTree(trace, `
      agent 0-0
        m llm 0-0
        weather tool 0-0 for call_1
    `)
    expect(trace.spans[2]!.tool!.issuedBy).toBe(trace.spans[1]!.id)
  })

  test('of several of one name it is the one with the same arguments, in any order of keys', async () => {
    const trace = await run([['weather', '{"city":"Bonn","unit":"C"}', 'b'], ['weather', '{"city":"Rome","unit":"C"}', 'r']], (tools) => {
      tools.weather({ unit: 'C', city: 'Rome' } as { city: string })
      tools.weather({ city: 'Bonn', unit: 'C' } as { city: string })
    })
    expect(idsOf(trace)).toEqual(['r', 'b'])
  })

  test('arguments as text, and spread over parameters', async () => {
    const asText = await run([['weather', '{"city":"A"}', 'a'], ['weather', '{"city":"B"}', 'b']], (tools) => tools.weather('{"city":"B"}' as never))
    expect(idsOf(asText)).toEqual(['b'])
    const spread = await run([['spread', '{"a":1,"b":2}', '12'], ['spread', '{"a":3,"b":4}', '34']], (tools) => tools.spread(3, 4))
    expect(idsOf(spread)).toEqual(['34'])
  })

  test('without equal arguments none is claimed', async () => {
    const trace = await run([['weather', '{"city":"A"}', 'a'], ['weather', '{"city":"B"}', 'b']], (tools) => tools.weather({ city: 'C' }))
    expect(idsOf(trace)).toEqual([undefined])
    expect(withoutHashes(trace.spans[2]!.tool!)).toEqual({ name: 'weather' })
  })

  test('a call is answered once', async () => {
    const trace = await run([['weather', '{"city":"A"}', 'a']], (tools) => [tools.weather({ city: 'A' }), tools.weather({ city: 'A' })])
    expect(idsOf(trace)).toEqual(['a', undefined])
  })

  test('equal calls are answered in their order', async () => {
    const same: Call[] = [['weather', '{"city":"A"}', '1'], ['weather', '{"city":"A"}', '2']]
    expect(idsOf(await run(same, (tools) => [tools.weather({ city: 'A' }), tools.weather({ city: 'A' })]))).toEqual(['1', '2'])
  })

  test('a call without an id still tells which answer issued it', async () => {
    const trace = await run([['weather', '{"city":"A"}']], (tools) => tools.weather({ city: 'A' }))
    expect(withoutHashes(trace.spans[2]!.tool!)).toEqual({ name: 'weather', issuedBy: trace.spans[1]!.id })
  })

  test('arguments that are no JSON, or cannot be made JSON, harm nobody', async () => {
    const cyclic = { city: 'A', self: undefined as unknown }
    cyclic.self = cyclic
    const trace = await run([['weather', '{"city', 'a'], ['weather', '{"city":"B"}', 'b']], (tools) => [tools.weather(cyclic), tools.weather({ city: 'B' })])
    expect(idsOf(trace)).toEqual([undefined, 'b'])
    expect(trace.selfErrors).toBe(0)
  })

  test('runs do not take each other’s calls', async () => {
    const { profiler } = recorded()
    const chat = chatClient(profiler, [asks(['weather', '{"city":"A"}', 'a']), asks(['weather', '{"city":"A"}', 'b'])])
    const tool = profiler.tool('weather', weather)
    const agent = (): Promise<string> => profiler.run('agent', async () => {
      await chat({ model: 'm', messages: [user('hi')] })
      return tool({ city: 'A' })
    })
    await Promise.all([agent(), agent()])
    expect(profiler.traces.map(idsOf)).toEqual([['a'], ['b']])
  })
})

describe('what is recorded of a client', () => {
  test('the request and the answer are left as they were', async () => {
    const { profiler } = recorded({ content: 'full' })
    const answer = says('fine')
    const request = { model: 'm', messages: [Object.freeze(user('hi'))] as const }
    let received: unknown
    const client = wrapOpenAI({ chat: { completions: { create: async (given: unknown) => { received = given; return answer } } } }, { profiler })
    const before = JSON.stringify([request, answer])
    expect(await client.chat.completions.create(request)).toBe(answer)
    expect(received).toBe(request)
    expect(JSON.stringify([request, answer])).toBe(before)
  })
})
