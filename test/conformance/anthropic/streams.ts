import { event, gate, sse } from '../../support/provider-server.ts'
import { but } from '../draw.ts'
import { collect, inRun, note, readText, readUntil, turns } from '../reading.ts'
import type { AnthropicCase } from './kit.ts'
import {
  ASK, STOP, STREAM, WEATHER, blockDelta, blockStart, blockStop, brokenStream, errorReply, messageDelta, messageStart, named, streamOf, textEvents, textStream, toolBlock,
  toolEvents,
} from './answers.ts'

const HEAD = 'llm claude-sonnet-5-5 ok | anthropic messages | max 100 | claude-sonnet-5-5-20260901 msg_1'
/** A whole stream of eight events. */
export const STREAMED = `${HEAD} end_turn | streamed 8 timed | in 20+8r out 5 | 200 | system user > assistant`
/** A stream that ended after its first four events: what was read is known, what was written is not. */
const partial = (outcome: string): string => `${HEAD} | streamed 4 timed | in 20+8r out ? cut | 200 | system user > assistant`.replace(' ok', ` ${outcome}`)
const HELPER_EVENTS = ['connect', 'streamEvent', 'text', 'inputJson', 'thinking', 'contentBlock', 'message', 'finalMessage', 'error', 'abort', 'end']
const OVERLOADED = event({ type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } }, 'error')

/** Streams, and the ways to take and to leave them. */
export const streams: readonly AnthropicCase[] = [
  {
    name: 'for await gives every event unchanged',
    replies: [textStream],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: STREAMED,
  },
  {
    name: 'in pieces of three bytes, which cut letters',
    replies: [sse([messageStart(), ...textEvents(0), messageDelta({ output_tokens: 5 }), STOP], { pieceBytes: 3 })],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: STREAMED,
  },
  {
    name: 'the stream is the class of the SDK and has its members',
    replies: [textStream],
    async run(client) {
      const stream = await client.messages.create(STREAM)
      const seen = [stream, stream.controller.signal.aborted, typeof stream.tee, typeof stream.toReadableStream]
      return [seen, await collect(stream), stream.controller.signal.aborted]
    },
    recorded: STREAMED,
  },
  {
    name: 'withResponse on a stream',
    replies: [textStream],
    async run(client) {
      const { data, response, request_id: id } = await client.messages.create(STREAM).withResponse()
      return [response, id, await collect(data)]
    },
    recorded: STREAMED,
  },
  {
    name: 'asResponse on a stream, its body read by hand',
    replies: [textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => readText((await client.messages.create(STREAM).asResponse()).body!)),
    // By hand the ping is an event as well.
    recorded: inRun(but(STREAMED, { 'streamed 8': 'streamed 9' })),
  },
  {
    name: 'tee gives two streams, and one span',
    replies: [textStream],
    async run(client) {
      const [left, right] = (await client.messages.create(STREAM)).tee()
      return [await collect(left), await collect(right)]
    },
    recorded: STREAMED,
  },
  {
    name: 'toReadableStream',
    replies: [textStream],
    run: async (client) => readText((await client.messages.create(STREAM)).toReadableStream()),
    recorded: STREAMED,
  },
  {
    name: 'an early break aborts the request and keeps what had arrived; the placeholder of the output is no count',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = await client.messages.create(STREAM)
      return [await readUntil(stream, (count) => count === 4), stream.controller.signal.aborted]
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'controller.abort() ends the loop without an error',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = await client.messages.create(STREAM)
      const read: unknown[] = []
      for await (const one of stream) if (read.push(one) === 4) stream.controller.abort()
      return read
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'a signal of the user aborts between events',
    replies: [brokenStream('hold')],
    async run(client) {
      const controller = new AbortController()
      const read: unknown[] = []
      for await (const one of await client.messages.create(STREAM, { signal: controller.signal })) if (read.push(one) === 4) controller.abort()
      return read
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'its iterator by hand: return, and throw',
    replies: [brokenStream('hold'), brokenStream('hold')],
    async run(client) {
      const first = (await client.messages.create(STREAM))[Symbol.asyncIterator]()
      const second = (await client.messages.create(STREAM))[Symbol.asyncIterator]()
      for (let i = 0; i < 4; i++) await Promise.all([first.next(), second.next()])
      return [await first.return?.(undefined), await first.next(), await second.throw?.(new RangeError('mine')).catch((error: unknown) => error)]
    },
    recorded: `${partial('cancelled')}\n${partial('failed RangeError')}`,
  },
  {
    name: 'a throw in the loop reaches the user and aborts the request',
    replies: [brokenStream('hold')],
    run: async (client) => readUntil(await client.messages.create(STREAM), (count) => {
      if (count === 4) throw new RangeError('mine')
      return false
    }),
    recorded: partial('cancelled'),
  },
  {
    name: 'a stream that nobody reads stays open in the trace',
    replies: [textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => void (await client.messages.create(STREAM))),
    recorded: inRun('llm claude-sonnet-5-5 open late | anthropic messages | max 100 | streamed | no usage | 200 | system user >'),
  },
  {
    name: 'a stream that is read twice throws as before',
    replies: [textStream],
    async run(client) {
      const stream = await client.messages.create(STREAM)
      return [await collect(stream), await collect(stream).catch((error: unknown) => error)]
    },
    recorded: STREAMED,
  },
  {
    name: 'parallel tool calls whose pieces alternate stay several',
    replies: [streamOf(
      blockStart(0, toolBlock('toolu_1', 'weather', {})), blockStart(1, toolBlock('toolu_2', 'news', {})),
      blockDelta(0, { type: 'input_json_delta', partial_json: '{"city":"cana' }), blockDelta(1, { type: 'input_json_delta', partial_json: '{"topic":' }),
      blockDelta(0, { type: 'input_json_delta', partial_json: 'ry-Reykjavík"}' }), blockDelta(1, { type: 'input_json_delta', partial_json: '"canary"}' }),
      blockStop(0), blockStop(1), messageDelta({ output_tokens: 9 }, 'tool_use'), STOP,
    )],
    run: async (client) => collect(await client.messages.create({ ...STREAM, tools: [WEATHER] })),
    recorded: `${HEAD} tool_use | streamed 11 timed | in 20+8r out 9 | 200 | asks weather(27) toolu_1, news(18) toolu_2 | tool-definition system user > tool-call tool-call`,
  },
  {
    name: 'text, then a tool call without arguments',
    replies: [streamOf(...textEvents(0), ...toolEvents(1, 'toolu_1', 'weather', ['']), messageDelta({ output_tokens: 9 }, 'tool_use'), STOP)],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: `${HEAD} tool_use | streamed 11 timed | in 20+8r out 9 | 200 | asks weather(2) toolu_1 | system user > assistant tool-call`,
  },
  {
    name: 'thinking, streamed',
    replies: [streamOf(
      blockStart(0, { type: 'thinking', thinking: '', signature: '' }), blockDelta(0, { type: 'thinking_delta', thinking: 'canary-hm' }),
      blockDelta(0, { type: 'signature_delta', signature: 'canary' }), blockStop(0), ...textEvents(1),
      messageDelta({ output_tokens: 30, output_tokens_details: { thinking_tokens: 24 } }), STOP,
    )],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: but(STREAMED, { 'streamed 8': 'streamed 12', 'out 5': 'out 6+24t', '> assistant': '> reasoning assistant' }),
  },
  {
    name: 'several message_delta: their counts replace each other, null keeps the one before',
    replies: [sse([
      messageStart({
        input_tokens: 20, cache_read_input_tokens: 8, cache_creation_input_tokens: 30, output_tokens: 1,
        cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
      }),
      ...textEvents(0), messageDelta({ output_tokens: 3, input_tokens: null }, null),
      messageDelta({
        input_tokens: 21, cache_read_input_tokens: null, cache_creation_input_tokens: null, output_tokens: 7,
        server_tool_use: { web_search_requests: 2 },
      }),
      STOP,
    ])],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: but(STREAMED, {
      'streamed 8': 'streamed 9', 'in 20+8r out 5': 'in 21+8r+30w (5m 10, 1h 20) out 7 2 searches',
    }),
  },
  {
    name: 'an error event in the stream',
    replies: [brokenStream(OVERLOADED)],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: partial('failed APIError'),
  },
  {
    name: 'an event that is no JSON',
    replies: [brokenStream('event: message_delta\ndata: {"cut\n\n')],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: partial('failed SyntaxError'),
  },
  {
    name: 'a connection that is cut in the stream',
    async run(client, { server }) {
      const read = gate()
      server.reply(brokenStream(read, 'cut'))
      const all: unknown[] = []
      try {
        for await (const one of await client.messages.create(STREAM)) if (all.push(one) === 4) read.open()
      } catch (error) {
        return [all, error]
      }
      return all
    },
    recorded: partial('failed TypeError'),
  },
  {
    name: 'a stream that ends too early: the input is known, the output is not',
    replies: [brokenStream()],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: partial('ok'),
  },
  {
    name: 'events that the SDK does not know yet pass through',
    replies: [streamOf(named({ type: 'canary_event' }), ...textEvents(0), messageDelta({ output_tokens: 5 }), STOP)],
    run: async (client) => collect(await client.messages.create(STREAM)),
    recorded: but(STREAMED, { 'streamed 8': 'streamed 9' }),
  },
  {
    name: 'messages.stream: events, finalMessage and finalText',
    replies: [textStream],
    async run(client) {
      const stream = client.messages.stream({ ...ASK })
      const seen = note(stream, HELPER_EVENTS)
      const finals = [await stream.finalMessage(), await stream.finalText(), await stream.done()]
      return [finals, seen, stream.ended, stream.errored, stream.request_id, stream.receivedMessages]
    },
    recorded: STREAMED,
  },
  {
    name: 'messages.stream, read with for await',
    replies: [textStream],
    run: (client) => collect(client.messages.stream({ ...ASK })),
    recorded: STREAMED,
  },
  {
    name: 'messages.stream, withResponse',
    replies: [textStream],
    async run(client) {
      const { data, response, request_id: id } = await client.messages.stream({ ...ASK }).withResponse()
      return [response.status, id, await data.finalText()]
    },
    recorded: STREAMED,
  },
  {
    name: 'messages.stream, aborted by its abort()',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = client.messages.stream({ ...ASK })
      const seen = note(stream, ['connect', 'abort', 'error', 'end'])
      let count = 0
      stream.on('streamEvent', () => void (++count === 4 && stream.abort()))
      return [await stream.done().catch((error: unknown) => error), seen, stream.aborted, count]
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'messages.stream, left by a break',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = client.messages.stream({ ...ASK })
      stream.done().catch(() => {})
      let count = 0
      for await (const _ of stream) if (++count === 4) break
      return count
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'messages.stream, with an error event and with an error status',
    replies: [brokenStream(OVERLOADED), errorReply(529, 'overloaded_error')],
    async run(client) {
      const first = client.messages.stream({ ...ASK })
      const seen = note(first, HELPER_EVENTS)
      const errors = [await first.finalMessage().catch((error: unknown) => error)]
      errors.push(await client.messages.stream({ ...ASK }).finalText().catch((error: unknown) => error))
      return [errors, seen]
    },
    recorded: (traces) => {
      const outcomes = traces.map(({ spans }) => spans[0]!.outcome.state)
      if (outcomes.join() !== 'failed,failed') throw new Error(`the spans are ${outcomes.join()}`)
    },
  },
  {
    name: 'messages.stream that nobody listens to: an error is an unhandled rejection, as often as before',
    replies: [errorReply(400, 'invalid_request_error')],
    async run(client, { server }) {
      client.messages.stream({ ...ASK })
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: 'llm claude-sonnet-5-5 failed BadRequestError | anthropic messages | max 100 | streamed | no usage | 400 | system user >',
  },
  {
    name: 'beta.messages, streamed',
    replies: [textStream, textStream],
    async run(client) {
      const events = await collect(await client.beta.messages.create(STREAM))
      return [events, await client.beta.messages.stream({ ...ASK }).finalText()]
    },
    recorded: `${STREAMED}\n${STREAMED}`,
  },
  {
    name: 'the async context inside the loop is the reader\'s',
    replies: [textStream],
    async run(client, { store }) {
      const stream = await store.run('maker', () => client.messages.create(STREAM))
      const seen = new Set<string | undefined>()
      await store.run('reader', async () => {
        for await (const _ of stream) seen.add(store.getStore())
      })
      return [[...seen], store.getStore()]
    },
    recorded: STREAMED,
  },
]
