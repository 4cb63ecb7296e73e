import type { ChatRequest, Message } from 'ollama'
import { json, raw, type Reply, type Step } from '../../support/provider-server.ts'

/** What the scripted server is asked and answers. All texts contain the word that no trace may contain. */
export const PROMPT = 'canary-prompt: what is the weather in Reykjavík?'
export const SYSTEM = 'canary-system: be brief'
export const ANSWER = 'canary-answer: 4 °C, rain ☂ and wind.'
export const INPUT = { city: 'canary-Reykjavík' }
export const MODEL = 'qwen3:8b'

/** Made anew each time: the client writes into what it is given. */
export const ask = (fields: Partial<ChatRequest> = {}): ChatRequest & { stream?: false } => ({
  model: MODEL, messages: [{ role: 'system', content: SYSTEM }, { role: 'user', content: PROMPT }], options: { num_predict: 100 }, ...fields,
}) as ChatRequest & { stream?: false }
export const askStream = (fields: Partial<ChatRequest> = {}): ChatRequest & { stream: true } => ({ ...ask(fields), stream: true })

export const WEATHER = {
  type: 'function', function: { name: 'weather', description: 'canary-description', parameters: { type: 'object', properties: { city: { type: 'string' } } } },
}
const COUNTS = {
  done: true, done_reason: 'stop', total_duration: 900, load_duration: 100, prompt_eval_count: 28, prompt_eval_duration: 200, eval_count: 8, eval_duration: 600,
}
const HEAD = { model: MODEL, created_at: '2026-11-01T00:00:00Z' }
export const message = (message: Partial<Message>, fields: object = COUNTS): object => ({ ...HEAD, message: { role: 'assistant', content: '', ...message }, ...fields })
export const response = (fields: object): object => ({ ...HEAD, ...COUNTS, ...fields })
export const counts = COUNTS
export const answer = json(message({ content: ANSWER }))

export const weatherTool = { id: 'call_1', function: { index: 0, name: 'weather', arguments: INPUT } }
export const weatherCall = json(message({ content: 'canary-let me see', tool_calls: [weatherTool] }))

export const line = (value: object): string => `${JSON.stringify(value)}\n`
const OPEN = { done: false }
const piece = (content: string): string => line(message({ content }, OPEN))
const PIECES = [ANSWER.slice(0, 14), ANSWER.slice(14, 20), ANSWER.slice(20)] as const
export const end = line(message({}))
export const lines = (steps: readonly Step[], pieceBytes = 97): Reply =>
  raw(steps, { headers: { 'content-type': 'application/x-ndjson' }, pieceBytes })
export const textSteps = [...PIECES.map(piece), end]
/** Three pieces and the end, which has the counts. */
export const textStream = lines(textSteps)
/** Two pieces of text, then `middle`. */
export const brokenStream = (...middle: readonly Step[]): Reply => lines([piece(PIECES[0]), piece(PIECES[1]), ...middle])
export const open = (fields: Partial<Message>): string => line(message(fields, OPEN))

export const errorReply = (status: number): Reply => json({ error: `the server said ${status}` }, { status })
