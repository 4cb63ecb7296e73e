import { event, gate, sse } from '../../support/provider-server.ts'
import { but } from '../draw.ts'
import { collect, inRun, readUntil, turns } from '../reading.ts'
import { seen, type GoogleCase } from './kit.ts'
import { ASK, TOOLS, brokenStream, chunks, errorBody, first, last, pieces, textStream, weatherPart, weatherTool } from './answers.ts'
import { CALL } from './calls.ts'

/** A whole stream of three chunks. */
export const STREAMED = but(CALL, { '| in 20': '| streamed 3 timed | in 20' })
/** A stream that ended after its first two: what was sent is known, what was written is not. */
const partial = (outcome: string): string =>
  but(STREAMED, { ' ok': ` ${outcome}`, ' STOP': '', 'streamed 3': 'streamed 2', 'in 20+8r out 5+3t': 'in 28 out ? cut' })
const OVERLOADED = event(errorBody(503, 'UNAVAILABLE'))

const weatherStream = chunks([[{ text: 'canary-let me see' }]], [[weatherPart], 'STOP'])

/** Streams, and the ways to take and to leave them. */
export const streams: readonly GoogleCase[] = [
  {
    name: 'for await gives every chunk unchanged',
    replies: [textStream],
    run: async (client) => (await collect(await client.models.generateContentStream(ASK))).map(seen),
    recorded: STREAMED,
  },
  {
    name: 'in pieces of three bytes, which cut letters',
    replies: [sse([...first, last], { pieceBytes: 3 })],
    run: async (client) => (await collect(await client.models.generateContentStream(ASK))).map(seen),
    recorded: STREAMED,
  },
  {
    name: 'the stream is the generator that it was, with its members',
    replies: [textStream],
    async run(client) {
      const stream = await client.models.generateContentStream(ASK)
      const inFor: string[] = []
      for (const key in stream) inFor.push(key)
      const members = Object.entries(Object.getOwnPropertyDescriptors(stream)).map(([name, { enumerable, writable, configurable }]) => [name, enumerable, writable, configurable])
      return [Object.keys(stream), inFor, members, stream[Symbol.asyncIterator]() === stream, Object.getPrototypeOf(stream)?.constructor?.name, (await collect(stream)).length]
    },
    recorded: STREAMED,
  },
  {
    name: 'by hand: next, to the end and past it',
    replies: [textStream],
    async run(client) {
      const stream = await client.models.generateContentStream(ASK)
      const steps: unknown[] = []
      for (let i = 0; i < 5; i++) steps.push(JSON.stringify(await stream.next()))
      return steps
    },
    recorded: STREAMED,
  },
  {
    name: 'by hand: several steps asked for at once',
    replies: [textStream],
    async run(client) {
      const stream = await client.models.generateContentStream(ASK)
      return JSON.stringify(await Promise.all(Array.from({ length: 5 }, () => stream.next())))
    },
    recorded: STREAMED,
  },
  {
    name: 'by hand: return, and throw',
    replies: [brokenStream('hold'), brokenStream('hold')],
    async run(client) {
      const left = await client.models.generateContentStream(ASK)
      const thrown = await client.models.generateContentStream(ASK)
      for (let i = 0; i < 2; i++) await Promise.all([left.next(), thrown.next()])
      return [await left.return('mine'), await left.next(), await thrown.throw(new RangeError('mine')).catch((error: unknown) => error), await thrown.next()]
    },
    recorded: `${partial('cancelled')}\n${partial('failed RangeError')}`,
    // Its streams go through a generator of their own, which the one that is thrown into leaves.
    recordedIn: { 'genai 3': `${partial('cancelled')}\n${partial('cancelled')}` },
  },
  {
    name: 'an early break keeps what had arrived',
    replies: [brokenStream('hold')],
    run: async (client) => (await readUntil(await client.models.generateContentStream(ASK), (count) => count === 2)).map(seen),
    recorded: partial('cancelled'),
  },
  {
    name: 'a break after the last chunk is no loss',
    replies: [textStream],
    run: async (client) => (await readUntil(await client.models.generateContentStream(ASK), (count) => count === 3)).map(seen),
    recorded: STREAMED,
  },
  {
    name: 'a throw in the loop reaches the user',
    replies: [brokenStream('hold')],
    run: async (client) => readUntil(await client.models.generateContentStream(ASK), (count) => {
      if (count === 2) throw new RangeError('mine')
      return false
    }),
    recorded: partial('cancelled'),
  },
  {
    name: 'a signal of the user aborts between chunks',
    replies: [brokenStream('hold')],
    async run(client) {
      const controller = new AbortController()
      const stream = await client.models.generateContentStream({ ...ASK, config: { ...ASK.config, abortSignal: controller.signal } })
      const read: unknown[] = []
      const error = await (async () => {
        for await (const one of stream) if (read.push(seen(one)) === 2) controller.abort()
      })().catch((thrown: unknown) => thrown)
      return [read, error]
    },
    recorded: partial('cancelled'),
  },
  {
    name: 'a stream that nobody reads stays open in the trace',
    replies: [textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => void (await client.models.generateContentStream(ASK))),
    recorded: inRun('llm gemini-3-flash open late | gcp.gemini generateContent | max 100 | streamed | no usage | 200 | system user >'),
  },
  {
    name: 'a stream that is read twice is at its end the second time',
    replies: [textStream],
    async run(client) {
      const stream = await client.models.generateContentStream(ASK)
      return [(await collect(stream)).length, (await collect(stream)).length]
    },
    recorded: STREAMED,
  },
  {
    name: 'the time to the first token ends when the first piece comes, not with an empty chunk',
    replies: [sse([event({ candidates: [{ content: { role: 'model', parts: [{ text: '' }] } }] }), ...first, last])],
    run: async (client) => (await collect(await client.models.generateContentStream(ASK))).map(seen),
    recorded: but(STREAMED, { 'streamed 3': 'streamed 4' }),
  },
  {
    name: 'thoughts, then text: two parts, each in pieces',
    replies: [chunks([[{ text: 'canary-', thought: true }]], [[{ text: 'hm', thought: true }]], [[{ text: pieces[0] }]], [[{ text: pieces[1] }], 'STOP'])],
    run: async (client) => (await collect(await client.models.generateContentStream(ASK))).map(seen),
    recorded: but(STREAMED, { 'streamed 3': 'streamed 4', '> assistant': '> reasoning assistant' }),
  },
  {
    name: 'function calls in a stream',
    replies: [chunks([[weatherPart]], [[{ functionCall: { name: 'news', args: {} } }]], [[{ text: '' }], 'STOP'])],
    run: async (client) => (await collect(await client.models.generateContentStream(TOOLS))).map(seen),
    recorded: but(STREAMED, { '200 | ': '200 | asks weather(27) call_1, news(2) no id | tool-definition ', '> assistant': '> tool-call tool-call' }),
  },
  {
    name: 'the arguments of a function call in pieces',
    replies: [chunks(
      [[{ functionCall: { id: 'call_1', name: 'weather', willContinue: true } }]],
      [[{ functionCall: { partialArgs: [{ jsonPath: '$.city', stringValue: 'canary-Reyk', willContinue: true }], willContinue: true } }]],
      [[{ functionCall: { partialArgs: [{ jsonPath: '$.city', stringValue: 'javík' }], willContinue: true } }]], [[{ functionCall: {} }], 'STOP'],
    )],
    clientOptions: { vertexai: true },
    run: async (client) => (await collect(await client.models.generateContentStream(TOOLS))).map(seen),
    recorded: but(STREAMED, { 'streamed 3': 'streamed 4', 'gcp.gemini': 'gcp.vertex_ai', '200 | ': '200 | asks weather(27) call_1 | tool-definition ', '> assistant': '> tool-call' }),
  },
  {
    name: 'an error in the stream is thrown in the loop',
    replies: [brokenStream(OVERLOADED)],
    run: async (client) => collect(await client.models.generateContentStream(ASK)),
    recorded: partial('failed ApiError'),
    // They find it only where a piece of the body is nothing else, and give a chunk without anything.
    recordedIn: { 'genai 1': but(partial('ok'), { 'streamed 2': 'streamed 3' }), 'genai 2': but(partial('ok'), { 'streamed 2': 'streamed 3' }) },
  },
  {
    name: 'a connection that is cut in the stream',
    replies: [brokenStream('cut')],
    run: async (client) => collect(await client.models.generateContentStream(ASK)),
    recorded: partial('failed TypeError'),
  },
  {
    name: 'a stream that ends before it is whole is no failure, and its count is not final',
    replies: [sse([...first])],
    run: async (client) => (await collect(await client.models.generateContentStream(ASK))).map(seen),
    recorded: partial('ok'),
  },
  {
    name: 'a body that is no stream of events',
    replies: [sse(['canary'])],
    run: async (client) => collect(await client.models.generateContentStream(ASK)),
    recorded: 'llm gemini-3-flash failed Error | gcp.gemini generateContent | max 100 | streamed | no usage | 200 | system user >',
  },
  {
    name: 'chunks that come while the reader is away',
    replies: [() => { const held = gate(); setImmediate(() => held.open()); return sse([first[0], held, first[1], last]) }],
    async run(client) {
      const read: unknown[] = []
      for await (const one of await client.models.generateContentStream(ASK)) {
        read.push(seen(one))
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
      const all = await Promise.all([1, 2, 3].map(async () => collect(await client.models.generateContentStream(ASK))))
      return all.map(({ length }) => length)
    }),
    recorded: inRun(STREAMED, STREAMED, STREAMED),
  },
  {
    name: 'automatic function calling, streamed',
    replies: [weatherStream, textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const run = profiler.tool('weather', async () => 'canary-result')
      const stream = await client.models.generateContentStream({ ...ASK, config: { ...ASK.config, tools: [weatherTool(run)] } })
      return (await collect(stream)).map((one) => JSON.stringify(one))
    }),
    // The SDK runs the tool as soon as its call has come, while the answer is still under way.
    recorded: (traces) => {
      const [, llm, tool, told] = traces[0]!.spans
      if (llm?.category !== 'llm' || tool?.name !== 'weather' || told?.category !== 'llm' || traces[0]!.spans.length !== 4) throw new Error(JSON.stringify(traces[0]!.spans))
    },
  },
  {
    name: 'automatic continuation of a stream: each request is a call',
    replies: [
      sse([event({ candidates: [{ content: { role: 'model', parts: [{ text: 'canary' }] }, finishReason: 'CONTINUATION', continuationToken: 'token', index: 0 }], responseId: 'resp_0' })]),
      textStream,
    ],
    run: async (client) => (await collect(await client.models.generateContentStream(ASK))).map((one) => JSON.stringify(one)),
    recorded: [
      'llm gemini-3-flash ok | gcp.gemini generateContent | max 100 | resp_0 CONTINUATION | streamed 1 timed | no usage | 200 | system user > assistant', STREAMED,
    ].join('\n'),
    skip: { 'genai 1': 'it does not continue', 'genai 2': 'it does not continue' },
  },
]
