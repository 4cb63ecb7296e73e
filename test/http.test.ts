import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { Agent, createServer, request as ask, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createServer2, connect as connect2 } from 'node:http2'
import { connect, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createGzip, gunzipSync } from 'node:zlib'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { decodeTrace, Profiler, type Trace } from 'spanwise'
import { traceFetch } from 'spanwise/fetch'
import { profileHttp, type HttpOptions } from 'spanwise/http'
import { Kept } from '../adapters/shared/http/kept.ts'
import { originalReference, pathOf, withoutProfile } from '../adapters/shared/http/target.ts'
import { get, listen, type Got } from './conformance/http/client.ts'
import { checkTrace } from './laws.ts'

type Listener = (request: IncomingMessage, response: ServerResponse) => unknown

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
  vi.unstubAllEnvs()
})

function newProfiler(): Profiler {
  const profiler = new Profiler({ enabled: true })
  made.push(profiler)
  return profiler
}

async function serve(listener: Listener): Promise<string> {
  const server = createServer(listener)
  open.push(server)
  return listen(server)
}

interface Served {
  readonly url: string
  readonly profiler: Profiler
}

async function profiled(listener: Listener, options: HttpOptions<IncomingMessage> = {}): Promise<Served> {
  const profiler = newProfiler()
  return { profiler, url: await serve(profileHttp(listener, { enabled: true, sampleRate: 1, logger: false, profiler, ...options })) }
}

const originalOf = (url: string, report: Got): Promise<Got> => get(new URL(String(report.headers['spanwise-original']), url).href)

/** A response as its handler wrote it, and the same after it was held. */
async function heldAndBare(listener: Listener, path = '/'): Promise<[bare: Got, held: Got, report: Got]> {
  const { url } = await profiled(listener)
  const report = await get(`${url}${path}?profile=1`)
  return [await get(await serve(listener) + path), await originalOf(url + path, report), report]
}

const shape = ({ status, message, rawHeaders, text }: Got): unknown => {
  const headers = rawHeaders.flatMap((name, i) => (i % 2 === 0 && name !== 'Date' ? [`${name}: ${rawHeaders[i + 1]}`] : []))
  return { status, message, headers, text }
}

describe('switched off', () => {
  const listener: Listener = (_request, response) => response.end()

  test('the listener itself comes back', () => {
    const profiler = newProfiler()
    expect(profileHttp(listener)).toBe(listener)
    expect(profileHttp(listener, { enabled: false, profiler })).toBe(listener)
    expect(profileHttp(listener, { enabled: true, profiler: new Profiler({ enabled: false }) })).toBe(listener)
    expect(profileHttp(listener, { enabled: true, profiler })).not.toBe(listener)
  })

  test.each([['1', true], ['true', true], ['ON', true], ['0', false], ['', false], ['maybe', false]])('SPANWISE_HTTP=%s', (value, isOn) => {
    vi.stubEnv('SPANWISE_HTTP', value)
    expect(profileHttp(listener, { profiler: newProfiler() }) !== listener).toBe(isOn)
    expect(profileHttp(listener, { profiler: newProfiler(), enabled: false })).toBe(listener)
  })
})

describe('options', () => {
  const listener: Listener = () => {}

  test.each<[what: string, options: object, error: string]>([
    ['enabled', { enabled: 'yes' }, 'enabled must be true or false, got "yes"'],
    ['sampleRate', { sampleRate: 2 }, 'sampleRate must be a number from 0 to 1, got 2'],
    ['maxDepth', { maxDepth: 0 }, 'maxDepth must be a positive whole number, got 0'],
    ['allow', { allow: true }, 'allow must be a function, got true'],
    ['secret', { secret: '' }, 'secret must be a non-empty string, got ""'],
    ['secret of another kind', { secret: 42 }, 'secret must be a non-empty string, got number'],
    ['logger', { logger: {} }, 'logger must be a function, have info() and warn(), or be false, got {}'],
    ['profiler', { profiler: {} }, 'profiler must be a Profiler, got {}'],
    ['app.use(profileExpress), not called', { headers: {} }, 'options must not be a request: the middleware is what the call gives, as in app.use(profileExpress())'],
  ])('%s', (_, options, error) => {
    expect(() => profileHttp(listener, options as HttpOptions<IncomingMessage>)).toThrow(error)
  })

  test('a listener that is none', () => {
    expect(() => profileHttp(undefined as unknown as Listener)).toThrow(new TypeError('profileHttp(listener): listener must be a function, got undefined'))
  })

  test('what the environment says stands in for what is absent', async () => {
    vi.stubEnv('SPANWISE_HTTP', '1')
    vi.stubEnv('SPANWISE_SAMPLE_RATE', '1')
    vi.stubEnv('SPANWISE_MAX_DEPTH', '2')
    vi.stubEnv('SPANWISE_HTTP_SECRET', 'open sesame')
    const profiler = newProfiler()
    const deep = (levels: number): void => profiler.span(`level ${levels}`, () => (levels > 1 ? deep(levels - 1) : undefined))
    const url = await serve(profileHttp((_request, response) => {
      deep(5)
      response.end('done')
    }, { profiler, logger: false }))
    expect((await get(`${url}/?profile=1`)).text).toBe('done')
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(1))
    expect(profiler.lastTrace!.spans.map(({ name }) => name)).toEqual(['GET /', 'level 5', 'level 4'])
    expect((await get(`${url}/?profile=1`, { headers: { 'spanwise-secret': 'open sesame' } })).text).toContain('<title>')
  })

  test('a value of the environment that makes no sense is as if it were not there', async () => {
    vi.stubEnv('SPANWISE_HTTP', '1')
    vi.stubEnv('SPANWISE_SAMPLE_RATE', 'often')
    vi.stubEnv('SPANWISE_MAX_DEPTH', '-3')
    const dice = [0.09, 0.11]
    const profiler = new Profiler({ enabled: true, random: () => dice.shift()! })
    const url = await serve(profileHttp((_request, response) => response.end(), { profiler, logger: false }))
    await get(url)
    await get(url)
    await vi.waitFor(() => expect(profiler.stats()).toMatchObject({ seen: 2, sampled: 1, kept: 1 }))
  })
})

describe('targets', () => {
  test.each([
    ['/a', '/a'], ['/a?x=1', '/a'], ['http://host:1/a?x', '/a'], ['http://host', '/'], ['*', '*'], ['/a?b?c', '/a'],
  ])('the path of %s is %s', (target, path) => {
    expect(pathOf(target)).toBe(path)
  })

  test.each([
    ['/a', '/a'], ['/a?profile=1', '/a'], ['/a?x=%31&profile=TRUE&y', '/a?x=%31&y'], ['/a?profile=0', '/a?profile=0'], ['/a?', '/a?'], ['/a?&profile=1&', '/a?&'],
    ['/a?profile=1&profile=bob&profile=yes', '/a?profile=bob'], ['/a?profile=%', '/a?profile=%'], ['/a?pro+file=1', '/a?pro+file=1'],
  ])('%s without the profile is %s', (target, without) => {
    expect(withoutProfile(target)).toBe(without)
  })

  test('what a header cannot hold is left out of a reference', () => {
    expect(originalReference('/a?x=1&profile=1', 'ID')).toBe('?x=1&spanwise-original=ID')
    expect(originalReference('/a?x=\u00e9&profile=1', 'ID')).toBe('?spanwise-original=ID')
  })
})

describe('what is kept', () => {
  const kept = (options: Partial<ConstructorParameters<typeof Kept>[0]> = {}): { readonly store: Kept<string>; pass(ms: number): void } => {
    let now = 0
    let count = 0
    const store = new Kept<string>({ maxEntries: 3, maxBytes: 100, lifetimeMs: 1_000, now: () => now, newId: () => `id${++count}`, ...options })
    return { store, pass: (ms) => void (now += ms) }
  }

  test('goes after a while', () => {
    const { store, pass } = kept()
    const id = store.put('a', 10)!
    pass(999)
    expect(store.get(id)).toBe('a')
    pass(1)
    expect([store.get(id), store.size, store.bytes]).toEqual([undefined, 0, 0])
  })

  test('goes, the oldest first, when there are too many or they are too large', () => {
    const { store } = kept()
    for (const value of ['a', 'b', 'c', 'd']) store.put(value, 10)
    expect(['id1', 'id2', 'id4'].map((id) => store.get(id))).toEqual([undefined, 'b', 'd'])
    store.put('e', 85)
    expect([store.size, store.bytes, store.get('id4'), store.get('id5')]).toEqual([2, 95, 'd', 'e'])
    expect([store.put('f', 101), store.size]).toEqual([undefined, 2])
  })

  test('can be taken once, and stays as long as it has not ended', () => {
    const { store, pass } = kept()
    const id = store.put('a', 1, true)!
    pass(5_000)
    expect(store.get(id)).toBe('a')
    store.renew(id)
    pass(999)
    expect([store.take(id), store.take(id), store.bytes]).toEqual(['a', undefined, 0])
    store.renew(id)
    expect(store.size).toBe(0)
  })

  test('is given up in time, also when nobody asks', () => {
    vi.useFakeTimers()
    const store = new Kept<string>({ maxEntries: 3, maxBytes: 100, lifetimeMs: 1_000, now: () => Date.now() })
    store.put('a', 1)
    vi.advanceTimersByTime(2_001)
    expect(store.size).toBe(0)
    vi.useRealTimers()
  })
})

describe('a listener', () => {
  test('is called as it would be: its `this`, what it throws, what it rejects with', async () => {
    const error = new RangeError('no')
    const seen: unknown[] = []
    const profiler = newProfiler()
    const wrapped = profileHttp(function (this: unknown, request: IncomingMessage) {
      seen.push(this)
      if (request.url === '/throws') throw error
      return request.url === '/rejects' ? Promise.reject(error) : 'a value'
    }, { enabled: true, sampleRate: 1, logger: false, profiler })
    const self = {}
    const url = await serve((request, response) => {
      try {
        const result: unknown = Reflect.apply(wrapped, self, [request, response])
        if (result instanceof Promise) result.catch((cause: unknown) => response.writeHead(500).end(String(cause === error)))
        else response.end(result)
      } catch (cause) {
        response.writeHead(500).end(String(cause === error))
      }
    })
    expect(await Promise.all(['/', '/throws', '/rejects'].map(async (path) => (await get(url + path)).text))).toEqual(['a value', 'true', 'true'])
    expect(seen).toEqual([self, self, self])
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(3))
    const failed = { state: 'failed', type: 'RangeError', message: 'no' }
    expect(new Map(profiler.traces.map(({ name, spans }) => [name, spans[0]!.outcome]))).toEqual(new Map<string, object>([['GET /', { state: 'ok' }], ['GET /throws', failed], ['GET /rejects', failed]]))
  })

  test('that answers after an error has not failed by that', async () => {
    const { url, profiler } = await profiled(async (_request, response) => {
      response.writeHead(404).end()
      await null
    })
    await get(url)
    await vi.waitFor(() => expect(profiler.lastTrace?.spans[0]!.outcome).toEqual({ state: 'ok' }))
  })

  test('two of these middlewares record a request once', async () => {
    const profiler = newProfiler()
    const options = { enabled: true, sampleRate: 1, logger: false, profiler } as const
    const url = await serve(profileHttp(profileHttp((_request, response) => response.end('x'), options), options))
    expect((await get(`${url}/?profile=1`)).text).toContain('<title>GET / ·')
    await get(url)
    await vi.waitFor(() => expect(profiler.traces.map(({ spans }) => spans.length)).toEqual([1, 1]))
  })

  test('events of the request come in its context', async () => {
    const { url, profiler } = await profiled((request, response) => {
      request.on('data', () => profiler.span('data', () => {}))
      request.on('end', () => {
        profiler.span('end', () => {})
        response.end()
      })
      response.on('finish', () => profiler.span('after the run', () => {}))
    })
    await get(url, { method: 'POST', body: 'x' })
    await vi.waitFor(() => expect(profiler.traces).toHaveLength(2))
    expect(profiler.traces.map(({ spans }) => spans.map(({ name }) => name))).toEqual([['POST /', 'data', 'end'], ['after the run']])
  })
})

describe('connections', () => {
  test('one connection takes a report, its response and others in turn', async () => {
    const { url } = await profiled((request, response) => response.end(`asked ${request.url}`))
    const { port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1')
    socket.setEncoding('latin1')
    let text = ''
    socket.on('data', (chunk: string) => (text += chunk))
    // All at once: answers come in the order of the requests.
    socket.write('GET /a?profile=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\nHEAD /c?profile=1 HTTP/1.1\r\nHost: x\r\n\r\nGET /d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    await once(socket, 'close')
    const found = [...text.matchAll(/HTTP\/1\.1 200|<title>GET \/a|asked \/[bd]|spanwise-original(?=:)/g)].map(([what]) => what)
    expect(found).toEqual(['HTTP/1.1 200', 'spanwise-original', '<title>GET /a', 'HTTP/1.1 200', 'asked /b', 'HTTP/1.1 200', 'spanwise-original', 'HTTP/1.1 200', 'asked /d'])
  })

  test('HTTP/2 is profiled in the background; a report is not given there', async () => {
    const profiler = newProfiler()
    const server = createServer2(profileHttp((request: IncomingMessage, response: ServerResponse) => response.end(`asked ${request.url}`), { enabled: true, sampleRate: 1, logger: false, profiler }) as never)
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const client = connect2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const stream = client.request({ ':path': '/a?profile=1' }).setEncoding('utf8')
    const [text] = await once(stream, 'data') as [string]
    client.close()
    server.close()
    expect(text).toBe('asked /a?profile=1')
    await vi.waitFor(() => expect(profiler.lastTrace?.name).toBe('GET /a'))
  })
})

describe('a response that is held', () => {
  test.each<[what: string, listener: Listener]>([
    ['begun by Node', (_request, response) => response.end('text')],
    ['of headers in a list', (_request, response) => response.writeHead(200, ['X-A', '1', 'X-B', '2', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']).end('text')],
    ['with a reason of its own', (_request, response) => response.writeHead(418, 'short and stout', { 'X-A': '1' }).end()],
    ['with a reason that was set', (_request, response) => {
      response.statusCode = 599
      response.statusMessage = 'far out'
      response.setHeader('X-List', ['1', '2'])
      response.end()
    }],
    ['written in pieces', (_request, response) => {
      response.write('one, ')
      response.write(Buffer.from('two, '))
      response.end('three')
    }],
    ['of a known length, in pieces', (_request, response) => {
      response.setHeader('Content-Length', 6)
      response.write('abc')
      response.end('def')
    }],
    ['in other encodings', (_request, response) => {
      response.write('e9', 'hex')
      response.end('\u00e9', 'latin1')
    }],
    ['flushed before its body', (_request, response) => {
      response.flushHeaders()
      response.end('text')
    }],
    ['with trailers', (_request, response) => {
      response.writeHead(200, { Trailer: 'X-Sum' })
      response.write('text')
      response.addTrailers({ 'X-Sum': '42' })
      response.end()
    }],
    ['without a date', (_request, response) => {
      response.sendDate = false
      response.end()
    }],
    ['empty, by a function', (_request, response) => response.end(() => {})],
    ['of bytes that are used again', (_request, response) => {
      const bytes = Buffer.from('first ')
      response.write(bytes)
      bytes.fill('x')
      response.end('last')
    }],
  ])('%s', async (what, listener) => {
    const [bare, held, report] = await heldAndBare(listener)
    expect(report.headers['content-type']).toBe('text/html; charset=utf-8')
    if (what === 'of bytes that are used again') expect([held.text, report.headers['x-a']]).toEqual(['first last', undefined])
    else expect(shape(held)).toEqual(shape(bare))
  })

  test('looks to its handler as if it went out', async () => {
    const look = async (response: ServerResponse): Promise<unknown[]> => {
      const seen: unknown[] = []
      const code = (action: () => unknown): void => {
        try {
          seen.push(action())
        } catch (error) {
          seen.push((error as { code?: string }).code)
        }
      }
      const state = (): void => void seen.push([response.headersSent, response.writableEnded, response.statusCode])
      response.on('error', (error: NodeJS.ErrnoException) => seen.push(['error', error.code]))
      state()
      code(() => response.writeHead(1_000))
      code(() => response.write(42 as unknown as string))
      code(() => response.write(null as unknown as string))
      response.setHeader('x-a', '1')
      response.writeHead(201, { 'x-b': '2' })
      state()
      seen.push(response.getHeader('x-a'), response.getHeader('x-b'), response.hasHeader('x-c'))
      code(() => response.setHeader('x-c', '3'))
      code(() => response.removeHeader('x-a'))
      code(() => response.writeHead(202))
      await new Promise<void>((resolve) => void response.write('text', () => resolve()))
      seen.push('written')
      response.end('more')
      state()
      code(() => response.write('late'))
      code(() => response.end('late') === response)
      await new Promise((resolve) => setImmediate(resolve))
      return seen
    }
    const looks = new Map<string, unknown[]>()
    const listener: Listener = (request, response) => void look(response).then((seen) => looks.set(request.url!.slice(0, 5), seen))
    const { url } = await profiled(listener)
    await get(`${url}/held?profile=1`)
    await get(`${await serve(listener)}/bare`)
    await vi.waitFor(() => expect([...looks.keys()]).toEqual(['/held', '/bare']))
    expect(looks.get('/held')).toEqual(looks.get('/bare'))
    expect(looks.get('/bare')).toContainEqual(['error', 'ERR_STREAM_WRITE_AFTER_END'])
  })

  test('tells who waits for its end when the report is out', async () => {
    const ends: string[] = []
    const { url } = await profiled((_request, response) => {
      response.on('finish', () => ends.push('finish')).on('close', () => ends.push('close'))
      response.end('text', () => ends.push('callback'))
    })
    await get(`${url}/?profile=1`)
    await vi.waitFor(() => expect(ends).toHaveLength(3))
    expect(ends.sort()).toEqual(['callback', 'close', 'finish'])
  })

  /** As middlewares for sessions and for compression do it. */
  const cookie = (listener: Listener): Listener => (request, response) => {
    const { writeHead } = response
    response.writeHead = function (this: ServerResponse, ...args: never[]) {
      if (!response.headersSent) response.setHeader('Set-Cookie', 'session=1')
      return Reflect.apply(writeHead, this, args)
    } as typeof writeHead
    return listener(request, response)
  }
  const zipped = (listener: Listener): Listener => (request, response) => {
    const gzip = createGzip()
    const { write, end } = response
    gzip.on('data', (chunk) => Reflect.apply(write, response, [chunk])).on('end', () => Reflect.apply(end, response, []))
    response.write = ((chunk: string) => gzip.write(chunk)) as typeof write
    response.end = ((chunk?: string) => {
      if (!response.headersSent) response.writeHead(response.statusCode, { 'Content-Encoding': 'gzip' })
      gzip.end(chunk)
      return response
    }) as typeof end
    return listener(request, response)
  }
  const text: Listener = (_request, response) => response.end('text')

  test('middlewares inside of it are part of the response', async () => {
    const [bare, held, report] = await heldAndBare(cookie(zipped(text)))
    expect(shape(held)).toEqual(shape(bare))
    expect([held.headers['set-cookie'], gunzipSync(held.body).toString()]).toEqual([['session=1'], 'text'])
    expect([report.headers['set-cookie'], report.headers['content-encoding']]).toEqual([undefined, undefined])
  })

  test('middlewares around it treat the report as any response', async () => {
    const profiler = newProfiler()
    const url = await serve(cookie(profileHttp(text, { enabled: true, profiler, logger: false })))
    const report = await get(`${url}/?profile=1`)
    expect(report.headers['set-cookie']).toEqual(['session=1'])
    expect((await originalOf(url, report)).text).toBe('text')
  })
})

describe('from one service to another', () => {
  const spansOf = ({ spans }: Trace): string[] => spans.map((span) => {
    const depth = (id: string | undefined): number => (id === undefined ? 0 : 1 + depth(spans.find((one) => one.id === id)!.parentId))
    return `${'  '.repeat(depth(span.parentId))}${span.name}`
  })

  test.each<[how: string, listener: (profiler: Profiler) => Listener]>([
    ['at once', (profiler) => (_request, response) => response.end(profiler.span('search', () => 'found'))],
    ['as a stream', (profiler) => async (_request, response) => {
      response.write('found ')
      await profiler.span('search', async () => new Promise((resolve) => setImmediate(resolve)))
      response.end('it')
    }],
  ])('the spans of a service that answers %s come under the call', async (_, make) => {
    const theirs = newProfiler()
    const url = await serve(profileHttp(make(theirs), { enabled: true, sampleRate: 0, profiler: theirs, logger: false }))
    const ours = newProfiler()
    const fetched = traceFetch(fetch, { profiler: ours })
    await ours.run('agent', async () => (await fetched(`${url}/search?q=secret`)).text())
    await ours.flush()
    expect(spansOf(ours.lastTrace!)).toEqual(['agent', expect.stringContaining('  '), '    GET /search', '      search'])
    expect(ours.lastTrace!.id).toBe(theirs.lastTrace!.id)
  })
})

test('no request and no response stays behind', async () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const left: WeakRef<object>[] = []
  const { url, profiler } = await profiled((request, response) => {
    left.push(new WeakRef(request), new WeakRef(response))
    setImmediate(() => profiler.span('work', () => response.end('x')))
  }, { sampleRate: 0.1 })
  const agent = new Agent({ keepAlive: true, maxSockets: 20 })
  const asks = ['/', '/', '/', '/', '/', '/', '/', '/', '/?profile=1', '/spans']
  await Promise.all(Array.from({ length: 2_000 }, (_, i) => new Promise<void>((resolve, reject) => {
    const path = asks[i % asks.length]!
    ask(url + path, { agent, headers: path === '/spans' ? { 'spanwise-profile': 'spans' } : {} }, (response) => response.resume().on('end', resolve)).on('error', reject).end()
  })))
  agent.destroy()
  expect(left).toHaveLength(4_000)
  // What refers weakly is kept until the turn is over.
  const alive = async (): Promise<number> => {
    await new Promise((resolve) => setImmediate(resolve))
    collect()
    return left.filter((one) => one.deref() !== undefined).length
  }
  await vi.waitFor(async () => expect(await alive()).toBeLessThan(10), { timeout: 5_000 })
  // None is under way any more: what is outside of all of them is recorded.
  profiler.span('afterwards', () => {})
  expect(profiler.lastTrace!.name).toBe('afterwards')
})

test('in a file too a run is called by the route that it took', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'spanwise-http-'))
  const profiler = new Profiler({ enabled: true, dir })
  const span = profiler.open('GET /users/42', 'internal', { isRun: true })!
  await profiler.flush()
  span.name = 'GET /users/:id'
  span.end()
  expect(profiler.lastTrace!.spans).toHaveLength(1)
  await profiler.flush()
  const [file = ''] = readdirSync(dir)
  const { traces, problems } = decodeTrace(readFileSync(join(dir, file), 'utf8'))
  rmSync(dir, { recursive: true })
  expect([problems, traces[0]!.name, traces[0]!.spans[0]!.name]).toEqual([[], 'GET /users/:id', 'GET /users/:id'])
})
