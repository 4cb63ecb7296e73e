import { REQUEST, type AskedTool, type LlmCall, type PartDraft, type PartKind } from '../../src/kit.ts'
import type { EventReader } from '../shared/endpoint.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'
import { readUsage } from '../shared/usage.ts'

/**
 * Ollama's `POST /api/chat` and `/api/generate`. A stream is a list of answers, one JSON document a line, each with the next
 * piece; the last one says `done` and has the counts. https://docs.ollama.com/api
 */

export function readChatRequest(call: LlmCall, body: Fields): void {
  call.requestParts(list(body['tools']), readToolDefinition)
  for (const message of list(body['messages'])) {
    if (!isBinary(fields(message)?.['images'])) call.requestParts([message], readMessage)
    // Looking for changes in images byte by byte would take longer than reading them again.
    else for (const part of readMessage(message as object)) call.requestText(part)
  }
  readOptions(call, body)
}

export function readGenerateRequest(call: LlmCall, body: Fields): void {
  const system = text(body['system'])
  if (system) call.requestText({ kind: 'system', text: system })
  for (const part of readImages(body['images'])) call.requestText(part)
  for (const name of ['prompt', 'suffix']) {
    const plain = text(body[name])
    if (plain) call.requestText({ kind: 'user', text: plain })
  }
  // The conversation before, as tokens.
  if (list(body['context']).length > 0) call.span.set({ [REQUEST]: 'messages' })
  readOptions(call, body)
}

function readOptions(call: LlmCall, body: Fields): void {
  const max = fields(body['options'])?.['num_predict']
  if (typeof max === 'number' && max > 0) call.draft.maxOutputTokens = max
}

const isBinary = (images: unknown): boolean => list(images).some((image) => image instanceof Uint8Array)

function readToolDefinition(source: object): PartDraft[] {
  return [{ kind: 'tool-definition', text: jsonText(source), name: text(fields((source as Fields)['function'])?.['name']) }]
}

const KINDS: ReadonlyMap<unknown, PartKind> = new Map([['system', 'system'], ['user', 'user'], ['assistant', 'assistant'], ['tool', 'tool-result']])

function readMessage(source: object): PartDraft[] {
  const message = source as Fields
  const kind = KINDS.get(message['role']) ?? 'other'
  const content = text(message['content']) ?? ''
  const thinking = text(message['thinking'])
  const calls = toolCallsOf(message)
  const ids = kind === 'tool-result' ? { name: text(message['tool_name']), callId: text(message['tool_call_id']) } : {}
  return [
    ...readImages(message['images']),
    ...(thinking ? [{ kind: 'reasoning' as const, text: thinking }] : []),
    // A message that calls tools mostly says nothing beside.
    ...(content === '' && (calls.length > 0 || thinking) ? [] : [{ kind, text: content, ...ids }]),
    ...calls.map(toPart),
  ]
}

/** As base64, or as a path, which the client reads. */
function readImages(images: unknown): PartDraft[] {
  return list(images).map((image) => ({
    kind: 'user', media: 'image',
    text: image instanceof Uint8Array ? Buffer.from(image.buffer, image.byteOffset, image.byteLength).toString('base64') : (text(image) ?? ''),
  }))
}

const toPart = ({ id, name, arguments: text }: AskedTool): PartDraft => ({ kind: 'tool-call', text, name, callId: id })

const toolCallsOf = (message: Fields): AskedTool[] => list(message['tool_calls']).map((item) => {
  const call = fields(item)
  const target = fields(call?.['function'])
  return { id: text(call?.['id']), name: text(target?.['name']) ?? '', arguments: jsonText(target?.['arguments']) }
})

export function readAnswer(call: LlmCall, value: unknown): void {
  const answer = new Answer(call)
  answer.add(value)
  answer.finish()
}

export function readStream(call: LlmCall): EventReader {
  const answer = new Answer(call)
  return {
    get complete() {
      return answer.isWhole
    },
    event(event) {
      if (answer.add(event)) call.token()
    },
    finish: () => answer.finish(),
  }
}

/** How long the server took, by its own measure; in nanoseconds. */
const DURATIONS = ['total_duration', 'load_duration', 'prompt_eval_duration', 'eval_duration']

/** What one or several answers say together. */
class Answer {
  readonly #call: LlmCall
  readonly #content: string[] = []
  readonly #thinking: string[] = []
  readonly #tools: AskedTool[] = []
  #image: string | undefined
  #last: Fields | undefined

  constructor(call: LlmCall) {
    this.#call = call
  }

  get isWhole(): boolean {
    return this.#last?.['done'] === true
  }

  /** @returns whether something generated came with it */
  add(value: unknown): boolean {
    const answer = fields(value)
    if (answer === undefined) return false
    this.#last = answer
    const message = fields(answer['message']) ?? answer
    const content = text(message['content']) ?? text(answer['response'])
    const thinking = text(message['thinking'])
    const tools = toolCallsOf(message)
    if (content) this.#content.push(content)
    if (thinking) this.#thinking.push(thinking)
    this.#tools.push(...tools)
    this.#image = text(answer['image']) ?? this.#image
    return Boolean(content) || Boolean(thinking) || tools.length > 0
  }

  finish(): void {
    const call = this.#call
    if (this.#last !== undefined) readEnd(call, this.#last, this.isWhole)
    const parts: PartDraft[] = []
    if (this.#thinking.length > 0) parts.push({ kind: 'reasoning', text: this.#thinking.join('') })
    if (this.#content.length > 0) parts.push({ kind: 'assistant', text: this.#content.join('') })
    if (this.#image) parts.push({ kind: 'assistant', text: this.#image, media: 'image' })
    call.responseParts([...parts, ...this.#tools.map(toPart)])
    call.askedTools(this.#tools)
  }
}

function readEnd(call: LlmCall, answer: Fields, isWhole: boolean): void {
  const model = text(answer['model'])
  const reason = text(answer['done_reason'])
  const error = text(answer['error'])
  if (model) call.draft.responseModel = model
  if (reason) call.draft.finishReasons = [reason]
  if (error !== undefined) call.failure = { state: 'failed', type: 'error', message: error }
  call.usage(readUsage(countsOf(answer), isWhole))
  readDurations(call, answer)
}

/** They stand beside the answer itself. A prompt that the server still held in its cache may not be counted at all. */
export function countsOf({ prompt_eval_count, eval_count }: Fields): Fields | undefined {
  if (prompt_eval_count === undefined && eval_count === undefined) return undefined
  return { ...(prompt_eval_count !== undefined && { prompt_eval_count }), ...(eval_count !== undefined && { eval_count }) }
}

export function readDurations(call: LlmCall, answer: Fields): void {
  const told = DURATIONS.flatMap((name) => (typeof answer[name] === 'number' ? [[`ollama.${name}_ns`, answer[name]] as const] : []))
  if (told.length > 0) call.span.set(Object.fromEntries(told))
}
