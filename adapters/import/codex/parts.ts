import type { PartKind } from '../../../src/model/message.ts'
import { at, fields, jsonText, list, text, type Fields } from '../../shared/json.ts'
import type { PartDraft } from '../../shared/otel/messages.ts'

/** What an item adds to the conversation. Reasoning stands there encrypted: how much of it a later request holds is not told. */
export function partsOf(item: Fields): PartDraft[] {
  const type = text(item['type']) ?? ''
  const callId = text(item['call_id'])
  if (type === 'message') return contentParts(item['content'], roleOf(item['role'])).filter(({ text: said }) => said !== '')
  if (type.endsWith('_output')) {
    const { output } = item
    const said = fields(output)?.['content'] ?? output
    return contentParts(Array.isArray(said) ? said : jsonText(said), 'tool-result').map((part) => ({ ...part, callId }))
  }
  if (!type.endsWith('_call')) return []
  const given = item['arguments'] ?? item['input'] ?? item['action']
  return [{ kind: 'tool-call', text: jsonText(given), name: text(item['name']) ?? type.slice(0, -'_call'.length), callId }]
}

const roleOf = (role: unknown): PartKind => (role === 'assistant' || role === 'user' ? role : 'system')

function contentParts(content: unknown, kind: PartKind): PartDraft[] {
  if (typeof content === 'string') return [{ kind, text: content }]
  return list(content).map((one): PartDraft => {
    const image = text(at(one, 'image_url'))
    return image === undefined ? { kind, text: text(at(one, 'text')) ?? jsonText(one) } : { kind, text: image, media: 'image' }
  })
}
