import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import * as ai7 from 'ai'
import type * as ai5 from 'ai-5'
import type * as ai6 from 'ai-6'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Profiler } from 'spanwise'
import { spanwiseMiddleware, spanwiseTelemetry } from 'spanwise/ai-sdk'
import { z } from 'zod'
import { lanes, type Lane, type Model } from './ai-sdk/lanes.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

/** How it is switched on, and what is at the edges of it. */

const texts = (lane: Lane, ...parts: readonly string[]): readonly object[] => [
  { type: 'stream-start', warnings: [] }, { type: 'text-start', id: '0' }, ...parts.map((delta) => ({ type: 'text-delta', id: '0', delta })),
  { type: 'text-end', id: '0' }, { type: 'finish', finishReason: lane.finishReason('stop', 'stop'), usage: lane.usage(10, 4, 5, 2) },
]

function mock(lane: Lane, ...parts: readonly string[]): Model {
  const end = { finishReason: lane.finishReason('stop', 'stop'), usage: lane.usage(10, 4, 5, 2), warnings: [] }
  return new lane.Model({
    doGenerate: async () => ({ content: [{ type: 'text', text: parts.join('') }], ...end }),
    doStream: async () => ({ stream: new ReadableStream({
      start(controller) {
        for (const part of texts(lane, ...parts)) controller.enqueue(part)
        controller.close()
      },
    }) }),
  } as never) as Model
}

const on = (lane: Lane, profiler: Profiler, more: object = {}): object =>
  ({ [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: { ...spanwiseTelemetry({ profiler }), ...more } })

const seven = lanes[0]!
const ONE_CALL = 'generateText 0-0\n  mock-model-id llm 0-0'

describe('version 7 in general', () => {
  afterEach(() => void delete (globalThis as { AI_SDK_TELEMETRY_INTEGRATIONS?: unknown }).AI_SDK_TELEMETRY_INTEGRATIONS)

  test('registered once, every call is recorded', async () => {
    const { profiler } = recorded()
    ai7.registerTelemetry(spanwiseTelemetry({ profiler }))
    await ai7.generateText({ model: mock(seven, 'a'), prompt: 'x' })
    await ai7.generateText({ model: mock(seven, 'a'), prompt: 'x', telemetry: { functionId: 'planner' } })
    await ai7.generateText({ model: mock(seven, 'a'), prompt: 'x', telemetry: { isEnabled: false } })
    expect(profiler.traces.map(tree)).toEqual([ONE_CALL, ONE_CALL.replace('generateText', 'planner')])
  })

  test('registered twice, and once more in the call, each call is recorded once', async () => {
    const { profiler } = recorded()
    ai7.registerTelemetry(spanwiseTelemetry({ profiler }), spanwiseTelemetry({ profiler }))
    const weather = ai7.tool({ inputSchema: z.object({}), execute: () => 'sunny' })
    const model = asking(seven, 'weather')
    await ai7.generateText({ model: model(), prompt: 'x', tools: { weather }, stopWhen: ai7.isStepCount(3) })
    const { integrations } = spanwiseTelemetry({ profiler })
    await ai7.generateText({ model: model(), prompt: 'x', tools: { weather }, stopWhen: ai7.isStepCount(3), telemetry: { integrations: [integrations!, integrations!] } })
    const drawn = 'generateText 0-0\n  mock-model-id llm 0-0\n  weather tool 0-0 for call_1\n  mock-model-id llm 0-0'
    expect(profiler.traces.map(tree)).toEqual([drawn, drawn])
  })

  test('beside another integration, which hears and runs what it would have', async () => {
    const { profiler } = recorded()
    const heard: string[] = []
    const other: ai7.Telemetry = {
      onStart: () => void heard.push('start'), onEnd: () => void heard.push('end'),
      executeLanguageModelCall: async ({ execute }) => {
        heard.push('call')
        return execute()
      },
    }
    ai7.registerTelemetry(other, spanwiseTelemetry({ profiler }))
    const result = ai7.streamText({ model: mock(seven, 'a', 'b'), prompt: 'x' })
    expect(await result.text).toBe('ab')
    expect(heard).toEqual(['start', 'call', 'end'])
    expect(tree(profiler.lastTrace)).toBe(ONE_CALL.replace('generateText', 'streamText'))
  })

  test('two profilers each get their own', async () => {
    const [one, two] = [recorded().profiler, recorded().profiler]
    ai7.registerTelemetry(spanwiseTelemetry({ profiler: one }), spanwiseTelemetry({ profiler: two }))
    await ai7.generateText({ model: mock(seven, 'a'), prompt: 'x' })
    expect([one, two].map(({ lastTrace }) => tree(lastTrace))).toEqual([ONE_CALL, ONE_CALL])
  })
})

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

/** A model that asks for a tool, and then gives an answer. */
function asking(lane: Lane, tool: string): () => Model {
  const end = { usage: lane.usage(10, 4, 5, 2), warnings: [] }
  return () => {
    let count = 0
    return new lane.Model({
      doGenerate: async () => ++count === 1
        ? { content: [{ type: 'tool-call', toolCallId: 'call_1', toolName: tool, input: '{}' }], finishReason: lane.finishReason('tool-calls', 'tool_calls'), ...end }
        : { content: [{ type: 'text', text: 'done' }], finishReason: lane.finishReason('stop', 'stop'), ...end },
    } as never) as Model
  }
}

describe.each(lanes)('ai $version', (lane) => {
  const { ai } = lane

  test("what the user's own functions do between the steps is below the operation", async () => {
    const { profiler } = recorded()
    const weather = ai.tool({ inputSchema: z.object({}), execute: () => 'sunny' })
    const prepareStep = async (): Promise<object> => profiler.span('shorten the history', async () => {
      await ai.generateText({ model: mock(lane, 'short'), prompt: 'shorten', ...on(lane, profiler, { functionId: 'shorten' }) })
      return {}
    })
    // A first operation of a process: version 7 is followed from then on.
    await ai.generateText({ model: mock(lane, 'a'), prompt: 'x', ...on(lane, profiler) })
    await ai.generateText({ model: asking(lane, 'weather')(), prompt: 'x', tools: { weather }, stopWhen: ai.stepCountIs(3), prepareStep, ...on(lane, profiler) })
    expectTree(profiler.traces[1], `
      generateText 0-0
        shorten the history 0-0
          shorten 0-0
            mock-model-id llm 0-0
        mock-model-id llm 0-0
        weather tool 0-0 for call_1
        shorten the history 0-0
          shorten 0-0
            mock-model-id llm 0-0
        mock-model-id llm 0-0
    `)
    expect(profiler.traces).toHaveLength(2)
  })

  /** A model that says a word and then nothing, and a reader that has heard enough. */
  const leave = async (profiler: Profiler): Promise<void> => {
    const model = new lane.Model({ doStream: async () => ({ stream: new ReadableStream({
      start(controller) {
        for (const part of texts(lane, 'x').slice(0, 3)) controller.enqueue(part)
      },
      pull: () => new Promise(() => {}),
    }) }) } as never) as Model
    for await (const _text of ai.streamText({ model, prompt: 'x', ...on(lane, profiler) }).textStream) break
  }

  test('a stream that nobody reads any more ends when it has gone, at the time at which it was left', async () => {
    const { profiler, clock } = recorded()
    await leave(profiler)
    for (let i = 0; i < 5; i++) await new Promise((resolve) => setImmediate(resolve))
    clock.pass(60_000)
    await vi.waitFor(() => {
      collectGarbage()
      expect(profiler.traces).toHaveLength(1)
    })
    expect(tree(profiler.lastTrace)).toBe('streamText 0-0 cancelled\n  mock-model-id llm 0-0 cancelled')
    expect(profiler.lastTrace!.spans[1]!.llm!.responseParts).toHaveLength(1)
  })

  test('an operation that is not sampled and is left stops nothing from being recorded', async () => {
    const dice = [0.9, 0.1]
    const { profiler } = recorded({ sampleRate: 0.5, random: () => dice.shift() ?? 0.1 })
    await leave(profiler)
    await vi.waitFor(async () => {
      collectGarbage()
      await ai.generateText({ model: mock(lane, 'a'), prompt: 'x', ...on(lane, profiler) })
      expect(profiler.traces.length).toBeGreaterThan(0)
    })
  })

  test('nothing that a model gives can fail in our hands', async () => {
    const { profiler } = recorded()
    const middleware = spanwiseMiddleware({ profiler })
    const model = { provider: 'p', modelId: 'm' }
    const hostile = new Proxy({}, { get: (_target, key) => {
      // What a promise is given is asked whether it is one.
      if (key === 'then') return undefined
      throw new Error('not yours')
    } })
    for (const given of [undefined, null, 1, 'text', [], hostile, { stream: 1 }, { content: 'x', usage: 3, finishReason: {}, response: 7 }]) {
      expect(await middleware.wrapGenerate({ params: hostile, model, doGenerate: async () => given })).toBe(given)
      expect(await middleware.wrapStream({ params: { prompt: [null, 1, { role: {}, content: [null, { type: 'file' }] }] }, model: hostile, doStream: async () => given })).toBe(given)
      expect(await middleware.wrapEmbed({ params: {}, model, doEmbed: async () => given })).toBe(given)
    }
    const stream = Object.freeze(new ReadableStream({
      start(controller) {
        for (const part of [1, null, 'x', { type: {} }, { type: 'finish' }]) controller.enqueue(part)
        controller.close()
      },
    }))
    const result = await middleware.wrapStream({ params: {}, model, doStream: async () => ({ stream }) })
    expect(result.stream).toBe(stream)
    const seen: unknown[] = []
    for await (const part of result.stream) seen.push(part)
    expect(seen).toHaveLength(5)
  })
})

describe('your own tracer', () => {
  test.each(lanes.filter(({ version }) => version < 7))('ai $version tells it all that it would have told', async (lane) => {
    const { profiler } = recorded()
    const runs = await Promise.all([false, true].map(async (isRecorded) => {
      const { tracer, told } = listening()
      const settings = isRecorded ? spanwiseTelemetry({ profiler, tracer }) : { isEnabled: true, tracer }
      const weather = lane.ai.tool({ inputSchema: z.object({}), execute: () => 'sunny' })
      await lane.ai.generateText({
        model: asking(lane, 'weather')(), prompt: 'x', tools: { weather }, stopWhen: lane.ai.stepCountIs(3), experimental_telemetry: settings as object,
      })
      return told
    }))
    expect(runs[1]).toEqual(runs[0])
    expect(runs[1]!.filter((one) => one.endsWith(' end'))).toHaveLength(4)
    expect(tree(profiler.lastTrace)).toBe('generateText 0-0\n  mock-model-id llm 0-0\n  weather tool 0-0 for call_1\n  mock-model-id llm 0-0')
  })

  test('a tracer that is none, and a profiler that is none, are told at once', () => {
    expect(() => spanwiseTelemetry({ tracer: {} as never })).toThrow('spanwiseTelemetry(options): options.tracer must be a tracer of OpenTelemetry\'s, got {}')
    expect(() => spanwiseTelemetry({ profiler: 1 as never })).toThrow('spanwiseTelemetry(options): options.profiler must be a Profiler, got 1')
    expect(() => spanwiseMiddleware({ profiler: null as never })).toThrow('spanwiseMiddleware(options): options.profiler must be a Profiler, got null')
    expect(() => spanwiseTelemetry(null as never)).toThrow('spanwiseTelemetry(options): options must be an object, got null')
    expect(() => spanwiseMiddleware('x' as never)).toThrow('spanwiseMiddleware(options): options must be an object, got "x"')
  })

  test('a profiler that is switched off leaves your tracer on, and nothing else', () => {
    const profiler = new Profiler({ enabled: false })
    const { tracer } = listening()
    expect(spanwiseTelemetry({ profiler })).toEqual({})
    expect(spanwiseTelemetry({ profiler, tracer })).toEqual({ isEnabled: true, tracer })
  })
})

/** A tracer of OpenTelemetry's that writes down what it hears. */
function listening(): { readonly tracer: NonNullable<Parameters<typeof spanwiseTelemetry>[0]>['tracer'] & object; readonly told: string[] } {
  const told: string[] = []
  const spanOf = (name: string): object => {
    const span: object = new Proxy({}, {
      get: (_target, method) => (...args: readonly unknown[]) => {
        told.push(`${name} ${String(method)}${method === 'end' ? '' : ` ${Object.keys(args[0] as object).join()}`}`)
        return method === 'spanContext' ? { traceId: '1', spanId: '2', traceFlags: 1 } : method === 'isRecording' ? true : span
      },
    })
    return span
  }
  const tracer = {
    startSpan: (name: string) => spanOf(name),
    startActiveSpan: (name: string, ...rest: readonly unknown[]) => (rest.at(-1) as (span: object) => unknown)(spanOf(name)),
  }
  return { tracer: tracer as never, told }
}

test('the types fit those of each version', () => {
  const telemetry = spanwiseTelemetry({ profiler: new Profiler({ enabled: false }) })
  const middleware = spanwiseMiddleware({ profiler: new Profiler({ enabled: false }) })
  const five: Parameters<typeof ai5.generateText>[0]['experimental_telemetry'] = { ...telemetry, functionId: 'planner' }
  const six: Parameters<typeof ai6.generateText>[0]['experimental_telemetry'] = telemetry
  const inCall: Parameters<typeof ai7.generateText>[0]['telemetry'] = { ...telemetry, functionId: 'planner' }
  const registered: Parameters<typeof ai7.registerTelemetry>[0] = telemetry
  const wrapping: [Parameters<typeof ai5.wrapLanguageModel>[0]['middleware'], Parameters<typeof ai6.wrapLanguageModel>[0]['middleware'],
    Parameters<typeof ai7.wrapLanguageModel>[0]['middleware'], Parameters<typeof ai6.wrapEmbeddingModel>[0]['middleware'],
    Parameters<typeof ai7.wrapEmbeddingModel>[0]['middleware']] = [middleware, middleware, middleware, middleware, middleware]
  const own: Parameters<typeof spanwiseTelemetry>[0] = { tracer: {} as NonNullable<NonNullable<typeof six>['tracer']> }
  expect([five, six, inCall, registered, wrapping.length, own]).toHaveLength(6)
})

beforeAll(() => {
  (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS = false
})
afterAll(() => void delete (globalThis as { AI_SDK_LOG_WARNINGS?: boolean }).AI_SDK_LOG_WARNINGS)
