import { SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { JsonTraceSerializer, ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import { PbfWriter } from 'pbf'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { RunList } from '../viewer/api.ts'
import { ContentFilter } from '../viewer/server/otlp/content.ts'
import { decodeRequest } from '../viewer/server/otlp/protobuf.ts'
import { readRequest } from '../viewer/server/otlp/read.ts'
import { Board } from './support/dashboard.ts'
import { seeded } from './support/random.ts'

/** Spans of OpenTelemetry's own SDK with all that the protocol can say, and more. */
function sdkSpans(): ReadableSpan[] {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  const tracer = provider.getTracer('an-instrumentation', '1.2.3')
  const root = tracer.startSpan('agent', { kind: SpanKind.SERVER, startTime: [1_760_000_000, 123_456_789] })
  const child = tracer.startSpan('chat gpt-5-mini', {
    startTime: [1_760_000_000, 223_456_789],
    attributes: {
      'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-5-mini', 'gen_ai.usage.input_tokens': 1200, 'gen_ai.usage.output_tokens': 80,
      bool: true, no: false, zero: 0, negative: -17, large: Number.MAX_SAFE_INTEGER, least: Number.MIN_SAFE_INTEGER, double: 1.5e300, texts: ['a', 'ü'], numbers: [1, 2.5], empty: '', long: 'x'.repeat(10_000),
    },
    links: [{ context: { ...root.spanContext(), traceFlags: TraceFlags.SAMPLED }, attributes: { 'spanwise.link': 'issued_by' } }],
  })
  child.addEvent('gen_ai.user.message', { content: 'Hello' }, [1_760_000_000, 300_000_000])
  child.recordException(new TypeError('it broke'), [1_760_000_000, 400_000_000])
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' })
  child.end([1_760_000_001, 1])
  root.end([1_760_000_002, 999_999_999])
  const traceId = root.spanContext().traceId
  return exporter.getFinishedSpans().map((span) => {
    const isRoot = span.name === 'agent'
    return Object.assign(Object.create(span) as ReadableSpan, {
      spanContext: () => ({ ...span.spanContext(), traceId }),
      ...(!isRoot && { parentSpanContext: { ...root.spanContext(), traceFlags: TraceFlags.SAMPLED } }),
    })
  })
}

const spans = sdkSpans()
const packed = ProtobufTraceSerializer.serializeRequest(spans)!
const json: unknown = JSON.parse(Buffer.from(JsonTraceSerializer.serializeRequest(spans)!).toString())

describe('what another encoder wrote', () => {
  test.each(['full', 'none'] as const)('says the same as its JSON (%s)', (content) => {
    const filter = new ContentFilter(content)
    const [fromBytes, fromJson] = [readRequest(decodeRequest(packed, 'traces'), 'traces', filter), readRequest(json, 'traces', filter)]
    expect(fromBytes.accepted).toBe(2)
    // Numbers are texts in one and not in the other, and both are OTLP.
    const plain = (groups: typeof fromBytes.groups): unknown => JSON.parse(JSON.stringify([...groups], (_key, value: unknown) => value), (key, value: unknown) =>
      (key === 'intValue' ? Number(value) : value))
    expect(plain(fromBytes.groups)).toEqual(plain(fromJson.groups))
  })

  test('with all digits of 64-bit numbers', () => {
    const attribute = (value: (inside: PbfWriter) => void): Uint8Array => {
      const nested = (numbers: readonly number[], at: number, writer: PbfWriter): void => {
        if (at === numbers.length) return value(writer)
        writer.writeMessage(numbers[at]!, (_none, inside) => nested(numbers, at + 1, inside), undefined)
      }
      const writer = new PbfWriter()
      nested([1, 2, 2, 9, 2], 0, writer)
      return writer.finish()
    }
    const valueOf = (bytes: Uint8Array): unknown => {
      let found: unknown
      JSON.stringify(decodeRequest(bytes, 'traces'), (key, value: unknown) => (key.endsWith('Value') ? (found = value) : value))
      return found
    }
    const varint = (value: bigint): number[] => {
      const bytes: number[] = []
      let left = BigInt.asUintN(64, value)
      for (; left > 127n; left >>= 7n) bytes.push(Number(left & 127n) | 128)
      return [...bytes, Number(left)]
    }
    for (const number of [0n, 1n, 127n, 128n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, -(2n ** 63n), -(2n ** 53n) - 1n]) {
      const bytes = attribute((writer) => {
        writer.writeTag(3, 0)
        for (const byte of varint(number)) {
          writer.realloc(1)
          writer.buf[writer.pos++] = byte
        }
      })
      expect(valueOf(bytes)).toBe(String(number))
    }
    const time = new PbfWriter()
    time.writeMessage(1, (_a, resource) => resource.writeMessage(2, (_b, scope) => scope.writeMessage(2, (_c, span) => {
      span.writeTag(7, 1)
      span.writeFixed32(0xffff_fffd)
      span.writeFixed32(0x1868_0000)
    }, undefined), undefined), undefined)
    expect(JSON.stringify(decodeRequest(time.finish(), 'traces'))).toContain(`"startTimeUnixNano":"${(0x1868_0000n << 32n) + 0xffff_fffdn}"`)
  })
})

describe('bytes that are none of it', () => {
  const attempt = (bytes: Uint8Array): object | undefined => {
    try {
      return readRequest(decodeRequest(bytes, 'traces'), 'traces', new ContentFilter('none'))
    } catch (error) {
      expect(error).toBeInstanceOf(Error)
      expect((error as Error).message).not.toBe('')
      return undefined
    }
  }

  test('cut at every byte', () => {
    let refused = 0
    for (let length = 1; length < packed.length; length++) refused += attempt(packed.slice(0, length)) === undefined ? 1 : 0
    expect(refused).toBeGreaterThan(packed.length - 10)
  })

  test('changed at random, or random from the start', () => {
    const random = seeded(7)
    for (let i = 0; i < 3_000; i++) {
      const bytes = i % 3 === 0 ? Uint8Array.from({ length: Math.floor(random() * 200) }, () => Math.floor(random() * 256)) : packed.slice()
      for (let flips = 0; flips < 3 && bytes.length > 0; flips++) bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256)
      attempt(bytes)
    }
    for (const text of ['{"resourceSpans":[]}', '<html>', '\u0000'.repeat(100), 'ÿ'.repeat(50)]) attempt(Buffer.from(text))
  })

  test('lists in lists a million deep', () => {
    // Each level says how long all that is inside of it is, so the outer ones are built from the inside, by their lengths alone.
    const parts: Buffer[] = []
    let length = 0
    const wrap = (tag: number): void => {
      const head: number[] = [tag]
      let left = length
      for (; left > 127; left = Math.floor(left / 128)) head.push((left % 128) | 128)
      head.push(left)
      parts.push(Buffer.from(head))
      length += head.length
    }
    for (let i = 0; i < 500_000; i++) {
      wrap(10)
      wrap(42)
    }
    for (const tag of [18, 74, 18, 18, 10]) wrap(tag)
    const bytes = Buffer.concat(parts.reverse())
    expect(attempt(bytes)).toMatchObject({ accepted: 0, rejected: 1 })
  })
})

describe('over HTTP', () => {
  let board: Board
  beforeEach(async () => {
    board = await new Board().start()
  })
  afterEach(async () => {
    await board.close()
    board.remove()
  })
  const post = async (body: Uint8Array) => await board.otlp('/v1/traces', { headers: { 'Content-Type': 'application/x-protobuf' }, body })

  test('the SDK understands what it is told', async () => {
    const answer = await post(packed)
    expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/x-protobuf'])
    expect(ProtobufTraceSerializer.deserializeResponse(answer.body)).toEqual({})
    await board.dashboard.store.settled()
    expect((await board.api('runs')).json<RunList>().runs[0]).toMatchObject({ name: 'agent', spans: 2, llmCalls: 1, inputTokens: 1200, outputTokens: 80 })
    const nothing = new PbfWriter()
    nothing.writeMessage(1, (_a, resource) => resource.writeMessage(2, (_b, scope) => scope.writeMessage(2, (_c, span) => span.writeStringField(5, 'no ids'), undefined), undefined), undefined)
    expect(ProtobufTraceSerializer.deserializeResponse((await post(nothing.finish())).body)).toEqual({
      partialSuccess: { rejectedSpans: 1, errorMessage: 'spans without a trace id, a span id or a start are not kept' },
    })
  })

  test('what is wrong is told in its encoding', async () => {
    const { status, headers, body } = await post(packed.slice(0, 100))
    expect([status, headers['content-type']]).toEqual([400, 'application/x-protobuf'])
    expect(body[0]).toBe(8)
    expect(body.toString()).toContain('longer than the message')
  })
})
