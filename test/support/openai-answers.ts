import { event, json, sse, type Reply } from './provider-server.ts'

/** Answers of OpenAI's two APIs, whole or as a stream, of one content: for tests that ask the same of both. */

export interface Said {
  readonly text?: string
  /** Name, arguments, id. */
  readonly calls?: readonly (readonly [name: string, args: object, id: string])[]
}

export interface AnswerForm {
  readonly api: 'responses' | 'chat'
  readonly stream?: boolean
}

const MODEL = 'gpt-4o-mini-2024-07-18'
let count = 0

export function answer({ api, stream = false }: AnswerForm, said: Said): Reply {
  const id = `${api === 'responses' ? 'resp' : 'chatcmpl'}_${++count}`
  return api === 'responses' ? response(id, stream, said) : completion(id, stream, said)
}

function response(id: string, stream: boolean, { text, calls = [] }: Said): Reply {
  const output = [
    ...(text === undefined ? [] : [{
      id: `msg_${id}`, type: 'message', role: 'assistant', status: 'completed', content: [{ type: 'output_text', text, annotations: [] }],
    }]),
    ...calls.map(([name, args, callId]) => ({
      id: `fc_${callId}`, type: 'function_call', call_id: callId, name, arguments: JSON.stringify(args), status: 'completed',
    })),
  ]
  const whole = {
    id, object: 'response', created_at: 1, status: 'completed', model: MODEL, output, instructions: 'Be brief', tools: [],
    usage: {
      input_tokens: 10, input_tokens_details: { cached_tokens: 4 }, output_tokens: 5, output_tokens_details: { reasoning_tokens: 0 }, total_tokens: 15,
    },
  }
  if (!stream) return json(whole)
  return sse([
    event({ type: 'response.created', response: { ...whole, status: 'in_progress', output: [], usage: null } }),
    ...[...(text ?? '')].map((delta) => event({ type: 'response.output_text.delta', delta, output_index: 0, content_index: 0, item_id: `msg_${id}` })),
    event({ type: 'response.completed', response: whole }),
  ])
}

function completion(id: string, stream: boolean, { text, calls = [] }: Said): Reply {
  const toolCalls = calls.map(([name, args, callId], index) => ({
    index, id: callId, type: 'function', function: { name, arguments: JSON.stringify(args) },
  }))
  const message = { role: 'assistant', content: text ?? null, ...(toolCalls.length > 0 && { tool_calls: toolCalls }) }
  const finish = toolCalls.length > 0 ? 'tool_calls' : 'stop'
  const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15, prompt_tokens_details: { cached_tokens: 4 } }
  const head = { id, created: 1, model: MODEL }
  if (!stream) return json({ ...head, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: finish }], usage })
  const chunk = { ...head, object: 'chat.completion.chunk' }
  return sse([
    event({ ...chunk, choices: [{ index: 0, delta: message }] }),
    event({ ...chunk, choices: [{ index: 0, delta: {}, finish_reason: finish }] }),
    event({ ...chunk, choices: [], usage }),
    event('[DONE]'),
  ])
}
