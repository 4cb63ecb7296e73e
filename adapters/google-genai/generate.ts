import { REQUEST, type AskedTool, type LlmCall, type PartDraft } from '../../src/kit.ts'
import type { EventReader } from '../shared/endpoint.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { readUsage } from '../shared/usage.ts'
import { either, readPart, readSystem, readTool, readTurn } from './content.ts'
import { PartialArgs } from './partial-args.ts'

/**
 * `POST …/models/{model}:generateContent` and `:streamGenerateContent` of the Gemini API and Vertex AI, as bodies and as the
 * parameters of the SDK, which puts under `config` what the body has at its top and under `generationConfig`.
 * https://ai.google.dev/api/generate-content
 */

export function readGenerateRequest(call: LlmCall, body: Fields): void {
  const config = fields(body['config']) ?? body
  call.requestParts(list(config['tools']), readTool)
  sendContent(call, either(config, 'systemInstruction', 'system_instruction'), 'system')
  sendContent(call, body['contents'], 'user')
  const generation = fields(either(body, 'generationConfig', 'generation_config')) ?? config
  const max = either(generation, 'maxOutputTokens', 'max_output_tokens')
  if (typeof max === 'number') call.draft.maxOutputTokens = max
  // The system text, the tools and the first turns may stand in there.
  if (text(either(config, 'cachedContent', 'cached_content'))) call.span.set({ [REQUEST]: 'messages' })
}

export function readStreamRequest(call: LlmCall, body: Fields): void {
  call.draft.streamed = true
  readGenerateRequest(call, body)
}

function sendContent(call: LlmCall, content: unknown, kind: 'system' | 'user'): void {
  for (const one of Array.isArray(content) ? (content as readonly unknown[]) : [content]) {
    if (typeof one === 'string') call.requestText({ kind, text: one })
    else call.requestParts([one], kind === 'system' ? readSystem : readTurn)
  }
}

export function readGenerateAnswer(call: LlmCall, value: unknown): void {
  const answer = new Answer(call)
  // A stream that was not asked for as events is a list of answers.
  for (const one of Array.isArray(value) ? (value as readonly unknown[]) : [value]) answer.add(one)
  answer.finish()
}

export function readGenerateStream(call: LlmCall): EventReader {
  const answer = new Answer(call)
  return {
    get complete() {
      return answer.isWhole
    },
    event(event) {
      if (answer.add(event)) call.token()
    },
    finish: () => answer.finish(),
  }
}

/** A part while it streams: texts are kept in the pieces they came in. */
interface OpenPart extends Omit<PartDraft, 'text'> {
  readonly pieces: string[]
  readonly isText: boolean
  readonly isAsked: boolean
  /** Of a function call that says more than its name later. */
  readonly partial?: PartialArgs
}

interface Candidate {
  readonly parts: OpenPart[]
  finishReason?: string
  searches: number
}

/** What one or several answers say together. Counts are cumulative: the later one replaces the one before. */
class Answer {
  readonly #call: LlmCall
  readonly #candidates = new Map<number, Candidate>()
  #usage: Fields | undefined
  #blocked: string | undefined

  constructor(call: LlmCall) {
    this.#call = call
  }

  get isWhole(): boolean {
    const all = [...this.#candidates.values()]
    return this.#blocked !== undefined || (all.length > 0 && all.every(({ finishReason }) => finishReason !== undefined))
  }

  /** @returns whether something generated came with it */
  add(value: unknown): boolean {
    const answer = fields(value)
    if (answer === undefined) return false
    this.#readHead(answer)
    let hasContent = false
    for (const item of list(answer['candidates'])) {
      const candidate = fields(item)
      if (candidate !== undefined && this.#readCandidate(candidate)) hasContent = true
    }
    return hasContent
  }

  finish(): void {
    const all = [...this.#candidates.values()]
    const reasons = all.flatMap(({ finishReason }) => finishReason ?? [])
    if (reasons.length > 0) this.#call.draft.finishReasons = reasons
    else if (this.#blocked !== undefined) this.#call.draft.finishReasons = [this.#blocked]
    this.#readUsage(all.reduce((sum, { searches }) => sum + searches, 0))
    const asked: AskedTool[] = []
    for (const { parts } of all) {
      const drafts = parts.map(toDraft)
      this.#call.responseParts(drafts)
      for (const [i, { isAsked }] of parts.entries()) {
        const { callId: id, name = '', text } = drafts[i]!
        if (isAsked) asked.push({ id, name, arguments: text })
      }
    }
    this.#call.askedTools(asked)
  }

  #readHead(answer: Fields): void {
    const { draft } = this.#call
    const id = text(either(answer, 'responseId', 'response_id'))
    const model = text(either(answer, 'modelVersion', 'model_version'))
    if (id) draft.responseId = id
    if (model) draft.responseModel = model
    this.#usage = fields(either(answer, 'usageMetadata', 'usage_metadata')) ?? this.#usage
    this.#blocked = text(either(fields(either(answer, 'promptFeedback', 'prompt_feedback')), 'blockReason', 'block_reason')) ?? this.#blocked
    const error = fields(answer['error'])
    if (error === undefined) return
    this.#call.failure = { state: 'failed', type: text(error['status']) ?? 'failed', message: text(error['message']) ?? 'the request failed' }
  }

  #readCandidate(source: Fields): boolean {
    const index = typeof source['index'] === 'number' ? source['index'] : 0
    let candidate = this.#candidates.get(index)
    if (candidate === undefined) this.#candidates.set(index, (candidate = { parts: [], searches: 0 }))
    const reason = finishReason(either(source, 'finishReason', 'finish_reason'))
    if (reason !== undefined) candidate.finishReason = reason
    const grounding = fields(either(source, 'groundingMetadata', 'grounding_metadata'))
    candidate.searches = Math.max(candidate.searches, list(either(grounding, 'webSearchQueries', 'web_search_queries')).length)
    let hasContent = false
    for (const part of list(fields(source['content'])?.['parts'])) hasContent = addPart(candidate.parts, part) || hasContent
    return hasContent
  }

  #readUsage(searches: number): void {
    const usage = readUsage(this.#usage, this.isWhole)
    if (usage === undefined) return
    const tier = tierOf(this.#usage!)
    if (tier !== undefined) this.#call.draft.serviceTier = tier
    // Since Gemini 3 each query is paid for, before that each prompt which led to any.
    const isOld = /gemini-[12]\b/.test(this.#call.draft.responseModel ?? this.#call.draft.requestModel ?? '')
    const webSearch = isOld ? Math.min(searches, 1) : searches
    this.#call.usage(webSearch === 0 ? usage : { ...usage, requests: { webSearch } })
  }
}

const toDraft = ({ pieces, partial, isText: _text, isAsked: _asked, ...part }: OpenPart): PartDraft =>
  ({ ...part, text: partial?.text ?? pieces.join('') })

/**
 * A text that goes on is one part; of a function call in pieces only the first says its name.
 * @returns whether there was anything in it
 */
function addPart(open: OpenPart[], source: unknown): boolean {
  const part = fields(source)
  const last = open.at(-1)
  const asks = fields(either(part, 'functionCall', 'function_call'))
  const partialArgs = either(asks, 'partialArgs', 'partial_args')
  if (asks !== undefined && text(asks['name']) === undefined && last?.partial !== undefined) {
    last.partial.add(partialArgs)
    return true
  }
  const isText = text(part?.['text']) !== undefined
  let isSomething = false
  for (const { text: piece, ...draft } of readPart(source, 'assistant')) {
    if (isText && piece === '') continue
    isSomething = true
    if (isText && last?.isText === true && last.kind === draft.kind) last.pieces.push(piece)
    else open.push({ ...draft, pieces: [piece], isText, isAsked: asks !== undefined, ...partialOf(asks, partialArgs) })
  }
  return isSomething
}

function partialOf(asks: Fields | undefined, partialArgs: unknown): Pick<OpenPart, 'partial'> {
  if (asks?.['args'] !== undefined || (partialArgs === undefined && either(asks, 'willContinue', 'will_continue') !== true)) return {}
  const partial = new PartialArgs()
  partial.add(partialArgs)
  return { partial }
}

/** As numbers, when the program asked for enumerations as such. */
const REASONS = ['FINISH_REASON_UNSPECIFIED', 'STOP', 'MAX_TOKENS', 'SAFETY', 'RECITATION', 'OTHER']

const finishReason = (reason: unknown): string | undefined =>
  typeof reason === 'number' ? (REASONS[reason] ?? String(reason)) : text(reason)

/** The Gemini API says `standard`, `flex` or `priority`; Vertex `ON_DEMAND`, `ON_DEMAND_FLEX`, `PROVISIONED_THROUGHPUT`. */
function tierOf(usage: Fields): string | undefined {
  const told = text(either(usage, 'serviceTier', 'service_tier')) ?? text(either(usage, 'trafficType', 'traffic_type'))
  const tier = told?.toLowerCase().replace(/^(on_demand|service_tier)_?/, '')
  return tier === undefined || STANDARD.includes(tier) ? undefined : tier
}

const STANDARD = ['', 'standard', 'unspecified', 'traffic_type_unspecified']
