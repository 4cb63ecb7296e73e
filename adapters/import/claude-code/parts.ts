import type { PartKind } from '../../../src/model/message.ts'
import { at, fields, jsonText, list, text, type Fields } from '../../shared/json.ts'
import type { PartDraft } from '../../shared/otel/messages.ts'
import type { Entry } from './entries.ts'

/**
 * What a line adds to the conversation. Thinking is left out of it: the lines hold it in part, and earlier turns' is not sent again.
 */
export function partsOf({ kind, row, blocks }: Entry): PartDraft[] {
  const role = kind === 'assistant' ? 'assistant' : 'user'
  const plain = text(at(row, 'message.content'))
  return withText(plain === undefined ? blocks.flatMap((block) => readBlock(block, role)) : [{ kind: role, text: plain }])
}

const withText = (parts: readonly PartDraft[]): PartDraft[] => parts.filter(({ text: said, kind }) => kind === 'tool-result' || said.trim() !== '')

function readBlock(block: Fields, role: PartKind): PartDraft[] {
  switch (block['type']) {
    case 'text':
      return [{ kind: role, text: text(block['text']) ?? '' }]
    case 'tool_use':
    case 'server_tool_use':
      return [{ kind: 'tool-call', text: jsonText(block['input']), name: text(block['name']), callId: text(block['id']) }]
    case 'tool_result': {
      const callId = text(block['tool_use_id'])
      const { content } = block
      if (!Array.isArray(content)) return [{ kind: 'tool-result', text: jsonText(content), callId }]
      return list(content).flatMap((item) => readBlock(fields(item) ?? {}, 'tool-result')).map((part) => ({ ...part, callId }))
    }
    case 'image':
    case 'document': {
      const data = at(block, 'source.data') ?? at(block, 'source.url') ?? at(block, 'file.base64') ?? ''
      return [{ kind: role, text: jsonText(data), media: block['type'] === 'image' ? 'image' : 'file' }]
    }
    case 'thinking':
    case 'redacted_thinking':
      return []
    default:
      return [{ kind: 'other', text: jsonText(block) }]
  }
}
