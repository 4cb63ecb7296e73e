import { expect } from 'vitest'
import type { Usage } from 'spanwise'
import { json, raw } from '../../support/provider-server.ts'
import { but, drawUsage } from '../draw.ts'
import { inRun, turns } from '../reading.ts'
import type { AnthropicCase } from './kit.ts'
import { ANSWER, ASK, MODEL, PROMPT, SYSTEM, WEATHER, answer, message, parallelCalls, textBlock, weatherCall } from './answers.ts'

export const CALL = 'llm claude-sonnet-5-5 ok | anthropic messages | max 100 | claude-sonnet-5-5-20260901 msg_1 end_turn | in 20+8r out 5 | 200 | system user > assistant'
const withUsage = (usage: string): string => CALL.replace('in 20+8r out 5', usage)
const UNREAD = 'llm claude-sonnet-5-5 ok | anthropic messages | max 100 | no usage | 200 | system user >'
const ASKS = but(CALL, {
  end_turn: 'tool_use', '200 | ': '200 | asks weather(27) toolu_1 | tool-definition ', '> assistant': '> assistant tool-call',
})

const WROTE = { input_tokens: 10, output_tokens: 4, cache_creation_input_tokens: 30 }
/** Usage as the provider may send it, and what can be trusted of it, as draw.ts writes it. */
const SHAPES: readonly (readonly [raw: unknown, drawn: string])[] = [
  [undefined, 'no usage'],
  [null, 'no usage'],
  [{}, 'in ? out ? cut'],
  [{ input_tokens: 10, output_tokens: 4 }, 'in 10 out 4'],
  [{ input_tokens: 0, output_tokens: 0 }, 'in 0 out 0'],
  [{ input_tokens: 10 }, 'in 10 out ? cut'],
  [{ input_tokens: null, output_tokens: 4 }, 'in ? out 4'],
  [{ input_tokens: '10', output_tokens: -4 }, 'in ? out ? cut'],
  [{ input_tokens: 1.5, output_tokens: 1e300 }, 'in ? out ? cut'],
  [{ input_tokens: 10, output_tokens: 4, cache_read_input_tokens: null, cache_creation_input_tokens: null, cache_creation: null }, 'in 10 out 4'],
  [{ input_tokens: 10, output_tokens: 4, cache_read_input_tokens: 100, cache_creation_input_tokens: 30 }, 'in 10+100r+30w out 4'],
  [{ ...WROTE, cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 } }, 'in 10+30w (5m 10, 1h 20) out 4'],
  [{ ...WROTE, cache_creation: { ephemeral_5m_input_tokens: 1 } }, 'in 10+30w out 4'],
  [{ input_tokens: 10, output_tokens: 9, output_tokens_details: { thinking_tokens: 6 } }, 'in 10 out 3+6t'],
  [{ input_tokens: 10, output_tokens: 4, output_tokens_details: { thinking_tokens: 5 } }, 'in 10 out 4'],
  [{ input_tokens: 10, output_tokens: 4, server_tool_use: { web_search_requests: 2, web_fetch_requests: 1 } }, 'in 10 out 4 2 searches 1 fetches'],
  [{ input_tokens: 10, output_tokens: 4, server_tool_use: { web_search_requests: 'two' } }, 'in 10 out 4'],
  [['many'], 'in ? out ? cut'],
  ['many', 'in ? out ? cut'],
]

/** One answer at once, and the ways to take it. */
export const calls: readonly AnthropicCase[] = [
  {
    name: 'create gives the parsed answer with its hidden request id',
    replies: [answer],
    async run(client) {
      const result = await client.messages.create(ASK)
      return { result, id: result._request_id, keys: Object.keys(result) }
    },
    recorded: CALL,
  },
  {
    name: 'the promise is an APIPromise, before and after it is awaited',
    replies: [answer],
    async run(client, { sdk }) {
      const promise = client.messages.create(ASK)
      const before = [promise instanceof sdk.APIPromise, promise instanceof Promise, promise]
      await promise
      return [before, promise]
    },
    recorded: CALL,
  },
  {
    name: 'withResponse gives data, response and request id',
    replies: [answer],
    run: (client) => client.messages.create(ASK).withResponse(),
    recorded: CALL,
  },
  {
    name: 'asResponse, then json()',
    replies: [answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const response = await client.messages.create(ASK).asResponse()
      return [response, await response.json(), response.bodyUsed]
    }),
    recorded: inRun(CALL),
  },
  {
    name: 'asResponse, then text()',
    replies: [answer],
    run: (client, { profiler }) => profiler.run('agent', async () => (await client.messages.create(ASK).asResponse()).text()),
    recorded: inRun(CALL),
  },
  {
    name: 'asResponse, never read',
    replies: [answer],
    run: (client) => client.messages.create(ASK).asResponse(),
    recorded: UNREAD,
  },
  {
    name: '_thenUnwrap derives promises that share one request',
    replies: [answer],
    async run(client, { sdk }) {
      const derived = client.messages.create(ASK)._thenUnwrap(({ content }) => ({ count: content.length }))
      return [derived instanceof sdk.APIPromise, await derived]
    },
    recorded: CALL,
  },
  {
    name: 'awaited twice, and by several at once: one request, one object',
    replies: [answer],
    async run(client) {
      const promise = client.messages.create(ASK)
      const [a, b] = await Promise.all([promise, promise])
      return [a === b, a === (await promise)]
    },
    recorded: CALL,
  },
  {
    name: 'a promise that nobody awaits still sends its request and stays open in the trace',
    replies: [answer],
    run: (client, { profiler, server }) => profiler.run('agent', async () => {
      void client.messages.create(ASK)
      await server.arrived(1)
      await server.settled()
      await turns()
    }),
    recorded: inRun(but(UNREAD, { ' ok': ' open late' })),
  },
  {
    name: 'the async context of the user stays its own',
    replies: [answer],
    async run(client, { store }) {
      const inner = await store.run('inner', async () => [await client.messages.create(ASK).then(() => store.getStore()), store.getStore()])
      return [inner, store.getStore()]
    },
    recorded: CALL,
  },
  {
    name: 'tool calls in an answer, and their results in the next request',
    replies: [weatherCall, answer],
    async run(client) {
      const first = await client.messages.create({ ...ASK, tools: [WEATHER] })
      const use = first.content.find((block) => block.type === 'tool_use')!
      const result = { type: 'tool_result' as const, tool_use_id: use.id, content: [{ type: 'text' as const, text: 'canary-result' }] }
      return client.messages.create({
        ...ASK, tools: [WEATHER], messages: [...ASK.messages, { role: 'assistant', content: first.content }, { role: 'user', content: [result] }],
      })
    },
    recorded: `${ASKS}\n${but(CALL, { 'system user': 'tool-definition system user assistant tool-call tool-result' })}`,
  },
  {
    name: 'parallel tool calls, run side by side, each tied to its call',
    replies: [parallelCalls],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const tools: Record<string, () => Promise<string>> = {
        weather: profiler.tool('weather', async () => 'canary-rain'), news: profiler.tool('news', async () => 'canary-none'),
      }
      const { content } = await client.messages.create(ASK)
      return Promise.all(content.map((block) => (block.type === 'tool_use' ? tools[block.name]!() : block)))
    }),
    recorded: inRun(
      but(CALL, {
        end_turn: 'tool_use', '200 | ': '200 | asks weather(27) toolu_1, news(2) toolu_2 | ', '> assistant': '> tool-call tool-call',
      }),
      'tool weather ok | for toolu_1', 'tool news ok | for toolu_2',
    ),
  },
  {
    name: 'thinking, and what was redacted of it',
    replies: [json(message(
      [{ type: 'thinking', thinking: 'canary-hm', signature: 'canary' }, { type: 'redacted_thinking', data: 'canary' }, textBlock(ANSWER)],
      { usage: { input_tokens: 10, output_tokens: 30, output_tokens_details: { thinking_tokens: 24 } } },
    ))],
    run: (client) => client.messages.create({ ...ASK, max_tokens: 2_000, thinking: { type: 'enabled', budget_tokens: 1_024 } }),
    recorded: but(withUsage('in 10 out 6+24t'), { 'max 100': 'max 2000', '> assistant': '> reasoning reasoning assistant' }),
  },
  {
    name: 'server tools are billed by the request, and ask the program for nothing',
    replies: [json(message(
      [
        { type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'canary' } },
        {
          type: 'web_search_tool_result', tool_use_id: 'srvtoolu_1',
          content: [{ type: 'web_search_result', title: 'canary', url: 'https://example.com', encrypted_content: 'x', page_age: null }],
        },
        textBlock(ANSWER),
      ],
      { usage: { input_tokens: 10, output_tokens: 30, server_tool_use: { web_search_requests: 1, web_fetch_requests: 0 } } },
    ))],
    run: (client) => client.messages.create({ ...ASK, tools: [{ type: 'web_search_20250305', name: 'web_search' }] }),
    recorded: but(withUsage('in 10 out 30 1 searches'), {
      '| system user > assistant': '| tool-definition system user > tool-call tool-result assistant',
    }),
  },
  {
    name: 'images and documents are sized by what was sent',
    replies: [answer],
    run: (client) => client.messages.create({
      ...ASK,
      messages: [{
        role: 'user',
        content: [
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'canary00' } },
          { type: 'document', source: { type: 'url', url: 'https://example.com/canary.pdf' } },
          { type: 'text', text: PROMPT },
        ],
      }],
    }),
    recorded(traces) {
      expect(traces[0]!.parts.map(({ kind, media, chars }) => [kind, media, chars])).toEqual([
        ['system', undefined, SYSTEM.length], ['user', 'image', 8], ['user', 'file', 30], ['user', undefined, PROMPT.length],
        ['assistant', undefined, ANSWER.length],
      ])
    },
  },
  {
    name: 'countTokens is no call of a model',
    replies: [json({ input_tokens: 12 })],
    run: (client) => client.messages.countTokens({ model: MODEL, messages: ASK.messages }),
    recorded: '',
  },
  {
    name: 'batches and models are no calls of a model',
    replies: [
      json({ id: 'batch_1', type: 'message_batch', processing_status: 'in_progress' }),
      json({ data: [{ id: 'a', type: 'model' }], has_more: false }),
    ],
    async run(client) {
      const ids: string[] = []
      const batch = await client.messages.batches.create({ requests: [{ custom_id: 'a', params: ASK }] })
      for await (const model of client.models.list()) ids.push(model.id)
      return [batch.id, ids]
    },
    recorded: '',
  },
  {
    name: 'beta.messages.create',
    replies: [answer],
    run: (client) => client.beta.messages.create({ ...ASK, betas: ['canary-2026'] }),
    recorded: CALL,
  },
  {
    name: 'beta: a compaction is billed beside the call',
    replies: [json(message([textBlock(ANSWER)], {
      usage: {
        input_tokens: 10, output_tokens: 4,
        iterations: [{ type: 'compaction', input_tokens: 70, output_tokens: 7 }, { type: 'message', input_tokens: 10, output_tokens: 4 }],
      },
    }))],
    run: (client) => client.beta.messages.create(ASK),
    recorded: withUsage('in 10 out 4 compactionInput 70 compactionOutput 7'),
  },
  {
    name: 'usage of any shape never throws: what can be trusted is taken, the rest is absent, all of it is kept raw',
    replies: SHAPES.map(([raw]) => json(message([textBlock(ANSWER)], { usage: raw }))),
    // Its own tracer reads usage too, and without care.
    clientOptions: { openTelemetry: false },
    async run(client) {
      const seen: unknown[] = []
      for (const _ of SHAPES) seen.push((await client.messages.create(ASK)).usage)
      return seen
    },
    recorded(traces) {
      const all: readonly (Usage | undefined)[] = traces.map((trace) => trace.spans[0]!.llm?.usage)
      expect(all.map(drawUsage)).toEqual(SHAPES.map(([, drawn]) => drawn))
      for (const [index, usage] of all.entries()) if (usage !== undefined) expect(usage.raw).toEqual(SHAPES[index]![0])
    },
  },
  {
    name: 'request options reach the request',
    replies: [answer],
    run: (client) => client.messages.create(ASK, {
      headers: { 'x-mine': 'yes', 'anthropic-beta': 'mine' }, query: { trace: '1' }, signal: new AbortController().signal, timeout: 5_000,
    }),
    recorded: CALL,
  },
  {
    name: 'client.post, by hand, is a call like any other',
    replies: [answer],
    run: (client) => client.post('/v1/messages', { body: ASK }),
    recorded: CALL,
  },
  {
    name: 'an answer that is no message, and one that is no JSON',
    replies: [json([1, 'canary', null]), raw(['canary'], { headers: { 'content-type': 'text/plain' } })],
    run: async (client) => [await client.messages.create(ASK), await client.messages.create(ASK)],
    recorded: `${UNREAD}\n${UNREAD}`,
  },
  {
    name: 'texts are recorded only when asked for',
    replies: [weatherCall],
    run: (client) => client.messages.create(ASK),
    recorded(traces, profiler) {
      const [asked] = traces[0]!.spans[0]!.llm?.toolCalls ?? []
      const isFull = profiler.content === 'full'
      expect([JSON.stringify(traces).includes(PROMPT), asked?.arguments]).toEqual([isFull, isFull ? '{"city":"canary-Reykjavík"}' : undefined])
    },
  },
]
