import type { Attributes, AttributeValue, Category, LlmDetail, ToolDetail } from '../../../src/model/span.ts'
import { tokenCount } from '../../../src/model/usage.ts'
import { fields, list } from '../json.ts'
import { apiName, providerName } from '../provider-names.ts'
import { CHAT, INTERNAL, TOOL, type AttributeSet, type Keys, type Kind } from './attribute-set.ts'
import { eventsIn, readEvents, withDetails, type MessageEvent } from './events.ts'
import { isoNs } from './iso-time.ts'
import { parsedJson, readMessages, readTools, type PartDraft } from './messages.ts'
import { messageAt } from './numbered.ts'
import { attributeSets, scopes } from './sets.ts'
import { readUsage } from './usage.ts'
import { asNumber, toAttribute, type AttributeMap } from './values.ts'

/** A call of a model, its texts as they are, its times in nanoseconds since 1970. */
export interface CallFacts extends Omit<LlmDetail, 'requestParts' | 'responseParts' | 'firstToken' | 'lastToken' | 'attempts'> {
  readonly request: readonly PartDraft[]
  readonly response: readonly PartDraft[]
  readonly firstTokenNs?: bigint
}

/** What a span's attributes say, whoever wrote them. */
export interface Facts {
  readonly category: Category
  readonly llm?: CallFacts
  readonly tool?: ToolDetail
  /** What is neither a text of a user or model nor past the limit. */
  readonly attributes?: Attributes
  readonly doubt?: string
}

const MAX_ATTRIBUTES = 128

/**
 * @param scope the name of the instrumentation that wrote the span @param name the span's @param startNs its start
 * @param events the messages that stand beside its attributes
 */
export function readFacts(
  said: AttributeMap, scope: string | undefined, name: string, startNs: bigint, events: readonly MessageEvent[] = [],
): Facts {
  const attributes = expanded(withDetails(said, events))
  const kept = keptAttributes(said)
  const kind = kindSaid(attributes, scope) ?? INTERNAL
  const isEmbedding = kind.category === 'embedding'
  const stated = kind.repeatsUsage || kind.category === 'tool' ? undefined : readUsage(attributes, scope, isEmbedding)
  const isCall = !kind.repeatsUsage && (kind.operation !== undefined || stated !== undefined)
  const answered = kind === INTERNAL ? toolAnswer(attributes) : undefined
  if (answered !== undefined) return { category: 'tool', tool: answered, ...kept }
  const toolName = kind.category === 'tool' ? firstText(attributes, (set) => set.toolName) ?? name : undefined
  const callId = firstText(attributes, (set) => set.toolCallId)
  return {
    category: kind.category,
    ...(isCall && { llm: { ...readCall(attributes, events, kind, scope, startNs), ...(stated && { usage: stated.usage }) } }),
    ...(toolName !== undefined && { tool: { name: toolName, ...(callId !== undefined && { callId }) } }),
    ...kept,
    ...(stated?.doubt !== undefined && { doubt: stated.doubt }),
  }
}

/** LangChain's tools are spans like any other; that what they gave back is a tool message tells them. */
function toolAnswer(attributes: AttributeMap): ToolDetail | undefined {
  for (const key of attributeSets.flatMap(({ wholeResponse = [] }) => wholeResponse)) {
    const said = fields(parsedJson(attributes.get(key)))
    const message = said?.['lc'] === 1 ? fields(said['kwargs']) : said
    const [callId, name] = [text(message?.['tool_call_id']), text(message?.['name'])]
    if (callId !== undefined && name !== undefined) return { name, callId }
  }
  return undefined
}

/** What a tool was called with and what it came to, where that is told: texts, mostly JSON. */
export function toolTexts(attributes: AttributeMap): { readonly arguments: unknown; readonly result: unknown } {
  return {
    arguments: first(attributes, (set) => set.toolArguments) ?? first(attributes, (set) => set.wholeRequest),
    result: first(attributes, (set) => set.toolResult) ?? first(attributes, (set) => set.wholeResponse),
  }
}

export const errorType = (attributes: AttributeMap): string | undefined => firstText(attributes, (set) => set.errorType)

/** Objects in one attribute become attributes below it. */
function expanded(said: AttributeMap): AttributeMap {
  const all = new Map(said)
  for (const key of attributeSets.flatMap(({ expand = [] }) => expand)) {
    for (const [name, value] of Object.entries(fields(parsedJson(all.get(key))) ?? {})) all.set(`${key}.${name}`, value)
  }
  return all
}

/** What a span says that it is; undefined when it has nothing to do with models, as far as its attributes tell. */
export function kindSaid(attributes: AttributeMap, scope: string | undefined): Kind | undefined {
  for (const { kinds = [] } of attributeSets) {
    for (const { key, values } of kinds) {
      const said = attributes.get(key)
      if (typeof said !== 'string') continue
      const value = [said, said.toLowerCase(), said.toUpperCase()].find((spelling) => Object.hasOwn(values, spelling))
      if (value !== undefined) return values[value]!
    }
  }
  // Before the conventions had an operation, a requested model told a call, and a tool's name a tool.
  if (attributes.has('gen_ai.tool.name')) return TOOL
  return attributes.has('gen_ai.request.model') && scopes.get(scope ?? '')?.namesOperations !== true ? CHAT : undefined
}

function readCall(
  attributes: AttributeMap, events: readonly MessageEvent[], kind: Kind, scope: string | undefined, startNs: bigint,
): CallFacts {
  const provider = firstText(attributes, (set) => set.provider) ?? scopes.get(scope ?? '')?.provider
  const operation = kind.operation ?? text(attributes.get('gen_ai.operation.name')) ?? kind.category
  const requestModel = firstText(attributes, (set) => set.requestModel)
  const responseModel = firstText(attributes, (set) => set.responseModel)
  const responseId = firstText(attributes, (set) => set.responseId)
  const told = readEvents([...events, ...attributeSets.flatMap((set) => set.events ?? []).flatMap((key) => eventsIn(attributes.get(key)))])
  const stated = textsOf(first(attributes, (set) => set.finishReasons))
  const finishReasons = stated.length > 0 ? stated : told.finishReasons
  const maxOutputTokens = tokenCount(asNumber(first(attributes, (set) => set.maxOutputTokens)))
  const firstTokenNs = firstToken(attributes, startNs)
  const response = messages(attributes, ['response', told.response, 'wholeResponse'], 'assistant')
  const toolCalls = response.filter(({ kind: part }) => part === 'tool-call').map(({ text: said, name = '', callId }) => ({
    name, argumentsChars: said.length, ...(callId !== undefined && { id: callId }),
  }))
  return {
    provider: provider === undefined ? 'unknown' : providerName(provider),
    operation,
    api: apiName(provider ?? '') ?? operation,
    streamed: kind.streamed ?? (firstTokenNs !== undefined || first(attributes, (set) => set.streamed) === true),
    ...(requestModel !== undefined && { requestModel }),
    ...(responseModel !== undefined && { responseModel }),
    ...(responseId !== undefined && { responseId }),
    ...(finishReasons.length > 0 && { finishReasons }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
    ...(firstTokenNs !== undefined && { firstTokenNs }),
    ...(toolCalls.length > 0 && { toolCalls }),
    request: definitionsFirst([
      ...tools(attributes), ...messages(attributes, ['system'], 'system'), ...messages(attributes, ['request', told.request, 'wholeRequest'], 'user'),
    ]),
    response,
  }
}

type Place = 'system' | 'request' | 'wholeRequest' | 'response' | 'wholeResponse'

/** At the first of the places where a set has any; those of events are a place too. */
function messages(
  attributes: AttributeMap, places: readonly (Place | readonly PartDraft[])[], kind: 'system' | 'user' | 'assistant',
): readonly PartDraft[] {
  for (const place of places) {
    if (typeof place !== 'string') {
      if (place.length > 0) return place
      continue
    }
    for (const set of attributeSets) {
      const found = (set[place] ?? []).flatMap((key) => readMessages(messageAt(attributes, key), kind))
      if (found.length > 0) return found
    }
  }
  return []
}

/** As a prompt cache sees them. */
const definitionsFirst = (parts: readonly PartDraft[]): PartDraft[] => {
  const isDefinition = ({ kind }: PartDraft): boolean => kind === 'tool-definition'
  return [...parts.filter(isDefinition), ...parts.filter((part) => !isDefinition(part))]
}

function tools(attributes: AttributeMap): PartDraft[] {
  for (const set of attributeSets) {
    for (const key of set.tools ?? []) {
      const found = readTools(parsedJson(messageAt(attributes, key)))
      if (found.length > 0) return found
    }
  }
  return []
}

function firstToken(attributes: AttributeMap, startNs: bigint): bigint | undefined {
  for (const { key, unit } of attributeSets.flatMap((set) => set.firstToken ?? [])) {
    const value = attributes.get(key)
    if (unit === 'instant') {
      const time = isoNs(parsedJson(value))
      if (time !== undefined) return time
      continue
    }
    const number = asNumber(value)
    const ns = (number ?? NaN) * (unit === 's' ? 1e9 : 1e6)
    if (ns >= 0 && ns < Number.MAX_SAFE_INTEGER) return startNs + BigInt(Math.round(ns))
  }
  return undefined
}

function first(attributes: AttributeMap, keysOf: (set: AttributeSet) => Keys | undefined): unknown {
  for (const set of attributeSets) {
    for (const key of keysOf(set) ?? []) {
      const value = attributes.get(key)
      if (value !== undefined && value !== null && value !== '') return value
    }
  }
  return undefined
}

function firstText(attributes: AttributeMap, keysOf: (set: AttributeSet) => Keys | undefined): string | undefined {
  return text(first(attributes, keysOf))
}

const text = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value : undefined)

/** A list, the JSON of one, or one text. */
function textsOf(value: unknown): string[] {
  const said = parsedJson(value)
  return (typeof said === 'string' ? [said] : list(said)).filter((one): one is string => typeof one === 'string' && one !== '')
}

const messageKeys = attributeSets.flatMap(({ system = [], request = [], response = [], tools: defined = [] }) =>
  [...system, ...request, ...response, ...defined])
const contentKeys = attributeSets.flatMap(({ content = [], events = [], wholeRequest = [], wholeResponse = [] }) =>
  [...content, ...events, ...wholeRequest, ...wholeResponse])
const exact = new Set([...messageKeys, ...contentKeys])
const prefixes = [...messageKeys.map((key) => `${key}.`), ...contentKeys.filter((key) => key.endsWith('*')).map((key) => key.slice(0, -1))]

function keptAttributes(attributes: AttributeMap): Pick<Facts, 'attributes'> {
  const kept: [string, AttributeValue][] = []
  for (const [key, value] of attributes) {
    if (kept.length >= MAX_ATTRIBUTES) break
    if (exact.has(key) || prefixes.some((prefix) => key.startsWith(prefix))) continue
    const attribute = toAttribute(value)
    if (attribute !== undefined) kept.push([key, attribute])
  }
  return kept.length === 0 ? {} : { attributes: Object.fromEntries(kept) }
}
