import type { MessageCreateParamsNonStreaming } from '@anthropic-ai/sdk/resources/messages'
import { event, json, sse, type Reply, type Step } from '../../support/provider-server.ts'
import { frozen } from '../frozen.ts'

/** What the scripted provider is asked and answers. All texts contain the word that no trace may contain. */
export const PROMPT = 'canary-prompt: what is the weather in Reykjavík?'
export const SYSTEM = 'canary-system: be brief'
export const ANSWER = 'canary-answer: 4 °C, rain ☂ and wind.'
export const INPUT = { city: 'canary-Reykjavík' }
export const MODEL = 'claude-sonnet-5-5'
const ANSWERING = 'claude-sonnet-5-5-20260901'

export const ASK = frozen({
  model: MODEL, max_tokens: 100, system: SYSTEM, messages: [{ role: 'user', content: PROMPT }],
} satisfies MessageCreateParamsNonStreaming)
export const STREAM = frozen({ ...ASK, stream: true as const })
export const WEATHER = frozen({
  name: 'weather', description: 'canary-description',
  input_schema: { type: 'object' as const, properties: { city: { type: 'string' } }, required: ['city'] },
})

const USAGE = {
  input_tokens: 20, cache_creation_input_tokens: 0, cache_read_input_tokens: 8,
  cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 },
  output_tokens: 5, service_tier: 'standard',
}
export const textBlock = (text: string): object => ({ type: 'text', text, citations: null })
export const toolBlock = (id: string, name: string, input: unknown = INPUT): object => ({ type: 'tool_use', id, name, input })

export const message = (content: readonly object[], fields: object = {}): object => ({
  id: 'msg_1', type: 'message', role: 'assistant', model: ANSWERING, content, stop_reason: 'end_turn', stop_sequence: null, usage: USAGE, ...fields,
})
export const answer = json(message([textBlock(ANSWER)]))
export const weatherCall = json(message([textBlock('canary-let me see'), toolBlock('toolu_1', 'weather')], { stop_reason: 'tool_use' }))
export const parallelCalls = json(message([toolBlock('toolu_1', 'weather'), toolBlock('toolu_2', 'news', {})], { stop_reason: 'tool_use' }))

export const named = (data: { readonly type: string }): string => event(data, data.type)
export const messageStart = (usage: object = { ...USAGE, output_tokens: 1 }): string =>
  named({ type: 'message_start', message: message([], { stop_reason: null, usage }) } as { type: string })
export const messageDelta = (usage: object | undefined, stop: string | null = 'end_turn'): string =>
  named({ type: 'message_delta', delta: { stop_reason: stop, stop_sequence: null }, ...(usage && { usage }) } as { type: string })
const PING = named({ type: 'ping' })
export const STOP = named({ type: 'message_stop' })

export const blockStart = (index: number, content_block: object): string => named({ type: 'content_block_start', index, content_block } as { type: string })
export const blockDelta = (index: number, delta: object): string => named({ type: 'content_block_delta', index, delta } as { type: string })
export const blockStop = (index: number): string => named({ type: 'content_block_stop', index } as { type: string })

const PIECES = [ANSWER.slice(0, 14), ANSWER.slice(14, 20), ANSWER.slice(20)]
const textDeltas = (index: number, pieces: readonly string[] = PIECES): string[] =>
  pieces.map((text) => blockDelta(index, { type: 'text_delta', text }))
export const textEvents = (index: number, pieces?: readonly string[]): string[] =>
  [blockStart(index, { type: 'text', text: '' }), ...textDeltas(index, pieces), blockStop(index)]
export const toolEvents = (index: number, id: string, name: string, pieces: readonly string[]): string[] => [
  blockStart(index, toolBlock(id, name, {})),
  ...pieces.map((partial_json) => blockDelta(index, { type: 'input_json_delta', partial_json })),
  blockStop(index),
]

/** Eight events without the ping, which the SDK keeps to itself. */
export const textStream = sse([messageStart(), PING, ...textEvents(0), messageDelta({ output_tokens: 5 }), STOP])
/** Eight events on the wire as well, for streams that are seen there. */
export const quietStream = sse([messageStart(), ...textEvents(0), messageDelta({ output_tokens: 5 }), STOP])
export const streamOf = (...events: readonly Step[]): Reply => sse([messageStart(), ...events])
export const weatherStream = streamOf(
  ...toolEvents(0, 'toolu_1', 'weather', ['', '{"city":"cana', 'ry-Reykjavík"}']), messageDelta({ output_tokens: 9 }, 'tool_use'), STOP,
)
/** The start and two pieces of text, then `middle`. */
export const brokenStream = (...middle: readonly Step[]): Reply =>
  streamOf(blockStart(0, { type: 'text', text: '' }), ...textDeltas(0).slice(0, 2), ...middle)

export const errorReply = (status: number, type: string, headers: Readonly<Record<string, string>> = {}): Reply =>
  json({ type: 'error', error: { type, message: `the provider said ${type}` }, request_id: 'req_1' }, { status, headers })
/** A 429 that may be tried again at once. */
export const busy = errorReply(429, 'rate_limit_error', { 'retry-after-ms': '1' })
