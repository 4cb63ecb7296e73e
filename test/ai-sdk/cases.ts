import { z } from 'zod'
import {
  answer, completion, MODEL, PROMPT, responseAnswer, responseStream, SYSTEM, textStream, weatherCall, weatherStream,
} from '../conformance/openai/answers.ts'
import { but } from '../conformance/draw.ts'
import { event, json, sse, type Asked, type Reply } from '../support/provider-server.ts'
import type { Case, CaseKit } from './suite.ts'

/** The weather, as a function of the program's. */
export const weather = ({ ai }: CaseKit, execute: (input: { city: string }) => unknown = () => ({ temperature: 4 })) => ({
  weather: ai.tool({ description: 'the weather in a city', inputSchema: z.object({ city: z.string() }), execute: execute as never }),
})

export const LLM = `llm ${MODEL} ok | openai chat.completions`
export const ANSWERED = 'gpt-5-mini-2025-08-07 chatcmpl-1'
export const USAGE = 'in 12+8r out 3+2t'

const twoCalls = json(completion({
  tools: [{ id: 'call_1', name: 'weather', arguments: '{"city":"Paris"}' }, { id: 'call_2', name: 'weather', arguments: '{"city":"Rome"}' }],
}))

const object = json(completion({ content: '{"city":"Paris"}' }))
const chunk = (choices: readonly object[], usage?: object): string => event({
  id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'gpt-5-mini-2025-08-07', choices, ...(usage && { usage }),
})
const objectStream = sse([
  chunk([{ index: 0, delta: { role: 'assistant', content: '{"city":' } }]), chunk([{ index: 0, delta: { content: '"Paris"}' } }]),
  chunk([{ index: 0, delta: {}, finish_reason: 'stop' }]), chunk([], { prompt_tokens: 20, completion_tokens: 5, total_tokens: 25 }), event('[DONE]'),
])

const vectors = (asked: Asked): Reply => {
  const { input } = JSON.parse(asked.body) as { readonly input: readonly string[] }
  const data = input.map((_, index) => ({ object: 'embedding', index, embedding: [0.5, -1] }))
  return json({ object: 'list', data, model: 'text-embedding-3-small', usage: { prompt_tokens: 7, total_tokens: 7 } })
}

const GENERATED = `
agent planner ok
  ${LLM} | ${ANSWERED} stop | ${USAGE} | … | user > assistant
`
const STREAMED = `
agent planner ok
  ${LLM} | ${ANSWERED} stop | streamed 7 timed | in 20 out 5 | … | user > assistant
`

/** What works. */
export const plain: readonly Case[] = [
  {
    name: 'generateText',
    replies: [answer],
    run: async ({ ai, chat, telemetry }) => {
      const { text, usage, finishReason, response } = await ai.generateText({ model: chat(), system: SYSTEM, prompt: PROMPT, maxOutputTokens: 100, ...telemetry })
      return { text, usage, finishReason, id: response.id }
    },
    recorded: `
agent planner ok
  ${LLM} | max 100 | ${ANSWERED} stop | ${USAGE} | … | system user > assistant
`,
  },
  {
    name: 'generateText with the responses API',
    replies: [responseAnswer],
    run: async ({ ai, responses, telemetry }) => {
      const { text, usage, reasoningText } = await ai.generateText({ model: responses(), prompt: PROMPT, ...telemetry })
      return { text, usage, reasoningText }
    },
    // The provider tells no finish reason of its own there.
    recorded: `
agent planner ok
  llm ${MODEL} ok | openai responses | gpt-5-mini-2025-08-07 resp_1 stop | in 14+16r out 5+4t | … | user > reasoning assistant
`,
  },
  {
    name: 'generateText with a tool',
    replies: [weatherCall, answer],
    run: async (kit) => {
      const { text, steps, totalUsage } = await kit.ai.generateText({
        model: kit.chat(), system: SYSTEM, prompt: PROMPT, tools: weather(kit), stopWhen: kit.stop(5), ...kit.telemetry,
      })
      return { text, totalUsage, steps: steps.map(({ toolResults, finishReason }) => ({ toolResults, finishReason })) }
    },
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} tool_calls | ${USAGE} | … | asks weather(27) call_1 | tool-definition system user > tool-call
  tool weather ok | for call_1
  ${LLM} | ${ANSWERED} stop | ${USAGE} | … | tool-definition system user tool-call tool-result > assistant
`,
  },
  {
    name: 'tools that run together, one of which fails',
    replies: [twoCalls, answer],
    run: async (kit) => {
      const tools = weather(kit, async ({ city }) => {
        if (city === 'Rome') throw new RangeError('no weather')
        return 'sunny'
      })
      const { text, steps } = await kit.ai.generateText({ model: kit.chat(), prompt: PROMPT, tools, stopWhen: kit.stop(5), ...kit.telemetry })
      return { text, content: steps[0]!.content.map((part) => part.type) }
    },
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} tool_calls | ${USAGE} | … | asks weather(16) call_1, weather(15) call_2 | tool-definition user > tool-call tool-call
  tool weather ok | for call_1
  tool weather failed RangeError | for call_2
  ${LLM} | ${ANSWERED} stop | ${USAGE} | … | tool-definition user tool-call tool-call tool-result tool-result > assistant
`,
  },
  {
    name: 'streamText with a tool',
    replies: [weatherStream, textStream],
    run: async (kit) => {
      const result = kit.ai.streamText({ model: kit.chat(), prompt: PROMPT, tools: weather(kit), stopWhen: kit.stop(5), ...kit.telemetry })
      const parts: unknown[] = []
      for await (const part of result.fullStream) parts.push(part.type)
      return { parts, text: await result.text, usage: await result.totalUsage }
    },
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} tool_calls | streamed 7 timed | ${USAGE} | … | asks weather(27) call_1 | tool-definition user > tool-call
  tool weather ok | for call_1
  ${LLM} | ${ANSWERED} stop | streamed 9 timed | ${USAGE} | … | tool-definition user tool-call tool-result > assistant
`,
  },
  {
    name: 'a tool that fails in a stream',
    replies: [weatherStream, textStream],
    run: async (kit) => {
      const tools = weather(kit, async () => {
        throw new RangeError('no weather')
      })
      const result = kit.ai.streamText({ model: kit.chat(), prompt: PROMPT, tools, stopWhen: kit.stop(5), ...kit.telemetry })
      const parts: unknown[] = []
      for await (const part of result.fullStream) parts.push(part.type)
      return parts
    },
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} tool_calls | streamed 7 timed | ${USAGE} | … | asks weather(27) call_1 | tool-definition user > tool-call
  tool weather failed RangeError | for call_1
  ${LLM} | ${ANSWERED} stop | streamed 9 timed | ${USAGE} | … | tool-definition user tool-call tool-result > assistant
`,
  },
  {
    name: 'streamText with the responses API, as a response for a browser',
    replies: [responseStream],
    run: async ({ ai, responses, telemetry }) => {
      const response = ai.streamText({ model: responses(), prompt: PROMPT, ...telemetry }).toUIMessageStreamResponse()
      return { headers: response.headers, body: await response.text() }
    },
    recorded: `
agent planner ok
  llm ${MODEL} ok | openai responses | gpt-5-mini-2025-08-07 resp_1 stop | streamed 8 timed | in 14+16r out 5+4t | … | user > assistant
`,
  },
  {
    name: 'generateObject',
    replies: [object],
    run: async ({ ai, chat, telemetry }) => {
      const { object, usage } = await ai.generateObject({ model: chat(), schema: z.object({ city: z.string() }), prompt: PROMPT, ...telemetry })
      return { object, usage }
    },
    recorded: GENERATED,
    // Version 7 runs nothing for telemetry here: its requests are not seen.
    recordedIn: { 7: but(GENERATED, { ' | …': '' }) },
    bothIn: { 7: GENERATED },
    middleware: but(GENERATED, { 'agent planner ok': '', '  llm': 'llm' }),
  },
  {
    name: 'streamObject',
    replies: [objectStream],
    run: async ({ ai, chat, telemetry }) => {
      const result = ai.streamObject({ model: chat(), schema: z.object({ city: z.string() }), prompt: PROMPT, ...telemetry })
      const parts: unknown[] = []
      for await (const part of result.partialObjectStream) parts.push(part)
      return { parts, object: await result.object, usage: await result.usage }
    },
    recorded: STREAMED,
    // There the SDK itself tells when the first piece came, and no more.
    recordedIn: { 7: but(STREAMED, { ' 7 timed': '', ' | …': '' }) },
    bothIn: { 7: STREAMED },
    middleware: but(STREAMED, { 'agent planner ok': '', '  llm': 'llm' }),
  },
  {
    name: 'embed and embedMany',
    replies: [vectors, vectors],
    run: async ({ ai, embedding, telemetry }) => {
      const one = await ai.embed({ model: embedding(), value: 'a', ...telemetry })
      const many = await ai.embedMany({ model: embedding(), values: ['a', 'b'], ...telemetry })
      return { one: one.embedding, usage: one.usage, many: many.embeddings }
    },
    recorded: `
internal planner ok
  embedding text-embedding-3-small ok | openai embeddings | in 7 out ? | … | user >
internal planner ok
  embedding text-embedding-3-small ok | openai embeddings | in 7 out ? | … | user user >
`,
  },
  {
    name: 'an agent',
    replies: [weatherCall, answer],
    run: async (kit) => {
      const agent = new kit.lane.Agent({ model: kit.chat(), tools: weather(kit), stopWhen: kit.stop(5), ...kit.telemetry })
      const { text, steps } = await agent.generate({ prompt: PROMPT })
      return { text, steps: steps.length }
    },
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} tool_calls | ${USAGE} | … | asks weather(27) call_1 | tool-definition user > tool-call
  tool weather ok | for call_1
  ${LLM} | ${ANSWERED} stop | ${USAGE} | … | tool-definition user tool-call tool-result > assistant
`,
  },
  {
    name: 'an image and a file in bytes',
    replies: [answer],
    run: async ({ ai, chat, telemetry }) => {
      const image = new Uint8Array([137, 80, 78, 71, 1, 2, 3])
      const { text } = await ai.generateText({
        model: chat(),
        messages: [{ role: 'user', content: [
          { type: 'text', text: PROMPT }, { type: 'image', image, mediaType: 'image/png' },
          { type: 'file', data: new Uint8Array([37, 80, 68, 70]), mediaType: 'application/pdf' },
        ] }],
        ...telemetry,
      })
      return text
    },
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} stop | ${USAGE} | … | user user user > assistant
`,
  },
]
