import type { PartDraft, PartKind } from '../../../src/kit.ts'
import { fields, jsonText, list, text, type Fields } from '../json.ts'

interface Ids {
  readonly name?: string | undefined
  readonly callId?: string | undefined
}

/** Content as OpenAI writes it: a text, or blocks of text, images, audio and files. */
export function readContent(content: unknown, kind: PartKind, ids: Ids = {}): PartDraft[] {
  if (typeof content === 'string') return [{ kind, text: content, ...ids }]
  return list(content).map((item) => readBlock(fields(item) ?? {}, kind, ids))
}

function readBlock(block: Fields, kind: PartKind, ids: Ids): PartDraft {
  const plain = text(block['text']) ?? text(block['refusal'])
  if (plain !== undefined) return { kind, text: plain, ...ids }
  const type = text(block['type']) ?? ''
  if (type === 'thinking') return { kind: 'reasoning', text: thinkingText(block['thinking']) }
  const media = ['image', 'audio', 'file'].find((word) => type.includes(word))
  return { kind, text: mediaText(block) ?? jsonText(block), ...ids, ...(media !== undefined && { media }) }
}

/** Mistral's thinking is a list of texts. */
const thinkingText = (thinking: unknown): string =>
  text(thinking) ?? list(thinking).map((part) => text(fields(part)?.['text']) ?? '').join('')

function mediaText(block: Fields): string | undefined {
  const image = block['image_url']
  return text(image) ?? text(fields(image)?.['url']) ?? text(fields(block['input_audio'])?.['data']) ?? text(fields(block['file'])?.['file_data'])
}

export function readToolDefinition(source: object): PartDraft[] {
  const tool = source as Fields
  const name = text(fields(tool['function'])?.['name']) ?? text(tool['name']) ?? text(tool['type'])
  return [{ kind: 'tool-definition', text: jsonText(tool), name }]
}
