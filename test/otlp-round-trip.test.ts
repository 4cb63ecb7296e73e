import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { importTraces } from '../adapters/import/index.ts'
import { renderOtlp, renderOtlpTrace } from '../reports/otlp.ts'
import { analyze } from '../src/index.ts'
import type { Attributes, LlmDetail, Outcome, Resources, Span, Trace } from '../src/model/span.ts'
import { inputInclusive, outputInclusive, type Usage } from '../src/model/usage.ts'
import { draw, idOf } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { goldenAnalysis, goldenTrace } from './support/golden-run.ts'
import { seeded } from './support/random.ts'
import { randomTrace } from './support/random-run.ts'
import { root } from './support/source.ts'

type Step = (trace: Trace) => Trace

const spansWith = (change: (span: Span) => Span): Step => (trace) => ({ ...trace, spans: trace.spans.map(change) })
const llmWith = (change: (llm: LlmDetail) => LlmDetail): Step =>
  spansWith((span) => (span.llm === undefined ? span : { ...span, llm: change(span.llm) }))
const usageWith = (change: (usage: Usage) => Usage): Step =>
  llmWith((llm) => (llm.usage === undefined ? llm : { ...llm, usage: change(llm.usage) }))

/** Without the fields of an object that hold nothing. */
const filled = <T extends object>(value: T, names: readonly string[]): T =>
  Object.fromEntries(Object.entries(value).filter(([name, one]) => !names.includes(name) || Object.keys(one as object).length > 0)) as T

/** What OTLP loses, in the words of docs/formats.md. All else comes back as it was. */
const LOST: Readonly<Record<string, Step>> = {
  'the parts of requests and answers, with their sizes and hashes': (trace) => ({
    ...llmWith(({ requestParts: _request, responseParts: _response, ...llm }) => llm)(trace), parts: [],
  }),
  "texts of tools' arguments and results, also in the calls that an answer asked for": (trace) => spansWith((span) => {
    const { arguments: _arguments, result: _result, ...tool } = span.tool ?? { name: '' }
    const toolCalls = span.llm?.toolCalls?.map(({ arguments: _text, ...call }) => call)
    return { ...span, ...(span.tool && { tool }), ...(span.llm && { llm: { ...span.llm, ...(toolCalls && { toolCalls }) } }) }
  })(trace),
  "where the values of inputs come from, hashes of a tool's arguments and result, the reader's own time, the service tier, tokens by medium": (trace) => {
    const spans = spansWith(({ values: _values, ...span }) => {
      const { argumentsHash: _arguments, resultHash: _result, ...tool } = span.tool ?? { name: '' }
      return { ...span, ...(span.tool && { tool }) }
    })
    const calls = llmWith(({ reader: _reader, serviceTier: _tier, ...llm }) => llm)
    return [spans, calls, usageWith(({ media: _media, ...usage }) => usage)].reduce((before, step) => step(before), trace)
  },
  "a provider's own usage object of more than 4,096 characters, or nested deeper than 128 levels": usageWith(({ raw, ...usage }) =>
    (raw === undefined || JSON.stringify(raw).length > 4_096 ? usage : { ...usage, raw })),
  "the error of an attempt that is the text of its status": llmWith((llm) => (llm.attempts === undefined ? llm : {
    ...llm, attempts: llm.attempts.map(({ error, ...attempt }) => (error === undefined || error === String(attempt.status) ? attempt : { ...attempt, error })),
  })),
  'what is empty: lists, tags and attributes, requests and extras of a usage, lifetimes of cache writes that are all 0': (trace) => {
    const usages = usageWith((usage) => {
      const { cacheWriteByTtl = {}, ...input } = usage.input ?? {}
      const isWritten = Object.values(cacheWriteByTtl).some((count) => count > 0)
      return filled({ ...usage, ...(usage.input && { input: { ...usage.input, ...input, ...(!isWritten && { cacheWriteByTtl: {} }) } }) }, ['requests', 'extra'])
    })
    const inner = usageWith((usage) => (usage.input === undefined ? usage : { ...usage, input: filled(usage.input, ['cacheWriteByTtl']) }))
    const details = llmWith((llm) => filled(llm, ['finishReasons', 'toolCalls', 'attempts']))
    const spans = spansWith((span) => filled(span, ['attributes', 'dependsOn']))
    return filled([usages, inner, details, spans].reduce((before, step) => step(before), trace), ['tags'])
  },
  'the order of spans that start in the same nanosecond': (trace) => ({
    ...trace, spans: trace.spans.toSorted((a, b) => (a.parentId === undefined ? -1 : b.parentId === undefined ? 1 : a.start - b.start || (a.id < b.id ? -1 : 1))),
  }),
  'times before 1970, which become 0': (trace) => trace,
  'the name of a service that is called unknown_service': ({ service, ...trace }) => (service === undefined || service === 'unknown_service' ? trace : { ...trace, service }),
}

/** What is told more plainly afterwards, in the words of docs/formats.md. */
const ADDED: Readonly<Record<string, Step>> = {
  'a span of category tool is the run of a tool of its name, where the recording did not say so': spansWith((span) =>
    (span.category === 'tool' && span.tool === undefined ? { ...span, tool: { name: span.name } } : span)),
  'an estimate of the analysis is in the recording, as an estimate': (trace) => {
    const usages = new Map(analyze(trace).calls.map(({ spanId, usage }) => [spanId, usage]))
    return spansWith((span) => {
      const usage = span.llm?.usage ?? usages.get(span.id)
      return span.llm === undefined || usage === undefined ? span : { ...span, llm: { ...span.llm, usage } }
    })(trace)
  },
}

const expected = (trace: Trace): Trace => [...Object.values(ADDED), ...Object.values(LOST)].reduce((before, step) => step(before), trace)

function readBack(text: string): Trace {
  const { format, traces, problems } = importTraces({ name: 'run', text })
  expect([format, traces.length, problems]).toEqual(['otlp', 1, []])
  checkTrace(traces[0]!)
  checkAnalysis(analyze(traces[0]!))
  return traces[0]!
}

/** The order of ties is one of the losses. */
const ordered = LOST['the order of spans that start in the same nanosecond']!
const throughOtlp = (trace: Trace, semconv: '1.41' | 'latest' = '1.41'): Trace =>
  ordered(readBack(renderOtlpTrace(trace, analyze(trace), { semconv })))

test('docs/formats.md lists what is lost and what is added', () => {
  const docs = readFileSync(`${root}docs/formats.md`, 'utf8')
  const listed = (before: string): string[] => {
    const [, rest = ''] = docs.split(`${before}\n\n`)
    return rest.split('\n\n')[0]!.replaceAll('`', '').split(/\n?- /).slice(1).map((item) => item.replace(/\s+/g, ' ').replace(/[;.]$/, ''))
  }
  expect(listed('Lost on the way out and back:')).toEqual(Object.keys(LOST))
  expect(listed('Told afterwards, and not before:')).toEqual(Object.keys(ADDED))
})

test.each(['1.41', 'latest'] as const)('the golden run comes back, in %s', (semconv) => {
  expect(throughOtlp(goldenTrace, semconv)).toEqual(expected(goldenTrace))
})

test('random runs with all that a recording can hold come back', () => {
  for (let seed = 0; seed < 250; seed++) {
    const trace = richTrace(seed)
    checkTrace(trace)
    expect(throughOtlp(trace, seed % 2 === 0 ? '1.41' : 'latest'), `seed ${seed}`).toEqual(expected(trace))
  }
})

test('what came back goes the same way again without a loss', () => {
  for (let seed = 0; seed < 40; seed++) {
    const once = throughOtlp(richTrace(seed))
    expect(throughOtlp(once), `seed ${seed}`).toEqual(once)
  }
})

describe('at the edges', () => {
  test('a recording without a clock', () => {
    const trace = { ...draw('agent 0-10\n  a 2-5 tool'), startedAtEpochMs: 0 }
    expect(throughOtlp(trace)).toEqual(expected(trace))
  })

  test('times before 1970', () => {
    const back = readBack(renderOtlpTrace({ ...draw('agent 0-10\n  a 2-5'), startedAtEpochMs: -4 }, goldenAnalysisOf('agent 0-10\n  a 2-5', -4)))
    expect([back.startedAtEpochMs, back.spans.map(({ start, end }) => [start, end])]).toEqual([0, [[0, 6e6], [0, 1e6]]])
  })

  test('a run that began before its first span', () => {
    const trace = draw('agent 3-10\n  a 4-5')
    expect(throughOtlp(trace)).toEqual(expected(trace))
  })

  test('a span that repeats the tokens of others keeps what it said, and is still no call', () => {
    const trace = draw('agent 0-10\n  outer 0-9 llm model=gpt-5-mini in=10 out=2\n    inner 1-8 llm model=gpt-5-mini in=10 out=2')
    expect(throughOtlp(trace)).toEqual(expected(trace))
    expect(analyze(throughOtlp(trace)).totals).toMatchObject({ llmCalls: 1, usage: { input: { total: 10 } } })
  })

  test('a span that only says that it is a call', () => {
    const trace = spansWith((span) => (span.category === 'llm' ? { ...span, attributes: { 'gen_ai.request.model': 'm' } } : span))(draw('agent 0-10\n  a 2-5 llm'))
    expect(throughOtlp(trace)).toEqual(expected(trace))
  })

  test('other spans among ours are read as what they are', () => {
    const document = JSON.parse(renderOtlpTrace(goldenTrace, goldenAnalysis)) as { resourceSpans: unknown[] }
    const at = String(BigInt(goldenTrace.startedAtEpochMs) * 1_000_000n + 5_000_000n)
    document.resourceSpans.push({ resource: { attributes: [] }, scopeSpans: [{ scope: { name: 'other' }, spans: [{
      traceId: goldenTrace.id, spanId: 'ffffffffffffffff', parentSpanId: idOf(goldenTrace, 'load_memory'), name: 'query', startTimeUnixNano: at, endTimeUnixNano: at,
    }] }] })
    const back = readBack(JSON.stringify(document))
    expect(back.spans).toHaveLength(goldenTrace.spans.length + 1)
    expect(back.spans.find(({ name }) => name === 'query')).toMatchObject({ category: 'internal', start: 5e6, parentId: idOf(goldenTrace, 'load_memory') })
  })

  test('an analysis without its trace: calls, usage, failures and tools', () => {
    const back = ordered(readBack(renderOtlp(goldenAnalysis)))
    const facts = (trace: Trace): unknown[] => trace.spans.map(({ id, name, category, start, end, outcome, llm, tool }) => ({
      id, name, category, start, end, outcome, tool: tool && { name: tool.name, issuedBy: tool.issuedBy },
      llm: llm && { provider: llm.provider, model: llm.requestModel, usage: llm.usage, firstToken: llm.firstToken, attempts: llm.attempts },
    }))
    expect(facts(back)).toEqual(facts(expected(goldenTrace)))
  })

  test('values of the wrong type in what says that it is ours', () => {
    const text = renderOtlpTrace(richTrace(5), analyze(richTrace(5)))
    const wrong: readonly unknown[] = [
      null, 0, -1, 1e300, '', 'x', true, [], {}, [null], { toString: 1 }, '__proto__', '-5', '9'.repeat(40), '9007199254740991', '9'.repeat(19),
    ]
    const next = seeded(11)
    const spoil = (value: unknown): unknown => {
      if (next() < 0.03) return wrong[Math.floor(next() * wrong.length)]
      if (Array.isArray(value)) return value.map(spoil)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, spoil(one)]))
    }
    for (let i = 0; i < 80; i++) {
      for (const trace of importTraces({ name: 'run', text: JSON.stringify(spoil(JSON.parse(text))) }).traces) {
        checkTrace(trace)
        checkAnalysis(analyze(trace))
      }
    }
  })
})

function goldenAnalysisOf(drawing: string, startedAtEpochMs: number): ReturnType<typeof analyze> {
  return analyze({ ...draw(drawing), startedAtEpochMs })
}

/** A random tree whose spans hold, here and there, each thing that a recording can. */
function richTrace(seed: number): Trace {
  const random = seeded(seed + 1_000)
  const upTo = (max: number): number => Math.floor(random() * (max + 1))
  const pick = <T>(items: readonly T[]): T => items[upTo(items.length - 1)]!
  const maybe = <T extends object>(share: number, value: () => T): T | object => (random() < share ? value() : {})
  const plain = randomTrace(seed)
  const ids = plain.spans.map(({ id }) => id)
  const spans = plain.spans.map((span): Span => {
    const isCall = span.llm !== undefined
    return {
      ...span,
      name: pick([span.name, '', 'a b', '<i>', '__proto__', '查询', 'x'.repeat(300)]),
      ...maybe(isCall ? 0 : 0.5, () => ({ category: pick(['memory', 'retrieval', 'agent', 'tool', 'llm', 'embedding', 'my own', 'constructor']) })),
      ...maybe(0.3, () => (span.end === undefined ? {} : { outcome: pick<Outcome>([
        { state: 'cancelled' }, { state: 'failed', type: 'TypeError', message: '' }, { state: 'failed', type: '', message: 'no\nway' },
      ]) })),
      ...maybe(0.5, () => ({ attributes: attributes(pick) })),
      ...maybe(0.2, () => ({ dependsOn: ids.filter((id) => id !== span.id && random() < 0.2) })),
      ...maybe(0.2, () => ({ resources: resources(upTo) })),
      ...maybe(0.2, () => ({ values: { seen: true as const, knownAt: upTo(9) } })),
      ...(span.tool && { tool: { ...span.tool, name: pick(['search', '']), ...maybe(0.5, () => ({ callId: 'c1' })), ...maybe(0.2, () => ({ yielded: upTo(3) })), ...maybe(0.2, () => ({ arguments: 'secret', result: 'secret' })), ...maybe(0.2, () => ({ argumentsHash: '0123456789abcdef' })) } }),
      ...(isCall && { llm: { ...span.llm, ...call(span, { random, upTo, pick, maybe }), ...maybe(0.2, () => ({ serviceTier: 'flex', reader: { beforeFirstTokenNs: 1, betweenTokensNs: 2, afterLastTokenNs: 3 } })) } }),
    }
  })
  return {
    ...plain, spans,
    name: pick(['random', '', 'other name']),
    parts: [{ kind: 'user', hash: '0123456789abcdef', chars: 40 }],
    startedAtEpochMs: pick([plain.startedAtEpochMs, plain.startedAtEpochMs + 0.25, 1_793_491_200_123.456, 1]),
    overheadNs: upTo(2_000), selfErrors: upTo(2),
    dropped: { spans: upTo(2), contentChars: upTo(2), parts: upTo(2), ...maybe(0.5, () => ({ attributes: upTo(2) })) },
    ...maybe(0.5, () => ({ service: pick(['support', 'unknown_service', '']) })),
    ...maybe(0.5, () => ({ tags: pick<Record<string, string>>([{ branch: 'main', 'a.b': '' }, {}]) })),
    ...maybe(0.5, () => ({ process: { pid: 4, runtime: 'node 20', platform: 'linux' } })),
  }
}

const attributes = (pick: <T>(items: readonly T[]) => T): Attributes => pick<Attributes>([
  {},
  { 'app.text': 'x', 'app.yes': false, 'app.int': 3, 'app.big': 2 ** 60, 'app.half': -0.5, 'app.texts': ['a', ''], 'app.ints': [1, 2], 'app.mixed': [1, 0.5], 'app.none': [] },
  { 'gen_ai.request.temperature': 0.5, 'gen_ai.system': 'openai', 'gen_ai.request.model': 'm', 'error.type': 'mine', 'gen_ai.provider.name': 'p' },
  { 'spanwise.time': 'inferred', 'spanwise.name': 'mine', 'spanwise.attributes': ['x'], 'spanwise.usage.complete': true, 'spanwise.tag.a': 'b' },
  { 'gen_ai.tool.name': 'x', 'gen_ai.usage.input_tokens': 99, 'spanwise.attribute.x': 'y', long: 'x'.repeat(5_000), '__proto__x': 1 },
])

const resources = (upTo: (max: number) => number): Resources => ({
  cpuUserNs: upTo(9), cpuSystemNs: upTo(9), rssStartBytes: upTo(9), rssEndBytes: upTo(9), heapStartBytes: upTo(9), heapEndBytes: upTo(9),
  ...(upTo(1) === 1 && { eventLoopDelayMaxNs: upTo(9), eventLoopDelayMeanNs: 1.5 }),
})

interface Dice {
  readonly random: () => number
  readonly upTo: (max: number) => number
  readonly pick: <T>(items: readonly T[]) => T
  readonly maybe: <T extends object>(share: number, value: () => T) => T | object
}

function call({ start, end = start + 100 }: Span, { upTo, pick, maybe }: Dice): LlmDetail {
  const first = start + upTo(end - start)
  const attempts = [
    { start, end: first, status: 429, error: '429' }, { start: first, firstByte: first, end, waitNs: 5 }, { start: end, error: 'TypeError' },
    { start: end, status: 500, error: 'InternalServerError' },
  ]
  return {
    provider: pick(['openai', 'my.gateway', '']), operation: pick(['chat', 'embeddings', 'text_completion', 'mine']), api: pick(['messages', 'x']),
    streamed: pick([true, false]),
    ...maybe(0.6, () => ({ requestModel: pick(['gpt-5-mini', '']), responseModel: 'gpt-5-mini-2025-08-07', responseId: 'r1' })),
    ...maybe(0.5, () => ({ finishReasons: pick([['stop'], ['tool_calls', 'length'], []]) })),
    ...maybe(0.3, () => ({ maxOutputTokens: upTo(9), chunks: upTo(9) })),
    ...maybe(0.5, () => ({ firstToken: first, ...maybe(0.7, () => ({ lastToken: end })) })),
    ...maybe(0.4, () => ({ attempts: attempts.slice(0, upTo(4)) })),
    ...maybe(0.4, () => ({ toolCalls: pick([[], [{ name: 'search', argumentsChars: 3 }, { id: 'c1', name: '', argumentsChars: 0, arguments: '{}' }]]) })),
    ...maybe(0.3, () => ({ requestParts: [0], responseParts: [] })),
    ...maybe(0.8, () => ({ usage: usage({ upTo, pick, maybe }) })),
  }
}

function usage({ upTo, pick, maybe }: Pick<Dice, 'upTo' | 'pick' | 'maybe'>): Usage {
  const [read, fresh, hour, reasoning] = [upTo(3), upTo(3), upTo(3), upTo(3)]
  const input = inputInclusive({
    input: read + fresh + hour + upTo(9), cacheRead: read, cacheWrite: fresh + hour, ...maybe(0.5, () => ({ cacheWriteByTtl: { '5m': fresh, '1h': hour } })),
  })
  const output = outputInclusive({ output: reasoning + upTo(9), reasoning })
  return {
    ...maybe(0.8, () => (input === undefined ? {} : { input })), ...maybe(0.8, () => (output === undefined ? {} : { output })),
    ...maybe(0.3, () => ({ requests: pick([{}, { webSearch: 1 }, { webSearch: 0, webFetch: 2 }]) })),
    ...maybe(0.3, () => ({ extra: pick([{}, { compactionInput: 5 }]) })),
    ...maybe(0.5, () => ({ raw: pick<unknown>([{ prompt_tokens: 5, details: { a: null } }, null, [], { long: 'x'.repeat(5_000) }, 'text']) })),
    complete: pick([true, false]), source: pick(['provider', 'estimated'] as const),
  }
}
