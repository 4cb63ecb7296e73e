import { wrapOpenAI } from 'spanwise/openai'
import type { Profiler } from 'spanwise'

export interface Message {
  role: string
  content?: string | null
  tool_call_id?: string
  tool_calls?: readonly { id?: string; type: 'function'; function: { name: string; arguments: string } }[]
}

export interface Answer {
  readonly id?: string
  readonly model?: string
  readonly choices: readonly { readonly message: Message; readonly finish_reason?: string }[]
  readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number }
}

interface Request {
  readonly model: string
  readonly messages: readonly Message[]
  readonly tools?: readonly object[]
}

/** A recorded client of an OpenAI-compatible service that gives the answers in turn, then the last one again. */
export function chatClient(profiler: Profiler, answers: readonly Answer[]): (request: Request) => Promise<Answer> {
  let next = 0
  const client = { chat: { completions: { create: async (_request: Request): Promise<Answer> => answers[Math.min(next++, answers.length - 1)]! } } }
  wrapOpenAI(client, { profiler })
  return (request) => client.chat.completions.create(request)
}

const usage = { prompt_tokens: 10, completion_tokens: 5, total_tokens: 15 } as const

export const says = (content: string): Answer => ({ choices: [{ message: { role: 'assistant', content }, finish_reason: 'stop' }], usage })

/** An answer that asks for tools: name, arguments as JSON text, id. */
export const asks = (...calls: readonly (readonly [name: string, args: string, id?: string])[]): Answer => ({
  choices: [{
    message: {
      role: 'assistant',
      content: null,
      tool_calls: calls.map(([name, args, id]) => ({ type: 'function', function: { name, arguments: args }, ...(id !== undefined && { id }) })),
    },
    finish_reason: 'tool_calls',
  }],
  usage,
})
