import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { CallPhases } from '../src/model/analysis.ts'
import { nsToMs } from '../src/model/units.ts'
import { wrapOpenAI } from 'spanwise/openai'
import type { LlmDetail, Trace } from 'spanwise'
import { checkAnalysis } from './laws.ts'
import type { ManualClock } from './support/clock.ts'
import { recorded } from './support/recorded.ts'

/** What happens in a stream: `10` lets milliseconds pass, a text is a chunk with it, `''` one without content. */
type Step = number | string

const chunk = (content: string): object => ({ choices: [{ index: 0, delta: content === '' ? { role: 'assistant' } : { content } }] })

/** A stream that lives by the test's clock. It is a plain iterator, so that a reader can ask ahead. */
function streamOf(steps: readonly Step[], clock: ManualClock): AsyncIterable<object> {
  let at = 0
  const next = async (): Promise<IteratorResult<object>> => {
    for (; at < steps.length; at++) {
      const step = steps[at]!
      if (typeof step === 'number') {
        clock.pass(step)
        continue
      }
      at++
      return { done: false, value: chunk(step) }
    }
    return { done: true, value: undefined }
  }
  return { [Symbol.asyncIterator]: () => ({ next, return: async () => ({ done: true, value: undefined }) }) }
}

type Stream = AsyncIterable<{ readonly choices: readonly unknown[] }>

/** Records one streamed call of a look-alike client, read as `read` does. */
async function streamed(steps: readonly Step[], read: (stream: Stream, clock: ManualClock) => Promise<void>): Promise<Trace> {
  const { profiler, clock } = recorded()
  const client = { chat: { completions: { create: async (_body: object): Promise<Stream> => streamOf(steps, clock) as Stream } } }
  wrapOpenAI(client, { profiler })
  await read(await client.chat.completions.create({ model: 'gpt-5-mini', stream: true }), clock)
  return profiler.lastTrace!
}

const readerOf = (trace: Trace): readonly number[] | undefined => {
  const { reader } = trace.spans.find(({ llm }) => llm !== undefined)!.llm as LlmDetail
  return reader && [reader.beforeFirstTokenNs, reader.betweenTokensNs, reader.afterLastTokenNs].map(nsToMs)
}

/** `headers 5, decode 10`: the phases of the first call in milliseconds. */
function phasesOf(trace: Trace): string {
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  const phases: CallPhases = analysis.calls[0]!.phases!
  return Object.entries(phases).map(([name, ns]) => `${name.replace('Ns', '')} ${nsToMs(ns as number)}`).join(', ')
}

const readWith = (ms: number) => async (stream: Stream, clock: ManualClock): Promise<void> => {
  for await (const _ of stream) clock.pass(ms)
}

describe("the reader's own time", () => {
  test('is what passes between an event and the question for the next one', async () => {
    const trace = await streamed([20, 'a', 10, 'b', 10, 'c', 5], readWith(7))
    expect(readerOf(trace)).toEqual([0, 14, 7])
    expect(phasesOf(trace)).toBe('firstToken 20, decode 20, reader 21, rest 5')
  })

  test('before the first token: a stream that nobody reads yet, and events without content', async () => {
    const trace = await streamed([20, '', 10, 'a', 10, 'b'], async (stream, clock) => {
      clock.pass(100)
      for await (const _ of stream) clock.pass(1)
    })
    expect(readerOf(trace)).toEqual([101, 1, 1])
    expect(phasesOf(trace)).toBe('firstToken 30, decode 10, reader 103, rest 0')
  })

  test('a quick reader has none', async () => {
    expect(readerOf(await streamed([20, 'a', 10, 'b'], readWith(0)))).toEqual([0, 0, 0])
  })

  test('one that asks ahead is not slow', async () => {
    const trace = await streamed(['a', 'b', 'c'], async (stream, clock) => {
      const iterator = stream[Symbol.asyncIterator]()
      const asked = [iterator.next(), iterator.next(), iterator.next()]
      await asked[0]
      clock.pass(50)
      asked.push(iterator.next())
      await Promise.all(asked)
    })
    expect(readerOf(trace)![1]).toBe(0)
  })

  test('one that leaves had the last event in its hands', async () => {
    const trace = await streamed([20, 'a', 10, 'b', 10, 'c'], async (stream, clock) => {
      for await (const _ of stream) {
        clock.pass(30)
        break
      }
    })
    expect(trace.spans[0]!.outcome).toEqual({ state: 'cancelled' })
    expect(readerOf(trace)).toEqual([0, 0, 30])
    expect(phasesOf(trace)).toBe('firstToken 20, decode 0, reader 30, rest 0')
  })

  test('without content all of it is one', async () => {
    const trace = await streamed(['', ''], readWith(3))
    expect(readerOf(trace)).toEqual([6, 0, 0])
  })

  test('in a burst it is timed for the first events, and again after a pause', async () => {
    const burst = Array.from({ length: 300 }, () => 'x')
    expect(readerOf(await streamed(burst, readWith(0.5)))![1]).toBe(64)
    expect(readerOf(await streamed([...burst, 5, ...burst.slice(0, 10)], readWith(0.5)))![1]).toBe(64 + 9 * 0.5)
  })

  test('an answer that is no stream has none', async () => {
    const { profiler } = recorded()
    const client = { chat: { completions: { create: async (_body: object): Promise<object> => ({ choices: [] }) } } }
    wrapOpenAI(client, { profiler })
    await client.chat.completions.create({ model: 'm' })
    expect(readerOf(profiler.lastTrace!)).toBeUndefined()
  })
})

describe('a call of a real client', () => {
  const events = ['', 'Hello', ' you'].map((content) => `data: ${JSON.stringify(chunk(content))}\n\n`)

  test('is taken apart into what it waited for', async () => {
    const { profiler, clock } = recorded()
    let asked = 0
    const client = new OpenAI({
      apiKey: 'key', maxRetries: 1,
      fetch: async () => {
        clock.pass(40)
        if (asked++ === 0) return new Response('{}', { status: 429, headers: { 'retry-after-ms': '1' } })
        return new Response(body(clock), { headers: { 'content-type': 'text/event-stream' } })
      },
    })
    wrapOpenAI(client, { profiler })
    const stream = await client.chat.completions.create({ model: 'gpt-5-mini', messages: [], stream: true })
    for await (const _ of stream) clock.pass(2)
    expect(phasesOf(profiler.lastTrace!)).toBe('wait 0, attempts 40, backoff 0, headers 40, firstToken 30, decode 30, reader 6, rest 0')
  })

  /** One event at a time, 30 ms after the one before. */
  function body(clock: ManualClock): ReadableStream {
    let next = 0
    return new ReadableStream({
      pull: (controller) => {
        if (next === events.length) {
          controller.enqueue(new TextEncoder().encode('data: [DONE]\n\n'))
          return controller.close()
        }
        if (next > 0) clock.pass(30)
        controller.enqueue(new TextEncoder().encode(events[next++]))
      },
    }, { highWaterMark: 0 })
  }
})
