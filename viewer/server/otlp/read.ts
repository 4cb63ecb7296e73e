import { eventOfLog, eventsOfSpan } from '../../../adapters/shared/otel/events.ts'
import { anyValue, field } from '../../../adapters/shared/otel/values.ts'
import type { ContentFilter } from './content.ts'
import type { WireAttribute, WireGroup, WireLog, WireSpan, WireValue } from './wire.ts'

/** What a request brings, by trace; and what of it cannot be kept. */
export interface ReadRequest {
  readonly groups: ReadonlyMap<string, WireGroup[]>
  readonly accepted: number
  readonly rejected: number
}

/** Of a span. More than an importer reads, less than anybody could fill a disk with. */
const MAX_ATTRIBUTES = 1_024
const MAX_EVENTS = 1_024
const MAX_LINKS = 128
const MAX_CHARS = 16_384
const MAX_DEPTH = 16

type Fields = Readonly<Record<string, unknown>>

const fields = (value: unknown): Fields | undefined => (typeof value === 'object' && value !== null && !Array.isArray(value) ? value as Fields : undefined)
const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])
const textIn = (object: Fields | undefined, name: string): string | undefined => {
  const value = field(object, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * Spans and messages of a request in OTLP's JSON form, also one that came as Protobuf. Ids in base64 and names in snake_case are read
 * as the importer does.
 * @throws TypeError when it is no request
 */
export function readRequest(document: unknown, signal: 'traces' | 'logs', filter: ContentFilter): ReadRequest {
  const reader = new RequestReader(filter)
  const whole = fields(document)
  if (whole === undefined) throw new TypeError('expected an object')
  const name = signal === 'traces' ? 'resourceSpans' : 'resourceLogs'
  const resources = field(whole, name)
  if (resources !== undefined && !Array.isArray(resources)) throw new TypeError(`expected ${name} to be a list`)
  for (const one of list(resources)) reader.resource(fields(one), signal)
  return reader
}

class RequestReader implements ReadRequest {
  readonly groups = new Map<string, WireGroup[]>()
  accepted = 0
  rejected = 0
  readonly #filter: ContentFilter

  constructor(filter: ContentFilter) {
    this.#filter = filter
  }

  resource(said: Fields | undefined, signal: 'traces' | 'logs'): void {
    const resource = this.#filter.attributes(attributesOf(fields(field(said, 'resource'))?.['attributes']).filter(({ key }) => RESOURCE.has(key)))
    const scopes = field(said, signal === 'traces' ? 'scopeSpans' : 'scopeLogs') ?? field(said, 'instrumentationLibrarySpans')
    for (const one of list(scopes)) {
      const scoped = fields(one)
      const named = fields(field(scoped, 'scope') ?? field(scoped, 'instrumentationLibrary'))
      const [name, version] = [textIn(named, 'name'), textIn(named, 'version')]
      const scope = name === undefined ? undefined : { name: clip(name, 200), ...(version !== undefined && { version: clip(version, 100) }) }
      const into = new Map<string, WireGroup>()
      for (const item of list(field(scoped, signal === 'traces' ? 'spans' : 'logRecords'))) {
        const found = signal === 'traces' ? this.#span(fields(item)) : this.#log(fields(item))
        if (found === undefined) {
          this.rejected++
          continue
        }
        this.accepted++
        let group = into.get(found.traceId)
        if (group === undefined) into.set(found.traceId, group = { resource, scope, spans: [], logs: [] })
        if ('name' in found) group.spans.push(found)
        else group.logs.push(found)
      }
      for (const [traceId, group] of into) {
        const before = this.groups.get(traceId)
        if (before === undefined) this.groups.set(traceId, [group])
        else before.push(group)
      }
    }
  }

  #span(said: Fields | undefined): WireSpan | undefined {
    const traceId = idOf(field(said, 'traceId'), 16)
    const spanId = idOf(field(said, 'spanId'), 8)
    const startTimeUnixNano = timeOf(field(said, 'startTimeUnixNano'))
    if (traceId === undefined || spanId === undefined || startTimeUnixNano === undefined) return undefined
    const parentSpanId = idOf(field(said, 'parentSpanId'), 8)
    const endTimeUnixNano = timeOf(field(said, 'endTimeUnixNano'))
    const kind = field(said, 'kind')
    const events = this.#events(said!)
    const links = this.#links(said!)
    const status = this.#status(fields(field(said, 'status')))
    return {
      traceId, spanId,
      ...(parentSpanId !== undefined && { parentSpanId }),
      name: clip(this.#filter.text(textIn(said, 'name') ?? ''), MAX_CHARS),
      ...(typeof kind === 'number' && { kind }),
      startTimeUnixNano,
      ...(endTimeUnixNano !== undefined && { endTimeUnixNano }),
      attributes: this.#filter.attributes(attributesOf(field(said, 'attributes'))),
      ...(events.length > 0 && { events }),
      ...(links.length > 0 && { links }),
      ...(status !== undefined && { status }),
    }
  }

  /** Those that are read: messages, attempts of calls, and what an exception was. */
  #events(said: Fields): NonNullable<WireSpan['events']> {
    return list(field(said, 'events')).slice(0, MAX_EVENTS).flatMap((one) => {
      const event = fields(one)
      const name = textIn(event, 'name')
      if (event === undefined || name === undefined) return []
      const isMessage = eventsOfSpan({ events: [event] }).length > 0
      if (!isMessage && name !== 'exception' && name !== 'spanwise.attempt') return []
      const timeUnixNano = timeOf(field(event, 'timeUnixNano'))
      const all = attributesOf(event['attributes'])
      const attributes = isMessage && !name.startsWith('gen_ai.client.') ? this.#filter.message(all)
        : this.#filter.attributes(name === 'exception' ? all.filter(({ key }) => key === 'exception.type' || key === 'exception.message') : all)
      return [{ ...(timeUnixNano !== undefined && { timeUnixNano }), name, attributes }]
    })
  }

  #links(said: Fields): NonNullable<WireSpan['links']> {
    return list(field(said, 'links')).slice(0, MAX_LINKS).flatMap((one) => {
      const link = fields(one)
      const [traceId, spanId] = [idOf(field(link, 'traceId'), 16), idOf(field(link, 'spanId'), 8)]
      const attributes = attributesOf(link?.['attributes']).filter(({ key }) => key === 'spanwise.link')
      return spanId === undefined ? [] : [{ ...(traceId !== undefined && { traceId }), spanId, attributes }]
    })
  }

  #status(said: Fields | undefined): WireSpan['status'] {
    const message = textIn(said, 'message')
    const code = STATUS_CODES.get(said?.['code'])
    return code === undefined ? undefined : { code, ...(message !== undefined && { message: clip(this.#filter.text(message), MAX_CHARS) }) }
  }

  /** A record that is a message of a call; no other is read. */
  #log(said: Fields | undefined): WireLog | undefined {
    const [traceId, spanId] = [idOf(field(said, 'traceId'), 16), idOf(field(said, 'spanId'), 8)]
    if (said === undefined || traceId === undefined || spanId === undefined) return undefined
    const found = eventOfLog(said, anyValue)
    if (found === undefined) return undefined
    const body = valueOf(said['body'], 0)
    const timeUnixNano = timeOf(field(said, 'timeUnixNano')) ?? timeOf(field(said, 'observedTimeUnixNano'))
    const attributes = attributesOf(said['attributes']).filter(({ key }) => key !== 'event.name')
    return {
      traceId, spanId, eventName: found.name,
      ...(timeUnixNano !== undefined && { timeUnixNano }),
      attributes: found.name.startsWith('gen_ai.client.') ? this.#filter.attributes(attributes) : this.#filter.message(attributes),
      ...(body !== undefined && { body: this.#filter.body(body) }),
    }
  }
}

/** What is read of a resource; the rest comes again with every request and tells of machines and people. */
const RESOURCE: ReadonlySet<string> = new Set([
  'service.name', 'service.version', 'service.namespace', 'deployment.environment.name', 'deployment.environment', 'telemetry.sdk.language',
  'telemetry.sdk.name', 'telemetry.sdk.version', 'process.pid', 'process.runtime.description', 'os.description',
])

const STATUS_CODES: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  [1, 1], ['1', 1], ['STATUS_CODE_OK', 1], [2, 2], ['2', 2], ['STATUS_CODE_ERROR', 2],
])

/** In hex digits of lower case. @returns undefined for what is none, and for one that is all zero */
function idOf(value: unknown, bytes: 8 | 16): string | undefined {
  if (typeof value !== 'string') return undefined
  const isBase64 = value.length === Math.ceil(bytes / 3) * 4 && /^[A-Za-z0-9+/]+={1,2}$/.test(value)
  const hex = isBase64 ? Buffer.from(value, 'base64').toString('hex') : value.toLowerCase()
  return hex.length === bytes * 2 && /^[0-9a-f]+$/.test(hex) && !/^0+$/.test(hex) ? hex : undefined
}

/** Nanoseconds since 1970 as a text: a number cannot hold them. */
function timeOf(value: unknown): string | undefined {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return String(BigInt(Math.round(value)))
  return typeof value === 'string' && /^\d{1,19}$/.test(value) && !/^0+$/.test(value) ? value : undefined
}

function attributesOf(value: unknown): WireAttribute[] {
  const found: WireAttribute[] = []
  for (const item of list(value)) {
    if (found.length >= MAX_ATTRIBUTES) break
    const pair = fields(item)
    const key = pair?.['key']
    const inner = typeof key === 'string' ? valueOf(pair!['value'], 0) : undefined
    if (inner !== undefined) found.push({ key: clip(key as string, 300), value: inner })
  }
  return found
}

function valueOf(said: unknown, depth: number): WireValue | undefined {
  const any = fields(said)
  if (any === undefined || depth > MAX_DEPTH) return undefined
  const text = field(any, 'stringValue')
  if (typeof text === 'string') return { stringValue: text }
  const bool = field(any, 'boolValue')
  if (typeof bool === 'boolean') return { boolValue: bool }
  const int = field(any, 'intValue')
  if (Number.isSafeInteger(int) || (typeof int === 'string' && /^-?\d{1,20}$/.test(int))) return { intValue: int as string | number }
  // JavaScript's SDK takes every number without a fraction for a whole one.
  const double = field(any, 'doubleValue') ?? (typeof int === 'number' ? int : undefined)
  if (typeof double === 'number') return { doubleValue: Number.isFinite(double) ? double : String(double) }
  if (double === 'NaN' || double === 'Infinity' || double === '-Infinity') return { doubleValue: double }
  const bytes = field(any, 'bytesValue')
  if (typeof bytes === 'string') return { bytesValue: bytes }
  const items = fields(field(any, 'arrayValue'))
  if (items !== undefined) return { arrayValue: { values: list(items['values']).flatMap((one) => valueOf(one, depth + 1) ?? []) } }
  const pairs = fields(field(any, 'kvlistValue'))
  if (pairs === undefined) return undefined
  return {
    kvlistValue: {
      values: list(pairs['values']).flatMap((one) => {
        const [key, value] = [fields(one)?.['key'], valueOf(fields(one)?.['value'], depth + 1)]
        return typeof key === 'string' && value !== undefined ? [{ key, value }] : []
      }),
    },
  }
}

const clip = (text: string, most: number): string => (text.length <= most ? text : `${text.slice(0, most - 1)}…`)

/** One line of a trace's file. */
export function lineOf(groups: readonly WireGroup[]): string {
  const about = ({ resource, scope }: WireGroup) => ({ ...(resource.length > 0 && { resource: { attributes: resource } }), scope })
  const spans = groups.filter((group) => group.spans.length > 0).map((group) => {
    const { scope, ...rest } = about(group)
    return { ...rest, scopeSpans: [{ ...(scope !== undefined && { scope }), spans: group.spans }] }
  })
  const logs = groups.filter((group) => group.logs.length > 0).map((group) => {
    const { scope, ...rest } = about(group)
    return { ...rest, scopeLogs: [{ ...(scope !== undefined && { scope }), logRecords: group.logs }] }
  })
  return JSON.stringify({ ...(spans.length > 0 && { resourceSpans: spans }), ...(logs.length > 0 && { resourceLogs: logs }) })
}
