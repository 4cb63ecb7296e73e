import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyze, Profiler, type ProfilerOptions } from 'spanwise'
import { spanwiseMiddleware, spanwiseTelemetry } from 'spanwise/ai-sdk'
import { draw } from '../conformance/draw.ts'
import { show } from '../conformance/show.ts'
import { checkAnalysis, checkTrace } from '../laws.ts'
import { startProviderServer, type Asked, type ProviderServer, type Reply, type Session } from '../support/provider-server.ts'
import { lanes, type Ai, type Behaviour, type EmbeddingModel, type Lane, type Model } from './lanes.ts'

/**
 * The conformance suite of the AI SDK: one list of cases, three major versions, and two laws.
 *
 * 1. *The observer changes nothing.* What a case gives, and what the server was asked, is the same with and without recording.
 * 2. *What happened is recorded*, and once: by telemetry, by the middleware, and by both.
 */
export interface Case {
  readonly name: string
  readonly replies?: readonly (Reply | ((asked: Asked) => Reply))[]
  /** What it gives must be plain data. */
  run(kit: CaseKit): Promise<unknown>
  /** The traces that telemetry leaves, with or without the middleware. */
  readonly recorded: string
  /** Where a version tells less, or does something else; a comment beside says what. */
  readonly recordedIn?: Readonly<Record<number, string>>
  /** What both leave together, in a version where the middleware sees more. */
  readonly bothIn?: Readonly<Record<number, string>>
  /** What the middleware alone leaves; by default the calls of models that telemetry leaves. */
  readonly middleware?: string
  readonly middlewareIn?: Readonly<Record<number, string>>
  /** The reason, by version. */
  readonly skip?: Readonly<Record<number, string>>
}

/** What a case runs with. */
export interface CaseKit {
  readonly lane: Lane
  readonly ai: Ai
  readonly server: Session
  readonly profiler: Profiler
  /** Settings that switch telemetry on, or none. */
  readonly telemetry: { readonly telemetry?: object }
  chat(id?: string): Model
  responses(id?: string): Model
  embedding(): EmbeddingModel
  mock(behaviour: Behaviour): Model
  mockEmbedding(behaviour: Behaviour): EmbeddingModel
  stop(steps: number): ReturnType<Ai['stepCountIs']>
}

interface Mode {
  readonly name: string
  readonly telemetry?: boolean
  readonly middleware?: boolean
  readonly options?: ProfilerOptions
}

const BARE: Mode = { name: 'bare' }
const MODES: readonly Mode[] = [
  { name: 'telemetry', telemetry: true },
  { name: 'middleware', middleware: true },
  { name: 'both', telemetry: true, middleware: true },
  { name: 'both, with content', telemetry: true, middleware: true, options: { content: 'full' } },
  { name: 'both, not sampled', telemetry: true, middleware: true, options: { sampleRate: 0 } },
  { name: 'both, switched off', telemetry: true, middleware: true, options: { enabled: false } },
]

const MODEL = 'gpt-5-mini'

export function aiSdkConformance(cases: readonly Case[]): void {
  let server: ProviderServer
  beforeAll(async () => void (server = await startProviderServer()))
  afterAll(() => server.close())

  describe.each(lanes)('ai $version', (lane) => {
    for (const one of cases) {
      const reason = one.skip?.[lane.version]
      if (reason !== undefined) {
        test.skip(`${one.name} (${reason})`)
        continue
      }
      test(one.name, async () => {
        const bare = await observe(lane, server, one, BARE)
        for (const mode of MODES) {
          const { profiler, ...observed } = await observe(lane, server, one, mode)
          expect({ mode: mode.name, ...observed }).toEqual({ mode: mode.name, result: bare.result, asked: bare.asked })
          checkRecord(lane, one, mode, profiler)
        }
      })
    }
  })
}

async function observe(lane: Lane, server: ProviderServer, one: Case, mode: Mode): Promise<{ result: string; asked: unknown; profiler: Profiler }> {
  const session = server.session()
  session.reply(...(one.replies ?? []))
  const profiler = new Profiler(mode === BARE ? { enabled: false } : { enabled: true, sampleRate: 1, ...mode.options })
  const kit = kitOf(lane, session, profiler, mode)
  let result: string
  try {
    result = `gave ${show(await one.run(kit))}`
  } catch (error) {
    result = `threw ${show(error)}`
  }
  session.close()
  await session.settled()
  // What is left for later, such as a cancelled stream.
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  return { result: steady(result), asked: session.asked.map((asked) => ({ ...asked, ending: undefined })), profiler }
}

function kitOf(lane: Lane, server: Session, profiler: Profiler, mode: Mode): CaseKit {
  const { ai } = lane
  const openai = lane.openai(server.url)
  const wrapped = <T extends object>(model: T): T => mode.middleware === true
    ? ai.wrapLanguageModel({ model: model as unknown as Model, middleware: spanwiseMiddleware({ profiler }) }) as unknown as T
    : model
  const wrappedEmbedding = <T extends object>(model: T): T => mode.middleware === true && ai.wrapEmbeddingModel !== undefined
    ? ai.wrapEmbeddingModel({ model: model as unknown as EmbeddingModel, middleware: spanwiseMiddleware({ profiler }) }) as unknown as T
    : model
  const settings = mode.telemetry === true ? { ...spanwiseTelemetry({ profiler }), functionId: 'planner' } : undefined
  return {
    lane, ai, server, profiler,
    telemetry: settings === undefined ? {} : { [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: settings },
    chat: (id = MODEL) => wrapped(openai.chat(id)),
    responses: (id = MODEL) => wrapped(openai.responses(id)),
    embedding: () => wrappedEmbedding(openai.embedding('text-embedding-3-small')),
    mock: (behaviour) => wrapped(new lane.Model(behaviour as never) as Model),
    mockEmbedding: (behaviour) => wrappedEmbedding(new lane.Embedding(behaviour as never) as EmbeddingModel),
    stop: (steps) => ai.stepCountIs(steps),
  }
}

/** Ids that the SDK makes up, and times, differ between two equal runs. */
const steady = (text: string): string => text
  .replaceAll(/http:\/\/127\.0\.0\.1:\d+\/s\d+/g, 'server')
  .replaceAll(/\b(aitxt|aiobj|call|msg|id)-[\w-]{10,}/g, '$1-…')
  .replaceAll(/"[A-Za-z0-9]{16}"/g, '"…"')

function checkRecord(lane: Lane, one: Case, mode: Mode, profiler: Profiler): void {
  expect(profiler.stats().firstSelfError).toBeUndefined()
  const { traces } = profiler
  for (const trace of traces) {
    checkTrace(trace)
    checkAnalysis(analyze(trace))
  }
  if (mode.options?.sampleRate === 0 || mode.options?.enabled === false) return expect(traces).toEqual([])
  const all = lines(one.recordedIn?.[lane.version] ?? inWordsOf(lane, one.recorded))
  const both = one.bothIn?.[lane.version]
  const expected = mode.telemetry !== true ? ofMiddleware(lane, one, all) : mode.middleware === true && both !== undefined ? lines(both) : all
  expect([mode.name, ...lines(draw(traces))]).toEqual([mode.name, ...expected])
}

/** What a connection that was cut is called depends on the version of Node. */
const lines = (drawn: string): string[] => drawn.replaceAll('UND_ERR_SOCKET', 'ECONNRESET').split('\n').filter((line) => line.trim() !== '').map((line) => line.trimEnd())

/** Calls of models; version 5 has no middleware for those of embedding models. */
function ofMiddleware(lane: Lane, one: Case, all: readonly string[]): string[] {
  const told = one.middlewareIn?.[lane.version] ?? one.middleware
  if (told !== undefined) return lines(told)
  return all.map((line) => line.trim()).filter((line) => line.startsWith('llm ') || (line.startsWith('embedding ') && lane.version > 5))
}

/** Models of version 5 tell the SDK's word for why an answer ended, not the provider's. */
const inWordsOf = ({ version }: Lane, drawn: string): string => (version > 5 ? drawn : drawn.replaceAll('tool_calls', 'tool-calls'))
