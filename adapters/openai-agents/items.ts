import type { AskedTool, PartDraft, PartKind } from '../../src/kit.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'
import { readContent } from '../shared/openai/content.ts'

/** The SDK's own items, which stand for those of any model: `callId` where the API of OpenAI has `call_id`. */

const ROLES: ReadonlyMap<unknown, PartKind> = new Map([['system', 'system'], ['developer', 'system'], ['user', 'user'], ['assistant', 'assistant']])

export function readItem(source: object): PartDraft[] {
  const item = source as Fields
  const callId = text(item['callId'])
  const name = text(item['name'])
  switch (item['type']) {
    case 'function_call':
    case 'custom_tool_call':
      return [{ kind: 'tool-call', text: text(item['arguments']) ?? text(item['input']) ?? '', name, callId }]
    case 'function_call_result':
    case 'custom_tool_call_result':
      return readResult(item['output'], callId)
    case 'reasoning':
      return [{ kind: 'reasoning', text: [...list(item['rawContent']), ...list(item['content'])].map(textOf).join('') }]
    default:
      break
  }
  const role = ROLES.get(item['role'])
  return role === undefined ? [{ kind: 'other', text: jsonText(item), name }] : readContent(item['content'], role)
}

/** A text, one block, or a list of them. */
function readResult(output: unknown, callId: string | undefined): PartDraft[] {
  if (typeof output === 'string') return [{ kind: 'tool-result', text: output, callId }]
  return readContent(Array.isArray(output) ? output : [output], 'tool-result', { callId })
}

const textOf = (block: unknown): string => text(fields(block)?.['text']) ?? ''

export const askedIn = (parts: readonly PartDraft[]): AskedTool[] =>
  parts.filter(({ kind }) => kind === 'tool-call').map((part) => ({ id: part.callId, name: part.name ?? '', arguments: part.text }))
