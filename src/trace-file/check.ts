import type { Part } from '../model/message.ts'
import type { AttributeValue, LlmDetail, Outcome } from '../model/span.ts'
import type { EndRecord, RunFacts, StoredSpan } from './records.ts'

/**
 * What a file says has the shape that the types promise. A checksum tells that a line is as it was written, not who wrote it.
 * Each check gives what was expected, or undefined when all is well.
 */
type Complaint = string | undefined

type Fields = Readonly<Record<string, unknown>>

export const isObject = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)
const isTime = (value: unknown): boolean => Number.isSafeInteger(value)
const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0
const isText = (value: unknown): value is string => typeof value === 'string'
const isOptional = (value: unknown, check: (value: unknown) => boolean): boolean => value === undefined || check(value)
const isListOf = (check: (value: unknown) => boolean) => (value: unknown): boolean => Array.isArray(value) && value.every(check)
const isCounts = (value: unknown): boolean => isObject(value) && Object.values(value).every(isCount)

/** Places above this are nobody's: they would only make the list sparse. */
const MAX_PLACE = 5_000_000
export const isPlace = (value: unknown): value is number => isCount(value) && value < MAX_PLACE

export function checkRun(run: unknown): run is RunFacts {
  if (!isObject(run)) return false
  const { id, name, service, tags, startedAtEpochMs, process } = run
  return isText(id) && /^[0-9a-f]{32}$/.test(id) && isText(name) && isOptional(service, isText)
    && isOptional(tags, (all) => isObject(all) && Object.values(all).every(isText))
    && Number.isFinite(startedAtEpochMs)
    && isOptional(process, (facts) => isObject(facts) && isCount(facts['pid']) && isText(facts['runtime']) && isText(facts['platform']))
}

export function checkEnd(end: unknown): end is EndRecord['end'] {
  if (!isObject(end)) return false
  const { spans, parts, dropped, overheadNs, selfErrors } = end
  return isCount(spans) && isCount(parts) && isCount(overheadNs) && isCount(selfErrors) && isCounts(dropped)
    && isObject(dropped) && ['spans', 'contentChars', 'parts'].every((name) => isCount(dropped[name]))
}

export function checkPart(part: unknown): part is Part {
  if (!isObject(part)) return false
  const { kind, hash, chars, name, callId, media, text } = part
  return isText(kind) && isText(hash) && /^[0-9a-f]{16}$/.test(hash) && isCount(chars)
    && isOptional(name, isText) && isOptional(callId, isText) && isOptional(media, isText) && isOptional(text, isText)
}

/** @returns what is wrong with it */
export function complaintOfSpan(span: unknown): Complaint {
  if (!isObject(span) || !isText(span['id']) || !/^[0-9a-f]{16}$/.test(span['id'])) return 'a span object with an id'
  const { id, parentId, name, category, start, end, outcome, attributes, llm, tool, dependsOn, resources, late } = span
  if (!isOptional(parentId, isText)) return `a text as the parent of span ${id}`
  if (!isText(name) || !isText(category)) return `a name and a category of span ${id}`
  if (!isTime(start) || !isOptional(end, isTime)) return `whole nanoseconds as start and end of span ${id}`
  if (!isOutcome(outcome)) return `an outcome of span ${id}`
  if ((end === undefined) !== (outcome.state === 'open')) return `an end of span ${id} if and only if it is not open`
  if (!isOptional(attributes, isAttributes)) return `small typed attributes of span ${id}`
  if (!isOptional(llm, isLlm)) return `details of the LLM call ${id}`
  if (!isOptional(tool, isTool)) return `details of the tool ${id}`
  if (!isOptional(dependsOn, isListOf(isText))) return `ids that span ${id} depends on`
  if (!isOptional(resources, isNumbers)) return `numbers as resources of span ${id}`
  return late === undefined || late === true ? undefined : `true or nothing as late of span ${id}`
}

export const isSpan = (span: unknown): span is StoredSpan => complaintOfSpan(span) === undefined

function isOutcome(value: unknown): value is Outcome {
  if (!isObject(value)) return false
  const { state, type, message } = value
  return state === 'ok' || state === 'open' || state === 'cancelled' || (state === 'failed' && isText(type) && isText(message))
}

const isNumber = (value: unknown): boolean => typeof value === 'number'
const isNumbers = (value: unknown): boolean => isObject(value) && Object.values(value).every(isNumber)

const isAttribute = (value: unknown): value is AttributeValue =>
  isText(value) || isNumber(value) || typeof value === 'boolean' || isListOf(isText)(value) || isListOf(isNumber)(value)

const isAttributes = (value: unknown): boolean => isObject(value) && Object.values(value).every(isAttribute)

function isTool(value: unknown): boolean {
  if (!isObject(value)) return false
  const { name, callId, issuedBy, arguments: args, result, argumentsHash, resultHash, yielded } = value
  return isText(name) && [callId, issuedBy, args, result, argumentsHash, resultHash].every((text) => isOptional(text, isText)) && isOptional(yielded, isCount)
}

const llmTexts = ['requestModel', 'responseModel', 'responseId', 'serviceTier'] as const satisfies readonly (keyof LlmDetail)[]
const llmNumbers = ['maxOutputTokens', 'firstToken', 'lastToken', 'chunks'] as const satisfies readonly (keyof LlmDetail)[]
const llmParts = ['requestParts', 'responseParts'] as const satisfies readonly (keyof LlmDetail)[]

function isLlm(value: unknown): boolean {
  if (!isObject(value)) return false
  const { provider, operation, api, streamed, finishReasons, usage, toolCalls, attempts, reader } = value
  return isText(provider) && isText(operation) && isText(api) && typeof streamed === 'boolean'
    && llmTexts.every((name) => isOptional(value[name], isText))
    && llmNumbers.every((name) => isOptional(value[name], isNumber))
    && llmParts.every((name) => isOptional(value[name], isListOf(isPlace)))
    && isOptional(finishReasons, isListOf(isText))
    && isOptional(usage, isUsage)
    && isOptional(toolCalls, isListOf(isToolCall))
    && isOptional(attempts, isListOf(isAttempt))
    && isOptional(reader, isReader)
}

const isReader = (value: unknown): boolean =>
  isObject(value) && ['beforeFirstTokenNs', 'betweenTokensNs', 'afterLastTokenNs'].every((name) => isNumber(value[name]))

function isToolCall(value: unknown): boolean {
  return isObject(value) && isText(value['name']) && isCount(value['argumentsChars'])
    && isOptional(value['id'], isText) && isOptional(value['arguments'], isText)
}

function isAttempt(value: unknown): boolean {
  return isObject(value) && isTime(value['start']) && isOptional(value['error'], isText)
    && ['firstByte', 'end', 'status', 'waitNs'].every((name) => isOptional(value[name], isNumber))
}

const isTokens = (value: unknown, names: readonly string[]): boolean => isObject(value) && names.every((name) => isCount(value[name]))

function isUsage(value: unknown): boolean {
  if (!isObject(value)) return false
  const { input, output, requests, extra, media, complete, source, raw } = value
  return typeof complete === 'boolean' && (source === 'provider' || source === 'estimated')
    && isOptional(input, (tokens) => isTokens(tokens, ['total', 'uncached', 'cacheRead', 'cacheWrite'])
      && isOptional((tokens as Fields)['cacheWriteByTtl'], isCounts))
    && isOptional(output, (tokens) => isTokens(tokens, ['total', 'visible', 'reasoning']))
    && [requests, extra, media].every((counts) => isOptional(counts, isCounts))
    && isShallow(raw, MAX_RAW_DEPTH)
}

/** The one value whose shape is not ours. Deeper than any provider nests, and no danger to who walks it. */
const MAX_RAW_DEPTH = 64

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  return depth > 0 && Object.values(value).every((field) => isShallow(field, depth - 1))
}
