import { expect } from 'vitest'
import type { GenerateContentParameters } from '@google/genai'
import type { Usage } from 'spanwise'
import { json, raw } from '../../support/provider-server.ts'
import { but, drawUsage } from '../draw.ts'
import { inRun, turns } from '../reading.ts'
import { seen, type GoogleCase } from './kit.ts'
import { ANSWER, ASK, MODEL, PROMPT, SYSTEM, TOOLS, answer, candidate, namelessCall, response, weatherCall, weatherPart, weatherTool } from './answers.ts'

export const CALL = 'llm gemini-3-flash ok | gcp.gemini generateContent | max 100 | gemini-3-flash-001 resp_1 STOP | in 20+8r out 5+3t | 200 | system user > assistant'
const withUsage = (usage: string): string => but(CALL, { 'in 20+8r out 5+3t': usage })
const UNREAD = 'llm gemini-3-flash ok | gcp.gemini generateContent | max 100 | no usage | 200 | system user >'
const PLAIN = but(CALL, { 'max 100 | ': '', 'system user': 'user' })
export const ASKS = but(CALL, { '200 | ': '200 | asks weather(27) call_1 | tool-definition ', '> assistant': '> assistant tool-call' })
const TOLD = but(CALL, { 'system user': 'tool-definition system user assistant tool-call tool-result' })

/** Usage as the provider may send it, and what can be trusted of it, as draw.ts writes it. */
const SHAPES: readonly (readonly [raw: unknown, drawn: string])[] = [
  [undefined, 'no usage'],
  [{}, 'in ? out ? cut'],
  [{ promptTokenCount: 10, candidatesTokenCount: 4, totalTokenCount: 14 }, 'in 10 out 4'],
  [{ promptTokenCount: 10, candidatesTokenCount: 4, thoughtsTokenCount: 20 }, 'in 10 out 4+20t'],
  [{ promptTokenCount: 10, thoughtsTokenCount: 20 }, 'in 10 out 0+20t'],
  [{ promptTokenCount: 10, cachedContentTokenCount: 6, candidatesTokenCount: 4 }, 'in 4+6r out 4'],
  [{ promptTokenCount: 10, cachedContentTokenCount: 60, candidatesTokenCount: 4 }, 'in 10 out 4'],
  [{ promptTokenCount: 10, toolUsePromptTokenCount: 100, candidatesTokenCount: 4 }, 'in 110 out 4'],
  [{ promptTokenCount: 10 }, 'in 10 out ? cut'],
  [{ candidatesTokenCount: 4 }, 'in ? out 4'],
  [{ promptTokenCount: '10', candidatesTokenCount: -4 }, 'in ? out ? cut'],
  [{ promptTokenCount: null, candidatesTokenCount: 1.5 }, 'in ? out ? cut'],
]

/** The contents of a request in the shapes that the SDK takes. */
const CONTENTS: readonly (readonly [contents: GenerateContentParameters['contents'], kinds: string])[] = [
  ['canary', 'user'],
  [['canary-a', 'canary-b'], 'user user'],
  [{ text: 'canary' }, 'user'],
  [{ role: 'user', parts: [{ text: 'canary-a' }, { text: 'canary-b' }] }, 'user user'],
  [['canary-a', { inlineData: { mimeType: 'image/png', data: 'canary00' } }], 'user user'],
  [[{ role: 'user', parts: [{ text: 'canary' }] }, { role: 'model', parts: [{ text: 'canary' }] }, { role: 'user', parts: [{ text: 'canary' }] }], 'user assistant user'],
]

/** One answer at once, and the ways to take it. */
export const calls: readonly GoogleCase[] = [
  {
    name: 'generateContent gives the response of its class, with its getters',
    replies: [answer],
    run: async (client, { sdk }) => {
      const result = await client.models.generateContent(ASK)
      return [seen(result), result instanceof sdk.GenerateContentResponse, result.sdkHttpResponse?.headers]
    },
    recorded: CALL,
  },
  {
    name: 'the promise is a plain promise',
    replies: [answer],
    async run(client) {
      const promise = client.models.generateContent(ASK)
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
      void client.models.generateContent(ASK)
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
      const inner = await store.run('inner', async () => [await client.models.generateContent(ASK).then(() => store.getStore()), store.getStore()])
      return [inner, store.getStore()]
    },
    recorded: CALL,
  },
  {
    name: 'concurrent calls stay apart',
    replies: Array.from({ length: 5 }, () => answer),
    askedInAnyOrder: true,
    run: (client, { profiler }) => profiler.run('agent', async () =>
      (await Promise.all(Array.from({ length: 5 }, (_, i) => client.models.generateContent({ model: MODEL, contents: `canary ${i}` })))).length),
    recorded: inRun(...Array.from({ length: 5 }, () => PLAIN)),
  },
  {
    name: 'contents as a text, a part, a turn, and lists of them',
    replies: CONTENTS.map(() => answer),
    async run(client) {
      const texts: unknown[] = []
      for (const [contents] of CONTENTS) texts.push((await client.models.generateContent({ model: MODEL, contents })).text)
      return texts
    },
    recorded: CONTENTS.map(([, kinds]) => but(PLAIN, { '| user >': `| ${kinds} >` })).join('\n'),
  },
  {
    name: 'a system instruction of several parts, and what goes on under `config`',
    replies: [answer],
    run: async (client) => seen(await client.models.generateContent({
      model: `models/${MODEL}`, contents: PROMPT,
      config: {
        systemInstruction: { parts: [{ text: SYSTEM }, { text: 'canary-more' }] }, temperature: 0.5, topK: 3, stopSequences: ['canary-stop'],
        httpOptions: { headers: { 'x-mine': 'yes' }, timeout: 5_000 }, abortSignal: new AbortController().signal,
      },
    })),
    recorded: but(PLAIN, { 'llm gemini': 'llm models/gemini', '| user': '| system system user' }),
  },
  {
    name: 'function calls in an answer, and their results in the next request',
    replies: [weatherCall, answer],
    async run(client) {
      const asked = await client.models.generateContent(TOOLS)
      const result = { functionResponse: { id: 'call_1', name: 'weather', response: { output: 'canary-result' } } }
      const contents = [{ role: 'user', parts: [{ text: PROMPT }] }, asked.candidates![0]!.content!, { role: 'user', parts: [result] }]
      return [seen(asked), seen(await client.models.generateContent({ ...TOOLS, contents }))]
    },
    recorded: `${ASKS}\n${TOLD}`,
  },
  {
    name: 'parallel function calls, run side by side, each tied to its call, with ids and without',
    replies: [json(response([weatherPart, { functionCall: { name: 'news', args: {} } }]))],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const tools: Record<string, () => Promise<string>> = {
        weather: profiler.tool('weather', async () => 'canary-rain'), news: profiler.tool('news', async () => 'canary-none'),
      }
      const { functionCalls = [] } = await client.models.generateContent(ASK)
      return Promise.all(functionCalls.map(({ name = '' }) => tools[name]!()))
    }),
    recorded: (traces) => {
      const [, llm, weather, news] = traces[0]!.spans
      expect(llm?.llm?.toolCalls?.map(({ id, name }) => [id, name])).toEqual([['call_1', 'weather'], [undefined, 'news']])
      expect([weather, news].map((tool) => [tool?.tool?.callId, tool?.tool?.issuedBy])).toEqual([['call_1', llm?.id], [undefined, llm?.id]])
    },
  },
  {
    name: 'thoughts, and what signs them',
    replies: [json(response([{ text: 'canary-hm', thought: true }, { text: ANSWER, thoughtSignature: 'canary' }, { thoughtSignature: 'canary' }]))],
    run: async (client) => seen(await client.models.generateContent({ ...ASK, config: { ...ASK.config, thinkingConfig: { includeThoughts: true } } })),
    recorded: but(CALL, { '> assistant': '> reasoning assistant' }),
  },
  {
    name: 'tools of the server ran already: code, and what came of it',
    replies: [json(response([
      { text: 'canary' }, { executableCode: { language: 'PYTHON', code: 'print("canary")' } },
      { codeExecutionResult: { outcome: 'OUTCOME_OK', output: 'canary' } }, { text: ANSWER },
    ]))],
    run: async (client) => JSON.stringify(await client.models.generateContent({ ...ASK, config: { ...ASK.config, tools: [{ codeExecution: {} }, { googleSearch: {} }] } })),
    recorded: but(CALL, { 'system user > assistant': 'tool-definition tool-definition system user > assistant tool-call tool-result assistant' }),
  },
  {
    name: 'searches are billed by the query',
    replies: [json(response([], { candidates: [{ ...candidate([{ text: ANSWER }]), groundingMetadata: { webSearchQueries: ['canary-a', 'canary-b'] } }] }))],
    run: async (client) => seen(await client.models.generateContent(ASK)),
    recorded: withUsage('in 20+8r out 5+3t 2 searches'),
  },
  {
    name: 'images, audio and files are sized by what was sent, and an image may come back',
    replies: [json(response([{ inlineData: { mimeType: 'image/png', data: 'Y2FuYXJ5' } }]))],
    run: async (client) => JSON.stringify(await client.models.generateContent({
      model: MODEL,
      contents: [{
        role: 'user',
        parts: [
          { inlineData: { mimeType: 'image/png', data: 'canary00' } }, { inlineData: { mimeType: 'audio/wav', data: 'canary0000' } },
          { fileData: { mimeType: 'application/pdf', fileUri: 'https://example.com/canary.pdf' } }, { text: PROMPT },
        ],
      }],
    })),
    recorded(traces) {
      expect(traces[0]!.parts.map(({ kind, media, chars }) => [kind, media, chars])).toEqual([
        ['user', 'image', 8], ['user', 'audio', 10], ['user', 'file', 30], ['user', undefined, PROMPT.length], ['assistant', 'image', 8],
      ])
    },
  },
  {
    name: 'several candidates',
    replies: [json(response([], { candidates: [candidate([{ text: ANSWER }]), candidate([{ text: 'canary' }], 'MAX_TOKENS', 1)] }))],
    run: async (client) => JSON.stringify(await client.models.generateContent({ ...ASK, config: { ...ASK.config, candidateCount: 2 } })),
    recorded: but(CALL, { STOP: 'STOP MAX_TOKENS', '> assistant': '> assistant assistant' }),
  },
  {
    name: 'a prompt that was blocked',
    replies: [json({ promptFeedback: { blockReason: 'SAFETY' }, usageMetadata: { promptTokenCount: 10, totalTokenCount: 10 } })],
    run: async (client) => seen(await client.models.generateContent(ASK)),
    recorded: 'llm gemini-3-flash ok | gcp.gemini generateContent | max 100 | SAFETY | in 10 out ? cut | 200 | system user >',
  },
  {
    name: 'a cached content: parts of the request are known to be missing',
    replies: [answer],
    run: async (client) => seen(await client.models.generateContent({ model: MODEL, contents: PROMPT, config: { cachedContent: 'cachedContents/canary' } })),
    recorded(traces) {
      expect(traces[0]!.spans[0]!.attributes?.['spanwise.request']).toBe('messages')
    },
  },
  {
    name: 'the tier that was served',
    replies: [
      json(response([{ text: ANSWER }], { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, serviceTier: 'flex' } })),
      json(response([{ text: ANSWER }], { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, serviceTier: 'standard' } })),
      json(response([{ text: ANSWER }], { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, trafficType: 'ON_DEMAND' } })),
      json(response([{ text: ANSWER }], { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, trafficType: 'ON_DEMAND_PRIORITY' } })),
      json(response([{ text: ANSWER }], { usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, trafficType: 'PROVISIONED_THROUGHPUT' } })),
    ],
    async run(client) {
      for (let i = 0; i < 5; i++) await client.models.generateContent(ASK)
    },
    recorded(traces) {
      expect(traces.map(({ spans }) => spans[0]!.llm?.serviceTier)).toEqual(['flex', undefined, undefined, 'priority', 'provisioned_throughput'])
    },
  },
  {
    name: 'usage of any shape never throws: what can be trusted is taken, the rest is absent, all of it is kept raw',
    replies: SHAPES.map(([usageMetadata]) => json(response([{ text: ANSWER }], { usageMetadata }))),
    async run(client) {
      const usages: unknown[] = []
      for (const _ of SHAPES) usages.push((await client.models.generateContent(ASK)).usageMetadata)
      return usages
    },
    recorded(traces) {
      const all: readonly (Usage | undefined)[] = traces.map((trace) => trace.spans[0]!.llm?.usage)
      expect(all.map(drawUsage)).toEqual(SHAPES.map(([, drawn]) => drawn))
      for (const [index, usage] of all.entries()) if (usage !== undefined) expect(usage.raw).toEqual(SHAPES[index]![0])
    },
  },
  {
    name: 'an answer that is no response, and one that is no JSON',
    replies: [json([1, 'canary', null]), raw(['no JSON'], { headers: { 'content-type': 'text/plain' } })],
    run: async (client) => [JSON.stringify(await client.models.generateContent(ASK)), await client.models.generateContent(ASK).catch((error: unknown) => error)],
    recorded: `${UNREAD}\n${but(UNREAD, { ' ok': ' failed SyntaxError' })}`,
  },
  {
    name: 'Vertex AI',
    replies: [answer],
    clientOptions: { vertexai: true },
    run: async (client) => seen(await client.models.generateContent(ASK)),
    recorded: but(CALL, { 'gcp.gemini': 'gcp.vertex_ai' }),
  },
  {
    name: 'embeddings of the Gemini API, which tells no usage',
    replies: [json({ embeddings: [{ values: [0.1, 0.2] }, { values: [0.3] }] })],
    run: async (client) => JSON.stringify(await client.models.embedContent({ model: 'gemini-embedding-001', contents: ['canary-a', { text: 'canary-b' }] })),
    recorded: 'embedding gemini-embedding-001 ok | gcp.gemini embedContent | no usage | 200 | user user >',
  },
  {
    name: 'embeddings of Vertex AI, counted by the text',
    replies: [json({ predictions: [{ embeddings: { values: [0.1], statistics: { truncated: false, token_count: 3 } } }, { embeddings: { values: [0.3], statistics: { truncated: false, token_count: 4 } } }] })],
    clientOptions: { vertexai: true },
    run: async (client) => JSON.stringify(await client.models.embedContent({ model: 'text-embedding-005', contents: ['canary-a', 'canary-b'] })),
    recorded: (traces) => {
      const [span] = traces[0]!.spans
      // The SDK gives the counts in the API's own words, whatever its types say.
      expect([span!.llm?.provider, drawUsage(span!.llm?.usage)]).toEqual(['gcp.vertex_ai', 'in 7 out ?'])
    },
  },
  {
    name: 'counting of tokens, caches, files and models are no calls of a model',
    replies: [
      json({ totalTokens: 12 }), json({ name: 'cachedContents/a', usageMetadata: { totalTokenCount: 9 } }), json({ files: [] }), json({ models: [{ name: 'models/a' }] }),
    ],
    async run(client) {
      const { totalTokens } = await client.models.countTokens({ model: MODEL, contents: PROMPT })
      const { name } = await client.caches.create({ model: MODEL, config: { contents: PROMPT } })
      return [totalTokens, name, (await client.files.list()).page, (await client.models.list()).page]
    },
    recorded: '',
  },
  {
    name: 'texts are recorded only when asked for',
    replies: [weatherCall],
    run: async (client) => seen(await client.models.generateContent(ASK)),
    recorded(traces, profiler) {
      const [asked] = traces[0]!.spans[0]!.llm?.toolCalls ?? []
      const isFull = profiler.content === 'full'
      expect([JSON.stringify(traces).includes(PROMPT), asked?.arguments]).toEqual([isFull, isFull ? '{"city":"canary-Reykjavík"}' : undefined])
    },
  },
  {
    name: 'automatic function calling: each request is a call, the tool runs between them',
    replies: [weatherCall, answer],
    run: (client, { profiler, store }) => profiler.run('agent', async () => {
      const saw: unknown[] = []
      const run = profiler.tool('weather', async (input: unknown) => (saw.push(input, store.getStore()), 'canary-result'))
      const result = await client.models.generateContent({ ...ASK, config: { ...ASK.config, tools: [weatherTool(run)] } })
      return [seen(result), saw, result.automaticFunctionCallingHistory]
    }),
    recorded: inRun(ASKS, 'tool weather ok | for call_1', TOLD),
  },
  {
    name: 'automatic function calling without ids: the pending call of its name',
    replies: [namelessCall, answer],
    run: (client, { profiler }) => profiler.run('agent', async () => {
      const run = profiler.tool('weather', async () => 'canary-result')
      return (await client.models.generateContent({ ...ASK, config: { ...ASK.config, tools: [weatherTool(run)] } })).text
    }),
    recorded: (traces) => {
      const [, llm, tool] = traces[0]!.spans
      expect([tool?.name, tool?.tool?.issuedBy]).toEqual(['weather', llm!.id])
    },
  },
  {
    name: 'automatic continuation: each request is a call',
    replies: [json(response([], { candidates: [{ ...candidate([{ text: 'canary-begun' }], 'CONTINUATION'), continuationToken: 'token' }] })), answer],
    run: async (client) => seen(await client.models.generateContent(ASK)),
    recorded: `${but(CALL, { STOP: 'CONTINUATION' })}\n${CALL}`,
    skip: { 'genai 1': 'it does not continue', 'genai 2': 'it does not continue' },
  },
]
