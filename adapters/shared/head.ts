import type { LlmCall } from '../../src/kit.ts'
import { text, type Fields } from './json.ts'

/** What every API's answer begins with: its id and the model that gave it. */
export function readHead(call: LlmCall, answer: Fields): void {
  const id = text(answer['id'])
  const model = text(answer['model'])
  if (id) call.draft.responseId = id
  if (model) call.draft.responseModel = model
}
