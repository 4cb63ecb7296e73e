import { describe, expect, test } from 'vitest'
import type { Usage } from '../src/model/usage.ts'
import type { LlmDetail, Span, Trace } from '../src/model/span.ts'
import { textOf } from '../src/model/transient.ts'
import { BASE_MS, fixture, fixtures, imported, onlyTrace, otlpOf, spanId, TRACE, tree } from './support/imported.ts'

interface OtlpFile {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[] }[]
}
interface OtlpSpan {
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: { readonly intValue?: string } }[]
}

const llmOf = (trace: Trace): LlmDetail => trace.spans.find(({ llm }) => llm !== undefined)!.llm!
/** One span with these attributes, below an agent. */
const spanWith = (attributes: Readonly<Record<string, unknown>>, scope?: string): Span =>
  onlyTrace(otlpOf([{ id: 'a', end: 20 }, { id: 'b', parent: 'a', start: 5, end: 15, attributes }], scope)).spans[1]!
const usageOf = (attributes: Readonly<Record<string, unknown>>, scope?: string): Usage => spanWith(attributes, scope).llm!.usage!
const counts = ({ input, output }: Usage): unknown => ({
  in: input?.total, uncached: input?.uncached, read: input?.cacheRead, written: input?.cacheWrite, out: output?.total, reasoning: output?.reasoning,
})

describe('real files', () => {
  test.each(fixtures('otlp-derived'))('%s: its spans, times and tokens', (file) => {
    const text = fixture(`otlp-derived/${file}`)
    const said = (JSON.parse(text) as OtlpFile).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap(({ spans }) => spans))
    const { format, traces, analyses } = imported(text)
    expect(format).toBe('otlp')
    expect(traces).toHaveLength(1)
    const [trace] = traces
    const byId = new Map(trace!.spans.map((span) => [span.id, span]))
    expect([...byId.keys()].sort()).toEqual(said.map((span) => span.spanId).sort())
    for (const { spanId: id, name, parentSpanId, startTimeUnixNano, endTimeUnixNano } of said) {
      const span = byId.get(id)!
      expect([span.name, span.parentId]).toEqual([name, byId.has(parentSpanId ?? '') ? parentSpanId : undefined])
      expect(span.end! - span.start).toBe(Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano)))
      expect(trace!.startedAtEpochMs * 1e6 + span.start).toBeCloseTo(Number(startTimeUnixNano), -3)
    }
    const leaves = said.filter(({ spanId: id }) => !said.some(({ parentSpanId, attributes }) =>
      parentSpanId === id && attributes.some(({ key }) => /token_count|usage/.test(key))))
    const sum = (keys: RegExp): number => leaves.flatMap(({ attributes }) => {
      const found = attributes.filter(({ key }) => keys.test(key))
      return found.length === 0 ? [] : [Number(found[0]!.value.intValue)]
    }).reduce((a, b) => a + b, 0)
    const { input, output } = analyses[0]!.totals.usage
    expect(input.total).toBe(sum(/^(llm\.token_count\.prompt|gen_ai\.usage\.input_tokens)$/))
    expect(output.total).toBe(sum(/^(llm\.token_count\.completion|gen_ai\.usage\.output_tokens)$/))
    expect(input.total).toBeGreaterThan(0)
  })

  test("the specification's own example", () => {
    const { traces, problems } = imported(fixture('otlp/trace.json'))
    const [trace] = traces
    expect(trace).toMatchObject({ id: '5b8efff798038103d269b633813fc60c', service: 'my.service', startedAtEpochMs: 1_544_712_660_000 })
    expect(tree(trace!)).toBe("I'm a server span internal 0-1000")
    expect(trace!.spans[0]!.attributes).toEqual({ 'my.span.attr': 'some value' })
    expect(problems).toEqual([])
  })

  test('an agent of OpenAI, with a tool between two calls', () => {
    expect(tree(onlyTrace(fixture('otlp-derived/openai-agents-2025-09-30.otlp.json.gz')))).toBe(
      `Agent workflow agent 0-2190
  Hello world agent 0-2190
    response llm 1-1037 in 55 out 15
    get_weather tool 1038-1038
    response llm 1039-2189 in 85 out 29`)
  })

  test('a total that its parts do not add up to is said', () => {
    expect(imported(fixture('otlp-derived/vertex-ai-2025-08-01.otlp.json.gz')).problems).toEqual([
      'the span generate_content (125abcbf5c41f4df) states 2023 tokens in total, but its input and output add up to 850',
    ])
  })

  test('spans of the AI SDK as the JavaScript SDK prints them: outer spans are no calls', () => {
    const { format, traces, analyses } = imported(fixture('ai-sdk/all-spans.json.gz'))
    expect(format).toBe('otlp')
    const shown = traces.map((trace) => tree(trace).replace(/ 0-[\d.]+/, ''))
    expect(shown).toEqual([
      'ai.generateText.doGenerate llm in 14 out 20', 'ai.generateText agent',
      'ai.generateText.doGenerate llm in 50 out 9', 'ai.generateText agent',
      'ai.generateObject.doGenerate llm in 63 out 156', 'ai.generateObject agent',
      'ai.streamText.doStream llm in 15 out 112', 'ai.streamText agent',
      'ai.embed.doEmbed embedding in 10', 'ai.embed internal',
    ])
    expect(analyses.reduce((sum, { totals }) => sum + totals.usage.input.total, 0)).toBe(14 + 50 + 63 + 15 + 10)
    const streamed = traces[6]!.spans[0]!
    expect(streamed.llm).toMatchObject({
      provider: 'openai', api: 'responses', streamed: true, requestModel: 'gpt-4o-mini', responseModel: 'gpt-4o-mini-2024-07-18',
      finishReasons: ['stop'], firstToken: 426_853_500,
    })
    expect(streamed.end).toBe(5_386_307_375)
  })

  test('the same call in OpenTelemetry and in OpenInference is the same call', () => {
    const read = (file: string): Trace => onlyTrace(otlpOf([{
      id: 'a', end: 9, attributes: JSON.parse(fixture(`openinference-genai/${file}.json`)) as Record<string, unknown>,
    }]))
    const traces = [
      'otel_genai_client_span_tool_calls', 'openinference_client_span_tool_calls',
      'otel_genai_deprecated_client_span_tool_calls', 'openinference_client_span_input_output_only',
    ].map(read)
    for (const trace of traces) {
      const llm = llmOf(trace)
      expect(counts(llm.usage!)).toEqual({ in: 97, uncached: 97, read: 0, written: 0, out: 52, reasoning: 0 })
      expect([llm.provider, llm.responseModel ?? llm.requestModel]).toEqual(['openai', 'gpt-4-0613'])
      const parts = [...llm.requestParts!, ...llm.responseParts!].map((i) => {
        const { kind, name, callId } = trace.parts[i]!
        return [kind, name, callId, kind === 'tool-call' ? '' : textOf(trace, i)]
      })
      expect(parts).toEqual([
        ['user', undefined, undefined, 'Weather in Paris?'],
        ['assistant', undefined, undefined, 'Absolutely! Let me check the weather for you.'],
        ['tool-call', 'get_weather', '1234', ''],
        ['tool-result', undefined, '1234', 'rainy, 57°F'],
        ['assistant', undefined, undefined, 'The weather in Paris is currently rainy with a temperature of 57°F.'],
      ])
      expect(JSON.stringify(trace)).not.toContain('rainy')
    }
    expect(read('otel_genai_tool_execution_span').spans[0]!.tool).toEqual({ name: 'get_weather', callId: '1234' })
  })
})

describe('forms', () => {
  const drawn = [{ id: 'a', end: 20 }, { id: 'b', parent: 'a', start: 5, end: 15 }]
  const plain = onlyTrace(otlpOf(drawn))
  const snake = (text: string): string =>
    text.replace(/"(resourceSpans|scopeSpans|traceId|spanId|parentSpanId|startTimeUnixNano|endTimeUnixNano)"/g, (name) =>
      name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`))
  const text = JSON.stringify(otlpOf(drawn))
  const base64 = (hex: string): string => Buffer.from(hex, 'hex').toString('base64')

  test.each([
    ['a list of documents', `[${JSON.stringify(otlpOf(drawn.slice(0, 1)))},${JSON.stringify(otlpOf(drawn.slice(1)))}]`],
    ['lines', drawn.map((span) => JSON.stringify(otlpOf([span]))).join('\n')],
    ['a byte order mark and indentation', `\uFEFF${JSON.stringify(JSON.parse(text), undefined, 2)}`],
    ['snake case', snake(text)],
    ['upper case ids', text.replaceAll(TRACE, TRACE.toUpperCase()).replaceAll(spanId('a'), spanId('A'))],
    ['ids in base64', text.replaceAll(TRACE, base64(TRACE)).replaceAll(spanId('a'), base64(spanId('a'))).replaceAll(spanId('b'), base64(spanId('b')))],
    ['times as numbers', text.replace(/"(\d{19})"/g, '$1')],
    ['the library of old exporters', text.replace('scopeSpans', 'instrumentationLibrarySpans').replace('"scope"', '"instrumentationLibrary"')],
    ['spans sent twice', `[${text},${text}]`],
    ['the child first', JSON.stringify(otlpOf(drawn.toReversed()))],
  ])('%s', (_form, content) => {
    const { format, traces } = imported(content)
    expect(format).toBe('otlp')
    expect(traces.map(tree)).toEqual([tree(plain)])
    expect(traces[0]!.id).toBe(TRACE)
    expect(traces[0]!.spans.map(({ id }) => id)).toEqual([spanId('a'), spanId('b')])
  })

  test('nanoseconds stay exact although an epoch in nanoseconds is no safe number', () => {
    const [, child] = onlyTrace(otlpOf([{ id: 'a', end: 20 }, { id: 'b', parent: 'a', start: 5.000001, end: 5.000004 }])).spans
    expect([child!.start, child!.end]).toEqual([5_000_001, 5_000_004])
  })

  test('one trace per trace id', () => {
    const other = TRACE.replaceAll('0', '1')
    const { traces } = imported([otlpOf(drawn), otlpOf(drawn, 'test', other)])
    expect(traces.map(({ id }) => id)).toEqual([TRACE, other])
  })
})

describe('what is not as it should be is said', () => {
  test('several roots get one above them', () => {
    const { traces, problems } = imported(otlpOf([{ id: 'a', start: 2, end: 9 }, { id: 'b', start: 5, end: 30 }]))
    expect(tree(traces[0]!)).toBe('trace internal 0-28\n  a internal 0-7\n  b internal 3-28')
    expect(problems).toEqual([`trace ${TRACE}: 2 of its spans have no parent in the file: a span was made that holds them`])
  })

  test('a parent that all miss keeps its id', () => {
    const { traces } = imported(otlpOf([{ id: 'a', parent: 'f', end: 9 }, { id: 'b', parent: 'f', start: 5, end: 30 }]))
    expect(traces[0]!.spans[0]!.id).toBe(spanId('f'))
  })

  test('rings, clocks that differ, and work that outlives its parent', () => {
    const { traces, problems } = imported(otlpOf([
      { id: 'a', start: 10, end: 50 }, { id: 'b', parent: 'a', start: 5, end: 60 }, { id: 'c', parent: 'a', start: 30, end: 20 },
      { id: 'd', parent: 'e', start: 30, end: 40 }, { id: 'e', parent: 'd', start: 30, end: 40 }, { id: '1', parent: 'a', start: 12 },
    ]))
    expect(tree(traces[0]!)).toBe(
      `a internal 0-40
  b internal 0-50 late
  1 internal 2- late
  c internal 20-20
  d internal 20-30
    e internal 20-30`)
    expect(problems).toEqual([
      `trace ${TRACE}: 1 of its spans ends before the start: set to no time`,
      `trace ${TRACE}: 1 of its spans starts before the parent: moved to the parent's start`,
    ])
  })

  test('times of another age, and none', () => {
    const document = otlpOf([
      { id: 'a', end: 50 }, { id: 'b', parent: 'a', start: -BASE_MS / 2, end: 1 }, { id: 'c', parent: 'b', end: 20 },
      { id: 'd', parent: 'a', more: { startTimeUnixNano: '0' } }, { id: 'e', parent: 'a', more: { endTimeUnixNano: '9'.repeat(19) } },
    ])
    const { traces, problems } = imported(document)
    expect(tree(traces[0]!)).toBe('a internal 0-50\n  c internal 0-20\n  e internal 0- late')
    expect(problems).toHaveLength(3)
  })

  test('errors', () => {
    const failed = { status: { code: 2, message: 'no such city' } }
    const event = { name: 'exception', attributes: [{ key: 'exception.type', value: { stringValue: 'CityError' } }] }
    const { outcome } = onlyTrace(otlpOf([{ id: 'a', end: 1, more: { ...failed, events: [event] } }])).spans[0]!
    expect(outcome).toEqual({ state: 'failed', type: 'CityError', message: 'no such city' })
    const named = onlyTrace(otlpOf([{ id: 'a', end: 1, attributes: { 'error.type': '429' }, more: failed }])).spans[0]!
    expect(named.outcome).toMatchObject({ type: '429' })
  })
})

describe('kinds', () => {
  test.each([
    ['gen_ai.operation.name', 'chat', 'llm'],
    ['gen_ai.operation.name', 'embeddings', 'embedding'],
    ['gen_ai.operation.name', 'execute_tool', 'tool'],
    ['gen_ai.operation.name', 'invoke_agent', 'agent'],
    ['gen_ai.operation.name', 'search_memory', 'memory'],
    ['gen_ai.operation.name', 'retrieval', 'retrieval'],
    ['gen_ai.operation.name', '__proto__', 'internal'],
    ['openinference.span.kind', 'LLM', 'llm'],
    ['openinference.span.kind', 'RETRIEVER', 'retrieval'],
    ['openinference.span.kind', 'GUARDRAIL', 'guardrail'],
    ['traceloop.span.kind', 'agent', 'agent'],
    ['traceloop.span.kind', 'tool', 'tool'],
    ['llm.request.type', 'chat', 'llm'],
    ['ai.operationId', 'ai.toolCall', 'tool'],
    ['ai.operationId', 'ai.embedMany.doEmbed', 'embedding'],
    ['lmnr.span.type', 'LLM', 'llm'],
    ['langfuse.observation.type', 'generation', 'llm'],
    ['langsmith.span.kind', 'retriever', 'retrieval'],
    ['gen_ai.request.model', 'gpt-5', 'llm'],
    ['gen_ai.tool.name', 'search', 'tool'],
  ])('%s = %s is %s', (key, value, category) => {
    const span = spanWith({ [key]: value })
    expect([span.category, span.llm !== undefined]).toEqual([category, category === 'llm' || category === 'embedding'])
    expect(span.tool !== undefined).toBe(category === 'tool')
  })
})

describe('tokens', () => {
  const chat = { 'gen_ai.operation.name': 'chat' }
  const all = { in: 100, uncached: 30, read: 50, written: 20, out: 9, reasoning: 4 }

  test.each<[string, Readonly<Record<string, unknown>>, string?]>([
    ['OpenTelemetry now', {
      ...chat, 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.cache_read.input_tokens': 50, 'gen_ai.usage.cache_write.input_tokens': 20,
      'gen_ai.usage.output_tokens': 9, 'gen_ai.usage.reasoning.output_tokens': 4,
    }],
    ['OpenTelemetry up to 1.41', {
      ...chat, 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.cache_read.input_tokens': 50, 'gen_ai.usage.cache_creation.input_tokens': 20,
      'gen_ai.usage.output_tokens': 9, 'gen_ai.usage.reasoning_tokens': 4,
    }],
    ['OpenTelemetry up to 1.36', {
      'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-5', 'gen_ai.usage.prompt_tokens': 100, 'gen_ai.usage.cache_read_input_tokens': 50,
      'gen_ai.usage.cache_creation_input_tokens': 20, 'gen_ai.usage.completion_tokens': 9, 'gen_ai.usage.reasoning_tokens': 4,
    }],
    ['the same key with Anthropic\'s own count', {
      ...chat, 'gen_ai.usage.input_tokens': 30, 'gen_ai.usage.cache_read_input_tokens': 50, 'gen_ai.usage.cache_creation_input_tokens': 20,
      'gen_ai.usage.output_tokens': 9, 'gen_ai.usage.reasoning_tokens': 4,
    }, '@traceloop/instrumentation-anthropic'],
    ["Anthropic's SDK, which adds them up", {
      ...chat, 'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.cache_read.input_tokens': 50, 'gen_ai.usage.cache_write.input_tokens': 20,
      'gen_ai.usage.output_tokens': 9, 'gen_ai.usage.reasoning.output_tokens': 4,
    }, 'com.anthropic.sdk.typescript'],
    ['OpenInference', {
      'openinference.span.kind': 'LLM', 'llm.token_count.prompt': 100, 'llm.token_count.prompt_details.cache_read': 50,
      'llm.token_count.prompt_details.cache_write': 20, 'llm.token_count.completion': 9, 'llm.token_count.completion_details.reasoning': 4,
    }],
    ['AI SDK', {
      'ai.operationId': 'ai.generateText.doGenerate', 'ai.usage.inputTokens': 100, 'ai.usage.inputTokenDetails.cacheReadTokens': 50,
      'ai.usage.inputTokenDetails.cacheWriteTokens': 20, 'ai.usage.outputTokens': 9, 'ai.usage.outputTokenDetails.reasoningTokens': 4,
      'gen_ai.usage.input_tokens': 100, 'gen_ai.usage.output_tokens': 9,
    }],
    ['Langfuse', {
      'langfuse.observation.type': 'generation', 'langfuse.observation.usage_details':
        '{"input":25,"input_cached_tokens":50,"input_cache_creation":20,"input_audio":5,"output":5,"output_reasoning_tokens":4,"total":109}',
    }],
    ['LangSmith', {
      'langsmith.span.kind': 'llm', 'langsmith.usage_metadata': JSON.stringify({
        input_tokens: 100, output_tokens: 9, total_tokens: 109,
        input_token_details: { cache_read: 50, ephemeral_5m_input_tokens: 15, ephemeral_1h_input_tokens: 5 }, output_token_details: { reasoning: 4 },
      }),
    }],
  ])('%s', (_emitter, attributes, scope) => {
    expect(counts(usageOf(attributes, scope))).toEqual(all)
    expect(imported(otlpOf([{ id: 'a', end: 1, attributes }], scope)).problems).toEqual([])
  })

  test('cached tokens that cannot be inside the input are taken as beside it, and that is said', () => {
    const attributes = { ...chat, 'gen_ai.usage.input_tokens': 30, 'gen_ai.usage.cache_read.input_tokens': 50, 'gen_ai.usage.output_tokens': 1 }
    expect(counts(usageOf(attributes))).toMatchObject({ in: 80, uncached: 30, read: 50 })
    expect(imported(otlpOf([{ id: 'a', end: 1, attributes }])).problems).toEqual([
      'the span a (000000000000000a) states 50 cached tokens inside an input of 30: taken as beside it',
    ])
  })

  test.each([-1, 1.5, '9007199254740993', 'many', true, [5]])('%s tokens are no count', (count) => {
    expect(spanWith({ ...chat, 'gen_ai.usage.input_tokens': count }).llm!.usage).toBeUndefined()
  })

  test('who repeats the tokens of calls below is no call', () => {
    const used = { 'gen_ai.usage.input_tokens': 10, 'gen_ai.usage.output_tokens': 2 }
    const { traces, analyses } = imported(otlpOf([
      { id: 'a', end: 50, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 20, 'gen_ai.usage.output_tokens': 4 } },
      { id: 'b', parent: 'a', start: 1, end: 20, attributes: { ...chat, ...used } },
      { id: 'c', parent: 'b', start: 2, end: 19, attributes: { ...chat, ...used } },
      { id: 'd', parent: 'a', start: 30, end: 40, attributes: { ...chat, ...used } },
      { id: 'e', parent: 'a', start: 41, end: 42, attributes: { 'gen_ai.operation.name': 'fetch_response', ...used } },
    ]))
    expect(tree(traces[0]!)).toBe(
      `a agent 0-50
  b internal 1-20
    c llm 2-19 in 10 out 2
  d llm 30-40 in 10 out 2
  e internal 41-42`)
    expect(analyses[0]!.totals.usage.input.total).toBe(20)
  })

  test('an agent that runs elsewhere and tells its tokens alone is counted', () => {
    const span = spanWith({ 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.usage.input_tokens': 20, 'gen_ai.usage.output_tokens': 4 })
    expect([span.category, span.llm?.usage?.input?.total]).toEqual(['agent', 20])
  })
})

describe('details', () => {
  test('of a call: first token, limits, tools that it asked for and who ran them', () => {
    const trace = onlyTrace(otlpOf([
      { id: 'a', end: 50 },
      {
        id: 'b', parent: 'a', start: 1, end: 20, attributes: {
          'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'anthropic', 'gen_ai.request.model': 'm', 'gen_ai.request.max_tokens': 99,
          'gen_ai.response.time_to_first_chunk': 0.004, 'gen_ai.response.finish_reasons': ['tool_call'],
          'gen_ai.system_instructions': '[{"type":"text","content":"be brief"}]',
          'gen_ai.tool.definitions': '[{"type":"function","name":"search","parameters":{}}]',
          'gen_ai.input.messages': [{ role: 'user', parts: [{ type: 'text', content: 'hello' }] }],
          'gen_ai.output.messages': '[{"role":"assistant","parts":[{"type":"tool_call","id":"c1","name":"search","arguments":{"q":1}}]}]',
        },
      },
      { id: 'c', parent: 'a', start: 21, end: 30, attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search', 'gen_ai.tool.call.id': 'c1' } },
    ]))
    expect(trace.spans[1]!.llm).toMatchObject({
      provider: 'anthropic', requestModel: 'm', maxOutputTokens: 99, streamed: true, finishReasons: ['tool_call'], firstToken: 5_000_000,
      toolCalls: [{ id: 'c1', name: 'search', argumentsChars: 7 }], requestParts: [0, 1, 2], responseParts: [3],
    })
    expect(trace.parts.map(({ kind }) => kind)).toEqual(['tool-definition', 'system', 'user', 'tool-call'])
    expect(trace.spans[2]!.tool).toEqual({ name: 'search', callId: 'c1', issuedBy: spanId('b') })
  })

  test('what no table knows is kept as it is; texts of users and models are not', () => {
    const span = spanWith({
      'my.key': 'value', 'my.list': ['a', 'b'], 'my.numbers': [1, 2], 'my.object': { a: 1 }, 'my.flag': true, 'my.number': 1.5, '__proto__': 'kept',
      'gen_ai.input.messages': 'secret', 'llm.input_messages.0.message.content': 'secret', 'input.value': 'secret',
    })
    expect(Object.entries(span.attributes!)).toEqual([
      ['my.key', 'value'], ['my.list', ['a', 'b']], ['my.numbers', [1, 2]], ['my.object', '{"a":1}'], ['my.flag', true], ['my.number', 1.5],
      ...(Object.hasOwn(span.attributes!, '__proto__') ? [['__proto__', 'kept']] : []),
    ])
  })
})

describe('messages as events', () => {
  const shown = (trace: Trace, which: 'requestParts' | 'responseParts'): unknown[] =>
    llmOf(trace)[which]?.map((i) => [trace.parts[i]!.kind, trace.parts[i]!.name, trace.parts[i]!.callId, textOf(trace, i)]) ?? []
  const chat = { 'gen_ai.operation.name': 'chat', 'gen_ai.system': 'openai', 'gen_ai.request.model': 'gpt-4o' }
  const asked = [
    ['gen_ai.system.message', { content: 'be brief' }],
    ['gen_ai.user.message', { content: 'Weather in Paris?', role: 'user' }],
    ['gen_ai.assistant.message', { tool_calls: [{ id: 'c1', type: 'function', function: { name: 'get_weather', arguments: '{"location":"Paris"}' } }] }],
    ['gen_ai.tool.message', { content: 'rainy, 57°F', id: 'c1' }],
    ['gen_ai.choice', { index: 0, finish_reason: 'stop', message: { content: 'It rains.', role: 'assistant' } }],
  ] as const
  const request = [
    ['system', undefined, undefined, 'be brief'], ['user', undefined, undefined, 'Weather in Paris?'],
    ['tool-call', 'get_weather', 'c1', '{"location":"Paris"}'], ['tool-result', undefined, 'c1', 'rainy, 57°F'],
  ]
  const response = [['assistant', undefined, undefined, 'It rains.']]

  /** A value as OTLP has it. */
  const any = (value: unknown): unknown => {
    if (typeof value === 'string') return { stringValue: value }
    if (typeof value === 'number') return { intValue: String(value) }
    if (Array.isArray(value)) return { arrayValue: { values: value.map(any) } }
    return { kvlistValue: { values: pairs(value as object) } }
  }
  const pairs = (object: object): unknown[] => Object.entries(object).map(([key, value]) => ({ key, value: any(value) }))
  const logs = (named: (name: string) => object): unknown => ({ resourceLogs: [{ scopeLogs: [{ scope: { name: 'test' }, logRecords: asked.map(([name, body]) => ({
    ...named(name), timeUnixNano: `${BASE_MS}000000`, traceId: TRACE.toUpperCase(), spanId: spanId('b'), body: any(body),
  })) }] }] })
  const spans = otlpOf([{ id: 'a', end: 20 }, { id: 'b', parent: 'a', start: 5, end: 15, attributes: chat }])
  const withEvents = (events: readonly (readonly [string, object])[]): Trace => onlyTrace(otlpOf([
    { id: 'b', end: 15, attributes: chat, more: { events: events.map(([name, attributes]) => ({ name, attributes: pairs(attributes) })) } },
  ]))
  /** Attributes hold no objects: what is one is JSON. */
  const flat = ([name, body]: readonly [string, object]): readonly [string, object] =>
    [name, Object.fromEntries(Object.entries(body).map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : value]))]

  test.each<[string, unknown]>([
    ['with the name as a field, before the spans', [logs((eventName) => ({ eventName })), spans]],
    ['with the name as an attribute, after the spans', `${JSON.stringify(spans)}\n${JSON.stringify(logs((name) => ({ attributes: pairs({ 'event.name': name }) })))}`],
  ])('as log records %s', (_form, content) => {
    const { traces, problems } = imported(content)
    expect([problems, traces.length]).toEqual([[], 1])
    expect(shown(traces[0]!, 'requestParts')).toEqual(request)
    expect(shown(traces[0]!, 'responseParts')).toEqual(response)
    expect(llmOf(traces[0]!).finishReasons).toEqual(['stop'])
    expect(JSON.stringify(traces)).not.toContain('rain')
  })

  test('log records alone are no trace', () => {
    expect(imported(logs((eventName) => ({ eventName })))).toMatchObject({ format: 'otlp', traces: [], problems: ['file holds no span that could be read'] })
  })

  test.each<[string, readonly (readonly [string, object])[]]>([
    ['with attributes', asked.map(flat)],
    ['with the body as JSON in one attribute', asked.map(([name, body]) => [name, { 'gen_ai.event.content': JSON.stringify(body) }])],
    ['of all details', [['gen_ai.client.inference.operation.details', {
      'gen_ai.system_instructions': [{ type: 'text', content: 'be brief' }],
      'gen_ai.input.messages': [
        { role: 'user', parts: [{ type: 'text', content: 'Weather in Paris?' }] },
        { role: 'assistant', parts: [{ type: 'tool_call', id: 'c1', name: 'get_weather', arguments: '{"location":"Paris"}' }] },
        { role: 'tool', parts: [{ type: 'tool_call_response', id: 'c1', result: 'rainy, 57°F' }] },
      ],
      'gen_ai.output.messages': [{ role: 'assistant', parts: [{ type: 'text', content: 'It rains.' }], finish_reason: 'stop' }],
    }]]],
  ])('of the span, %s', (_form, events) => {
    const trace = withEvents(events)
    expect(shown(trace, 'requestParts')).toEqual(request)
    expect(shown(trace, 'responseParts')).toEqual(response)
    expect(JSON.stringify(trace)).not.toContain('rain')
  })

  test('before 1.28, of the prompt and the completion', () => {
    const trace = withEvents([
      ['gen_ai.content.prompt', { 'gen_ai.prompt': '[{"role":"user","content":"Weather in Paris?"}]' }],
      ['gen_ai.content.completion', { 'gen_ai.completion': '[{"role":"assistant","content":"It rains."}]' }],
    ])
    expect([shown(trace, 'requestParts'), shown(trace, 'responseParts')]).toEqual([[request[1]], response])
  })

  test('without their texts they say nothing', () => {
    const trace = withEvents([['gen_ai.user.message', {}], ['gen_ai.choice', { index: 0, finish_reason: 'length', message: {} }], ['exception', {}]])
    expect([trace.parts, llmOf(trace).finishReasons]).toEqual([[], ['length']])
  })

  test("Pydantic AI's, in attributes: a real call", () => {
    const trace = onlyTrace(fixture('otlp-derived/pydantic-ai-2025-06-06.otlp.json.gz'))
    expect(shown(trace, 'requestParts')).toEqual([
      ['system', undefined, undefined, 'You are a helpful assistant that answers questions clearly and concisely.'],
      ['user', undefined, undefined, 'What is Langfuse?'],
    ])
    expect(shown(trace, 'responseParts')).toEqual([['assistant', undefined, undefined, expect.stringMatching(/^Langfuse is a tool .* solutions\.$/)]])
    expect(JSON.stringify(trace)).not.toContain('helpful assistant')
  })

  test("Pydantic AI's, of an agent's run whose calls are not in the file", () => {
    const all = (JSON.parse(fixture('otlp-derived/pydantic-ai-2025-06-06.otlp.json.gz')) as OtlpFile).resourceSpans[0]!.scopeSpans[0]!
    const run = all.spans.filter(({ name }) => name === 'qa_agent run')
    const trace = onlyTrace({ resourceSpans: [{ scopeSpans: [{ ...all, spans: run }] }] })
    expect(shown(trace, 'requestParts').map((part) => (part as unknown[])[0])).toEqual(['system', 'user'])
    expect(shown(trace, 'responseParts')).toHaveLength(1)
  })

  test("Pydantic AI's tools", () => {
    const { llm } = spanWith({ ...chat, model_request_parameters: '{"function_tools":[{"name":"search","parameters_json_schema":{}}],"output_tools":[]}' })
    expect(llm?.requestParts).toEqual([0])
  })
})

test('calls of another agent, which a tool of a call began, count beside it: a real run of ADK with a second agent in its tool', () => {
  const file = JSON.parse(fixture('otlp-derived/google-adk-2025-08-28.otlp.json.gz')) as { resourceSpans: { scopeSpans: { spans: unknown[] }[] }[] }
  const { spans } = file.resourceSpans[0]!.scopeSpans[0]!
  const calls = spans as (Record<string, unknown> & { name: string; spanId: string; startTimeUnixNano: string })[]
  const tool = calls.find(({ name }) => name.startsWith('execute_tool'))!
  const second = calls.filter(({ name }) => name === 'call_llm').toSorted((a, b) => (a.startTimeUnixNano < b.startTimeUnixNano ? 1 : -1))[0]!
  const alone = imported(file)
  const nested = imported({ resourceSpans: [{ scopeSpans: [{ spans: [
    ...spans, { ...second, spanId: 'aaaaaaaaaaaaaaaa', parentSpanId: tool.spanId, startTimeUnixNano: tool.startTimeUnixNano },
  ] }] }] })
  expect(alone.analyses[0]!.totals).toMatchObject({ llmCalls: 2, usage: { input: { total: 67 }, output: { total: 9 } } })
  expect(nested.analyses[0]!.totals).toMatchObject({ llmCalls: 3, usage: { input: { total: 106 }, output: { total: 15 } } })
})
