import type { PartList } from '../../../src/model/part-list.ts'
import { at, jsonText, text, type Fields } from '../../shared/json.ts'
import type { PartDraft } from '../../shared/otel/messages.ts'
import { History } from '../shared/history.ts'
import { objects } from '../shared/json-lines.ts'
import { PartTable } from '../shared/parts.ts'
import type { Answer } from './answers.ts'

/** What an answer was given and what it said, as parts of the session. */
export interface Exchange {
  readonly request: PartList | undefined
  readonly response: readonly number[]
}

/**
 * The requests of a session, message by message. Results of tools stand at the tools, and once more in the messages that carried them, which
 * are left out; so are the thoughts, of which the file has summaries. What a rewind took back is in no later request.
 */
export class GeminiRequests {
  readonly table: PartTable = new PartTable()
  readonly #history = new History(this.table)
  /** Where the conversation stood before each message, by its id. */
  readonly #lengths = new Map<unknown, number>()

  message(row: Fields): void {
    if (row['id'] !== undefined) this.#lengths.set(row['id'], this.#history.length)
    if (row['type'] === 'user') this.#history.add(contentParts(row['content'], 'user'))
  }

  answer({ message, tools }: Answer): Exchange {
    const request = this.#history.request()
    const response = this.#history.add([
      ...contentParts(message?.['content'], 'assistant'),
      ...tools.map(({ call }): PartDraft => ({ kind: 'tool-call', text: jsonText(call['args']), name: text(call['name']), callId: text(call['id']) })),
    ])
    this.#history.add(tools.flatMap(({ call }) => resultParts(call)))
    return { request, response }
  }

  /** @param id of the first message that is taken back */
  rewind(id: unknown): void {
    const length = this.#lengths.get(id)
    if (length !== undefined) this.#history.rewind(length)
  }
}

function resultParts(call: Fields): PartDraft[] {
  const common = { kind: 'tool-result' as const, name: text(call['name']), callId: text(call['id']) }
  return objects(call['result']).map((part) => {
    const data = text(at(part, 'inlineData.data'))
    if (data !== undefined) return { ...common, text: data, media: text(at(part, 'inlineData.mimeType'))?.startsWith('image') ? 'image' : 'file' }
    return { ...common, text: jsonText(at(part, 'functionResponse.response') ?? part['text'] ?? part) }
  })
}

function contentParts(content: unknown, kind: 'user' | 'assistant'): PartDraft[] {
  if (typeof content === 'string') return content === '' ? [] : [{ kind, text: content }]
  return objects(content).flatMap((part) => {
    const said = text(part['text'])
    return said === undefined || said === '' ? [] : [{ kind, text: said }]
  })
}
