import type { LlmCall } from '../../src/kit.ts'
import { fields, jsonText, text, type Fields } from '../shared/json.ts'
import { readInputUsage, readUsage } from '../shared/usage.ts'
import { countsOf, readDurations } from './chat.ts'

/** Embeddings, `POST /api/embed` and the older `/api/embeddings`, which tells no usage, and questions, `POST /v1/systemone`. */

export function readEmbedRequest(call: LlmCall, body: Fields): void {
  const input = body['input'] ?? body['prompt']
  for (const one of Array.isArray(input) ? (input as readonly unknown[]) : [input]) {
    if (typeof one === 'string') call.requestText({ kind: 'user', text: one })
  }
}

export function readEmbedAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value) ?? {}
  readModel(call, answer)
  call.usage(readInputUsage(countsOf(answer)))
  readDurations(call, answer)
}

export function readQuestions(call: LlmCall, body: Fields): void {
  call.requestText({ kind: 'user', text: jsonText(body['state']) })
  call.requestText({ kind: 'user', text: jsonText(body['questions']) })
}

export function readAnswers(call: LlmCall, value: unknown): void {
  const answer = fields(value) ?? {}
  readModel(call, answer)
  call.usage(readUsage(answer['usage']))
  if (answer['answers'] !== undefined) call.responseParts([{ kind: 'assistant', text: jsonText(answer['answers']) }])
}

function readModel(call: LlmCall, answer: Fields): void {
  const model = text(answer['model'])
  const error = text(answer['error'])
  if (model) call.draft.responseModel = model
  if (error !== undefined) call.failure = { state: 'failed', type: 'error', message: error }
}
