import type { Outcome } from '../../src/model/span.ts'
import { fields, list, text, type Fields } from '../shared/json.ts'
import { errorType, readFacts } from './otlp/facts.ts'
import { asNumber, field, readAttributes, type AttributeMap } from './otlp/values.ts'
import { toTrace, type FoundSpan } from './shared/found.ts'
import type { Importer, ImportResult, Sample, Source } from './shared/importer.ts'
import { readDocuments } from './shared/json.ts'
import { Problems } from './shared/json-lines.ts'
import { epochNs } from './shared/times.ts'

/**
 * OpenTelemetry's traces as JSON: `{ resourceSpans }` as the exporters and the collector write them, lists and lines of
 * those, and spans as the JavaScript SDK prints them. Field names in snake_case, ids in base64 and times as numbers are
 * read too, although the specification has none of them.
 */
export const otlp: Importer = {
  name: 'otlp',
  title: 'OTLP JSON',
  detect: ({ json, text: start }: Sample) => documents(json).some(isOurs) || /"(resourceSpans|resource_spans)"\s*:/.test(start),
  read,
}

const isOurs = (value: unknown): boolean => {
  const object = fields(value)
  return field(object, 'resourceSpans') !== undefined || isPrinted(object)
}

/** A span of the JavaScript SDK, printed as an object. */
const isPrinted = (object: Fields | undefined): boolean =>
  text(spanContext(object)?.['traceId']) !== undefined && Array.isArray(object?.['startTime'])

const spanContext = (object: Fields | undefined): Fields | undefined => fields(object?.['spanContext'])

const documents = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [value])

interface Run {
  readonly spans: FoundSpan[]
  service: string | undefined
}

function read(source: Source): ImportResult {
  const problems = new Problems()
  const reader = new Reader(problems)
  for (const { value, line } of readDocuments({ ...source, text: withExactTimes(source.text) }, problems)) {
    for (const one of documents(value)) reader.document(fields(one), line)
  }
  const traces = [...reader.runs].flatMap(([key, { spans, service }]) => toTrace({ key, service, spans }, problems) ?? [])
  if (traces.length === 0) problems.add(`${source.name} holds no span that could be read`)
  return { traces, problems: problems.all() }
}

/** Times that are written as numbers lose their last digits when JSON is read: they become texts before. */
const withExactTimes = (json: string): string =>
  json.replace(/(?<!\\)("(?:start|end)_?[tT]ime_?[uU]nix_?[nN]ano"\s*:\s*)(\d{16,19})(?=\s*[,}])/g, '$1"$2"')

class Reader {
  readonly runs = new Map<string, Run>()
  readonly #problems: Problems

  constructor(problems: Problems) {
    this.#problems = problems
  }

  document(document: Fields | undefined, line: number | undefined): void {
    if (isPrinted(document)) return this.#printed(document!, line)
    const resources = field(document, 'resourceSpans')
    if (!Array.isArray(resources)) return this.#problems.add('expected an object with resourceSpans, a list', line)
    for (const one of resources) {
      const resource = fields(one)
      const service = text(readAttributes(fields(resource?.['resource'])?.['attributes']).get('service.name'))
      const scopes = field(resource, 'scopeSpans') ?? field(resource, 'instrumentationLibrarySpans')
      for (const scoped of list(scopes)) this.#scope(fields(scoped), service, line)
    }
  }

  #scope(scoped: Fields | undefined, service: string | undefined, line: number | undefined): void {
    const scope = text(fields(scoped?.['scope'] ?? field(scoped, 'instrumentationLibrary'))?.['name'])
    for (const one of list(scoped?.['spans'])) {
      const span = fields(one)
      const [traceId, id] = [readId(field(span, 'traceId'), 16), readId(field(span, 'spanId'), 8)]
      const startNs = epochNs(field(span, 'startTimeUnixNano'))
      if (traceId === undefined || id === undefined || startNs === undefined) {
        this.#problems.add('a span without a trace id, an id or a start: left out', line)
        continue
      }
      const parent = readId(field(span, 'parentSpanId'), 8)
      this.#add(traceId, service, this.#span({ span: span!, id, parent, scope, startNs, endNs: epochNs(field(span, 'endTimeUnixNano')) }, line))
    }
  }

  #printed(span: Fields, line: number | undefined): void {
    const context = spanContext(span)
    const [traceId, id] = [readId(context?.['traceId'], 16), readId(context?.['spanId'], 8)]
    const startNs = clockNs(span['startTime'])
    if (traceId === undefined || id === undefined || startNs === undefined) {
      return this.#problems.add('a span without a trace id, an id or a start: left out', line)
    }
    const parent = readId(span['parentSpanId'] ?? fields(span['parentSpanContext'])?.['spanId'], 8)
    const scope = text(fields(span['instrumentationScope'] ?? span['instrumentationLibrary'])?.['name'])
    const service = text(readAttributes(fields(span['resource'])?.['attributes']).get('service.name'))
    this.#add(traceId, service, this.#span({ span, id, parent, scope, startNs, endNs: clockNs(span['endTime']) }, line))
  }

  #add(traceId: string, service: string | undefined, span: FoundSpan): void {
    const run = this.runs.get(traceId)
    if (run === undefined) this.runs.set(traceId, { spans: [span], service })
    else {
      run.spans.push(span)
      run.service ??= service
    }
  }

  #span({ span, id, parent, scope, startNs, endNs }: Placed, line: number | undefined): FoundSpan {
    const name = text(span['name']) ?? 'unnamed'
    const attributes = readAttributes(span['attributes'])
    const { doubt, ...facts } = readFacts(attributes, scope, name, startNs)
    if (doubt !== undefined) this.#problems.add(`the span ${name} (${id}) ${doubt}`, line)
    return { key: id, parent, name, startNs, endNs, outcome: outcomeOf(span, attributes), ...facts }
  }
}

interface Placed {
  readonly span: Fields
  readonly id: string
  readonly parent: string | undefined
  readonly scope: string | undefined
  readonly startNs: bigint
  readonly endNs: bigint | undefined
}

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
