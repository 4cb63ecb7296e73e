import OpenAI from 'openai'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { analyze, type Profiler, type ProfilerOptions, type Span, type Trace } from 'spanwise'
import { spanwiseMiddleware, spanwiseTelemetry } from 'spanwise/ai-sdk'
import { wrapOpenAI } from 'spanwise/openai'
import { z } from 'zod'
import { lanes, type Lane, type Model } from './ai-sdk/lanes.ts'
import { checkAnalysis } from './laws.ts'
import { answer, type Said } from './support/openai-answers.ts'
import { errorReply } from './conformance/openai/answers.ts'
import { startProviderServer, type Asked, type ProviderServer, type Reply, type Session } from './support/provider-server.ts'
import { expectTree, recorded, tree, withoutHashes } from './support/recorded.ts'

let server: ProviderServer
beforeAll(async () => void (server = await startProviderServer()))
afterAll(() => server.close())

interface Desk {
  readonly lane: Lane
  readonly profiler: Profiler
  readonly session: Session
  /** A model of the lane's OpenAI provider, watched as the setting says. */
  model(id?: string): Model
  readonly telemetry: object
}

interface Setting {
  readonly telemetry: boolean
  readonly middleware: boolean
}

const SETTINGS: readonly Setting[] = [
  { telemetry: true, middleware: false }, { telemetry: false, middleware: true }, { telemetry: true, middleware: true },
]
const combinations = lanes.flatMap((lane) => SETTINGS.map((setting) => ({ lane, ...setting, version: lane.version })))

function desk(lane: Lane, { telemetry, middleware }: Setting, options?: ProfilerOptions): Desk {
  const { profiler } = recorded(options)
  const session = server.session()
  const openai = lane.openai(session.url)
  return {
    lane, profiler, session,
    model: (id = 'gpt-4o-mini') => middleware ? lane.ai.wrapLanguageModel({ model: openai.chat(id), middleware: spanwiseMiddleware({ profiler }) }) as Model : openai.chat(id),
    telemetry: telemetry ? { [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: spanwiseTelemetry({ profiler }) } : {},
  }
}

const chat = (said: Said, stream = false): Reply => answer({ api: 'chat', stream }, said)
const llms = (traces: readonly Trace[]): readonly Span[] => traces.flatMap(({ spans }) => spans.filter(({ llm }) => llm !== undefined))
const inputTokens = (traces: readonly Trace[]): number =>
  traces.reduce((sum, trace) => sum + analyze(trace).totals.usage.input.total, 0)

/** Streams of versions 5 and 6 give their last text before their operation is over. */
const ended = (profiler: Profiler, runs = 1): Promise<void> => vi.waitFor(() => expect(profiler.traces).toHaveLength(runs))

describe.each(combinations)('ai $version, telemetry: $telemetry, middleware: $middleware', ({ lane, ...setting }) => {
  const { ai } = lane
  /** With telemetry the SDK's operation stands around each call. */
  const operation = setting.telemetry ? 'agent' : undefined

  test.each([{ stream: false }, { stream: true }])('ten calls at once in one run, stream: $stream', async ({ stream }) => {
    const { profiler, session, model, telemetry } = desk(lane, setting)
    session.reply(...Array.from({ length: 10 }, () => (asked: Asked) => chat({ text: asked.body.includes('same') ? 'yes' : 'no' }, stream)))
    const ask = async (i: number): Promise<string> => {
      const prompt = i % 2 === 0 ? 'same' : `question ${i}`
      if (!stream) return (await ai.generateText({ model: model(), prompt, ...telemetry })).text
      return ai.streamText({ model: model(), prompt, ...telemetry }).text
    }
    const texts = await profiler.run('agent', () => Promise.all(Array.from({ length: 10 }, (_, i) => profiler.span(`work ${i}`, () => ask(i)))))
    expect(texts).toEqual(Array.from({ length: 10 }, (_, i) => (i % 2 === 0 ? 'yes' : 'no')))
    expect(profiler.traces).toHaveLength(1)
    const { spans } = profiler.lastTrace!
    expect(llms(profiler.traces)).toHaveLength(10)
    expect(inputTokens(profiler.traces)).toBe(100)
    for (let i = 0; i < 10; i++) {
      const work = spans.find(({ name }) => name === `work ${i}`)!
      const parent = operation === undefined ? work : spans.find(({ parentId, category }) => parentId === work.id && category === operation)!
      expect(spans.filter(({ parentId, llm }) => parentId === parent.id && llm !== undefined)).toHaveLength(1)
    }
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('calls outside any run are runs of their own', async () => {
    const { profiler, session, model, telemetry } = desk(lane, setting)
    session.reply(chat({ text: 'a' }), errorReply(429, 'busy', { 'retry-after-ms': '1' }), chat({ text: 'b' }, true))
    await ai.generateText({ model: model(), prompt: 'one', ...telemetry })
    const result = ai.streamText({ model: model(), prompt: 'two', ...telemetry })
    expect(await result.text).toBe('b')
    // The middleware alone sees the second request as a call of its own.
    await ended(profiler, setting.telemetry ? 2 : 3)
    expect(llms(profiler.traces).map(({ outcome }) => outcome.state)).toEqual(setting.telemetry ? ['ok', 'ok'] : ['ok', 'failed', 'ok'])
    expect(inputTokens(profiler.traces)).toBe(20)
  })

  test('in a run that is not sampled nothing is recorded, and everything after it is', async () => {
    const { profiler, session, model, telemetry } = desk(lane, setting)
    session.reply(chat({ text: 'a' }), chat({ text: 'b' }, true), chat({ text: 'c' }))
    await profiler.run('agent', async () => {
      await ai.generateText({ model: model(), prompt: 'one', ...telemetry })
      await ai.streamText({ model: model(), prompt: 'two', ...telemetry }).text
    }, { sample: 0 })
    expect(profiler.traces).toEqual([])
    await ai.generateText({ model: model(), prompt: 'three', ...telemetry })
    expect(llms(profiler.traces)).toHaveLength(1)
  })

  test('operations that are not sampled are over with their end', async () => {
    const dice = [0.9, 0.9, 0.9, 0.1]
    const { profiler, session, model, telemetry } = desk(lane, setting, { sampleRate: 0.5, random: () => dice.shift()! })
    session.reply(chat({ text: 'a' }), chat({ text: 'b' }, true), errorReply(400, 'wrong'), chat({ text: 'c' }))
    await ai.generateText({ model: model(), prompt: 'one', ...telemetry })
    await ai.streamText({ model: model(), prompt: 'two', ...telemetry }).text
    await expect(ai.generateText({ model: model(), prompt: 'three', ...telemetry })).rejects.toThrow('wrong')
    expect(profiler.traces).toEqual([])
    await ai.generateText({ model: model(), prompt: 'four', ...telemetry })
    expect(llms(profiler.traces)).toHaveLength(1)
  })

  test('a model that asks a wrapped client is one call', async () => {
    const { profiler, session, telemetry } = desk(lane, setting)
    const client = wrapOpenAI(new OpenAI({ apiKey: 'test', baseURL: session.url, maxRetries: 0 }), { profiler })
    session.reply(chat({ text: 'a' }), chat({ text: 'bc' }, true))
    const watched = setting.middleware
      ? ai.wrapLanguageModel({ model: clientModel(lane, client), middleware: spanwiseMiddleware({ profiler }) }) as Model
      : clientModel(lane, client)
    const whole = await ai.generateText({ model: watched, prompt: 'one', ...telemetry })
    const streamed = await ai.streamText({ model: watched, prompt: 'two', ...telemetry }).text
    expect([whole.text, streamed]).toEqual(['a', 'bc'])
    await ended(profiler, 2)
    expect(llms(profiler.traces)).toHaveLength(2)
    expect(inputTokens(profiler.traces)).toBe(20)
    // What only the client sees.
    expect(llms(profiler.traces).map(({ llm }) => llm!.attempts!.map(({ status }) => status))).toEqual([[200], [200]])
    expect(llms(profiler.traces).map(({ llm }) => llm!.responseModel)).toEqual(['gpt-4o-mini-2024-07-18', 'gpt-4o-mini-2024-07-18'])
  })
})

/** A model that somebody wrote himself, on top of a client. */
function clientModel({ usage, finishReason, Model }: Lane, client: OpenAI): Model {
  const ask = { model: 'gpt-4o-mini', messages: [{ role: 'user' as const, content: 'what the model makes of it' }] }
  const end = { finishReason: finishReason('stop', 'stop'), usage: usage(10, 4, 5, 0) }
  return new Model({
    provider: 'openai.chat', modelId: 'gpt-4o-mini',
    doGenerate: async () => {
      const { choices } = await client.chat.completions.create(ask)
      return { content: [{ type: 'text', text: choices[0]!.message.content }], warnings: [], ...end }
    },
    doStream: async () => {
      const chunks = await client.chat.completions.create({ ...ask, stream: true })
      return {
        stream: new ReadableStream({
          async start(controller) {
            controller.enqueue({ type: 'stream-start', warnings: [] })
            controller.enqueue({ type: 'text-start', id: '0' })
            for await (const { choices } of chunks) {
              if (choices[0]?.delta.content) controller.enqueue({ type: 'text-delta', id: '0', delta: choices[0].delta.content })
            }
            controller.enqueue({ type: 'text-end', id: '0' })
            controller.enqueue({ type: 'finish', ...end })
            controller.close()
          },
        }),
      }
    },
  } as never) as Model
}

describe.each(lanes)('ai $version', (lane) => {
  const { ai } = lane
  const both = { telemetry: true, middleware: true }
  const calls = (...cities: readonly string[]): Said => ({ calls: cities.map((city, i) => ['weather', { city }, `call_${i + 1}`]) })

  test('what tools do is below them: spans, wrapped clients, agents with tools of the same name', async () => {
    const { profiler, session, model, telemetry } = desk(lane, both)
    const client = wrapOpenAI(new OpenAI({ apiKey: 'test', baseURL: session.url, maxRetries: 0 }), { profiler })
    session.reply(chat(calls('Rome')), chat(calls('inner')), chat({ text: 'asked by hand' }), chat({ text: 'inner' }), chat({ text: 'done' }))
    const city = z.object({ city: z.string() })
    const inner = ai.tool({
      inputSchema: city,
      execute: async () => (await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'x' }] })).choices[0]!.message.content,
    })
    const outer = ai.tool({
      inputSchema: city,
      execute: profiler.tool('weather', async () => profiler.span('look up', async () =>
        (await ai.generateText({ model: model(), prompt: 'inner', tools: { weather: inner }, stopWhen: ai.stepCountIs(3), ...telemetry })).text)),
    })
    const { text } = await ai.generateText({ model: model(), prompt: 'outer', tools: { weather: outer }, stopWhen: ai.stepCountIs(3), ...telemetry })
    expect(text).toBe('done')
    expectTree(profiler.lastTrace, `
      generateText 0-0
        gpt-4o-mini llm 0-0
        weather tool 0-0 for call_1
          look up 0-0
            generateText 0-0
              gpt-4o-mini llm 0-0
              weather tool 0-0 for call_1
                gpt-4o llm 0-0
              gpt-4o-mini llm 0-0
        gpt-4o-mini llm 0-0
    `)
    expect(inputTokens(profiler.traces)).toBe(50)
  })

  test.each([{ stream: false }, { stream: true }])('tools of one answer run together, and know their step, stream: $stream', async ({ stream }) => {
    const { profiler, session, model, telemetry } = desk(lane, both)
    session.reply(chat(calls('Rome', 'Oslo'), stream), chat(calls('Bonn'), stream), chat({ text: 'done' }, stream))
    let open = (): void => {}
    const gate = new Promise<void>((resolve) => (open = resolve))
    let running = 0
    const weather = ai.tool({
      inputSchema: z.object({ city: z.string() }),
      execute: async ({ city }) => {
        if (++running === 2) open()
        if (city !== 'Bonn') await gate
        return `sunny in ${city}`
      },
    })
    const options = { model: model(), prompt: 'x', tools: { weather }, stopWhen: ai.stepCountIs(5), ...telemetry }
    const text = stream ? await ai.streamText(options).text : (await ai.generateText(options)).text
    expect(text).toBe('done')
    await ended(profiler)
    const { spans } = profiler.lastTrace!
    const [first, , , second] = spans.slice(1)
    expect(spans.slice(1).map(({ name, attributes, tool }) => [name, attributes?.['ai.step'], tool?.callId, tool?.issuedBy])).toEqual([
      ['gpt-4o-mini', 1, undefined, undefined], ['weather', 1, 'call_1', first!.id], ['weather', 1, 'call_2', first!.id],
      ['gpt-4o-mini', 2, undefined, undefined], ['weather', 2, 'call_1', second!.id], ['gpt-4o-mini', 3, undefined, undefined],
    ])
    checkAnalysis(analyze(profiler.lastTrace!))
  })

  test('the time to the first token is that of the first piece of content', async () => {
    const { profiler, clock } = recorded()
    const steps = Array.from({ length: 4 }, () => {
      let open = (): void => {}
      return { opened: new Promise<void>((resolve) => (open = resolve)), open: () => open() }
    })
    const parts = [
      { type: 'stream-start', warnings: [] }, { type: 'response-metadata', id: 'r1', modelId: 'm-1' }, { type: 'text-start', id: '0' },
      { type: 'text-delta', id: '0', delta: 'a' }, { type: 'text-delta', id: '0', delta: 'b' }, { type: 'text-end', id: '0' },
      { type: 'finish', finishReason: lane.finishReason('stop', 'stop'), usage: lane.usage(10, 4, 5, 2) },
    ]
    const model = new lane.Model({ doStream: async () => ({
      stream: new ReadableStream({
        async start(controller) {
          clock.pass(10)
          for (const [i, part] of parts.entries()) {
            controller.enqueue(part)
            if (i === 2 || i === 3 || i === 5) await steps[i === 2 ? 0 : i === 3 ? 1 : 2]!.opened
          }
          controller.close()
        },
      }, { highWaterMark: 10 }),
    }) } as never) as Model
    const settings = { ...spanwiseTelemetry({ profiler }) }
    const result = ai.streamText({ model, prompt: 'x', [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: settings })
    const reader = result.fullStream[Symbol.asyncIterator]()
    const until = async (type: string): Promise<void> => {
      for (let next = await reader.next(); next.done !== true && next.value.type !== type;) next = await reader.next()
    }
    await until('text-start')
    clock.pass(20)
    steps[0]!.open()
    await until('text-delta')
    clock.pass(30)
    steps[1]!.open()
    await until('text-end')
    clock.pass(40)
    steps[2]!.open()
    await until('finish')
    await until('never')
    await ended(profiler)
    const { llm, start, end } = profiler.lastTrace!.spans[1]!
    const ms = [start, llm!.attempts![0]!.firstByte, llm!.firstToken, llm!.lastToken, end].map((ns) => ns! / 1e6)
    expect(ms).toEqual([0, 10, 30, 60, 100])
    expect(llm).toMatchObject({ streamed: true, responseId: 'r1', responseModel: 'm-1', chunks: 7 })
  })

  test.each([{ stream: false }, { stream: true }])('what is not to be told is not recorded, stream: $stream', async ({ stream }) => {
    const { profiler, session, model } = desk(lane, { telemetry: true, middleware: false }, { content: 'full' })
    session.reply(chat(calls('secret-1', 'secret-2'), stream), chat({ text: 'secret-3' }, stream))
    const settings = { ...spanwiseTelemetry({ profiler }), recordInputs: false, recordOutputs: false }
    const weather = ai.tool({ inputSchema: z.object({ city: z.string() }), execute: async () => 'secret-4' })
    const options = {
      model: model(), prompt: 'secret-5', tools: { weather }, stopWhen: ai.stepCountIs(2),
      [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: settings,
    }
    expect(stream ? await ai.streamText(options).text : (await ai.generateText(options)).text).toBe('secret-3')
    await ended(profiler)
    const trace = profiler.lastTrace!
    expect(JSON.stringify(trace)).not.toContain('secret')
    expect(trace.parts).toEqual([])
    expect(llms([trace]).map(({ llm }) => [llm!.usage!.input!.total, llm!.toolCalls?.map(({ id }) => id)])).toEqual([[10, ['call_1', 'call_2']], [10, undefined]])
    expect(trace.spans.filter(({ tool }) => tool !== undefined).map(({ tool }) => withoutHashes(tool!))).toEqual(
      ['call_1', 'call_2'].map((callId) => ({ name: 'weather', callId, issuedBy: trace.spans[1]!.id })))
  })

  test('telemetry that is off records nothing', async () => {
    const { profiler, session, model } = desk(lane, { telemetry: true, middleware: false })
    session.reply(chat({ text: 'a' }))
    const settings = { ...spanwiseTelemetry({ profiler }), isEnabled: false }
    await ai.generateText({ model: model(), prompt: 'x', [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: settings })
    expect(profiler.traces).toEqual([])
  })

  test.runIf(lane.Reranking !== undefined)('rerank', async () => {
    const { profiler } = recorded()
    const model = new lane.Reranking!({ doRerank: async () => ({ ranking: [{ index: 1, relevanceScore: 0.9 }, { index: 0, relevanceScore: 0.1 }] }) } as never)
    const settings = { [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: spanwiseTelemetry({ profiler }) }
    const { ranking } = await ai.rerank({ model: model as never, documents: ['a', 'b'], query: 'b', ...settings })
    expect(ranking.map(({ originalIndex }) => originalIndex)).toEqual([1, 0])
    expectTree(profiler.lastTrace, `
      rerank 0-0
        mock-model-id retrieval 0-0
    `)
  })

  test('embeddings whose requests are refused and sent again', async () => {
    const { profiler } = recorded()
    let count = 0
    const refused = Object.assign(new Error('busy'), { name: 'AI_APICallError', statusCode: 429, isRetryable: true, responseHeaders: { 'retry-after-ms': '1' } })
    Object.defineProperty(refused, Symbol.for('vercel.ai.error.AI_APICallError'), { value: true })
    Object.defineProperty(refused, Symbol.for('vercel.ai.error'), { value: true })
    const model = new lane.Embedding({
      maxEmbeddingsPerCall: 1,
      doEmbed: async ({ values }: { values: readonly string[] }) => {
        if (values[0] === 'a' && ++count === 1) throw refused
        return { embeddings: values.map(() => [1]), usage: { tokens: 3 }, warnings: [] }
      },
    } as never)
    const settings = { [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: spanwiseTelemetry({ profiler }) }
    await ai.embedMany({ model: model as never, values: ['a', 'b', 'b'], ...settings })
    expectTree(profiler.lastTrace, `
      embedMany 0-0
        mock-model-id embedding 0-0
        mock-model-id embedding 0-0
        mock-model-id embedding 0-0
    `)
    expect(llms(profiler.traces).map(({ llm }) => [llm!.usage!.input!.total, llm!.attempts!.length])).toEqual([[3, 2], [3, 1], [3, 1]])
  })

  test('an embedding that fails', async () => {
    const { profiler } = recorded()
    const model = new lane.Embedding({ doEmbed: () => Promise.reject(new RangeError('too long')) } as never)
    const settings = { [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: spanwiseTelemetry({ profiler }) }
    await expect(ai.embed({ model: model as never, value: 'a', ...settings })).rejects.toThrow('too long')
    expect(tree(profiler.lastTrace)).toBe(lane.version === 7
      // There nobody tells how a request failed.
      ? 'embed 0-0 failed RangeError: too long\n  mock-model-id embedding 0-0 failed error: its request failed'
      : 'embed 0-0 failed RangeError: too long\n  mock-model-id embedding 0-0 failed RangeError: too long')
  })
})
