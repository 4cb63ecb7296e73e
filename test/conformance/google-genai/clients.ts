import { json } from '../../support/provider-server.ts'
import { but } from '../draw.ts'
import { frozen } from '../frozen.ts'
import { collect, inRun, ownMembers, sameMembers } from '../reading.ts'
import { seen, type GoogleCase } from './kit.ts'
import { ANSWER, ASK, MODEL, PROMPT, TOOLS, answer, brokenStream, response, textStream, weatherCall } from './answers.ts'
import { ASKS, CALL } from './calls.ts'
import { STREAMED } from './streams.ts'

const PLAIN = but(CALL, { 'max 100 | ': '', 'system user': 'user' })
const SECOND = but(PLAIN, { '| user >': '| user assistant user >' })

/** Chats, which end in the same methods, and clients of all kinds. */
export const clients: readonly GoogleCase[] = [
  {
    name: 'a chat: each message is one call, with its history',
    replies: [answer, answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const chat = client.chats.create({ model: MODEL })
      return [seen(await chat.sendMessage({ message: PROMPT })), seen(await chat.sendMessage({ message: 'canary-more' })), chat.getHistory()]
    }),
    recorded: inRun(PLAIN, SECOND),
  },
  {
    name: 'a chat, streamed',
    replies: [textStream, textStream],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const chat = client.chats.create({ model: MODEL })
      const first = await collect(await chat.sendMessageStream({ message: PROMPT }))
      const second = await collect(await chat.sendMessageStream({ message: 'canary-more' }))
      return [first.map(seen), second.map(seen), chat.getHistory().length]
    }),
    recorded: (traces) => {
      const kinds = traces[0]!.spans.map(({ category, outcome, llm }) => `${category} ${outcome.state} ${llm?.chunks ?? ''}`)
      if (kinds.join() !== 'agent ok ,llm ok 3,llm ok 3') throw new Error(kinds.join())
    },
  },
  {
    name: 'a chat that was created before its client was wrapped',
    replies: [answer],
    async run(_, { bareClient, wrap }) {
      const client = bareClient()
      const chat = client.chats.create({ model: MODEL })
      wrap(client)
      return seen(await chat.sendMessage({ message: PROMPT }))
    },
    recorded: PLAIN,
  },
  {
    name: 'the client is the object that it was',
    run(client, { sdk }) {
      const inFor: string[] = []
      for (const key in client.models) inFor.push(key)
      return [Object.keys(client), Object.keys(client.models), inFor, client instanceof sdk.GoogleGenAI, client.models instanceof sdk.Models, client.vertexai]
    },
    recorded: '',
  },
  {
    name: 'the public methods are the very functions',
    async run(_, { bareClient, wrap }) {
      const client = bareClient()
      const { generateContent, generateContentStream } = client.models
      wrap(client)
      return [client.models.generateContent === generateContent, client.models.generateContentStream === generateContentStream]
    },
    recorded: '',
  },
  {
    name: 'a method that was taken off the client is recorded too',
    replies: [answer],
    async run(client) {
      const { generateContent } = client.models
      return seen(await generateContent(ASK))
    },
    recorded: CALL,
  },
  {
    name: 'wrapped twice, it records once',
    replies: [answer, textStream],
    async run(client, { wrap }) {
      const twice = wrap(wrap(client))
      return [twice === client, seen(await twice.models.generateContent(ASK)), (await collect(await client.models.generateContentStream(ASK))).map(seen)]
    },
    recorded: `${CALL}\n${STREAMED}`,
  },
  {
    name: 'other clients of the same class are untouched',
    replies: [answer],
    run: async (_, { bareClient }) => seen(await bareClient().models.generateContent(ASK)),
    recorded: '',
  },
  {
    name: 'unwrapped, it is as if nothing had been',
    replies: [answer],
    async run(_, { bareClient, wrap, unwrap }) {
      const client = bareClient()
      const all = (): unknown[] => [client, client.models, (client as unknown as { apiClient: object }).apiClient].flatMap(ownMembers)
      const before = all()
      unwrap(wrap(client))
      return [sameMembers(before, all()), seen(await client.models.generateContent(ASK))]
    },
    recorded: '',
  },
  {
    name: 'unwrapped while a stream is under way: it goes on, and is still recorded',
    replies: [textStream, answer],
    async run(client, { unwrap }) {
      const stream = await client.models.generateContentStream(ASK)
      await stream.next()
      unwrap(client)
      return [(await collect(stream)).map(seen), seen(await client.models.generateContent(ASK))]
    },
    recorded: STREAMED,
  },
  {
    name: 'a frozen client is recorded',
    replies: [answer, textStream],
    async run(_, { bareClient, wrap }) {
      const client = wrap(Object.freeze(bareClient()))
      return [seen(await client.models.generateContent(ASK)), (await collect(await client.models.generateContentStream(ASK))).map(seen)]
    },
    recorded: `${CALL}\n${STREAMED}`,
  },
  {
    name: 'one whose models are frozen works, and is not recorded',
    replies: [answer],
    async run(_, { bareClient, wrap }) {
      const client = bareClient()
      Object.freeze(client.models)
      return seen(await wrap(client).models.generateContent(ASK))
    },
    recorded: '',
  },
  {
    name: 'a subclass with private members',
    replies: [answer],
    async run(_, { sdk, server, wrap }) {
      class Mine extends sdk.GoogleGenAI {
        #asked = 0
        async ask() {
          this.#asked++
          return [this.#asked, seen(await this.models.generateContent(ASK))]
        }
      }
      return wrap(new Mine({ apiKey: 'test', httpOptions: { baseUrl: server.url } })).ask()
    },
    recorded: CALL,
  },
  {
    name: 'a look-alike with the public methods alone',
    async run(_, { wrap }) {
      const whole = response([{ text: ANSWER }])
      const models = {
        generateContent: async (_asked: object) => whole,
        generateContentStream: async (_asked: object) => (async function* () { yield whole })(),
        embedContent: async (_asked: object) => ({ embeddings: [] }),
      }
      const client = wrap({ models })
      return [await client.models.generateContent(ASK), await collect(await client.models.generateContentStream(ASK)), await client.models.embedContent(ASK)]
    },
    recorded: [
      but(CALL, { ' | 200': '' }), but(STREAMED, { ' | 200': '', 'streamed 3': 'streamed 1' }), 'embedding gemini-3-flash ok | gcp.gemini embedContent | no usage | user >',
    ].join('\n'),
  },
  {
    name: 'a look-alike whose methods throw and give what they like',
    async run(_, { wrap }) {
      const client = wrap({ models: { generateContent: (asked: unknown): unknown => { if (asked === ASK) throw new RangeError('mine'); return 42 } } })
      const thrown = (() => { try { return client.models.generateContent(ASK) } catch (error) { return error } })()
      return [thrown, client.models.generateContent(TOOLS)]
    },
    recorded: [
      'llm gemini-3-flash failed RangeError | gcp.gemini generateContent | max 100 | no usage | system user >',
      'llm gemini-3-flash ok | gcp.gemini generateContent | max 100 | no usage | tool-definition system user >',
    ].join('\n'),
  },
  {
    name: 'a fetch of the user\'s own sees what it saw',
    replies: [answer],
    async run(_, { client, server }) {
      const saw: unknown[] = []
      const mine = async function (this: unknown, url: unknown, init?: RequestInit): Promise<Response> {
        saw.push(this, String(url).replace(/.*\/s\d+/, ''), Object.keys(init ?? {}), init?.method)
        return fetch(url as string, init)
      }
      return [seen(await client({ httpOptions: { baseUrl: server.url, fetch: mine } as object }).models.generateContent(ASK)), saw]
    },
    recorded: CALL,
  },
  {
    name: 'frozen parameters all the way down stay what they were',
    replies: [weatherCall],
    async run(client) {
      const params = frozen({ ...TOOLS, contents: [{ role: 'user', parts: [{ text: PROMPT }] }] })
      const before = JSON.stringify(params)
      await client.models.generateContent(params)
      return before === JSON.stringify(params)
    },
    recorded: ASKS,
  },
  {
    name: 'parameters that are none are the SDK\'s to refuse',
    run: (client) => Promise.all([undefined, null].map((params) => client.models.generateContent(params as never).catch((error: unknown) => error))),
    recorded: '',
  },
  {
    name: 'in a run, side by side with other work',
    replies: [answer, brokenStream('hold')],
    askedInAnyOrder: true,
    run: (client, { profiler }) => profiler.run('agent', () => Promise.all([
      profiler.span('one', async () => (await client.models.generateContent(ASK)).text),
      profiler.span('two', async () => { for await (const _ of await client.models.generateContentStream(ASK)) break }),
    ])),
    recorded: (traces) => {
      const { spans } = traces[0]!
      const above = spans.map(({ name, parentId }) => `${name} < ${spans.find(({ id }) => id === parentId)?.name ?? ''}`).toSorted()
      if (above.join() !== 'agent < ,gemini-3-flash < one,gemini-3-flash < two,one < agent,two < agent') throw new Error(above.join())
    },
  },
  {
    name: 'provider by the user\'s word',
    replies: [json(response([{ text: ANSWER }]))],
    run: async (client) => seen(await client.models.generateContent(ASK)),
    recorded: CALL,
  },
]
