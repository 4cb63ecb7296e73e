import type { LlmCall } from '../../src/kit.ts'
import { readHead } from '../shared/head.ts'
import { at, fields, list, text, type Fields } from '../shared/json.ts'
import { askedIn, readAnswer, readMessage, readToolDefinition } from './messages.ts'
import { conversation } from './names.ts'
import { StreamedUsage, usageOf } from './usage.ts'

/** What LangChain tells at the start of a call. */
export interface ModelStart {
  /** Of a chat model messages, else the one prompt. */
  readonly input: readonly unknown[]
  readonly extra: Fields | undefined
  readonly metadata: Fields
}

/** The model's name as it is sent. */
export function modelOf({ extra, metadata }: ModelStart): string | undefined {
  try {
    const params = fields(extra?.['invocation_params'])
    return text(params?.['model']) ?? text(params?.['model_name']) ?? text(params?.['modelId']) ?? text(metadata['ls_model_name'])
  } catch {
    return undefined
  }
}

/** The ids that LangChain gives to messages which have none. */
const OWN_ID = /^(run-|lc_)/

/** One call of a model: what LangChain's callbacks tell of it, read into the recorder's call. */
export class ModelRun {
  readonly #call: LlmCall
  readonly #pieces: string[] = []
  readonly #streamed: StreamedUsage
  /** Nanoseconds of its run at which it was last heard of. */
  heardAt: number

  constructor(call: LlmCall, start: ModelStart) {
    this.#call = call
    this.#streamed = new StreamedUsage(start.metadata['ls_provider'])
    this.heardAt = call.span.start
    call.read(() => this.#readStart(start))
    // Even when nothing of the request could be read: here a call that the client tells of as well becomes one with it.
    call.read(() => call.requestDone())
  }

  #readStart({ input, extra, metadata }: ModelStart): void {
    const call = this.#call
    const params = fields(extra?.['invocation_params']) ?? {}
    const model = modelOf({ input, extra, metadata })
    if (model !== undefined) call.draft.requestModel = model
    const max = params['max_tokens'] ?? params['max_completion_tokens'] ?? params['max_output_tokens'] ?? params['maxOutputTokens'] ?? metadata['ls_max_tokens']
    if (typeof max === 'number') call.draft.maxOutputTokens = max
    const attributes = { ...settings(params), ...conversation(metadata) }
    if (Object.keys(attributes).length > 0) call.span.set(attributes)
    const options = fields(extra?.['options'])
    const tools = [params['tools'], params['functions'], options?.['tools']].find((one) => list(one).length > 0)
    call.requestParts(list(tools), readToolDefinition)
    for (const one of input) {
      if (typeof one === 'string') call.requestText({ kind: 'user', text: one })
      else call.requestParts([one], readMessage)
    }
  }

  get isStreaming(): boolean {
    return this.#call.draft.streamed
  }

  /** A piece of the answer. */
  token(piece: unknown, told: unknown): void {
    const message = fields(at(told, 'chunk.message'))
    this.#streamed.add(message)
    const asks = list(message?.['tool_call_chunks']).length > 0
    if (typeof piece === 'string' && piece !== '') this.#pieces.push(piece)
    else if (!asks && !hasBlocks(message?.['content'])) return
    this.#heard()
  }

  /** An event of the newer protocol, where a caller asked LangChain for that. */
  event(event: unknown): void {
    if (fields(event)?.['event'] !== 'content-block-delta') return
    const delta = fields(fields(event)?.['delta'])
    const piece = text(delta?.['text'])
    if (piece) this.#pieces.push(piece)
    this.#heard()
  }

  #heard(): void {
    this.#call.draft.streamed = true
    this.#call.token()
    this.heardAt = this.#call.span.run.now()
  }

  /** @param isCached LangChain's own cache answered: nothing was asked or streamed */
  answered(output: unknown, isCached: boolean): void {
    const { draft, span } = this.#call
    const llmOutput = fields(fields(output)?.['llmOutput'])
    const choices = list(list(fields(output)?.['generations'])[0]).map((choice) => fields(choice) ?? {})
    const reasons: string[] = []
    for (const choice of choices) {
      const message = fields(choice['message'])
      this.#readChoice(choice, message)
      const reason = finishReason(choice, message)
      if (reason !== undefined) reasons.push(reason)
    }
    if (reasons.length > 0) draft.finishReasons = reasons
    this.#call.askedTools(choices.flatMap((choice) => askedIn(fields(choice['message']) ?? {})))
    this.#call.usage(usageOf(this.#streamed.corrected(fields(choices[0]?.['message'])), llmOutput))
    if (!isCached) return
    span.set({ 'langchain.cached': true })
    draft.streamed = false
    delete draft.firstToken
  }

  #readChoice(choice: Fields, message: Fields | undefined): void {
    const parts = message === undefined ? [{ kind: 'assistant' as const, text: text(choice['text']) ?? '' }] : readAnswer(message)
    this.#call.responseParts(parts)
    const metadata = { ...fields(choice['generationInfo']), ...fields(message?.['additional_kwargs']), ...fields(message?.['response_metadata']) }
    const id = text(metadata['id']) ?? text(message?.['id'])
    readHead(this.#call, {
      id: id !== undefined && OWN_ID.test(id) ? undefined : id,
      model: text(metadata['model_name']) ?? text(metadata['model']),
      service_tier: metadata['service_tier'],
      usage: metadata['usage'],
    })
  }

  /** It failed or was left: what had arrived is kept. */
  cut(error: unknown): void {
    const partial = fields(fields(error)?.['partialOutput'])
    const said = this.#pieces.join('')
    const parts = partial === undefined ? [] : readAnswer(partial)
    if (parts.length > 0) this.#call.responseParts(parts)
    else if (said !== '') this.#call.responseParts([{ kind: 'assistant', text: said }])
    this.#call.usage(this.#streamed.cut())
  }
}

const hasBlocks = (content: unknown): boolean => list(content).length > 0

function finishReason(choice: Fields, message: Fields | undefined): string | undefined {
  const places = [choice['generationInfo'], message?.['response_metadata'], message?.['additional_kwargs']].map(fields)
  for (const place of places) {
    const reason = place?.['finish_reason'] ?? place?.['stop_reason'] ?? place?.['finishReason'] ?? place?.['stopReason'] ?? place?.['done_reason']
    if (typeof reason === 'string' && reason !== '') return reason
  }
  return undefined
}

const SETTINGS: readonly (readonly [attribute: string, ...names: string[]])[] = [
  ['gen_ai.request.temperature', 'temperature'], ['gen_ai.request.top_p', 'top_p', 'topP'], ['gen_ai.request.top_k', 'top_k', 'topK'],
  ['gen_ai.request.frequency_penalty', 'frequency_penalty'], ['gen_ai.request.presence_penalty', 'presence_penalty'],
  ['gen_ai.request.seed', 'seed'], ['gen_ai.request.choice.count', 'n'],
]

function settings(params: Fields): Fields {
  const found: Record<string, unknown> = {}
  for (const [attribute, ...names] of SETTINGS) {
    const value = names.map((name) => params[name]).find((one) => typeof one === 'number')
    if (value !== undefined && !(attribute.endsWith('count') && value === 1)) found[attribute] = value
  }
  return found
}
