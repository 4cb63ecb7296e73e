import type { AskedTool, LlmCall, PartDraft, PartKind } from '../../src/kit.ts'
import { readHead } from '../shared/head.ts'
import { at, fields, jsonText, list, text, type Fields } from '../shared/json.ts'
import { readUsage, tellsTokens } from '../shared/usage.ts'

/** LlamaIndex's messages: a role, a text or parts, and in `options` the calls that a model asks for, or the result of one. */

const KINDS: Readonly<Record<string, PartKind>> = {
  system: 'system', developer: 'system', memory: 'system', user: 'user', assistant: 'assistant', tool: 'tool-result',
}

export function readMessage(source: object): PartDraft[] {
  const message = source as Fields
  const result = resultIn(message)
  const kind = result === undefined ? KINDS[text(message['role']) ?? ''] ?? 'other' : 'tool-result'
  const ids = result === undefined ? {} : { callId: text(result['id']) }
  return [
    ...readContent(message['content'], kind).map((part) => ({ ...part, ...ids })),
    ...askedIn(message['options']).map(({ id, name, arguments: text }) => ({ kind: 'tool-call' as const, text, name, callId: id })),
  ]
}

/** What a message says about a tool that ran. */
export const resultIn = (message: unknown): Fields | undefined => fields(fields(fields(message)?.['options'])?.['toolResult'])

function askedIn(options: unknown): AskedTool[] {
  return list(fields(options)?.['toolCall']).map((item) => {
    const call = fields(item)
    return { id: text(call?.['id']), name: text(call?.['name']) ?? '', arguments: jsonText(call?.['input']) }
  })
}

function readContent(content: unknown, kind: PartKind): PartDraft[] {
  if (typeof content === 'string') return [{ kind, text: content }]
  return list(content).map((item) => {
    const block = fields(item) ?? {}
    const plain = text(block['text'])
    if (plain !== undefined) return { kind, text: plain }
    const type = text(block['type']) ?? ''
    const media = ['image', 'audio', 'file'].find((word) => type.includes(word)) ?? 'file'
    return { kind, text: text(fields(block['image_url'])?.['url']) ?? text(block['data']) ?? jsonText(block), media }
  })
}

/** Reads what a model answered: LlamaIndex's message, and the provider's own answer or events that it keeps in `raw`. */
export class Answer {
  readonly #call: LlmCall
  readonly #pieces: string[] = []
  /** By id: pieces repeat a call as it grows. */
  readonly #asked = new Map<string | undefined, AskedTool>()

  constructor(call: LlmCall) {
    this.#call = call
  }

  get isStreaming(): boolean {
    return this.#call.draft.streamed
  }

  piece(chunk: Fields): void {
    const delta = text(chunk['delta'])
    const asked = askedIn(chunk['options'])
    for (const one of asked) this.#asked.set(one.id, one)
    if (delta) this.#pieces.push(delta)
    if (!delta && asked.length === 0) return
    this.#call.draft.streamed = true
    this.#call.token()
  }

  whole(response: Fields): void {
    const call = this.#call
    const message = fields(response['message']) ?? {}
    const raws = Array.isArray(response['raw']) ? response['raw'].map((chunk) => fields(chunk)?.['raw']) : [response['raw']]
    for (const raw of raws) this.#readRaw(fields(raw) ?? {})
    call.usage(readUsage(usageIn(raws)))
    const asked = this.#asked.size > 0 ? [...this.#asked.values()] : askedIn(message['options'])
    call.responseParts([
      ...readContent(message['content'], 'assistant').filter((part) => part.text !== ''),
      ...asked.map(({ id, name, arguments: text }) => ({ kind: 'tool-call' as const, text, name, callId: id })),
    ])
    call.askedTools(asked)
  }

  /** It ended without a word: what had arrived is kept. */
  cut(): void {
    const said = this.#pieces.join('')
    if (said !== '') this.#call.responseParts([{ kind: 'assistant', text: said }])
  }

  #readRaw(raw: Fields): void {
    readHead(this.#call, fields(raw['message']) ?? raw)
    const reason = text(at(raw, 'choices.0.finish_reason')) ?? text(raw['stop_reason']) ?? text(at(raw, 'delta.stop_reason'))
      ?? text(at(raw, 'candidates.0.finishReason')) ?? text(raw['done_reason'])
    if (reason !== undefined) this.#call.draft.finishReasons = [reason]
  }
}

/** Where providers tell usage in an answer; in a stream counts are cumulative, and a later one replaces the one before. */
function usageIn(raws: readonly unknown[]): unknown {
  let usage: Record<string, unknown> | undefined
  for (const raw of raws) {
    const told = fields(at(raw, 'usage')) ?? fields(at(raw, 'message.usage')) ?? fields(at(raw, 'usageMetadata')) ?? (tellsTokens(raw) ? fields(raw) : undefined)
    for (const [name, value] of Object.entries(told ?? {})) if (value !== null) (usage ??= {})[name] = value
  }
  return usage
}
