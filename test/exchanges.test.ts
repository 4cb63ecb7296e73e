import Anthropic1 from '@anthropic-ai/sdk'
import Anthropic0 from 'anthropic-0'
import OpenAI7 from 'openai'
import OpenAI5 from 'openai-5'
import OpenAI6 from 'openai-6'
import { beforeAll, describe, expect, test, vi } from 'vitest'
import { Profiler, type Outcome, type Span, type Trace } from 'spanwise'
import { wrapAnthropic } from 'spanwise/anthropic'
import { wrapOpenAI } from 'spanwise/openai'
import { checkTrace } from './laws.ts'
import {
  ask, documents, object, observeCall, readExchanges, serve, wayOf, type Exchange, type SdkClient, type Seen,
} from './support/exchanges.ts'
import { expectedCounts, type Counts } from './support/expected-usage.ts'

/**
 * Every recorded exchange, served to the real SDKs: a wrapped client must give what a bare one gives, and leave one span
 * whose usage is what the row's body says. What it says is worked out here a second time, provider by provider.
 */

const rows = readExchanges('exchanges')

// The SDK warns of models that have been retired since.
beforeAll(() => void vi.spyOn(console, 'warn').mockImplementation(() => {}))

type Wrap = (client: SdkClient, profiler: Profiler) => SdkClient
type Make = (fetch: typeof globalThis.fetch) => SdkClient
interface Sdk {
  readonly name: string
  readonly make: Make
  readonly wrap: Wrap
  readonly rows: readonly Exchange[]
}

const isAnthropics = (row: Exchange): boolean => ['messages', 'complete'].includes(wayOf(row))
const anthropicRows = rows.filter(isAnthropics)
const openaiRows = rows.filter((row) => !isAnthropics(row))
const common = { apiKey: 'none', maxRetries: 0, logLevel: 'off' } as const
const openai = { wrap: ((client, profiler) => wrapOpenAI(client, { profiler })) as Wrap, rows: openaiRows }
const anthropic = { wrap: ((client, profiler) => wrapAnthropic(client, { profiler })) as Wrap, rows: anthropicRows }
const client = (made: object): SdkClient => made as SdkClient

const sdks: readonly Sdk[] = [
  { name: 'openai 7', make: (fetch) => client(new OpenAI7({ ...common, fetch })), ...openai },
  { name: 'openai 6', make: (fetch) => client(new OpenAI6({ ...common, fetch })), ...openai },
  { name: 'openai 5', make: (fetch) => client(new OpenAI5({ ...common, fetch })), ...openai },
  { name: '@anthropic-ai/sdk 1', make: (fetch) => client(new Anthropic1({ ...common, fetch })), ...anthropic },
  { name: '@anthropic-ai/sdk 0', make: (fetch) => client(new Anthropic0({ ...common, fetch })), ...anthropic },
]

interface Replay {
  readonly bare: Seen
  readonly wrapped: Seen
  readonly trace: Trace | undefined
  readonly traces: number
  readonly selfErrors: string | undefined
}

async function replay(sdk: Sdk, row: Exchange): Promise<Replay> {
  const profiler = new Profiler({ enabled: true, sampleRate: 1, content: 'full' })
  const bare = await observeCall(() => ask(sdk.make(serve(row)), row))
  const wrapped = await observeCall(() => ask(sdk.wrap(sdk.make(serve(row)), profiler), row))
  const { lastTrace: trace, traces } = profiler
  return { bare, wrapped, trace, traces: traces.length, selfErrors: profiler.stats().firstSelfError }
}

/** What is wrong with a row, for people; empty when all is right. */
function mistakes(row: Exchange, { bare, wrapped, trace, traces, selfErrors }: Replay): string[] {
  const wrong: string[] = []
  const same = (what: string, actual: unknown, expected: unknown): void => {
    const [a, b] = [JSON.stringify(actual), JSON.stringify(expected)]
    if (a !== b) wrong.push(`${row.id} ${row.provider} ${row.endpoint}: ${what} ${cut(a)}, expected ${cut(b)}`)
  }
  same('seen', wrapped, bare)
  same('spans', trace?.spans.length, 1)
  same('traces', traces, 1)
  same('own errors', selfErrors, undefined)
  const span = trace?.spans[0]
  if (span === undefined) return wrong
  same('outcome', span.outcome, expectedOutcome(row, bare))
  same('usage', countsOf(span), expectedCounts(row, bare))
  same('law', brokenLaw(trace), undefined)
  const { status } = span.llm?.attempts?.[0] ?? {}
  same('status', status, row.status ?? 200)
  return wrong
}

function brokenLaw(trace: Trace | undefined): string | undefined {
  try {
    if (trace !== undefined) checkTrace(trace)
    return undefined
  } catch (error) {
    return String(error)
  }
}

const cut = (json = 'undefined'): string => (json.length > 300 ? `${json.slice(0, 300)}…` : json)

/** Where a row's own `usage` says something else than its body, and why the body is right. */
const DISAGREEMENTS: Readonly<Record<string, string>> = {
  '1c90f707cc5643a3': 'the last event counts a prompt of 9, an earlier one of 10',
  '3d7bb7f7203798a7': 'the last event counts a prompt of 14, an earlier one of 15',
  '00f87e5e3f47bef7': 'what tools put into the prompt is told beside it',
  '5232c529cfea8447': 'what tools put into the prompt is told beside it',
}

test('what the rows say of their usage is what their bodies say', () => {
  expect(rows.length).toBe(626)
  expect(rows.filter((row) => row.usage !== null).length).toBe(410)
  expect(rows.filter((row) => Object.keys(expectedCounts(row)).length > 0).length).toBe(482)
  const wrong = rows.filter((row) => row.usage !== null && !agrees(row, row.usage, expectedCounts(row))).map(({ id }) => id)
  expect(wrong.sort()).toEqual(Object.keys(DISAGREEMENTS).sort())
})

type Numbers = Readonly<Record<string, number | undefined>>

/** The rows' words: Anthropic's input is without cached tokens, Gemini's and xAI's output is without reasoning. */
function agrees({ provider, endpoint }: Exchange, told: Numbers, { input, output }: Counts): boolean {
  const [total = 0, uncached, cacheRead, cacheWrite] = input ?? []
  const [generated = 0, visible, reasoning] = output ?? []
  const excludesCache = provider === 'anthropic' || provider === 'bedrock'
  const isXaiChat = provider === 'openai-compatible' || (provider === 'xai' && endpoint === 'chat')
  const excludesReasoning = isXaiChat || provider === 'gemini' || provider === 'vertex'
  const ours: Numbers = {
    input: excludesCache ? uncached : total, output: excludesReasoning ? visible : generated,
    cacheRead, cacheWrite, reasoning, total: total + generated,
  }
  return Object.entries(told).every(([name, count]) => (ours[name] ?? 0) === count)
}

for (const sdk of sdks) {
  describe(`with ${sdk.name}`, () => {
    for (const provider of new Set(sdk.rows.map((row) => row.provider))) {
      test(`${provider}: the same seen, a span each, usage equal`, async () => {
        const wrong: string[] = []
        for (const row of sdk.rows) if (row.provider === provider) wrong.push(...mistakes(row, await replay(sdk, row)))
        expect(wrong).toEqual([])
      })
    }
  })
}

function expectedOutcome(row: Exchange, { error }: Seen): Outcome {
  if (error !== undefined) return { state: 'failed', type: String(error['class']), message: String(error['message']) }
  const answers = documents(row).map((document) => object(document['response']) ?? document)
  const last = answers.findLast(({ status }) => status === 'failed')
  if (wayOf(row) !== 'responses' || last === undefined) return { state: 'ok' }
  const { code, message } = object(last['error']) ?? {}
  return { state: 'failed', type: String(code), message: String(message) }
}

function countsOf({ llm }: Span): Counts {
  const { input, output } = llm?.usage ?? {}
  return {
    ...(input && { input: [input.total, input.uncached, input.cacheRead, input.cacheWrite] }),
    ...(output && { output: [output.total, output.visible, output.reasoning] }),
  }
}

describe('errors as people met them', () => {
  for (const row of readExchanges('errors')) {
    // Those without a status came inside a stream.
    const isStreamed = row.status === null || row.stream
    const text = `event: error\ndata: ${JSON.stringify(row.responseBody)}\n\n`
    const served: Exchange = row.status === null ? { ...row, stream: true, responseText: text } : row
    const { type, error } = object(row.responseBody) ?? {}
    const told = object(error)?.['type'] ?? type ?? 'in the stream'
    for (const sdk of sdks.filter(({ rows }) => (rows === anthropicRows) === (row.provider === 'anthropic'))) {
      test(`${sdk.name}: ${row.status ?? 200} ${String(told)} (${row.id.slice(0, 4)})`, async () => {
        const replayed = await replay(sdk, served)
        expect(mistakes(served, replayed)).toEqual([])
        expect(replayed.trace?.spans[0]?.outcome.state).toBe('failed')
        expect(replayed.bare.error?.['status']).toBe(isStreamed ? undefined : row.status)
      })
    }
  }
})
