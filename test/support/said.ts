import { answer } from './openai-answers.ts'
import { event, json, sse, type Reply } from './provider-server.ts'

/** Answers of the three chat APIs that cost the same: 10 tokens in, 4 of them cached, and 5 out. */
export type Kind = 'chat' | 'responses' | 'messages'

let count = 0

/** A text that the provider answers with, whole or as a stream of its letters. */
export function says(kind: Kind, text: string, stream = false): Reply {
  if (kind === 'chat' && stream) return letters(text)
  if (kind !== 'messages') return answer({ api: kind, stream }, { text })
  const id = `msg_${++count}`
  const usage = { input_tokens: 6, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 5 }
  const message = { id, type: 'message', role: 'assistant', model: 'claude-haiku-4-5', stop_sequence: null }
  if (!stream) return json({ ...message, content: [{ type: 'text', text }], stop_reason: 'end_turn', usage })
  const events = [
    { type: 'message_start', message: { ...message, content: [], stop_reason: null, usage: { ...usage, output_tokens: 1 } } },
    { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
    ...[...text].map((letter) => ({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: letter } })),
    { type: 'content_block_stop', index: 0 },
    { type: 'message_delta', delta: { stop_reason: 'end_turn', stop_sequence: null }, usage: { output_tokens: 5 } },
    { type: 'message_stop' },
  ]
  return sse(events.map((data) => event(data, data.type)))
}

function letters(text: string): Reply {
  const chunk = { id: `chatcmpl_${++count}`, object: 'chat.completion.chunk', created: 1, model: 'gpt-4o-mini-2024-07-18' }
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_tokens_details: { cached_tokens: 4 } }
  return sse([
    ...[...text].map((content) => event({ ...chunk, choices: [{ index: 0, delta: { role: 'assistant', content } }] })),
    event({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }),
    event({ ...chunk, choices: [], usage }),
    event('[DONE]'),
  ])
}

/** A refusal in the provider's form. */
export const refuses = (status: number): Reply => json({ type: 'error', error: { type: 'some_error', message: 'refused' } }, { status })
