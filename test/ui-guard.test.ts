import { connect } from 'node:net'
import { networkInterfaces } from 'node:os'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { namesOf, refusal } from '../viewer/server/guard.ts'
import type { RunList } from '../viewer/api.ts'
import { ask, Board, TOKEN } from './support/dashboard.ts'

// The real one is built; test/ui-command.test.ts asks for it.
vi.mock('../viewer/page.ts', () => ({ pageHtml: () => '<!doctype html>', policy: (isDashboard: boolean) => (isDashboard ? "default-src 'none'; connect-src 'self'" : '') }))

const ID = '0af7651916cd43dd8448eb211c80319c'
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']

let board: Board
beforeAll(async () => {
  board = new Board()
  board.record('agent 0-100\n  search 40-60 tool', { id: ID })
  await board.start()
  await board.dashboard.store.settled()
})
afterAll(async () => {
  await board.close()
  board.remove()
})

const both = (): readonly string[] => [board.base, board.started.receiverUrl!]
const portOf = (base: string): string => new URL(base).port
const bearer = { Authorization: `Bearer ${TOKEN}` }

/** Bytes as they are; what comes back. */
const raw = (base: string, text: string): Promise<string> =>
  new Promise((resolve) => {
    const socket = connect(Number(portOf(base)), '127.0.0.1', () => socket.write(text))
    let said = ''
    const timer = setTimeout(() => socket.destroy(), 5_000)
    socket.on('data', (chunk: Buffer) => (said += chunk.toString('latin1')))
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(said)
    })
  })

const alive = async (): Promise<void> => {
  expect((await board.api('info')).status).toBe(200)
  expect((await board.otlp('/v1/traces', { headers: { 'Content-Type': 'application/json' }, body: '{}' })).status).toBe(200)
}

describe('who is answered', () => {
  test('by no other name, whatever the method and the path (D2)', async () => {
    for (const base of both()) {
      const port = portOf(base)
      for (const host of ['evil.example', `evil.example:${port}`, '127.0.0.1', '127.0.0.1:1', `localhost.evil.example:${port}`, `127.0.0.1.evil.example:${port}`, `0.0.0.0:${port}`, `[::2]:${port}`, `127.0.0.1:${port}@evil.example`, `localhost:${port}:80`]) {
        for (const method of METHODS) {
          const { status, headers } = await ask(base, '/api/events', { method, headers: { Host: host, ...bearer } })
          expect([host, method, status, headers['access-control-allow-origin']]).toEqual([host, method, 403, undefined])
        }
      }
      for (const path of ['/', '/api/info', '/api/runs', '/v1/traces', '/nothing']) expect((await ask(base, path, { headers: { Host: 'evil.example', ...bearer } })).status).toBe(403)
    }
  })

  test('by its own names', async () => {
    const port = portOf(board.base)
    for (const host of [`localhost:${port}`, `LOCALHOST:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`]) expect([host, (await board.api('info', { headers: { Host: host } })).status]).toEqual([host, 200])
  })

  test('no page of another origin or site (D3)', async () => {
    for (const base of both()) {
      const port = portOf(base)
      for (const headers of [
        { Origin: 'http://evil.example' }, { Origin: 'null' }, { Origin: `https://127.0.0.1:${port}` }, { Origin: 'http://127.0.0.1:1' }, { Origin: `http://localhost:${port}` },
        { 'Sec-Fetch-Site': 'cross-site' }, { 'Sec-Fetch-Site': 'same-site' }, { Origin: '' },
      ]) {
        for (const method of METHODS) {
          const answer = await ask(base, '/', { method, headers: { ...headers, ...bearer } as Record<string, string> })
          expect([headers, method, answer.status]).toEqual([headers, method, 403])
          expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([])
        }
      }
    }
    for (const site of ['same-origin', 'none']) expect((await board.api('info', { headers: { Origin: board.base.slice(0, -1), 'Sec-Fetch-Site': site } })).status).toBe(200)
  })

  test('two hosts, or none, are none', async () => {
    for (const base of both()) {
      const port = portOf(base)
      expect(await raw(base, `GET / HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nHost: evil.example\r\nConnection: close\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4\d\d/)
      expect(await raw(base, 'GET / HTTP/1.1\r\nConnection: close\r\n\r\n')).toMatch(/^HTTP\/1\.1 4\d\d/)
      expect(await raw(base, 'GET / HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 403/)
    }
  })

  test('no upgrade and no tunnel', async () => {
    for (const base of both()) {
      const host = `127.0.0.1:${portOf(base)}`
      expect(await raw(base, `GET /api/events HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403/)
      expect(await raw(base, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 403/)
    }
    await alive()
  })

  test('only with the token of this launch (D4, D5)', async () => {
    const list = (await board.api('runs')).json<RunList>()
    const key = list.runs[0]!.key
    for (const [method, path] of [['GET', 'info'], ['GET', 'runs'], ['GET', 'statistics'], ['GET', 'events'], ['GET', `runs/${key}/document`], ['GET', `runs/${key}/export?format=json`], ['GET', `runs/${key}/share`], ['DELETE', `runs/${key}`], ['POST', 'compare'], ['OPTIONS', 'runs'], ['GET', 'nothing']] as const) {
      for (const Authorization of [undefined, '', 'Bearer ', `Bearer ${TOKEN}x`, `Bearer ${TOKEN.slice(0, -1)}`, `Basic ${TOKEN}`, TOKEN]) {
        const { status } = await ask(board.base, `/api/${path}`, { method, headers: Authorization === undefined ? {} : { Authorization } })
        expect([method, path, Authorization, status]).toEqual([method, path, Authorization, 401])
      }
      expect((await ask(board.base, `/api/${path}${path.includes('?') ? '&' : '?'}token=${TOKEN}`, { method })).status).toBe(401)
    }
    expect((await board.api('runs')).json<RunList>().total).toBe(1)
    for (const type of [undefined, 'text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data']) {
      const body = JSON.stringify({ base: { keys: [key] }, new: { keys: [key] } })
      expect((await board.api('compare', { method: 'POST', headers: type === undefined ? {} : { 'Content-Type': type }, body })).status).toBe(415)
    }
  })

  test('each launch has a token of its own, of 256 bits', async () => {
    const [one, two] = [new Board(), new Board()]
    const { token: _fixed, ...options } = { token: '' }
    await one.start({ ...options, token: undefined } as never)
    await two.start({ ...options, token: undefined } as never)
    expect(one.started.token).toMatch(/^[\w-]{43}$/)
    expect(one.started.token).not.toBe(two.started.token)
    for (const board of [one, two]) {
      await board.close()
      board.remove()
    }
  })
})

describe('what is answered', () => {
  test('the page, which holds nothing, under a policy without exceptions (D6)', async () => {
    const { status, headers, text } = await ask(board.base, '/')
    expect(status).toBe(200)
    expect(headers['content-security-policy']).toBe("default-src 'none'; connect-src 'self'; frame-ancestors 'none'")
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store',
      'cross-origin-opener-policy': 'same-origin', 'cross-origin-resource-policy': 'same-origin',
    })
    expect(text).not.toContain(TOKEN)
    for (const path of ['info', 'runs', 'nothing']) {
      expect((await board.api(path)).headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'cache-control': 'no-store', 'cross-origin-resource-policy': 'same-origin' })
    }
  })

  test('the loopback interface alone (D1)', async () => {
    const own = Object.values(networkInterfaces()).flatMap((all = []) => all.filter(({ internal, family }) => !internal && family === 'IPv4').map(({ address }) => address))
    for (const address of own) {
      for (const base of both()) {
        const reached = await new Promise<boolean>((resolve) => {
          const socket = connect({ host: address, port: Number(portOf(base)) }, () => resolve(true))
          socket.on('error', () => resolve(false))
          socket.on('connect', () => socket.destroy())
        })
        expect([address, reached]).toEqual([address, false])
      }
    }
  })

  test('another host answers to its name, and to those of the loopback', () => {
    const asked = (host: string) => ({ headers: { host }, headersDistinct: { host: [host] } })
    expect(refusal(asked('192.168.1.5:4319'), namesOf('192.168.1.5'), 4319)).toBeUndefined()
    expect(refusal(asked('localhost:4319'), namesOf('192.168.1.5'), 4319)).toBeUndefined()
    expect(refusal(asked('192.168.1.6:4319'), namesOf('192.168.1.5'), 4319)).toBeDefined()
    expect(refusal(asked('192.168.1.5:4319'), namesOf(undefined), 4319)).toBeDefined()
    expect(refusal(asked('evil.example:4319'), namesOf('0.0.0.0'), 4319)).toBeDefined()
  })
})

describe('what means harm (H4, H5)', () => {
  test.each([
    'GET http:// HTTP/1.1', 'GET // HTTP/1.1', 'GET http://[ HTTP/1.1', 'GET /%E0%A4%A HTTP/1.1', 'GET /..%2f..%2fetc/passwd HTTP/1.1', 'GET http://evil.example/ HTTP/1.1',
    'GET * HTTP/1.1', 'GET /a\\b HTTP/1.1', 'GET /\u0000 HTTP/1.1', 'GET /api/../../x HTTP/1.1', 'GET HTTP/1.1', 'OPTIONS * HTTP/1.1', 'GET /?x HTTP/9.9', '\u0016\u0003\u0001',
  ])('%j', async (line) => {
    for (const base of both()) expect(await raw(base, `${line}\r\nHost: 127.0.0.1:${portOf(base)}\r\nConnection: close\r\n${bearer.Authorization}\r\n\r\n`)).toMatch(/^HTTP\/1\.1 4\d\d/)
    await alive()
  })

  test('headers of a megabyte, and ten thousand of them', async () => {
    for (const base of both()) {
      const host = `Host: 127.0.0.1:${portOf(base)}`
      for (const text of [`x: ${'a'.repeat(1_000_000)}`, Array.from({ length: 10_000 }, (_, i) => `x${i}: 1`).join('\r\n'), `baggage: ${'k=v,'.repeat(250_000)}`]) {
        // The answer may be cut off where the sender goes on sending.
        expect(await raw(base, `GET / HTTP/1.1\r\n${host}\r\n${text}\r\n\r\n`)).toMatch(/^(HTTP\/1\.1 4\d\d|$)/)
        await alive()
      }
    }
  })

  test('keys that are no keys', async () => {
    const keys = ['../x', '..%2f', '%252e', '..', '.', '~', 'a'.repeat(300), 'C:', 'CON', '__proto__', 'constructor', '%00', '．．', 'x.jsonl', 'a/b/c', '%E0%A4%A', '#/../', 'x;y', "'"]
    for (const key of keys) {
      for (const path of [`runs/${key}`, `runs/${key}/document`, `runs/${key}/export?format=json`, `runs/${key}/share`]) {
        const { status } = await board.api(path, { method: path.split('/').length === 2 ? 'DELETE' : 'GET' }).catch(() => ({ status: 400 }))
        expect([path, status >= 400 && status < 500]).toEqual([path, true])
      }
    }
    for (const format of ['', '../x', '__proto__', 'constructor']) expect((await board.api(`runs/${(await board.api('runs')).json<RunList>().runs[0]!.key}/export?format=${format}`)).status).toBe(400)
    for (const query of ['__proto__=x', 'constructor[prototype][x]=1', 'limit=x', 'limit=-1', 'offset=1e400', 'from=zero', 'sort=__proto__', 'q=%E0%A4%A', 'tag=%00']) {
      const { status } = await board.api(`runs?${query}`)
      expect([query, status === 200 || status === 400]).toEqual([query, true])
    }
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
    await alive()
  })
})
