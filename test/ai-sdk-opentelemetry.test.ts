import { context } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan, type SpanProcessor } from '@opentelemetry/sdk-trace-base'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { Profiler, Span, Trace } from 'spanwise'
import { spanwiseMiddleware, spanwiseTelemetry } from 'spanwise/ai-sdk'
import { spanwiseSpanProcessor } from 'spanwise/otel'
import { z } from 'zod'
import { importTraces } from '../adapters/import/index.ts'
import { lanes, type Lane, type Model } from './ai-sdk/lanes.ts'
import { busy } from './conformance/openai/answers.ts'
import { answer, type Said } from './support/openai-answers.ts'
import { startProviderServer, type ProviderServer, type Reply } from './support/provider-server.ts'
import { recorded } from './support/recorded.ts'

/** Versions 5 and 6 speak OpenTelemetry: what is recorded live agrees with what is read from those spans. */

let server: ProviderServer
beforeAll(async () => {
  server = await startProviderServer()
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})
afterAll(async () => {
  context.disable()
  await server.close()
})

const chat = (said: Said, stream: boolean): Reply => answer({ api: 'chat', stream }, said)
const CALLS: Said = { text: 'let me see', calls: [['weather', { city: 'Rome' }, 'call_1'], ['weather', { city: 'Oslo' }, 'call_2']] }

interface Setting {
  readonly profiler: Profiler
  readonly processor: SpanProcessor
  readonly telemetry: boolean
  readonly middleware?: boolean
}

/** An agent with two tools at once and a refused request, whole and streamed. */
async function work(lane: Lane, { profiler, processor, telemetry, middleware = false }: Setting): Promise<void> {
  const { ai } = lane
  const session = server.session()
  session.reply(chat(CALLS, false), busy, chat({ text: 'done' }, false), chat(CALLS, true), chat({ text: 'done' }, true))
  const tracer = new BasicTracerProvider({ spanProcessors: [processor] }).getTracer('ai')
  const bare = lane.openai(session.url).chat('gpt-4o-mini')
  const model = middleware ? ai.wrapLanguageModel({ model: bare, middleware: spanwiseMiddleware({ profiler }) }) as Model : bare
  const weather = ai.tool({ inputSchema: z.object({ city: z.string() }), execute: async ({ city }) => `sunny in ${city}` })
  const settings = telemetry ? spanwiseTelemetry({ profiler, tracer: tracer as never }) : { isEnabled: true, tracer }
  const options = { model, system: 'Be brief', prompt: 'x', tools: { weather }, stopWhen: ai.stepCountIs(3), experimental_telemetry: settings as object }
  expect((await ai.generateText(options)).text).toBe('done')
  expect(await ai.streamText(options).text).toBe('done')
}

const old = lanes.filter(({ version }) => version < 7)

/** As the JavaScript SDK prints them. */
const printed = (spans: readonly ReadableSpan[]): string => spans.map((span) => JSON.stringify({
  name: span.name, spanContext: span.spanContext(), parentSpanContext: span.parentSpanContext, startTime: span.startTime, endTime: span.endTime,
  status: span.status, attributes: span.attributes, events: span.events,
})).join('\n')

/** What both ways tell of a span; names and times are their own. */
function facts(trace: Trace): readonly unknown[] {
  const kinds = (indexes: readonly number[] = []): string[] => indexes.map((index) => `${trace.parts[index]!.kind} ${trace.parts[index]!.name ?? ''}`)
  const depth = ({ parentId }: Span): number => (parentId === undefined ? 0 : 1 + depth(trace.spans.find(({ id }) => id === parentId)!))
  return trace.spans.map((span) => ({
    category: span.category, depth: depth(span), state: span.outcome.state, tool: span.tool?.name, callId: span.tool?.callId,
    ...(span.llm !== undefined && {
      provider: span.llm.provider, api: span.llm.api, requestModel: span.llm.requestModel, responseModel: span.llm.responseModel,
      responseId: span.llm.responseId, streamed: span.llm.streamed, calls: span.llm.toolCalls?.map(({ id }) => id),
      output: span.llm.usage?.output?.total, request: kinds(span.llm.requestParts), response: kinds(span.llm.responseParts),
    }),
  }))
}

describe.each(old)('ai $version', (lane) => {
  test('the structure is that which an import of its OpenTelemetry spans has', async () => {
    const { profiler } = recorded()
    const exporter = new InMemorySpanExporter()
    await work(lane, { profiler, processor: new SimpleSpanProcessor(exporter), telemetry: true })
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(2))
    const { traces, problems } = importTraces({ name: 'spans.jsonl', text: printed(exporter.getFinishedSpans()) })
    expect(problems).toEqual([])
    expect(traces).toHaveLength(2)
    // OpenTelemetry's spans know each request by itself: one that was refused is a call there.
    const imported = traces.map((trace) => facts(trace).filter((one) => (one as { state: string }).state !== 'failed'))
    expect(profiler.traces.map(facts)).toEqual(imported)
  })

  test.each([
    { telemetry: true, middleware: false }, { telemetry: true, middleware: true }, { telemetry: false, middleware: true },
  ])('beside a span processor each call is one, telemetry: $telemetry, middleware: $middleware', async (setting) => {
    const { profiler } = recorded()
    await work(lane, { profiler, processor: spanwiseSpanProcessor({ profiler }), ...setting })
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(2))
    const spans = profiler.traces.flatMap((trace) => trace.spans)
    // Without telemetry nobody knows that the second request is the first one, sent again.
    expect(spans.filter(({ llm, outcome }) => llm !== undefined && outcome.state === 'ok')).toHaveLength(4)
    expect(spans.filter(({ llm }) => llm !== undefined)).toHaveLength(setting.telemetry ? 4 : 5)
    expect(spans.filter(({ category }) => category === 'tool').map(({ tool }) => tool!.callId)).toEqual(['call_1', 'call_2', 'call_1', 'call_2'])
    expect(spans.filter(({ llm }) => llm?.streamed === true).every(({ llm }) => llm!.firstToken !== undefined)).toBe(true)
  })
})
