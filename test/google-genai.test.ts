import * as genai3 from '@google/genai'
import * as genai1 from 'genai-1'
import * as genai2 from 'genai-2'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { analyze, type Span, type Trace } from 'spanwise'
import { unwrapGoogleGenAI, wrapGoogleGenAI } from 'spanwise/google-genai'
import { googleEndpointOf } from '../adapters/google-genai/endpoints.ts'
import { PartialArgs } from '../adapters/google-genai/partial-args.ts'
import { beginLlmCall, type Profiler } from '../src/kit.ts'
import { draw } from './conformance/draw.ts'
import { show } from './conformance/show.ts'
import { checkAnalysis } from './laws.ts'
import { runExample } from './support/example.ts'
import { documents, object, readExchanges, type Exchange } from './support/exchanges.ts'
import { expectedCounts, type Counts } from './support/expected-usage.ts'
import { mutated } from './support/mutated.ts'
import { event, json, sse, startProviderServer, type ProviderServer, type Reply } from './support/provider-server.ts'
import { seeded } from './support/random.ts'
import { recorded } from './support/recorded.ts'

/**
 * What Gemini and Vertex AI really answered (test/fixtures/exchanges), served over loopback to the three major versions of the SDK and given
 * to the readers of raw bodies: the program sees the same as without us, and the usage is what the row says.
 */
const rows = readExchanges('exchanges').filter(({ provider, endpoint }) =>
  ['gemini', 'vertex'].includes(provider) && /generateContent$|EmbedContents$|interactions$/i.test(endpoint))

type Sdk = typeof genai3
type Client = InstanceType<Sdk['GoogleGenAI']>
const sdks: readonly (readonly [name: string, sdk: Sdk])[] = [['1', genai1 as unknown as Sdk], ['2', genai2 as unknown as Sdk], ['3', genai3]]

let server: ProviderServer
beforeAll(async () => {
  server = await startProviderServer()
  vi.spyOn(console, 'warn').mockImplementation(() => {})
})
afterAll(() => server.close())

const isInteraction = ({ endpoint }: Exchange): boolean => endpoint.endsWith('interactions')
const isStream = ({ endpoint, responseText }: Exchange): boolean => endpoint === 'streamGenerateContent' || (endpoint.endsWith('interactions') && responseText !== undefined)
/** One was asked for as a list of answers, which the SDK never does. */
const isList = ({ responseBody }: Exchange): boolean => Array.isArray(responseBody)

const replyOf = (row: Exchange): Reply => {
  if (row.responseText !== undefined) return sse([row.responseText])
  return isStream(row) ? sse(documents(row).map((one) => event(one))) : json(row.responseBody, { status: row.status ?? 200 })
}

function modelOf({ url, ...row }: Exchange): string {
  const told = /models\/([^:/]+):/.exec(url ?? '')?.[1] ?? documents({ url, ...row })[0]?.['modelVersion']
  return typeof told === 'string' ? told : 'gemini-2.5-flash'
}

/** What the recorded program sent. One told the types of its schemas as numbers, which the SDK does not take. */
const sentBy = ({ request }: Exchange): Readonly<Record<string, unknown>> | undefined => object(JSON.parse(
  JSON.stringify(request ?? null, (name, value: unknown) => (name === 'type' && typeof value === 'number' ? undefined : value)),
))

/** The same, as the SDK takes it. */
function parametersOf(row: Exchange): { readonly model: string; readonly contents: never; readonly config?: object } {
  const { contents, requests, systemInstruction, tools, generationConfig } = sentBy(row) ?? {}
  const embedded = Array.isArray(requests) ? object(requests[0])?.['content'] : undefined
  const config = { ...(systemInstruction !== undefined && { systemInstruction }), ...(tools !== undefined && { tools }), ...object(generationConfig) }
  return { model: modelOf(row), contents: (contents ?? embedded ?? 'Hi') as never, config }
}

async function ask(client: Client, row: Exchange): Promise<unknown> {
  if (isInteraction(row)) return collect(await client.interactions.create(interactionOf(row) as never))
  const parameters = parametersOf(row)
  if (/EmbedContents/i.test(row.endpoint)) return client.models.embedContent(parameters)
  return isStream(row) ? collect(await client.models.generateContentStream(parameters)) : client.models.generateContent(parameters)
}

const interactionOf = (row: Exchange): Readonly<Record<string, unknown>> =>
  ({ ...(sentBy(row) ?? { model: 'gemini-2.5-flash', input: 'Hi' }), ...(isStream(row) && { stream: true }) })

async function collect(result: unknown): Promise<unknown> {
  if (typeof result !== 'object' || result === null || !(Symbol.asyncIterator in result)) return result
  const chunks: unknown[] = []
  for await (const chunk of result as AsyncIterable<unknown>) chunks.push(chunk)
  return chunks
}

/** Everything that the program can see. */
async function see(sdk: Sdk, row: Exchange, profiler?: Profiler): Promise<string> {
  const session = server.session()
  session.reply(replyOf(row))
  const client = new sdk.GoogleGenAI({ apiKey: 'none', vertexai: row.provider === 'vertex', httpOptions: { baseUrl: session.url } })
  if (profiler !== undefined) wrapGoogleGenAI(client, { profiler })
  try {
    const result = await ask(client, row)
    return `${show(result)} ${JSON.stringify(result)} ${JSON.stringify(session.asked)}`
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

/** A row that never got an answer has none of its usage. */
const countsIn = (row: Exchange): Counts => ((row.status ?? 200) >= 400 ? {} : expectedCounts(row))

test('there are rows of all kinds', () => {
  expect(rows.length).toBe(48)
  expect(rows.filter(isStream).length).toBe(20)
  expect(rows.filter(({ usage }) => usage !== null).length).toBe(33)
})

describe.each(sdks)('with @google/genai %s', (version, sdk) => {
  test.each(rows.filter((row) => !isList(row)))('$provider $endpoint $id: the same seen, one span, its usage', async (row) => {
    const { profiler } = recorded({ content: 'full' })
    const bare = await see(sdk, row)
    expect(await see(sdk, row, profiler)).toBe(bare)
    expect(profiler.stats().firstSelfError).toBeUndefined()
    expect(profiler.traces.length).toBe(1)
    const [span] = profiler.lastTrace!.spans
    expect(span!.outcome.state).toBe((row.status ?? 200) >= 400 ? 'failed' : 'ok')
    expect(countsOf(span!)).toEqual(countsIn(row))
    expect(span!.llm?.provider).toBe(row.provider === 'vertex' ? 'gcp.vertex_ai' : 'gcp.gemini')
    // Interactions have an HTTP client of their own.
    expect(span!.llm?.attempts?.map(({ status }) => status)).toEqual(isInteraction(row) ? undefined : [row.status ?? 200])
    if (version === '3') checkAnalysis(analyze(profiler.lastTrace!))
  })
})

const asked = (row: Exchange): string => String(sentBy(row)?.['model'] ?? 'gemini-2.5-flash')

/** The same row, read as a body that went by. */
function readRaw(row: Exchange): Trace {
  const { profiler } = recorded({ content: 'full' })
  const body = isInteraction(row) ? interactionOf(row) : (sentBy(row) ?? { contents: [{ parts: [{ text: 'Hi' }] }] })
  return readBody(row, profiler, body, isList(row) ? [row.responseBody] : documents(row))
}

function readBody(row: Exchange, profiler: Profiler, body: Readonly<Record<string, unknown>>, answers: readonly unknown[]): Trace {
  const { endpoint, model = asked(row) } = googleEndpointOf(isInteraction(row) ? '/v1beta/interactions' : `/v1beta/models/${modelOf(row)}:${row.endpoint}?alt=sse`)!
  const provider = row.provider === 'vertex' ? 'gcp.vertex_ai' : 'gcp.gemini'
  const call = beginLlmCall(profiler, { name: model, category: endpoint.category, provider, operation: endpoint.operation, api: endpoint.api })!
  if (body['agent'] === undefined) call.draft.requestModel = model
  if (isStream(row) && isInteraction(row)) call.draft.streamed = true
  call.read(() => endpoint.readRequest(call, body))
  call.requestDone()
  if (isStream(row) && !isList(row)) {
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
  test.each(rows)('$provider $endpoint $id says the same as through the SDK', async (row) => {
    const raw = readRaw(row)
    expect(countsOf(raw.spans[0]!)).toEqual(countsIn(row))
    // The SDK does not see that an answer says an error.
    if (isList(row) || object(row.responseBody)?.['error'] !== undefined) return
    const { profiler } = recorded({ content: 'full' })
    await see(genai3, row, profiler)
    const withoutHttp = (trace: Trace): string => draw([trace]).replace(/ \| \d\d\d(?= \||$)/, '').replace(' timed', '')
    expect(withoutHttp(raw)).toBe(withoutHttp(profiler.lastTrace!))
    expect(raw.parts.map(({ kind, text }) => `${kind} ${text}`)).toEqual(profiler.lastTrace!.parts.map(({ kind, text }) => `${kind} ${text}`))
  })

  test('an error is a failure in the provider\'s words', () => {
    const row = rows.find(({ status, provider }) => status === 404 && provider === 'vertex')!
    const { outcome } = readRaw(row).spans[0]!
    expect(outcome).toMatchObject({ state: 'failed', type: 'NOT_FOUND' })
  })

  test('arguments of a function call that were streamed are put together', () => {
    const row = rows.find(({ id }) => id === '189df6f555fdc487')!
    const [asked] = readRaw(row).spans[0]!.llm!.toolCalls!
    expect(asked!.name).toBe('writeItems')
    const { operations } = JSON.parse(asked!.arguments!) as { operations: readonly object[] }
    expect(operations[0]).toMatchObject({ action: 'add', description: 'Fresh red apple', itemid: 'apple_001', price: 0.5 })
  })

  test('names with underscores are read as well', () => {
    const { profiler } = recorded()
    const { endpoint } = googleEndpointOf('/v1/models/gemini-2.5-flash:generateContent')!
    const call = beginLlmCall(profiler, { name: 'gemini-2.5-flash', category: 'llm', provider: 'gcp.gemini', operation: 'generate_content', api: 'generateContent' })!
    call.draft.requestModel = 'gemini-2.5-flash'
    endpoint.readRequest(call, {
      system_instruction: { parts: [{ text: 'be brief' }] },
      tools: [{ function_declarations: [{ name: 'weather' }] }, { google_search: {} }],
      contents: [
        { role: 'user', parts: [{ inline_data: { mime_type: 'image/png', data: 'aa' } }, { text: 'hi' }] },
        { role: 'model', parts: [{ function_call: { name: 'weather', args: {} } }] },
        { role: 'user', parts: [{ function_response: { name: 'weather', response: { output: 1 } } }] },
      ],
      generation_config: { max_output_tokens: 7 },
    })
    call.requestDone()
    endpoint.readAnswer(call, { candidates: [{ content: { parts: [{ text: 'yes' }] }, finish_reason: 1 }], usage_metadata: { promptTokenCount: 3, candidatesTokenCount: 1 }, model_version: 'm', response_id: 'r' })
    call.end()
    expect(draw(profiler.traces)).toBe('llm gemini-2.5-flash ok | gcp.gemini generateContent | max 7 | m r STOP | in 3 out 1'
      + ' | tool-definition tool-definition system user user tool-call tool-result > assistant')
  })

  test.each([
    ['/v1beta/models/gemini-3-flash:generateContent', 'gemini-3-flash :generateContent'],
    ['/v1beta/models/gemini-3-flash:streamGenerateContent?alt=sse', 'gemini-3-flash :streamGenerateContent'],
    ['/v1/projects/p/locations/l/publishers/google/models/gemini-2.5-pro:generateContent', 'gemini-2.5-pro :generateContent'],
    ['/v1beta/tunedModels/mine:generateContent', 'mine :generateContent'],
    ['/v1beta/models/gemini-embedding-001:batchEmbedContents', 'gemini-embedding-001 :batchEmbedContents'],
    ['/v1/projects/p/locations/l/publishers/google/models/text-embedding-005:predict', 'text-embedding-005 :predict'],
    ['/v1/projects/p/locations/l/publishers/google/models/imagen-4:predict', undefined],
    ['/v1beta/models/gemini-3-flash:countTokens', undefined],
    ['/v1beta/interactions', 'undefined /interactions'],
    ['/v1beta/interactions/int_1/cancel', undefined],
    ['/v1beta/cachedContents', undefined],
    ['/v1beta/models/gemini-3-flash', undefined],
    ['', undefined],
  ])('%s', (path, expected) => {
    const found = googleEndpointOf(path)
    expect(found && `${found.model} ${found.endpoint.route}`).toBe(expected)
  })
})

test.each([
  [['$.a', 'stringValue', 'x'], '{"a":"x"}'],
  [['$.a[0].b', 'numberValue', 0.5], '{"a":[{"b":0.5}]}'],
  [['$["a.b"][\'c d\']', 'boolValue', false], '{"a.b":{"c d":false}}'],
  [['$.a', 'nullValue', 'NULL_VALUE'], '{"a":null}'],
  [['$.__proto__.polluted', 'stringValue', 'x'], '{"__proto__":{"polluted":"x"}}'],
  [['$.a[99999999]', 'stringValue', 'x'], '{}'],
  [['nonsense', 'stringValue', 'x'], '{}'],
] as const)('a streamed argument %j', ([jsonPath, kind, value], expected) => {
  const args = new PartialArgs()
  args.add([{ jsonPath, [kind]: value }, null, 7])
  expect(args.text).toBe(expected)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
})

test('a place that is none of its kind is left out', () => {
  const args = new PartialArgs()
  args.add([{ jsonPath: '$.a[0]', stringValue: 'x', willContinue: true }, { jsonPath: '$.a[0]', stringValue: 'y' }, { jsonPath: '$.a.length', stringValue: 'z' }, { jsonPath: '$.a.b.c', stringValue: 'z' }])
  expect(args.text).toBe('{"a":["xy"]}')
})

test('bodies in which anything is something else: read as far as they can be, and never an error of ours', () => {
  const random = seeded(6)
  for (let i = 0; i < 500; i++) {
    const row = rows[i % rows.length]!
    const changed = mutated({ request: row.request, all: documents(row) }, random) as { readonly request: unknown; readonly all: unknown }
    const all = Array.isArray(changed.all) ? (changed.all as readonly unknown[]) : [changed.all]
    // A vector of thousands of numbers tells nothing here.
    if (row.endpoint === 'batchEmbedContents' && i > 100) continue
    const { request } = changed
    const { profiler } = recorded()
    readBody(row, profiler, object(request) ?? {}, all)
  }
})

describe('misuse', () => {
  test.each([
    [undefined, 'wrapGoogleGenAI(client): client must be a client object, got undefined'],
    ['client', 'wrapGoogleGenAI(client): client must be a client object, got "client"'],
    [{}, 'wrapGoogleGenAI(client): client has none of models.generateContent, models.generateContentStream, models.embedContent; got {}'],
  ])('%j is no client', (client, message) => {
    expect(() => wrapGoogleGenAI(client as object)).toThrow(message)
  })

  test('a profiler that is none', () => {
    expect(() => wrapGoogleGenAI(new genai3.GoogleGenAI({ apiKey: 'none' }), { profiler: {} as Profiler })).toThrow('options.profiler must be a Profiler, got {}')
  })
})

test('with a profiler that is off, nothing of the client is touched', () => {
  const client = new genai3.GoogleGenAI({ apiKey: 'none' })
  const before = Reflect.ownKeys(client.models)
  expect(wrapGoogleGenAI(client, { profiler: recorded({ enabled: false }).profiler })).toBe(client)
  expect(Reflect.ownKeys(client.models)).toEqual(before)
  expect(unwrapGoogleGenAI(client)).toBe(client)
})

test('the provider is what the options say', async () => {
  const { profiler } = recorded()
  const session = server.session()
  session.reply(json({ candidates: [] }))
  const client = wrapGoogleGenAI(new genai3.GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: session.url } }), { profiler, provider: 'my-gateway' })
  await client.models.generateContent({ model: 'gemini-3-flash', contents: 'Hi' })
  expect(profiler.lastTrace?.spans[0]?.llm?.provider).toBe('my-gateway')
})

test('the example', async () => {
  const answers = ['089dbdd511e7066e', '0b3b5334f6d3bb55'].map((id) => replyOf(rows.find((row) => row.id === id)!))
  const { printed, traces, asked } = await runExample('google-genai', answers, (url) => ({ GEMINI_API_KEY: 'none', GOOGLE_GEMINI_BASE_URL: url }))
  expect(asked.length).toBe(2)
  expect(asked[1]!.body).toContain('22 °C and sunny in San Francisco')
  expect(printed).toContain('The capital of France is **Paris**.')
  expect(draw(traces)).toBe([
    'agent weather-agent ok',
    '  llm gemini-2.0-flash ok | gcp.gemini generateContent | gemini-2.0-flash mNcEaoaWM6bMqtsP75j8mA0 STOP | in 64 out 6 | 200'
      + ' | asks get_weather(28) no id | tool-definition system user > tool-call',
    '  tool get_weather ok',
    '  llm gemini-2.0-flash ok | gcp.gemini generateContent | gemini-2.0-flash STOP | in 8 out 10 | 200'
      + ' | tool-definition system user tool-call tool-result > assistant',
  ].join('\n'))
  const [, llm, tool] = traces[0]!.spans
  expect(tool!.tool!.issuedBy).toBe(llm!.id)
  checkAnalysis(analyze(traces[0]!))
})
