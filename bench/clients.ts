import Anthropic1 from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-0'
import OpenAI7 from 'openai'
import OpenAI5 from 'openai-5'
import OpenAI6 from 'openai-6'
import type { Profiler } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'

/** Real clients over a `fetch` that answers at once from memory: what is left is the client's own work, and ours. */

export type Shape = 'openai' | 'anthropic'

export interface Message {
  readonly role: string
  readonly content: unknown
}

/** What the figures need of a client, whichever it is. */
export interface Chat {
  send(messages: readonly Message[]): Promise<unknown>
  stream(messages: readonly Message[]): Promise<AsyncIterable<unknown>>
}

export const sdks = {
  'openai 7': { shape: 'openai', make: OpenAI7 },
  'openai 6': { shape: 'openai', make: OpenAI6 },
  'openai 5': { shape: 'openai', make: OpenAI5 },
  'anthropic 1': { shape: 'anthropic', make: Anthropic1 },
  'anthropic 0': { shape: 'anthropic', make: Anthropic0 },
} as const
export type Sdk = keyof typeof sdks

interface ClientOptions {
  readonly apiKey: string
  readonly baseURL: string
  readonly maxRetries: number
  readonly fetch: typeof fetch
}

type Create = (body: object) => Promise<unknown>
interface OpenAiClient { readonly chat: { readonly completions: { readonly create: Create } } }
interface AnthropicClient { readonly messages: { readonly create: Create } }

/** @param profiler without one, the client stays bare */
export function chat(sdk: Sdk, answer: () => Response | Promise<Response>, profiler?: Profiler): Chat {
  const { shape, make } = sdks[sdk]
  const Client = make as unknown as new (options: ClientOptions) => object
  const client = new Client({
    apiKey: 'none', baseURL: 'http://localhost/v1', maxRetries: 0, fetch: async () => answer(),
  })
  return shape === 'openai' ? openAiChat(client, profiler) : anthropicChat(client, profiler)
}

function openAiChat(client: object, profiler: Profiler | undefined): Chat {
  const wrapped = (profiler === undefined ? client : wrapOpenAI(client, { profiler })) as OpenAiClient
  const body = { model: 'gpt-5-mini', tools: openAiTools }
  return {
    send: (messages) => wrapped.chat.completions.create({ ...body, messages }),
    stream: (messages) =>
      wrapped.chat.completions.create({ ...body, messages, stream: true }) as Promise<AsyncIterable<unknown>>,
  }
}

function anthropicChat(client: object, profiler: Profiler | undefined): Chat {
  const wrapped = (profiler === undefined ? client : wrapAnthropic(client, { profiler })) as AnthropicClient
  const body = { model: 'claude-sonnet-5-5', max_tokens: 1_000, system: SYSTEM, tools: anthropicTools }
  return {
    send: (messages) => wrapped.messages.create({ ...body, messages }),
    stream: (messages) => wrapped.messages.create({ ...body, messages, stream: true }) as Promise<AsyncIterable<unknown>>,
  }
}

export const SYSTEM = 'You are a support agent. Look things up before you answer, and say what you have found. '.repeat(4)

const parameters = {
  type: 'object',
  properties: { query: { type: 'string', description: 'what to look for' }, limit: { type: 'integer' } },
  required: ['query'],
}
const toolNames = ['search_kb', 'get_orders', 'get_profile']
const openAiTools = toolNames.map((name) =>
  ({ type: 'function', function: { name, description: `Calls ${name}.`, parameters } }))
const anthropicTools = toolNames.map((name) => ({ name, description: `Calls ${name}.`, input_schema: parameters }))

export interface AskedCall {
  readonly id: string
  readonly name: string
  readonly query: string
}

/** The body of an answer that asks for tools, or without any, is the last. */
export function answerBody(shape: Shape, text: string, calls: readonly AskedCall[], inputTokens: number): string {
  const answer = shape === 'openai' ? openAiAnswer : anthropicAnswer
  return JSON.stringify(answer(text, calls, inputTokens))
}

const openAiAnswer = (text: string, calls: readonly AskedCall[], inputTokens: number): object => ({
  id: 'chatcmpl-bench', object: 'chat.completion', created: 1_760_000_000, model: 'gpt-5-mini-2025-08-07',
  choices: [{
    index: 0,
    message: {
      role: 'assistant', content: text, refusal: null,
      ...(calls.length > 0 && {
        tool_calls: calls.map(({ id, name, query }) =>
          ({ id, type: 'function', function: { name, arguments: JSON.stringify({ query, limit: 5 }) } })),
      }),
    },
    finish_reason: calls.length > 0 ? 'tool_calls' : 'stop',
  }],
  usage: {
    prompt_tokens: inputTokens, completion_tokens: 60, total_tokens: inputTokens + 60,
    prompt_tokens_details: { cached_tokens: 0, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: 0, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0,
    },
  },
})

const anthropicAnswer = (text: string, calls: readonly AskedCall[], inputTokens: number): object => ({
  id: 'msg_bench', type: 'message', role: 'assistant', model: 'claude-sonnet-5-5',
  content: [
    { type: 'text', text },
    ...calls.map(({ id, name, query }) => ({ type: 'tool_use', id, name, input: { query, limit: 5 } })),
  ],
  stop_reason: calls.length > 0 ? 'tool_use' : 'end_turn', stop_sequence: null,
  usage: { input_tokens: inputTokens, cache_creation_input_tokens: 0, cache_read_input_tokens: 0, output_tokens: 60 },
})

/** The text of a stream of server-sent events with `chunks` pieces of content. */
export function streamBody(shape: Shape, chunks: number): string {
  return shape === 'openai' ? openAiStream(chunks) : anthropicStream(chunks)
}

function openAiStream(chunks: number): string {
  const chunk = (delta: object, finish: string | null): string => `data: ${JSON.stringify({
    id: 'chatcmpl-bench', object: 'chat.completion.chunk', created: 1_760_000_000, model: 'gpt-5-mini-2025-08-07',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`
  const content = Array.from({ length: chunks }, (_, i) => chunk({ content: ` word${i}` }, null))
  return [chunk({ role: 'assistant', content: '' }, null), ...content, chunk({}, 'stop'), 'data: [DONE]\n\n'].join('')
}

function anthropicStream(chunks: number): string {
  const event = (data: { readonly type: string; readonly [field: string]: unknown }): string =>
    `event: ${data.type}\ndata: ${JSON.stringify(data)}\n\n`
  const content = Array.from({ length: chunks }, (_, i) =>
    event({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: ` word${i}` } }))
  return [
    event({ type: 'message_start', message: { ...anthropicAnswer('', [], 1_000), content: [], stop_reason: null } }),
    event({ type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }),
    ...content,
    event({ type: 'content_block_stop', index: 0 }),
    event({
      type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: chunks },
    }),
    event({ type: 'message_stop' }),
  ].join('')
}

export const jsonResponse = (body: string): Response =>
  new Response(body, { headers: { 'content-type': 'application/json' } })

/** Arrives in pieces as from a socket; all are there at once. */
export function eventStreamResponse(bytes: Uint8Array): Response {
  const PIECE = 4_096
  let at = 0
  const body = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= bytes.length) return controller.close()
      controller.enqueue(bytes.subarray(at, (at += PIECE)))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
