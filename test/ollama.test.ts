import defaultClient, { Ollama } from 'ollama'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyze, type Span, type Trace } from 'spanwise'
import { unwrapOllama, wrapOllama } from 'spanwise/ollama'
import { ollamaEndpoints } from '../adapters/ollama/endpoints.ts'
import { beginLlmCall, type Profiler } from '../src/kit.ts'
import { draw } from './conformance/draw.ts'
import { show } from './conformance/show.ts'
import { checkAnalysis } from './laws.ts'
import { runExample } from './support/example.ts'
import { documents, object, readExchanges, type Exchange } from './support/exchanges.ts'
import { expectedCounts, type Counts } from './support/expected-usage.ts'
import { mutated } from './support/mutated.ts'
import { json, raw, startProviderServer, type ProviderServer, type Reply } from './support/provider-server.ts'
import { seeded } from './support/random.ts'
import { recorded } from './support/recorded.ts'

/**
 * What Ollama really answered (test/fixtures/exchanges), served over loopback to its client and given to the readers of raw bodies: the
 * program sees the same as without us, and the usage is what the row says.
 */
const rows = readExchanges('exchanges').filter(({ provider }) => provider === 'ollama')

let server: ProviderServer
beforeAll(async () => void (server = await startProviderServer()))
afterAll(() => server.close())

const replyOf = ({ responseText, responseBody, status }: Exchange): Reply => (responseText === undefined
  ? json(responseBody, { status: status ?? 200 })
  : raw([responseText], { headers: { 'content-type': 'application/x-ndjson' }, pieceBytes: 61 }))

/** As the recorded program asked, each time with an object of its own. */
async function ask(client: Ollama, row: Exchange): Promise<unknown> {
  const request = structuredClone(row.request) as never
  const result: unknown = await (row.endpoint === 'api/chat' ? client.chat(request) : client.generate(request))
  if (!row.stream) return result
  const chunks: unknown[] = []
  for await (const chunk of result as AsyncIterable<unknown>) chunks.push(chunk)
  return chunks
}

async function see(row: Exchange, profiler?: Profiler): Promise<string> {
  const session = server.session()
  session.reply(replyOf(row))
  const client = new Ollama({ host: session.url })
  if (profiler !== undefined) wrapOllama(client, { profiler })
  try {
    return `${show(await ask(client, row))} ${JSON.stringify(session.asked)}`
  } catch (error) {
    return `threw ${show(error)} ${JSON.stringify(session.asked)}`
  }
}

const countsOf = ({ llm }: Span): Counts => {
  const { input, output } = llm?.usage ?? {}
  return {
    ...(input && { input: [input.total, input.uncached, input.cacheRead, input.cacheWrite] }),
    ...(output && { output: [output.total, output.visible, output.reasoning] }),
  }
}
const countsIn = (row: Exchange): Counts => ((row.status ?? 200) >= 400 ? {} : expectedCounts(row))

test('there are rows of all kinds', () => {
  expect(rows.map(({ endpoint, stream }) => `${endpoint}${stream ? ' stream' : ''}`).filter((kind, i, all) => all.indexOf(kind) === i).sort()).toEqual([
    'api/chat', 'api/chat stream', 'api/generate', 'api/generate stream',
  ])
  expect(rows.length).toBe(17)
})

test.each(rows)('$endpoint $id: the same seen, one span, its usage', async (row) => {
  const { profiler } = recorded({ content: 'full' })
  const bare = await see(row)
  expect(await see(row, profiler)).toBe(bare)
  expect(profiler.stats().firstSelfError).toBeUndefined()
  expect(profiler.traces.length).toBe(1)
  const [span] = profiler.lastTrace!.spans
  expect(span!.outcome.state).toBe((row.status ?? 200) >= 400 ? 'failed' : 'ok')
  expect(countsOf(span!)).toEqual(countsIn(row))
  // Images are encoded first, if there are none too: its request is not seen.
  const isSeen = object(row.request)?.['images'] === undefined
  expect(span!.llm?.attempts?.map(({ status }) => status)).toEqual(isSeen ? [row.status ?? 200] : undefined)
  const analysis = analyze(profiler.lastTrace!)
  checkAnalysis(analysis)
  // What a machine of one's own costs, no price list knows.
  expect(analysis.totals.costUsd).toMatchObject({ knownUsd: 0, unknownCalls: span!.outcome.state === 'ok' ? 1 : 0 })
})

/** The same row, read as a body that went by. */
const readRaw = (row: Exchange): Trace => readBody(row, recorded({ content: 'full' }).profiler, object(row.request)!, documents(row))

function readBody(row: Exchange, profiler: Profiler, body: Readonly<Record<string, unknown>>, answers: readonly unknown[]): Trace {
  const endpoint = ollamaEndpoints.find(({ route }) => route === `/${row.endpoint}`)!
  const model = String(object(row.request)!['model'])
  const call = beginLlmCall(profiler, { name: model, category: endpoint.category, provider: 'ollama', operation: endpoint.operation, api: endpoint.api })!
  Object.assign(call.draft, { requestModel: model, streamed: row.stream })
  call.read(() => endpoint.readRequest(call, body))
  call.requestDone()
  if (row.stream) {
    const reader = endpoint.readStream(call)
    for (const one of answers) call.event(reader, one)
    call.read(() => reader.finish())
  } else {
    call.read(() => endpoint.readAnswer(call, answers[0]))
  }
  call.end(call.failure)
  expect(profiler.stats().firstSelfError).toBeUndefined()
  return profiler.lastTrace!
}

describe('raw bodies', () => {
  test.each(rows)('$endpoint $id says the same as through the client', async (row) => {
    const trace = readRaw(row)
    expect(countsOf(trace.spans[0]!)).toEqual(countsIn(row))
    if ((row.status ?? 200) >= 400) return expect(trace.spans[0]!.outcome.state).toBe('failed')
    const { profiler } = recorded({ content: 'full' })
    await see(row, profiler)
    const withoutHttp = (one: Trace): string => draw([one]).replace(/ \| \d\d\d(?= \||$)/, '').replace(' timed', '')
    expect(withoutHttp(trace)).toBe(withoutHttp(profiler.lastTrace!))
    expect(trace.parts.map(({ kind, text }) => `${kind} ${text}`)).toEqual(profiler.lastTrace!.parts.map(({ kind, text }) => `${kind} ${text}`))
  })
})

test('bodies in which anything is something else: read as far as they can be, and never an error of ours', () => {
  const random = seeded(6)
  for (let i = 0; i < 300; i++) {
    const row = rows[i % rows.length]!
    const { request, all } = mutated({ request: row.request, all: documents(row) }, random) as { readonly request: unknown; readonly all: unknown }
    readBody(row, recorded().profiler, object(request) ?? {}, Array.isArray(all) ? (all as readonly unknown[]) : [all])
  }
})

describe('misuse', () => {
  test.each([
    [undefined, 'wrapOllama(client): client must be a client object, got undefined'],
    [{}, 'wrapOllama(client): client has none of chat, generate, embed, embeddings, systemone; got {}'],
  ])('%j is no client', (client, message) => {
    expect(() => wrapOllama(client as object)).toThrow(message)
  })
})

test('the instance that the package exports', async () => {
  const { profiler } = recorded()
  const session = server.session()
  session.reply(json({ model: 'm', message: { role: 'assistant', content: 'yes' }, done: true, prompt_eval_count: 3, eval_count: 1 }))
  const client = defaultClient as unknown as { config: { host: string } }
  const { host } = client.config
  client.config.host = session.url
  wrapOllama(defaultClient, { profiler })
  try {
    await defaultClient.chat({ model: 'm', messages: [{ role: 'user', content: 'Hi' }] })
  } finally {
    unwrapOllama(defaultClient)
    client.config.host = host
  }
  expect(draw(profiler.traces)).toBe('llm m ok | ollama chat | m | in 3 out 1 | 200 | user > assistant')
  expect(Object.hasOwn(defaultClient, 'chat')).toBe(false)
})

test('with a profiler that is off, nothing of the client is touched', () => {
  const client = new Ollama()
  const before = Object.getOwnPropertyDescriptors(client)
  expect(wrapOllama(client, { profiler: recorded({ enabled: false }).profiler })).toBe(client)
  expect(Object.getOwnPropertyDescriptors(client)).toEqual(before)
})

test('the example', async () => {
  const ids = ['1973000aae236890', '64a4710d6bc15c30']
  const replies = ids.map((id) => replyOf(rows.find((row) => row.id === id)!))
  const { printed, traces, asked } = await runExample('ollama', replies, (url) => ({ OLLAMA_HOST: url }))
  expect(asked[1]!.body).toContain('22 °C and sunny in Paris')
  expect(printed).toContain('The sky appears blue because')
  expect(draw(traces)).toBe([
    'agent weather-agent ok',
    '  llm qwen3 ok | ollama chat | qwen3.6:latest stop | in 292 out 143 | 200 | asks get_current_weather(16) call_gsiiy8py'
      + ' | tool-definition user > reasoning tool-call',
    '  tool get_current_weather ok | for call_gsiiy8py',
    '  llm qwen3 ok | ollama chat | qwen3.6:latest stop | in 21 out 369 | 200 | tool-definition user reasoning tool-call tool-result > reasoning assistant',
  ].join('\n'))
  checkAnalysis(analyze(traces[0]!))
})
