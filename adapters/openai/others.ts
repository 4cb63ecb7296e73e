import { tokenCount, type Category, type LlmCall } from '../../src/kit.ts'
import type { Endpoint, EventReader } from '../shared/endpoint.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { readChatAnswer, readChatRequest, readChatStream } from '../shared/openai/chat.ts'
import { readInputUsage, readUsage, tellsTokens } from '../shared/usage.ts'

/** Embeddings, legacy completions, and whatever else takes a model and an input. */

export function readInputRequest(call: LlmCall, body: Fields): void {
  const input = body['input'] ?? body['prompt'] ?? body['texts'] ?? body['documents'] ?? body['query'] ?? body['message']
  for (const item of typeof input === 'string' ? [input] : list(input)) {
    if (typeof item === 'string') call.requestText({ kind: 'user', text: item })
  }
}

export function readEmbeddingAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  const id = text(answer?.['id'])
  const model = text(answer?.['model'])
  if (id) call.draft.responseId = id
  if (model) call.draft.responseModel = model
  call.usage(readInputUsage(usageIn(value)))
}

/** Where the kinds of servers put an answer's usage. */
const USAGE = [
  'usage', 'usageMetadata', 'x_groq.usage', 'response.usage', 'response.usageMetadata', 'interaction.usage', 'message.usage',
  'data.usage', 'delta.usage', 'metadata.usage',
].map((path) => path.split('.'))
/** Places that hold other things too: usage is in them when they tell tokens. */
const MAYBE_USAGE = ['meta', 'response.meta', 'results.0', 'details'].map((path) => path.split('.'))
/** Servers that tell their counts beside the answer itself. */
const OWN_COUNTS = ['prompt_eval_count', 'eval_count', 'inputTextTokenCount']

function usageIn(value: unknown): unknown {
  const answer = fields(value)
  if (answer === undefined) return undefined
  for (const path of USAGE) {
    const told = below(answer, path)
    if (told !== undefined && told !== null) return told
  }
  for (const path of MAYBE_USAGE) {
    const told = below(answer, path)
    if (tellsTokens(told)) return told
  }
  return OWN_COUNTS.some((name) => Object.hasOwn(answer, name)) ? ownCounts(answer) : undefined
}

function below(root: Fields, path: readonly string[]): unknown {
  let value: unknown = root
  for (const step of path) {
    value = fields(value)?.[step]
    if (value === undefined) return undefined
  }
  return value
}

function ownCounts({ prompt_eval_count, eval_count, inputTextTokenCount, results }: Fields): Fields {
  if (inputTextTokenCount !== undefined) {
    return { inputTextTokenCount, results: list(results).map((result) => ({ tokenCount: fields(result)?.['tokenCount'] })) }
  }
  return { ...(prompt_eval_count !== undefined && { prompt_eval_count }), ...(eval_count !== undefined && { eval_count }) }
}

/** Counts of a stream are cumulative: the later one counts. */
function laterUsage(before: unknown, told: unknown): unknown {
  if (told === undefined || before === undefined) return told ?? before
  const [old, now] = [fields(before) ?? {}, fields(told) ?? {}]
  // A smaller total is that of a shorter turn of the same session (Gemini Live).
  if ((tokenCount(now['totalTokenCount']) ?? 0) < (tokenCount(old['totalTokenCount']) ?? 0)) return before
  // watsonx tells the input once, and 0 afterwards.
  return now['input_token_count'] === 0 ? { ...now, input_token_count: old['input_token_count'] } : told
}

export function readAnyAnswer(call: LlmCall, value: unknown): void {
  const documents = documentsIn(value)
  readChatAnswer(call, documents.at(-1))
  call.usage(readUsage(documents.map(usageIn).reduce(laterUsage, undefined)))
}

const MAX_CHARS = 1_000_000

/** An answer is one document, a list of them (Vertex), or a text with one a line (Ollama, Cohere, events read as text). */
function documentsIn(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value
  if (typeof value !== 'string') return [value]
  if (value.length > MAX_CHARS) return []
  const whole = parsed(value)
  if (whole !== undefined) return documentsIn(whole)
  return value.split('\n').flatMap((line) => parsed(line.replace(/^data: ?/, '')) ?? [])
}

function parsed(json: string): object | undefined {
  if (!/^\s*[{[]/.test(json)) return undefined
  try {
    return JSON.parse(json) as object
  } catch {
    return undefined
  }
}

export function readAnyStream(call: LlmCall): EventReader {
  const chat = readChatStream(call)
  let usage: unknown
  return {
    get complete() {
      return chat.complete || usage !== undefined
    },
    event(event) {
      usage = laterUsage(usage, usageIn(event))
      chat.event(event)
    },
    finish() {
      chat.finish()
      call.usage(readUsage(usage))
    },
  }
}

const ASKS = ['messages', 'input', 'inputs', 'prompt', 'contents', 'message', 'texts', 'query', 'documents']

/** Paths whose answers are not generated: all of their tokens are input. */
const INPUT_ONLY: readonly (readonly [path: RegExp, operation: string, category: Category])[] = [
  [/embed/i, 'embeddings', 'embedding'],
  [/rerank/i, 'rerank', 'retrieval'],
  [/cachedContents/, 'create_cache', 'llm'],
]

/** OpenAI's own that cost tokens; their body is a form, or not known yet when it is sent. */
const OPERATIONS: Readonly<Record<string, string>> = {
  '/images/generations': 'generate_content', '/images/edits': 'generate_content', '/audio/transcriptions': 'transcription',
}

/**
 * A POST to a path that the table does not know, as gateways and local servers add them: recorded when its body says which
 * model it asks and what, so that its cost is not missed.
 */
export function otherEndpoint(path: string, value: unknown): Endpoint | undefined {
  const route = path.split('?', 1)[0] ?? path
  const operation = OPERATIONS[route]
  const body = fields(value) ?? {}
  const asks = typeof body['model'] === 'string' && ASKS.some((name) => name in body)
  if (!asks && operation === undefined) return undefined
  const api = route.replace(/^\/+/, '').replaceAll('/', '.')
  const readRequest = 'messages' in body ? readChatRequest : readInputRequest
  const common = { route, method: '', api, readRequest, readStream: readAnyStream }
  const [, inputOnly, category] = INPUT_ONLY.find(([pattern]) => pattern.test(route)) ?? []
  return inputOnly !== undefined && category !== undefined
    ? { ...common, operation: inputOnly, category, readAnswer: readEmbeddingAnswer }
    : { ...common, operation: operation ?? 'chat', category: 'llm', readAnswer: readAnyAnswer }
}
