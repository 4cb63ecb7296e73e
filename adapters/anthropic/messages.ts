import type { AskedTool, LlmCall, PartDraft, PartKind } from '../../src/kit.ts'
import type { EventReader } from '../shared/endpoint.ts'
import { readHead } from '../shared/head.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'
import { readUsage } from '../shared/usage.ts'

/** The messages API: `POST /v1/messages`, and its beta. Content is a list of typed blocks, in requests and answers alike. */

export function readMessagesRequest(call: LlmCall, body: Fields): void {
  call.requestParts(list(body['tools']), readToolDefinition)
  const { system } = body
  if (typeof system === 'string') call.requestText({ kind: 'system', text: system })
  else call.requestParts(list(system), (block) => readBlocks([block], 'system'))
  call.requestParts(list(body['messages']), readMessage)
  const previous = text(fields(body['thread'])?.['previous_message_id'])
  // What the server adds from there is not in the request: its size is known from the usage alone.
  if (previous !== undefined) call.span.set({ 'gen_ai.request.previous_response.id': previous })
  if (typeof body['max_tokens'] === 'number') call.draft.maxOutputTokens = body['max_tokens']
}

function readToolDefinition(source: object): PartDraft[] {
  const tool = source as Fields
  return [{ kind: 'tool-definition', text: jsonText(tool), name: text(tool['name']) ?? text(tool['type']) }]
}

function readMessage(source: object): PartDraft[] {
  const { role, content } = source as Fields
  return readBlocks(content, role === 'assistant' || role === 'system' ? role : 'user')
}

function readBlocks(content: unknown, role: PartKind): PartDraft[] {
  if (typeof content === 'string') return [{ kind: role, text: content }]
  return list(content).flatMap((item) => readBlock(fields(item) ?? {}, role))
}

function readBlock(block: Fields, role: PartKind): PartDraft[] {
  switch (block['type']) {
    case 'text':
      return [{ kind: role, text: text(block['text']) ?? '' }]
    case 'thinking':
      return [{ kind: 'reasoning', text: text(block['thinking']) ?? '' }]
    case 'redacted_thinking':
      return [{ kind: 'reasoning', text: text(block['data']) ?? '' }]
    case 'tool_use':
    case 'server_tool_use':
    case 'mcp_tool_use':
      return [{ kind: 'tool-call', text: jsonText(block['input']), name: text(block['name']), callId: text(block['id']) }]
    case 'tool_result': {
      const callId = text(block['tool_use_id'])
      return readBlocks(block['content'] ?? '', 'tool-result').map((part) => ({ ...part, callId }))
    }
    case 'image':
    case 'document': {
      const source = fields(block['source'])
      const media = block['type'] === 'image' ? 'image' : 'file'
      return [{ kind: role, text: text(source?.['data']) ?? text(source?.['url']) ?? jsonText(source), media }]
    }
    default:
      return [readOther(block)]
  }
}

/** Results of server tools and blocks of later API versions. */
function readOther(block: Fields): PartDraft {
  const callId = text(block['tool_use_id'])
  return callId === undefined ? { kind: 'other', text: jsonText(block) } : { kind: 'tool-result', text: jsonText(block['content']), callId }
}

/** Server tools ran already when the answer arrives: only `tool_use` asks the program. */
function askedIn(blocks: readonly Fields[]): AskedTool[] {
  return blocks
    .filter((block) => block['type'] === 'tool_use')
    .map((block) => ({ id: text(block['id']), name: text(block['name']) ?? '', arguments: jsonText(block['input']) }))
}

export function readMessagesAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  if (answer === undefined) return
  readHead(call, answer)
  readStop(call, answer)
  call.usage(readUsage(answer['usage']))
  const blocks = list(answer['content']).map((block) => fields(block) ?? {})
  call.responseParts(readBlocks(blocks, 'assistant'))
  call.askedTools(askedIn(blocks))
}

function readStop(call: LlmCall, answer: Fields): void {
  const reason = text(answer['stop_reason'])
  if (reason !== undefined) call.draft.finishReasons = [reason]
}

export function readMessagesStream(call: LlmCall): EventReader {
  const blocks = new Map<number, OpenBlock>()
  let usage: Record<string, unknown> | undefined
  let isFinal = false
  const event = (value: unknown): void => {
    const event = fields(value)
    switch (event?.['type']) {
      case 'content_block_delta':
        return readDelta(call, blocks, event)
      case 'content_block_start':
        blocks.set(Number(event['index']), { block: fields(event['content_block']) ?? {}, pieces: [] })
        return
      case 'message_start': {
        const message = fields(event['message']) ?? {}
        readHead(call, message)
        // The output count in here is a placeholder: only a message_delta tells it.
        const { output_tokens: _placeholder, ...start } = fields(message['usage']) ?? {}
        usage = { ...start }
        isFinal = false
        return
      }
      case 'message_delta':
        readStop(call, fields(event['delta']) ?? {})
        usage = mergeUsage(usage, fields(event['usage']))
        isFinal = true
        return
      default:
    }
  }
  return {
    event,
    get complete() {
      return isFinal
    },
    finish() {
      const all = [...blocks.values()].map(wholeBlock)
      call.usage(readUsage(usage, isFinal))
      call.responseParts(readBlocks(all, 'assistant'))
      call.askedTools(askedIn(all))
    },
  }
}

/** Counts are cumulative: a later one replaces the one before, null keeps it. */
function mergeUsage(before: Record<string, unknown> | undefined, told: Fields | undefined): Record<string, unknown> | undefined {
  if (told === undefined) return before
  const merged = { ...before }
  for (const [name, value] of Object.entries(told)) if (value !== null) merged[name] = value
  return merged
}

function readDelta(call: LlmCall, blocks: ReadonlyMap<number, OpenBlock>, event: Fields): void {
  const delta = fields(event['delta'])
  call.token()
  const open = blocks.get(event['index'] as number)
  if (delta === undefined || open === undefined) return
  const piece = delta['text'] ?? delta['thinking'] ?? delta['partial_json']
  if (typeof piece !== 'string') return
  open.field ??= 'text' in delta ? 'text' : 'thinking' in delta ? 'thinking' : 'input'
  open.pieces.push(piece)
}

/** A block while it streams: what it began with, and the pieces of the one field that grows. */
interface OpenBlock {
  readonly block: Fields
  field?: 'text' | 'thinking' | 'input'
  readonly pieces: string[]
}

function wholeBlock({ block, field, pieces }: OpenBlock): Fields {
  const grown = pieces.join('')
  if (field === undefined || grown === '') return block
  // A block may begin with the start of its text; the input of a tool begins as an empty object.
  return { ...block, [field]: field === 'input' ? grown : (text(block[field]) ?? '') + grown }
}
