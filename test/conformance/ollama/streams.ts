import { but } from '../draw.ts'
import { collect, inRun, readUntil, turns } from '../reading.ts'
import type { OllamaCase } from './kit.ts'
import { ANSWER, MODEL, PROMPT, WEATHER, askStream, brokenStream, end, line, lines, open, response, textSteps, textStream, weatherTool } from './answers.ts'
import { CALL } from './calls.ts'

/** A whole stream of four lines. */
export const STREAMED = but(CALL, { '| in 28': '| streamed 4 timed | in 28' })
/** A stream that ended after its first two: nothing was counted yet. */
const partial = (outcome: string): string =>
  but(STREAMED, { ' ok': ` ${outcome}`, ' stop': '', 'streamed 4': 'streamed 2', 'in 28 out 8': 'no usage' })

/** Streams, and the ways to take and to leave them. */
export const streams: readonly OllamaCase[] = [
  {
    name: 'for await gives every line unchanged',
    replies: [textStream],
    run: async (client) => collect(await client.chat(askStream())),
    recorded: STREAMED,
  },
  {
    name: 'in pieces of three bytes, which cut letters',
    replies: [lines(textSteps, 3)],
    run: async (client) => collect(await client.chat(askStream())),
    recorded: STREAMED,
  },
  {
    name: 'the stream is the iterator that can be aborted, with its members',
    replies: [textStream],
    async run(client) {
      const stream = await client.chat(askStream())
      const inFor: string[] = []
      for (const key in stream) inFor.push(key)
      const seen = [stream, Object.keys(stream), inFor, typeof stream.abort, stream[Symbol.asyncIterator]() === stream[Symbol.asyncIterator]()]
      return [seen, (await collect(stream)).length]
    },
    recorded: STREAMED,
  },
  {
    name: 'by hand: next, to the end and past it',
    replies: [textStream],
    async run(client) {
      const iterator = (await client.chat(askStream()))[Symbol.asyncIterator]()
      const steps: unknown[] = [Object.keys(iterator)]
      for (let i = 0; i < 6; i++) steps.push(await iterator.next())
      return steps
    },
    recorded: STREAMED,
  },
  {
    name: 'by hand: return, and throw',
    replies: [brokenStream('hold'), brokenStream('hold')],
    async run(client) {
      const left = (await client.chat(askStream()))[Symbol.asyncIterator]()
      const thrown = (await client.chat(askStream()))[Symbol.asyncIterator]()
      for (let i = 0; i < 2; i++) await Promise.all([left.next(), thrown.next()])
      return [await left.return(undefined), await left.next(), await thrown.throw(new RangeError('mine')).catch((error: unknown) => error)]
    },
    recorded: `${partial('cancelled')}\n${partial('failed RangeError')}`,
  },
  {
    name: 'an early break keeps what had arrived',
    replies: [brokenStream('hold')],
    run: async (client) => readUntil(await client.chat(askStream()), (count) => count === 2),
    recorded: partial('cancelled'),
  },
  {
    name: 'a throw in the loop reaches the user',
    replies: [brokenStream('hold')],
    run: async (client) => readUntil(await client.chat(askStream()), (count) => {
      if (count === 2) throw new RangeError('mine')
      return false
    }),
    recorded: partial('cancelled'),
  },
  {
    name: 'abort() of the stream, between lines',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = await client.chat(askStream())
      const read: unknown[] = []
      const error = await (async () => {
        for await (const one of stream) if (read.push(one) === 2) stream.abort()
      })().catch((thrown: unknown) => thrown)
      return [read, error]
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'abort() of the client, of all that it streams',
    replies: [brokenStream('hold'), brokenStream('hold')],
    async run(client) {
      const all = [await client.chat(askStream()), await client.chat(askStream())]
      let read = 0
      const errors = all.map(async (stream) => {
        for await (const _ of stream) if (++read === 4) client.abort()
      })
      return [await Promise.allSettled(errors), read]
    },
    recorded: `${partial('cancelled')}\n${partial('cancelled')}`,
  },
  {
    name: 'a stream that nobody reads stays open in the trace',
    replies: [textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => void (await client.chat(askStream()))),
    recorded: inRun('llm qwen3:8b open late | ollama chat | max 100 | streamed | no usage | 200 | system user >'),
  },
  {
    name: 'a stream that is read twice throws as before',
    replies: [textStream],
    async run(client) {
      const stream = await client.chat(askStream())
      return [await collect(stream), await collect(stream).catch((error: unknown) => error)]
    },
    recorded: STREAMED,
  },
  {
    name: 'thinking, then text: two parts, each in pieces',
    replies: [lines([open({ thinking: 'canary-' }), open({ thinking: 'hm' }), open({ content: ANSWER }), end])],
    run: async (client) => collect(await client.chat(askStream({ think: true }))),
    recorded: but(STREAMED, { '> assistant': '> reasoning assistant' }),
  },
  {
    name: 'tool calls in a stream',
    replies: [lines([open({ content: '', tool_calls: [weatherTool] }), open({ tool_calls: [{ function: { name: 'news', arguments: {} } }] }), end])],
    run: async (client) => collect(await client.chat(askStream({ tools: [WEATHER] }))),
    recorded: but(STREAMED, { 'streamed 4': 'streamed 3', '200 | ': '200 | asks weather(27) call_1, news(2) no id | tool-definition ', '> assistant': '> tool-call tool-call' }),
  },
  {
    name: 'generate, streamed',
    replies: [lines([line({ model: MODEL, response: 'canary-', done: false }), line({ model: MODEL, response: 'more', done: false }), line(response({ response: '' }))])],
    run: async (client) => collect(await client.generate({ model: MODEL, prompt: PROMPT, stream: true })),
    recorded: 'llm qwen3:8b ok | ollama generate | qwen3:8b stop | streamed 3 timed | in 28 out 8 | 200 | user > assistant',
  },
  {
    name: 'an error in the stream is thrown in the loop',
    replies: [brokenStream(line({ error: 'the server said no' }))],
    run: async (client) => collect(await client.chat(askStream())),
    recorded: partial('failed Error'),
  },
  {
    name: 'a connection that is cut in the stream',
    replies: [brokenStream('cut')],
    run: async (client) => collect(await client.chat(askStream())),
    recorded: partial('failed TypeError'),
  },
  {
    name: 'a stream that ends before it is whole',
    replies: [brokenStream()],
    run: async (client) => collect(await client.chat(askStream())),
    recorded: partial('failed Error'),
  },
  {
    name: 'lines that come while the reader is away',
    replies: [textStream],
    async run(client) {
      const read: unknown[] = []
      for await (const one of await client.chat(askStream())) {
        read.push(one)
        await turns()
      }
      return read
    },
    recorded: STREAMED,
  },
  {
    name: 'concurrent streams stay apart',
    replies: [textStream, textStream, textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const all = await Promise.all([1, 2, 3].map(async () => collect(await client.chat(askStream()))))
      return all.map(({ length }) => length)
    }),
    recorded: inRun(STREAMED, STREAMED, STREAMED),
  },
]
