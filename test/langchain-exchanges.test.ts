import { beforeAll, describe, expect, test, vi } from 'vitest'
import { Profiler, type Span } from 'spanwise'
import { spanwiseHandler } from 'spanwise/langchain'
import { checkTrace } from './laws.ts'
import { documents, object, readExchanges, serve, wayOf, type Exchange } from './support/exchanges.ts'
import { expectedCounts, type Counts } from './support/expected-usage.ts'
import { makeModel } from './support/langchain-clients.ts'
import type { Kind } from './support/said.ts'

/**
 * Every recorded answer of a chat API, through LangChain's own models: by callbacks alone, and with the client recorded too. Either way it
 * is one call, with the usage that the provider told.
 */
const rows = readExchanges('exchanges').filter((row) => ['chat', 'responses', 'messages'].includes(wayOf(row)))

/** What LangChain does not pass on, so that only the client's recording has it. */
const untold: Readonly<Record<string, readonly string[]>> = {
  'input that tools of the server added, told at the end of a stream': [
    '1149405d9cc65345', '12c1149ffe2dbd08', '50ad491d255c3934', '62a231ac306d1cbd', '5b678666bd59dc21',
  ],
  'how much of the output was thinking, told at the end of a stream': ['8fb983076f7890d1', 'd4713d681f5cbba7', '061e617e65a3bb48'],
  "usage beside the place where OpenAI's is": ['0fc9e6caf38971ed', '33f5edc2396532e9'],
  'an answer that it cannot read': ['c55cd73d07502401'],
}
const isUntold = new Set(Object.values(untold).flat())

beforeAll(() => {
  vi.spyOn(console, 'warn').mockImplementation(() => {})
  vi.spyOn(console, 'log').mockImplementation(() => {})
  vi.spyOn(console, 'error').mockImplementation(() => {})
})

async function replay(row: Exchange, isWrapped: boolean): Promise<readonly Span[]> {
  const profiler = new Profiler({ enabled: true, sampleRate: 1, content: 'full' })
  const model = makeModel({ kind: wayOf(row) as Kind, model: modelOf(row), fetch: serve(row), wrapped: isWrapped ? profiler : undefined })
  const callbacks = [spanwiseHandler({ profiler })]
  try {
    if (/^(event|data|id):/.test(row.responseText ?? '')) for await (const _piece of await model.stream('Hi', { callbacks }));
    else await model.invoke('Hi', { callbacks })
  } catch {
    // Some answers are errors, and some are none that LangChain can read.
  }
  for (const trace of profiler.traces) checkTrace(trace)
  expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  return profiler.traces.flatMap(({ spans }) => spans)
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

describe.each(['callbacks alone', 'callbacks and a recorded client'])('%s', (how) => {
  const isWrapped = how !== 'callbacks alone'
  test.each(rows.map((row) => [`${row.provider} ${row.endpoint}${row.stream ? ' stream' : ''} ${row.id}`, row] as const))('%s', async (_name, row) => {
    const spans = await replay(row, isWrapped)
    expect(spans.map(({ category }) => category)).toEqual(['llm'])
    if (isWrapped || !isUntold.has(row.id)) expect(countsOf(spans[0]!)).toEqual(expectedCounts(row))
  })
})

test('the list of what is not told is no longer than it must be', async () => {
  const told: string[] = []
  for (const row of rows.filter(({ id }) => isUntold.has(id))) {
    const [span] = await replay(row, false)
    if (JSON.stringify(countsOf(span!)) === JSON.stringify(expectedCounts(row))) told.push(row.id)
  }
  expect(told).toEqual([])
})
