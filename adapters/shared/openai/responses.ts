import type { AskedTool, LlmCall, PartDraft, PartKind } from '../../../src/kit.ts'
import type { EventReader } from '../endpoint.ts'
import { readHead } from '../head.ts'
import { fields, jsonText, list, text, type Fields } from '../json.ts'
import { readUsage, withToolUsage } from '../usage.ts'
import { readContent, readToolDefinition } from './content.ts'

/** The responses API: `POST /responses`. Input and output are lists of items of the same kinds. */

export function readResponsesRequest(call: LlmCall, body: Fields): void {
  call.requestParts(list(body['tools']), readToolDefinition)
  const instructions = text(body['instructions'])
  if (instructions !== undefined) call.requestText({ kind: 'system', text: instructions })
  const input = body['input']
  if (typeof input === 'string') call.requestText({ kind: 'user', text: input })
  else call.requestParts(list(input), (item) => readItem(item as Fields))
  const previous = text(body['previous_response_id'])
  // What the server adds from there is not in the request: its size is known from the usage alone.
  if (previous !== undefined) call.span.set({ 'gen_ai.request.previous_response.id': previous })
  if (typeof body['max_output_tokens'] === 'number') call.draft.maxOutputTokens = body['max_output_tokens']
}

const ROLES: ReadonlyMap<unknown, PartKind> = new Map([['system', 'system'], ['developer', 'system'], ['user', 'user'], ['assistant', 'assistant']])

function readItem(item: Fields): PartDraft[] {
  const callId = text(item['call_id'])
  const name = text(item['name'])
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call':
      return [{ kind: 'tool-call', text: text(item['arguments']) ?? text(item['input']) ?? '', name, callId }]
    case 'function_call_output':
    case 'custom_tool_call_output':
      return readContent(item['output'], 'tool-result', { callId })
    case 'reasoning':
      return [{ kind: 'reasoning', text: reasoningText(item) }]
    default:
      break
  }
  const role = ROLES.get(item['role'])
  return role === undefined ? [{ kind: 'other', text: jsonText(item), name }] : readContent(item['content'], role)
}

const reasoningText = (item: Fields): string =>
  [...list(item['summary']), ...list(item['content'])].map((part) => text(fields(part)?.['text']) ?? '').join('')

export function readResponsesAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  if (answer === undefined) return
  readHead(call, answer)
  call.usage(withToolUsage(readUsage(answer['usage']), answer['tool_usage']))
  readFailure(call, answer)
  readOutput(call, list(answer['output']))
}

/** The API answers 200 to a call that failed: its status tells. */
function readFailure(call: LlmCall, answer: Fields): void {
  const status = text(answer['status'])
  const reason = text(fields(answer['incomplete_details'])?.['reason']) ?? status
  if (reason !== undefined && status !== 'in_progress' && status !== 'queued') call.draft.finishReasons = [reason]
  if (status !== 'failed') return
  const error = fields(answer['error'])
  call.failure = { state: 'failed', type: text(error?.['code']) ?? 'failed', message: text(error?.['message']) ?? 'the response failed' }
}

function readOutput(call: LlmCall, output: readonly unknown[]): void {
  const asked: AskedTool[] = []
  for (const entry of output) {
    const item = fields(entry) ?? {}
    const parts = readItem(item)
    call.responseParts(parts)
    for (const part of parts) {
      if (part.kind === 'tool-call') asked.push({ id: part.callId, name: part.name ?? '', arguments: part.text })
    }
  }
  call.askedTools(asked)
}

/** What is known of an item before the stream's last event repeats it whole. */
interface OpenItem {
  readonly pieces: string[]
  readonly kind: PartKind
  name?: string | undefined
  callId?: string | undefined
}

export function readResponsesStream(call: LlmCall): EventReader {
  const items = new Map<number, OpenItem>()
  let last: Fields | undefined
  const piece = (event: Fields, kind: PartKind): void => {
    const index = Number(event['output_index'] ?? 0)
    let item = items.get(index)
    if (item === undefined) items.set(index, (item = { kind, pieces: [] }))
    item.pieces.push(text(event['delta']) ?? '')
    call.token()
  }
  return {
    get complete() {
      return last !== undefined
    },
    event(value) {
      const event = fields(value)
      if (event === undefined) return
      switch (event['type']) {
        case 'response.output_text.delta':
        case 'response.refusal.delta':
          return piece(event, 'assistant')
        case 'response.function_call_arguments.delta':
        case 'response.custom_tool_call_input.delta':
          return piece(event, 'tool-call')
        case 'response.reasoning_text.delta':
        case 'response.reasoning_summary_text.delta':
          return piece(event, 'reasoning')
        case 'response.output_item.added': {
          const item = fields(event['item'])
          if (item === undefined || (item['type'] !== 'function_call' && item['type'] !== 'custom_tool_call')) return
          items.set(Number(event['output_index'] ?? 0), { kind: 'tool-call', pieces: [], name: text(item['name']), callId: text(item['call_id']) })
          return
        }
        case 'response.created':
          return readHead(call, fields(event['response']) ?? {})
        case 'response.completed':
        case 'response.incomplete':
        case 'response.failed':
          last = fields(event['response'])
          return
        default:
      }
    },
    finish() {
      if (last !== undefined) return readResponsesAnswer(call, last)
      const parts = [...items.values()].map(({ pieces, ...item }) => ({ ...item, text: pieces.join('') }))
      call.responseParts(parts)
      call.askedTools(parts.filter(({ kind }) => kind === 'tool-call').map((part) => ({ id: part.callId, name: part.name ?? '', arguments: part.text })))
    },
  }
}
