import { fields, list, text, type Fields } from '../json.ts'
import { parsedJson, readMessages, type PartDraft } from './messages.ts'
import { field, readAttributes, type AttributeMap } from './values.ts'

/**
 * Messages as events. Up to 1.36 OpenTelemetry's GenAI conventions had one event for each message of a request
 * (`gen_ai.user.message`) and for each choice of the answer (`gen_ai.choice`), as events of the span or as log records that name
 * it; before 1.28 `gen_ai.content.prompt` and `gen_ai.content.completion`. Pydantic AI writes a list of them in an attribute.
 */
export interface MessageEvent {
  readonly name: string
  /** The body of a log record, else the attributes. */
  readonly body: Fields
}

export interface EventMessages {
  readonly request: readonly PartDraft[]
  readonly response: readonly PartDraft[]
  readonly finishReasons: readonly string[]
}

/** Since 1.37: one event with the attributes that a span could have. */
const DETAILS = 'gen_ai.client.inference.operation.details'

const NAMES = /^gen_ai\.(?:(?:system|user|assistant|tool)\.message|choice|content\.(?:prompt|completion))$/

/** Of a span's `events`; others are left out. */
export function eventsOfSpan(span: Fields): MessageEvent[] {
  return list(span['events']).flatMap((one) => {
    const event = fields(one)
    const name = text(event?.['name'])
    return name === undefined || !isRead(name) ? [] : [{ name, body: Object.fromEntries(readAttributes(event!['attributes'])) }]
  })
}

/** Of a log record: its name is a field, or in the attribute that names had before. */
export function eventOfLog(record: Fields, bodyOf: (value: unknown) => unknown): MessageEvent | undefined {
  const attributes = readAttributes(record['attributes'])
  const name = text(field(record, 'eventName')) || text(attributes.get('event.name'))
  if (name === undefined || !isRead(name)) return undefined
  const body = fields(parsedJson(bodyOf(record['body'])))
  return { name, body: { ...Object.fromEntries(attributes), ...body } }
}

const isRead = (name: string): boolean => name === DETAILS || NAMES.test(name)

/** With what events of the details say beside the span. */
export function withDetails(attributes: AttributeMap, events: readonly MessageEvent[]): AttributeMap {
  const details = events.filter(({ name }) => name === DETAILS)
  if (details.length === 0) return attributes
  const all = new Map(attributes)
  for (const { body } of details) for (const [key, value] of Object.entries(body)) if (!all.has(key)) all.set(key, value)
  return all
}

/** The events in an attribute: `[{ "event.name": "gen_ai.user.message", … }]`. */
export function eventsIn(said: unknown): MessageEvent[] {
  return list(parsedJson(said)).flatMap((one) => {
    const body = fields(one)
    const name = text(body?.['event.name'])
    return body === undefined || name === undefined || !NAMES.test(name) ? [] : [{ name, body }]
  })
}

/** What was asked and answered. Where no choice is among them, as in a whole conversation, its last messages are the answer. */
export function readEvents(events: readonly MessageEvent[]): EventMessages {
  const isChoice = ({ name }: MessageEvent): boolean => name === 'gen_ai.choice' || name === 'gen_ai.content.completion'
  const said = events.filter(({ name }) => name !== DETAILS)
  const choices = said.filter(isChoice)
  const others = said.filter((event) => !isChoice(event))
  const lastAsked = others.findLastIndex(({ name }) => name !== 'gen_ai.assistant.message')
  const from = choices.length > 0 || lastAsked === -1 ? others.length : lastAsked + 1
  return {
    request: others.slice(0, from).flatMap(partsOf),
    response: [...others.slice(from), ...choices].flatMap(partsOf),
    finishReasons: choices.flatMap(({ body }) => text(body['finish_reason']) ?? []),
  }
}

function partsOf({ name, body: said }: MessageEvent): PartDraft[] {
  // Azure's SDKs and Semantic Kernel write the body as JSON in one attribute.
  const body = { ...said, ...fields(parsedJson(said['gen_ai.event.content'])) }
  if (name === 'gen_ai.content.prompt') return readMessages(body['gen_ai.prompt'], 'user')
  if (name === 'gen_ai.content.completion') return readMessages(body['gen_ai.completion'], 'assistant')
  if (name !== 'gen_ai.choice') {
    const [, , role = ''] = /^(gen_ai)\.(\w+)/.exec(name) ?? []
    return message(body, role)
  }
  const inner = parsedJson(body['message'])
  // Strands has the blocks of the answer there, without a message around them.
  const found = fields(inner) === undefined || Array.isArray(inner) ? { content: inner } : fields(inner)!
  return message({ ...body, ...found }, 'assistant')
}

function message(body: Fields, role: string): PartDraft[] {
  const content = body['content']
  const blocks = parsedJson(content)
  return readMessages({
    role: text(body['role']) ?? role,
    content: Array.isArray(blocks) && blocks.every((block) => fields(block) !== undefined) ? blocks : content,
    parts: body['parts'],
    tool_calls: parsedJson(body['tool_calls']),
    id: body['id'],
    tool_call_id: body['tool_call_id'],
    name: body['name'],
  }, role === 'tool' ? 'tool-result' : 'other')
}
