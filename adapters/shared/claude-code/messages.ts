import type { PartKind } from '../../../src/model/message.ts'
import { CANCELLED, OK, type Outcome } from '../../../src/model/span.ts'
import type { Usage } from '../../../src/model/usage.ts'
import { at, fields, jsonText, list, text, type Fields } from '../json.ts'
import type { PartDraft } from '../otel/messages.ts'
import { readUsage } from '../usage.ts'
import { isRefused } from './waits.ts'

/** Messages as Claude Code writes them into its transcripts, and as its SDK hands them out: those of Anthropic's API, a block at a time. */

const isThere = (value: Fields | undefined): value is Fields => value !== undefined

export const blocksOf = (message: Fields | undefined): Fields[] => list(message?.['content']).map(fields).filter(isThere)

/**
 * What a message adds to the conversation. Thinking is left out of it: messages hold it in part, and earlier turns' is not sent again.
 */
export function partsOf(message: Fields | undefined, role: 'assistant' | 'user'): PartDraft[] {
  const plain = text(message?.['content'])
  return withText(plain === undefined ? blocksOf(message).flatMap((block) => readBlock(block, role)) : [{ kind: role, text: plain }])
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

export const isToolUse = (block: Fields): boolean => block['type'] === 'tool_use'

/**
 * Of one answer, which comes as several messages. Those that came before its end hold a first count of its output; when no later one came,
 * it is too low. It is so too, whatever else they say, where it could not have written what they hold.
 */
export function usageOf(messages: readonly Fields[], isFinished: boolean): Usage | undefined {
  const told = messages.map((message) => fields(message['usage'])).filter(isThere)
  const outputs = new Set(told.map((usage) => usage['output_tokens']))
  const usage = readUsage(told.at(-1), isFinished || outputs.size > 1)
  const isTooLow = usage?.output !== undefined && writtenChars(messages) > MAX_CHARS_PER_TOKEN * usage.output.total + FREE_CHARS
  return isTooLow ? { ...usage, complete: false } : usage
}

/** Ordinary text and code have 2 to 5 characters a token. A line of dashes or spaces, which has more, is free. */
const MAX_CHARS_PER_TOKEN = 8
const FREE_CHARS = 20

/** Of texts and arguments alone: thinking may stand there shortened, or not at all. */
function writtenChars(messages: readonly Fields[]): number {
  const lengthOf = (block: Fields): number => {
    if (isToolUse(block)) return jsonText(block['input']).length
    return block['type'] === 'text' ? (text(block['text']) ?? '').length : 0
  }
  return messages.reduce((sum, message) => sum + blocksOf(message).reduce((all, block) => all + lengthOf(block), (text(message['content']) ?? '').length), 0)
}

export const textOf = (block: Fields): string => text(block['content']) ?? text(fields(list(block['content'])[0])?.['text']) ?? ''

/** The text of an error may hold anything, so only the forms that the program writes itself are taken over. */
export function outcomeOf(block: Fields, facts: Fields | undefined): Outcome {
  if (facts?.['interrupted'] === true) return CANCELLED
  if (block['is_error'] !== true) return OK
  const said = textOf(block)
  if (isRefused({ block, said })) return CANCELLED
  const code = /^(?:Error: )?Exit code (\d{1,5})\b/.exec(said)?.[1]
  return { state: 'failed', type: 'ToolError', message: code === undefined ? 'the tool gave an error' : `exit code ${code}` }
}
