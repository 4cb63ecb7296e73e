import type { OpenaiCase } from './kit.ts'
import { but } from '../draw.ts'
import { cut, deadAddress, json, raw, silent, type Asked } from '../../support/provider-server.ts'
import { ASK, ASK_RESPONSES, STREAM, answer, brokenStream, busy, errorReply, textStream } from './answers.ts'
import { CALL } from './calls.ts'
import { frozen } from '../frozen.ts'
import { collect, turns } from '../reading.ts'
import { STREAMED } from './streams.ts'

const failed = (type: string, attempts: string): string => `llm gpt-5-mini failed ${type} | openai chat.completions | no usage | ${attempts} | system user >`
const CANCELLED = 'llm gpt-5-mini cancelled | openai chat.completions | no usage | AbortError | system user >'

const failedStream = (type: string, attempts: string): string => but(failed(type, attempts), {
  '| no usage': '| streamed | no usage',
})
/** One for all: its port is part of the error. */
const nobody = deadAddress()

const STATUSES = [
  [400, 'BadRequestError'], [401, 'AuthenticationError'], [403, 'PermissionDeniedError'], [404, 'NotFoundError'], [409, 'ConflictError'],
  [422, 'UnprocessableEntityError'], [429, 'RateLimitError'], [500, 'InternalServerError'], [503, 'InternalServerError'],
] as const

/** What goes wrong, and what the client tries again: the same class at the same await, and each attempt in the span. */
export const errors: readonly OpenaiCase[] = [
  ...STATUSES.map(([status, type]): OpenaiCase => ({
    name: `a ${status} is thrown as ${type} at the same await`,
    replies: [errorReply(status, 'some_code')],
    async run(client, { sdk }) {
      const promise = client.chat.completions.create(ASK)
      try {
        await promise
      } catch (error) {
        return [error, error instanceof sdk.APIError, error instanceof sdk[type], Object.keys(error as object)]
      }
      return 'nothing was thrown'
    },
    recorded: failed(type, String(status)),
  })),
  {
    name: 'an error of a stream is thrown at create, not in the loop',
    replies: [errorReply(400, 'bad')],
    run: (client) => client.chat.completions.create(STREAM),
    recorded: failedStream('BadRequestError', '400'),
  },
  {
    name: 'an error through catch(), then() and finally()',
    replies: [errorReply(400, 'bad')],
    async run(client) {
      const promise = client.chat.completions.create(ASK)
      const order: string[] = []
      const caught = await promise.catch((error: Error) => error.message)
      const rejected = await promise.then(() => 'fine', (error: Error) => error.constructor.name)
      await promise.finally(() => order.push('finally')).catch(() => order.push('after'))
      return [caught, rejected, order]
    },
    recorded: failed('BadRequestError', '400'),
  },
  {
    name: 'an error through withResponse()',
    replies: [errorReply(429, 'slow down')],
    run: (client) => client.chat.completions.create(ASK).withResponse(),
    recorded: failed('RateLimitError', '429'),
  },
  {
    name: 'an error through asResponse()',
    replies: [errorReply(429, 'slow down')],
    run: (client) => client.chat.completions.create(ASK).asResponse(),
    recorded: failed('RateLimitError', '429'),
  },
  {
    name: 'an error through parse',
    replies: [errorReply(500, 'broke')],
    run: (client) => client.chat.completions.parse(ASK),
    recorded: failed('InternalServerError', '500'),
  },
  {
    name: 'an error through the stream helper',
    replies: [errorReply(500, 'broke')],
    async run(client) {
      const stream = client.chat.completions.stream({ ...ASK })
      const seen: unknown[] = []
      stream.on('error', (error) => seen.push(error))
      return [await stream.finalContent().catch((error: unknown) => error), seen, stream.errored]
    },
    recorded: failedStream('InternalServerError', '500'),
  },
  {
    name: 'a rejection that nobody handles is reported as often as before: never awaited',
    replies: [errorReply(400, 'bad')],
    async run(client, { server }) {
      void client.chat.completions.create(ASK)
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: failed('BadRequestError', '400'),
  },
  {
    name: 'a rejection that nobody handles is reported as often as before: awaited without a handler',
    replies: [errorReply(400, 'bad')],
    async run(client, { server }) {
      void client.chat.completions.create(ASK).then(() => {})
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: failed('BadRequestError', '400'),
  },
  {
    name: 'a rejection that nobody handles is reported as often as before: two awaiters, one of whom handles it',
    replies: [errorReply(400, 'bad')],
    async run(client) {
      const promise = client.chat.completions.create(ASK)
      void promise.then(() => {})
      return promise.catch((error: Error) => error.message)
    },
    recorded: failed('BadRequestError', '400'),
  },
  {
    name: 'a rejection that nobody handles is reported as often as before: a derived promise',
    replies: [errorReply(400, 'bad')],
    async run(client, { server }) {
      void client.chat.completions.create(ASK)._thenUnwrap((value) => value.id)
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: failed('BadRequestError', '400'),
  },
  {
    name: 'a signal that was aborted before',
    run: (client) => client.chat.completions.create(ASK, { signal: AbortSignal.abort() }),
    recorded: but(CANCELLED, { ' | AbortError': '' }),
  },
  {
    name: 'a signal that aborts while the answer is awaited',
    replies: [silent],
    async run(client, { server }) {
      const controller = new AbortController()
      const promise = client.chat.completions.create(ASK, { signal: controller.signal })
      promise.catch(() => {})
      await server.arrived(1)
      controller.abort()
      return promise
    },
    recorded: CANCELLED,
  },
  {
    name: 'a timeout',
    replies: [silent],
    run: (client) => client.chat.completions.create(ASK, { timeout: 25 }),
    recorded: failed('APIConnectionTimeoutError', 'AbortError'),
  },
  {
    name: 'nobody listens',
    async run(_, { client }) {
      return client({ baseURL: await nobody }).chat.completions.create(ASK)
    },
    recorded: failed('APIConnectionError', 'ECONNREFUSED'),
  },
  {
    name: 'the connection is cut before the answer',
    replies: [cut],
    run: (client) => client.chat.completions.create(ASK),
    recorded: failed('APIConnectionError', 'ECONNRESET'),
  },
  {
    name: 'an answer that is no JSON',
    replies: [raw(['{"cut'], { headers: { 'content-type': 'application/json' } })],
    run: (client) => client.chat.completions.create(ASK),
    recorded: failed('SyntaxError', '200'),
  },
  {
    name: 'an answer that is no completion',
    replies: [json([1, 'canary', null])],
    run: (client) => client.chat.completions.create(ASK),
    recorded: but(CALL, {
      ' | gpt-5-mini-2025-08-07 chatcmpl-1 stop': '', 'in 12+8r out 3+2t': 'no usage', ' assistant': '',
    }),
  },
  {
    name: 'an answer without content',
    replies: [raw([], { status: 204 })],
    run: (client) => client.chat.completions.create(ASK),
    recorded: 'llm gpt-5-mini ok | openai chat.completions | no usage | 204 | system user >',
  },
  {
    name: 'a text in the place of an answer',
    replies: [raw(['canary'], { headers: { 'content-type': 'text/plain' } })],
    run: (client) => client.chat.completions.create(ASK),
    recorded: 'llm gpt-5-mini ok | openai chat.completions | no usage | 200 | system user >',
  },
  {
    name: 'a body that the client cannot send',
    run: (client) => client.chat.completions.create({ ...ASK, seed: 1n as never }),
    recorded: but(failed('TypeError', ''), { ' |  |': ' |' }),
  },
  {
    name: 'a 429, then an answer: one span, two attempts and the wait between them',
    replies: [busy, answer],
    run: (client) => client.chat.completions.create(ASK, { maxRetries: 1 }),
    recorded: but(CALL, { '200': '429 ~ 200' }),
  },
  {
    name: 'a 500 and a 429, then a stream',
    replies: [errorReply(500, 'broke', { 'retry-after-ms': '1' }), busy, textStream],
    run: async (client) => collect(await client.chat.completions.create(STREAM, { maxRetries: 2 })),
    recorded: but(STREAMED, { '200': '500 ~ 429 ~ 200' }),
  },
  {
    name: 'retries until none is left',
    replies: [busy, busy, busy],
    clientOptions: { maxRetries: 2 },
    run: (client) => client.chat.completions.create(ASK),
    recorded: failed('RateLimitError', '429 ~ 429 ~ 429'),
  },
  {
    name: 'a cut connection, then an answer',
    replies: [cut, answer],
    run(client) {
      // Its own wait before a retry without `retry-after` is half a second.
      Object.assign(client, { calculateDefaultRetryTimeoutMillis: () => 1 })
      return client.chat.completions.create(ASK, { maxRetries: 1 })
    },
    recorded: but(CALL, { '200': 'ECONNRESET ~ 200' }),
  },
  {
    name: 'retries of two calls at once stay with their calls',
    replies: Array.from({ length: 4 }, () => ({ headers }: Asked) => (headers.includes('x-stainless-retry-count: 0') ? busy : answer)),
    askedInAnyOrder: true,
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const both = [client, client].map((one) => one.chat.completions.create(ASK, { maxRetries: 1 }))
      return (await Promise.all(both)).length
    }),
    recorded: `agent agent ok\n  ${but(CALL, { '200': '429 ~ 200' })}\n  ${but(CALL, { '200': '429 ~ 200' })}`,
  },
  {
    name: 'responses: an error',
    replies: [errorReply(400, 'bad')],
    run: (client) => client.responses.create(ASK_RESPONSES),
    recorded: 'llm gpt-5-mini failed BadRequestError | openai responses | no usage | 400 | system user >',
  },
  {
    name: 'a fetch of the user\'s that throws',
    clientOptions: frozen({ fetch: () => { throw new RangeError('mine') } }),
    run: (client) => client.chat.completions.create(ASK),
    recorded: failed('APIConnectionError', 'RangeError'),
  },
  {
    name: 'the run that an error passes through fails with it',
    replies: [brokenStream('data: {"error":{"message":"broke"}}\n\n')],
    run: (client, { profiler }) => profiler.run('agent', async () => collect(await client.chat.completions.create(STREAM))),
    recorded: `agent agent failed APIError\n  ${but(STREAMED, {
      ok: 'failed APIError', ' stop': '', 'streamed 5': 'streamed 3',
    })}`,
  },
]
