import { EventEmitter } from 'node:events'
import { Settings } from '@llamaindex/core/global'
import { OpenAI as LlamaOpenAI } from '@llamaindex/openai'
import { Agent, OpenAIProvider, Runner, setTraceProcessors, setTracingDisabled } from '@openai/agents'
import OpenAI from 'openai'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Profiler, Trace } from 'spanwise'
import { spanwiseTelemetry } from 'spanwise/ai-sdk'
import { spanwiseHandler } from 'spanwise/langchain'
import { recordLlamaIndex } from 'spanwise/llamaindex'
import { spanwiseProcessor } from 'spanwise/openai-agents'
import { wrapOpenAI } from 'spanwise/openai'
import { lanes, type Model } from './ai-sdk/lanes.ts'
import { cores, fakeModel } from './support/langchain.ts'
import { makeModel } from './support/langchain-clients.ts'
import { seeded } from './support/random.ts'
import { recorded } from './support/recorded.ts'
import { Framework, llmSpans, provider, type Send } from './support/simulated.ts'
import { countUnhandled } from './support/unhandled.ts'

/** Frameworks and async contexts: whatever is made here and awaited there, a call belongs to the run that its framework tells. */

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

/** Lets what waits go on, in any order, until `work` is over. */
async function shuffle(work: Promise<unknown>, waiting: (() => void)[], random: () => number, atOnce = 1): Promise<void> {
  let isOver = false
  void work.finally(() => { isOver = true }).catch(() => {})
  while (!isOver) {
    for (let i = Math.min(waiting.length, atOnce); i > 0; i--) waiting.splice(Math.floor(random() * waiting.length), 1)[0]!()
    await turn()
  }
  await work
}

describe('contexts in any order', () => {
  const waiting: (() => void)[] = []
  const pause = (): Promise<void> => new Promise((resolve) => { waiting.push(resolve) })

  interface Ask {
    readonly text: string
    /** As the framework knows it. */
    readonly parentId: string
    readonly enters: boolean
  }

  interface Scene {
    readonly framework: Framework
    readonly send: Send
    readonly emitter: EventEmitter
    readonly pick: <T>(from: readonly T[]) => T
  }

  const ask = ({ framework, send }: Scene, { text, ...asking }: Ask): Promise<unknown> => framework.ask(send, text, { ...asking, pause })

  /** Ways to have work done that is made here and awaited by somebody else. */
  const WAYS: readonly ((scene: Scene, asked: Ask) => PromiseLike<unknown>)[] = [
    (scene, asked) => ask(scene, asked),
    (scene, asked) => new Promise((resolve, reject) => { setImmediate(() => ask(scene, asked).then(resolve, reject)) }),
    (scene, asked) => new Promise((resolve, reject) => { queueMicrotask(() => ask(scene, asked).then(resolve, reject)) }),
    (scene, asked) => {
      const done = ask(scene, asked)
      return { then: (resolve, reject) => done.then(resolve, reject) }
    },
    (scene, asked) => {
      const pages = (async function* () {
        await pause()
        yield await ask(scene, asked)
      })()
      return pages.next()
    },
    (scene, asked) => new Promise((resolve, reject) => {
      scene.emitter.once(asked.text, () => ask(scene, asked).then(resolve, reject))
      scene.emitter.emit(asked.text)
    }),
  ]

  async function scene(profiler: Profiler, random: () => number, name: string): Promise<readonly string[]> {
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
    const stage: Scene = { framework: new Framework(profiler, pick(['langchain', 'ai-sdk'])), send: provider({ pause }).client(profiler), emitter: new EventEmitter(), pick }
    const made: PromiseLike<unknown>[] = []
    const expected: string[] = []
    const run = (run: string): Promise<void> => profiler.run(run, async () => {
      const parentId = stage.framework.id()
      stage.framework.spans.begin(parentId, undefined, 'graph', 'agent')
      await pause()
      for (let i = 0; i < 2; i++) {
        const text = `${run} asks ${pick(['the same', String(i)])}`
        expected.push(`${run}: ${text}`)
        made.push(pick(WAYS)(stage, { text, parentId, enters: random() < 0.5 }))
        // Somebody's, mostly another's.
        await made.splice(Math.floor(random() * made.length), 1)[0]
      }
      stage.framework.spans.end(parentId)
      await Promise.all(made.splice(0))
      // What others have taken is still under way.
      await pause()
    })
    await shuffle(Promise.all([run(`${name}/A`), run(`${name}/B`)]).then(() => Promise.all(made)), waiting, random)
    return expected
  }

  test.each(Array.from({ length: 10 }, (_, i) => i))('a thousand interleavings, batch %i', async (batch) => {
    const random = seeded(batch + 1)
    const { profiler } = recorded({ maxTraces: 2_000, content: 'full' })
    const expected: string[] = []
    for (let i = 0; i < 1_000; i++) expected.push(...await scene(profiler, random, String(i)))
    expect(profiler.traces.flatMap(callsOf).sort()).toEqual(expected.toSorted())
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })
})

/** Each call as its run and what it asks. */
const callsOf = (trace: Trace): readonly string[] => llmSpans([trace]).map(({ llm, parentId }) => {
  const text = llm!.requestParts!.map((part) => trace.parts[part]!.text).at(-1)
  return parentId === undefined ? `outside: ${text}` : `${trace.name}: ${text}`
})

interface Desk {
  readonly profiler: Profiler
  /** What happens before each answer. */
  readonly before: () => Promise<unknown>
}

let count = 0
const answerTo = (text: string): object => {
  const id = `chatcmpl-${++count}`
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 }
  return { id, object: 'chat.completion', created: 1, model: 'some-model', usage, choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: `answer to ${text}` } }] }
}

/** A recorded client of the real package, whose requests go nowhere. */
function client({ profiler, before }: Desk): OpenAI {
  const fetch = async (_url: unknown, init?: { readonly body?: unknown }): Promise<Response> => {
    const { messages } = JSON.parse(String(init?.body)) as { messages: { role: string; content: string }[] }
    await before()
    return Response.json(answerTo(messages.at(-1)!.content))
  }
  return wrapOpenAI(new OpenAI({ apiKey: 'test', maxRetries: 0, fetch: fetch as never }), { profiler })
}

const stops: (() => void)[] = []
afterEach(() => {
  for (const stop of stops.splice(0)) stop()
})

const request = (content: string) => ({ model: 'some-model', messages: [{ role: 'user' as const, content }] })
const seven = lanes[0]!

/** A question, asked through a framework and a recorded client. */
const frameworks: readonly (readonly [name: string, make: (desk: Desk) => (text: string) => PromiseLike<unknown>])[] = [
  ['LangChain', (desk) => {
    const asked = client(desk)
    const meanwhile = async ([message]: readonly { content: unknown }[]): Promise<unknown> => asked.chat.completions.create(request(String(message!.content)))
    const model = fakeModel(cores[0]![1], { answers: ['fine'], model: 'some-model', meanwhile: meanwhile as never })
    const config = { callbacks: [spanwiseHandler({ profiler: desk.profiler })] }
    return (text) => model.invoke(text, config)
  }],
  ['the AI SDK', (desk) => {
    const asked = client(desk)
    const model = new seven.Model({
      provider: 'openai.chat', modelId: 'some-model',
      doGenerate: async ({ prompt }: { prompt: { content: { text: string }[] }[] }) => {
        await asked.chat.completions.create(request(prompt.at(-1)!.content[0]!.text))
        return { content: [{ type: 'text', text: 'fine' }], finishReason: seven.finishReason('stop', 'stop'), usage: seven.usage(10, 0, 5, 0), warnings: [] }
      },
    } as never) as Model
    return (prompt) => seven.ai.generateText({ model, prompt, maxRetries: 0, telemetry: spanwiseTelemetry({ profiler: desk.profiler }) as never })
  }],
  ['OpenAI Agents', (desk) => {
    setTracingDisabled(false)
    setTraceProcessors([spanwiseProcessor({ profiler: desk.profiler })])
    const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: client(desk) as never, useResponses: false }) })
    const agent = new Agent({ name: 'Helper', model: 'some-model' })
    return (text) => runner.run(agent, text)
  }],
  ['LlamaIndex', (desk) => {
    stops.push(recordLlamaIndex(Settings, { profiler: desk.profiler }))
    const llm = new LlamaOpenAI({ model: 'some-model', apiKey: 'test', session: client(desk) as never })
    return (text) => llm.chat({ messages: [{ role: 'user', content: text }] })
  }],
]

describe.each(frameworks)('%s', (_name, make) => {
  test('a thousand runs at once do not mix', async () => {
    const { profiler } = recorded({ maxTraces: 1_000, content: 'full' })
    const random = seeded(11)
    const waiting: (() => void)[] = []
    const pause = (): Promise<void> => new Promise((resolve) => { waiting.push(resolve) })
    const ask = make({ profiler, before: pause })
    const runs = Array.from({ length: 1_000 }, (_, i) => profiler.run(`run ${i}`, async () => {
      await pause()
      await ask(`question of run ${i}`)
    }))
    await shuffle(Promise.all(runs), waiting, random, 50)
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(1_000))
    expect(profiler.traces.flatMap(callsOf).sort()).toEqual(Array.from({ length: 1_000 }, (_, i) => `run ${i}: question of run ${i}`).sort())
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })

  test('as many rejections go unhandled as without it', async () => {
    const seen = async (isRecorded: boolean): Promise<readonly string[]> => {
      const { profiler } = recorded({ enabled: isRecorded })
      const ask = make({ profiler, before: () => Promise.reject(new Error('refused')) })
      const failing = async (text: string): Promise<unknown> => ask(text)
      const { errors } = await countUnhandled(async () => {
        void failing('nobody')
        void failing('one').catch(() => {})
        const twice = failing('two')
        await Promise.allSettled([twice, twice.then(() => {}), profiler.run('in a run', () => failing('in a run'))])
        for (let i = 0; i < 20; i++) await turn()
      }, (error) => (error as Error).name)
      return errors
    }
    const bare = await seen(false)
    expect(bare).toHaveLength(1)
    expect(await seen(true)).toEqual(bare)
  })
})

describe('a queue of LangChain, whose jobs run in the context of whoever was first', () => {
  test.each([1, 2, 5])('%i at a time', async (maxConcurrency) => {
    const { profiler } = recorded({ maxTraces: 1_000 })
    const random = seeded(maxConcurrency)
    const waiting: (() => void)[] = []
    const fetch = async (): Promise<Response> => {
      await new Promise<void>((resolve) => { waiting.push(resolve) })
      return Response.json(answerTo('it'))
    }
    const model = makeModel({ kind: 'chat', fetch, maxConcurrency, wrapped: profiler })
    const config = { callbacks: [spanwiseHandler({ profiler })] }
    const expected: string[] = []
    const runs = Array.from({ length: 100 }, (_, i) => profiler.run(`run ${i}`, async () => {
      for (let turns = 0; turns < 3; turns++) {
        const { id } = await model.invoke(random() < 0.5 ? 'the same' : `question of run ${i}`, config)
        expected.push(`run ${i}: ${id}`)
      }
    }))
    await shuffle(Promise.all(runs), waiting, random, 5)
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(100))
    const told = profiler.traces.flatMap((trace) => llmSpans([trace]).map(({ llm, parentId }) => `${parentId === undefined ? 'outside' : trace.name}: ${llm!.responseId}`))
    expect(told.sort()).toEqual(expected.toSorted())
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })
})
