import { expect } from 'vitest'
import { but } from '../draw.ts'
import type { OpenaiCase } from './kit.ts'
import { json } from '../../support/provider-server.ts'
import {
  ANSWER, ASK, ASK_RESPONSES, MODEL, PROMPT, SYSTEM, WEATHER, answer, completion, embeddingReply, responseAnswer, responseBody, responseTools,
  weatherCall,
} from './answers.ts'
import { frozen } from '../frozen.ts'
import { inRun, turns } from '../reading.ts'

/** What the traces of the plain calls look like. */
export const CALL = 'llm gpt-5-mini ok | openai chat.completions | gpt-5-mini-2025-08-07 chatcmpl-1 stop | in 12+8r out 3+2t | 200 | system user > assistant'
/** Its answer was handed out unread: what nobody reads, nobody sees. */
const UNREAD = 'llm gpt-5-mini ok | openai chat.completions | no usage | 200 | system user >'
const RESPONSE = 'llm gpt-5-mini ok | openai responses | gpt-5-mini-2025-08-07 resp_1 completed | in 14+16r out 5+4t | 200 | system user > reasoning assistant'
const EMBEDDING = 'embedding text-embedding-3-small ok | openai embeddings | text-embedding-3-small | in 7 out ? | 200 | user user >'

const EMBED = frozen({ model: 'text-embedding-3-small', input: [PROMPT, 'canary-two'] })

/** One answer at once, and the ways to take it. */
export const calls: readonly OpenaiCase[] = [
  {
    name: 'create gives the parsed answer with its hidden request id',
    replies: [answer],
    async run(client) {
      const result = await client.chat.completions.create(ASK)
      return { result, id: result._request_id, keys: Object.keys(result) }
    },
    recorded: CALL,
  },
  {
    name: 'create inside a run is a part of it',
    replies: [answer, answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      await client.chat.completions.create(ASK)
      return client.chat.completions.create(ASK)
    }),
    recorded: inRun(CALL, CALL),
  },
  {
    name: 'the promise is an APIPromise, before and after it is awaited',
    replies: [answer],
    async run(client, { sdk }) {
      const promise = client.chat.completions.create(ASK)
      const before = [promise instanceof sdk.APIPromise, promise instanceof Promise, promise, Object.prototype.toString.call(promise)]
      await promise
      return [before, promise]
    },
    recorded: CALL,
  },
  {
    name: 'withResponse gives data, response and request id',
    replies: [answer],
    run: (client) => client.chat.completions.create(ASK).withResponse(),
    recorded: CALL,
  },
  {
    name: 'asResponse, then json()',
    replies: [answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const response = await client.chat.completions.create(ASK).asResponse()
      return [response, await response.json(), response.bodyUsed]
    }),
    recorded: inRun(CALL),
  },
  {
    name: 'asResponse, then text()',
    replies: [answer],
    async run(client) {
      const response = await client.chat.completions.create(ASK).asResponse()
      return [await response.text(), response.bodyUsed]
    },
    // Outside any run the trace was whole when the headers came: the counts still reach it, new parts do not.
    recorded: but(CALL, { ' assistant': '' }),
  },
  {
    name: 'asResponse, then its body read as a stream, and a clone',
    replies: [answer],
    async run(client) {
      const response = await client.chat.completions.create(ASK).asResponse()
      const copy = response.clone()
      const decoder = new TextDecoder()
      let text = ''
      for await (const bytes of response.body!) text += decoder.decode(bytes as Uint8Array, { stream: true })
      return [text, (await copy.arrayBuffer()).byteLength]
    },
    recorded: UNREAD,
  },
  {
    name: 'asResponse, then its body read piece by piece',
    replies: [answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const { body } = await client.chat.completions.create(ASK).asResponse()
      const reader = body!.getReader()
      const decoder = new TextDecoder()
      let text = ''
      for (let step = await reader.read(); !step.done; step = await reader.read()) text += decoder.decode(step.value as Uint8Array, { stream: true })
      return [text, reader instanceof ReadableStreamDefaultReader]
    }),
    recorded: inRun(CALL),
  },
  {
    name: 'asResponse, never read',
    replies: [answer],
    run: (client) => client.chat.completions.create(ASK).asResponse(),
    recorded: UNREAD,
  },
  {
    name: 'asResponse after the answer was awaited',
    replies: [answer],
    async run(client) {
      const promise = client.chat.completions.create(ASK)
      const first = await promise
      const response = await promise.asResponse()
      return [first, response.bodyUsed, response.status]
    },
    recorded: CALL,
  },
  {
    name: '_thenUnwrap derives promises that share one request',
    replies: [answer],
    async run(client, { sdk }) {
      const promise = client.chat.completions.create(ASK)
      const derived = promise._thenUnwrap((value) => ({ text: value.choices[0]!.message.content }))
      const twice = derived._thenUnwrap(({ text }) => ({ length: text?.length }))
      return [derived instanceof sdk.APIPromise, twice instanceof sdk.APIPromise, await twice]
    },
    recorded: CALL,
  },
  {
    name: '_thenUnwrap, then asResponse',
    replies: [answer],
    run: (client) => client.chat.completions.create(ASK)._thenUnwrap((value) => value.id).asResponse(),
    recorded: UNREAD,
  },
  {
    name: '_thenUnwrap whose function throws',
    replies: [answer],
    run: (client) => client.chat.completions.create(ASK)._thenUnwrap(() => {
      throw new RangeError('mine')
    }),
    recorded: CALL,
  },
  {
    name: 'awaited twice, and by several at once: one request, one object',
    replies: [answer],
    async run(client) {
      const promise = client.chat.completions.create(ASK)
      const [a, b] = await Promise.all([promise, promise])
      return [a === b, a === (await promise)]
    },
    recorded: CALL,
  },
  {
    name: 'then, catch and finally give plain promises of the same values',
    replies: [answer],
    async run(client) {
      const promise = client.chat.completions.create(ASK)
      const order: string[] = []
      const chained = promise.then((value) => (order.push('then'), value.id))
      const results = [
        Object.getPrototypeOf(chained) === Promise.prototype,
        await chained,
        await promise.catch(() => order.push('catch')),
        await promise.finally(() => order.push('finally')),
      ]
      return [results, order]
    },
    recorded: CALL,
  },
  {
    name: 'a promise that nobody awaits still sends its request and stays open in the trace',
    replies: [answer],
    run: (client, { profiler, server }) => profiler.run('agent', async () => {
      void client.chat.completions.create(ASK)
      await server.arrived(1)
      await server.settled()
      await turns()
    }),
    recorded: inRun('llm gpt-5-mini open late | openai chat.completions | no usage | 200 | system user >'),
  },
  {
    name: 'Promise.all of several: siblings, in the order of their start',
    replies: [answer, answer, answer],
    run: (client, { profiler }) => profiler.run('agent', () => Promise.all([1, 2, 3].map(() => client.chat.completions.create(ASK)))),
    recorded: inRun(CALL, CALL, CALL),
  },
  {
    name: 'the async context of the user stays its own',
    replies: [answer, answer],
    async run(client, { store }) {
      const inThen = await client.chat.completions.create(ASK).then(() => store.getStore())
      const inner = await store.run('inner', async () => {
        await client.chat.completions.create(ASK)
        return store.getStore()
      })
      return [inThen, inner, store.getStore()]
    },
    recorded: `${CALL}\n${CALL}`,
  },
  {
    name: 'several choices: a finish reason and a part each',
    replies: [json({
      ...completion(), choices: ['stop', 'length'].map((finish_reason, index) => ({ ...completion().choices[0]!, index, finish_reason })),
    })],
    run: (client) => client.chat.completions.create({ ...ASK, n: 2, max_completion_tokens: 100 }),
    recorded: but(CALL, { ' | gpt': ' | max 100 | gpt', stop: 'stop length', '> assistant': '> assistant assistant' }),
  },
  {
    name: 'tool calls in an answer, and their results in the next request',
    replies: [weatherCall, answer],
    async run(client) {
      const first = await client.chat.completions.create({ ...ASK, tools: [WEATHER] })
      const { message } = first.choices[0]!
      const result = { role: 'tool' as const, tool_call_id: message.tool_calls![0]!.id, content: 'canary-result' }
      return client.chat.completions.create({ ...ASK, tools: [WEATHER], messages: [...ASK.messages, message, result] })
    },
    recorded: [
      but(CALL, {
        stop: 'tool_calls', '200 | ': '200 | asks weather(27) call_1 | tool-definition ', '> assistant': '> tool-call',
      }),
      but(CALL, { 'system user': 'tool-definition system user tool-call tool-result' }),
    ].join('\n'),
  },
  {
    name: 'responses.create',
    replies: [responseAnswer],
    async run(client) {
      const result = await client.responses.create(ASK_RESPONSES)
      return [result, result.output_text, result._request_id]
    },
    recorded: RESPONSE,
  },
  {
    name: 'responses.create with parallel function calls',
    replies: [responseTools],
    run: (client) => client.responses.create({
      ...ASK_RESPONSES, input: [{ role: 'user', content: PROMPT }], tools: [{ type: 'function', ...WEATHER.function }],
    }),
    recorded: but(RESPONSE, {
      '200 | ': '200 | asks weather(27) call_1, news(27) call_2 | ', 'system user > reasoning assistant': 'tool-definition system user > tool-call tool-call',
    }),
  },
  {
    name: 'responses.create that failed is a result, and a failed span',
    replies: [json(responseBody([], { status: 'failed', usage: null, error: { code: 'server_error', message: 'it broke' } }))],
    run: (client) => client.responses.create(ASK_RESPONSES),
    recorded: 'llm gpt-5-mini failed server_error | openai responses | gpt-5-mini-2025-08-07 resp_1 failed | no usage | 200 | system user >',
  },
  {
    name: 'responses.retrieve repeats an old usage and is no call of a model',
    replies: [responseAnswer],
    run: (client) => client.responses.retrieve('resp_1'),
    recorded: '',
  },
  {
    name: 'embeddings, as base64 on the wire',
    replies: [embeddingReply],
    run: (client) => client.embeddings.create(EMBED),
    recorded: EMBEDDING,
  },
  {
    name: 'embeddings, as floats when asked',
    replies: [embeddingReply],
    run: (client) => client.embeddings.create({ ...EMBED, encoding_format: 'float' }),
    recorded: EMBEDDING,
  },
  {
    name: 'legacy completions',
    replies: [json({
      id: 'cmpl-1', object: 'text_completion', created: 1, model: MODEL,
      choices: [{ text: ANSWER, index: 0, logprobs: null, finish_reason: 'stop' }],
      usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 },
    })],
    run: (client) => client.completions.create({ model: MODEL, prompt: PROMPT }),
    recorded: 'llm gpt-5-mini ok | openai completions | gpt-5-mini cmpl-1 stop | in 4 out 2 | 200 | user > assistant',
  },
  {
    name: 'models.list pages through and is no call of a model',
    replies: [json({ object: 'list', data: [{ id: 'a', object: 'model' }, { id: 'b', object: 'model' }] })],
    async run(client) {
      const ids: string[] = []
      for await (const model of client.models.list()) ids.push(model.id)
      return ids
    },
    recorded: '',
  },
  {
    name: 'chat.completions.list has pages; its items carry old usages and are no calls',
    replies: [json({ object: 'list', data: [completion()], has_more: true }), json({ object: 'list', data: [completion()], has_more: false })],
    async run(client) {
      const page = await client.chat.completions.list({ limit: 1 })
      return [page.data, page.hasNextPage(), (await page.getNextPage()).data]
    },
    recorded: '',
  },
  {
    name: 'client.post, by hand, is a call like any other',
    replies: [answer],
    run: (client) => client.post('/chat/completions', { body: ASK }),
    recorded: CALL,
  },
  {
    name: 'request options reach the request: headers, query, signal, idempotency key',
    replies: [answer],
    run: (client) => client.chat.completions.create(ASK, {
      headers: { 'x-mine': 'yes', 'openai-organization': null }, query: { trace: '1' },
      signal: new AbortController().signal, idempotencyKey: 'k', timeout: 5_000,
    }),
    recorded: CALL,
  },
  {
    name: 'parts of the prompt are known by their sizes; texts only with content: full',
    replies: [answer],
    run: async (client) => (await client.chat.completions.create(ASK)).choices[0]?.message.content,
    recorded(traces, profiler) {
      const parts = traces[0]!.parts.map(({ kind, chars, text }) => [kind, chars, text])
      const text = (value: string): string | undefined => (profiler.content === 'full' ? value : undefined)
      expect(parts).toEqual([
        ['system', SYSTEM.length, text(SYSTEM)], ['user', PROMPT.length, text(PROMPT)], ['assistant', ANSWER.length, text(ANSWER)],
      ])
    },
  },
]
