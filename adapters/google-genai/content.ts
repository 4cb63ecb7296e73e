import type { PartDraft, PartKind } from '../../src/kit.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'

/**
 * Content as Gemini's API writes it: a role and a list of parts, each of which has one field that says what it is. The API
 * takes names with underscores as well, and the SDK takes a text or a part alone, and lists of those.
 */

/** A field by its name, or by the name that it has with underscores. */
export const either = (from: Fields | undefined, name: string, other: string): unknown => from?.[name] ?? from?.[other]

const ROLES: ReadonlyMap<unknown, PartKind> = new Map([['model', 'assistant'], ['system', 'system']])

/** One turn of the conversation, or a part of one. */
export function readTurn(source: object): PartDraft[] {
  const { role, parts } = source as Fields
  const kind = ROLES.get(role) ?? 'user'
  return parts === undefined ? readPart(source, kind) : readParts(parts, kind)
}

/** The same for what stands before the conversation, whatever role it gives itself. */
export function readSystem(source: object): PartDraft[] {
  const { parts } = source as Fields
  return parts === undefined ? readPart(source, 'system') : readParts(parts, 'system')
}

const readParts = (parts: unknown, kind: PartKind): PartDraft[] => list(parts).flatMap((part) => readPart(part, kind))

export function readPart(source: unknown, kind: PartKind): PartDraft[] {
  if (typeof source === 'string') return [{ kind, text: source }]
  const part = fields(source)
  if (part === undefined) return []
  const { thought } = part
  const plain = text(part['text'])
  if (plain !== undefined) return [{ kind: thought === true ? 'reasoning' : kind, text: plain }]
  return readCall(part) ?? readMedia(part, kind) ?? readOther(part)
}

/** Often there is none, and programs write an empty one. */
const idOf = (of: Fields): string | undefined => text(of['id']) || undefined

function readCall(part: Fields): PartDraft[] | undefined {
  const call = fields(either(part, 'functionCall', 'function_call'))
  if (call !== undefined) return [{ kind: 'tool-call', text: jsonText(call['args']), name: text(call['name']), callId: idOf(call) }]
  const result = fields(either(part, 'functionResponse', 'function_response'))
  if (result !== undefined) return [{ kind: 'tool-result', text: jsonText(result['response']), name: text(result['name']), callId: idOf(result) }]
  // What the server ran itself: the program is asked for nothing.
  const code = fields(either(part, 'executableCode', 'executable_code'))
  if (code !== undefined) return [{ kind: 'tool-call', text: text(code['code']) ?? '', name: 'code_execution', callId: idOf(code) }]
  const output = fields(either(part, 'codeExecutionResult', 'code_execution_result'))
  if (output !== undefined) return [{ kind: 'tool-result', text: text(output['output']) ?? '', name: 'code_execution', callId: idOf(output) }]
  return readServerTool(part)
}

function readServerTool(part: Fields): PartDraft[] | undefined {
  const call = fields(either(part, 'toolCall', 'tool_call'))
  if (call !== undefined) return [{ kind: 'tool-call', text: jsonText(call['args']), name: toolType(call), callId: idOf(call) }]
  const result = fields(either(part, 'toolResponse', 'tool_response'))
  if (result !== undefined) return [{ kind: 'tool-result', text: jsonText(result['response']), name: toolType(result), callId: idOf(result) }]
  return undefined
}

const toolType = (tool: Fields): string | undefined => text(either(tool, 'toolType', 'tool_type'))

function readMedia(part: Fields, kind: PartKind): PartDraft[] | undefined {
  const data = fields(either(part, 'inlineData', 'inline_data'))
  if (data !== undefined) return [{ kind, text: text(data['data']) ?? '', media: mediaOf(data) }]
  const file = fields(either(part, 'fileData', 'file_data'))
  if (file !== undefined) return [{ kind, text: text(either(file, 'fileUri', 'file_uri')) ?? '', media: mediaOf(file) }]
  return undefined
}

function mediaOf(data: Fields): string {
  const type = text(either(data, 'mimeType', 'mime_type'))?.split('/', 1)[0]
  return type === 'image' || type === 'audio' ? type : 'file'
}

/** A part of nothing but a signature is the end of a thought. */
function readOther(part: Fields): PartDraft[] {
  const names = Object.keys(part).filter((name) => !SIGNS.has(name))
  return names.length === 0 ? [] : [{ kind: 'other', text: jsonText(part) }]
}

const SIGNS = new Set(['thought', 'thoughtSignature', 'thought_signature'])

/** A tool of the request: a list of functions, or one of the server's own, which is known by the field that turns it on. */
export function readTool(source: object): PartDraft[] {
  const tool = source as Fields
  const functions = either(tool, 'functionDeclarations', 'function_declarations')
  const declared = list(functions).map((one): PartDraft => ({ kind: 'tool-definition', text: jsonText(one), name: text(fields(one)?.['name']) }))
  const own = Object.keys(tool).filter((name) => tool[name] !== functions && typeof tool[name] !== 'function')
  return [...declared, ...own.map((name): PartDraft => ({ kind: 'tool-definition', text: jsonText({ [name]: tool[name] }), name }))]
}
