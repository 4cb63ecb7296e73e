import type { AskedTool, LlmCall, PartDraft, PartKind } from '../../../src/kit.ts'
import type { EventReader } from '../endpoint.ts'
import { readHead } from '../head.ts'
import { fields, jsonText, list, text, type Fields } from '../json.ts'
import { readUsage } from '../usage.ts'
import { readContent, readToolDefinition } from './content.ts'

/** Chat completions: `POST /chat/completions`, and the servers that speak it. */

export function readChatRequest(call: LlmCall, body: Fields): void {
  call.requestParts(list(body['tools']), readToolDefinition)
  call.requestParts(list(body['messages']), readMessage)
  const max = body['max_completion_tokens'] ?? body['max_tokens']
  if (typeof max === 'number') call.draft.maxOutputTokens = max
}

const KINDS: ReadonlyMap<unknown, PartKind> = new Map([
  ['system', 'system'], ['developer', 'system'], ['user', 'user'], ['assistant', 'assistant'], ['tool', 'tool-result'], ['function', 'tool-result'],
])

function readMessage(source: object): PartDraft[] {
  const message = source as Fields
  const kind = KINDS.get(message['role']) ?? 'other'
  const ids = kind === 'tool-result' ? { callId: text(message['tool_call_id']), name: text(message['name']) } : {}
  const parts = readContent(message['content'], kind, ids)
  parts.push(...reasoningOf(message))
  for (const { id, name, arguments: text } of toolCallsOf(message)) parts.push({ kind: 'tool-call', text, name, callId: id })
  return parts
}

function toolCallsOf(message: Fields): AskedTool[] {
  return list(message['tool_calls']).map((item) => {
    const call = fields(item)
    const target = fields(call?.['function']) ?? fields(call?.['custom'])
    return {
      id: text(call?.['id']),
      name: text(target?.['name']) ?? '',
      arguments: argumentsOf(target),
    }
  })
}

/** Compatible servers give reasoning as text beside the content. */
function reasoningOf(message: Fields): PartDraft[] {
  const reasoning = text(message['reasoning_content']) ?? text(message['reasoning'])
  return reasoning ? [{ kind: 'reasoning', text: reasoning }] : []
}

export function readChatAnswer(call: LlmCall, value: unknown): void {
  const answer = fields(value)
  if (answer === undefined) return
  readHead(call, answer)
  call.usage(readUsage(answer['usage'] ?? fields(answer['x_groq'])?.['usage']))
  const asked: AskedTool[] = []
  const reasons: string[] = []
  for (const item of list(answer['choices'])) {
    const choice = fields(item)
    const reason = text(choice?.['finish_reason'])
    if (reason !== undefined) reasons.push(reason)
    const message = fields(choice?.['message'])
    if (message === undefined) {
      const plain = text(choice?.['text'])
      if (plain) call.responseParts([{ kind: 'assistant', text: plain }])
      continue
    }
    asked.push(...toolCallsOf(message))
    call.responseParts(readMessage({ ...message, role: 'assistant', content: message['content'] ?? message['refusal'] }))
  }
  if (reasons.length > 0) call.draft.finishReasons = reasons
  call.askedTools(asked)
}

/** Texts are kept in the pieces they came in: joining them once costs less than a longer text with each. */
interface StreamedChoice {
  readonly content: string[]
  readonly reasoning: string[]
  finishReason?: string
  /** By the `index` of the call: parallel calls come in pieces that alternate. */
  readonly tools: Map<number, { id?: string | undefined; name: string; readonly arguments: string[] }>
}

export function readChatStream(call: LlmCall): EventReader {
  const choices = new Map<number, StreamedChoice>()
  let usage: unknown
  let seenIds = false
  let isLastUsage = false
  const allFinished = (): boolean =>
    choices.size > 0 && [...choices.values()].every(({ finishReason }) => finishReason !== undefined)
  return {
    get complete() {
      return allFinished()
    },
    event(event) {
      const chunk = event as { choices?: unknown; usage?: unknown; x_groq?: unknown } | null
      if (typeof chunk !== 'object' || chunk === null) return
      if (!seenIds) {
        readHead(call, chunk as Fields)
        seenIds = call.draft.responseModel !== undefined
      }
      const told = chunk.usage ?? fields(chunk.x_groq)?.['usage']
      const items = chunk.choices
      if (told) {
        usage = told
        // Some servers tell the counts so far in every chunk; the last one has no choices, or comes with the finish reasons.
        isLastUsage = !Array.isArray(items) || items.length === 0
      }
      if (!Array.isArray(items)) return
      for (let i = 0; i < items.length; i++) {
        const item: unknown = items[i]
        if (typeof item === 'object' && item !== null) readDelta(call, choices, item as StreamedItem)
      }
    },
    finish() {
      call.usage(readUsage(usage, isLastUsage || allFinished()))
      finishChoices(call, [...choices.values()])
    },
  }
}

interface StreamedItem {
  readonly index?: number
  readonly text?: unknown
  readonly finish_reason?: unknown
  readonly delta?: Fields | null
}

function readDelta(call: LlmCall, choices: Map<number, StreamedChoice>, item: StreamedItem): void {
  const index = item.index ?? 0
  let choice = choices.get(index)
  if (choice === undefined) choices.set(index, (choice = { content: [], reasoning: [], tools: new Map() }))
  if (typeof item.finish_reason === 'string') choice.finishReason = item.finish_reason
  const delta = item.delta ?? undefined
  const content = delta?.['content'] ?? delta?.['refusal'] ?? item.text
  if (typeof content === 'string' ? content !== '' : Array.isArray(content)) {
    readPiece(choice, content)
    call.token()
  }
  if (delta === undefined) return
  const reasoning = delta['reasoning_content'] ?? delta['reasoning']
  if (typeof reasoning === 'string' && reasoning !== '') {
    choice.reasoning.push(reasoning)
    call.token()
  }
  const calls = delta['tool_calls']
  if (Array.isArray(calls)) {
    for (const piece of calls) readToolPiece(choice, fields(piece) ?? {})
    call.token()
  }
}

/** A text, or blocks of text and thinking (Mistral). */
function readPiece(choice: StreamedChoice, content: unknown): void {
  if (typeof content === 'string') {
    choice.content.push(content)
    return
  }
  for (const { kind, text } of readContent(content, 'assistant')) (kind === 'reasoning' ? choice.reasoning : choice.content).push(text)
}

function readToolPiece({ tools }: StreamedChoice, piece: Fields): void {
  const index = typeof piece['index'] === 'number' ? piece['index'] : tools.size
  let tool = tools.get(index)
  if (tool === undefined) tools.set(index, (tool = { name: '', arguments: [] }))
  const target = fields(piece['function']) ?? fields(piece['custom'])
  tool.id ??= text(piece['id'])
  tool.name ||= text(target?.['name']) ?? ''
  tool.arguments.push(argumentsOf(target))
}

/** As text; servers that send them as an object mean its JSON. */
const argumentsOf = (target: Fields | undefined): string =>
  text(target?.['arguments']) ?? text(target?.['input']) ?? jsonText(fields(target?.['arguments']))

function finishChoices(call: LlmCall, choices: readonly StreamedChoice[]): void {
  const reasons = choices.flatMap(({ finishReason }) => finishReason ?? [])
  if (reasons.length > 0) call.draft.finishReasons = reasons
  const asked: AskedTool[] = []
  for (const { content, reasoning, tools } of choices) {
    const parts: PartDraft[] = []
    if (content.length > 0) parts.push({ kind: 'assistant', text: content.join('') })
    if (reasoning.length > 0) parts.push({ kind: 'reasoning', text: reasoning.join('') })
    for (const { id, name, arguments: pieces } of tools.values()) {
      const text = pieces.join('')
      asked.push({ id, name, arguments: text })
      parts.push({ kind: 'tool-call', text, name, callId: id })
    }
    call.responseParts(parts)
  }
  call.askedTools(asked)
}
