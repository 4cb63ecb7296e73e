import { readFileSync } from 'node:fs'
import { gunzipSync } from 'node:zlib'
import { seeded } from './random.ts'

/** The recorded exchanges (`fixtures/exchanges`), and how each is served to an SDK and asked for. */

export interface Exchange {
  readonly id: string
  readonly provider: string
  readonly endpoint: string
  readonly url: string | null
  readonly stream: boolean
  readonly tags: readonly string[]
  readonly request: unknown
  readonly status: number | null
  readonly headers: Readonly<Record<string, string>>
  readonly usage: Readonly<Record<string, number>> | null
  readonly responseBody?: unknown
  readonly responseText?: string
  readonly responseBase64?: string
}

export function readExchanges(name: 'exchanges' | 'errors'): readonly Exchange[] {
  const file = new URL(`../fixtures/exchanges/${name}.jsonl.gz`, import.meta.url)
  return gunzipSync(readFileSync(file)).toString('utf8').trimEnd().split('\n').map((line) => JSON.parse(line) as Exchange)
}

export type Json = Readonly<Record<string, unknown>>
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null
export const object = (value: unknown): Json | undefined => (isObject(value) ? value : undefined)
export const objects = (values: readonly unknown[]): readonly Json[] => values.filter(isObject)

const isEvents = ({ responseText = '' }: Exchange): boolean => /^(event|data|id):/.test(responseText)

/** The JSON documents of a body: one, or those of its events or lines. Empty when it is binary or was cut. */
export function documents(row: Exchange): readonly Json[] {
  if (row.responseText === undefined) return objects([row.responseBody].flat())
  const whole = parse(row.responseText)
  if (whole !== undefined) return [whole]
  return objects(row.responseText.split('\n').map((line) => parse(line.replace(/^data:/, ''))))
}

function parse(json: string): Json | undefined {
  try {
    return object(JSON.parse(json))
  } catch {
    return undefined
  }
}

const NOT_SERVED = ['content-length', 'content-encoding', 'transfer-encoding', 'connection']

/** A `fetch` that gives the row's response, its body cut into pieces of an odd size, wherever that cuts a character. */
export function serve(row: Exchange): typeof fetch {
  const body = bodyOf(row)
  const headers = new Headers({ 'content-type': contentType(row) })
  for (const [name, value] of Object.entries(row.headers)) {
    if (!NOT_SERVED.includes(name.toLowerCase())) headers.set(name, value)
  }
  const seed = Number.parseInt(row.id.slice(0, 8), 16)
  return async () => new Response(inPieces(body, seed), { status: row.status ?? 200, headers })
}

function bodyOf({ responseBody, responseText, responseBase64 }: Exchange): Uint8Array {
  if (responseBase64 !== undefined) return Buffer.from(responseBase64, 'base64')
  return Buffer.from(responseText ?? JSON.stringify(responseBody))
}

function contentType(row: Exchange): string {
  if (row.responseBase64 !== undefined) return 'application/octet-stream'
  return isEvents(row) ? 'text/event-stream' : 'application/json'
}

function inPieces(body: Uint8Array, seed: number): ReadableStream<Uint8Array> {
  const random = seeded(seed)
  // Long bodies are mostly vectors and images.
  const longest = body.length < 20_000 ? 97 : 1_021
  let at = 0
  return new ReadableStream({
    pull(controller) {
      const size = 1 + Math.floor(random() * longest)
      if (at < body.length) controller.enqueue(body.subarray(at, at + size))
      at += size
      if (at >= body.length) controller.close()
    },
  })
}

type Create = (body: object) => PromiseLike<unknown>

/** What the tests use of the SDKs' clients, in all their versions. */
export interface SdkClient {
  post(path: string, options: object): PromiseLike<unknown>
  readonly chat: { readonly completions: { readonly create: Create } }
  readonly messages: { readonly create: Create }
  readonly responses: { readonly create: Create }
  readonly embeddings: { readonly create: Create }
  readonly completions?: { readonly create: Create }
  readonly images: { readonly generate: Create }
}

type Way = 'messages' | 'complete' | 'chat' | 'responses' | 'embeddings' | 'completions' | 'images' | 'post'

/** Who speaks OpenAI's API; the others' paths are posted to as through a gateway. */
const OPENAI_LIKE = [
  'openai', 'azure-openai', 'groq', 'together', 'mistral', 'deepseek', 'xai', 'moonshotai', 'alibaba', 'cerebras',
  'perplexity', 'openai-compatible', 'writer', 'open-responses', 'voyage',
]

export function wayOf(row: Exchange): Way {
  if (row.provider === 'anthropic' && row.endpoint === 'messages') return 'messages'
  if (row.provider === 'anthropic' && row.endpoint === 'v1/complete') return 'complete'
  if (!OPENAI_LIKE.includes(row.provider)) return 'post'
  const first = documents(row).find((document) => document['error'] === undefined)
  if (first?.['object'] === 'response' || String(first?.['type']).startsWith('response.')) return 'responses'
  if (first?.['object'] === 'list' && objects([first['data']].flat()).some((item) => 'embedding' in item)) return 'embeddings'
  const named: Readonly<Record<string, Way>> = {
    'chat/completions': 'chat', 'v1/chat': 'chat', completions: 'completions', responses: 'responses',
    embeddings: 'embeddings', embedding: 'embeddings', image: 'images', 'images/generations': 'images',
  }
  return named[row.endpoint] ?? (Array.isArray(first?.['choices']) ? 'chat' : 'post')
}

/** Asks an SDK for the row as its program did, or as it must have. */
export function ask(client: SdkClient, row: Exchange): PromiseLike<unknown> {
  const way = wayOf(row)
  const body = requestBody(row, way)
  switch (way) {
    case 'messages': return client.messages.create(body)
    case 'chat': return client.chat.completions.create(body)
    case 'responses': return client.responses.create(body)
    case 'embeddings': return client.embeddings.create(body)
    case 'images': return client.images.generate(body)
    case 'completions': return client.completions!.create(body)
    // The SDK's 1.x has no method for it any more.
    case 'complete': return client.completions?.create(body) ?? client.post('/v1/complete', { body, stream: row.stream })
    case 'post': return client.post(pathOf(row), { body, ...(isEvents(row) && { stream: true }) })
  }
}

const pathOf = ({ url, endpoint }: Exchange): string => (url === null ? `/${endpoint}` : new URL(url).pathname)

const INPUTS: Readonly<Record<Way, Json>> = {
  messages: { messages: [{ role: 'user', content: 'Hi' }], max_tokens: 100 },
  complete: { prompt: 'Hi', max_tokens_to_sample: 100 },
  chat: { messages: [{ role: 'user', content: 'Hi' }] },
  responses: { input: 'Hi' },
  embeddings: { input: 'Hi', encoding_format: 'float' },
  completions: { prompt: 'Hi' },
  images: { prompt: 'Hi' },
  post: { input: 'Hi' },
}

function requestBody(row: Exchange, way: Way): Json {
  const sent = object(row.request)
  const answer = documents(row)[0]
  const told = sent?.['model'] ?? sent?.['model_id'] ?? answer?.['model'] ?? object(answer?.['response'])?.['model']
  return {
    ...(way === 'post' || sent === undefined ? INPUTS[way] : {}),
    ...sent,
    model: typeof told === 'string' && told !== '' ? told : 'a-model',
    ...(isEvents(row) && way !== 'post' && { stream: true }),
  }
}

/** Everything that a program can see of a call: its result, its events, or its error, with the order of keys. */
export interface Seen {
  result?: string
  events?: readonly string[]
  error?: Json
}

export async function observeCall(start: () => PromiseLike<unknown>): Promise<Seen> {
  const seen: Seen = {}
  try {
    const result = await start()
    if (!isStream(result)) return { result: visible(result) }
    const events: string[] = []
    seen.events = events
    for await (const event of result) events.push(visible(event))
  } catch (error) {
    seen.error = describeError(error)
  }
  return seen
}

const isStream = (value: unknown): value is AsyncIterable<unknown> => isObject(value) && Symbol.asyncIterator in value

/** Its JSON, its own keys with those that JSON leaves out, and the request's id, which is one of them. */
function visible(value: unknown): string {
  if (!isObject(value)) return `${typeof value} ${String(value)}`
  return `${JSON.stringify(value)} ${Reflect.ownKeys(value).map(String).join()} ${String(value['_request_id'])}`
}

function describeError(error: unknown): Json {
  const { name, message, status, code, type, requestID, error: body } = error as Json
  const { name: className } = (error as Error).constructor
  return { class: className, name, message, status, code, type, requestID, body: JSON.stringify(body) }
}
