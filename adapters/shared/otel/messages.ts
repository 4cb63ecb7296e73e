import type { PartKind } from '../../../src/model/message.ts'
import { fields, jsonText, list, text, type Fields } from '../json.ts'
import { parseJson } from './parse-json.ts'

export interface PartDraft {
  readonly kind: PartKind
  readonly text: string
  readonly name?: string | undefined
  readonly callId?: string | undefined
  readonly media?: string | undefined
}

const MAX_DEPTH = 8

const ROLES: ReadonlyMap<unknown, PartKind> = new Map<unknown, PartKind>([
  ['system', 'system'], ['developer', 'system'], ['user', 'user'], ['human', 'user'], ['assistant', 'assistant'], ['ai', 'assistant'],
  ['model', 'assistant'], ['tool', 'tool-result'], ['function', 'tool-result'],
])

/**
 * Messages as OpenTelemetry, OpenInference, OpenLLMetry, the AI SDK, LangChain, OpenAI and Anthropic write them, as values or
 * as the text of their JSON.
 * @param otherwise what a text without a role is
 */
export function readMessages(said: unknown, otherwise: PartKind): PartDraft[] {
  const found: PartDraft[] = []
  readValue(parsedJson(said), { kind: otherwise }, 0, found)
  return found.length === 0 && typeof said === 'string' && said !== '' ? [{ kind: otherwise, text: said }] : found
}

interface Around {
  readonly kind: PartKind
  readonly name?: string | undefined
  readonly callId?: string | undefined
}

function readValue(value: unknown, around: Around, depth: number, found: PartDraft[]): void {
  if (typeof value === 'string') {
    if (value !== '') found.push({ ...around, text: value })
  } else if (Array.isArray(value)) {
    if (depth < MAX_DEPTH) for (const item of value) readValue(item, around, depth + 1, found)
  } else {
    const object = fields(value)
    if (object !== undefined && depth < MAX_DEPTH) readObject(object, around, depth, found)
  }
}

/** Wrappers that hold one message, block or call, and nothing else of interest. */
const WRAPPERS = ['message', 'message_content', 'tool_call', 'data']

/** LangChain's messages, as it writes its own objects. */
const CLASSES: ReadonlyMap<string, PartKind> = new Map<string, PartKind>([
  ['SystemMessage', 'system'], ['HumanMessage', 'user'], ['AIMessage', 'assistant'], ['ToolMessage', 'tool-result'],
])

function readObject(object: Fields, around: Around, depth: number, found: PartDraft[]): void {
  const wrapper = object['lc'] === 1 ? undefined : WRAPPERS.find((name) => fields(object[name]) !== undefined)
  if (wrapper !== undefined && object['role'] === undefined) return readValue(object[wrapper], around, depth + 1, found)
  const constructed = object['lc'] === 1 ? CLASSES.get(text(list(object['id']).at(-1))?.replace(/Chunk$/, '') ?? '') : undefined
  if (constructed !== undefined) return readMessage(fields(object['kwargs']) ?? {}, constructed, depth + 1, found)
  if (Array.isArray(object['messages'])) return readValue(object['messages'], around, depth + 1, found)
  // LangChain's plain messages have a type where others have a role; a type `function` is a tool's definition.
  const role = object['role'] ?? (object['type'] === 'function' ? undefined : object['type'])
  const kind = ROLES.get(role) ?? roleOfTool(role, found)
  if (kind !== undefined) return readMessage(object, kind, depth, found)
  readBlock(object, around, depth, found)
}

/** Some name the tool where the role belongs. */
function roleOfTool(role: unknown, found: readonly PartDraft[]): PartKind | undefined {
  return typeof role === 'string' && found.some(({ kind, name }) => kind === 'tool-call' && name === role) ? 'tool-result' : undefined
}

function readMessage(message: Fields, kind: PartKind, depth: number, found: PartDraft[]): void {
  const callId = text(message['tool_call_id']) ?? (kind === 'tool-result' ? text(message['id']) : undefined)
  const around = { kind, ...(kind === 'tool-result' && { name: text(message['name']), callId }) }
  for (const name of ['content', 'contents', 'parts']) readValue(message[name], around, depth + 1, found)
  const calls = message['tool_calls'] ?? fields(message['additional_kwargs'])?.['tool_calls']
  for (const call of list(calls)) readCall(fields(fields(call)?.['tool_call']) ?? fields(call) ?? {}, found)
}

/** What a block says by its `type`; one without is read as what is around it. */
function readBlock(block: Fields, around: Around, depth: number, found: PartDraft[]): void {
  const named = (text(block['type']) ?? '').replaceAll('-', '_')
  // The AI SDK lists the calls of an answer bare.
  const type = named === '' && text(block['toolName']) !== undefined ? 'tool_call' : named
  if (type === 'tool_call' || type === 'tool_use' || type === 'function_call') return readCall(block, found)
  if (type === 'tool_result' || type === 'tool_call_response' || type === 'function_call_output') return readResult(block, found)
  if (type === 'function' && fields(block['function']) !== undefined) {
    found.push(...readTools([block]))
  } else if (type === 'reasoning' || type === 'thinking') {
    found.push({ kind: 'reasoning', text: jsonText(block['content'] ?? block['text'] ?? block['thinking'] ?? '') })
  } else if (type === '' || type === 'text' || type === 'input_text' || type === 'output_text') {
    readValue(block['text'] ?? block['content'] ?? block['parts'], around, depth + 1, found)
  } else {
    found.push({ kind: around.kind, text: jsonText(block), media: /image|audio|file/.exec(type)?.[0] ?? 'other' })
  }
}

function readResult(block: Fields, found: PartDraft[]): void {
  const said = block['response'] ?? block['result'] ?? block['output'] ?? block['content']
  found.push({
    kind: 'tool-result', text: jsonText(said), name: text(block['name']) ?? text(block['toolName']),
    callId: firstText(block, ['id', 'tool_call_id', 'toolCallId', 'tool_use_id', 'call_id']),
  })
}

function readCall(call: Fields, found: PartDraft[]): void {
  const asked = fields(call['function']) ?? call
  const said = asked['arguments'] ?? asked['input'] ?? asked['args']
  found.push({
    kind: 'tool-call', text: jsonText(said), name: text(asked['name']) ?? text(asked['toolName']),
    callId: firstText(call, ['id', 'toolCallId', 'call_id']),
  })
}

const firstText = (from: Fields, names: readonly string[]): string | undefined =>
  names.map((name) => text(from[name])).find((value) => value !== undefined)

/** Tool definitions: JSON schemas, with the name where there is one. */
export function readTools(value: unknown): PartDraft[] {
  return list(value).map((item) => {
    const wrapped = fields(item)?.['tool'] ?? item
    const schema = parsedJson(fields(wrapped)?.['json_schema'] ?? wrapped)
    const definition = fields(fields(schema)?.['function']) ?? fields(schema)
    return { kind: 'tool-definition' as const, text: jsonText(schema), name: text(definition?.['name']) }
  })
}

/** What a text holds as JSON; the text itself when it is none. */
export function parsedJson(value: unknown): unknown {
  return typeof value === 'string' && /^\s*[[{"]/.test(value) ? parseJson(value) ?? value : value
}
