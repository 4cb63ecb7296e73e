import { expect } from 'vitest'
import type { Usage } from 'spanwise'
import { json, raw } from '../../support/provider-server.ts'
import { but, drawUsage } from '../draw.ts'
import { inRun, turns } from '../reading.ts'
import type { OllamaCase } from './kit.ts'
import { ANSWER, INPUT, MODEL, PROMPT, SYSTEM, WEATHER, answer, ask, counts, message, response, weatherCall, weatherTool } from './answers.ts'

export const CALL = 'llm qwen3:8b ok | ollama chat | max 100 | qwen3:8b stop | in 28 out 8 | 200 | system user > assistant'
const ASKS = but(CALL, { '200 | ': '200 | asks weather(27) call_1 | tool-definition ', '> assistant': '> assistant tool-call' })
const TOLD = but(CALL, { 'system user': 'tool-definition system user assistant tool-call tool-result' })
const UNREAD = 'llm qwen3:8b ok | ollama chat | max 100 | no usage | 200 | system user >'

/** Counts as the server may send them, and what can be trusted of them, as draw.ts writes it. */
const SHAPES: readonly (readonly [told: object, drawn: string])[] = [
  [{}, 'no usage'],
  [{ prompt_eval_count: 10, eval_count: 4 }, 'in 10 out 4'],
  // What is still in the server's cache is not counted by older versions.
  [{ eval_count: 4 }, 'in ? out 4'],
  [{ prompt_eval_count: 0, eval_count: 4 }, 'in 0 out 4'],
  [{ prompt_eval_count: 10 }, 'in 10 out ? cut'],
  [{ prompt_eval_count: '10', eval_count: -4 }, 'in ? out ? cut'],
]

/** One answer at once, and the ways to take it. */
export const calls: readonly OllamaCase[] = [
  {
    name: 'chat gives the parsed answer',
    replies: [answer],
    run: (client) => client.chat(ask()),
    recorded: CALL,
  },
  {
    name: 'the promise is a plain promise',
    replies: [answer],
    async run(client) {
      const promise = client.chat(ask())
      const is = [promise.constructor === Promise, Object.keys(promise)]
      const [a, b] = await Promise.all([promise, promise])
      return [is, a === b]
    },
    recorded: CALL,
  },
  {
    name: 'a promise that nobody awaits is recorded all the same',
    replies: [answer],
    run: (client, { profiler, server }) => profiler.run('agent', async () => {
      void client.chat(ask())
      await server.arrived(1)
      await server.settled()
      await turns()
    }),
    recorded: inRun(CALL),
  },
  {
    name: 'the async context of the user stays its own',
    replies: [answer],
    async run(client, { store }) {
      const inner = await store.run('inner', async () => [await client.chat(ask()).then(() => store.getStore()), store.getStore()])
      return [inner, store.getStore()]
    },
    recorded: CALL,
  },
  {
    name: 'concurrent calls stay apart',
    replies: Array.from({ length: 5 }, () => answer),
    askedInAnyOrder: true,
    run: (client, { profiler }) => profiler.run('agent', async () =>
      (await Promise.all(Array.from({ length: 5 }, (_, i) => client.chat(ask({ keep_alive: i }))))).length),
    recorded: inRun(...Array.from({ length: 5 }, () => CALL)),
  },
  {
    name: 'what the client writes into the request is the same',
    replies: [answer, json(response({ response: ANSWER }))],
    async run(client) {
      const request = ask({ messages: [{ role: 'user', content: PROMPT, images: [new Uint8Array([1, 2, 3])] }] })
      const generate = { model: MODEL, prompt: PROMPT, images: ['Y2FuYXJ5'] }
      await client.chat(request)
      await client.generate(generate)
      return [request, generate]
    },
    recorded: [
      // Images are encoded first: its request is not seen.
      but(CALL, { 'system user': 'user user', ' | 200': '' }),
      'llm qwen3:8b ok | ollama generate | qwen3:8b stop | in 28 out 8 | user user > assistant',
    ].join('\n'),
  },
  {
    name: 'images are sized by what is sent',
    replies: [answer],
    run: (client) => client.chat({ model: MODEL, messages: [{ role: 'user', content: PROMPT, images: [new Uint8Array([1, 2, 3])] }] }),
    recorded(traces) {
      expect(traces[0]!.parts.map(({ kind, media, chars }) => [kind, media, chars])).toEqual([
        ['user', 'image', 4], ['user', undefined, PROMPT.length], ['assistant', undefined, ANSWER.length],
      ])
    },
  },
  {
    name: 'tool calls in an answer, and their results in the next request',
    replies: [weatherCall, answer],
    async run(client) {
      const request = ask({ tools: [WEATHER] })
      const first = await client.chat(request)
      const result = { role: 'tool', tool_name: 'weather', tool_call_id: 'call_1', content: 'canary-result' }
      return [first, await client.chat({ ...ask({ tools: [WEATHER] }), messages: [...request.messages!, first.message, result] })]
    },
    recorded: `${ASKS}\n${TOLD}`,
  },
  {
    name: 'parallel tool calls, run side by side, each tied to its call, with ids and without',
    replies: [json(message({ tool_calls: [weatherTool, { function: { name: 'news', arguments: {} } }] }))],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const tools: Record<string, () => Promise<string>> = {
        weather: profiler.tool('weather', async () => 'canary-rain'), news: profiler.tool('news', async () => 'canary-none'),
      }
      const { message: { tool_calls = [] } } = await client.chat(ask())
      return Promise.all(tool_calls.map((call) => tools[call.function.name]!()))
    }),
    recorded: (traces) => {
      const [, llm, weather, news] = traces[0]!.spans
      expect(llm?.llm?.toolCalls?.map(({ id, name }) => [id, name])).toEqual([['call_1', 'weather'], [undefined, 'news']])
      expect([weather, news].map((tool) => [tool?.tool?.callId, tool?.tool?.issuedBy])).toEqual([['call_1', llm?.id], [undefined, llm?.id]])
    },
  },
  {
    name: 'thinking',
    replies: [json(message({ thinking: 'canary-hm', content: ANSWER }))],
    run: (client) => client.chat(ask({ think: true })),
    recorded: but(CALL, { '> assistant': '> reasoning assistant' }),
  },
  {
    name: 'the times that the server tells',
    replies: [answer],
    run: (client) => client.chat(ask()),
    recorded(traces) {
      expect(traces[0]!.spans[0]!.attributes).toMatchObject({
        'ollama.total_duration_ns': 900, 'ollama.load_duration_ns': 100, 'ollama.prompt_eval_duration_ns': 200, 'ollama.eval_duration_ns': 600,
      })
    },
  },
  {
    name: 'counts of any shape never throw: what can be trusted is taken, the rest is absent',
    replies: SHAPES.map(([told]) => json(message({ content: ANSWER }, { done: true, ...told }))),
    async run(client) {
      const all: unknown[] = []
      for (const _ of SHAPES) all.push(await client.chat(ask()))
      return all
    },
    recorded(traces) {
      const all: readonly (Usage | undefined)[] = traces.map((trace) => trace.spans[0]!.llm?.usage)
      expect(all.map(drawUsage)).toEqual(SHAPES.map(([, drawn]) => drawn))
      for (const [index, usage] of all.entries()) if (usage !== undefined) expect(usage.raw).toEqual(SHAPES[index]![0])
    },
  },
  {
    name: 'generate',
    replies: [json(response({ response: ANSWER, thinking: 'canary-hm', context: [1, 2] }))],
    run: (client) => client.generate({ model: MODEL, system: SYSTEM, prompt: PROMPT, suffix: 'canary', options: { num_predict: -1 } }),
    recorded: 'llm qwen3:8b ok | ollama generate | qwen3:8b stop | in 28 out 8 | 200 | system user user > reasoning assistant',
  },
  {
    name: 'generate goes on from tokens: parts of the request are known to be missing',
    replies: [json(response({ response: ANSWER }))],
    run: (client) => client.generate({ model: MODEL, prompt: PROMPT, context: [1, 2] }),
    recorded(traces) {
      expect(traces[0]!.spans[0]!.attributes?.['spanwise.request']).toBe('messages')
    },
  },
  {
    name: 'an image that was generated',
    replies: [json(response({ image: 'Y2FuYXJ5' }))],
    run: (client) => client.generate({ model: MODEL, prompt: PROMPT, width: 8 }),
    recorded(traces) {
      expect(traces[0]!.parts.map(({ kind, media }) => [kind, media])).toEqual([['user', undefined], ['assistant', 'image']])
    },
  },
  {
    name: 'embed, and embeddings, which tells no usage',
    replies: [json({ model: 'nomic', embeddings: [[0.1], [0.2]], total_duration: 9, load_duration: 1, prompt_eval_count: 7 }), json({ embedding: [0.1] })],
    run: async (client) => [
      await client.embed({ model: 'nomic', input: ['canary-a', 'canary-b'] }), await client.embeddings({ model: 'nomic', prompt: 'canary' }),
    ],
    recorded: [
      'embedding nomic ok | ollama embed | nomic | in 7 out ? | 200 | user user >', 'embedding nomic ok | ollama embeddings | no usage | 200 | user >',
    ].join('\n'),
  },
  {
    name: 'systemone',
    replies: [json({ model: MODEL, answers: { rain: { type: 'noul', noul: 0.9, canary: 1 } }, usage: { input_tokens: 10, output_tokens: 2 } })],
    run: (client) => client.systemone({ model: MODEL, state: 'canary', questions: { rain: { type: 'noul', instructions: 'canary' } } }),
    recorded: 'llm qwen3:8b ok | ollama systemone | qwen3:8b | in 10 out 2 | 200 | user user > assistant',
  },
  {
    name: 'models and versions are no calls of a model',
    replies: [json({ models: [] }), json({ version: '1' }), json({ models: [] }), json({ modelfile: 'canary' }), json({ status: 'success' })],
    run: async (client) => [await client.list(), await client.version(), await client.ps(), await client.show({ model: MODEL }), await client.pull({ model: MODEL })],
    recorded: '',
  },
  {
    name: 'an answer that is none, and one that is no JSON',
    replies: [json([1, 'canary', null]), raw(['no JSON'], { headers: { 'content-type': 'text/plain' } })],
    run: async (client) => [await client.chat(ask()), await client.chat(ask()).catch((error: unknown) => error)],
    recorded: `${UNREAD}\n${but(UNREAD, { ' ok': ' failed SyntaxError' })}`,
  },
  {
    name: 'texts are recorded only when asked for',
    replies: [weatherCall],
    run: (client) => client.chat(ask()),
    recorded(traces, profiler) {
      const [asked] = traces[0]!.spans[0]!.llm?.toolCalls ?? []
      const isFull = profiler.content === 'full'
      expect([JSON.stringify(traces).includes(PROMPT), asked?.arguments]).toEqual([isFull, isFull ? JSON.stringify(INPUT) : undefined])
      expect(counts.eval_count).toBe(traces[0]!.spans[0]!.llm?.usage?.output?.total)
    },
  },
]
