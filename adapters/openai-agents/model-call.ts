import type { LlmCall, LlmCallStart } from '../../src/kit.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { readChatAnswer, readChatRequest } from '../shared/openai/chat.ts'
import { readResponsesAnswer, readResponsesRequest } from '../shared/openai/responses.ts'
import { providerName } from '../shared/provider-names.ts'
import { readUsage } from '../shared/usage.ts'
import { askedIn, readItem } from './items.ts'

/**
 * Calls of a model. `response` is the responses API, told whole at the end; `generation` is chat completions, or any other model
 * behind the SDK's interface, such as the AI SDK's.
 */
export function callStart(data: Fields, provider: string): LlmCallStart {
  const isResponse = data['type'] === 'response'
  const model = modelOf(data)
  return {
    name: model ?? text(data['type']) ?? 'response',
    category: 'llm',
    provider: providerOf(data) ?? provider,
    operation: 'chat',
    api: isResponse ? 'responses' : 'chat.completions',
  }
}

/** Whether what was sent is known, and so may be told. */
export function readCall(call: LlmCall, data: Fields): boolean {
  return data['type'] === 'response' ? readResponse(call, data) : readGeneration(call, data)
}

/** Whether a call that was sent, and of which no error is told, came to nothing. Where texts are not told nothing can be said. */
export const isLeft = (data: Fields): boolean =>
  data['type'] === 'response'
    ? data['_input'] !== undefined && data['_response'] === undefined
    : data['type'] === 'generation' && data['input'] !== undefined && data['output'] === undefined

function readResponse(call: LlmCall, data: Fields): boolean {
  const answer = fields(data['_response'])
  if (answer !== undefined) readResponsesRequest(call, { tools: answer['tools'], instructions: answer['instructions'] })
  const isTold = readInput(call, data['_input'])
  if (answer !== undefined) readResponsesAnswer(call, answer)
  const id = text(data['response_id'])
  if (id !== undefined) call.draft.responseId = id
  return isTold
}

function readGeneration(call: LlmCall, data: Fields): boolean {
  const model = modelOf(data)
  if (model !== undefined) call.draft.requestModel = model
  const messages = list(data['input'])
  if (messages.length > 0) readChatRequest(call, { messages })
  const output = list(data['output'])
  const completions = output.filter((one) => Array.isArray(fields(one)?.['choices']))
  for (const one of completions) readChatAnswer(call, withoutPlaceholders(one as Fields))
  if (completions.length === 0) readItems(call, output)
  call.usage(readUsage(data['usage']))
  return messages.length > 0 || model !== undefined
}

/** What the SDK puts in until the provider tells. */
const NO_ID = 'FAKE_ID'

function withoutPlaceholders({ id, usage, ...rest }: Fields): Fields {
  const isCounted = fields(usage)?.['total_tokens'] !== 0
  return { ...rest, ...(id !== NO_ID && { id }), ...(isCounted && { usage }) }
}

function readInput(call: LlmCall, input: unknown): boolean {
  if (typeof input === 'string') call.requestText({ kind: 'user', text: input })
  else call.requestParts(list(input), readItem)
  return input !== undefined
}

function readItems(call: LlmCall, items: readonly unknown[]): void {
  const parts = items.flatMap((item) => readItem(fields(item) ?? {}))
  call.responseParts(parts)
  call.askedTools(askedIn(parts))
}

const configOf = (data: Fields): Fields | undefined => fields(data['model_config'])

function providerOf(data: Fields): string | undefined {
  const provider = text(configOf(data)?.['provider'])
  return provider === undefined ? undefined : providerName(provider)
}

/** Models of the AI SDK have their provider before their name. */
function modelOf(data: Fields): string | undefined {
  const model = text(data['model'])
  const provider = text(configOf(data)?.['provider'])
  return provider !== undefined && model?.startsWith(`${provider}:`) === true ? model.slice(provider.length + 1) : model
}
