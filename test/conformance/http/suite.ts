import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { Profiler, type ProfilerOptions, type RunSummary, type Span, type Trace } from 'spanwise'
import type { HttpOptions } from 'spanwise/http'
import { readCollected, readSpansHeader } from '../../../adapters/shared/http/spans-reader.ts'
import { checkTrace } from '../../laws.ts'
import type { Framework } from './apps.ts'
import { get, listen, stream, type Got, type Sent } from './client.ts'
import { site, type Site } from './routes.ts'

/**
 * One list of cases for the middlewares of all frameworks. What a client gets is held against the same application without the
 * middleware, header by header.
 */
interface Lane extends Site {
  readonly url: string
  readonly profiler: Profiler
  readonly lines: [line: string, summary: RunSummary][]
  /** Resolves with the next run that ends. */
  ended(): Promise<Trace>
}

const PLAIN_ROUTES = [
  'GET /json', 'HEAD /json', 'GET /seen?a=1&b=2', 'GET /empty', 'GET /same', 'GET /away', 'GET /zipped', 'GET /broken', 'GET /refused', 'GET /missing', 'POST /echo', 'GET /nowhere',
] as const

export function conformance(framework: Framework): void {
  const open: (() => Promise<void>)[] = []
  afterEach(async () => {
    for (const close of open.splice(0)) await close()
  })

  async function start(options: Partial<HttpOptions<unknown>> | undefined, recording: ProfilerOptions = {}): Promise<Lane> {
    const profiler = new Profiler({ enabled: true, maxTraces: 3_000, ...recording })
    const lines: Lane['lines'] = []
    const pages = site(profiler)
    const { server, close } = await framework.app(pages.routes, options && {
      enabled: true, sampleRate: 1, profiler, logger: (line, summary) => lines.push([line, summary]), ...options,
    })
    const url = await listen(server)
    open.push(async () => {
      server.closeAllConnections()
      await (close?.() ?? new Promise<void>((resolve) => server.close(() => resolve())))
      profiler.traces.forEach(checkTrace)
      expect(profiler.stats().selfErrors).toBe(0)
    })
    const ended = (): Promise<Trace> => new Promise((resolve) => {
      const stop = profiler.on('runEnd', ({ trace }) => {
        stop()
        resolve(trace!)
      })
    })
    return { ...pages, url, profiler, lines, ended }
  }

  const ask = (lane: Lane, route: string, sent: Sent = {}, more = ''): Promise<Got> => {
    const [method, path] = route.split(' ') as [string, string]
    const joined = more === '' ? path : `${path}${path.includes('?') ? '&' : '?'}${more}`
    return get(lane.url + joined, { method, ...sent, ...(method === 'POST' && { body: 'a body' }), headers: { ...(method === 'POST' && { 'content-type': 'text/plain' }), ...sent.headers } })
  }

  /** Where the report stands in place of a response: that response. */
  const original = (lane: Lane, report: Got, path: string): Promise<Got> => get(new URL(String(report.headers['spanwise-original']), `${lane.url}${path}`).href)

  describe(framework.name, () => {
    let bare: Lane
    beforeAll(async () => {
      bare = await start(undefined)
      const [close] = open.splice(0)
      afterAll(close!)
    })

    describe('nothing changes for the client', () => {
      test.each(PLAIN_ROUTES)('profiled in the background: %s', async (route) => {
        const lane = await start({})
        const ended = lane.ended()
        expect(wire(await ask(lane, route))).toEqual(wire(await ask(bare, route)))
        await ended
      })

      test.each(PLAIN_ROUTES)('not sampled: %s', async (route) => {
        const lane = await start({ sampleRate: 0 })
        expect(wire(await ask(lane, route))).toEqual(wire(await ask(bare, route)))
        expect(lane.profiler.traces).toEqual([])
      })

      test('switched off', async () => {
        const lane = await start({ enabled: false })
        expect(wire(await ask(lane, 'GET /seen?profile=1'))).toEqual(wire(await ask(bare, 'GET /seen?profile=1')))
        expect(lane.profiler.traces.map(({ name }) => name)).toEqual([])
      })

      test('events arrive one by one, and the run ends with the last', async () => {
        const lane = await start({})
        const ended = lane.ended()
        // Node sends the head with the first of the body.
        lane.gates[0]!.open()
        const events = await stream(`${lane.url}/events`)
        expect(events.response.headers['content-type']).toMatch(/^text\/event-stream/)
        for (const [i, { open }] of lane.gates.entries()) {
          open()
          expect(await events.next()).toBe(`data: event ${i} done\n\n`)
          expect(lane.profiler.traces).toHaveLength(i < 2 ? 0 : lane.profiler.traces.length)
        }
        expect(await events.next()).toBeUndefined()
        expect(tree(await ended)).toEqual(['GET /events ok', '  step ok', '  step ok', '  step ok'])
      })

      test('a client that goes away is seen by the handler, and the run is cancelled', async () => {
        const lane = await start({})
        const ended = lane.ended()
        lane.gates[0]!.open()
        const events = await stream(`${lane.url}/events`)
        await events.next()
        events.leave()
        await lane.left
        expect((await ended).spans[0]!.outcome).toEqual({ state: 'cancelled' })
      })
    })

    describe('runs of requests', () => {
      test('one line in the log, attributes by their OpenTelemetry names, and the query nowhere', async () => {
        const lane = await start({})
        const ended = lane.ended()
        await ask(lane, 'GET /users/42?token=hidden&q=secret')
        const trace = await ended
        const name = framework.knowsRoutes ? 'GET /users/:id' : 'GET /users/42'
        expect(trace.spans[0]).toMatchObject({
          name, category: 'internal', outcome: { state: 'ok' },
          attributes: { 'http.request.method': 'GET', 'url.path': '/users/42', 'http.response.status_code': 200, ...(framework.knowsRoutes && { 'http.route': '/users/:id' }) },
        })
        expect(trace.name).toBe(name)
        expect(JSON.stringify(trace)).not.toMatch(/hidden|secret|token/)
        await vi.waitFor(() => expect(lane.lines).toHaveLength(1))
        expect(lane.lines[0]![0]).toMatch(/s, 0 LLM calls, 0 tool calls, ok, GET \/users\/.+$/)
        expect(lane.lines[0]![1].name).toBe(name)
      })

      test.each([
        ['GET /broken', 500, { state: 'failed' }], ['GET /refused', 503, { state: 'failed', type: 'HTTP 503', message: 'Service Unavailable' }],
        ['GET /missing', 404, { state: 'ok' }], ['GET /nowhere', 404, { state: 'ok' }], ['GET /away', 302, { state: 'ok' }], ['HEAD /json', 201, { state: 'ok' }],
      ] as const)('%s is answered %i', async (route, status, outcome) => {
        const lane = await start({})
        const ended = lane.ended()
        await ask(lane, route)
        const { spans: [root] } = await ended
        expect(root!.outcome).toMatchObject(outcome)
        expect(root!.attributes!['http.response.status_code']).toBe(status)
      })

      test('what happens after the body was read is still in the run', async () => {
        const lane = await start({})
        const ended = lane.ended()
        expect((await ask(lane, 'POST /echo')).text).toBe('echo done: a body')
        expect(tree(await ended)).toEqual(['POST /echo ok', '  step ok'])
      })

      test('the caller in another process is known', async () => {
        const lane = await start({})
        const ended = lane.ended()
        await ask(lane, 'GET /json', { headers: { traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' } })
        expect((await ended).id).toBe('0af7651916cd43dd8448eb211c80319c')
      })

      test('what lies too deep is dropped and counted', async () => {
        const lane = await start({ maxDepth: 3 })
        const ended = lane.ended()
        await ask(lane, 'GET /deep/10')
        const { spans, dropped } = await ended
        expect([spans.length, dropped.spans]).toEqual([4, 7])
      })

      test('a sample is recorded, and calls of the others are in no run', async () => {
        const dice = [0.05, 0.5, 0.09, 0.2]
        const lane = await start({ sampleRate: 0.1 }, { random: () => dice.shift()! })
        for (let i = 0; i < 4; i++) await ask(lane, 'GET /json')
        expect(lane.profiler.traces.map(tree)).toEqual([['GET /json ok', '  step ok'], ['GET /json ok', '  step ok']])
        // Nothing is under way any more: a call outside is a run of its own again.
        await lane.profiler.span('afterwards', () => {})
        expect(lane.profiler.lastTrace!.name).toBe('afterwards')
      })

      test('of a thousand at once, no span is under the wrong parent', async () => {
        const lane = await start({})
        lane.crowd(1_000)
        const ids = Array.from({ length: 1_000 }, (_, i) => String(i))
        const got = await Promise.all(ids.map((id) => ask(lane, Number(id) % 2 === 0 ? `GET /work/${id}` : `POST /work/${id}`)))
        expect(got.map(({ text }) => text)).toEqual(ids.map((id) => (Number(id) % 2 === 0 ? `work ${id}` : `work ${id} a body`)))
        await vi.waitFor(() => expect(lane.profiler.stats().kept).toBe(1_000))
        lane.profiler.traces.forEach(checkFamily)
      })
    })

    describe('a report for who asks', () => {
      test.each(['profile=1', 'profile=true', 'profile=YES', 'profile=Yes&x', 'x=%31&profile=tRuE', '%70rofile=1'])('?%s', async (query) => {
        const lane = await start({})
        const report = await get(`${lane.url}/json?${query}`)
        expect(report.status).toBe(200)
        expect(report.headers).toMatchObject({
          'content-type': 'text/html; charset=utf-8', 'cache-control': 'no-store', 'content-security-policy': "frame-ancestors 'none'", 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer',
          'content-length': String(report.body.length),
        })
        expect(report.headers['set-cookie']).toBeUndefined()
        expect(report.headers['x-app']).toBeUndefined()
        expect(report.text).toContain('<title>GET /json · Spanwise</title>')
        expect(report.text).toContain('This request was answered 201 Created. <a href="?')
        expect(lane.profiler.traces.map(tree)).toEqual([['GET /json ok', '  step ok']])
        expect(lane.lines).toEqual([])
      })

      test.each(['profile=0', 'profile=', 'profile', 'profile=bob', 'Profile=1', 'profile=1%20'])('?%s asks for none', async (query) => {
        const lane = await start({ sampleRate: 0 })
        expect(wire(await ask(lane, `GET /seen?${query}`))).toEqual(wire(await ask(bare, `GET /seen?${query}`)))
      })

      test.each([
        ['/seen?profile=1', '/seen {}'], ['/seen?profile=1&a=1&b=%20', '/seen?a=1&b=%20 {"a":"1","b":" "}'], ['/seen?a=1&profile=YES', '/seen?a=1 {"a":"1"}'],
        ['/seen?profile=bob&profile=true', '/seen?profile=bob {"profile":"bob"}'],
      ])('the application sees %s as %s', async (asked, seen) => {
        const lane = await start({})
        const report = await get(lane.url + asked)
        expect((await original(lane, report, asked)).text).toBe(seen)
      })

      test.each(PLAIN_ROUTES.filter((route) => !route.startsWith('HEAD')))('the response stays to be had: %s', async (route) => {
        const lane = await start({})
        const report = await ask(lane, route, {}, 'profile=1')
        expect([report.status, report.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8'])
        const [got, plain] = [await original(lane, report, route.split(' ')[1]!), await ask(bare, route)]
        expect(wire(got, framework.isExact)).toEqual(wire(plain, framework.isExact))
        // More than once: a page may be loaded again.
        expect(wire(await original(lane, report, route.split(' ')[1]!))).toEqual(wire(got))
      })

      test('of HEAD there are only headers, also of its own response', async () => {
        const lane = await start({})
        const report = await ask(lane, 'HEAD /json', {}, 'profile=1')
        expect([report.status, report.headers['content-type'], report.text]).toEqual([200, 'text/html; charset=utf-8', ''])
        const got = await original(lane, report, '/json')
        expect([got.status, got.headers['x-app'], got.text]).toEqual([201, 'yes', ''])
      })

      test('of events the report comes at their end, and they stay to be had', async () => {
        const lane = await start({})
        const asking = get(`${lane.url}/events?profile=1`)
        for (const { open } of lane.gates) open()
        const report = await asking
        expect(report.headers['content-type']).toBe('text/html; charset=utf-8')
        expect(lane.profiler.traces.map(tree)).toEqual([['GET /events ok', '  step ok', '  step ok', '  step ok']])
        const got = await original(lane, report, '/events')
        expect([got.headers['content-type']?.slice(0, 17), got.text]).toEqual(['text/event-stream', 'data: event 0 done\n\ndata: event 1 done\n\ndata: event 2 done\n\n'])
      })

      test('a client that goes away while it waits for a report is seen by the handler, and the run is cancelled', async () => {
        const lane = await start({})
        const ended = lane.ended()
        const leaving = new AbortController()
        const asking = fetch(`${lane.url}/silent?profile=1`, { signal: leaving.signal })
        await lane.silent
        leaving.abort()
        await expect(asking).rejects.toThrow('aborted')
        await lane.left
        if (framework.name !== 'hono without bindings') expect((await ended).spans[0]!.outcome).toEqual({ state: 'cancelled' })
      })

      test('a response that is too large to be kept is told as such', async () => {
        const lane = await start({})
        const report = await get(`${lane.url}/big?profile=1`)
        expect(report.headers['spanwise-original']).toBeUndefined()
        expect(report.text).toContain('This request was answered 200 OK; its response of 9000000 bytes was too large to be kept.')
      })

      test('what is not kept any more is gone', async () => {
        const lane = await start({})
        const got = await get(`${lane.url}/json?spanwise-original=AAAAAAAAAAAAAAAAAAAAAA`)
        expect([got.status, got.headers['cache-control'], got.text]).toEqual([404, 'no-store', 'This response is not kept any more.\n'])
        expect(lane.profiler.traces).toEqual([])
      })

      test('too many at once are served as they are', async () => {
        const lane = await start({ sampleRate: 0 })
        const asking = Array.from({ length: 20 }, () => get(`${lane.url}/events?profile=1`))
        await vi.waitFor(() => expect(lane.profiler.stats().seen).toBe(20))
        for (const { open } of lane.gates) open()
        const types = (await Promise.all(asking)).map(({ headers }) => headers['content-type'])
        expect([types.filter((type) => type === 'text/html; charset=utf-8').length, types.filter((type) => type?.startsWith('text/event-stream')).length]).toEqual([8, 12])
      })
    })

    describe('who may ask', () => {
      const isReport = ({ headers }: Got): boolean => headers['spanwise-original'] !== undefined
      afterEach(() => void vi.unstubAllEnvs())

      test.each<[says: string, allow: HttpOptions<unknown>['allow'], may: boolean]>([
        ['yes', () => true, true], ['no', () => false, false], ['yes, later', async () => true, true], ['no, later', async () => false, false],
        ['something else', () => 1 as unknown as boolean, false],
      ])('a guard that says %s', async (_, allow, may) => {
        const lane = await start({ allow: allow!, sampleRate: 0 })
        const got = await ask(lane, 'GET /json', {}, 'profile=1')
        expect(isReport(got)).toBe(may)
        if (!may) expect(wire(got)).toEqual(wire(await ask(bare, 'GET /json', {}, 'profile=1')))
      })

      test.each<[says: string, allow: HttpOptions<unknown>['allow']]>([
        ['throws', () => { throw new Error('no database') }], ['rejects', async () => { throw new Error('no database') }],
      ])('a guard that %s says no', async (_, allow) => {
        const lane = await start({ allow: allow!, sampleRate: 0 })
        expect(isReport(await ask(lane, 'GET /json', {}, 'profile=1'))).toBe(false)
        expect(lane.profiler.stats().selfErrors).toBe(1)
        open.splice(0, 1, async () => {})
      })

      test('in production nobody may without a guard', async () => {
        vi.stubEnv('NODE_ENV', 'production')
        const lane = await start({ sampleRate: 0 })
        expect(wire(await ask(lane, 'GET /seen?profile=1'))).toEqual(wire(await ask(bare, 'GET /seen?profile=1')))
        const asked = await ask(lane, 'GET /json', { headers: { 'spanwise-profile': 'spans', 'spanwise-collect': 'AAAAAAAAAAAAAAAAAAAAAA' } })
        expect(wire(asked)).toEqual(wire(await ask(bare, 'GET /json')))
        const guarded = await start({ allow: () => true })
        expect(isReport(await ask(guarded, 'GET /json', {}, 'profile=1'))).toBe(true)
      })

      test('with a secret only who knows it may', async () => {
        vi.stubEnv('NODE_ENV', 'production')
        const lane = await start({ sampleRate: 0, secret: 'open sesame' })
        expect(isReport(await ask(lane, 'GET /json', {}, 'profile=1'))).toBe(false)
        expect(isReport(await ask(lane, 'GET /json', { headers: { 'spanwise-secret': 'open barley' } }, 'profile=1'))).toBe(false)
        expect(isReport(await ask(lane, 'GET /json', { headers: { 'spanwise-secret': 'open sesame' } }, 'profile=1'))).toBe(true)
      })
    })

    describe('spans for the caller', () => {
      const asking = { headers: { 'spanwise-profile': 'spans' } }
      const collect = (lane: Lane, id: string): Promise<Got> => get(`${lane.url}/json`, { headers: { 'spanwise-collect': id } })

      test('of a response that is not streamed they go along', async () => {
        const lane = await start({ sampleRate: 0 })
        const got = await ask(lane, 'POST /echo', asking)
        const answer = readSpansHeader(String(got.headers['spanwise-spans']))
        expect(answer?.kind).toBe('inline')
        if (answer?.kind === 'inline') {
          expect(tree(answer.trace)).toEqual(['POST /echo ok', '  step ok'])
          checkTrace(answer.trace)
        }
        expect(wire(got)).toEqual(wire(await ask(bare, 'POST /echo')))
      })

      test.each(PLAIN_ROUTES)('the response is the same but for the header: %s', async (route) => {
        const lane = await start({ sampleRate: 0 })
        const got = await ask(lane, route, asking)
        expect(got.headers['spanwise-spans']).toMatch(/^inline /)
        expect(wire(got)).toEqual(wire(await ask(bare, route)))
      })

      test('of a stream they come later, and once', async () => {
        const lane = await start({ sampleRate: 0 })
        lane.gates[0]!.open()
        const events = await stream(`${lane.url}/events`, asking)
        const header = readSpansHeader(String(events.response.headers['spanwise-spans']))
        expect(header?.kind).toBe('later')
        const id = header?.kind === 'later' ? header.id : ''
        const collected = collect(lane, id)
        for (const { open } of lane.gates) open()
        while (await events.next() !== undefined) { /* to its end */ }
        const got = await collected
        expect([got.status, got.headers['cache-control']]).toEqual([200, 'no-store'])
        expect(tree(readCollected(got.text)!)).toEqual(['GET /events ok', '  step ok', '  step ok', '  step ok'])
        expect((await collect(lane, id)).status).toBe(404)
      })

      test('who may not ask gets none', async () => {
        const lane = await start({ sampleRate: 0, allow: () => false })
        expect((await ask(lane, 'GET /json', asking)).headers['spanwise-spans']).toBeUndefined()
      })
    })
  })
}

/** Without what differs between two equal responses. */
function wire({ status, message, rawHeaders, body }: Got, isFramed = true): unknown {
  const headers: string[] = []
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i]!.toLowerCase()
    if (name === 'date' || name === 'spanwise-spans' || (!isFramed && ['content-length', 'transfer-encoding', 'connection'].includes(name))) continue
    // What Node's own `Response` writes without a space, that of @hono/node-server writes with one.
    headers.push(`${name}: ${rawHeaders[i + 1]}`.replace('; charset', ';charset'))
  }
  return { status, message, headers: headers.sort(), body: body.toString('base64') }
}

function tree({ spans }: Trace): string[] {
  const depth = (span: Span): number => (span.parentId === undefined ? 0 : 1 + depth(spans.find(({ id }) => id === span.parentId)!))
  return spans.map((span) => `${'  '.repeat(depth(span))}${span.name} ${span.outcome.state}`)
}

/** Of one request there are seven spans, each under the one that it was started in. */
function checkFamily({ spans }: Trace): void {
  const [root] = spans
  const id = /\d+$/.exec(String(root!.attributes!['url.path']))![0]
  const parentOf = ({ parentId }: Span): string | undefined => spans.find((span) => span.id === parentId)?.name
  const family = spans.slice(1).map((span) => `${span.name} < ${parentOf(span)}`).sort()
  expect(family).toEqual([
    `first of ${id} < ${root!.name}`, `left of ${id} < first of ${id}`, `left of ${id} < second of ${id}`,
    `right of ${id} < first of ${id}`, `right of ${id} < second of ${id}`, `second of ${id} < ${root!.name}`,
  ].sort())
}
