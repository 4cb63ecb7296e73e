import type { ChatCompletion, ChatCompletionCreateParamsNonStreaming, ChatCompletionCreateParamsStreaming } from 'openai/resources/chat/completions'
import type { ResponseCreateParamsNonStreaming } from 'openai/resources/responses/responses'
import { event, json, sse, type Asked, type Reply, type Step } from '../../support/provider-server.ts'
import { frozen } from '../frozen.ts'

/** What the scripted provider is asked and answers. All texts contain the word that no trace may contain. */
export const PROMPT = 'canary-prompt: what is the weather in Reykjavík?'
export const SYSTEM = 'canary-system: be brief'
export const ANSWER = 'canary-answer: 4 °C, rain ☂ and wind.'
const ARGUMENTS = '{"city":"canary-Reykjavík"}'

export const MODEL = 'gpt-5-mini'
const ANSWERING = 'gpt-5-mini-2025-08-07'
const USAGE = {
  prompt_tokens: 20, completion_tokens: 5, total_tokens: 25,
  prompt_tokens_details: { cached_tokens: 8, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 2, audio_tokens: 0, accepted_prediction_tokens: 0, rejected_prediction_tokens: 0 },
}

export const ASK = frozen({
  model: MODEL, messages: [{ role: 'system', content: SYSTEM }, { role: 'user', content: PROMPT }],
} satisfies ChatCompletionCreateParamsNonStreaming)
export const STREAM: ChatCompletionCreateParamsStreaming = frozen({ ...ASK, stream: true })
export const STREAM_USAGE: ChatCompletionCreateParamsStreaming = frozen({ ...STREAM, stream_options: { include_usage: true } })
export const WEATHER = frozen({
  type: 'function' as const,
  function: {
    name: 'weather', description: 'canary-description', strict: true,
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'], additionalProperties: false },
  },
})
export const ASK_RESPONSES = frozen({ model: MODEL, instructions: SYSTEM, input: PROMPT } satisfies ResponseCreateParamsNonStreaming)

interface CompletionParts {
  readonly content?: string | null
  readonly tools?: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  readonly usage?: unknown
}

const toolCalls = (tools: CompletionParts['tools'] = []) =>
  tools.map(({ id, name, arguments: text }) => ({ id, type: 'function' as const, function: { name, arguments: text } }))

export function completion({ content = ANSWER, tools, usage = USAGE }: CompletionParts = {}): ChatCompletion {
  const message = { role: 'assistant', content: tools === undefined ? content : null, refusal: null, ...(tools && { tool_calls: toolCalls(tools) }) }
  return {
    id: 'chatcmpl-1', object: 'chat.completion', created: 1_760_000_000, model: ANSWERING,
    choices: [{ index: 0, message, logprobs: null, finish_reason: tools === undefined ? 'stop' : 'tool_calls' }],
    usage, service_tier: 'default', system_fingerprint: 'fp_1',
  } as unknown as ChatCompletion
}

export const answer = json(completion())
export const weatherCall = json(completion({ tools: [{ id: 'call_1', name: 'weather', arguments: ARGUMENTS }] }))

export interface ChunkOptions {
  readonly choices?: readonly unknown[]
  readonly usage?: unknown
}

export const chunk = (fields: ChunkOptions): string =>
  event({ id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1_760_000_000, model: ANSWERING, service_tier: 'default', ...fields })

export const delta = (fields: unknown, finish: string | null = null, index = 0): unknown => ({ index, delta: fields, logprobs: null, finish_reason: finish })

const DONE = event('[DONE]')
const FIRST = { role: 'assistant', content: '', refusal: null }
/** The answer in three pieces, one of which cuts the degree sign's neighbourhood. */
export const PIECES = [ANSWER.slice(0, 14), ANSWER.slice(14, 20), ANSWER.slice(20)]

/** Events as the API sends them: with usage in an extra chunk, and null in all others, when the request asks for it. */
export function chatStream(choices: readonly (readonly unknown[])[]): (asked: Asked) => Reply {
  return (asked) => {
    const { stream_options: options } = JSON.parse(asked.body) as { readonly stream_options?: { readonly include_usage?: boolean } }
    const asks = options?.include_usage === true
    const events = choices.map((choices) => chunk({ choices, ...(asks && { usage: null }) }))
    return sse([...events, ...(asks ? [chunk({ choices: [], usage: USAGE })] : []), DONE])
  }
}

export const TEXT_CHOICES = [[delta(FIRST)], ...PIECES.map((content) => [delta({ content })]), [delta({}, 'stop')]]
export const textStream = chatStream(TEXT_CHOICES)
/** The same with `middle` in the place of its end. */
export const brokenStream = (...middle: readonly Step[]): Reply =>
  sse([...TEXT_CHOICES.slice(0, 3).map((choices) => chunk({ choices })), ...middle])

const piece = (index: number, fields: object): unknown => delta({ tool_calls: [{ index, ...fields }] })
const openTool = (index: number, name: string): unknown => piece(index, { id: `call_${index + 1}`, type: 'function', function: { name, arguments: '' } })
const moreTool = (index: number, text: string): unknown => piece(index, { function: { arguments: text } })

/** Two calls whose pieces alternate. */
export const parallelStream = chatStream([
  [delta({ role: 'assistant', content: null })],
  [openTool(0, 'weather')], [openTool(1, 'news')],
  [moreTool(0, ARGUMENTS.slice(0, 9))], [moreTool(1, '{"topic":')], [moreTool(0, ARGUMENTS.slice(9))], [moreTool(1, '"canary"}')],
  [delta({}, 'tool_calls')],
])
export const weatherStream = chatStream([
  [delta({ role: 'assistant', content: null })], [openTool(0, 'weather')], [moreTool(0, ARGUMENTS)], [delta({}, 'tool_calls')],
])

const RESPONSE_USAGE = {
  input_tokens: 30, input_tokens_details: { cached_tokens: 16 }, output_tokens: 9,
  output_tokens_details: { reasoning_tokens: 4 }, total_tokens: 39,
}
export const outputText = (text: string): object =>
  ({ id: 'msg_1', type: 'message', status: 'completed', role: 'assistant', content: [{ type: 'output_text', text, annotations: [] }] })
const REASONING = { id: 'rs_1', type: 'reasoning', summary: [{ type: 'summary_text', text: 'canary-reasoning' }] }
const FUNCTION_CALL = { id: 'fc_1', type: 'function_call', status: 'completed', call_id: 'call_1', name: 'weather', arguments: ARGUMENTS }

export const responseBody = (output: readonly unknown[], fields: object = {}): object => ({
  id: 'resp_1', object: 'response', created_at: 1_760_000_000, status: 'completed', error: null, incomplete_details: null, instructions: null,
  model: ANSWERING, output, parallel_tool_calls: true, tool_choice: 'auto', tools: [], temperature: 1, top_p: 1, metadata: {},
  text: { format: { type: 'text' } }, usage: RESPONSE_USAGE, ...fields,
})
export const responseAnswer = json(responseBody([REASONING, outputText(ANSWER)]))
export const responseTools = json(responseBody([FUNCTION_CALL, { ...FUNCTION_CALL, id: 'fc_2', call_id: 'call_2', name: 'news' }]))

const item = (fields: object): object => ({ output_index: 0, item_id: 'msg_1', ...fields })
const numbered = (events: readonly object[]): string[] =>
  events.map((fields, sequence_number) => event({ sequence_number, ...fields }, (fields as { readonly type: string }).type))

const OPENING = { type: 'response.created', response: responseBody([], { status: 'in_progress', usage: null }) }
const ADDED = [
  OPENING,
  { type: 'response.output_item.added', output_index: 0, item: { ...outputText(''), status: 'in_progress', content: [] } },
  { type: 'response.content_part.added', ...item({ content_index: 0, part: { type: 'output_text', text: '', annotations: [] } }) },
]
const textEvents = (text: string, pieces: readonly string[]): object[] => [
  ...ADDED,
  ...pieces.map((delta) => ({ type: 'response.output_text.delta', ...item({ content_index: 0, delta, logprobs: [] }) })),
  { type: 'response.output_text.done', ...item({ content_index: 0, text, logprobs: [] }) },
  { type: 'response.content_part.done', ...item({ content_index: 0, part: { type: 'output_text', text, annotations: [] } }) },
  { type: 'response.output_item.done', output_index: 0, item: outputText(text) },
]

export const responseStream = sse(numbered([...textEvents(ANSWER, PIECES), { type: 'response.completed', response: responseBody([outputText(ANSWER)]) }]))
export const cutResponse = (...end: readonly Step[]): Reply => sse([...numbered(textEvents(ANSWER, PIECES).slice(0, 5)), ...end])
export const incompleteResponse = sse(numbered([
  ...textEvents(ANSWER, PIECES),
  { type: 'response.incomplete', response: responseBody([outputText(ANSWER)], { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }) },
]))
export const failedResponse = sse(numbered([
  OPENING,
  { type: 'response.failed', response: responseBody([], { status: 'failed', usage: null, error: { code: 'server_error', message: 'it broke' } }) },
]))
export const responseToolStream = sse(numbered([
  OPENING,
  { type: 'response.output_item.added', output_index: 0, item: { ...FUNCTION_CALL, status: 'in_progress', arguments: '' } },
  { type: 'response.function_call_arguments.delta', ...item({ item_id: 'fc_1', delta: ARGUMENTS }) },
  { type: 'response.function_call_arguments.done', ...item({ item_id: 'fc_1', arguments: ARGUMENTS, name: 'weather' }) },
  { type: 'response.output_item.done', output_index: 0, item: FUNCTION_CALL },
  { type: 'response.completed', response: responseBody([FUNCTION_CALL]) },
]))

const VECTOR = [0.5, -1, 0.25, 3]
export const embeddingReply = (asked: Asked): Reply => {
  const { encoding_format: format } = JSON.parse(asked.body) as { readonly encoding_format?: string }
  const embedding = format === 'base64' ? Buffer.from(Float32Array.from(VECTOR).buffer).toString('base64') : VECTOR
  const data = [{ object: 'embedding', index: 0, embedding }]
  return json({ object: 'list', data, model: 'text-embedding-3-small', usage: { prompt_tokens: 7, total_tokens: 7 } })
}

export const errorReply = (status: number, code: string, headers: Readonly<Record<string, string>> = {}): Reply =>
  json({ error: { message: `the provider said ${code}`, type: 'some_error', param: null, code } }, { status, headers })
/** A 429 that may be tried again at once. */
export const busy = errorReply(429, 'rate_limit_exceeded', { 'retry-after-ms': '1' })
