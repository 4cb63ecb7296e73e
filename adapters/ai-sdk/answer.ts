import { outcomeOf, type AskedTool, type LlmCall, type Outcome, type PartDraft } from '../../src/kit.ts'
import type { EventReader } from '../shared/endpoint.ts'
import { readHead } from '../shared/head.ts'
import { at, fields, jsonText, list, text, type Fields } from '../shared/json.ts'
import { readPart } from './prompt.ts'
import { usageOf } from './usage.ts'

/**
 * What `doGenerate` gave.
 * @param isHidden its user does not want to have it recorded
 */
export function readAnswer(call: LlmCall, result: Fields, isHidden: boolean): void {
  readResponse(call, fields(result['response']), result['providerMetadata'])
  readFinish(call, result)
  const content = list(result['content']).map((part) => fields(part) ?? {})
  if (!isHidden) call.responseParts(content.flatMap((part) => readPart(part, 'assistant')))
  call.askedTools(content.flatMap((part) => askedTool(part, isHidden)))
}

/** Of an answer to which the provider gave no id the SDK makes one up. */
const MADE_UP = /^ai(txt|obj)-[\dA-Za-z]{24}$/

export function readResponse(call: LlmCall, response: Fields | undefined, metadata: unknown): void {
  const id = text(response?.['id'])
  readHead(call, {
    model: response?.['modelId'], service_tier: at(metadata, 'openai.serviceTier'), ...(id !== undefined && !MADE_UP.test(id) && { id }),
  })
}

/** @param told has `usage`, `finishReason` and `providerMetadata` */
export function readFinish(call: LlmCall, told: Fields): void {
  call.usage(usageOf(told['usage'], call.draft.provider, told['providerMetadata']))
  const reason = reasonOf(told['finishReason'])
  if (reason === undefined) return
  call.draft.finishReasons = [reason.raw]
  if (reason.unified === 'error') call.failure = { state: 'failed', type: 'error', message: 'the model stopped because of an error' }
}

/** A word in version 5; since then the SDK's word with the provider's own. */
function reasonOf(said: unknown): { readonly unified: string; readonly raw: string } | undefined {
  const unified = text(said) ?? text(fields(said)?.['unified'])
  return unified === undefined ? undefined : { unified, raw: text(fields(said)?.['raw']) ?? unified }
}

/** Those that the provider runs itself are no work of the program's. */
function askedTool(part: Fields, isHidden: boolean): readonly AskedTool[] {
  if (part['type'] !== 'tool-call' || part['providerExecuted'] === true) return []
  return [{ id: text(part['toolCallId']), name: text(part['toolName']) ?? '', arguments: isHidden ? '' : jsonText(part['input']) }]
}

const DELTAS: Readonly<Record<string, PartDraft['kind']>> = {
  'text-delta': 'assistant', 'reasoning-delta': 'reasoning', 'tool-input-delta': 'tool-call',
}

/** What is known of a block before it is whole. Texts are kept in the pieces they came in. */
interface OpenBlock {
  readonly kind: PartDraft['kind']
  readonly pieces: string[]
  /** The whole of it, which the stream tells of some. */
  whole?: readonly PartDraft[]
}

/** Version 5 runs a tool while the stream that asks for it goes on. */
function askMore(call: LlmCall, asked: readonly AskedTool[]): void {
  const before = call.draft.toolCalls ?? []
  if (asked.length === 0) return
  call.askedTools(asked)
  call.draft.toolCalls = [...before, ...(call.draft.toolCalls ?? [])]
}

/**
 * What `doStream` gave, part by part.
 * @param isHidden its user does not want to have it recorded
 */
export function readStream(call: LlmCall, isHidden: boolean): EventReader {
  const blocks = new Map<string, OpenBlock>()
  const names = new Map<string, string>()
  let finish: Fields | undefined
  const blockOf = (kind: PartDraft['kind'], id: unknown): OpenBlock => {
    const key = `${kind} ${String(id)}`
    let block = blocks.get(key)
    if (block === undefined) blocks.set(key, (block = { kind, pieces: [] }))
    return block
  }
  const isWhole = (part: Fields): void => {
    const [draft] = readPart(part, 'assistant')
    if (draft === undefined) return
    const block = blockOf(draft.kind, part['toolCallId'] ?? blocks.size)
    // Models that do not stream the input of tools give it at once.
    if (block.pieces.length === 0) call.token()
    block.whole = [draft]
    askMore(call, askedTool(part, isHidden))
  }
  return {
    get complete() {
      return finish !== undefined
    },
    event(value) {
      const part = value as Fields
      const kind = DELTAS[part['type'] as string]
      if (kind !== undefined) {
        const delta = part['delta']
        if (typeof delta !== 'string' || delta === '') return
        blockOf(kind, part['id']).pieces.push(delta)
        return call.token()
      }
      switch (part['type']) {
        case 'tool-input-start': return void names.set(String(part['id']), text(part['toolName']) ?? '')
        case 'tool-call':
        case 'tool-result':
        case 'file':
        case 'reasoning-file': return isWhole(part)
        case 'response-metadata': return readResponse(call, part, undefined)
        case 'finish': return void (finish = part)
        case 'error': return void (call.failure = failureOf(part['error']))
        default:
      }
    },
    finish() {
      if (finish !== undefined) {
        const failure = call.failure
        readResponse(call, undefined, finish['providerMetadata'])
        readFinish(call, finish)
        if (failure.state === 'failed') call.failure = failure
      }
      const drafts: PartDraft[] = []
      for (const [key, { kind, pieces, whole }] of blocks) {
        const id = key.slice(kind.length + 1)
        const ids = kind === 'tool-call' ? { name: names.get(id), callId: id } : {}
        drafts.push(...(whole ?? [{ kind, text: pieces.join(''), ...ids }]))
      }
      if (!isHidden) call.responseParts(drafts)
    },
  }
}

/** Some providers give their error on as it came, in an object of the provider's. */
function failureOf(error: unknown): Outcome {
  const { code, type, message } = error instanceof Error ? {} : { ...fields(error) }
  const named = text(code) ?? text(type)
  if (named !== undefined) return { state: 'failed', type: named, message: text(message) ?? '' }
  const outcome = outcomeOf(error)
  return outcome.state === 'ok' ? { state: 'failed', type: 'error', message: 'the stream told of an error' } : outcome
}
