import type { LlmCall } from '../../src/kit.ts'
import type { Endpoint, EventReader } from '../shared/endpoint.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { readInputUsage, readUsage } from '../shared/usage.ts'
import { readChatAnswer, readChatStream } from './chat.ts'

/** Embeddings, legacy completions, and whatever else takes a model and an input. */

export function readInputRequest(call: LlmCall, body: Fields): void {
  const input = body['input'] ?? body['prompt']
  for (const item of typeof input === 'string' ? [input] : list(input)) {
    if (typeof item === 'string') call.requestText({ kind: 'user', text: item })
  }
}

export function readEmbeddingAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  const model = text(answer?.['model'])
  if (model) call.draft.responseModel = model
  call.usage(readInputUsage(answer?.['usage'] ?? fields(answer?.['meta'])?.['billed_units']))
}

/** The usage of an answer of unknown shape, wherever its kind of server puts it. */
function usageIn(value: unknown): unknown {
  const answer = fields(value)
  return answer?.['usage'] ?? answer?.['usageMetadata'] ?? fields(answer?.['response'])?.['usage'] ?? fields(answer?.['data'])?.['usage']
    ?? fields(answer?.['message'])?.['usage'] ?? fields(answer?.['metadata'])?.['usage']
}

export function readAnyAnswer(call: LlmCall, value: unknown): void {
  readChatAnswer(call, value)
  const usage = usageIn(value)
  if (usage) call.usage(readUsage(usage))
}

export function readAnyStream(call: LlmCall): EventReader {
  const chat = readChatStream(call)
  let usage: unknown
  return {
    get complete() {
      return chat.complete || usage !== undefined
    },
    event(event) {
      chat.event(event)
      usage = usageIn(event) ?? usage
    },
    finish() {
      chat.finish()
      if (usage) call.usage(readUsage(usage))
    },
  }
}

/**
 * A POST to a path that the table does not know, as gateways and local servers add them: recorded when its body says which
 * model it asks and what, so that its cost is not missed.
 */
export function otherEndpoint(path: string, value: unknown): Endpoint | undefined {
  const body = fields(value)
  const asks = body !== undefined && typeof body['model'] === 'string'
    && ['messages', 'input', 'prompt', 'contents'].some((name) => name in body)
  if (!asks) return undefined
  const api = path.replace(/^\/+/, '').replaceAll('/', '.')
  return {
    route: path, method: '', api, operation: 'chat', category: 'llm',
    readRequest: readInputRequest, readAnswer: readAnyAnswer, readStream: readAnyStream,
  }
}
