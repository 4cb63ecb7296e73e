import type { Part } from '../model/message.ts'
import type { AttributeValue, Outcome } from '../model/span.ts'
import type { EndRecord, RequestLike, RunFacts } from './records.ts'

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
const isNumber = (value: unknown): value is number => typeof value === 'number'
// Each record passes here: fields are read by their names, and nothing is made on the way, or the checks cost as much as the parse.
const isMaybeText = (value: unknown): boolean => value === undefined || typeof value === 'string'
const isMaybeNumber = (value: unknown): boolean => value === undefined || typeof value === 'number'

function isListOf(value: unknown, check: (value: unknown) => boolean): boolean {
  if (!Array.isArray(value)) return false
  for (let i = 0; i < value.length; i++) if (!check(value[i])) return false
  return true
}

function isMapOf(value: unknown, check: (value: unknown) => boolean): boolean {
  if (!isObject(value)) return false
  for (const key in value) if (!check(value[key])) return false
  return true
}

const isTexts = (value: unknown): boolean => isListOf(value, isText)
const isMaybeCounts = (value: unknown): boolean => value === undefined || isMapOf(value, isCount)

/** Places above this are nobody's: they would only make the list sparse. */
const MAX_PLACE = 5_000_000
export const isPlace = (value: unknown): value is number => isCount(value) && value < MAX_PLACE

export function checkRun(run: unknown): run is RunFacts {
  if (!isObject(run)) return false
  const { id, name, service, tags, startedAtEpochMs, process } = run
  return isText(id) && /^[0-9a-f]{32}$/.test(id) && isText(name) && isMaybeText(service)
    && (tags === undefined || isMapOf(tags, isText))
    && Number.isFinite(startedAtEpochMs)
    && (process === undefined || (isObject(process) && isCount(process['pid']) && isText(process['runtime']) && isText(process['platform'])))
}

export function checkEnd(end: unknown): end is EndRecord['end'] {
  if (!isObject(end)) return false
  const { spans, parts, dropped, overheadNs, selfErrors } = end
  return isCount(spans) && isCount(parts) && isCount(overheadNs) && isCount(selfErrors) && isMapOf(dropped, isCount)
    && isObject(dropped) && isCount(dropped['spans']) && isCount(dropped['contentChars']) && isCount(dropped['parts'])
}

export function checkPart(part: unknown): part is Part {
  if (!isObject(part)) return false
  const { kind, hash, chars, name, callId, media, text } = part
  return isText(kind) && isText(hash) && /^[0-9a-f]{16}$/.test(hash) && isCount(chars)
    && isMaybeText(name) && isMaybeText(callId) && isMaybeText(media) && isMaybeText(text)
}

/** @returns what is wrong with it */
export function complaintOfSpan(span: unknown): Complaint {
  if (!isObject(span) || !isText(span['id']) || !/^[0-9a-f]{16}$/.test(span['id'])) return 'a span object with an id'
  const { id, parentId, name, category, start, end, outcome, attributes, llm, tool, dependsOn, values, resources, late } = span
  if (!isMaybeText(parentId)) return `a text as the parent of span ${id}`
  if (!isText(name) || !isText(category)) return `a name and a category of span ${id}`
  if (!isTime(start) || (end !== undefined && !isTime(end))) return `whole nanoseconds as start and end of span ${id}`
  if (!isOutcome(outcome)) return `an outcome of span ${id}`
  if ((end === undefined) !== (outcome.state === 'open')) return `an end of span ${id} if and only if it is not open`
  if (attributes !== undefined && !isMapOf(attributes, isAttribute)) return `small typed attributes of span ${id}`
  if (llm !== undefined && !isLlm(llm)) return `details of the LLM call ${id}`
  if (tool !== undefined && !isTool(tool)) return `details of the tool ${id}`
  if (dependsOn !== undefined && !isTexts(dependsOn)) return `ids that span ${id} depends on`
  if (values !== undefined && !isValues(values)) return `where the values of span ${id} come from`
  if (resources !== undefined && !isMapOf(resources, isNumber)) return `numbers as resources of span ${id}`
  return late === undefined || late === true ? undefined : `true or nothing as late of span ${id}`
}

function isValues(value: unknown): boolean {
  if (!isObject(value)) return false
  const { from, shares, knownAt, repeats, seen } = value
  return (from === undefined || isListOf(from, isValueSource)) && (repeats === undefined || isListOf(repeats, isValueSource))
    && (shares === undefined || shares === 'all' || isTexts(shares)) && (knownAt === undefined || isTime(knownAt))
    && (seen === undefined || seen === true)
}

const isValueSource = (value: unknown): boolean =>
  isObject(value) && isText(value['spanId']) && isText(value['kind']) && isCount(value['count'])

function isOutcome(value: unknown): value is Outcome {
  if (!isObject(value)) return false
  const { state } = value
  return state === 'ok' || state === 'open' || state === 'cancelled' || (state === 'failed' && isText(value['type']) && isText(value['message']))
}

const isAttribute = (value: unknown): value is AttributeValue =>
  isText(value) || isNumber(value) || typeof value === 'boolean' || isTexts(value) || isListOf(value, isNumber)

function isTool(value: unknown): boolean {
  if (!isObject(value)) return false
  const { name, callId, issuedBy, arguments: args, result, argumentsHash, resultHash, yielded } = value
  return isText(name) && isMaybeText(callId) && isMaybeText(issuedBy) && isMaybeText(args) && isMaybeText(result)
    && isMaybeText(argumentsHash) && isMaybeText(resultHash)
    && (yielded === undefined || isCount(yielded))
}

function isLlm(value: unknown): boolean {
  if (!isObject(value)) return false
  const { provider, operation, api, streamed, requestModel, responseModel, responseId, maxOutputTokens, firstToken, lastToken, chunks } = value
  const { requestParts, responseParts, finishReasons, usage, toolCalls, attempts, reader, serviceTier } = value
  return isText(provider) && isText(operation) && isText(api) && typeof streamed === 'boolean'
    && isMaybeText(requestModel) && isMaybeText(responseModel) && isMaybeText(responseId) && isMaybeText(serviceTier)
    && isMaybeNumber(maxOutputTokens) && isMaybeNumber(firstToken) && isMaybeNumber(lastToken) && isMaybeNumber(chunks)
    && (requestParts === undefined || isRequest(requestParts))
    && (responseParts === undefined || isListOf(responseParts, isPlace))
    && (finishReasons === undefined || isTexts(finishReasons))
    && (usage === undefined || isUsage(usage))
    && (toolCalls === undefined || isListOf(toolCalls, isToolCall))
    && (attempts === undefined || isListOf(attempts, isAttempt))
    && (reader === undefined || isReader(reader))
}

const isRequest = (value: unknown): boolean => isListOf(value, isPlace) || isRequestLike(value)

const isRequestLike = (value: unknown): value is RequestLike =>
  isObject(value) && isPlace(value['like']) && isPlace(value['first']) && isListOf(value['then'], isPlace)

const isReader = (value: unknown): boolean =>
  isObject(value) && isNumber(value['beforeFirstTokenNs']) && isNumber(value['betweenTokensNs']) && isNumber(value['afterLastTokenNs'])

function isToolCall(value: unknown): boolean {
  return isObject(value) && isText(value['name']) && isCount(value['argumentsChars'])
    && isMaybeText(value['id']) && isMaybeText(value['arguments'])
}

function isAttempt(value: unknown): boolean {
  return isObject(value) && isTime(value['start']) && isMaybeText(value['error'])
    && isMaybeNumber(value['firstByte']) && isMaybeNumber(value['end']) && isMaybeNumber(value['status']) && isMaybeNumber(value['waitNs'])
}

function isUsage(value: unknown): boolean {
  if (!isObject(value)) return false
  const { input, output, requests, extra, media, complete, source, raw } = value
  return typeof complete === 'boolean' && (source === 'provider' || source === 'estimated')
    && (input === undefined || isInput(input)) && (output === undefined || isOutput(output))
    && isMaybeCounts(requests) && isMaybeCounts(extra) && isMaybeCounts(media)
    && isShallow(raw, MAX_RAW_DEPTH)
}

const isInput = (value: unknown): boolean => isObject(value) && isCount(value['total']) && isCount(value['uncached'])
  && isCount(value['cacheRead']) && isCount(value['cacheWrite']) && isMaybeCounts(value['cacheWriteByTtl'])

const isOutput = (value: unknown): boolean =>
  isObject(value) && isCount(value['total']) && isCount(value['visible']) && isCount(value['reasoning'])

/** The one value whose shape is not ours. Deeper than any provider nests, and no danger to who walks it. */
const MAX_RAW_DEPTH = 64

function isShallow(value: unknown, depth: number): boolean {
  if (typeof value !== 'object' || value === null) return true
  if (depth <= 0) return false
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) if (!isShallow(value[i], depth - 1)) return false
    return true
  }
  for (const key in value) if (!isShallow((value as Fields)[key], depth - 1)) return false
  return true
}
