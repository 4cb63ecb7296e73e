import { PbfReader, PbfWriter } from 'pbf'

/**
 * OTLP as Protobuf, read into what its JSON form is: ids as hex digits, 64-bit numbers as decimal texts. Of the messages of version
 * 1.x of opentelemetry-proto what is used here; all other fields are skipped.
 */
type Scalar = 'string' | 'hex' | 'base64' | 'bool' | 'enum' | 'int64' | 'fixed64' | 'double'
type Field = readonly [name: string, type: Scalar | (() => Schema), many?: 'many']
type Schema = Readonly<Record<number, Field>>

const [VARINT, FIXED64, BYTES] = [0, 1, 2] as const
const WIRE: Readonly<Record<Scalar, number>> = {
  string: BYTES, hex: BYTES, base64: BYTES, bool: VARINT, enum: VARINT, int64: VARINT, fixed64: FIXED64, double: FIXED64,
}

const anyValue: Schema = {
  1: ['stringValue', 'string'], 2: ['boolValue', 'bool'], 3: ['intValue', 'int64'], 4: ['doubleValue', 'double'],
  5: ['arrayValue', () => arrayValue], 6: ['kvlistValue', () => kvlistValue], 7: ['bytesValue', 'base64'],
}
const arrayValue: Schema = { 1: ['values', () => anyValue, 'many'] }
const keyValue: Schema = { 1: ['key', 'string'], 2: ['value', () => anyValue] }
const kvlistValue: Schema = { 1: ['values', () => keyValue, 'many'] }
const resource: Schema = { 1: ['attributes', () => keyValue, 'many'] }
const scope: Schema = { 1: ['name', 'string'], 2: ['version', 'string'] }

const event: Schema = { 1: ['timeUnixNano', 'fixed64'], 2: ['name', 'string'], 3: ['attributes', () => keyValue, 'many'] }
const link: Schema = { 1: ['traceId', 'hex'], 2: ['spanId', 'hex'], 4: ['attributes', () => keyValue, 'many'] }
const status: Schema = { 2: ['message', 'string'], 3: ['code', 'enum'] }
const span: Schema = {
  1: ['traceId', 'hex'], 2: ['spanId', 'hex'], 4: ['parentSpanId', 'hex'], 5: ['name', 'string'], 6: ['kind', 'enum'],
  7: ['startTimeUnixNano', 'fixed64'], 8: ['endTimeUnixNano', 'fixed64'], 9: ['attributes', () => keyValue, 'many'],
  11: ['events', () => event, 'many'], 13: ['links', () => link, 'many'], 15: ['status', () => status],
}
const scopeSpans: Schema = { 1: ['scope', () => scope], 2: ['spans', () => span, 'many'] }
const resourceSpans: Schema = { 1: ['resource', () => resource], 2: ['scopeSpans', () => scopeSpans, 'many'] }

const logRecord: Schema = {
  1: ['timeUnixNano', 'fixed64'], 5: ['body', () => anyValue], 6: ['attributes', () => keyValue, 'many'], 9: ['traceId', 'hex'],
  10: ['spanId', 'hex'], 11: ['observedTimeUnixNano', 'fixed64'], 12: ['eventName', 'string'],
}
const scopeLogs: Schema = { 1: ['scope', () => scope], 2: ['logRecords', () => logRecord, 'many'] }
const resourceLogs: Schema = { 1: ['resource', () => resource], 2: ['scopeLogs', () => scopeLogs, 'many'] }

/** Only counted. */
const points: Schema = { 1: ['dataPoints', () => ({}), 'many'] }
const metric: Schema = { 5: ['gauge', () => points], 7: ['sum', () => points], 9: ['histogram', () => points], 10: ['exponentialHistogram', () => points], 11: ['summary', () => points] }
const scopeMetrics: Schema = { 2: ['metrics', () => metric, 'many'] }
const resourceMetrics: Schema = { 2: ['scopeMetrics', () => scopeMetrics, 'many'] }

const REQUESTS = {
  traces: { 1: ['resourceSpans', () => resourceSpans, 'many'] },
  logs: { 1: ['resourceLogs', () => resourceLogs, 'many'] },
  metrics: { 1: ['resourceMetrics', () => resourceMetrics, 'many'] },
} as const satisfies Readonly<Record<string, Schema>>

export type Signal = keyof typeof REQUESTS

/** Deeper values are left out, as from JSON. */
const MAX_DEPTH = 64

/** @throws Error that says what is wrong with the message */
export function decodeRequest(bytes: Uint8Array, signal: Signal): object {
  return message(new PbfReader(bytes), REQUESTS[signal], bytes.length, 0)
}

function message(reader: PbfReader, schema: Schema, end: number, depth: number): object {
  const read: Record<string, unknown> = {}
  for (let number = reader.nextField(end); number !== 0; number = reader.nextField(end)) {
    const field = schema[number]
    if (field === undefined) continue
    const [name, type, many] = field
    // A field of another wire type than it should have is an unknown one, and skipped by the next step.
    if (reader.type !== (typeof type === 'function' ? BYTES : WIRE[type])) continue
    const value = typeof type === 'function' ? inner(reader, type(), end, depth) : scalar(reader, type)
    if (value === undefined) continue
    const before = read[name]
    if (many !== undefined && Array.isArray(before)) before.push(value)
    else read[name] = many === undefined ? value : [value]
  }
  if (reader.pos !== end) throw new RangeError(`the message ends inside of a field, at byte ${Math.min(reader.pos, reader.length)}`)
  return read
}

function inner(reader: PbfReader, schema: Schema, end: number, depth: number): object | undefined {
  const length = reader.readVarint()
  const innerEnd = reader.pos + length
  if (!(innerEnd <= end)) throw new RangeError(`a field is longer than the message, at byte ${Math.min(reader.pos, reader.length)}`)
  if (depth < MAX_DEPTH) return message(reader, schema, innerEnd, depth + 1)
  reader.pos = innerEnd
  return undefined
}

function scalar(reader: PbfReader, type: Scalar): unknown {
  switch (type) {
    case 'string': return reader.readString()
    case 'hex': return hexOf(reader.readBytes())
    case 'base64': return bufferOf(reader.readBytes()).toString('base64')
    case 'bool': return reader.readBoolean()
    case 'enum': return reader.readVarint()
    case 'int64': return varint64(reader)
    case 'double': return reader.readDouble()
    case 'fixed64': {
      const time = reader.dataView.getBigUint64(reader.pos, true)
      reader.pos += 8
      return String(time)
    }
  }
}

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
const hexOf = (bytes: Uint8Array): string => bufferOf(bytes).toString('hex')

/** With all its digits. */
function varint64(reader: PbfReader): string {
  const first = reader.buf[reader.pos]!
  if (first < 0x80) {
    reader.pos++
    return String(first)
  }
  let value = 0n
  for (let shift = 0n; shift < 70n; shift += 7n) {
    const byte = reader.buf[reader.pos++]
    if (byte === undefined) break
    value |= BigInt(byte & 0x7f) << shift
    if (byte < 0x80) return String(BigInt.asIntN(64, value))
  }
  throw new RangeError('a number of more than 64 bits')
}

/** `ExportTraceServiceResponse` and its like: `partial_success { rejected, error_message }`. */
export function encodePartialSuccess(rejected: number, text: string): Uint8Array {
  const writer = new PbfWriter()
  if (rejected > 0 || text !== '') {
    writer.writeMessage(1, (_value, inside) => {
      if (rejected > 0) inside.writeVarintField(1, rejected)
      if (text !== '') inside.writeStringField(2, text)
    }, undefined)
  }
  return writer.finish()
}

/** `google.rpc.Status` */
export function encodeStatus(code: number, text: string): Uint8Array {
  const writer = new PbfWriter()
  writer.writeVarintField(1, code)
  writer.writeStringField(2, text)
  return writer.finish()
}
