import { expect } from 'vitest'
import { but } from '../draw.ts'
import type { Trace } from 'spanwise'
import type { OpenaiCase } from './kit.ts'
import { event, gate, json, sse, type Asked } from '../../support/provider-server.ts'
import {
  ANSWER, ASK, MODEL, PROMPT, STREAM, TEXT_CHOICES, answer, chunk, completion, responseAnswer, textStream, weatherCall,
} from './answers.ts'
import { CALL } from './calls.ts'
import { frozen } from '../frozen.ts'
import { collect, ownMembers, sameMembers } from '../reading.ts'
import { STREAMED } from './streams.ts'

/** A look-alike has no fetch to look at: no attempts are known. */
const LOOK_ALIKE = but(CALL, { ' | 200': '' })
const LOOK_ALIKE_STREAM = but(STREAMED, { ' | 200': '' })
const CHUNKS = TEXT_CHOICES.map((choices) => frozen({ id: 'chatcmpl-1', model: 'gpt-5-mini-2025-08-07', choices }))
const COMPLETION = frozen(completion())

async function* chunks(): AsyncGenerator<unknown> {
  yield* CHUNKS
}

/** The members of an object, as far as a program can come upon them. */
function visible(client: object): unknown {
  const inFor: string[] = []
  for (const key in client) inFor.push(key)
  return [Object.keys(client), inFor, Object.keys({ ...client }), Object.prototype.toString.call(client), client.constructor.name]
}

/** Clients of all kinds, and what may be done with them. */
export const clients: readonly OpenaiCase[] = [
  {
    name: 'the client is the object that it was',
    async run(client, { sdk }) {
      const copies: unknown[] = []
      try {
        copies.push(JSON.stringify(client))
      } catch (error) {
        copies.push((error as Error).constructor.name)
      }
      return [visible(client), visible(client.chat.completions), client instanceof sdk.OpenAI, copies]
    },
    recorded: '',
  },
  {
    name: 'private members, and those that only the SDK uses, work',
    async run(client) {
      const { req, url } = await client.buildRequest({ method: 'post', path: '/mine', body: { a: 1 } })
      const path = client.buildURL('/mine', { q: 1 }, undefined).replace(/.*\/v1/, '')
      return [path, url.replace(/.*\/v1/, ''), req.method, req.body, client.maxRetries, client.timeout, client.apiKey]
    },
    recorded: '',
  },
  {
    name: 'methods taken off their object, and bound',
    replies: [answer, answer],
    async run(client) {
      const { create } = client.chat.completions
      const bound = client.chat.completions.create.bind(client.chat.completions)
      return [await create.call(client.chat.completions, ASK), (await bound(ASK)).id, create.name, create.length]
    },
    recorded: `${CALL}\n${CALL}`,
  },
  {
    name: 'a client derived by withOptions is recorded, once, also of one that was derived',
    replies: [answer, answer, answer],
    async run(client, { sdk }) {
      const derived = client.withOptions({ timeout: 5_000, defaultHeaders: { 'x-derived': 'yes' } })
      const again = derived.withOptions({ maxRetries: 1 })
      const ids: string[] = []
      for (const one of [derived, again, client]) ids.push((await one.chat.completions.create(ASK)).id)
      return [ids, derived instanceof sdk.OpenAI, again === derived, visible(again), derived.timeout, again.timeout]
    },
    recorded: `${CALL}\n${CALL}\n${CALL}`,
  },
  {
    name: 'wrapped twice, it records once',
    replies: [answer, textStream],
    async run(client, { wrap }) {
      const twice = wrap(wrap(client))
      await twice.chat.completions.create(ASK)
      return [twice === client, await collect(await client.chat.completions.create(STREAM))]
    },
    recorded: `${CALL}\n${STREAMED}`,
  },
  {
    name: 'wrapped after withOptions, each records once',
    replies: [answer, answer],
    async run(_, { bareClient, wrap }) {
      const parent = bareClient()
      const derived = wrap(parent.withOptions({ timeout: 5_000 }))
      wrap(parent)
      return [(await derived.chat.completions.create(ASK)).id, (await parent.chat.completions.create(ASK)).id]
    },
    recorded: `${CALL}\n${CALL}`,
  },
  {
    name: 'a derived client that is wrapped once more records once',
    replies: [answer],
    run: (client, { wrap }) => wrap(client.withOptions({ timeout: 5_000 })).chat.completions.create(ASK),
    recorded: CALL,
  },
  {
    name: 'other clients of the same class are untouched',
    replies: [answer],
    run: (_, { bareClient }) => bareClient().chat.completions.create(ASK),
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
      return [same, (await client.chat.completions.create(ASK)).id]
    },
    recorded: '',
  },
  {
    name: 'a subclass with hooks of its own',
    replies: [answer, answer],
    async run(_, { sdk, server, wrap }) {
      const seen: string[] = []
      class Mine extends sdk.OpenAI {
        readonly mine = 'mine'
        protected override async prepareOptions(options: Parameters<InstanceType<typeof sdk.OpenAI>['request']>[0]): Promise<void> {
          seen.push(`options ${'path' in options ? options.path : ''}`)
        }
        protected override async prepareRequest(request: RequestInit): Promise<void> {
          seen.push(`request ${request.method}`)
        }
      }
      const client = wrap(new Mine({ apiKey: 'sk-test', baseURL: `${server.url}/v1` }))
      const derived = client.withOptions({ timeout: 5_000 })
      const ids = [(await client.chat.completions.create(ASK)).id, (await derived.chat.completions.create(ASK)).id]
      return [ids, seen, client.mine, derived instanceof Mine, visible(client)]
    },
    recorded: `${CALL}\n${CALL}`,
  },
  {
    name: 'AzureOpenAI, whose paths name the deployment',
    replies: [answer, textStream],
    async run(_, { sdk, server, wrap }) {
      const client = wrap(new sdk.AzureOpenAI({ apiKey: 'azure-key', apiVersion: '2025-04-01', endpoint: server.url, maxRetries: 0 }))
      const first = await client.chat.completions.create(ASK)
      return [first, await collect(await client.chat.completions.create(STREAM)), client instanceof sdk.AzureOpenAI, client instanceof sdk.OpenAI]
    },
    recorded: `${CALL}\n${STREAMED}`.replaceAll('openai chat', 'azure.ai.openai chat'),
  },
  {
    name: 'AzureOpenAI with a fixed deployment, derived',
    replies: [answer],
    async run(_, { sdk, server, wrap }) {
      const options = { apiKey: 'azure-key', apiVersion: '2025-04-01', endpoint: server.url, deployment: 'mine', maxRetries: 0 }
      const client = wrap(new sdk.AzureOpenAI(options))
      return client.withOptions({ timeout: 5_000 }).chat.completions.create(ASK)
    },
    recorded: but(CALL, { 'openai chat': 'azure.ai.openai chat' }),
    // Their withOptions drops the API version and throws for any Azure client, wrapped or not.
    recordedIn: { 'openai 5': '', 'openai 6': '' },
  },
  {
    name: 'a fetch of the user\'s own sees what it saw',
    replies: [answer],
    async run(_, { client }) {
      const seen: unknown[] = []
      const mine = client({
        async fetch(this: unknown, url, init) {
          seen.push(this, String(url).replace(/.*\/v1/, ''), init?.method, typeof init?.signal)
          return fetch(url, init)
        },
      })
      return [await mine.chat.completions.create(ASK), seen]
    },
    recorded: CALL,
  },
  {
    name: 'a fetch that is put in after the wrapping',
    replies: [answer],
    async run(client) {
      let count = 0
      Object.assign(client, { fetch: (...args: Parameters<typeof fetch>) => (count++, fetch(...args)) })
      return [await client.chat.completions.create(ASK), count]
    },
    // Its attempts are not seen then.
    recorded: LOOK_ALIKE,
  },
  {
    name: 'an API key that is asked for each time',
    replies: [answer, answer],
    async run(_, { client }) {
      let count = 0
      const mine = client({ apiKey: async () => `sk-${++count}` })
      return [(await mine.chat.completions.create(ASK)).id, (await mine.chat.completions.create(ASK)).id, count]
    },
    recorded: `${CALL}\n${CALL}`,
    skip: { 'openai 5': 'its API key is a string' },
  },
  {
    name: 'a frozen client works; its methods are watched in its place',
    replies: [answer, textStream],
    async run(_, { bareClient, wrap }) {
      const client = wrap(Object.freeze(bareClient()))
      return [await client.chat.completions.create(ASK), await collect(await client.chat.completions.create(STREAM))]
    },
    recorded: `${LOOK_ALIKE}\n${LOOK_ALIKE_STREAM}`,
  },
  {
    name: 'a client that is frozen all the way down works, unrecorded',
    replies: [answer],
    run(_, { bareClient, wrap }) {
      const client = bareClient()
      for (const part of [client.chat.completions, client.chat, client.responses, client.embeddings, client.completions, client]) Object.freeze(part)
      return wrap(client).chat.completions.create(ASK)
    },
    recorded: '',
  },
  {
    name: 'a look-alike whose create gives a promise',
    async run(_, { wrap }) {
      const seen: unknown[] = []
      const client = wrap({ chat: { completions: { create: async (...args: unknown[]) => (seen.push(args), COMPLETION) } } })
      return [await client.chat.completions.create(ASK, { timeout: 1 }), seen, Object.keys(client.chat.completions)]
    },
    recorded: LOOK_ALIKE,
  },
  {
    name: 'a look-alike whose create gives an answer at once',
    run(_, { wrap }) {
      return wrap({ chat: { completions: { create: (_body: unknown) => COMPLETION } } }).chat.completions.create(ASK)
    },
    recorded: LOOK_ALIKE,
  },
  {
    name: 'a look-alike whose create gives a promise of a generator',
    async run(_, { wrap }) {
      const client = wrap({ chat: { completions: { create: async (_body: unknown) => chunks() } } })
      const stream = await client.chat.completions.create(STREAM)
      return [await collect(stream), Object.prototype.toString.call(stream)]
    },
    recorded: LOOK_ALIKE_STREAM,
  },
  {
    name: 'a look-alike that is an async generator function',
    run(_, { wrap }) {
      return collect(wrap({ chat: { completions: { create: (_body: unknown) => chunks() } } }).chat.completions.create(STREAM))
    },
    recorded: LOOK_ALIKE_STREAM,
  },
  {
    name: 'a look-alike that throws, and one that rejects',
    async run(_, { wrap }) {
      const client = wrap({
        chat: { completions: { create: (_body: unknown): unknown => { throw new RangeError('mine') } } },
        responses: { create: async (_body: unknown): Promise<unknown> => { throw new EvalError('mine too') } },
      })
      const errors: unknown[] = []
      try {
        client.chat.completions.create(ASK)
      } catch (error) {
        errors.push(error)
      }
      return [errors, await client.responses.create({ model: MODEL, input: PROMPT }).catch((error: unknown) => error)]
    },
    recorded: [
      'llm gpt-5-mini failed RangeError | openai chat.completions | no usage | system user >',
      'llm gpt-5-mini failed EvalError | openai responses | no usage | user >',
    ].join('\n'),
  },
  {
    name: 'fifty calls at once in five runs: each in its own',
    replies: [],
    askedInAnyOrder: true,
    async run(client, { server, profiler, store }) {
      const all = gate()
      const reply = (asked: Asked) => {
        interface Body { readonly messages: readonly { readonly content: string }[]; readonly stream?: boolean }
        const { messages, stream } = JSON.parse(asked.body) as Body
        const id = messages[0]!.content
        if (stream === true) return sse([all, ...TEXT_CHOICES.map((choices) => chunk({ choices }).replace('chatcmpl-1', id)), event('[DONE]')])
        return json({ ...completion(), id })
      }
      server.reply(...Array.from({ length: 50 }, () => reply))
      void server.arrived(50).then(() => all.open())
      const one = async (run: number, index: number): Promise<unknown> => {
        const body = { model: MODEL, messages: [{ role: 'user' as const, content: `id-${run}-${index}` }] }
        if (index % 2 === 0) return (await client.chat.completions.create(body)).id
        const chunks = await collect(await client.chat.completions.create({ ...body, stream: true }))
        return [chunks[0]!.id, store.getStore()]
      }
      return Promise.all([0, 1, 2, 3, 4].map((run) => profiler.run(`run-${run}`, () =>
        Promise.all(Array.from({ length: 10 }, (_, index) => store.run(`${run}/${index}`, () => one(run, index)))))))
    },
    recorded(traces: readonly Trace[]) {
      expect(traces.map(({ name }) => name).toSorted()).toEqual(['run-0', 'run-1', 'run-2', 'run-3', 'run-4'])
      for (const { name, spans } of traces) {
        const [root, ...calls] = spans
        expect(calls.map(({ llm }) => llm?.responseId)).toEqual(Array.from({ length: 10 }, (_, index) => `${name.replace('run', 'id')}-${index}`))
        expect(new Set(calls.map(({ parentId }) => parentId))).toEqual(new Set([root!.id]))
      }
    },
  },
  {
    name: 'calls side by side are siblings, and a tool between them holds its own',
    replies: [answer, responseAnswer, weatherCall],
    askedInAnyOrder: true,
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const inner = profiler.tool('inner', async () => (await client.chat.completions.create(ASK)).id)
      const first = await inner()
      const second = await client.responses.create({ model: MODEL, input: PROMPT })
      const third = await profiler.span('step', () => client.chat.completions.create(ASK), { category: 'agent' })
      return [first, second.id, third.choices[0]!.finish_reason]
    }),
    recorded: [
      'agent agent ok',
      '  tool inner ok',
      `    ${CALL}`,
      '  llm gpt-5-mini ok | openai responses | gpt-5-mini-2025-08-07 resp_1 completed | in 14+16r out 5+4t | 200 | user > reasoning assistant',
      '  agent step ok',
      `    ${but(CALL, { stop: 'tool_calls', '200 | ': '200 | asks weather(27) call_1 | ', '> assistant': '> tool-call' })}`,
    ].join('\n'),
  },
  {
    name: 'texts are recorded only when asked for',
    replies: [weatherCall],
    run: (client) => client.chat.completions.create(ASK),
    recorded(traces, profiler) {
      const text = JSON.stringify(traces)
      const [asked] = traces[0]!.spans[0]!.llm?.toolCalls ?? []
      const isFull = profiler.content === 'full'
      expect([text.includes(PROMPT), text.includes(ANSWER), asked?.arguments]).toEqual([isFull, false, isFull ? '{"city":"canary-Reykjavík"}' : undefined])
    },
  },
]
