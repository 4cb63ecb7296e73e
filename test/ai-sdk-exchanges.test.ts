import { describe, expect, test } from 'vitest'
import { Profiler, type Span } from 'spanwise'
import { spanwiseMiddleware, spanwiseTelemetry } from 'spanwise/ai-sdk'
import { lanes, type Lane, type Model } from './ai-sdk/lanes.ts'
import { checkTrace } from './laws.ts'
import { documents, object, readExchanges, serve, wayOf, type Exchange } from './support/exchanges.ts'
import { expectedCounts, type Counts } from './support/expected-usage.ts'

/**
 * Every recorded answer of OpenAI's two APIs and of those who speak them, through the AI SDK's own provider. It is one call, with the
 * usage that was told, whenever the provider can read the answer.
 */
const rows = readExchanges('exchanges').filter((row) => ['chat', 'responses'].includes(wayOf(row)))

/** What OpenAI's provider of the SDK does not read in answers of others. */
const untold: Readonly<Record<string, readonly string[]>> = {
  "usage beside the place where OpenAI's is": ['0fc9e6caf38971ed', '33f5edc2396532e9'],
  'cached tokens beside their place': ['4f9e108c35ad89ed'],
}
const isUntold = new Set(Object.values(untold).flat())

async function replay(lane: Lane, row: Exchange, middleware: boolean): Promise<{ readonly spans: readonly Span[]; readonly isRead: boolean }> {
  const { ai } = lane
  const profiler = new Profiler({ enabled: true, sampleRate: 1, content: 'full' })
  const openai = lane.openai('http://provider.test/v1', serve(row))
  const bare = wayOf(row) === 'chat' ? openai.chat(modelOf(row)) : openai.responses(modelOf(row))
  const model = middleware ? ai.wrapLanguageModel({ model: bare, middleware: spanwiseMiddleware({ profiler }) }) as Model : bare
  const options = {
    model, prompt: 'Hi', maxRetries: 0, onError: () => {}, [lane.version === 7 ? 'telemetry' : 'experimental_telemetry']: spanwiseTelemetry({ profiler }),
  }
  let isRead = true
  try {
    if (/^(event|data|id):/.test(row.responseText ?? '')) {
      for await (const part of ai.streamText(options).fullStream) if (part.type === 'error') isRead = false
    } else {
      await ai.generateText(options)
    }
  } catch {
    // Some answers are errors, and some are none that the provider can read.
    isRead = false
  }
  for (let i = 0; i < 3; i++) await new Promise((resolve) => setImmediate(resolve))
  for (const trace of profiler.traces) checkTrace(trace)
  expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  return { spans: profiler.traces.flatMap(({ spans }) => spans), isRead }
}

function modelOf(row: Exchange): string {
  const told = object(row.request)?.['model'] ?? documents(row)[0]?.['model']
  return typeof told === 'string' && told !== '' ? told : 'a-model'
}

const countsOf = ({ llm }: Span): Counts => {
  const { input, output } = llm?.usage ?? {}
  return {
    ...(input && { input: [input.total, input.uncached, input.cacheRead, input.cacheWrite] as const }),
    ...(output && { output: [output.total, output.visible, output.reasoning] as const }),
  }
}

describe.each(lanes)('ai $version', (lane) => {
  test.each(rows.map((row) => [`${row.provider} ${row.endpoint}${row.stream ? ' stream' : ''} ${row.id}`, row] as const))('%s', async (_name, row) => {
    for (const middleware of lane.version === 7 ? [false, true] : [false]) {
      const { spans, isRead } = await replay(lane, row, middleware)
      expect(spans.map(({ category }) => category)).toEqual(['agent', 'llm'])
      if (isRead && !isUntold.has(row.id)) expect(countsOf(spans[1]!)).toEqual(expectedCounts(row))
    }
  })
})

test.each(lanes)('ai $version: the list of what is not told is no longer than it must be', async (lane) => {
  for (const row of rows.filter(({ id }) => isUntold.has(id))) {
    const { spans: [, call] } = await replay(lane, row, false)
    expect(countsOf(call!)).not.toEqual(expectedCounts(row))
  }
})
