import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import type { Profiler } from 'spanwise'
import { traceFetch, traceHeaders, type FetchOptions } from 'spanwise/fetch'
import { COLLECT_HEADER, collectedBody, inlineSpans, laterSpans, PROFILE_HEADER, SPANS_HEADER, unguessableId } from '../adapters/shared/http/spans-header.ts'
import { parseTraceparent } from '../src/kit.ts'
import { runExample } from './support/example.ts'
import { json } from './support/provider-server.ts'
import { expectTree, recorded } from './support/recorded.ts'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function listening(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer)
  servers.push(server)
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** A service that records: `/inline` gives its spans in the answer's header, `/later` afterwards, `/plain` never. */
async function service(): Promise<{ readonly url: string; readonly asked: IncomingMessage[]; readonly there: Profiler }> {
  const { profiler: there } = recorded({ service: 'search-service' })
  const asked: IncomingMessage[] = []
  const kept = new Map<string, string>()
  const url = await listening((request, response) => {
    asked.push(request)
    const id = request.headers[COLLECT_HEADER]
    if (typeof id === 'string') return void response.writeHead(kept.has(id) ? 200 : 404).end(kept.get(id))
    const path = new URL(request.url!, 'http://x').pathname
    const remote = parseTraceparent(request.headers['traceparent'])
    const root = there.open(`GET ${path}`, 'agent', { isRun: true, remote })!
    const tool = there.open('query', 'tool', { parent: root })!
    tool.end()
    root.end()
    const trace = there.lastTrace!
    if (request.headers[PROFILE_HEADER] === 'spans' && path === '/inline') response.setHeader(SPANS_HEADER, inlineSpans(trace)!)
    if (request.headers[PROFILE_HEADER] === 'spans' && path === '/later') {
      const later = unguessableId()
      kept.set(later, collectedBody(trace))
      response.setHeader(SPANS_HEADER, laterSpans(later))
    }
    response.writeHead(path === '/failing' ? 503 : 200, { 'content-type': 'text/plain' }).end('the answer')
  })
  return { url, asked, there }
}

const nameless = (profiler: Profiler) => profiler.lastTrace!.spans.map(({ name }) => name.replace(/127\.0\.0\.1:\d+/, 'host'))

test.each(['/inline', '/later'])('the spans of a service stand below the call: %s', async (path) => {
  const { url, asked, there } = await service()
  const { profiler } = recorded()
  const fetch = traceFetch(globalThis.fetch, { profiler })
  const text = await profiler.run('agent', async () => (await fetch(`${url}${path}?q=secret`)).text())
  await profiler.flush()
  expect(text).toBe('the answer')
  expect(nameless(profiler)).toEqual(['agent', `GET host${path}`, `GET ${path}`, 'query'])
  const [, call, remote, tool] = profiler.lastTrace!.spans
  expect([call!.parentId, remote!.parentId, tool!.parentId]).toEqual(profiler.lastTrace!.spans.slice(0, 3).map(({ id }) => id))
  expect(asked[0]!.headers['traceparent']).toBe(`00-${profiler.lastTrace!.id}-${call!.id}-01`)
  expect(there.lastTrace!.id).toBe(profiler.lastTrace!.id)
  expect(JSON.stringify(profiler.traces)).not.toContain('secret')
})

test('outside of a run, and in one that is not sampled, it only fetches', async () => {
  const { url, asked } = await service()
  const { profiler } = recorded()
  const fetch = traceFetch(globalThis.fetch, { profiler })
  await fetch(`${url}/inline`)
  await profiler.run('quiet', () => fetch(`${url}/inline`), { sample: false })
  expect(profiler.traces).toEqual([])
  expect(asked.map(({ headers }) => [headers['traceparent'], headers[PROFILE_HEADER]])).toEqual([[undefined, undefined], [undefined, undefined]])
})

test('requests of any form arrive as they are, with two headers more', async () => {
  const seen: unknown[] = []
  const url = await listening((request, response) => {
    const pieces: Buffer[] = []
    request.on('data', (piece: Buffer) => pieces.push(piece)).on('end', () => {
      const { traceparent: _, [PROFILE_HEADER]: __, host: ___, ...headers } = request.headers
      seen.push({ method: request.method, url: request.url, headers, body: Buffer.concat(pieces).toString() })
      response.end('ok')
    })
  })
  const { profiler } = recorded()
  const traced = traceFetch(globalThis.fetch, { profiler })
  const requests = async (fetch: typeof globalThis.fetch) => {
    seen.length = 0
    await fetch(url)
    await fetch(new URL('/a?b=c#d', url))
    await fetch(`${url}/post`, { method: 'post', body: '{"a":1}', headers: { 'Content-Type': 'application/json', 'X-Own': '1' } })
    await fetch(new Request(`${url}/request`, { method: 'PUT', body: 'text', headers: [['x-own', '2']] }))
    await fetch(new Request(`${url}/request`, { method: 'PUT', body: 'text', headers: [['x-own', '2']] }), { headers: { 'x-other': '3' } })
    return [...seen]
  }
  expect(await profiler.run('agent', () => requests(traced))).toEqual(await requests(globalThis.fetch))
})

test('headers that the request has are not touched, and a service may be left out', async () => {
  const { url, asked } = await service()
  const { profiler } = recorded()
  const traceparent = `00-${'a'.repeat(32)}-${'b'.repeat(16)}-00`
  await profiler.run('agent', async () => {
    await traceFetch(fetch, { profiler })(`${url}/inline`, { headers: { traceparent } })
    const to: FetchOptions['to'] = ({ pathname, search }) => pathname !== '/inline' && search === ''
    await traceFetch(fetch, { profiler, to })(`${url}/inline?a=b`)
    await traceFetch(fetch, { profiler, spans: false })(`${url}/inline`)
  })
  expect(asked.map(({ headers }) => [headers['traceparent'] === traceparent, headers['traceparent'] !== undefined, headers[PROFILE_HEADER]]))
    .toEqual([[true, true, 'spans'], [false, false, undefined], [false, true, undefined]])
})

test('failures stay what they are', async () => {
  const { url } = await service()
  const { profiler } = recorded()
  const fetch = traceFetch(globalThis.fetch, { profiler })
  await profiler.run('agent', async () => {
    expect((await fetch(`${url}/failing`)).status).toBe(503)
    await expect(fetch('http://127.0.0.1:1/')).rejects.toThrow('fetch failed')
    await expect(fetch('no address')).rejects.toThrow('Failed to parse URL')
    await expect(fetch(`${url}/plain`, { signal: AbortSignal.abort() })).rejects.toThrow('aborted')
  })
  expect(profiler.lastTrace!.spans.map(({ outcome }) => ('type' in outcome ? outcome.type : outcome.state))).toEqual(['ok', '503', 'TypeError', 'cancelled'])
})

test('a service that says anything else in the header of ours does no harm', async () => {
  const { profiler } = recorded()
  for (const value of ['inline !', 'inline AAAA', 'later x', `later ${'a'.repeat(22)}`, 'x'.repeat(10_000)]) {
    const url = await listening((_request, response) => void response.writeHead(200, { [SPANS_HEADER]: value }).end('ok'))
    const text = await profiler.run('agent', async () => (await traceFetch(fetch, { profiler })(url)).text())
    expect(text).toBe('ok')
    await profiler.flush()
    expect(profiler.lastTrace!.spans).toHaveLength(2)
  }
  expect(profiler.stats().selfErrors).toBe(0)
})

test('headers for other clients', () => {
  const { profiler } = recorded()
  expect(traceHeaders({ profiler })).toEqual({})
  const headers = profiler.run('agent', () => traceHeaders({ profiler }))
  expect(parseTraceparent(headers['traceparent'])).toEqual({ traceId: profiler.lastTrace!.id, spanId: profiler.lastTrace!.spans[0]!.id, isSampled: true })
  expectTree(profiler.lastTrace, 'agent 0-0')
})

test('misuse says what it got; a profiler that is off gives back the fetch that it was given', () => {
  expect(() => traceFetch(1 as never)).toThrow('fetch must be a function, got 1')
  expect(() => traceFetch(fetch, { profiler: {} as never })).toThrow('options.profiler must be a Profiler, got {}')
  expect(() => traceFetch(fetch, { to: 'search.internal' as never })).toThrow('options.to must be a function, got "search.internal"')
  const { profiler } = recorded({ enabled: false })
  expect(traceFetch(fetch, { profiler })).toBe(fetch)
})

test('the example', async () => {
  const replies = ['Returns take 30 days.', 'You have 30 days.'].map((content, i) => json({
    id: `chatcmpl-${i}`, object: 'chat.completion', created: 1, model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }], usage: { prompt_tokens: 50, completion_tokens: 10, total_tokens: 60 },
  }))
  const { printed, traces } = await runExample('services', replies, (base) => ({ OPENAI_BASE_URL: base, OPENAI_API_KEY: 'test', NO_COLOR: '1' }))
  expect(printed).toMatch(/^You have 30 days\.\n/)
  const agent = traces.find(({ name }) => name === 'agent')!
  expect(agent.spans.map(({ name }) => name.replace(/127\.0\.0\.1:\d+/, 'host'))).toEqual([
    'agent', 'summarise_page', 'GET host/returns', 'GET /returns', 'summarise', 'gpt-4o-mini', 'gpt-4o-mini',
  ])
  expect(agent.spans.filter(({ llm }) => llm !== undefined)).toHaveLength(2)
})
