import type { OpenaiCase } from './kit.ts'
import { but } from '../draw.ts'
import { event, gate, sse } from '../../support/provider-server.ts'
import {
  ASK_RESPONSES, PIECES, STREAM, STREAM_USAGE, TEXT_CHOICES, brokenStream, chatStream, chunk, cutResponse, delta, failedResponse,
  incompleteResponse, parallelStream, responseStream, responseToolStream, textStream, WEATHER,
} from './answers.ts'
import { frozen } from '../frozen.ts'
import { collect, inRun, readText, readUntil } from '../reading.ts'

const HEAD = 'llm gpt-5-mini ok | openai chat.completions | gpt-5-mini-2025-08-07 chatcmpl-1'
/** A whole stream: five events, and a sixth with the usage when that was asked for. */
export const STREAMED = `${HEAD} stop | streamed 5 timed | no usage | 200 | system user > assistant`
export const STREAMED_USAGE = `${HEAD} stop | streamed 6 timed | in 12+8r out 3+2t | 200 | system user > assistant`
/** A stream that ended after its first three events: a role and two pieces of text. */
const partial = (outcome: string): string => `${HEAD} | streamed 3 timed | no usage | 200 | system user > assistant`.replace(' ok', ` ${outcome}`)
const RESPONSES = 'llm gpt-5-mini ok | openai responses | gpt-5-mini-2025-08-07 resp_1 completed | streamed 10 timed | in 14+16r out 5+4t | 200 | system user > assistant'

const STREAM_RESPONSES = frozen({ ...ASK_RESPONSES, stream: true as const })
/** Streams, and the ways to take and to leave them. */
export const streams: readonly OpenaiCase[] = [
  {
    name: 'for await gives every chunk unchanged',
    replies: [textStream],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: STREAMED,
  },
  {
    name: 'usage that the user asked for, and usage: null in the other chunks',
    replies: [textStream],
    run: async (client) => collect(await client.chat.completions.create(STREAM_USAGE)),
    recorded: STREAMED_USAGE,
  },
  {
    name: 'in pieces of three bytes, which cut letters',
    replies: [sse([...TEXT_CHOICES.map((choices) => chunk({ choices })), event('[DONE]')], { pieceBytes: 3 })],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: STREAMED,
  },
  {
    name: 'the stream is the class of the SDK and has its members',
    replies: [textStream],
    async run(client) {
      const stream = await client.chat.completions.create(STREAM)
      const { constructor } = Object.getPrototypeOf(stream) as { constructor: { name: string } }
      const seen = [stream, constructor.name, stream.controller.signal.aborted, typeof stream.tee, typeof stream.toReadableStream, 'iterator' in stream]
      return [seen, await collect(stream), stream.controller.signal.aborted]
    },
    recorded: STREAMED,
  },
  {
    name: 'withResponse on a stream',
    replies: [textStream],
    async run(client) {
      const { data, response, request_id: id } = await client.chat.completions.create(STREAM).withResponse()
      return [response, id, await collect(data)]
    },
    recorded: STREAMED,
  },
  {
    name: 'asResponse on a stream, its body read by hand',
    replies: [textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => readText((await client.chat.completions.create(STREAM_USAGE).asResponse()).body!)),
    recorded: inRun(STREAMED_USAGE),
  },
  {
    name: 'tee gives two streams, and one span',
    replies: [textStream],
    async run(client) {
      const [left, right] = (await client.chat.completions.create(STREAM_USAGE)).tee()
      return [await collect(left), await collect(right), left]
    },
    recorded: STREAMED_USAGE,
  },
  {
    name: 'toReadableStream, and back',
    replies: [textStream],
    async run(client) {
      const stream = await client.chat.completions.create(STREAM)
      interface Back { fromReadableStream(readable: ReadableStream, controller: AbortController): AsyncIterable<unknown> }
      const { fromReadableStream } = stream.constructor as unknown as Back
      return collect(fromReadableStream(stream.toReadableStream(), new AbortController()))
    },
    recorded: STREAMED,
  },
  {
    name: 'toReadableStream, cancelled',
    replies: [brokenStream('hold')],
    async run(client) {
      const reader = (await client.chat.completions.create(STREAM)).toReadableStream().getReader()
      const first = await reader.read()
      await reader.cancel()
      return first.done
    },
    // How many events it had read ahead by then is the platform's affair.
    recorded: (traces) => {
      const [span] = traces[0]!.spans
      if (span?.outcome.state !== 'cancelled') throw new Error(`the span is ${span?.outcome.state}`)
    },
  },
  {
    name: 'an early break aborts the request and keeps what had arrived',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = await client.chat.completions.create(STREAM)
      const read = await readUntil(stream, (count) => count === 3)
      return [read, stream.controller.signal.aborted]
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'a throw in the loop reaches the user and aborts the request',
    replies: [brokenStream('hold')],
    run: async (client) => readUntil(await client.chat.completions.create(STREAM), (count) => {
      if (count === 3) throw new RangeError('mine')
      return false
    }),
    recorded: partial('cancelled'),
  },
  {
    name: 'controller.abort() ends the loop without an error',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = await client.chat.completions.create(STREAM)
      const read: unknown[] = []
      for await (const one of stream) if (read.push(one) === 3) stream.controller.abort()
      return [read, stream.controller.signal.aborted]
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'a signal of the user aborts between chunks',
    replies: [brokenStream('hold')],
    async run(client) {
      const controller = new AbortController()
      const stream = await client.chat.completions.create(STREAM, { signal: controller.signal })
      const read: unknown[] = []
      for await (const one of stream) if (read.push(one) === 3) controller.abort()
      return read
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'its iterator by hand: next, return, next',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = await client.chat.completions.create(STREAM)
      const iterator = stream[Symbol.asyncIterator]()
      const steps: unknown[] = [await iterator.next(), await iterator.next(), await iterator.next()]
      steps.push(await iterator.return?.(undefined), await iterator.next(), Object.prototype.toString.call(iterator))
      return [steps, stream.controller.signal.aborted]
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'its iterator by hand: throw',
    replies: [brokenStream('hold')],
    async run(client) {
      const iterator = (await client.chat.completions.create(STREAM))[Symbol.asyncIterator]()
      for (let i = 0; i < 3; i++) await iterator.next()
      return iterator.throw?.(new RangeError('mine'))
    },
    recorded: partial('failed RangeError'),
    // Its chunks pass through a generator of its own, which leaves the stream in the orderly way.
    recordedIn: { 'openai 7': partial('cancelled') },
  },
  {
    name: 'a stream that nobody reads stays open in the trace',
    replies: [textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      await client.chat.completions.create(STREAM)
    }),
    recorded: inRun('llm gpt-5-mini open late | openai chat.completions | streamed | no usage | 200 | system user >'),
  },
  {
    name: 'a stream that is read after its run has ended',
    replies: [textStream],
    async run(client, { profiler }) {
      const stream = await profiler.run('agent', async () => client.chat.completions.create(STREAM_USAGE))
      return collect(stream)
    },
    // The answer's text came too late for the run's parts.
    recorded: inRun(`${but(STREAMED_USAGE, { ' ok': ' ok late', ' assistant': '' })}`),
  },
  {
    name: 'a stream that is read twice throws as before',
    replies: [textStream],
    async run(client) {
      const stream = await client.chat.completions.create(STREAM)
      return [await collect(stream), await collect(stream).catch((error: unknown) => error)]
    },
    recorded: STREAMED,
  },
  {
    name: 'two consumers of one iterator',
    replies: [textStream],
    async run(client) {
      const iterator = (await client.chat.completions.create(STREAM))[Symbol.asyncIterator]()
      return Promise.all(Array.from({ length: 7 }, () => iterator.next()))
    },
    recorded: STREAMED,
  },
  {
    name: 'time to first and last token come from the pieces, not from the role and the end',
    replies: [],
    async run(client, { server }) {
      const text = gate()
      const end = gate()
      const [role, first] = TEXT_CHOICES.map((choices) => chunk({ choices }))
      server.reply(sse([role!, text, first!, end, chunk({ choices: [delta({}, 'stop')] }), event('[DONE]')]))
      const seen: number[] = []
      for await (const one of await client.chat.completions.create(STREAM)) {
        if (seen.push(one.choices.length) === 1) text.open()
        else end.open()
      }
      return seen
    },
    recorded: `${HEAD} stop | streamed 3 timed | no usage | 200 | system user > assistant`,
  },
  {
    name: 'parallel tool calls whose pieces alternate stay several',
    replies: [parallelStream],
    run: async (client) => collect(await client.chat.completions.create({ ...STREAM, tools: [WEATHER] })),
    recorded: `${HEAD} tool_calls | streamed 8 timed | no usage | 200 | asks weather(27) call_1, news(18) call_2 | tool-definition system user > tool-call tool-call`,
  },
  {
    name: 'several choices in one stream',
    replies: [chatStream([
      [delta({ role: 'assistant', content: '' }), delta({ role: 'assistant', content: '' }, null, 1)],
      [delta({ content: 'canary-a' })], [delta({ content: 'canary-b' }, null, 1)], [delta({}, 'stop')], [delta({}, 'length', 1)],
    ])],
    run: async (client) => collect(await client.chat.completions.create({ ...STREAM, n: 2 })),
    recorded: `${HEAD} stop length | streamed 5 timed | no usage | 200 | system user > assistant assistant`,
  },
  {
    name: 'a refusal, streamed',
    replies: [chatStream([[delta({ role: 'assistant', refusal: 'canary-no' })], [delta({}, 'stop')]])],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: `${HEAD} stop | streamed 2 timed | no usage | 200 | system user > assistant`,
  },
  {
    name: 'an error in the stream',
    replies: [brokenStream(event({ error: { message: 'the provider broke', type: 'server_error', code: 'overloaded' } }))],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: partial('failed APIError'),
  },
  {
    name: 'an event named error in the stream',
    replies: [brokenStream(event({ message: 'the provider broke' }, 'error'))],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: partial('failed APIError'),
    // Their streams hand it out as a chunk like any other.
    recordedIn: Object.fromEntries(['openai 5', 'openai 6'].map((version) => [version, but(partial('ok'), {
      'streamed 3': 'streamed 4',
    })])),
  },
  {
    name: 'an event that is no JSON',
    replies: [brokenStream('data: {"cut\n\n')],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: partial('failed SyntaxError'),
  },
  {
    name: 'a connection that is cut in the stream',
    replies: [],
    async run(client, { server }) {
      const read = gate()
      server.reply(brokenStream(read, 'cut'))
      const all: unknown[] = []
      try {
        for await (const one of await client.chat.completions.create(STREAM)) if (all.push(one) === 3) read.open()
      } catch (error) {
        return [all, error]
      }
      return all
    },
    recorded: partial('failed TypeError'),
  },
  {
    name: 'a stream that ends without [DONE] and without a finish reason',
    replies: [brokenStream()],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: partial('ok'),
  },
  {
    name: 'an empty stream',
    replies: [sse([event('[DONE]')])],
    run: async (client) => collect(await client.chat.completions.create(STREAM)),
    recorded: 'llm gpt-5-mini ok | openai chat.completions | streamed | no usage | 200 | system user >',
  },
  {
    name: 'the async context inside the loop is the reader\'s',
    replies: [textStream],
    async run(client, { store, profiler }) {
      const stream = await store.run('maker', () => client.chat.completions.create(STREAM))
      const seen = new Set<string | undefined>()
      await store.run('reader', async () => {
        for await (const one of stream) {
          seen.add(store.getStore())
          profiler.span('inside the loop', () => one)
        }
      })
      return [[...seen], store.getStore()]
    },
    // The spans of a loop outside any run are runs of their own; they end before the stream does.
    recorded: [...PIECES.map(() => 'internal inside the loop ok'), 'internal inside the loop ok', 'internal inside the loop ok', STREAMED].join('\n'),
  },
  {
    name: 'responses.create, streamed',
    replies: [responseStream],
    run: async (client) => collect(await client.responses.create(STREAM_RESPONSES)),
    recorded: RESPONSES,
  },
  {
    name: 'responses: a function call, streamed',
    replies: [responseToolStream],
    run: async (client) => collect(await client.responses.create(STREAM_RESPONSES)),
    recorded: but(RESPONSES, {
      '10 timed': '6 timed', '200 | ': '200 | asks weather(27) call_1 | ', '> assistant': '> tool-call',
    }),
  },
  {
    name: 'responses: incomplete',
    replies: [incompleteResponse],
    run: async (client) => collect(await client.responses.create(STREAM_RESPONSES)),
    recorded: but(RESPONSES, { completed: 'max_output_tokens' }),
  },
  {
    name: 'responses: failed',
    replies: [failedResponse],
    run: async (client) => collect(await client.responses.create(STREAM_RESPONSES)),
    recorded: 'llm gpt-5-mini failed server_error | openai responses | gpt-5-mini-2025-08-07 resp_1 failed | streamed 2 | no usage | 200 | system user >',
  },
  {
    name: 'responses: an early break',
    replies: [cutResponse('hold')],
    run: async (client) => readUntil(await client.responses.create(STREAM_RESPONSES), (count) => count === 5),
    recorded: 'llm gpt-5-mini cancelled | openai responses | gpt-5-mini-2025-08-07 resp_1 | streamed 5 timed | no usage | 200 | system user > assistant',
  },
]
