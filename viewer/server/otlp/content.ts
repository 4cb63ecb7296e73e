import { attributeSets } from '../../../adapters/shared/otel/sets.ts'
import { hashText } from '../../../src/model/message.ts'
import { Redactor } from '../../../src/trace-file/index.ts'
import type { WireAttribute, WireValue } from './wire.ts'

/** Whether texts of prompts, answers and tools are written down. */
export type Content = 'none' | 'full'

/**
 * `messages`: requests, answers and definitions of tools, whose sizes, hashes and order the analysis needs; `content`: other texts of
 * users, models and tools, which nothing needs.
 */
type Kind = 'messages' | 'content' | 'plain'

const contentKeys = attributeSets.flatMap(({ content = [] }) => content)
const messageKeys = attributeSets.flatMap(({ system = [], request = [], response = [], tools = [], events = [], wholeRequest = [], wholeResponse = [], expand = [] }) =>
  [...system, ...request, ...response, ...tools, ...events, ...wholeRequest, ...wholeResponse, ...expand.filter((key) => contentKeys.includes(key))])
const messages = new Set(messageKeys)
const contents = new Set(contentKeys.filter((key) => !messages.has(key)))
const messagePrefixes = messageKeys.map((key) => `${key}.`)
const contentPrefixes = [...contents].map((key) => (key.endsWith('*') ? key.slice(0, -1) : `${key}.`))
/** Conventions that nobody reads, but which say what they hold. */
const alike = /^(?!.*usage).*(?:^|\.)(?:prompts?|completions?|messages?|arguments|result|content|input|output|query\.text|documents)$/

function kindOf(key: string): Kind {
  let kind = kinds.get(key)
  if (kind !== undefined) return kind
  if (messages.has(key) || messagePrefixes.some((prefix) => key.startsWith(prefix))) kind = 'messages'
  else if (contents.has(key) || contentPrefixes.some((prefix) => key.startsWith(prefix)) || alike.test(key)) kind = 'content'
  else kind = 'plain'
  if (kinds.size >= MAX_KINDS) kinds.clear()
  if (key.length <= 200) kinds.set(key, kind)
  return kind
}

/** The same names come with each span. */
const kinds = new Map<string, Kind>()
const MAX_KINDS = 4_096

/**
 * Decides what of an attribute is written down. Under `none` a text becomes another one of its length, made of its hash: no word of it
 * is left, but equal texts stay equal, and who said how much, which tool was called and which result belongs to it can still be told.
 */
export class ContentFilter {
  readonly #content: Content
  /** Keys and passwords are masked under each policy. */
  readonly #redactor = new Redactor('full')

  constructor(content: Content) {
    this.#content = content
  }

  /** Of a span, a resource or the details of a call. */
  attributes(attributes: readonly WireAttribute[]): readonly WireAttribute[] {
    if (this.#content === 'full') return this.#redacted(attributes)
    const kept: WireAttribute[] = []
    const plain: WireAttribute[] = []
    for (const attribute of attributes) {
      const kind = kindOf(attribute.key)
      if (kind === 'messages') kept.push({ key: attribute.key, value: masked(attribute.value, lastName(attribute.key), 0, false) })
      // Counts and switches are no texts.
      else if (kind === 'plain' || 'intValue' in attribute.value || 'boolValue' in attribute.value) plain.push(attribute)
    }
    return [...this.#redacted(plain), ...kept]
  }

  /** Of an event or a log record that is a message. */
  message(attributes: readonly WireAttribute[]): readonly WireAttribute[] {
    if (this.#content === 'full') return this.#redacted(attributes)
    return attributes.map(({ key, value }) => ({ key, value: masked(value, lastName(key), 0, false) }))
  }

  body(value: WireValue): WireValue {
    return this.#content === 'full' ? this.#redacted([{ key: 'body', value }])[0]!.value : masked(value, '', 0, false)
  }

  text(text: string): string {
    return this.#redactor.plain(text)
  }

  #redacted(attributes: readonly WireAttribute[]): readonly WireAttribute[] {
    const texts = attributes.filter(({ value }) => 'stringValue' in value)
    const safe = texts.length === 0 ? {} : this.#redactor.span({
      id: '', traceId: '', name: '', category: '', start: 0, outcome: { state: 'ok' },
      attributes: Object.fromEntries(texts.map(({ key, value }) => [key, (value as { readonly stringValue: string }).stringValue])),
    }).attributes ?? {}
    return attributes.map(({ key, value }) => {
      const name = this.#redactor.plain(key)
      if ('stringValue' in value) return { key: name, value: { stringValue: Object.hasOwn(safe, name) ? String(safe[name]) : '' } }
      return { key: name, value: this.#inner(value, key) }
    })
  }

  #inner(value: WireValue, key: string): WireValue {
    if ('stringValue' in value) return this.#redacted([{ key, value }])[0]!.value
    if ('arrayValue' in value) return { arrayValue: { values: value.arrayValue.values.map((one) => this.#inner(one, key)) } }
    return 'kvlistValue' in value ? { kvlistValue: { values: this.#redacted(value.kvlistValue.values) } } : value
  }
}

/** `gen_ai.prompt.0.role` → `role` */
const lastName = (key: string): string => key.slice(key.lastIndexOf('.') + 1)

/** What says of a message what it is and what it belongs to. */
const STRUCTURE: ReadonlySet<string> = new Set([
  'role', 'type', 'id', 'name', 'tool_call_id', 'toolCallId', 'tool_use_id', 'call_id', 'callId', 'toolName', 'tool_name', 'finish_reason',
  'finishReason', 'stop_reason', 'index', 'lc', 'kind', 'modality', 'mime_type', 'mimeType', 'system', 'event.name',
])
/** What a tool is given and gives back: there these names are the user's. */
const OPAQUE: ReadonlySet<string> = new Set([
  'arguments', 'args', 'input', 'response', 'result', 'output', 'parameters', 'input_schema', 'inputSchema', 'schema', 'properties',
])
const MAX_DEPTH = 24

function masked(value: WireValue, name: string, depth: number, isOpaque: boolean): WireValue {
  const inside = isOpaque || (depth >= 2 && OPAQUE.has(name))
  if ('stringValue' in value) return { stringValue: maskedText(value.stringValue, name, depth, inside) }
  if ('arrayValue' in value) {
    if (depth >= MAX_DEPTH) return { stringValue: '' }
    return { arrayValue: { values: value.arrayValue.values.map((one) => masked(one, name, depth + 1, inside)) } }
  }
  if ('kvlistValue' in value) {
    if (depth >= MAX_DEPTH) return { stringValue: '' }
    return { kvlistValue: { values: value.kvlistValue.values.map(({ key, value: one }) => ({ key: maskedKey(key), value: masked(one, key, depth + 1, inside) })) } }
  }
  if ('boolValue' in value || (!inside && STRUCTURE.has(name))) return value
  if ('intValue' in value) return { intValue: maskedNumber(Number(value.intValue)) }
  if ('doubleValue' in value) return { doubleValue: maskedNumber(Number(value.doubleValue)) }
  return { stringValue: maskOf(value.bytesValue) }
}

function maskedText(text: string, name: string, depth: number, isOpaque: boolean): string {
  if (!isOpaque && STRUCTURE.has(name) && isIdentifier(text)) return text
  if (!isOpaque && /^\s*[[{]/.test(text)) {
    try {
      return JSON.stringify(maskedJson(JSON.parse(text) as unknown, name, depth, false))
    } catch {
      // No JSON, or nested too deeply: one text.
    }
  }
  return maskOf(text)
}

function maskedJson(value: unknown, name: string, depth: number, isOpaque: boolean): unknown {
  if (depth > MAX_DEPTH) throw new RangeError('nested too deeply')
  const inside = isOpaque || (depth >= 2 && OPAQUE.has(name))
  if (typeof value === 'string') return !inside && STRUCTURE.has(name) && isIdentifier(value) ? value : maskOf(value)
  if (typeof value === 'number') return !inside && STRUCTURE.has(name) ? value : maskedNumber(value)
  if (Array.isArray(value)) return value.map((one: unknown) => maskedJson(one, name, depth + 1, inside))
  if (typeof value !== 'object' || value === null) return value
  // Names are data: none of them is ever a prototype.
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [maskedKey(key), maskedJson(one, key, depth + 1, inside)]))
}

const isIdentifier = (text: string): boolean => /^[\w.:/@+=-]{0,128}$/.test(text)

const maskedKey = (key: string): string => (/^[\w.$-]{1,64}$/.test(key) ? key : maskOf(key))

/** About as many tokens as words of its length have. */
const FILLER = 'text '

/** A text of the same length that says nothing but whether two are equal. */
const maskOf = (text: string): string => {
  const hash = hashText(text)
  return text.length <= hash.length ? hash.slice(0, text.length) : `${hash} ${FILLER.repeat(Math.ceil(text.length / FILLER.length))}`.slice(0, text.length)
}

/** Another one that is written with as many digits. */
function maskedNumber(value: number): number {
  const text = String(value)
  if (!/^-?\d{1,15}(?:\.\d{1,15})?$/.test(text)) return 0
  const digits = BigInt(`0x${hashText(text)}${hashText(text, 1)}`).toString()
  let at = 0
  // Zeros at the ends would not be written.
  return Number(text.replace(/\d/g, (_digit, i: number) => {
    const digit = Number(digits[at++ % digits.length])
    return String(i === text.search(/\d/) || i === text.length - 1 ? (digit % 9) + 1 : digit)
  }))
}
