import { answer, ANSWER, brokenStream, busy, chunk, delta, errorReply, MODEL, PROMPT, textStream, weatherCall } from '../conformance/openai/answers.ts'
import { cut, event, sse } from '../support/provider-server.ts'
import { ANSWERED, LLM, USAGE, weather } from './cases.ts'
import type { Case, CaseKit } from './suite.ts'

const REFUSED = `llm ${MODEL} failed APICallError | openai chat.completions`

const BROKEN = `
agent planner failed TypeError
  llm ${MODEL} failed TypeError | openai chat.completions | ${ANSWERED} | streamed 6 timed | no usage | … | user > assistant
`

/** Drains a stream, whose errors are parts of it. */
async function drain(stream: AsyncIterable<{ readonly type: string; readonly error?: unknown }>): Promise<unknown> {
  const seen: unknown[] = []
  try {
    for await (const part of stream) seen.push(part.type === 'error' ? `error ${String(part.error)}` : part.type)
  } catch (error) {
    seen.push(`threw ${String(error)}`)
  }
  return seen
}

const stream = ({ ai, chat, telemetry }: CaseKit, options: object = {}) =>
  ai.streamText({ model: chat(), prompt: PROMPT, onError: () => {}, ...telemetry, ...options })

/** What fails, and what is left. */
export const troubles: readonly Case[] = [
  {
    name: 'a request that is refused and sent again',
    replies: [busy, answer],
    run: async ({ ai, chat, telemetry }) => (await ai.generateText({ model: chat(), prompt: PROMPT, ...telemetry })).text,
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} stop | ${USAGE} | 429 ~ … | user > assistant
`,
    // It is asked twice, by whom it cannot know.
    middleware: `
${REFUSED} | no usage | 429 | user >
${LLM} | ${ANSWERED} stop | ${USAGE} | … | user > assistant
`,
  },
  {
    name: 'a stream that is refused and asked for again',
    replies: [busy, textStream],
    run: (kit) => drain(stream(kit).fullStream),
    recorded: `
agent planner ok
  ${LLM} | ${ANSWERED} stop | streamed 9 timed | ${USAGE} | 429 ~ … | user > assistant
`,
    middleware: `
${REFUSED} | no usage | 429 | user >
${LLM} | ${ANSWERED} stop | streamed 9 timed | ${USAGE} | … | user > assistant
`,
  },
  {
    name: 'a request that is refused until nobody tries any more',
    replies: [busy, busy],
    run: async ({ ai, chat, telemetry }) => ai.generateText({ model: chat(), prompt: PROMPT, maxRetries: 1, ...telemetry }),
    recorded: `
agent planner failed RetryError
  ${REFUSED} | no usage | 429 ~ 429 | user >
`,
    middleware: `
${REFUSED} | no usage | 429 | user >
${REFUSED} | no usage | 429 | user >
`,
  },
  {
    name: 'a request that is wrong',
    replies: [errorReply(400, 'invalid_request')],
    run: async ({ ai, chat, telemetry }) => ai.generateText({ model: chat(), prompt: PROMPT, ...telemetry }),
    recorded: `
agent planner failed APICallError
  ${REFUSED} | no usage | 400 | user >
`,
  },
  {
    name: 'a stream that is refused',
    replies: [errorReply(400, 'invalid_request')],
    run: (kit) => drain(stream(kit).fullStream),
    recorded: `
agent planner failed APICallError
  ${REFUSED} | no usage | 400 | user >
`,
  },
  {
    name: 'no answer at all',
    replies: [cut],
    run: async ({ ai, chat, telemetry }) => ai.generateText({ model: chat(), prompt: PROMPT, maxRetries: 0, ...telemetry }),
    recorded: `
agent planner failed APICallError
  ${REFUSED} | no usage | ECONNRESET | user >
`,
  },
  {
    name: 'a stream that breaks',
    replies: [brokenStream('cut')],
    run: (kit) => drain(stream(kit).fullStream),
    recorded: BROKEN,
    // The provider for version 7 makes an error of its own of it.
    recordedIn: { 7: BROKEN.replaceAll('TypeError', 'APICallError') },
  },
  {
    name: 'a stream that tells of an error',
    replies: [sse([
      chunk({ choices: [delta({ role: 'assistant', content: '' })] }), chunk({ choices: [delta({ content: ANSWER })] }),
      event({ error: { message: 'it broke', type: 'server_error', param: null, code: 'server_error' } }), event('[DONE]'),
    ])],
    run: (kit) => drain(stream(kit).fullStream),
    recorded: `
agent planner failed server_error
  llm ${MODEL} failed server_error | openai chat.completions | ${ANSWERED} error | streamed 8 timed | no usage | … | user > assistant
`,
  },
  {
    name: 'a call that is aborted',
    replies: [{ ...cut, steps: ['hold'] }],
    run: async ({ ai, chat, telemetry, server }) => {
      const controller = new AbortController()
      const call = ai.generateText({ model: chat(), prompt: PROMPT, abortSignal: controller.signal, ...telemetry })
      await server.arrived(1)
      controller.abort()
      return call
    },
    recorded: `
agent planner cancelled
  llm ${MODEL} cancelled | openai chat.completions | no usage | AbortError | user >
`,
  },
  {
    name: 'a stream that is aborted',
    replies: [brokenStream('hold')],
    run: async (kit) => {
      const controller = new AbortController()
      const seen: string[] = []
      for await (const part of stream(kit, { abortSignal: controller.signal }).fullStream) {
        seen.push(part.type)
        if (part.type === 'text-delta') controller.abort()
      }
      return seen.at(-1)
    },
    recorded: `
agent planner cancelled
  llm ${MODEL} cancelled | openai chat.completions | ${ANSWERED} | streamed 5 timed | no usage | … | user > assistant
`,
  },
  {
    name: 'a tool that is aborted',
    replies: [weatherCall],
    run: async (kit) => {
      const controller = new AbortController()
      const tools = weather(kit, async () => {
        controller.abort()
        controller.signal.throwIfAborted()
      })
      return kit.ai.generateText({ model: kit.chat(), prompt: PROMPT, tools, stopWhen: kit.stop(5), abortSignal: controller.signal, ...kit.telemetry })
    },
    recorded: `
agent planner cancelled
  ${LLM} | ${ANSWERED} tool_calls | ${USAGE} | … | asks weather(27) call_1 | tool-definition user > tool-call
  tool weather cancelled | for call_1
`,
  },
]
