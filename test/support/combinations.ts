import { context, trace, type Tracer } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { analyze, type Profiler, type Span, type Trace } from 'spanwise'
import { watchOpenAI, wrapOpenAI } from 'spanwise/openai'
import { spanwiseSpanProcessor } from 'spanwise/otel'
import { within } from '../../src/kit.ts'
import { checkAnalysis } from '../laws.ts'
import { answer } from './openai-answers.ts'
import { json, startProviderServer, type Asked, type ProviderServer, type Reply, type Session } from './provider-server.ts'
import { recorded } from './recorded.ts'
import { refuses, says, type Kind } from './said.ts'

/** Whatever sees a call, wherever it is made from and however it goes: it is one call, in one run, and costs what it costs. */

export const PLACES = ['in a run', 'outside of any', 'in a span of OpenTelemetry', 'in a request'] as const
export type Place = (typeof PLACES)[number]
/** For what differs from another row in nothing that has to do with places. */
export const ENDS: readonly Place[] = ['in a run', 'outside of any']

/** `instrumented`: somebody else's instrumentation tells OpenTelemetry of it as well. */
export const CLIENTS = ['bare', 'wrapped', 'watched by its class', 'instrumented', 'instrumented and wrapped'] as const
export type ClientKind = (typeof CLIENTS)[number]

/** What a framework is made to do. Each must give what was answered. */
export interface Asker {
  ask(text: string): Promise<string>
  stream(text: string): Promise<string>
  /** Reads a little of a stream, and leaves it as its users do. */
  leave?(text: string): Promise<void>
  /** Asks with tools, until there is an answer. */
  tools?(text: string, weather: Weather): Promise<string>
}

/** A recorded function. */
export type Weather = (args: { city: string }) => Promise<string>

export interface Kit {
  readonly profiler: Profiler
  readonly url: string
  readonly client: ClientKind
  readonly place: Place
  /** Tries again so many times after a refusal, whoever does it there. */
  readonly maxRetries: number
  readonly tracer: Tracer
  /** A client of the kind that is asked for. */
  openai(): OpenAI
  /** Is called when the case is over. */
  undo(done: () => void): void
}

export interface Maker {
  readonly name: string
  readonly kind: Kind
  /** With what a server answers that is to be asked again. Default: 429. */
  readonly busyStatus?: number
  /** Default: all of them. */
  readonly clients?: readonly ClientKind[]
  readonly places?: readonly Place[]
  make(kit: Kit): Asker
  /** Why a combination cannot occur, or what nobody tells in it. */
  leftOut?(way: Way, client: ClientKind, place: Place): string | undefined
}

export type Way = 'plain' | 'streamed' | 'left' | 'refused' | 'tried again' | 'ten equal' | 'ten different' | 'ten streams' | 'with tools' | 'unsampled'

interface Case {
  /** Calls of models, and of tools. */
  readonly calls: number
  readonly tools?: number
  /** Of those that are paid: 10 tokens in, 4 of them cached, and 5 out. */
  readonly paid: number
  readonly state?: 'ok' | 'failed' | 'cancelled'
  readonly replies: (kind: Kind, status: number) => readonly (Reply | ((asked: Asked) => Reply))[]
  run(asker: Asker, kit: Kit): Promise<unknown>
  /** Whether it is several runs outside of one. */
  readonly isMany?: boolean
}

const ten = <T>(one: (i: number) => T): T[] => Array.from({ length: 10 }, (_, i) => one(i))
const busy = (status: number): Reply => json({ error: { message: 'slow down', type: 'rate_limit_error' } }, { status, headers: { 'retry-after-ms': '1' } })

/** The first letters of an answer, and then nothing. */
const unfinished = (reply: Reply): Reply => ({ ...reply, steps: [...reply.steps.slice(0, 4), 'hold'] })

function asks(kind: Kind): Reply {
  const calls = [['weather', { city: 'Rome' }, 'call_1'], ['weather', { city: 'Oslo' }, 'call_2']] as const
  if (kind !== 'messages') return answer({ api: kind }, { calls })
  return json({
    id: 'msg_tools', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', stop_sequence: null, stop_reason: 'tool_use',
    content: calls.map(([name, input, id]) => ({ type: 'tool_use', id, name, input })),
    usage: { input_tokens: 6, cache_read_input_tokens: 4, cache_creation_input_tokens: 0, output_tokens: 5 },
  })
}

const CASES: Readonly<Record<Exclude<Way, 'unsampled'>, Case>> = {
  'plain': { calls: 1, paid: 1, replies: (kind) => [says(kind, 'hello')], run: async (asker) => expect(await asker.ask('hi there')).toBe('hello') },
  'streamed': { calls: 1, paid: 1, replies: (kind) => [says(kind, 'hello', true)], run: async (asker) => expect(await asker.stream('hi there')).toBe('hello') },
  'left': { calls: 1, paid: 0, state: 'cancelled', replies: (kind) => [unfinished(says(kind, 'hello', true))], run: (asker) => asker.leave!('hi there') },
  'refused': { calls: 1, paid: 0, state: 'failed', replies: () => [refuses(400)], run: (asker) => expect(asker.ask('hi there')).rejects.toThrow('refused') },
  'tried again': { calls: 1, paid: 1, replies: (kind, status) => [busy(status), says(kind, 'hello')], run: async (asker) => expect(await asker.ask('hi there')).toBe('hello') },
  'ten equal': { calls: 10, paid: 10, isMany: true, replies: (kind) => ten(() => says(kind, 'hello')), run: (asker) => Promise.all(ten(() => asker.ask('hi there'))) },
  'ten different': { calls: 10, paid: 10, isMany: true, replies: (kind) => ten(() => says(kind, 'hello')), run: (asker) => Promise.all(ten((i) => asker.ask(`question ${i}`))) },
  'ten streams': { calls: 10, paid: 10, isMany: true, replies: (kind) => ten(() => says(kind, 'hi', true)), run: (asker) => Promise.all(ten((i) => asker.stream(`question ${i % 3}`))) },
  'with tools': {
    calls: 2, paid: 2, tools: 2, replies: (kind) => [asks(kind), says(kind, 'sunny')],
    run: async (asker, { profiler }) => {
      const weather = profiler.tool('weather', async ({ city }: { city: string }) => profiler.span('look up', async () => `sunny in ${city}`))
      expect(await asker.tools!('How is the weather?', weather)).toBe('sunny')
    },
  },
}

export function combinations(makers: readonly Maker[]): void {
  let server: ProviderServer
  beforeAll(async () => void (server = await startProviderServer()))
  afterAll(() => server.close())
  afterEach(() => void vi.useRealTimers())

  describe.each(makers)('$name', (maker) => {
    const rows = (maker.clients ?? CLIENTS).flatMap((client) => (maker.places ?? PLACES).map((place) => ({ client, place })))
    describe.each(rows)('the client $client, $place', ({ client, place }) => {
      for (const [way, one] of Object.entries(CASES) as [Exclude<Way, 'unsampled'>, Case][]) {
        // Where there is a run around them it is no matter which.
        if (one.isMany === true && way !== 'ten equal' && (place === 'in a request' || place === 'in a span of OpenTelemetry')) continue
        const reason = maker.leftOut?.(way, client, place)
        if (reason !== undefined) test.skip(`${way} (${reason})`)
        else test(way, () => check(server, maker, one, client, place, way === 'tried again' ? 1 : 0))
      }
      test('unsampled', () => checkUnsampled(server, maker, client, place))
    })
  })
}

async function check(server: ProviderServer, maker: Maker, one: Case, client: ClientKind, place: Place, maxRetries: number): Promise<void> {
  const { profiler } = recorded({ maxTraces: 100 })
  await using desk = open(server, profiler, maker, client, place, maxRetries)
  const { session, kit, asker } = desk
  session.reply(...one.replies(maker.kind, maker.busyStatus ?? 429))
  const done = desk.inPlace(() => one.run(asker, kit))
  if (maxRetries > 0) await letTimePass(session, done)
  await done
  const runs = place === 'outside of any' && one.isMany === true ? 10 : 1
  await vi.waitFor(() => expect(profiler.traces).toHaveLength(runs), { interval: 1 })
  const calls = llms(profiler.traces)
  expect(calls.map(({ outcome }) => outcome.state)).toEqual(Array.from({ length: one.calls }, () => one.state ?? 'ok'))
  const analyses = profiler.traces.map((trace) => analyze(trace))
  for (const analysis of analyses) checkAnalysis(analysis)
  const sum = (of: (usage: (typeof analyses)[number]['totals']) => number): number => analyses.reduce((total, { totals }) => total + of(totals), 0)
  expect([sum((t) => t.llmCalls), sum((t) => t.toolCalls)]).toEqual([one.calls, one.tools ?? 0])
  if (one.state !== 'cancelled') {
    expect([sum((t) => t.usage.input.total), sum((t) => t.usage.input.cacheRead), sum((t) => t.usage.output.total)]).toEqual([10, 4, 5].map((n) => n * one.paid))
  }
  expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  expect(profiler.stats().firstSelfError).toBeUndefined()
  for (const trace of profiler.traces) checkPlaces(trace, place, one)
}

/** Nothing is outside of where it was made, and what tools do is below them. */
function checkPlaces(trace: Trace, place: Place, { tools = 0 }: Case): void {
  const roots = trace.spans.filter(({ parentId }) => parentId === undefined)
  const names = { 'in a run': 'program', 'in a request': 'request', 'in a span of OpenTelemetry': 'GET /chat', 'outside of any': trace.name }
  expect(roots.map(({ name }) => name)).toEqual([names[place]])
  if (tools === 0) return
  const [first] = llms([trace])
  const own = trace.spans.filter(({ tool }) => tool !== undefined)
  expect(own.map(({ name, tool }) => [name, tool!.callId, tool!.issuedBy === first!.id])).toEqual([['weather', 'call_1', true], ['weather', 'call_2', true]])
  expect(trace.spans.filter(({ name }) => name === 'look up').map(({ parentId }) => parentId)).toEqual(own.map(({ id }) => id))
}

async function checkUnsampled(server: ProviderServer, maker: Maker, client: ClientKind, place: Place): Promise<void> {
  const { profiler } = recorded({ sampleRate: 0 })
  await using desk = open(server, profiler, maker, client, place, 0)
  const { session, asker } = desk
  session.reply(says(maker.kind, 'hello'), says(maker.kind, 'hello', true), says(maker.kind, 'hello'))
  await desk.inPlace(async () => {
    await asker.ask('hi there')
    await asker.stream('hi there')
  })
  expect(profiler.traces).toEqual([])
  // What comes after is not taken for part of it.
  await profiler.run('later', () => asker.ask('hi there'), { sample: true })
  await vi.waitFor(() => expect(llms(profiler.traces)).toHaveLength(1), { interval: 1 })
}

const llms = (traces: readonly Trace[]): readonly Span[] =>
  traces.flatMap(({ spans }) => spans.filter(({ llm, category }) => llm !== undefined || category === 'llm'))

/** Whoever waits before the next try waits no longer than the test does. */
async function letTimePass(session: Session, done: Promise<unknown>): Promise<void> {
  let isOver = false
  void done.catch(() => {}).finally(() => { isOver = true })
  while (session.asked.length < 2 && !isOver) await vi.advanceTimersByTimeAsync(500)
}

interface Desk extends AsyncDisposable {
  readonly session: Session
  readonly kit: Kit
  readonly asker: Asker
  inPlace<T>(work: () => Promise<T>): Promise<T>
}

function open(server: ProviderServer, profiler: Profiler, maker: Maker, client: ClientKind, place: Place, maxRetries: number): Desk {
  if (maxRetries > 0) vi.useFakeTimers({ toFake: ['setTimeout'] })
  const session = server.session()
  const undo: (() => void)[] = []
  const isTold = place === 'in a span of OpenTelemetry' || client.startsWith('instrumented')
  const processor = spanwiseSpanProcessor({ profiler })
  const tracer = new BasicTracerProvider({ spanProcessors: isTold ? [processor] : [] }).getTracer('app')
  if (isTold) context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  if (client === 'watched by its class') undo.push(watchOpenAI(OpenAI, { profiler }))
  const kit: Kit = {
    profiler, url: session.url, client, place, maxRetries, tracer,
    openai: () => openaiClient(kit),
    undo: (done) => void undo.push(done),
  }
  const asker = maker.make(kit)
  return {
    session, kit, asker,
    inPlace: (work) => {
      if (place === 'in a run') return profiler.run('program', work)
      if (place === 'outside of any') return work()
      if (place === 'in a span of OpenTelemetry') return inSpan(tracer, 'GET /chat', {}, work)
      const request = profiler.open('request', 'agent', { isRun: true })
      return (request === undefined ? work() : within(request, work)).finally(() => request?.end())
    },
    async [Symbol.asyncDispose]() {
      for (const one of undo.reverse()) one()
      await processor.shutdown()
      context.disable()
      trace.disable()
      session.close()
    },
  }
}

async function inSpan<T>(tracer: Tracer, name: string, attributes: Record<string, string>, work: () => Promise<T>): Promise<T> {
  return tracer.startActiveSpan(name, { attributes }, async (span) => {
    try {
      return await work()
    } finally {
      span.end()
    }
  })
}

function openaiClient({ profiler, url, client, maxRetries, tracer }: Kit): OpenAI {
  const made = new OpenAI({ apiKey: 'test', baseURL: url, maxRetries, logLevel: 'off' })
  if (client === 'wrapped' || client === 'instrumented and wrapped') wrapOpenAI(made, { profiler })
  if (client.startsWith('instrumented')) for (const one of [made.chat.completions, made.responses]) instrument(one, tracer)
  return made
}

interface Answered {
  readonly id?: string
  readonly usage?: null | { readonly prompt_tokens?: number; readonly input_tokens?: number; readonly completion_tokens?: number; readonly output_tokens?: number }
}

/** As instrumentations of OpenTelemetry do it: the method is put in a span, with the model, the tokens and the id of the answer. */
function instrument(target: object, tracer: Tracer): void {
  const holder = target as { create: (...args: unknown[]) => Promise<unknown> }
  const original = holder.create.bind(target)
  holder.create = (body: unknown, ...rest: unknown[]) => {
    const { model } = body as { model: string }
    const attributes = { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': model }
    return tracer.startActiveSpan(`chat ${model}`, { attributes }, (span) => {
      const sent = original(body, ...rest)
      const see = (answered: Answered): void => {
        const { id, usage } = answered
        if (id !== undefined) span.setAttribute('gen_ai.response.id', id)
        if (usage === undefined || usage === null) return
        span.setAttributes({
          'gen_ai.usage.input_tokens': usage.prompt_tokens ?? usage.input_tokens ?? 0, 'gen_ai.usage.cache_read.input_tokens': 4,
          'gen_ai.usage.output_tokens': usage.completion_tokens ?? usage.output_tokens ?? 0,
        })
      }
      sent.then((value) => watch(value as object, see, () => span.end()), (error: Error) => {
        span.recordException(error)
        span.setStatus({ code: 2, message: error.message }).end()
      })
      return sent
    })
  }
}

function watch(value: object, see: (answered: Answered) => void, done: () => void): void {
  const stream = value as { iterator?: () => AsyncIterator<Answered & { response?: Answered }> }
  if (typeof stream.iterator !== 'function') {
    see(value as Answered)
    return done()
  }
  const original = stream.iterator
  stream.iterator = async function* (): AsyncGenerator<Answered & { response?: Answered }> {
    try {
      for await (const event of { [Symbol.asyncIterator]: () => original.call(stream) }) {
        see(event.response ?? event)
        yield event
      }
    } finally {
      done()
    }
  }
}
