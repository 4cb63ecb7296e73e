import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { deflateSync, gunzipSync, gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { importTraces } from '../adapters/import/index.ts'
import { otlpReport } from '../reports/otlp.ts'
import { analyze } from '../src/analyze/index.ts'
import type { RunList } from '../viewer/api.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { Board } from './support/dashboard.ts'
import { goldenTrace } from './support/golden-run.ts'
import { fixture, fixtures } from './support/imports.ts'

const TRACE = '5b8efff798038103d269b633813fc60c'
const JSON_TYPE = { 'Content-Type': 'application/json' }

let board: Board
beforeEach(async () => {
  board = await new Board().start()
})
afterEach(async () => {
  await board.close()
  board.remove()
})

const attributes = (said: Readonly<Record<string, string | number>>): object[] =>
  Object.entries(said).map(([key, value]) => ({ key, value: typeof value === 'string' ? { stringValue: value } : { intValue: value } }))

const span = (id: string, more: object = {}): object => ({
  traceId: TRACE, spanId: id.padStart(16, '0'), name: 'agent', startTimeUnixNano: '1760000000000000001', endTimeUnixNano: '1760000001000000001', ...more,
})

const request = (...spans: readonly object[]): string =>
  JSON.stringify({ resourceSpans: [{ resource: { attributes: attributes({ 'service.name': 'shop' }) }, scopeSpans: [{ scope: { name: 'test' }, spans }] }] })

const files = (): string[] => readdirSync(board.folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.otlp.jsonl.gz'))
const readStored = (name: string): string => gunzipSync(readFileSync(join(board.folder, name))).toString('utf8')
const stored = (): string => files().map(readStored).join('')
const runs = async (): Promise<RunList['runs']> => {
  await board.dashboard.store.settled()
  return (await board.api('runs')).json<RunList>().runs
}

describe('what is taken', () => {
  test('a trace in one request, as a file that the importer reads', async () => {
    const call = span('2', { parentSpanId: '1'.padStart(16, '0'), name: 'chat', attributes: attributes({ 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'gpt-5-mini', 'gen_ai.usage.input_tokens': 12, 'gen_ai.usage.output_tokens': 3 }) })
    const { status, text, headers } = await board.otlp('/v1/traces', { headers: JSON_TYPE, body: request(span('1'), call) })
    expect([status, text, headers['content-type'], headers['access-control-allow-origin']]).toEqual([200, '{}', 'application/json', undefined])
    expect(files()).toEqual([expect.stringMatching(/^received.\d{4}-\d\d-\d\d.5b8efff798038103d269b633813fc60c\.otlp\.jsonl\.gz$/)])
    expect((await runs()).map(({ traceId, service, spans, llmCalls, inputTokens, source, outcome }) => ({ traceId, service, spans, llmCalls, inputTokens, source, outcome })))
      .toEqual([{ traceId: TRACE, service: 'shop', spans: 2, llmCalls: 1, inputTokens: 12, source: 'received', outcome: 'ok' }])
    const { traces: [trace], problems } = importTraces({ name: 'x', text: stored() })
    checkTrace(trace!)
    checkAnalysis(analyze(trace!))
    expect(problems).toEqual([])
  })

  test('the same spans as by reading the file', async () => {
    const sent = otlpReport.renderTrace!(goldenTrace, analyze(goldenTrace), {}) as string
    expect((await board.otlp('/v1/traces', { headers: JSON_TYPE, body: sent })).status).toBe(200)
    const [direct] = importTraces({ name: 'x', text: sent }).traces
    const [received] = importTraces({ name: 'x', text: stored() }).traces
    expect(received).toEqual(direct)
  })

  test.each(['gzip', 'deflate', 'identity'])('%s', async (encoding) => {
    const body = request(span('1'))
    const packed = encoding === 'gzip' ? gzipSync(body) : encoding === 'deflate' ? deflateSync(body) : body
    expect((await board.otlp('/v1/traces', { headers: { ...JSON_TYPE, 'Content-Encoding': encoding }, body: packed })).status).toBe(200)
    expect(await runs()).toHaveLength(1)
  })

  test('late spans, added to the same file', async () => {
    await board.otlp('/v1/traces', { headers: JSON_TYPE, body: request(span('2', { parentSpanId: '1'.padStart(16, '0'), name: 'late' })) })
    await board.otlp('/v1/traces', { headers: JSON_TYPE, body: request(span('1')) })
    expect(stored().trimEnd().split('\n')).toHaveLength(2)
    expect((await runs()).map(({ name, spans }) => [name, spans])).toEqual([['agent', 2]])
  })

  test('times that are numbers, with all their digits', async () => {
    await board.otlp('/v1/traces', { headers: JSON_TYPE, body: request(span('1')).replaceAll('"1760000000000000001"', '1760000000000000001') })
    expect(stored()).toContain('"startTimeUnixNano":"1760000000000000001"')
  })

  test('messages of calls from log records, which come before their span', async () => {
    const record = (body: object, more: object = {}): object => ({
      traceId: TRACE, spanId: '2'.padStart(16, '0'), timeUnixNano: '1760000000000000005', eventName: 'gen_ai.user.message', body, ...more,
    })
    const body = JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [
      record({ kvlistValue: { values: attributes({ content: 'What is the weather in Paris?', role: 'user' }) } }),
      record({ stringValue: 'a line of a log' }, { eventName: '' }),
    ] }] }] })
    const { status, text } = await board.otlp('/v1/logs', { headers: JSON_TYPE, body })
    expect([status, JSON.parse(text)]).toEqual([200, { partialSuccess: { rejectedLogRecords: '1', errorMessage: expect.stringContaining('messages of calls') } }])
    expect(await runs()).toEqual([])
    await board.otlp('/v1/traces', { headers: JSON_TYPE, body: request(span('2', { attributes: attributes({ 'gen_ai.operation.name': 'chat' }) })) })
    const [trace] = importTraces({ name: 'x', text: stored() }).traces
    expect(trace!.parts.map(({ kind, chars }) => [kind, chars])).toEqual([['user', 29]])
    expect(stored()).not.toContain('Paris')
    expect(await runs()).toHaveLength(1)
  })

  test('of metrics nothing, which is said', async () => {
    const body = JSON.stringify({ resourceMetrics: [{ scopeMetrics: [{ metrics: [{ name: 'x', sum: { dataPoints: [{}, {}] } }] }] }] })
    expect((await board.otlp('/v1/metrics', { headers: JSON_TYPE, body })).json()).toEqual({ partialSuccess: { rejectedDataPoints: '2', errorMessage: 'metrics are not kept here' } })
    expect((await board.otlp('/v1/metrics', { headers: JSON_TYPE, body: '{}' })).json()).toEqual({})
  })
})

describe('what is not', () => {
  const post = async (path: string, type: string, body: string | Uint8Array, more: Readonly<Record<string, string>> = {}) =>
    await board.otlp(path, { headers: { 'Content-Type': type, ...more }, body })

  test.each([
    ['text/plain', '{}', 415, 'content type'],
    ['application/json', '{"resourceSpans":[', 400, 'JSON'],
    ['application/json', '[]', 400, 'expected an object'],
    ['application/json', '{"resourceSpans":5}', 400, 'resourceSpans'],
    ['application/json', 'null', 400, 'expected an object'],
  ])('%s %s: %i', async (type, body, status, reason) => {
    const answer = await post('/v1/traces', type, body)
    expect([answer.status, answer.json<{ message: string }>().message]).toEqual([status, expect.stringContaining(reason)])
  })

  test('an empty request is fine', async () => {
    for (const body of ['', '{}', '{"resourceSpans":[]}']) expect((await post('/v1/traces', 'application/json', body)).status).toBe(200)
    expect((await post('/v1/traces', 'application/x-protobuf', '')).status).toBe(200)
  })

  test('spans without ids, which are counted', async () => {
    const body = request(span('1'), { name: 'no ids' }, span('2', { traceId: '0'.repeat(32) }), span('3', { startTimeUnixNano: '0' }))
    expect((await post('/v1/traces', 'application/json', body)).json()).toEqual({ partialSuccess: { rejectedSpans: '3', errorMessage: expect.any(String) } })
    expect((await runs()).map(({ spans }) => spans)).toEqual([1])
  })

  test('other paths and methods', async () => {
    expect((await post('/v1/other', 'application/json', '{}')).status).toBe(404)
    for (const method of ['GET', 'PUT', 'DELETE', 'OPTIONS', 'HEAD']) {
      const { status, headers } = await board.otlp('/v1/traces', { method, headers: JSON_TYPE })
      expect([method, status, headers['allow'], headers['access-control-allow-origin']]).toEqual([method, 405, 'POST', undefined])
    }
  })

  test('a body that is too large, as it is and unpacked', async () => {
    const large = Buffer.alloc(64 * 1024 * 1024 + 1, ' ')
    expect((await post('/v1/traces', 'application/json', gzipSync(large), { 'Content-Encoding': 'gzip' })).status).toBe(413)
    expect((await post('/v1/traces', 'application/json', 'x', { 'Content-Encoding': 'br' })).status).toBe(415)
    expect((await post('/v1/traces', 'application/json', 'not gzip', { 'Content-Encoding': 'gzip' })).status).toBe(400)
    const declared = await board.otlp('/v1/traces', { headers: { ...JSON_TYPE, 'Content-Length': String(64 * 1024 * 1024 + 1) } }).catch((error: unknown) => error)
    expect(declared).toMatchObject({ status: 413 })
  })

  test('a bomb, of which no more is unpacked than may be', async () => {
    // A gigabyte in members of 64 MB, of which the second is one too many.
    const member = gzipSync(Buffer.alloc(64 * 1024 * 1024, ' '), { level: 9 })
    const before = process.memoryUsage.rss()
    expect((await post('/v1/traces', 'application/json', Buffer.concat(Array.from({ length: 16 }, () => member)), { 'Content-Encoding': 'gzip' })).status).toBe(413)
    expect((process.memoryUsage.rss() - before) / 1e6).toBeLessThan(300)
  })

  test('nesting a million deep, and names that are not names', async () => {
    const deep = `{"resourceSpans":[{"scopeSpans":[{"spans":[${JSON.stringify(span('1')).slice(0, -1)},"attributes":[{"key":"x","value":${'{"arrayValue":{"values":['.repeat(250_000)}${']}}'.repeat(250_000)}}]}]}]}]}`
    expect((await post('/v1/traces', 'application/json', deep)).status).toBe(200)
    const inText = request(span('2', { attributes: attributes({ 'gen_ai.input.messages': `${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}` }) }))
    expect((await post('/v1/traces', 'application/json', inText)).status).toBe(200)
    const names = ['__proto__', 'constructor.prototype.x', 'a.__proto__.b', 'hasOwnProperty', 'toString', 'gen_ai.prompt.__proto__.polluted', '0']
    const values = attributes(Object.fromEntries(names.map((name) => [name, 'polluted'])))
    const polluting = `{"__proto__":{"polluted":1},${request(span('3', { attributes: [...values, { key: 'list', value: { kvlistValue: { values } } }, { key: '__proto__', value: { stringValue: 'polluted' } }] })).slice(1)}`
    expect((await post('/v1/traces', 'application/json', polluting)).status).toBe(200)
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
    expect(Object.prototype).not.toHaveProperty('x')
    expect((await runs()).map(({ spans }) => spans)).toEqual([4])
    expect(stored()).toContain('"key":"__proto__"')
  })
})

/** The requests in a file. */
function importable(text: string): string[] {
  const isRequest = (one: string): boolean => {
    try {
      return Object.hasOwn(JSON.parse(one) as object, 'resourceSpans')
    } catch {
      return false
    }
  }
  return isRequest(text) ? [text] : text.split('\n').filter(isRequest)
}

test('all that was acknowledged is found again', async () => {
  const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')
  const spans = Array.from({ length: 2_000 }, (_, i) => span(hex(Math.floor(i / 100) + 1, 16), {
    traceId: hex((i % 100) + 1, 32), ...(i >= 100 && { parentSpanId: hex(1, 16) }),
  }))
  // The root of each trace comes last.
  const requests = Array.from({ length: 40 }, (_, i) => spans.toReversed().slice(i * 50, i * 50 + 50))
  const answers = await Promise.all(requests.map((some) => board.otlp('/v1/traces', { headers: JSON_TYPE, body: request(...some) })))
  expect(new Set(answers.map(({ status, text }) => `${status} ${text}`))).toEqual(new Set(['200 {}']))
  await board.dashboard.store.settled()
  const { total, runs: found } = (await board.api('runs?limit=500')).json<RunList>()
  expect([total, found.reduce((sum, run) => sum + run.spans, 0), found.every(({ outcome, problem }) => outcome === 'ok' && problem === undefined)]).toEqual([100, 2_000, true])
})

describe('content', () => {
  const SECRET = `sk-proj-${'aB3'.repeat(16)}`
  const messages = JSON.stringify([
    { role: 'system', parts: [{ type: 'text', content: 'You are a helpful assistant of a bank.' }] },
    { role: 'assistant', parts: [{ type: 'tool_call', id: 'call_1', name: 'get_balance', arguments: { account: 'DE-771', name: 'Alice', amount: 1200 } }] },
    { role: 'tool', parts: [{ type: 'tool_call_response', id: 'call_1', response: 'The balance is 44 EUR' }] },
  ])
  const body = request(span('1', {
    attributes: attributes({ 'gen_ai.operation.name': 'chat', 'gen_ai.input.messages': messages, 'gen_ai.tool.call.result': 'a result', 'x.note': `the key is ${SECRET}`, 'api_key': 'hunter2', 'gen_ai.prompt.0.content': 'Hello Bob', 'gen_ai.prompt.0.role': 'user' }),
    status: { code: 2, message: `denied for ${SECRET}` },
  }))
  const partsOf = (text: string) => importTraces({ name: 'x', text }).traces[0]!.parts.map(({ kind, chars, name, callId }) => ({ kind, chars, name, callId }))

  test('none: no word of it is written, and what it was made of is known all the same', async () => {
    await board.otlp('/v1/traces', { headers: JSON_TYPE, body })
    for (const word of ['bank', 'Alice', 'DE-771', '1200', '44', 'a result', 'Bob', SECRET, 'hunter2']) expect([word, stored().includes(word)]).toEqual([word, false])
    expect(partsOf(stored())).toEqual(partsOf(body))
    const [trace] = importTraces({ name: 'x', text: stored() }).traces
    checkTrace(trace!)
    checkAnalysis(analyze(trace!))
  })

  test('full: texts, and no secret', async () => {
    await board.close()
    await board.start({ content: 'full' })
    await board.otlp('/v1/traces', { headers: JSON_TYPE, body })
    for (const word of ['bank', 'Alice', 'a result', 'Bob']) expect([word, stored().includes(word)]).toEqual([word, true])
    for (const word of [SECRET, 'hunter2']) expect([word, stored().includes(word)]).toEqual([word, false])
  })

  test('files of all emitters give the same parts, masked and not', async () => {
    for (const name of ['otlp', 'otlp-derived', 'openinference-genai'].flatMap(fixtures)) {
      const { text } = fixture(name)
      // Files may hold several requests, one a line, and spans that no exporter would send.
      const documents = importable(text)
      for (const body of documents) expect([name, (await board.otlp('/v1/traces', { headers: JSON_TYPE, body })).status]).toEqual([name, 200])
      if (documents.length === 0) continue
      for (const trace of importTraces({ name, text }).traces) {
        const file = files().find((one) => one.includes(trace.id))!
        const [received] = importTraces({ name, text: readStored(file) }).traces
        const shape = ({ spans, parts }: typeof trace) => ({
          spans: spans.map(({ name: called, category, start, end, llm }) => [called, category, start, end, llm?.usage?.input, llm?.usage?.output, llm?.requestParts]),
          parts: parts.map(({ kind, name: called, callId }) => [kind, called, callId]),
        })
        expect({ name, ...shape(received!) }).toEqual({ name, ...shape(trace) })
        // Where a text stands inside JSON, its line breaks and quotation marks were two characters each.
        for (const [i, { chars }] of trace.parts.entries()) expect(Math.abs(received!.parts[i]!.chars - chars)).toBeLessThanOrEqual(2 + chars / 10)
      }
    }
  })
})
