import { tokenCount, type LlmCall } from '../../src/kit.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { readInputUsage } from '../shared/usage.ts'
import { either, readTurn } from './content.ts'

/**
 * Embeddings: `:embedContent` and `:batchEmbedContents` of the Gemini API, `:predict` of Vertex AI, and the SDK's
 * `embedContent`, which asks the one that the model has. The Gemini API mostly tells no usage.
 */

export function readEmbedRequest(call: LlmCall, body: Fields): void {
  const batch = [...list(body['requests']), ...list(body['instances'])].map((one) => fields(one)?.['content'])
  const single = body['content'] ?? body['contents']
  for (const one of batch.length > 0 ? batch : Array.isArray(single) ? (single as readonly unknown[]) : [single]) {
    if (typeof one === 'string') call.requestText({ kind: 'user', text: one })
    else call.requestParts([one], readTurn)
  }
}

export function readEmbedAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  const told = either(answer, 'usageMetadata', 'usage_metadata')
  const statistics = [
    ...list(answer?.['embeddings']).map((one) => fields(one)?.['statistics']),
    ...list(answer?.['predictions']).map((one) => fields(fields(one)?.['embeddings'])?.['statistics']),
  ]
  const usage = readInputUsage(told ?? counted(statistics))
  call.usage(usage === undefined || told !== undefined ? usage : { ...usage, raw: statistics })
  const error = fields(answer?.['error'])
  if (error !== undefined) {
    call.failure = { state: 'failed', type: text(error['status']) ?? 'failed', message: text(error['message']) ?? 'the request failed' }
  }
}

/** The sum over all texts; undefined when one of them was not counted. */
function counted(statistics: readonly unknown[]): Fields | undefined {
  let sum = 0
  for (const one of statistics) {
    const count = tokenCount(either(fields(one), 'tokenCount', 'token_count'))
    if (count === undefined) return undefined
    sum += count
  }
  return statistics.length === 0 ? undefined : { promptTokenCount: sum }
}
