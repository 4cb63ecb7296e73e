import type { LlmCall } from '../../src/kit.ts'
import type { EventReader } from '../shared/endpoint.ts'
import { readHead } from '../shared/head.ts'
import { fields, text, type Fields } from '../shared/json.ts'

/** Legacy text completions: `POST /v1/complete`. A stream is a list of answers, each with the next piece of the text. */

export function readCompleteRequest(call: LlmCall, body: Fields): void {
  const prompt = text(body['prompt'])
  if (prompt !== undefined) call.requestText({ kind: 'user', text: prompt })
  if (typeof body['max_tokens_to_sample'] === 'number') call.draft.maxOutputTokens = body['max_tokens_to_sample']
}

export function readCompleteAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  if (answer === undefined) return
  readHead(call, answer)
  readStop(call, answer)
  const completion = text(answer['completion'])
  if (completion) call.responseParts([{ kind: 'assistant', text: completion }])
}

function readStop(call: LlmCall, answer: Fields): void {
  const reason = text(answer['stop_reason'])
  if (reason) call.draft.finishReasons = [reason]
}

export function readCompleteStream(call: LlmCall): EventReader {
  let completion = ''
  return {
    get complete() {
      return call.draft.finishReasons !== undefined
    },
    event(value) {
      const event = fields(value)
      if (event === undefined) return
      readHead(call, event)
      readStop(call, event)
      const piece = text(event['completion'])
      if (!piece) return
      completion += piece
      call.token()
    },
    finish() {
      if (completion !== '') call.responseParts([{ kind: 'assistant', text: completion }])
    },
  }
}
