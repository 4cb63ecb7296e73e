import { cut, deadAddress, json, raw, silent } from '../../support/provider-server.ts'
import { but } from '../draw.ts'
import { collect, inRun, turns } from '../reading.ts'
import { seen, type GoogleCase } from './kit.ts'
import { ASK, answer, busy, errorReply, textStream } from './answers.ts'
import { CALL } from './calls.ts'
import { STREAMED } from './streams.ts'

const failed = (type: string, attempts: string): string =>
  `llm gemini-3-flash failed ${type} | gcp.gemini generateContent | max 100 | no usage${attempts === '' ? '' : ` | ${attempts}`} | system user >`
const CANCELLED = but(failed('', 'AbortError'), { 'failed ': 'cancelled' })
const streamed = (drawing: string): string => but(drawing, { '| no usage': '| streamed | no usage' })
/** One for all: its port is part of the error. */
const nobody = deadAddress()

const STATUSES = [[400, 'INVALID_ARGUMENT'], [401, 'UNAUTHENTICATED'], [403, 'PERMISSION_DENIED'], [404, 'NOT_FOUND'], [429, 'RESOURCE_EXHAUSTED'], [500, 'INTERNAL'], [503, 'UNAVAILABLE']] as const

/** Tries again within milliseconds. */
const RETRY = { retryOptions: { attempts: 3, initialDelay: 0.001, maxDelay: 0.002, jitter: 0 } }
const OLDER = { 'genai 1': 'it does not try again', 'genai 2': 'it waits a second before it tries again' }

/** What goes wrong, and what the client tries again: the same class at the same await, and each attempt in the span. */
export const errors: readonly GoogleCase[] = [
  ...STATUSES.map(([status, code]): GoogleCase => ({
    name: `a ${status} is thrown as an ApiError at the same await`,
    replies: [errorReply(status, code)],
    async run(client, { sdk }) {
      const promise = client.models.generateContent(ASK)
      try {
        await promise
      } catch (error) {
        return [error, error instanceof sdk.ApiError, (error as { status?: number }).status, Object.keys(error as object)]
      }
      return 'nothing was thrown'
    },
    recorded: failed('ApiError', String(status)),
  })),
  {
    name: 'an error that is no JSON',
    replies: [raw(['no JSON'], { status: 502, headers: { 'content-type': 'text/html' } })],
    run: (client) => client.models.generateContent(ASK),
    recorded: failed('ApiError', '502'),
  },
  {
    name: 'an error of a stream is thrown by generateContentStream, not in the loop',
    replies: [errorReply(400, 'INVALID_ARGUMENT')],
    run: (client) => client.models.generateContentStream(ASK),
    recorded: streamed(failed('ApiError', '400')),
  },
  {
    name: 'an error of embeddings',
    replies: [errorReply(400, 'INVALID_ARGUMENT')],
    run: (client) => client.models.embedContent({ model: 'gemini-embedding-001', contents: 'canary' }),
    recorded: 'embedding gemini-embedding-001 failed ApiError | gcp.gemini embedContent | no usage | 400 | user >',
  },
  ...['never awaited', 'awaited without a handler'].map((how, index): GoogleCase => ({
    name: `a rejection that nobody handles is reported as often as before: ${how}`,
    replies: [errorReply(400, 'INVALID_ARGUMENT')],
    async run(client, { server }) {
      const promise = client.models.generateContent(ASK)
      if (index === 1) void promise.then(() => {})
      await server.arrived(1)
      await server.settled()
      await turns()
    },
    recorded: failed('ApiError', '400'),
  })),
  {
    name: 'a rejection that nobody handles is reported as often as before: a stream whose step nobody awaits',
    replies: [errorReply(400, 'INVALID_ARGUMENT'), errorReply(400, 'INVALID_ARGUMENT')],
    async run(client, { server }) {
      void client.models.generateContentStream(ASK)
      const promise = client.models.generateContentStream(ASK)
      void promise.then(() => {})
      await server.arrived(2)
      await server.settled()
      await turns()
      return promise.catch((error: Error) => error.message)
    },
    recorded: `${streamed(failed('ApiError', '400'))}\n${streamed(failed('ApiError', '400'))}`,
  },
  {
    name: 'a signal that was aborted before',
    replies: [answer],
    run: (client) => client.models.generateContent({ ...ASK, config: { ...ASK.config, abortSignal: AbortSignal.abort() } }).then(seen),
    recorded: CANCELLED,
    // They wait for it to abort.
    recordedIn: { 'genai 1': CALL, 'genai 2': CALL },
  },
  {
    name: 'a signal that aborts while the answer is awaited',
    replies: [silent],
    async run(client, { server }) {
      const controller = new AbortController()
      const promise = client.models.generateContent({ ...ASK, config: { ...ASK.config, abortSignal: controller.signal } })
      promise.catch(() => {})
      await server.arrived(1)
      controller.abort()
      return promise
    },
    recorded: CANCELLED,
    // It throws an error of its own around the AbortError.
    recordedIn: { 'genai 1': failed('Error', 'Error') },
  },
  {
    name: 'a timeout',
    replies: [silent],
    run: (client) => client.models.generateContent({ ...ASK, config: { ...ASK.config, httpOptions: { timeout: 25 } } }),
    recorded: CANCELLED,
    recordedIn: { 'genai 1': failed('Error', 'Error') },
  },
  {
    name: 'nobody listens',
    run: async (_, { client }) => client({ httpOptions: { baseUrl: await nobody } }).models.generateContent(ASK),
    recorded: failed('TypeError', 'ECONNREFUSED'),
    recordedIn: { 'genai 1': failed('Error', 'Error') },
  },
  {
    name: 'the connection is cut before the answer',
    replies: [cut],
    run: (client) => client.models.generateContent(ASK),
    recorded: failed('TypeError', 'ECONNRESET'),
    recordedIn: { 'genai 1': failed('Error', 'Error') },
  },
  {
    name: 'a call that the client refuses to make is no call of a model',
    run: (client) => client.models.generateContentStream({
      ...ASK,
      config: {
        tools: [{ tool: async () => ({ functionDeclarations: [{ name: 'a' }] }), callTool: async () => [] }, { functionDeclarations: [{ name: 'b' }] }],
      },
    }),
    recorded: '',
  },
  {
    name: 'a 429, then an answer: one span, two attempts and the wait between them',
    replies: [busy, answer],
    run: async (client) => seen(await client.models.generateContent({ ...ASK, config: { ...ASK.config, httpOptions: RETRY } })),
    recorded: but(CALL, { '200': '429 ~ 200' }),
    skip: OLDER,
  },
  {
    name: 'a 503 and a 429, then a stream',
    replies: [errorReply(503, 'UNAVAILABLE'), busy, textStream],
    clientOptions: { httpOptions: RETRY },
    run: async (client) => (await collect(await client.models.generateContentStream(ASK))).map(seen),
    recorded: but(STREAMED, { '200': '503 ~ 429 ~ 200' }),
    skip: OLDER,
  },
  {
    name: 'retries until none is left',
    replies: [busy, busy, busy],
    clientOptions: { httpOptions: RETRY },
    run: (client) => client.models.generateContent(ASK),
    recorded: failed('ApiError', '429 ~ 429 ~ 429'),
    skip: OLDER,
  },
  {
    name: 'retries of two calls at once stay with their calls',
    replies: [busy, busy, answer, answer],
    clientOptions: { httpOptions: RETRY },
    askedInAnyOrder: true,
    run: (client, { profiler }) => profiler.run('agent', async () => (await Promise.all([1, 2].map(() => client.models.generateContent(ASK)))).length),
    recorded: inRun(but(CALL, { '200': '429 ~ 200' }), but(CALL, { '200': '429 ~ 200' })),
    skip: OLDER,
  },
  {
    name: 'a version that tries again out of sight has no attempts, rather than a wrong one',
    replies: [answer],
    clientOptions: { httpOptions: { retryOptions: { attempts: 1 } } },
    run: async (client) => seen(await client.models.generateContent(ASK)),
    recorded: CALL,
    recordedIn: { 'genai 1': but(CALL, { ' | 200': '' }), 'genai 2': but(CALL, { ' | 200': '' }) },
  },
  {
    name: 'a body that the user adds to is sent, and its request has no attempt',
    replies: [json({ candidates: [] })],
    run: (client) => client.models.generateContent({ ...ASK, config: { ...ASK.config, httpOptions: { extraBody: { labels: { canary: 'mine' } } } } }),
    recorded: 'llm gemini-3-flash ok | gcp.gemini generateContent | max 100 | no usage | system user >',
  },
]
