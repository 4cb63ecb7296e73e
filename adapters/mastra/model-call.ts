import type { AskedTool, LlmCall, LlmCallStart, PartDraft } from '../../src/kit.ts'
import { fields, jsonText, list, text, type Fields } from '../shared/json.ts'
import { readMessages, readTools } from '../shared/otel/messages.ts'
import { providerName } from '../shared/provider-names.ts'
import { readUsage } from '../shared/usage.ts'
import { attributesOf, timeOf, type MastraSpan } from './shapes.ts'

/** One generation: what its steps have in common, and what the next one sends. */
export interface Generation {
  readonly span: MastraSpan
  /** As a prompt cache sees them: tools, messages, and what was answered and done since. */
  readonly history: PartDraft[]
  /** What tools gave that no step has sent yet. Older versions run them before their step is over. */
  results: PartDraft[]
  steps: number
}

export function generationOf(span: MastraSpan): Generation {
  const history = readTools(attributesOf(span)['tools']).concat(readMessages(fields(span.input)?.['messages'] ?? span.input, 'user'))
  return { span, history, results: [], steps: 0 }
}

/** @param span a step, the provider's part of one, or a generation that tells of no steps */
export function callStart(span: MastraSpan, generation: Generation | undefined): LlmCallStart {
  const model = modelOf(span, generation)
  const provider = text(attributesOf(span)['provider']) ?? text(commonOf(generation)['provider']) ?? text(metadataOf(span)?.['modelProvider'])
  return {
    name: model ?? span.name, category: 'llm', provider: provider === undefined ? 'unknown' : providerName(provider), operation: 'chat', api: 'mastra',
  }
}

const commonOf = (generation: Generation | undefined): Fields => (generation === undefined ? {} : attributesOf(generation.span))
const metadataOf = (span: MastraSpan): Fields | undefined => fields(fields(span.metadata)?.['modelMetadata'])
const modelOf = (span: MastraSpan, generation: Generation | undefined): string | undefined =>
  text(attributesOf(span)['model']) ?? text(commonOf(generation)['model']) ?? text(metadataOf(span)?.['modelId'])

/** @returns whether what is sent is known */
export function tellRequest(call: LlmCall, span: MastraSpan, generation: Generation | undefined): boolean {
  const { draft } = call
  const common = commonOf(generation)
  const model = modelOf(span, generation)
  if (model !== undefined) draft.requestModel = model
  draft.streamed = (attributesOf(span)['streaming'] ?? common['streaming']) === true
  const max = fields(attributesOf(span)['parameters'] ?? common['parameters'])?.['maxOutputTokens']
  if (typeof max === 'number') draft.maxOutputTokens = max
  if (generation === undefined) return false
  generation.history.push(...generation.results.splice(0))
  for (const part of generation.history) call.requestText(part)
  return generation.history.length > 0
}

/** @param hasAsked the calls of the answer were told one by one */
export function tellAnswer(call: LlmCall, span: MastraSpan, hasAsked: boolean): readonly PartDraft[] {
  const { draft } = call
  const attributes = attributesOf(span)
  const [model, id, reason] = [text(attributes['responseModel']), text(attributes['responseId']), text(attributes['finishReason'])]
  if (model !== undefined) draft.responseModel = model
  if (id !== undefined) draft.responseId = id
  if (reason !== undefined) draft.finishReasons = [reason]
  call.usage(usageOf(attributes['usage']))
  tellFirstToken(call, attributes['completionStartTime'], span)
  const output = fields(span.output) ?? {}
  const parts = partsOf(output)
  call.responseParts(parts)
  if (!hasAsked) call.askedTools(parts.filter(({ kind }) => kind === 'tool-call').map((part) => ({ id: part.callId, name: part.name ?? '', arguments: part.text })))
  return parts
}

function partsOf(output: Fields): PartDraft[] {
  const said = text(output['text']) ?? (output['object'] === undefined ? '' : jsonText(output['object']))
  const reasoning = text(output['reasoningText']) ?? ''
  return [
    ...(reasoning === '' ? [] : [{ kind: 'reasoning' as const, text: reasoning }]),
    ...(said === '' ? [] : [{ kind: 'assistant' as const, text: said }]),
    ...list(output['toolCalls']).map((item) => toolCallPart(fields(item) ?? {})),
  ]
}

function toolCallPart(said: Fields): PartDraft {
  const { id, name, arguments: args } = askedIn(said)
  return { kind: 'tool-call', text: args, name, callId: id }
}

/** A call of a tool, in an answer or in a chunk of one. */
export function askedIn(said: Fields): AskedTool {
  const call = fields(said['payload']) ?? said
  return {
    id: text(call['toolCallId']), name: text(call['toolName']) ?? '', arguments: jsonText(call['args'] ?? call['toolInput'] ?? call['input'] ?? {}),
  }
}

/** A chunk tells it better; not all are told. */
function tellFirstToken({ draft, span }: LlmCall, at: unknown, { startTime }: MastraSpan): void {
  if (draft.firstToken !== undefined || !(at instanceof Date)) return
  const firstToken = span.start + Math.round((at.getTime() - timeOf(startTime)) * 1e6)
  if (firstToken >= span.start && firstToken <= span.run.now()) draft.firstToken = firstToken
}

type Usage = NonNullable<ReturnType<typeof readUsage>>

/** The input is with cached tokens, the output with reasoning; before 1.0 the names were those of the AI SDK 4 and 5. */
export function usageOf(said: unknown): Usage | undefined {
  const usage = fields(said)
  if (usage === undefined) return undefined
  const [input, output] = [fields(usage['inputDetails']), fields(usage['outputDetails'])]
  const read = Number(input?.['cacheRead'] ?? usage['cachedInputTokens'] ?? 0)
  const written = Number(input?.['cacheWrite'] ?? 0)
  const total = usage['inputTokens'] ?? usage['promptTokens']
  const [fiveMinutes, oneHour] = [input?.['cacheWrite5m'], input?.['cacheWrite1h']]
  const counted = readUsage({
    input_tokens: typeof total === 'number' ? total - read - written : undefined,
    cache_read_input_tokens: read,
    cache_creation_input_tokens: written,
    ...(Number(fiveMinutes ?? 0) + Number(oneHour ?? 0) === written && written > 0 && {
      cache_creation: { ephemeral_5m_input_tokens: fiveMinutes, ephemeral_1h_input_tokens: oneHour },
    }),
    output_tokens: usage['outputTokens'] ?? usage['completionTokens'],
    output_tokens_details: { thinking_tokens: output?.['reasoning'] ?? usage['reasoningTokens'] },
  })
  // As it was told, bounded like any other.
  return counted && { ...counted, raw: readUsage(usage)?.raw }
}
