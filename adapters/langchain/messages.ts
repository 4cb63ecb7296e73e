import type { AskedTool, PartDraft, PartKind } from '../../src/kit.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'

/**
 * LangChain's messages: objects of classes, or plain ones of the same members. Content is a text or blocks, either LangChain's own
 * (`source_type`, `reasoning`) or the provider's.
 */

const KINDS: Readonly<Record<string, PartKind>> = {
  system: 'system', developer: 'system', human: 'user', user: 'user', ai: 'assistant', assistant: 'assistant', tool: 'tool-result', function: 'tool-result',
}

export function readMessage(source: object): PartDraft[] {
  const message = source as Fields
  const kind = KINDS[typeOf(message)] ?? 'other'
  if (kind === 'assistant') return readAnswer(message)
  const ids = kind === 'tool-result' ? { callId: text(message['tool_call_id']), name: text(message['name']) } : {}
  return readContent(message['content'], kind).map((part) => ({ ...part, ...ids }))
}

function typeOf(message: Fields): string {
  for (const name of ['getType', '_getType']) {
    const method = message[name]
    if (typeof method === 'function') return knownType(String(method.call(message)), message)
  }
  return text(message['type']) ?? text(message['role']) ?? ''
}

/** A message of a role that the user gave is `generic`. */
const knownType = (type: string, message: Fields): string => (type === 'generic' ? text(message['role']) ?? type : type)

/** What a model wrote: reasoning and text, then the calls that it asks for. */
export function readAnswer(message: Fields): PartDraft[] {
  const reasoning = text(fields(message['additional_kwargs'])?.['reasoning_content'])
  return [
    ...(reasoning ? [{ kind: 'reasoning' as const, text: reasoning }] : []),
    ...readContent(message['content'], 'assistant').filter(({ text }) => text !== ''),
    ...askedIn(message).map(({ id, name, arguments: text }) => ({ kind: 'tool-call' as const, text, name, callId: id })),
  ]
}

/** With the arguments as the model wrote them, where the provider's own form is there too. */
export function askedIn(message: Fields): AskedTool[] {
  const written = new Map(list(fields(message['additional_kwargs'])?.['tool_calls']).map((item) => {
    const call = fields(item)
    return [call?.['id'], text(fields(call?.['function'])?.['arguments'])]
  }))
  return [...list(message['tool_calls']), ...list(message['invalid_tool_calls'])].map((item) => {
    const call = fields(item)
    return {
      id: text(call?.['id']),
      name: text(call?.['name']) ?? '',
      arguments: written.get(call?.['id']) ?? jsonText(call?.['args']),
    }
  })
}

export function readContent(content: unknown, kind: PartKind): PartDraft[] {
  if (typeof content === 'string') return [{ kind, text: content }]
  return list(content).flatMap((item) => (typeof item === 'string' ? [{ kind, text: item }] : readBlock(fields(item) ?? {}, kind)))
}

/** Calls in the provider's own form: they are in `tool_calls` too. */
const CALLS = new Set(['tool_use', 'tool_call', 'tool_call_chunk', 'function_call', 'functionCall', 'input_json_delta', 'non_standard_tool_call'])
const MEDIA: readonly (readonly [word: string, media: string])[] = [
  ['image', 'image'], ['audio', 'audio'], ['video', 'file'], ['file', 'file'], ['document', 'file'], ['media', 'file'],
]

function readBlock(block: Fields, kind: PartKind): PartDraft[] {
  const type = text(block['type']) ?? ''
  if (CALLS.has(type)) return []
  const thought = text(block['thinking']) ?? text(block['reasoning'])
  if (type === 'thinking' || type === 'reasoning') return [{ kind: 'reasoning', text: thought ?? '' }]
  if (type === 'redacted_thinking') return [{ kind: 'reasoning', text: text(block['data']) ?? '' }]
  const plain = text(block['text']) ?? text(block['refusal'])
  if (plain !== undefined) return [{ kind, text: plain }]
  if (type === 'tool_result') {
    const callId = text(block['tool_use_id'])
    return readContent(block['content'] ?? '', 'tool-result').map((part) => ({ ...part, callId }))
  }
  const media = MEDIA.find(([word]) => type.includes(word))?.[1]
  if (media === undefined) return [{ kind: kind === 'assistant' ? 'other' : kind, text: jsonText(block) }]
  return [{ kind, text: mediaText(block) ?? jsonText(block), media }]
}

/** Where the forms put the data, or its address. */
function mediaText(block: Fields): string | undefined {
  const image = block['image_url']
  const source = fields(block['source'])
  return text(image) ?? text(fields(image)?.['url']) ?? text(block['data']) ?? text(block['url']) ?? text(source?.['data']) ?? text(source?.['url'])
    ?? text(fields(block['input_audio'])?.['data']) ?? text(fields(block['file'])?.['file_data'])
}

/** A tool as it is sent: OpenAI's form, Anthropic's, or LangChain's own object. */
export function readToolDefinition(source: object): PartDraft[] {
  const tool = source as Fields
  const name = text(fields(tool['function'])?.['name']) ?? text(tool['name']) ?? text(tool['type'])
  return [{ kind: 'tool-definition', text: definitionText(tool), name }]
}

/** Of an object of LangChain's, what of it is sent; its schema may be an object of a validator, which is no JSON. */
function definitionText(tool: Fields): string {
  if (typeof tool['invoke'] !== 'function') return jsonText(tool)
  return jsonText({ name: tool['name'], description: tool['description'] })
}
