import { AsyncLocalStorage } from 'node:async_hooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Profiler, analyze, type ProfilerOptions, type Trace } from 'spanwise'
import { startProviderServer, type Asked, type ProviderServer, type Reply, type Session } from '../support/provider-server.ts'
import { checkAnalysis, checkTrace } from '../laws.ts'
import { countUnhandled } from '../support/unhandled.ts'
import { draw } from './draw.ts'
import { show } from './show.ts'

/**
 * The conformance suite of wrapped clients: one list of cases, every version of every SDK, and two laws.
 *
 * 1. *The observer changes nothing.* A case runs with the bare client and with the wrapped one, each against a server with
 *    the same script. What it returns or throws, what the server was asked (bytes and headers, and whether the client left
 *    early), which rejections nobody handled, and what its async context holds must be the same, as text.
 * 2. *What happened is recorded.* Each case draws the traces that must be there afterwards (see draw.ts).
 *
 * Bare runs against bare prove the suite: a case that is not deterministic fails there. A skip needs a written reason.
 */

/** One version of an SDK in one module system. */
export interface Lane<Sdk> {
  /** `openai 7`: what `skip` names. */
  readonly version: string
  readonly modules: 'ESM' | 'CommonJS'
  /** Runs in all modes. */
  readonly newest?: true
  readonly sdk: Sdk
}

/** What an adapter's suite says of its SDK. */
export interface Kit<Sdk, Client extends object, Options> {
  newClient(sdk: Sdk, server: Session, options: Partial<Options>): Client
  wrap<T extends object>(client: T, options: WrapSettings): T
  unwrap(client: object): void
  /** Prototypes that nobody may touch. */
  prototypes(sdk: Sdk): readonly object[]
}

export interface WrapSettings {
  readonly profiler: Profiler
  readonly includeUsage?: boolean
}

export interface Context<Sdk, Client, Options> {
  readonly sdk: Sdk
  readonly server: Session
  /** What the client records to; switched off in the bare run. */
  readonly profiler: Profiler
  /** A client like the first, bare or wrapped as that is. */
  client(options?: Partial<Options>): Client
  /** A client that is never wrapped. */
  bareClient(options?: Partial<Options>): Client
  /** Gives the object back as it is in the bare run. */
  wrap<T extends object>(client: T): T
  unwrap(client: object): void
  /** The user's own async context: `mine` around the whole case. */
  readonly store: AsyncLocalStorage<string>
}

export interface Case<Sdk, Client extends object, Options> {
  readonly name: string
  readonly replies?: readonly (Reply | ((asked: Asked) => Reply))[]
  readonly clientOptions?: Partial<Options>
  readonly includeUsage?: boolean
  run(client: Client, context: Context<Sdk, Client, Options>): unknown
  /** The traces, drawn; or what must be true of them. */
  readonly recorded: Recorded
  /** The traces of a version whose own behaviour is another; a comment beside says which. */
  readonly recordedIn?: Readonly<Record<string, string>>
  /** What each request's body becomes by the user's own wish (`includeUsage`). */
  readonly bodyWhenRecorded?: (bare: string) => string
  /** For requests that are sent side by side. */
  readonly askedInAnyOrder?: boolean
  /** The reason, by version. */
  readonly skip?: Readonly<Record<string, string>>
}

type Recorded = string | ((traces: readonly Trace[], profiler: Profiler) => void)

/** One for all: Node 20 pays for each that was ever entered, on every promise. */
const store = new AsyncLocalStorage<string>()

/** How a case is run beside the bare one. */
interface Mode {
  readonly name: string
  readonly options: ProfilerOptions
  readonly records: boolean
  /** Run with the newest version only: nothing of what it adds depends on the SDK. */
  readonly onlyNewest?: boolean
}

const MODES: readonly Mode[] = [
  { name: 'recorded', options: {}, records: true },
  { name: 'recorded with content', options: { content: 'full' }, records: true, onlyNewest: true },
  { name: 'not sampled', options: { sampleRate: 0 }, records: false, onlyNewest: true },
  { name: 'switched off', options: { enabled: false }, records: false, onlyNewest: true },
]

/** A case takes milliseconds; one that waits for what never comes is to fail soon. */
const TIMEOUT_MS = 5_000

interface Observed {
  readonly result: string
  readonly asked: readonly Asked[]
  readonly unhandled: readonly string[]
}

export function conformance<Sdk, Client extends object, Options>(
  kit: Kit<Sdk, Client, Options>,
  lanes: readonly Lane<Sdk>[],
  cases: readonly Case<Sdk, Client, Options>[],
): void {
  let server: ProviderServer
  const matrix = new Map<string, Score[]>()
  beforeAll(async () => void (server = await startProviderServer()))
  afterAll(async () => {
    await server.close()
    console.log([...matrix].map(([lane, scores]) => `${lane}: ${scores.join(', ')}`).join('\n'))
  })

  describe.each(lanes.map((lane) => ({ ...lane, lane: `${lane.version} ${lane.modules}` })))('$lane', (lane) => {
    const untouched = kit.prototypes(lane.sdk).map(members)
    const scores: Score[] = []
    matrix.set(lane.lane, scores)
    const bare = new Map<string, Promise<Observed>>()
    const bareRun = (one: Case<Sdk, Client, Options>): Promise<Observed> => {
      let run = bare.get(one.name)
      if (run === undefined) bare.set(one.name, (run = observe(kit, lane.sdk, server, one, undefined)))
      return run
    }

    if (lane.newest === true) {
      test.each(cases.filter(({ skip }) => skip?.[lane.version] === undefined))('bare: $name', async (one) => {
        expect(await observe(kit, lane.sdk, server, one, undefined)).toEqual(await bareRun(one))
      }, TIMEOUT_MS)
    }

    describe.each(MODES.filter(({ onlyNewest }) => onlyNewest !== true || lane.newest === true))('$name', (mode) => {
      const score = new Score(mode.name)
      scores.push(score)
      for (const one of cases) {
        const reason = one.skip?.[lane.version]
        if (reason !== undefined) {
          test.skip(`${one.name} (${reason})`)
          continue
        }
        score.all++
        test(one.name, async () => {
          const profiler = new Profiler({ service: 'conformance', ...mode.options })
          const expected = await bareRun(one)
          expect(await observe(kit, lane.sdk, server, one, profiler)).toEqual(mode.records ? withBody(expected, one) : expected)
          checkRecord(one.recordedIn?.[lane.version] ?? one.recorded, profiler, mode)
          score.passed++
        }, TIMEOUT_MS)
      }
    })

    test('no prototype was touched', () => {
      expect(kit.prototypes(lane.sdk).map(members)).toEqual(untouched)
    })
  })
}

/** For the line that the suite prints of each version: `openai 7 ESM: 146 of 146 recorded, …`. */
class Score {
  readonly mode: string
  passed = 0
  all = 0

  constructor(mode: string) {
    this.mode = mode
  }

  toString(): string {
    return `${this.passed} of ${this.all} ${this.mode}`
  }
}

/** @param profiler undefined for the bare run */
async function observe<Sdk, Client extends object, Options>(
  kit: Kit<Sdk, Client, Options>, sdk: Sdk, server: ProviderServer, one: Case<Sdk, Client, Options>, profiler: Profiler | undefined,
): Promise<Observed> {
  const session = server.session()
  session.reply(...(one.replies ?? []))
  const wrap = <T extends object>(client: T): T => {
    if (profiler === undefined) return client
    const wrapped = kit.wrap(client, { profiler, ...(one.includeUsage === true && { includeUsage: true }) })
    expect(wrapped).toBe(client)
    return wrapped
  }
  const bareClient = (options: Partial<Options> = {}): Client => kit.newClient(sdk, session, { ...one.clientOptions, ...options })
  const context: Context<Sdk, Client, Options> = {
    sdk, server: session, store, wrap, bareClient,
    unwrap: (client) => profiler !== undefined && kit.unwrap(client),
    profiler: profiler ?? new Profiler({ enabled: false }),
    client: (options) => wrap(bareClient(options)),
  }
  const unhandled = await countUnhandled(async (): Promise<string> => {
    try {
      const result = await store.run('mine', async () => show(await one.run(context.client(), context)))
      return `returned ${result}`
    } catch (error) {
      return `threw ${show(error)}`
    }
  }, show)
  session.close()
  await session.settled()
  const asked = one.askedInAnyOrder === true ? session.asked.toSorted((a, b) => (a.body < b.body ? -1 : 1)) : session.asked
  return { result: unhandled.result, asked, unhandled: unhandled.errors }
}

function withBody<Sdk, Client extends object, Options>(bare: Observed, { bodyWhenRecorded }: Case<Sdk, Client, Options>): Observed {
  if (bodyWhenRecorded === undefined) return bare
  return { ...bare, asked: bare.asked.map((asked) => ({ ...asked, body: bodyWhenRecorded(asked.body) })) }
}

function checkRecord(recorded: Recorded, profiler: Profiler, mode: Mode): void {
  const { traces } = profiler
  expect(profiler.stats().firstSelfError).toBeUndefined()
  if (!mode.records) {
    expect(traces).toEqual([])
    return
  }
  if (typeof recorded === 'string') expect(draw(traces)).toBe(recorded.trim())
  else recorded(traces, profiler)
  for (const trace of traces) {
    checkTrace(trace)
    if (mode.options.content === undefined) checkAnalysis(analyze(trace))
    const text = JSON.stringify(trace)
    // Every text that a case sends or receives contains the word.
    if (mode.options.content !== 'full') expect(text).not.toContain('canary')
  }
}

/** All that is defined on a prototype, by identity. */
const members = (prototype: object): readonly unknown[] =>
  Reflect.ownKeys(prototype).flatMap((key) => [key, Object.getOwnPropertyDescriptor(prototype, key)])
