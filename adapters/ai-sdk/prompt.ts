import type { LlmCall, PartDraft, PartKind } from '../../src/kit.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'

/** What a call sends. Messages as the AI SDK takes them from its users and as it hands them to models: the parts of both are alike. */
export interface Prompt {
  /** Tool definitions as models get them: with JSON schemas. */
  readonly tools?: unknown
  /** A text, or system messages. */
  readonly instructions?: unknown
  readonly messages?: unknown
}

export function readPrompt(call: LlmCall, { tools, instructions, messages }: Prompt): void {
  call.requestParts(list(tools), readTool)
  if (typeof instructions === 'string') call.requestText({ kind: 'system', text: instructions })
  else readMessages(call, Array.isArray(instructions) ? instructions : [instructions])
  readMessages(call, list(messages))
}

function readMessages(call: LlmCall, messages: readonly unknown[]): void {
  for (const message of messages) {
    // To tell whether an object is the one that was read before, its fields are walked: bytes are too many fields for that.
    if (holdsBytes(message)) for (const draft of readMessage(message as object)) call.requestText(draft)
    else call.requestParts([message], readMessage)
  }
}

const holdsBytes = (message: unknown): boolean =>
  list(fields(message)?.['content']).some((part) => isBytes(dataOf(fields(part) ?? {})))

const KINDS: Readonly<Record<string, PartKind>> = { system: 'system', user: 'user', assistant: 'assistant', tool: 'tool-result' }

function readMessage(source: object): PartDraft[] {
  const { role, content } = source as Fields
  const kind = KINDS[text(role) ?? ''] ?? 'other'
  return typeof content === 'string' ? [{ kind, text: content }] : list(content).flatMap((part) => readPart(fields(part) ?? {}, kind))
}

/** One part of a message, or of what a model wrote. */
export function readPart(part: Fields, kind: PartKind): readonly PartDraft[] {
  switch (part['type']) {
    case 'text':
      return [{ kind, text: text(part['text']) ?? '' }]
    case 'reasoning':
      return [{ kind: 'reasoning', text: text(part['text']) ?? '' }]
    case 'file':
    case 'image':
    case 'reasoning-file':
      return [{ kind, text: fileText(dataOf(part)), media: mediaOf(part) }]
    case 'tool-call':
      return [{ kind: 'tool-call', text: jsonText(part['input']), name: text(part['toolName']), callId: text(part['toolCallId']) }]
    case 'tool-result':
      return readResult(part)
    case 'source':
    case 'tool-approval-request':
    case 'tool-approval-response':
      // Notes of the SDK's own: no provider counts them.
      return []
    default:
      return [{ kind, text: jsonText(part) }]
  }
}

/** What a tool gave: of a run of the program's own as `output`, of one of the provider's own in an answer as `result`. */
function readResult(part: Fields): readonly PartDraft[] {
  const ids = { name: text(part['toolName']), callId: text(part['toolCallId']) }
  const output = fields(part['output'])
  if (output === undefined) return [{ kind: 'tool-result', text: jsonText(part['result']), ...ids }]
  const { type, value, reason } = output
  if (type === 'execution-denied') return [{ kind: 'tool-result', text: text(reason) ?? type, ...ids }]
  if (type !== 'content') return [{ kind: 'tool-result', text: jsonText(value), ...ids }]
  return list(value).map((item) => {
    const block = fields(item) ?? {}
    const plain = text(block['text'])
    return plain !== undefined
      ? { kind: 'tool-result', text: plain, ...ids }
      : { kind: 'tool-result', text: fileText(dataOf(block)), media: mediaOf(block), ...ids }
  })
}

function readTool(source: object): PartDraft[] {
  const tool = source as Fields
  return [{ kind: 'tool-definition', text: jsonText(tool), name: text(tool['name']) ?? text(tool['id']) }]
}

/** A text (base64 or an address), an address, or bytes; wrapped in an object that says which since version 7. */
function dataOf(part: Fields): unknown {
  const data = part['data'] ?? part['image'] ?? part['url'] ?? part['fileId']
  const tagged = isBytes(data) || data instanceof URL ? undefined : fields(data)
  return tagged === undefined ? data : tagged['data'] ?? tagged['url'] ?? tagged['text'] ?? tagged['reference'] ?? tagged['id']
}

function mediaOf(part: Fields): string {
  const type = part['type'] === 'image' ? 'image' : text(part['mediaType']) ?? ''
  return /^(image|audio)/.exec(type)?.[0] ?? 'file'
}

function fileText(data: unknown): string {
  if (isBytes(data)) return base64(data)
  return data instanceof URL ? data.href : jsonText(data)
}

const isBytes = (data: unknown): data is ArrayBufferView | ArrayBuffer => ArrayBuffer.isView(data) || data instanceof ArrayBuffer

const encoded = new WeakMap<object, string>()

/** As providers get it. A file that is sent in each turn is written out once. */
function base64(bytes: ArrayBufferView | ArrayBuffer): string {
  const known = encoded.get(bytes)
  if (known !== undefined) return known
  const buffer = ArrayBuffer.isView(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.from(bytes)
  const said = buffer.toString('base64')
  encoded.set(bytes, said)
  return said
}
