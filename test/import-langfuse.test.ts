import { describe, expect, test } from 'vitest'
import type { Span, Trace } from '../src/model/span.ts'
import { fixture, fixtures, imported, onlyTrace, tree } from './support/imported.ts'

interface Export {
  readonly trace: { readonly id: string; readonly name: string; readonly latency: number }
  readonly observations: readonly {
    readonly id: string
    readonly parentObservationId: string | null
    readonly name: string
    readonly type: string
    readonly startTime: string
    readonly endTime: string
    readonly inputUsage: number
    readonly outputUsage: number
  }[]
}

const read = (file: string): Export => JSON.parse(fixture(`langfuse/${file}`)) as Export

describe('real exports', () => {
  test.each(fixtures('langfuse'))('%s: its observations, times and tokens', (file) => {
    const { trace: said, observations } = read(file)
    const { format, traces, analyses, problems } = imported(fixture(`langfuse/${file}`))
    expect(format).toBe('langfuse')
    expect(traces).toHaveLength(1)
    const [trace] = traces
    expect(trace).toMatchObject({ id: said.id, name: said.name })
    expect(analyses[0]!.totals.durationNs).toBe(Math.round(said.latency * 1e9))
    expect(new Set(trace!.spans.map(({ id, name, parentId }) => `${id} ${name} ${parentId}`)))
      .toEqual(new Set(observations.map(({ id, name, parentObservationId }) => `${id} ${name} ${parentObservationId ?? undefined}`)))
    for (const { id, startTime, endTime, type } of observations) {
      const span = trace!.spans.find((one) => one.id === id)!
      expect([trace!.startedAtEpochMs + span.start / 1e6, trace!.startedAtEpochMs + span.end! / 1e6])
        .toEqual([Date.parse(startTime), Date.parse(endTime)])
      expect(span.llm !== undefined).toBe(type === 'GENERATION')
    }
    const { input, output } = analyses[0]!.totals.usage
    expect(input.total).toBe(observations.reduce((sum, { inputUsage }) => sum + inputUsage, 0))
    expect(output.total).toBe(observations.reduce((sum, { outputUsage }) => sum + outputUsage, 0))
    expect(problems).toEqual(file.startsWith('vertex') ? [expect.stringContaining('states 2023 tokens in total')] : [])
  })

  test('LangGraph: the tools are found by what they gave back', () => {
    const trace = onlyTrace(fixture('langfuse/langgraph-python-2025-08-22.trace.json.gz'))
    expect(tree(trace)).toBe(
      `LangGraph internal 0-2610
  agent internal 3-854
    ChatOpenAI llm 4-852 in 60 out 15
    should_continue internal 853-853
  tools internal 855-858
    Web-Search tool 857-858
  agent internal 860-2607
    ChatOpenAI llm 861-2604 in 108 out 51
    should_continue internal 2606-2606`)
    const asking = trace.spans.find(({ llm }) => llm !== undefined)
    expect(trace.spans.find(({ tool }) => tool !== undefined)!.tool)
      .toEqual({ name: 'Web-Search', callId: 'call_1oGK863sxQHlPreFhDdEs3yl', issuedBy: asking!.id })
    expect(trace.parts.map(({ kind, name }) => `${kind} ${name ?? ''}`.trim())).toEqual([
      'tool-definition Web-Search', 'user', 'user', 'tool-call Web-Search', 'tool-result', 'assistant',
    ])
  })

  test('counts that Langfuse splits are added up again', () => {
    const usages = onlyTrace(fixture('langfuse/langgraph-js-2025-10-30.trace.json.gz')).spans.flatMap(({ llm }) => llm?.usage ?? [])
    expect(usages.map(({ output }) => output)).toEqual([
      { total: 24, visible: 24, reasoning: 0 }, { total: 99, visible: 35, reasoning: 64 },
    ])
  })
})

test.each(fixtures('otlp-derived'))('%s: the same trace as an export and as OTLP has the same spans and usage', (file) => {
  const viaOtlp = onlyTrace(fixture(`otlp-derived/${file}`))
  const viaExport = onlyTrace(fixture(`langfuse/${file.replace('.otlp', '.trace')}`))
  expect(viaOtlp.id).toBe(viaExport.id)
  const facts = (trace: Trace, { id, name, category, start, end, outcome, llm, tool }: Span): unknown => {
    const { requestParts, responseParts, ...call } = llm ?? {}
    const hashes = [requestParts, responseParts].map((indexes) => indexes?.map((i) => trace.parts[i]!.hash))
    // Pydantic AI's messages are in an attribute that only Langfuse reads.
    const texts = trace.parts.length > 0 && viaOtlp.parts.length > 0 ? hashes : undefined
    return { id, name, category, at: trace.startedAtEpochMs + start / 1e6, ns: end! - start, outcome, call, texts, tool }
  }
  const ids = new Set(viaOtlp.spans.map(({ id }) => id))
  const exported = viaExport.spans.filter(({ id }) => ids.has(id))
  expect(viaOtlp.spans.map((span) => facts(viaOtlp, span))).toEqual(exported.map((span) => facts(viaExport, span)))
  expect(exported.length).toBe(viaOtlp.spans.length)
})

describe('forms', () => {
  const file = 'langfuse/openai-agents-2025-09-30.trace.json.gz'
  const { trace, observations } = JSON.parse(fixture(file)) as { trace: Record<string, unknown>; observations: unknown[] }
  const expected = tree(onlyTrace(fixture(file)))

  test.each([
    ['a trace that holds its observations', { ...trace, observations }],
    ['a page of traces', { data: [{ ...trace, observations }], meta: { page: 1 } }],
    ['a list', [{ trace, observations }]],
    ['a page of observations', { data: observations }],
    ['observations', observations],
    ['lines of observations', observations.map((one) => JSON.stringify(one)).join('\n')],
  ])('%s', (_form, content) => {
    const { format, traces } = imported(content)
    expect(format).toBe('langfuse')
    expect(traces.map(tree)).toEqual([expected])
  })
})

describe('observations', () => {
  const observation = { id: 'o1', traceId: 't1', type: 'GENERATION', name: 'chat', startTime: '2025-01-01T00:00:00.000Z', endTime: '2025-01-01T00:00:01.000Z' }

  test('ids that are not of W3C size become ones that are, the same each time', () => {
    const [a, b] = [onlyTrace([observation]), onlyTrace([observation])]
    expect(a).toEqual(b)
    expect(a.id).toMatch(/^[0-9a-f]{32}$/)
  })

  test('the first token, an error, the counts of version 2', () => {
    const [span] = onlyTrace([{
      ...observation, completionStartTime: '2025-01-01T00:00:00.250Z', level: 'ERROR', statusMessage: 'overloaded', model: 'm',
      usage: { input: 10, output: 2, total: 12, unit: 'TOKENS' },
    }]).spans
    expect(span).toMatchObject({ outcome: { state: 'failed', type: 'Error', message: 'overloaded' } })
    expect(span!.llm).toMatchObject({ firstToken: 250_000_000, streamed: true, requestModel: 'm', usage: { input: { total: 10 }, output: { total: 2 } } })
  })

  test('characters are not taken for tokens', () => {
    const [span] = onlyTrace([{ ...observation, usage: { input: 10, output: 2, total: 12, unit: 'CHARACTERS' } }]).spans
    expect(span!.llm!.usage).toBeUndefined()
  })

  test('events take no time; what has not ended is open', () => {
    const { spans } = onlyTrace([
      { ...observation, type: 'SPAN' }, { ...observation, id: 'o2', parentObservationId: 'o1', type: 'EVENT', endTime: null },
      { ...observation, id: 'o3', parentObservationId: 'o1', endTime: null },
    ])
    expect(spans.map(({ start, end }) => [start, end])).toEqual([[0, 1e9], [0, 0], [0, undefined]])
  })
})

describe('rows of the API, of the table and of the export to a blob storage', () => {
  test.each(['observations-v2.json', 'table-export.json', 'blob-observations.jsonl'])('%s', (file) => {
    const { format, traces, problems } = imported(fixture(`langfuse-rows/${file}`))
    expect([format, problems]).toEqual(['langfuse', []])
    expect(traces.map(tree)).toEqual([[
      'support internal 0-1900',
      '  llm-generation llm 20-601 in 98 out 68',
      '  close-ticket tool 620-1880 failed',
      '  note internal 1890-1890',
    ].join('\n')])
    const [trace] = traces
    expect(trace).toMatchObject({ name: 'support-chat', tags: { support: 'true', chat: 'true' } })
    expect(trace!.spans[1]!.llm).toMatchObject({ requestModel: 'gpt-4o', firstToken: 140_000_000 })
    expect(trace!.spans[2]!.outcome).toEqual({ state: 'failed', type: 'Error', message: 'ticket is locked' })
    expect(trace!.parts.map(({ kind }) => kind)).toContain('assistant')
  })

  test('counts beside the details', () => {
    const row = { id: 'o', traceId: 't', type: 'GENERATION', name: 'x', startTime: '2026-01-01T00:00:00Z', usageDetails: {}, inputUsage: 7, outputUsage: 3 }
    expect(onlyTrace([row]).spans[0]!.llm!.usage).toMatchObject({ input: { total: 7 }, output: { total: 3 } })
    const { inputUsage: _in, outputUsage: _out, ...older } = { ...row, promptTokens: 8, completionTokens: 2 }
    expect(onlyTrace([older]).spans[0]!.llm!.usage).toMatchObject({ input: { total: 8 }, output: { total: 2 } })
  })
})
