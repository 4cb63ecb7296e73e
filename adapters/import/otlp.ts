import type { Outcome } from '../../src/model/span.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { eventOfLog, eventsOfSpan, type MessageEvent } from '../shared/otel/events.ts'
import { errorType, readFacts } from '../shared/otel/facts.ts'
import { anyValue, asNumber, field, readAttributes, type AttributeMap } from '../shared/otel/values.ts'
import { OWN_SCOPE, readOwnRun, readOwnSpan } from './otlp/own.ts'
import { toTrace, type FoundSpan, type FoundTrace } from './shared/found.ts'
import type { Importer, ImportResult, Sample, Source } from './shared/importer.ts'
import { Problems } from './shared/json-lines.ts'
import { readDocuments } from './shared/json.ts'
import { epochNs } from './shared/times.ts'

/**
 * OpenTelemetry's traces as JSON: `{ resourceSpans }` as the exporters and the collector write them, lists and lines of
 * those, and spans as the JavaScript SDK prints them; of log records (`{ resourceLogs }`) the messages of these spans. Field names
 * in snake_case, ids in base64 and times as numbers are read too, although the specification has none of them.
 */
export const otlp: Importer = {
  name: 'otlp',
  title: 'OTLP JSON',
  detect: ({ json, text: start }: Sample) =>
    documents(json).some(isOurs) || /"(resourceSpans|resource_spans|resourceLogs|resource_logs)"\s*:/.test(start),
  read,
}

const isOurs = (value: unknown): boolean => {
  const object = fields(value)
  return field(object, 'resourceSpans') !== undefined || field(object, 'resourceLogs') !== undefined || isPrinted(object)
}

/** A span of the JavaScript SDK, printed as an object. */
const isPrinted = (object: Fields | undefined): boolean =>
  text(spanContext(object)?.['traceId']) !== undefined && Array.isArray(object?.['startTime'])

const spanContext = (object: Fields | undefined): Fields | undefined => fields(object?.['spanContext'])

const documents = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

function read(source: Source): ImportResult {
  const problems = new Problems()
  const reader = new Reader(problems)
  for (const { value, line } of readDocuments({ ...source, text: withExactTimes(source.text) }, problems)) {
    for (const one of documents(value)) reader.document(fields(one), line)
  }
  const traces = reader.traces().flatMap((found) => toTrace(found, problems) ?? [])
  if (traces.length === 0) problems.add(`${source.name} holds no span that could be read`)
  return { traces, problems: problems.all() }
}

/** Times that are written as numbers lose their last digits when JSON is read: they become texts before. */
const withExactTimes = (json: string): string =>
  json.replace(/(?<!\\)("(?:start_?|end_?)?[tT]ime_?[uU]nix_?[nN]ano"\s*:\s*)(\d{16,19})(?=\s*[,}])/g, '$1"$2"')

/** A span whose ids and times are known. What it says is read when all of the file was seen: log records come after it. */
interface Placed {
  readonly traceId: string
  readonly span: Fields
  readonly id: string
  readonly parent: string | undefined
  readonly scope: string | undefined
  readonly startNs: bigint
  readonly endNs: bigint | undefined
  readonly resource: AttributeMap
  readonly line: number | undefined
}

class Reader {
  readonly #runs = new Map<string, Placed[]>()
  readonly #logged = new Map<string, MessageEvent[]>()
  readonly #problems: Problems

  constructor(problems: Problems) {
    this.#problems = problems
  }

  document(document: Fields | undefined, line: number | undefined): void {
    if (isPrinted(document)) return this.#printed(document!, line)
    const [resources, logs] = [field(document, 'resourceSpans'), field(document, 'resourceLogs')]
    for (const one of list(logs)) for (const scoped of list(field(fields(one), 'scopeLogs'))) this.#logs(fields(scoped))
    if (!Array.isArray(resources)) {
      if (!Array.isArray(logs)) this.#problems.add('expected an object with resourceSpans, a list', line)
      return
    }
    for (const one of resources) {
      const said = fields(one)
      const resource = readAttributes(fields(said?.['resource'])?.['attributes'])
      const scopes = field(said, 'scopeSpans') ?? field(said, 'instrumentationLibrarySpans')
      for (const scoped of list(scopes)) this.#scope(fields(scoped), resource, line)
    }
  }

  #scope(scoped: Fields | undefined, resource: AttributeMap, line: number | undefined): void {
    const scope = text(fields(scoped?.['scope'] ?? field(scoped, 'instrumentationLibrary'))?.['name'])
    for (const one of list(scoped?.['spans'])) {
      const span = fields(one)
      // 0 is no time in OTLP, but that of a recording without a clock in what we write.
      const timeOf = (name: string): bigint | undefined => {
        const time = field(span, name)
        return epochNs(time) ?? (scope === OWN_SCOPE && time === '0' ? 0n : undefined)
      }
      this.#place({
        span: span ?? {}, scope, resource, line,
        traceId: readId(field(span, 'traceId'), 16),
        id: readId(field(span, 'spanId'), 8),
        parent: readId(field(span, 'parentSpanId'), 8),
        startNs: timeOf('startTimeUnixNano'),
        endNs: timeOf('endTimeUnixNano'),
      })
    }
  }

  #printed(span: Fields, line: number | undefined): void {
    const context = spanContext(span)
    this.#place({
      span, line,
      scope: text(fields(span['instrumentationScope'] ?? span['instrumentationLibrary'])?.['name']),
      resource: readAttributes(fields(span['resource'])?.['attributes']),
      traceId: readId(context?.['traceId'], 16),
      id: readId(context?.['spanId'], 8),
      parent: readId(span['parentSpanId'] ?? fields(span['parentSpanContext'])?.['spanId'], 8),
      startNs: clockNs(span['startTime']),
      endNs: clockNs(span['endTime']),
    })
  }

  #place({ traceId, id, startNs, ...rest }: Partly<Placed, 'traceId' | 'id' | 'startNs'>): void {
    if (traceId === undefined || id === undefined || startNs === undefined) {
      return this.#problems.add('a span without a trace id, an id or a start: left out', rest.line)
    }
    const placed = { traceId, id, startNs, ...rest }
    const run = this.#runs.get(traceId)
    if (run === undefined) this.#runs.set(traceId, [placed])
    else run.push(placed)
  }

  #logs(scoped: Fields | undefined): void {
    for (const one of list(field(scoped, 'logRecords'))) {
      const record = fields(one) ?? {}
      const event = eventOfLog(record, anyValue)
      if (event === undefined) continue
      const of = `${readId(field(record, 'traceId'), 16)} ${readId(field(record, 'spanId'), 8)}`
      const before = this.#logged.get(of)
      if (before === undefined) this.#logged.set(of, [event])
      else before.push(event)
    }
  }

  traces(): FoundTrace[] {
    return [...this.#runs].map(([key, placed]) => {
      const services = placed.flatMap(({ resource, scope }) => {
        const name = text(resource.get('service.name'))
        return name === undefined || (scope === OWN_SCOPE && name === NO_SERVICE) ? [] : [name]
      })
      let run: ReturnType<typeof readOwnRun>
      const spans = placed.map((one) => {
        const attributes = readAttributes(one.span['attributes'])
        if (one.scope !== OWN_SCOPE) return this.#span(one, attributes)
        run ??= readOwnRun(attributes, one.resource, one.startNs)
        return readOwnSpan({ ...one, name: nameOf(one) }, attributes)
      })
      return { ...run, key, service: services[0], spans }
    })
  }

  #span(placed: Placed, attributes: AttributeMap): FoundSpan {
    const { traceId, span, id, parent, scope, startNs, endNs } = placed
    const name = nameOf(placed)
    const events = [...eventsOfSpan(span), ...this.#logged.get(`${traceId} ${id}`) ?? []]
    const { doubt, ...facts } = readFacts(attributes, scope, name, startNs, events)
    if (doubt !== undefined) this.#problems.add(`the span ${name} (${id}) ${doubt}`, placed.line)
    return { key: id, parent, name, startNs, endNs, outcome: outcomeOf(span, attributes), ...facts }
  }
}

type Partly<T, Keys extends keyof T> = Omit<T, Keys> & { readonly [Key in Keys]: T[Key] | undefined }

/** What a service without a name is called in what we write. */
const NO_SERVICE = 'unknown_service'

const nameOf = ({ span }: Placed): string => text(span['name']) ?? 'unnamed'

const ERRORS: ReadonlySet<unknown> = new Set([2, '2', 'STATUS_CODE_ERROR', 'ERROR'])

function outcomeOf(span: Fields, attributes: AttributeMap): Outcome {
  const status = fields(span['status'])
  if (!ERRORS.has(status?.['code'])) return { state: 'ok' }
  const event = list(span['events']).map(fields).find((one) => one?.['name'] === 'exception')
  const exception = readAttributes(event?.['attributes'])
  const type = errorType(attributes) ?? text(exception.get('exception.type')) ?? 'Error'
  return { state: 'failed', type, message: text(status?.['message']) ?? text(exception.get('exception.message')) ?? '' }
}

const BASE64: ReadonlyMap<number, RegExp> = new Map([[16, /^[A-Za-z0-9+/]{22}==$/], [8, /^[A-Za-z0-9+/]{11}=$/]])

/**
 * Ids are hex digits; old exporters that let Protobuf write the JSON give base64. What is neither is kept as it is.
 * @returns undefined for an id that is absent, empty or all zero
 */
function readId(value: unknown, bytes: 8 | 16): string | undefined {
  if (typeof value !== 'string' || value === '' || /^0+$/.test(value)) return undefined
  if (/^[0-9a-f]+$/i.test(value) && value.length === bytes * 2) return value.toLowerCase()
  if (!BASE64.get(bytes)!.test(value)) return value
  const hex = [...atob(value)].map((char) => char.charCodeAt(0).toString(16).padStart(2, '0')).join('')
  return /^0+$/.test(hex) ? undefined : hex
}

/** The SDK's `[seconds, nanoseconds]`. */
function clockNs(value: unknown): bigint | undefined {
  const [seconds, ns] = list(value).map(asNumber)
  if (!Number.isSafeInteger(seconds) || !Number.isSafeInteger(ns) || seconds! <= 0) return undefined
  return epochNs(String(BigInt(seconds!) * 1_000_000_000n + BigInt(ns!)))
}
