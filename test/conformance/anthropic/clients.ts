import type { AnthropicCase, AnthropicContext } from './kit.ts'
import { but } from '../draw.ts'
import type { ClientOptions } from '@anthropic-ai/sdk'
import { json } from '../../support/provider-server.ts'
import { frozen } from '../frozen.ts'
import { collect, inRun, note, ownMembers, sameMembers } from '../reading.ts'
import {
  ANSWER, ASK, INPUT, STREAM, WEATHER, answer, brokenStream, busy, message, parallelCalls, quietStream, textBlock, textStream, weatherCall, weatherStream,
} from './answers.ts'
import { CALL } from './calls.ts'
import { STREAMED } from './streams.ts'

const ASKS = but(CALL, {
  end_turn: 'tool_use', '200 | ': '200 | asks weather(27) toolu_1 | tool-definition ', '> assistant': '> assistant tool-call',
})
const TOLD = but(CALL, { 'system user': 'tool-definition system user assistant tool-call tool-result' })
const STREAM_ASKS = but(ASKS, {
  'tool_use |': 'tool_use | streamed 8 timed |', 'out 5': 'out 9', '> assistant tool-call': '> tool-call',
})
const STREAM_TOLD = but(TOLD, {
  'end_turn |': 'end_turn | streamed 8 timed |', 'assistant tool-call tool-result': 'tool-call tool-result',
})

/** Its tool runner holds the conversation as a thread on the server and sends what is new. */
const inThread = (...lines: readonly string[]): Readonly<Record<string, string>> =>
  ({ 'anthropic 1': inRun(...lines.map((line) => line.replace(/tool-definition .* tool-result/, 'tool-result'))) })
const TOOL = ['tool weather ok | for toolu_1', '  internal inside the tool ok'] as const

const FORMAT = frozen({
  type: 'json_schema' as const,
  schema: { type: 'object', properties: { canary: { type: 'number' } }, required: ['canary'], additionalProperties: false },
})

/** A runnable tool, with what it saw. */
function weatherTool({ profiler, store }: AnthropicContext) {
  const seen: unknown[] = []
  const run = profiler.tool('weather', async (input: unknown) => {
    seen.push(input, store.getStore())
    await profiler.span('inside the tool', async () => null)
    return 'canary-result'
  })
  return { seen, tool: { ...WEATHER, type: 'custom' as const, run, parse: (input: unknown) => input } }
}

interface SeenSpan {
  readonly name: string
  readonly attributes: Record<string, unknown>
  ends: number
}

/** A tracer provider of the user's, of the smallest kind that the SDK takes. */
function tracing(): { readonly spans: readonly SeenSpan[]; readonly openTelemetry: NonNullable<ClientOptions['openTelemetry']> } {
  const spans: SeenSpan[] = []
  const startSpan = (name: string, options?: { readonly attributes?: object }): object => {
    const span: SeenSpan = { name, attributes: { ...options?.attributes }, ends: 0 }
    spans.push(span)
    const context = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', traceFlags: 1 }
    return {
      spanContext: () => context, isRecording: () => true, end: () => void span.ends++,
      setAttribute: (key: string, value: unknown) => void (span.attributes[key] = value),
      setAttributes: (values: object) => void Object.assign(span.attributes, values),
      setStatus() {}, updateName() {}, recordException() {}, addEvent() {}, addLink() {}, addLinks() {},
    }
  }
  const tracerProvider = { getTracer: () => ({ startSpan, startActiveSpan: startSpan }) }
  return { spans, openTelemetry: { tracerProvider: tracerProvider as never } }
}
/** Where the server listens and how long it took differ from run to run. */
const steady = (spans: readonly SeenSpan[]): unknown =>
  spans.map(({ name, ends, attributes }) => [name, ends, Object.entries(attributes).filter(([key]) => !/^(server|url)\.|time_to/.test(key))])

const AFTER = [
  but(STREAMED, { ok: 'cancelled', ' end_turn': '', 'streamed 8': 'streamed 4', 'out 5': 'out ? cut' }),
  'llm claude-sonnet-5-5 failed BadRequestError | anthropic messages | max 100 | no usage | 400 | system user >',
  'llm claude-sonnet-5-5 ok | anthropic messages | max 100 | no usage | 200 | system user >',
]

/** Helpers, the SDK's own hooks, and clients of all kinds. */
export const clients: readonly AnthropicCase[] = [
  {
    name: 'parse with a JSON schema, and with a parser of the user\'s own',
    replies: [json(message([textBlock('{"canary":4}')])), json(message([textBlock('{"canary":4}')]))],
    async run(client) {
      const plain = await client.messages.parse({ ...ASK, output_config: { format: FORMAT } })
      const own = await client.messages.parse({ ...ASK, output_config: { format: { ...FORMAT, parse: (text: string) => text.length } } })
      return [plain.parsed_output, own.parsed_output, own]
    },
    recorded: `${CALL}\n${CALL}`,
  },
  {
    name: 'beta.messages.parse',
    replies: [json(message([textBlock('{"canary":4}')]))],
    run: async (client) => (await client.beta.messages.parse({ ...ASK, output_config: { format: FORMAT } })).parsed_output,
    recorded: CALL,
  },
  {
    name: 'toolRunner: an answer, the tool inside the run, and the answer to its result',
    replies: [weatherCall, answer],
    run: (client, context) => context.profiler.run('agent', async () => {
      const { seen, tool } = weatherTool(context)
      const runner = client.beta.messages.toolRunner({ ...ASK, messages: [...ASK.messages], tools: [tool] })
      return [await runner.runUntilDone(), seen, runner.params.messages.length]
    }),
    recorded: inRun(ASKS, ...TOOL, TOLD),
    recordedIn: inThread(ASKS, ...TOOL, TOLD),
  },
  {
    name: 'toolRunner, read with for await',
    replies: [weatherCall, answer],
    run: (client, context) => context.profiler.run('agent', async () => {
      const { seen, tool } = weatherTool(context)
      return [await collect(client.beta.messages.toolRunner({ ...ASK, messages: [...ASK.messages], tools: [tool] })), seen]
    }),
    recorded: inRun(ASKS, ...TOOL, TOLD),
    recordedIn: inThread(ASKS, ...TOOL, TOLD),
  },
  {
    name: 'toolRunner, streamed',
    replies: [weatherStream, quietStream],
    run: (client, context) => context.profiler.run('agent', async () => {
      const { seen, tool } = weatherTool(context)
      const events: unknown[] = []
      for await (const stream of client.beta.messages.toolRunner({ ...ASK, messages: [...ASK.messages], stream: true, tools: [tool] })) {
        events.push(note(stream, ['connect', 'streamEvent', 'text', 'message', 'finalMessage', 'end']), (await stream.finalMessage()).content)
      }
      return [events, seen]
    }),
    recorded: inRun(STREAM_ASKS, ...TOOL, STREAM_TOLD),
    recordedIn: inThread(STREAM_ASKS, ...TOOL, STREAM_TOLD),
  },
  {
    name: 'a message thread: send and stream',
    replies: [answer, quietStream],
    async run(client) {
      const thread = client.beta.messages.thread({ ...ASK, messages: [] })
      const first = await thread.send(ASK.messages)
      return [first, await thread.stream(ASK.messages).finalText(), thread.messages.length]
    },
    recorded: `${CALL}\n${but(STREAMED, { 'system user': 'user' })}`,
    skip: { 'anthropic 0': 'it has no message threads' },
  },
  {
    name: 'a message thread, streamed and left by a break',
    replies: [brokenStream('hold')],
    async run(client) {
      const stream = client.beta.messages.thread({ ...ASK, messages: [] }).stream(ASK.messages)
      stream.done().catch(() => {})
      let count = 0
      for await (const _ of stream) if (++count === 4) break
      return count
    },
    recorded: but(STREAMED, { ok: 'cancelled', ' end_turn': '', 'streamed 8': 'streamed 4', 'out 5': 'out ? cut' }),
    skip: { 'anthropic 0': 'it has no message threads' },
  },
  {
    name: 'toolRunner with parallel calls: siblings, each tied to its call',
    replies: [parallelCalls, answer],
    run: (client, context) => context.profiler.run('agent', async () => {
      const { tool } = weatherTool(context)
      const news = { ...tool, name: 'news', run: context.profiler.tool('news', async () => 'canary-none') }
      return client.beta.messages.toolRunner({ ...ASK, messages: [...ASK.messages], tools: [tool, news] }).runUntilDone()
    }),
    recorded: (traces) => {
      const { spans } = traces[0]!
      const above = (parentId: string | undefined): number => spans.findIndex(({ id }) => id === parentId)
      const seen = spans.map(({ name, tool, parentId }) => `${name} ${tool?.callId ?? ''} ${above(parentId)}`)
      const want = ['agent  -1', 'claude-sonnet-5-5  0', 'claude-sonnet-5-5  0', 'inside the tool  2', 'news toolu_2 0', 'weather toolu_1 0']
      if (seen.toSorted().join() !== want.join()) throw new Error(seen.join('\n'))
    },
  },
  {
    name: 'the client is the object that it was',
    run(client, { sdk }) {
      const inFor: string[] = []
      for (const key in client) inFor.push(key)
      const classes = [client.constructor.name, client instanceof sdk.Anthropic, client instanceof sdk.BaseAnthropic]
      return [Object.keys(client), inFor, Object.keys(client.messages), classes]
    },
    recorded: '',
  },
  {
    name: 'private members, and those that only the SDK uses, work',
    async run(client) {
      const { req, url } = await client.buildRequest({ method: 'post', path: '/mine', body: { a: 1 } })
      const built = client.buildURL('/mine', { q: 1 }, undefined)
      return [...[built, url].map((one) => one.replace(/.*\/s\d+/, '')), req.method, req.body, client.maxRetries, client.apiKey]
    },
    recorded: '',
  },
  {
    name: 'a client derived by withOptions is recorded, once, also of one that was derived',
    replies: [answer, answer, textStream],
    async run(client, { sdk }) {
      const derived = client.withOptions({ timeout: 5_000 })
      const again = derived.withOptions({ maxRetries: 1 })
      const ids = [(await derived.messages.create(ASK)).id, (await again.messages.create(ASK)).id]
      return [ids, await collect(await again.messages.create(STREAM)), again instanceof sdk.Anthropic, again.timeout]
    },
    recorded: `${CALL}\n${CALL}\n${STREAMED}`,
  },
  {
    name: 'wrapped twice, it records once',
    replies: [answer, textStream],
    async run(client, { wrap }) {
      const twice = wrap(wrap(client))
      return [twice === client, await twice.messages.create(ASK), await collect(await client.messages.create(STREAM))]
    },
    recorded: `${CALL}\n${STREAMED}`,
  },
  {
    name: 'other clients of the same class are untouched',
    replies: [answer],
    run: (_, { bareClient }) => bareClient().messages.create(ASK),
    recorded: '',
  },
  {
    name: 'unwrapped, it is as if nothing had been',
    replies: [answer],
    async run(_, { bareClient, wrap, unwrap }) {
      const client = bareClient()
      const before = ownMembers(client)
      unwrap(wrap(client))
      const same = sameMembers(before, ownMembers(client))
      return [same, (await client.messages.create(ASK)).id]
    },
    recorded: '',
  },
  {
    name: 'a subclass with hooks of its own',
    replies: [answer, answer],
    async run(_, { sdk, server, wrap }) {
      const seen: string[] = []
      class Mine extends sdk.Anthropic {
        protected override async prepareRequest(request: RequestInit): Promise<void> {
          seen.push(`request ${request.method}`)
        }
      }
      const client = wrap(new Mine({ apiKey: 'sk-ant-test', baseURL: server.url }))
      const derived = client.withOptions({ timeout: 5_000 })
      return [await client.messages.create(ASK), (await derived.messages.create(ASK)).id, seen, derived instanceof Mine]
    },
    recorded: `${CALL}\n${CALL}`,
  },
  {
    name: 'a frozen client works; its methods are watched in its place',
    replies: [answer, textStream],
    async run(_, { bareClient, wrap }) {
      const client = wrap(Object.freeze(bareClient()))
      return [await client.messages.create(ASK), await client.messages.stream({ ...ASK }).finalText()]
    },
    recorded: `${CALL}\n${STREAMED}`.replaceAll(' | 200', ''),
  },
  {
    name: 'a look-alike whose create gives a promise of an answer, or of a generator',
    async run(_, { wrap }) {
      const whole = message([textBlock(ANSWER)])
      const start = async function* () {
        yield { type: 'message_start', message: whole }
      }
      const create = async (body: object): Promise<unknown> => ('stream' in body ? start() : whole)
      const client = wrap({ messages: { create } })
      return [await client.messages.create(ASK), await collect((await client.messages.create(STREAM)) as AsyncIterable<unknown>)]
    },
    recorded: [but(CALL, { ' | 200': '' }), but(STREAMED, { ' | 200': '', ' end_turn': '', 'streamed 8 timed': 'streamed 1', 'out 5': 'out ? cut', ' assistant': '' })].join('\n'),
  },
  {
    name: 'the user\'s own tracer gets all its spans, and ours are not doubled',
    replies: [answer, textStream, textStream, json(message([textBlock('{"canary":4}')])), busy, answer],
    async run(_, { client }) {
      const { spans, openTelemetry } = tracing()
      const traced = client({ openTelemetry, maxRetries: 1 })
      await traced.messages.create(ASK)
      await collect(await traced.messages.create(STREAM))
      await traced.messages.stream({ ...ASK }).finalMessage()
      await traced.messages.parse({ ...ASK, output_config: { format: FORMAT } })
      await traced.messages.create(ASK)
      return steady(spans)
    },
    recorded: [CALL, STREAMED, STREAMED, CALL, but(CALL, { '200': '429 ~ 200' })].join('\n'),
  },
  {
    name: 'the user\'s own tracer, with a tool runner, a break, an error and an unread response',
    replies: [weatherCall, answer, brokenStream('hold'), json({ type: 'error', error: { type: 'x', message: 'y' } }, { status: 400 }), answer],
    async run(_, context) {
      const { spans, openTelemetry } = tracing()
      const traced = context.client({ openTelemetry })
      const { tool } = weatherTool(context)
      await context.profiler.run('agent', () => traced.beta.messages.toolRunner({ ...ASK, messages: [...ASK.messages], tools: [tool] }).runUntilDone())
      let count = 0
      for await (const _ of await traced.messages.create(STREAM)) if (++count === 4) break
      await traced.messages.create(ASK).catch(() => {})
      await traced.messages.create(ASK).asResponse()
      return steady(spans)
    },
    recorded: [inRun(ASKS, ...TOOL, TOLD), ...AFTER].join('\n'),
    recordedIn: { 'anthropic 1': [inThread(ASKS, ...TOOL, TOLD)['anthropic 1'], ...AFTER].join('\n') },
  },
  {
    name: 'openTelemetry: false, and a tracer that throws',
    replies: [answer, answer],
    async run(_, { client }) {
      const broken = { tracerProvider: { getTracer: () => ({ startSpan: () => { throw new Error('mine') } }) } as never }
      return [(await client({ openTelemetry: false }).messages.create(ASK)).id, (await client({ openTelemetry: broken }).messages.create(ASK)).id]
    },
    recorded: `${CALL}\n${CALL}`,
  },
  {
    name: 'middleware of the user\'s still runs around each attempt, and may answer itself',
    replies: [busy, answer],
    async run(_, { client }) {
      const seen: unknown[] = []
      const watching = client({
        maxRetries: 1,
        middleware: [async (request, next) => {
          const response = await next(request)
          seen.push(request.method, response.status)
          return response
        }],
      })
      const answering = client({ middleware: [async () => Response.json(message([textBlock(ANSWER)]))] })
      return [await watching.messages.create(ASK), seen, await answering.messages.create(ASK)]
    },
    // What a middleware answers itself is no request.
    recorded: `${but(CALL, { '200': '429 ~ 200' })}\n${but(CALL, { ' | 200': '' })}`,
  },
  {
    name: 'a fetch of the user\'s own sees what it saw',
    replies: [answer],
    async run(_, { client }) {
      const seen: unknown[] = []
      const mine = client({
        async fetch(this: unknown, url, init) {
          seen.push(this, String(url).replace(/.*\/s\d+/, ''), init?.method)
          return fetch(url, init)
        },
      })
      return [await mine.messages.create(ASK), seen]
    },
    recorded: CALL,
  },
  {
    name: 'frozen parameters all the way down stay what they were',
    replies: [weatherCall],
    async run(client) {
      const params = frozen({ ...ASK, tools: [WEATHER], tool_choice: { type: 'auto' as const }, metadata: { user_id: 'canary' } })
      const before = JSON.stringify(params)
      await client.messages.create(params)
      return [before === JSON.stringify(params), INPUT]
    },
    recorded: ASKS,
  },
]
