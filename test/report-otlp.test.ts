import { describe, expect, test } from 'vitest'
import { unixNano } from '../reports/otlp/times.ts'
import { renderOtlp, renderOtlpTrace } from '../reports/otlp.ts'
import { analyze, type Trace } from '../src/index.ts'
import { draw, idOf } from './draw.ts'
import { drawn } from './support/analysis-fixture.ts'
import { Desk } from './support/cli.ts'
import { goldenAnalysis, goldenTrace, HOSTILE_NAMES } from './support/golden-run.ts'

interface Attribute { readonly key: string; readonly value: Readonly<Record<string, unknown>> }
interface OtlpSpan {
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly Attribute[]
  readonly events?: readonly { readonly timeUnixNano: string; readonly name: string; readonly attributes: readonly Attribute[] }[]
  readonly links?: readonly { readonly traceId: string; readonly spanId: string; readonly attributes: readonly Attribute[] }[]
  readonly status: { readonly code?: number; readonly message?: string }
}
interface Otlp {
  readonly resourceSpans: readonly [{
    readonly resource: { readonly attributes: readonly Attribute[] }
    readonly scopeSpans: readonly [{ readonly scope: { readonly name: string }; readonly spans: readonly OtlpSpan[]; readonly schemaUrl?: string }]
  }]
}

const read = (text: string): Otlp => JSON.parse(text) as Otlp
const spansOf = (text: string): readonly OtlpSpan[] => read(text).resourceSpans[0].scopeSpans[0].spans
const of = (trace: Trace, semconv: '1.41' | 'latest' = '1.41'): readonly OtlpSpan[] =>
  spansOf(renderOtlpTrace(trace, analyze(trace), { semconv }))
const values = (attributes: readonly Attribute[]): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]))
const named = (spans: readonly OtlpSpan[], name: string): OtlpSpan =>
  spans.find(({ attributes }) => values(attributes)['spanwise.name'] === name)!

test.each([['1.41', 'run.otlp.json'], ['latest', 'run-latest.otlp.json']] as const)('golden of %s', async (semconv, file) => {
  await expect(`${renderOtlpTrace(goldenTrace, goldenAnalysis, { indent: true, semconv })}\n`).toMatchFileSnapshot(`./golden/${file}`)
})

/** The conventions' names for what is written, with the field of the value that holds their type. */
const CONVENTIONS: Readonly<Record<string, string>> = {
  'gen_ai.operation.name': 'stringValue', 'gen_ai.provider.name': 'stringValue', 'gen_ai.agent.name': 'stringValue',
  'gen_ai.request.model': 'stringValue', 'gen_ai.request.max_tokens': 'intValue', 'gen_ai.request.stream': 'boolValue',
  'gen_ai.response.id': 'stringValue', 'gen_ai.response.model': 'stringValue', 'gen_ai.response.finish_reasons': 'arrayValue',
  'gen_ai.response.time_to_first_chunk': 'doubleValue',
  'gen_ai.usage.input_tokens': 'intValue', 'gen_ai.usage.output_tokens': 'intValue',
  'gen_ai.usage.cache_read.input_tokens': 'intValue', 'gen_ai.usage.reasoning.output_tokens': 'intValue',
  'gen_ai.tool.name': 'stringValue', 'gen_ai.tool.call.id': 'stringValue', 'gen_ai.tool.type': 'stringValue',
  'error.type': 'stringValue', 'http.request.resend_count': 'intValue', 'http.response.status_code': 'intValue',
}
const OF_GENERATION = { '1.41': 'gen_ai.usage.cache_creation.input_tokens', latest: 'gen_ai.usage.cache_write.input_tokens' } as const

test.each(['1.41', 'latest'] as const)('in %s each name is one of its conventions, with its type, or ours', (semconv) => {
  const full = spansOf(renderOtlpTrace(fullTrace, analyze(fullTrace), { semconv }))
  const known: Readonly<Record<string, string>> = { ...CONVENTIONS, [OF_GENERATION[semconv]]: 'intValue' }
  const said = [...full, ...of(goldenTrace, semconv)].flatMap((span) => [span, ...(span.events ?? []), ...(span.links ?? [])])
    .flatMap(({ attributes }) => attributes).filter(({ key }) => !/^(spanwise|app)\./.test(key))
  for (const { key, value } of said) expect([key, Object.keys(value)]).toEqual([key, [known[key]]])
  expect([...new Set(said.map(({ key }) => key))].sort()).toEqual(Object.keys(known).sort())
})

/** With what the golden run has not. */
const fullTrace: Trace = (() => {
  const trace = draw('agent 0-10\n  call 0-5 llm model=gpt-5 in=10 cached=2 written=1 out=5 reasoning=1 first=1 last=4')
  const llm = { ...trace.spans[1]!.llm!, responseId: 'r1', responseModel: 'gpt-5-x', finishReasons: ['stop'], maxOutputTokens: 5, streamed: true }
  return { ...trace, spans: [trace.spans[0]!, { ...trace.spans[1]!, llm }] }
})()

test('the form of OTLP in JSON', () => {
  const text = renderOtlpTrace(goldenTrace, goldenAnalysis)
  expect(text).not.toContain('\n')
  const spans = spansOf(text)
  expect(spans.length).toBe(goldenTrace.spans.length)
  const keys = [...text.matchAll(/"(\w+)":/g)].map(([, key]) => key!)
  expect(keys.filter((key) => key.includes('_'))).toEqual([])
  const ids = new Set(spans.map(({ spanId }) => spanId))
  for (const span of spans) {
    expect(span.traceId).toMatch(/^[0-9a-f]{32}$/)
    expect(span.spanId).toMatch(/^[0-9a-f]{16}$/)
    expect(span.parentSpanId === undefined || ids.has(span.parentSpanId)).toBe(true)
    expect([1, 3]).toContain(span.kind)
    for (const time of [span.startTimeUnixNano, span.endTimeUnixNano]) expect(time).toMatch(/^\d{19}$/)
    for (const { attributes } of [span, ...(span.events ?? []), ...(span.links ?? [])]) {
      expect(new Set(attributes.map(({ key }) => key)).size).toBe(attributes.length)
      for (const { value } of attributes) {
        expect(Object.keys(value).length).toBe(1)
        if ('intValue' in value) expect(value['intValue']).toMatch(/^-?\d+$/)
      }
    }
  }
  expect(text).not.toContain('null')
})

describe('times', () => {
  test.each([
    [1_793_491_200_000, 0, '1793491200000000000'],
    [1_793_491_200_000, 1, '1793491200000000001'],
    [1_793_491_200_000, 123_456_789, '1793491200123456789'],
    [1_793_491_200_000.5, 1, '1793491200000500001'],
    [1_793_491_200_000, -1, '1793491199999999999'],
    [1_793_491_200_000, Number.MAX_SAFE_INTEGER, '1802498399254740991'],
    [0, -5, '0'],
  ])('%d ms and %d ns', (epochMs, ns, text) => expect(unixNano(epochMs, ns)).toBe(text))

  test('durations are exact', () => {
    for (const span of of(goldenTrace)) {
      const view = goldenAnalysis.spans.find(({ id }) => id === span.spanId)!
      expect(BigInt(span.endTimeUnixNano) - BigInt(span.startTimeUnixNano)).toBe(BigInt(view.durationNs))
    }
  })
})

describe('the conventions', () => {
  const spans = of(goldenTrace)

  test('names and kinds', () => {
    expect(spans.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      '1 invoke_agent support-agent', '1 load_memory', '1 check_input', '3 chat gpt-5-mini', '1 execute_tool search_kb',
      '3 embeddings text-embedding-3-small', '3 retrieval vector_search', '1 execute_tool get_orders', '3 chat gpt-5-mini',
      '1 execute_tool check_stock', '1 execute_tool price_quote', '1 invoke_agent research',
      ...['formula', 'markup', 'terminal'].map((name) => `1 execute_tool ${HOSTILE_NAMES[name]}`), `1 ${HOSTILE_NAMES['table']}`,
      `3 retrieval ${HOSTILE_NAMES['languages']}`, `1 execute_tool ${HOSTILE_NAMES['lines']}`, '1 ', '3 chat house-model', '3 chat gpt-5-mini',
      '3 chat claude-haiku-4-5', '3 chat gpt-5-mini', '1 save_memory', '1 log', '1 watch',
    ])
  })

  test('a call', () => {
    expect(values(named(spans, 'answer').attributes)).toMatchObject({
      'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'gpt-5-mini',
      'gen_ai.response.model': 'gpt-5-mini-2025-08-07', 'gen_ai.request.stream': true, 'gen_ai.usage.input_tokens': '3850',
      'gen_ai.usage.cache_read.input_tokens': '1152', 'gen_ai.usage.output_tokens': '142', 'gen_ai.usage.reasoning.output_tokens': '64',
      'gen_ai.response.time_to_first_chunk': 0.835,
    })
  })

  test('the generations differ in one name', () => {
    const [old, latest] = [goldenTrace, goldenTrace].map((trace, i) => values(named(of(trace, i === 0 ? '1.41' : 'latest'), 'review').attributes))
    expect(old?.['gen_ai.usage.cache_creation.input_tokens']).toBe('500')
    expect(latest?.['gen_ai.usage.cache_write.input_tokens']).toBe('500')
    expect(latest).not.toHaveProperty(['gen_ai.usage.cache_creation.input_tokens'])
    const schemas = (['1.41', 'latest'] as const).map((semconv) =>
      read(renderOtlp(goldenAnalysis, { semconv })).resourceSpans[0].scopeSpans[0].schemaUrl)
    expect(schemas).toEqual(['https://opentelemetry.io/schemas/1.41.0', undefined])
  })

  test('a tool says who asked for it', () => {
    const tool = named(spans, 'search_kb')
    expect(values(tool.attributes)).toMatchObject({ 'gen_ai.tool.name': 'search_kb', 'gen_ai.tool.call.id': 'c1', 'gen_ai.tool.type': 'function' })
    expect(tool.links).toEqual([{
      traceId: goldenTrace.id, spanId: idOf(goldenTrace, 'plan'), attributes: [{ key: 'spanwise.link', value: { stringValue: 'issued_by' } }],
    }])
  })

  test('attempts are events', () => {
    const { events = [], startTimeUnixNano } = named(spans, 'answer')
    expect(events.map(({ name, attributes }) => [name, values(attributes)])).toEqual([
      ['spanwise.attempt', {
        'http.response.status_code': '429', 'error.type': '429', 'spanwise.attempt.duration_ns': '500000000', 'spanwise.attempt.wait_ns': '55000000',
      }],
      ['spanwise.attempt', { 'http.request.resend_count': '1', 'http.response.status_code': '200', 'spanwise.attempt.duration_ns': '630000000' }],
    ])
    expect(events[0]?.timeUnixNano).toBe(startTimeUnixNano)
  })

  test('outcomes', () => {
    expect(named(spans, 'get_orders').status).toEqual({ code: 2, message: 'orders took too long' })
    expect(values(named(spans, 'get_orders').attributes)['error.type']).toBe('TimeoutError')
    expect(named(spans, 'plan').status).toEqual({})
    expect([named(spans, 'draft'), named(spans, 'watch'), named(spans, 'plan')].map(({ attributes }) => values(attributes)['spanwise.outcome']))
      .toEqual(['cancelled', 'open', undefined])
  })

  test('attributes keep their types, and do not replace what was measured', () => {
    const trace = draw('agent 0-10\n  call 0-5 llm model=gpt-5 in=10 out=1')
    const [root, call] = trace.spans
    const attributes = {
      'gen_ai.usage.input_tokens': 99, text: 'x', yes: true, int: 3, big: 2 ** 60, half: 0.5, none: NaN, texts: ['a'], ints: [1, 2], mixed: [1, 0.5],
    }
    const spans = of({ ...trace, spans: [root!, { ...call!, attributes }] })
    const of99 = named(spans, 'call').attributes
    expect(values(of99)['gen_ai.usage.input_tokens']).toBe('10')
    expect(of99.filter(({ key }) => !key.includes('.')).map(({ key, value }) => [key, value])).toEqual([
      ['text', { stringValue: 'x' }], ['yes', { boolValue: true }], ['int', { intValue: '3' }], ['big', { doubleValue: 2 ** 60 }],
      ['half', { doubleValue: 0.5 }], ['none', { doubleValue: 'NaN' }], ['texts', { arrayValue: { values: [{ stringValue: 'a' }] } }],
      ['ints', { arrayValue: { values: [{ intValue: '1' }, { intValue: '2' }] } }],
      ['mixed', { arrayValue: { values: [{ doubleValue: 1 }, { doubleValue: 0.5 }] } }],
    ])
  })

  test('an estimate is no usage', () => {
    const [, call] = spansOf(renderOtlp(drawn('a agent 0-100\n  gpt llm 0-50 in=10 out=5 about')))
    const said = values(call!.attributes)
    expect(said).toMatchObject({ 'spanwise.usage.source': 'estimated', 'spanwise.usage.input_tokens': '10', 'spanwise.usage.output_tokens': '5' })
    expect(Object.keys(said).filter((key) => key.startsWith('gen_ai.usage'))).toEqual([])
  })

  test('the resource', () => {
    const { resource, scopeSpans: [{ scope }] } = read(renderOtlp(goldenAnalysis)).resourceSpans[0]
    expect(values(resource.attributes)).toEqual({ 'service.name': 'support', 'telemetry.sdk.name': 'spanwise', 'telemetry.sdk.language': 'nodejs' })
    expect(scope).toEqual({ name: 'spanwise' })
    const versioned = read(renderOtlp(goldenAnalysis, { version: '1.2.3' })).resourceSpans[0]
    expect(values(versioned.resource.attributes)['telemetry.sdk.version']).toBe('1.2.3')
    expect(versioned.scopeSpans[0].scope).toEqual({ name: 'spanwise', version: '1.2.3' })
    expect(values(spans[0]!.attributes)).toMatchObject({ 'spanwise.tag.branch': 'main', 'spanwise.run.name': 'support-agent' })
  })
})

test('without the trace, what the analysis knows', () => {
  const [root, ...others] = spansOf(renderOtlp(goldenAnalysis))
  expect(root?.name).toBe('invoke_agent support-agent')
  expect(others.map(({ name }) => name)).toEqual(of(goldenTrace).slice(1).map(({ name }) => name))
})

test('texts are not in it', () => {
  const trace = draw('agent 0-10\n  call 0-5 llm model=gpt-5 in=10 out=1 parts=user:6\n  find 5-9 tool')
  const secret = 'a text of the user'
  const text = renderOtlpTrace({
    ...trace,
    parts: trace.parts.map((part) => ({ ...part, text: secret })),
    spans: trace.spans.map((span) => (span.tool === undefined ? span : { ...span, tool: { ...span.tool, arguments: secret, result: secret } })),
  }, analyze(trace))
  expect(text).not.toContain(secret)
})

test("the user's attributes do not pass for ours", () => {
  const trace = draw('agent 0-10\n  call 0-5 llm model=gpt-5 in=10 out=1')
  const attributes = { 'gen_ai.request.model': 'other', 'gen_ai.request.seed': 4, 'spanwise.time': 'inferred', 'app.a': 1 }
  const said = values(named(of({ ...trace, spans: [trace.spans[0]!, { ...trace.spans[1]!, attributes }] }), 'call').attributes)
  expect(said).toMatchObject({
    'gen_ai.request.model': 'gpt-5', 'spanwise.attribute.gen_ai.request.model': 'other', 'gen_ai.request.seed': '4', 'app.a': '1', 'spanwise.time': 'inferred',
    'spanwise.attributes': { values: [{ stringValue: 'gen_ai.request.seed' }, { stringValue: 'spanwise.time' }] },
  })
})

test('an unknown generation is named', () => {
  expect(() => renderOtlp(goldenAnalysis, JSON.parse('{"semconv":"2"}') as object)).toThrow("semconv must be '1.41' or 'latest', got 2")
})

test("the command's own version is in what it writes", async () => {
  const desk = new Desk()
  try {
    const { out } = await desk.say(['report', '-', '--format', 'otlp'], { input: renderOtlpTrace(goldenTrace, goldenAnalysis) })
    expect(values(read(out).resourceSpans[0].resource.attributes)['telemetry.sdk.version']).toMatch(/^\d+\.\d+\.\d+/)
  } finally {
    desk.remove()
  }
})
