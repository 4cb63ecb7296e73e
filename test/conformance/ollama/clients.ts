import { cut, deadAddress, raw } from '../../support/provider-server.ts'
import { but } from '../draw.ts'
import { collect, ownMembers, sameMembers, turns } from '../reading.ts'
import type { OllamaCase } from './kit.ts'
import { answer, ask, askStream, errorReply, textStream } from './answers.ts'
import { CALL } from './calls.ts'
import { STREAMED } from './streams.ts'

const failed = (type: string, attempt: string): string =>
  `llm qwen3:8b failed ${type} | ollama chat | max 100 | no usage${attempt === '' ? '' : ` | ${attempt}`} | system user >`
/** One for all: its port is part of the error. */
const nobody = deadAddress()

/** What goes wrong: the same class at the same await. */
export const errors: readonly OllamaCase[] = [
  ...[400, 404, 429, 500, 503].map((status): OllamaCase => ({
    name: `a ${status} is thrown as a ResponseError at the same await`,
    replies: [errorReply(status)],
    async run(client) {
      const promise = client.chat(ask())
      try {
        await promise
      } catch (error) {
        return [error, (error as Error).name, (error as { status_code?: number }).status_code, Object.keys(error as object)]
      }
      return 'nothing was thrown'
    },
    recorded: failed('ResponseError', String(status)),
  })),
  {
    name: 'an error of a stream is thrown by chat, not in the loop',
    replies: [errorReply(404)],
    run: (client) => client.chat(askStream()),
    recorded: but(failed('ResponseError', '404'), { '| no usage': '| streamed | no usage' }),
  },
  {
    name: 'an error that is no JSON',
    replies: [raw(['no JSON'], { status: 502, headers: { 'content-type': 'text/html' } })],
    run: (client) => client.chat(ask()),
    recorded: failed('ResponseError', '502'),
  },
  ...['never awaited', 'awaited without a handler'].map((how, index): OllamaCase => ({
    name: `a rejection that nobody handles is reported as often as before: ${how}`,
    replies: [errorReply(400)],
    async run(client, { server }) {
      const promise = client.chat(ask())
      if (index === 1) void promise.then(() => {})
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: failed('ResponseError', '400'),
  })),
  {
    name: 'nobody listens',
    run: async (_, { client }) => client({ host: await nobody }).chat(ask()),
    recorded: failed('TypeError', 'ECONNREFUSED'),
  },
  {
    name: 'the connection is cut before the answer',
    replies: [cut],
    run: (client) => client.chat(ask()),
    recorded: failed('TypeError', 'ECONNRESET'),
  },
  {
    name: 'a request that is none is the client\'s to refuse',
    run: (client) => Promise.all([undefined, null].map((request) => client.chat(request as never).catch((error: unknown) => error))),
    recorded: ['', ''].map(() => 'llm chat failed TypeError | ollama chat | asked for nothing | no usage').join('\n'),
  },
]

/** Clients of all kinds. */
export const clients: readonly OllamaCase[] = [
  {
    name: 'the client is the object that it was',
    run(client, { sdk }) {
      const inFor: string[] = []
      for (const key in client) inFor.push(key)
      return [Object.keys(client), inFor, client instanceof sdk.Ollama, client.constructor.name]
    },
    recorded: '',
  },
  {
    name: 'wrapped twice, it records once',
    replies: [answer, textStream],
    async run(client, { wrap }) {
      const twice = wrap(wrap(client))
      return [twice === client, await twice.chat(ask()), await collect(await client.chat(askStream()))]
    },
    recorded: `${CALL}\n${STREAMED}`,
  },
  {
    name: 'other clients of the same class are untouched',
    replies: [answer],
    run: (_, { bareClient }) => bareClient().chat(ask()),
    recorded: '',
  },
  {
    name: 'unwrapped, it is as if nothing had been',
    replies: [answer],
    async run(_, { bareClient, wrap, unwrap }) {
      const client = bareClient()
      const before = ownMembers(client)
      unwrap(wrap(client))
      return [sameMembers(before, ownMembers(client)), await client.chat(ask())]
    },
    recorded: '',
  },
  {
    name: 'a frozen client works, and is not recorded',
    replies: [answer],
    run: (_, { bareClient, wrap }) => wrap(Object.freeze(bareClient())).chat(ask()),
    recorded: '',
  },
  {
    name: 'a subclass with private members and methods of its own',
    replies: [answer, answer],
    async run(_, { sdk, server, wrap }) {
      class Mine extends sdk.Ollama {
        #asked = 0
        override async encodeImage(image: Uint8Array | string): Promise<string> {
          this.#asked++
          return super.encodeImage(image)
        }
        async twice() {
          return [await this.chat(ask()), await this.chat(ask({ messages: [{ role: 'user', content: 'canary', images: ['Y2FuYXJ5'] }] })), this.#asked]
        }
      }
      return wrap(new Mine({ host: server.url })).twice()
    },
    recorded: `${CALL}\n${but(CALL, { 'system user': 'user user', ' | 200': '' })}`,
  },
  {
    name: 'a fetch of the user\'s own sees what it saw',
    replies: [answer],
    async run(_, { client }) {
      const saw: unknown[] = []
      const mine = client({
        async fetch(this: unknown, url, init) {
          saw.push(this === undefined, String(url).replace(/.*\/s\d+/, ''), Object.keys(init ?? {}), init?.method)
          return fetch(url, init)
        },
      })
      return [await mine.chat(ask()), saw]
    },
    recorded: CALL,
  },
  {
    name: 'a look-alike of one method',
    async run(_, { wrap }) {
      const client = wrap({ chat: async (_asked: object) => ({ model: 'qwen3:8b', message: { role: 'assistant', content: 'canary' }, done: true, done_reason: 'stop', prompt_eval_count: 28, eval_count: 8 }) })
      return client.chat(ask())
    },
    recorded: but(CALL, { ' | 200': '' }),
  },
]
