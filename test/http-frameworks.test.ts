import { createRequire } from 'node:module'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import fastify, { type FastifyInstance } from 'fastify'
import fastify4 from 'fastify-4'
import { Hono } from 'hono'
import { streamSSE } from 'hono/streaming'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Profiler, type RunSummary } from 'spanwise'
import { profileExpress } from 'spanwise/express'
import { profileFastify } from 'spanwise/fastify'
import { profileHono } from 'spanwise/hono'
import { readSpansHeader } from '../adapters/shared/http/spans-reader.ts'
import { get, listen } from './conformance/http/client.ts'
import { checkTrace } from './laws.ts'

const open: Server[] = []
const made: Profiler[] = []
afterEach(async () => {
  for (const server of open.splice(0)) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
  for (const profiler of made.splice(0)) {
    profiler.traces.forEach(checkTrace)
    expect(profiler.stats().selfErrors).toBe(0)
  }
})

function recording(): { readonly enabled: true; readonly sampleRate: 1; readonly logger: false; readonly profiler: Profiler } {
  const profiler = new Profiler({ enabled: true })
  made.push(profiler)
  return { enabled: true, sampleRate: 1, logger: false, profiler }
}

async function serve(listener: (request: IncomingMessage, response: ServerResponse) => unknown): Promise<string> {
  const server = createServer(listener)
  open.push(server)
  return listen(server)
}

const names = ({ traces }: Profiler): string[] => traces.map(({ name }) => name)

/** Express has no types of its own. */
type Handler = (request: IncomingMessage & { readonly query: object; readonly originalUrl: string }, response: ServerResponse & { json(value: unknown): void }, next: (error?: unknown) => void) => unknown
interface Router {
  (request: IncomingMessage, response: ServerResponse): void
  use(path: string, handler: Handler | Router): void
  use(handler: Handler): void
  get(path: string | RegExp, handler: Handler): void
}
type Express = { (): Router; Router(): Router }

const require = createRequire(import.meta.url)

describe.each<[version: string, express: Express]>([['5', require('express') as Express], ['4', require('express-4') as Express]])('Express %s', (_, express) => {
  test('a run is named after the route, below a router too', async () => {
    const options = recording()
    const app = express()
    const api = express.Router()
    app.use(profileExpress(options))
    api.get('/users/:id', (_request, response) => response.end())
    api.get('/', (_request, response) => response.end())
    app.use('/api', api)
    app.get(/^\/any/, (_request, response) => response.end())
    app.use((_request, response) => response.writeHead(404).end())
    const url = await serve(app)
    for (const path of ['/api/users/42?x=1', '/api', '/anything', '/nowhere']) await get(url + path)
    await vi.waitFor(() => expect(names(options.profiler)).toEqual(['GET /api/users/:id', 'GET /api', 'GET /anything', 'GET /nowhere']))
  })

  test('below a path it sees the whole of the target, and so does the application', async () => {
    const options = recording()
    const app = express()
    app.use('/api', profileExpress(options))
    app.get('/api/seen', ({ url, originalUrl, query }, response) => response.json({ url, originalUrl, query }))
    const url = await serve(app)
    const report = await get(`${url}/api/seen?profile=1&a=b`)
    expect(report.headers['spanwise-original']).toMatch(/^\?a=b&spanwise-original=[\w-]{22}$/)
    const got = await get(`${url}/api/seen${String(report.headers['spanwise-original'])}`)
    expect(JSON.parse(got.text)).toEqual({ url: '/api/seen?a=b', originalUrl: '/api/seen?a=b', query: { a: 'b' } })
    expect(options.profiler.lastTrace!.spans[0]!.attributes).toMatchObject({ 'url.path': '/api/seen', 'http.route': '/api/seen' })
  })

  test('switched off it passes everything on', () => {
    let passed = 0
    profileExpress({ enabled: false })({} as never, {} as never, () => passed++)
    expect(passed).toBe(1)
  })

  test('the guard gets its request', async () => {
    const asked: unknown[] = []
    const app = express()
    app.use(profileExpress({ ...recording(), allow: (request) => asked.push(request.originalUrl) > 0 }))
    app.use((_request, response) => response.end('x'))
    expect((await get(`${await serve(app)}/?profile=1`)).text).toContain('<title>')
    expect(asked).toEqual(['/?profile=1'])
  })
})

describe.each<[version: string, make: () => FastifyInstance]>([['5', () => fastify()], ['4', () => fastify4() as unknown as FastifyInstance]])('Fastify %s', (_, make) => {
  test('it is there for all routes, also of plugins, and for requests that are injected', async () => {
    const options = recording()
    const app = make()
    await app.register(profileFastify, options)
    await app.register(async (inner) => {
      inner.get('/users/:id', async () => options.profiler.span('load', () => 'a user'))
    }, { prefix: '/api' })
    expect((await app.inject('/api/users/42')).body).toBe('a user')
    expect((await app.inject('/nowhere')).statusCode).toBe(404)
    expect(options.profiler.traces.map(({ spans }) => spans.map(({ name }) => name))).toEqual([['GET /api/users/:id', 'load'], ['GET /nowhere']])
    // Nothing is under way any more.
    const unsampled = make()
    await unsampled.register(profileFastify, { ...options, sampleRate: 0 })
    unsampled.get('/', async () => 'x')
    await unsampled.inject('/')
    options.profiler.span('afterwards', () => {})
    expect(names(options.profiler).at(-1)).toBe('afterwards')
  })

  test('a schema that knows no profile sees none', async () => {
    const options = recording()
    const app = make()
    await app.register(profileFastify, options)
    const schema = { querystring: { type: 'object', properties: { a: { type: 'string' }, profile: { type: 'string', enum: ['bob'] } }, additionalProperties: false } }
    app.get('/', { schema }, async ({ query }) => query)
    const report = await app.inject('/?a=b&profile=1')
    expect(report.headers['content-type']).toBe('text/html; charset=utf-8')
    expect((await app.inject(`/${String(report.headers['spanwise-original'])}`)).json()).toEqual({ a: 'b' })
    const other = await app.inject('/?profile=bob&profile=1')
    expect((await app.inject(`/${String(other.headers['spanwise-original'])}`)).json()).toEqual({ profile: 'bob' })
  })

  test('what a handler throws is what its run failed with, but not where it was no failure', async () => {
    const options = recording()
    const app = make()
    await app.register(profileFastify, options)
    app.get('/broken', async () => { throw new RangeError('too far') })
    app.get('/teapot', async () => { throw Object.assign(new Error('no coffee'), { statusCode: 418 }) })
    expect([(await app.inject('/broken')).statusCode, (await app.inject('/teapot')).statusCode]).toEqual([500, 418])
    expect(options.profiler.traces.map(({ spans }) => spans[0]!.outcome)).toEqual([{ state: 'failed', type: 'RangeError', message: 'too far' }, { state: 'ok' }])
  })

  test('an option that is wrong is told when it is registered', async () => {
    await expect(make().register(profileFastify, { sampleRate: 7 })).rejects.toThrow('sampleRate must be a number from 0 to 1, got 7')
  })

  test('switched off it adds no hook', async () => {
    const app = make()
    const hooks: string[] = []
    const { addHook } = app
    app.addHook = ((name: string, ...args: never[]) => {
      hooks.push(name)
      return Reflect.apply(addHook, app, [name, ...args])
    }) as typeof addHook
    await app.register(profileFastify, { enabled: false })
    expect(hooks).toEqual([])
  })
})

describe('Hono, without a server', () => {
  test('a request through app.request() is a run', async () => {
    const lines: [string, RunSummary][] = []
    const options = recording()
    const app = new Hono()
    app.use(profileHono({ ...options, logger: (line, summary) => lines.push([line, summary]) }))
    app.get('/users/:id', (c) => options.profiler.span('load', () => c.text(`user ${c.req.param('id')}`)))
    app.get('/broken', () => { throw new RangeError('too far') })
    app.get('/events', (c) => streamSSE(c, async (events) => {
      await events.writeSSE({ data: '1' })
      await options.profiler.span('think', async () => null)
      await events.writeSSE({ data: '2' })
    }))
    expect(await (await app.request('/users/42?x=y')).text()).toBe('user 42')
    expect((await app.request('/broken')).status).toBe(500)
    const events = await app.request('/events')
    expect(options.profiler.traces).toHaveLength(1)
    expect(await events.text()).toBe('data: 1\n\ndata: 2\n\n')
    expect(options.profiler.traces.map(({ spans }) => spans.map(({ name, outcome }) => `${name} ${outcome.state}`))).toEqual([
      ['GET /users/:id ok', 'load ok'], ['GET /events ok', 'think ok'],
    ])
    await vi.waitFor(() => expect(lines.map(([, { name }]) => name)).toEqual(['GET /users/:id', 'GET /events']))
  })

  test('the body of an error has to be read, too, for its run to end', async () => {
    const options = recording()
    const app = new Hono()
    app.use(profileHono(options))
    app.get('/broken', () => { throw new RangeError('too far') })
    await (await app.request('/broken')).text()
    expect(options.profiler.lastTrace!.spans[0]!.outcome).toEqual({ state: 'failed', type: 'RangeError', message: 'too far' })
  })

  test('a reader that leaves cancels the run, and the body below', async () => {
    const options = recording()
    const app = new Hono()
    let cancelled: unknown
    app.use(profileHono(options))
    app.get('/', () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(1)), cancel: (reason) => void (cancelled = reason) })))
    const reader = (await app.request('/')).body!.getReader()
    await reader.read()
    await reader.cancel('enough')
    expect([cancelled, options.profiler.lastTrace!.spans[0]!.outcome]).toEqual(['enough', { state: 'cancelled' }])
  })

  test('what is no Error goes on as it is', async () => {
    const options = recording()
    const app = new Hono()
    app.use(profileHono(options))
    app.get('/', () => { throw 'a string' })
    await expect(app.request('/')).rejects.toBe('a string')
    expect(options.profiler.lastTrace!.spans[0]!.outcome).toMatchObject({ state: 'failed', message: 'a string' })
  })

  test('a report, and the response that it stands in place of', async () => {
    const options = recording()
    const app = new Hono()
    app.use(async (c, next) => {
      await next()
      c.header('x-outer', 'yes')
    })
    app.use(profileHono(options))
    app.get('/', (c) => c.json({ query: c.req.query(), url: c.req.url }, 201, { 'x-inner': 'yes' }))
    const report = await app.request('http://host/?a=b&profile=yes')
    expect([report.headers.get('content-type'), report.headers.get('x-inner'), report.headers.get('x-outer')]).toEqual(['text/html; charset=utf-8', null, 'yes'])
    const got = await app.request(`http://host/${report.headers.get('spanwise-original')}`)
    expect([got.status, got.headers.get('x-inner'), await got.json()]).toEqual([201, 'yes', { query: { a: 'b' }, url: 'http://host/?a=b' }])
  })

  test('spans of what is there at once go along, of an endless stream they come later', async () => {
    const options = recording()
    const app = new Hono()
    app.use(profileHono(options))
    app.get('/', (c) => c.text('x'))
    app.get('/endless', () => new Response(new ReadableStream({ pull: (controller) => controller.enqueue(new Uint8Array(10_000)) })))
    const asking = { headers: { 'spanwise-profile': 'spans' } }
    const whole = await app.request('/', asking)
    expect([readSpansHeader(whole.headers.get('spanwise-spans'))?.kind, await whole.text()]).toEqual(['inline', 'x'])
    const endless = await app.request('/endless', asking)
    const answer = readSpansHeader(endless.headers.get('spanwise-spans'))
    const collected = app.request('/', { headers: { 'spanwise-collect': answer?.kind === 'later' ? answer.id : '' } })
    await endless.body!.cancel()
    expect((await collected).status).toBe(200)
  })
})
