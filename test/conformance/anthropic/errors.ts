import { cut, deadAddress, json, silent, type Asked } from '../../support/provider-server.ts'
import { but } from '../draw.ts'
import { collect, turns } from '../reading.ts'
import type { AnthropicCase } from './kit.ts'
import { ASK, STREAM, answer, busy, errorReply, message, textBlock, textStream } from './answers.ts'
import { CALL } from './calls.ts'
import { STREAMED } from './streams.ts'

const failed = (type: string, attempts: string): string =>
  `llm claude-sonnet-5-5 failed ${type} | anthropic messages | max 100 | no usage${attempts === '' ? '' : ` | ${attempts}`} | system user >`
const CANCELLED = but(failed('', 'AbortError'), { 'failed ': 'cancelled' })
/** One for all: its port is part of the error. */
const nobody = deadAddress()

const STATUSES = [
  [400, 'invalid_request_error', 'BadRequestError'], [401, 'authentication_error', 'AuthenticationError'], [403, 'permission_error', 'PermissionDeniedError'],
  [404, 'not_found_error', 'NotFoundError'], [422, 'invalid_request_error', 'UnprocessableEntityError'], [429, 'rate_limit_error', 'RateLimitError'],
  [500, 'api_error', 'InternalServerError'],
] as const

/** What goes wrong, and what the client tries again: the same class at the same await, and each attempt in the span. */
export const errors: readonly AnthropicCase[] = [
  ...STATUSES.map(([status, code, type]): AnthropicCase => ({
    name: `a ${status} is thrown as ${type} at the same await`,
    replies: [errorReply(status, code)],
    async run(client, { sdk }) {
      const promise = client.messages.create(ASK)
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
    name: 'a 529, overloaded',
    replies: [errorReply(529, 'overloaded_error')],
    run: (client) => client.messages.create(ASK),
    recorded: failed('OverloadedError', '529'),
    // It has no class of its own there.
    recordedIn: { 'anthropic 0': failed('InternalServerError', '529') },
  },
  {
    name: 'an error of a stream is thrown at create, not in the loop',
    replies: [errorReply(400, 'invalid_request_error')],
    run: (client) => client.messages.create(STREAM),
    recorded: but(failed('BadRequestError', '400'), { '| no usage': '| streamed | no usage' }),
  },
  {
    name: 'an error through withResponse() and asResponse()',
    replies: [busy, busy],
    async run(client) {
      const first = await client.messages.create(ASK).withResponse().catch((error: unknown) => error)
      return [first, await client.messages.create(ASK).asResponse().catch((error: unknown) => error)]
    },
    recorded: `${failed('RateLimitError', '429')}\n${failed('RateLimitError', '429')}`,
  },
  {
    name: 'an error through parse',
    replies: [json(message([textBlock('canary is no JSON')]))],
    run: (client) => client.messages.parse({ ...ASK, output_config: { format: { type: 'json_schema', schema: { type: 'object' } } } }),
    recorded: CALL,
  },
  ...['never awaited', 'awaited without a handler'].map((how, index): AnthropicCase => ({
    name: `a rejection that nobody handles is reported as often as before: ${how}`,
    replies: [errorReply(400, 'invalid_request_error')],
    async run(client, { server }) {
      const promise = client.messages.create(ASK)
      if (index === 1) void promise.then(() => {})
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: failed('BadRequestError', '400'),
  })),
  {
    name: 'a rejection that nobody handles is reported as often as before: two awaiters, one of whom handles it',
    replies: [errorReply(400, 'invalid_request_error')],
    async run(client) {
      const promise = client.messages.create(ASK)
      void promise.then(() => {})
      return promise.catch((error: Error) => error.message)
    },
    recorded: failed('BadRequestError', '400'),
  },
  {
    name: 'a signal that was aborted before',
    run: (client) => client.messages.create(ASK, { signal: AbortSignal.abort() }),
    recorded: but(CANCELLED, { ' | AbortError': '' }),
  },
  {
    name: 'a signal that aborts while the answer is awaited',
    replies: [silent],
    async run(client, { server }) {
      const controller = new AbortController()
      const promise = client.messages.create(ASK, { signal: controller.signal })
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
    run: (client) => client.messages.create(ASK, { timeout: 25 }),
    recorded: failed('APIConnectionTimeoutError', 'AbortError'),
  },
  {
    name: 'nobody listens',
    run: async (_, { client }) => client({ baseURL: await nobody }).messages.create(ASK),
    recorded: failed('APIConnectionError', 'ECONNREFUSED'),
  },
  {
    name: 'the connection is cut before the answer',
    replies: [cut],
    run: (client) => client.messages.create(ASK),
    recorded: failed('APIConnectionError', 'ECONNRESET'),
  },
  {
    name: 'a call that the client refuses to make: too long without a stream',
    run: (client) => client.messages.create({ ...ASK, max_tokens: 10_000_000 }),
    // It throws before there is a request: no call of a model.
    recorded: '',
  },
  {
    name: 'a 429, then an answer: one span, two attempts and the wait between them',
    replies: [busy, answer],
    run: (client) => client.messages.create(ASK, { maxRetries: 1 }),
    recorded: but(CALL, { '200': '429 ~ 200' }),
  },
  {
    name: 'a 529 and a 429, then a stream',
    replies: [errorReply(529, 'overloaded_error', { 'retry-after-ms': '1' }), busy, textStream],
    run: async (client) => collect(await client.messages.create(STREAM, { maxRetries: 2 })),
    recorded: but(STREAMED, { '200': '529 ~ 429 ~ 200' }),
  },
  {
    name: 'retries until none is left',
    replies: [busy, busy],
    clientOptions: { maxRetries: 1 },
    run: (client) => client.messages.create(ASK),
    recorded: failed('RateLimitError', '429 ~ 429'),
  },
  {
    name: 'retries of two calls at once stay with their calls',
    replies: Array.from({ length: 4 }, () => ({ headers }: Asked) => (headers.includes('x-stainless-retry-count: 0') ? busy : answer)),
    askedInAnyOrder: true,
    run: (client, { profiler }) => profiler.run('agent', async () =>
      (await Promise.all([1, 2].map(() => client.messages.create(ASK, { maxRetries: 1 })))).length),
    recorded: `agent agent ok\n  ${but(CALL, { '200': '429 ~ 200' })}\n  ${but(CALL, { '200': '429 ~ 200' })}`,
  },
]
