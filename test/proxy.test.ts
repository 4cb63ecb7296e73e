import Anthropic from '@anthropic-ai/sdk'
import { GoogleGenAI } from '@google/genai'
import OpenAI from 'openai'
import { Ollama } from 'ollama'
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, type ClientRequest, type IncomingMessage } from 'node:http'
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Span, Trace } from 'spanwise'
import { analyze } from 'spanwise'
import { upstreamsOf } from '../src/cli/proxy/upstreams.ts'
import { decodeTrace } from '../src/trace-file/index.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { ask, readExchanges, type Exchange, type SdkClient } from './support/exchanges.ts'
import { expectedCounts, type Counts } from './support/expected-usage.ts'
import { deadAddress, gate } from './support/provider-server.ts'
import { comparable, got, json, proxy, send, start, upstream, type AskedRaw, type Got, type Send, type Upstream } from './support/proxy.ts'

const CHAT = '/v1/chat/completions'
const asked = (content = 'Hi', more: object = {}): string => json({ model: 'gpt-5-mini', messages: [{ role: 'user', content }], ...more })
const answered = (content = 'Hello', id = 'chatcmpl-1'): string => json({
  id, object: 'chat.completion', model: 'gpt-5-mini-2025-08-07', choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
})
const chunk = (content: string | undefined, more: object = {}): string =>
  `data: ${json({ id: 'chatcmpl-1', model: 'gpt-5-mini', choices: [{ index: 0, delta: content === undefined ? {} : { content }, finish_reason: content === undefined ? 'stop' : null }], ...more })}\n\n`
const lastChunks = `${chunk(undefined)}data: ${json({ id: 'chatcmpl-1', choices: [], usage: { prompt_tokens: 10, completion_tokens: 3, total_tokens: 13 } })}\n\ndata: [DONE]\n\n`
const turn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))
const JSON_TYPE = ['Content-Type', 'application/json'] as const

const countsOf = ({ llm }: Span): Counts => {
  const { input, output } = llm?.usage ?? {}
  return {
    ...(input && { input: [input.total, input.uncached, input.cacheRead, input.cacheWrite] }),
    ...(output && { output: [output.total, output.visible, output.reasoning] }),
  }
}
const callsOf = (trace: Trace | undefined): readonly Span[] => trace?.spans.filter(({ llm }) => llm !== undefined) ?? []

/** Both sides of an exchange: what the provider was asked, and what the client got. */
interface Sides {
  readonly asked: unknown
  readonly got: unknown
}

async function sides(provider: Upstream, url: string, options: Send): Promise<Sides> {
  const before = provider.asked.length
  const answer = await send(url, options)
  return { asked: plainAsked(provider.asked[before]!), got: plainGot(answer) }
}

const plainAsked = ({ method, path, headers, body, trailers }: AskedRaw): unknown =>
  ({ method, path, headers: comparable(headers), body: body.toString('latin1'), trailers })
const plainGot = ({ status, message, headers, body, trailers }: Got): unknown =>
  ({ status, message, headers: comparable(headers), body: body.toString('latin1'), trailers })

/** A client that tells what it would send. */
const teller: SdkClient = (() => {
  const create = (path: string) => (body: object): PromiseLike<unknown> => Promise.resolve({ path, body })
  return {
    post: (path: string, options: { readonly body: object }) => Promise.resolve({ path, body: options.body }),
    chat: { completions: { create: create('/v1/chat/completions') } }, messages: { create: create('/v1/messages') },
    responses: { create: create('/v1/responses') }, embeddings: { create: create('/v1/embeddings') },
    completions: { create: create('/v1/completions') }, images: { generate: create('/v1/images/generations') },
  } as unknown as SdkClient
})()

interface Told {
  readonly path: string
  readonly body: object
}

const tellerOf = (row: Exchange): SdkClient =>
  (row.provider === 'anthropic' ? { ...teller, completions: { create: (body: object) => Promise.resolve({ path: '/v1/complete', body }) } } : teller) as SdkClient

const PACKERS: readonly (readonly [encoding: string | undefined, pack: (body: Uint8Array) => Uint8Array])[] = [
  [undefined, (body) => body], ['gzip', gzipSync], ['br', brotliCompressSync], ['deflate', deflateSync],
]

describe('byte for byte', () => {
  const rows = readExchanges('exchanges')
  const providers = [...new Set(rows.map(({ provider }) => provider))]

  test.each(providers)('%s: the recorded exchanges, as the provider is asked and as the client is answered; and a call each', async (provider) => {
    const server = await upstream()
    const through = await proxy(server)
    const wrong: string[] = []
    for (const [i, row] of rows.filter((one) => one.provider === provider).entries()) {
      const { path, body } = (await ask(tellerOf(row), row)) as Told
      const content = Buffer.from(row.responseBase64 ?? row.responseText ?? JSON.stringify(row.responseBody), row.responseBase64 === undefined ? 'utf8' : 'base64')
      const [encoding, pack] = PACKERS[i % PACKERS.length]!
      const packed = pack(content)
      const isEvents = /^(event|data|id):/.test(row.responseText ?? '')
      const headers = Object.entries(row.headers).filter(([name]) => !/^(content-(length|encoding|type)|transfer-encoding|connection|trailer)$/i.test(name)).flat()
      server.answer = (request, response) => {
        request.on('end', () => {
          const type = row.headers['content-type'] ?? row.headers['Content-Type'] ?? (isEvents ? 'text/event-stream' : 'application/json')
          response.writeHead(row.status ?? 200, [...headers, 'CONTENT-Type', type, ...(encoding === undefined ? [] : ['Content-Encoding', encoding])])
          for (let at = 0; at < packed.length; at += 1_021) response.write(packed.subarray(at, at + 1_021))
          response.end()
        })
      }
      const request = { headers: ['Authorization', 'Bearer sk-secret-of-the-test', ...JSON_TYPE, 'X-Own', 'a', 'x-oWN', 'b'], body: json(body) }
      const direct = await sides(server, server.url + path, request)
      const seen = await sides(server, through.base('openai') + path, request)
      expect({ id: row.id, ...seen }).toEqual({ id: row.id, ...direct })
      await through.idle()
      const [trace] = through.traces.splice(0)
      if (trace === undefined) {
        wrong.push(`${row.id} ${path}: no run`)
        continue
      }
      checkTrace(trace)
      const calls = callsOf(trace)
      const expected = expectedCounts(row, row.status !== null && row.status >= 400 ? { error: {} } : {})
      const actual = calls.map(countsOf)
      if (JSON.stringify(actual) !== JSON.stringify([expected])) wrong.push(`${row.id} ${path} ${encoding}: ${JSON.stringify(actual)}, expected ${JSON.stringify([expected])}`)
      if (JSON.stringify(trace).includes('sk-secret')) wrong.push(`${row.id}: a key is recorded`)
    }
    expect(wrong).toEqual([])
  })
})

describe('requests and answers of every kind', () => {
  const all: readonly (readonly [what: string, options: Send, path?: string])[] = [
    ['a GET with a query', { method: 'GET', headers: ['X-A', '1', 'accept-encoding', 'gzip, br', 'x-a', '2'] }, '/v1/models?limit=20&after=%2Fx+y&a=1&a=2'],
    ['a HEAD', { method: 'HEAD' }],
    ['a DELETE', { method: 'DELETE', headers: ['Cookie', 'a=1; b=2'] }, '/v1/files/file-1'],
    ['a GET with a body', { method: 'GET', body: 'a body' }],
    ['a POST of nothing', { headers: ['Content-Length', '0', 'X-Z', '1'] }],
    ['a POST in chunks', { headers: ['Transfer-Encoding', 'chunked', ...JSON_TYPE, 'Trailer', 'x-sum'], body: asked() }],
    ['a path that is no clean one', { method: 'GET' }, "/v1//a/../b/%2e%2e/c;d=e:f@g!$&'()*+,=?q=1?2&x=//"],
    ['a header in another alphabet', { headers: ['X-Name', Buffer.from('Grüße ✓').toString('latin1'), 'X-Empty', ''], body: asked() }],
    ['an image in a form', { headers: ['content-TYPE', 'multipart/form-data; boundary=x'], body: Buffer.from([...Array(70_000).keys()].map((i) => i % 256)) }, '/v1/files'],
    ['a packed request', { headers: [...JSON_TYPE, 'Content-Encoding', 'gzip'], body: gzipSync(asked()) }],
    ['a method of its own', { method: 'PATCH', headers: JSON_TYPE, body: '{}' }, '/v1/x'],
  ]

  test.each(all.map(([what, options, path = CHAT]) => [what, options, path] as const))('%s', async (_what, options, path) => {
    const server = await upstream((request, response) => {
      request.on('end', () => {
        response.writeHead(207, 'Muddled Through', [
          'x-Odd-CASE', '1', 'Set-Cookie', 'a=1', 'X-Name', Buffer.from('Grüße ✓').toString('latin1'), 'set-cookie', 'b=2', 'Date', 'Thu, 01 Jan 1970 00:00:00 GMT',
          'Content-Type', 'application/json', 'Content-Length', '17', 'X-LAST', '',
        ])
        response.end(request.method === 'HEAD' ? undefined : Buffer.from('{"one":"answer"} '))
      })
    })
    const through = await proxy(server)
    const direct = await sides(server, server.url + path, options)
    expect(await sides(server, through.base('openai') + path, options)).toEqual(direct)
    expect(server.asked[1]!.headers.filter((_value, i) => i % 2 === 0)).not.toContain('spanwise-run')
  })

  test('a POST without a length, as it is', async () => {
    const server = await upstream()
    const through = await proxy(server)
    const ask = async (port: number, prefix: string): Promise<void> => {
      const socket = connect(port, '127.0.0.1')
      socket.end(`POST ${prefix}/v1/chat HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nX-b: 1\r\nX-A: 2\r\nConnection: close\r\n\r\n`)
      socket.resume()
      await once(socket, 'close')
    }
    await ask(server.port, '')
    await ask(through.port, '/openai')
    const [direct, passed] = server.asked.map(plainAsked)
    expect(passed).toEqual(direct)
    expect(comparable(server.asked[1]!.headers)).toEqual(['host: HOST', 'X-b: 1', 'X-A: 2'])
  })

  test.each([204, 304, 404, 429, 500])('a status of %i', async (status) => {
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(status, ['Retry-After', '1'])
      response.end(status > 400 ? '{"error":{"message":"no"}}' : undefined)
    })
    const through = await proxy(server)
    const options = { headers: JSON_TYPE, body: asked() }
    const direct = await sides(server, server.url + CHAT, options)
    expect(await sides(server, through.base('openai') + CHAT, options)).toEqual(direct)
  })

  test('trailers, both ways', async () => {
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(200, ['Trailer', 'X-Sum', 'Transfer-Encoding', 'chunked'])
      response.addTrailers([['X-Sum', 'abc']])
      response.end('{}')
    })
    const through = await proxy(server)
    const ask = async (url: string): Promise<unknown> => {
      const request = start(url, { headers: ['Transfer-Encoding', 'chunked', 'Trailer', 'X-Mine'] })
      request.addTrailers([['X-Mine', 'def']])
      request.end('{}')
      return plainGot(await got(request))
    }
    const direct = await ask(server.url + CHAT)
    expect(await ask(through.base('openai') + CHAT)).toEqual(direct)
    expect(server.asked.map(({ trailers }) => trailers)).toEqual([['X-Mine', 'def'], ['X-Mine', 'def']])
    expect(direct).toMatchObject({ trailers: ['X-Sum', 'abc'] })
  })

  test('an answer that ends with its connection, and one for a client of HTTP 1.0', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nall of it'))
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const through = await proxy(`http://127.0.0.1:${(server.address() as { port: number }).port}`)
    expect(await send(through.base('openai') + CHAT)).toMatchObject({ status: 200, body: Buffer.from('all of it') })
    const old = connect(through.port, '127.0.0.1')
    let text = ''
    old.on('data', (bytes: Buffer) => (text += bytes.toString()))
    old.write(`GET /openai/v1/models HTTP/1.0\r\nHost: 127.0.0.1:${through.port}\r\n\r\n`)
    await once(old, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*\r\n\r\nall of it$/)
    expect(text).not.toMatch(/chunked/i)
    server.close()
  })

  test('it asks first whether to send', async () => {
    const order: string[] = []
    const server = await upstream((request, response) => {
      order.push(`asked, expects ${request.headers.expect}`)
      response.writeContinue()
      request.on('data', () => order.push('body'))
      request.on('end', () => response.end('{}'))
    })
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, { headers: ['Expect', '100-continue', ...JSON_TYPE, 'Content-Length', String(asked().length)] })
    request.flushHeaders()
    await once(request, 'continue')
    order.push('told to go on')
    request.end(asked())
    await got(request)
    expect(order).toEqual(['asked, expects 100-continue', 'told to go on', 'body'])
  })

  test('it is told not to', async () => {
    const server = await upstream((_request, response) => void response.writeHead(413).end('{"error":{"message":"too large"}}'))
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, { headers: ['Expect', '100-continue', 'Content-Length', '1000000'] })
    request.flushHeaders()
    expect((await got(request)).status).toBe(413)
    request.destroy()
  })

  test('fifty megabytes each way, at the speed of the slower side', async () => {
    const size = 50 * 1024 * 1024
    const piece = Buffer.alloc(64 * 1024, 'x')
    let received = 0
    const server = await upstream()
    server.answer = (request, response) => {
      request.removeAllListeners('data')
      request.on('data', (bytes: Buffer) => (received += bytes.length))
      request.on('end', () => {
        response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': String(size) })
        const more = (left: number): void => {
          if (left === 0) return void response.end()
          if (response.write(piece)) setImmediate(more, left - piece.length)
          else response.once('drain', () => more(left - piece.length))
        }
        more(size)
      })
    }
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, { headers: [...JSON_TYPE, 'Content-Length', String(size)] })
    for (let sent = 0; sent < size; sent += piece.length) if (!request.write(piece)) await once(request, 'drain')
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let back = 0
    for await (const bytes of response) back += (bytes as Buffer).length
    expect([received, back]).toEqual([size, size])
    await through.idle()
    const [call] = callsOf(through.traces[0])
    expect(call).toMatchObject({ name: 'chat.completions', outcome: { state: 'ok' }, attributes: { 'spanwise.proxy.unread': ['request'] } })
  })

  test('a client that does not read holds the provider up', async () => {
    const piece = Buffer.alloc(1024 * 1024, 'x')
    let sent = 0
    const full = gate()
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(200)
      const more = (): void => {
        if (sent >= 200) return void response.end()
        sent++
        if (response.write(piece)) more()
        else {
          full.open()
          response.once('drain', more)
        }
      }
      more()
    })
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, { body: asked() })
    request.end()
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.pause()
    await full.opened
    // Whatever the sockets between them hold is sent; two hundred megabytes they do not.
    let before = -1
    while (before !== sent) {
      before = sent
      for (let i = 0; i < 200; i++) await turn()
    }
    expect(sent).toBeLessThan(100)
    request.destroy()
  })
})

const EVENTS = ['Content-Type', 'text/event-stream'] as const

/** A stream that waits for the test between its chunks. */
async function streaming(headers: readonly string[] = EVENTS, pack: (text: string) => readonly Uint8Array[] = (text) => [Buffer.from(text)]) {
  const gates = [gate(), gate(), gate()]
  const server = await upstream((request, response) => {
    request.resume()
    response.writeHead(200, [...headers]).flushHeaders()
    void (async () => {
      for (const [i, text] of [chunk('Hel'), chunk('lo'), lastChunks].entries()) {
        await gates[i]!.opened
        for (const bytes of pack(text)) response.write(bytes)
      }
      response.end()
    })()
  })
  return { server, gates }
}

describe('streams', () => {
  test('the head, and each chunk, when it is there; and the call with its first token', async () => {
    const { server, gates } = await streaming()
    const through = await proxy(server)
    const body = asked('Hi', { stream: true })
    const request = start(through.base('openai') + CHAT, { headers: JSON_TYPE, body })
    request.end(Buffer.from(body))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    expect(response.headers['content-type']).toBe('text/event-stream')
    for (const [i, expected] of [chunk('Hel'), chunk('lo')].entries()) {
      through.clock.pass(100)
      gates[i]!.open()
      const [bytes] = (await once(response, 'data')) as [Buffer]
      expect(bytes.toString()).toBe(expected)
    }
    through.clock.pass(100)
    gates[2]!.open()
    response.resume()
    await once(response, 'end')
    await through.idle()
    const [call] = callsOf(through.traces[0])
    expect(call).toMatchObject({
      name: 'gpt-5-mini', start: 0, end: 300e6, outcome: { state: 'ok' },
      llm: { streamed: true, firstToken: 100e6, lastToken: 200e6, chunks: 4, usage: { output: { total: 3 } }, finishReasons: ['stop'] },
    })
    // It ends with its last call, not when nothing had followed for a while.
    expect(through.traces[0]!.spans[0]).toMatchObject({ name: 'proxy', category: 'agent', start: 0, end: 300e6 })
    checkAnalysis(analyze(through.traces[0]!))
  })

  test('a packed one, unpacked for the record alone', async () => {
    const { server, gates } = await streaming([...EVENTS, 'Content-Encoding', 'gzip'], (text) => [gzipSync(text)])
    const through = await proxy(server)
    for (const one of gates) one.open()
    const { body } = await send(through.base('openai') + CHAT, { headers: JSON_TYPE, body: asked('Hi', { stream: true }) })
    expect(body).toEqual(Buffer.concat([chunk('Hel'), chunk('lo'), lastChunks].map((text) => gzipSync(text))))
    await through.idle()
    expect(callsOf(through.traces[0])[0]).toMatchObject({ llm: { chunks: 4, usage: { input: { total: 10 }, output: { total: 3 } } } })
  })

  test.each([
    ['gzip', gzipSync], ['deflate', deflateSync], ['deflate', deflateRawSync], ['br', brotliCompressSync], ['x-gzip', gzipSync],
  ] as const)('%s, in pieces of a byte', async (encoding, pack) => {
    const packed = pack(`${chunk('Grüße ✓')}${lastChunks}`)
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(200, [...EVENTS, 'Content-Encoding', encoding])
      for (const byte of packed) response.write(Buffer.from([byte]))
      response.end()
    })
    const through = await proxy(server, { content: 'full' })
    expect((await send(through.base('openai') + CHAT, { headers: JSON_TYPE, body: asked() })).body).toEqual(packed)
    await through.idle()
    expect(callsOf(through.traces[0])[0]).toMatchObject({ llm: { usage: { output: { total: 3 } } } })
    expect(JSON.stringify(through.traces[0]!.parts)).toContain('Grüße ✓')
  })

  test.each([
    ['damaged', 'gzip', Buffer.from('this is no gzip')], ['of an unknown encoding', 'sonar', Buffer.from('{}')], ['that unpacks to too much', 'gzip', gzipSync(Buffer.alloc(3_000_000))],
  ])('a body %s passes, and is not read', async (_what, encoding, body) => {
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(200, [...JSON_TYPE, 'Content-Encoding', encoding])
      response.end(body)
    })
    const through = await proxy(server, { limits: { answer: 1_000_000 } })
    expect((await send(through.base('openai') + CHAT, { headers: JSON_TYPE, body: asked() })).body).toEqual(body)
    await through.idle()
    expect(callsOf(through.traces[0])[0]).toMatchObject({ name: 'gpt-5-mini', outcome: { state: 'ok' }, attributes: { 'spanwise.proxy.unread': ['answer'] } })
  })

  test('copies of requests are bounded, one by one and together', async () => {
    const server = await upstream((request, response) => {
      request.resume()
      request.on('end', () => response.writeHead(200, [...JSON_TYPE]).end(answered()))
    })
    const through = await proxy(server, { limits: { request: 500, all: 500 } })
    const url = through.base('openai') + CHAT
    const bodies = ['x'.repeat(1_000), 'y'.repeat(300)].map((content) => asked(content))
    for (const body of bodies) await send(url, { headers: JSON_TYPE, body })
    // Two under way, of which the second has no room any more.
    const both: { readonly request: ClientRequest; readonly rest: string }[] = []
    for (const body of [asked('1'.repeat(250)), asked('2'.repeat(250))]) {
      const request = start(url, { headers: [...JSON_TYPE, 'Content-Length', String(body.length)] })
      request.write(Buffer.from(body.slice(0, 300)))
      both.push({ request, rest: body.slice(300) })
      while (server.asked.length < 2 + both.length) await turn()
      through.clock.pass(1)
    }
    for (const { request, rest } of both) {
      const answer = got(request)
      request.end(Buffer.from(rest))
      await answer
    }
    await send(url, { headers: JSON_TYPE, body: bodies[1]! })
    await through.idle()
    expect(server.asked.map(({ body }) => body.length)).toEqual([...bodies, asked('1'.repeat(250)), asked('2'.repeat(250)), bodies[1]!].map(({ length }) => length))
    expect(callsOf(through.traces[0]).map(({ attributes, name }) => [name, attributes?.['spanwise.proxy.unread']])).toEqual([
      ['chat.completions', ['request']], ['gpt-5-mini', undefined], ['gpt-5-mini', undefined], ['chat.completions', ['request']], ['gpt-5-mini', undefined],
    ])
  })
})

describe('endings', () => {
  const BODY = { headers: JSON_TYPE, body: asked('Hi', { stream: true }) }

  test('the client goes in the middle of a stream: so does the request', async () => {
    const { server, gates } = await streaming()
    const through = await proxy(server)
    const left = new Promise<void>((resolve) => {
      const answer = server.answer
      server.answer = (request, response) => {
        response.once('close', () => resolve())
        answer(request, response)
      }
    })
    const request = start(through.base('openai') + CHAT, BODY)
    request.end(Buffer.from(BODY.body))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    gates[0]!.open()
    await once(response, 'data')
    request.destroy()
    await left
    await through.idle()
    const [call] = callsOf(through.traces[0])
    expect(call).toMatchObject({ outcome: { state: 'cancelled' }, llm: { chunks: 1, attempts: [{ status: 200 }] } })
    expect(call!.llm!.responseParts).toHaveLength(1)
  })

  test('the client goes before there is an answer', async () => {
    const asking = gate()
    const left = gate()
    const server = await upstream((_request, response) => {
      asking.open()
      response.once('close', left.open)
    })
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, BODY)
    request.end(Buffer.from(BODY.body))
    await asking.opened
    request.destroy()
    await left.opened
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ outcome: { state: 'cancelled' }, llm: { attempts: [{ error: 'AbortError' }] } }])
  })

  test('and in the middle of its request', async () => {
    const left = gate()
    const server = await upstream((request) => request.once('close', left.open))
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, { headers: [...JSON_TYPE, 'Content-Length', '1000'] })
    request.write(Buffer.from('{"model":'))
    while (server.asked.length === 0) await turn()
    request.destroy()
    await left.opened
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ name: 'chat.completions', outcome: { state: 'cancelled' } }])
  })

  test.each([
    ['a stream', [...EVENTS], chunk('Hel')], ['an answer', [...JSON_TYPE, 'Content-Length', '1000'], '{"id":'],
  ] as const)('the provider cuts %s: so is the client\'s', async (_what, headers, first) => {
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(200, [...headers])
      response.write(Buffer.from(first), () => response.socket?.resetAndDestroy())
    })
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, BODY)
    request.end(Buffer.from(BODY.body))
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    let text = ''
    response.on('data', (bytes: Buffer) => (text += bytes.toString()))
    const [error] = (await once(response, 'error')) as [NodeJS.ErrnoException]
    expect([text, error.code, response.complete]).toEqual([first, 'ECONNRESET', false])
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ outcome: { state: 'failed', type: 'ECONNRESET' }, llm: { attempts: [{ status: 200 }] } }])
  })

  test('nobody listens there: 502, as an error that is ours', async () => {
    const through = await proxy(await deadAddress())
    const { status, body } = await send(through.base('openai') + CHAT, BODY)
    expect([status, JSON.parse(body.toString())]).toEqual([502, {
      type: 'error', error: { type: 'spanwise_proxy_error', code: 'ECONNREFUSED', message: expect.stringMatching(/^spanwise proxy: http:\/\/127\.0\.0\.1:\d+ cannot be reached: connect ECONNREFUSED/) },
    }])
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ outcome: { state: 'failed', type: 'ECONNREFUSED' }, llm: { attempts: [{ error: 'ECONNREFUSED' }] } }])
  })

  test('it hangs up before any answer', async () => {
    const server = await upstream((request) => void request.socket.resetAndDestroy())
    const through = await proxy(server)
    expect((await send(through.base('openai') + CHAT, BODY)).status).toBe(502)
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ outcome: { state: 'failed', type: 'ECONNRESET' } }])
  })

  test('it answers before all has come, and wants no more', async () => {
    const server = await upstream((_request, response) => {
      response.writeHead(413, [...JSON_TYPE])
      response.end('{"error":{"type":"request_too_large","message":"too large"}}')
    })
    const through = await proxy(server)
    const request = start(through.base('openai') + CHAT, { headers: [...JSON_TYPE, 'Content-Length', '10000000'] })
    request.write(Buffer.alloc(1_000_000))
    expect(await got(request)).toMatchObject({ status: 413 })
    request.destroy()
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ outcome: { state: 'failed', type: 'request_too_large', message: '413 too large' } }])
  })

  test('connections are used again, on both sides', async () => {
    const server = await upstream((request, response) => {
      request.resume()
      request.on('end', () => response.end('{}'))
    })
    const through = await proxy(server)
    const agent = new Agent({ keepAlive: true, maxSockets: 1 })
    for (let i = 0; i < 5; i++) await send(through.base('openai') + CHAT, { ...BODY, agent })
    expect(server.connections).toBe(1)
    agent.destroy()
  })

  test.each(readExchanges('errors').map((row) => [row.status ?? 200, row.id.slice(0, 4), row] as const))('as people met them: %i (%s)', async (_status, _id, row) => {
    const isStreamed = row.status === null || row.stream
    const text = row.status === null ? `event: error\ndata: ${JSON.stringify(row.responseBody)}\n\n` : (row.responseText ?? JSON.stringify(row.responseBody))
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(row.status ?? 200, [...(isStreamed ? EVENTS : JSON_TYPE)])
      response.end(text)
    })
    const through = await proxy(server)
    const { path, body } = (await ask(tellerOf(row), row)) as Told
    expect((await send(through.base('openai') + path, { headers: JSON_TYPE, body: json(body) })).body.toString()).toBe(text)
    await through.idle()
    const [call] = callsOf(through.traces[0])
    expect(call).toMatchObject({ outcome: { state: 'failed' } })
    expect(call!.outcome.state === 'failed' && call!.outcome.message).not.toBe(String(row.status))
  })
})

describe('tries of one call', () => {
  const answers = (...statuses: readonly (number | 'cut')[]) => {
    const left = [...statuses]
    return upstream((request, response) => {
      request.resume()
      request.on('end', () => {
        const status = left.shift() ?? 200
        if (status === 'cut') request.socket.resetAndDestroy()
        else response.writeHead(status, [...JSON_TYPE]).end(status === 200 ? answered() : '{"error":{"type":"rate_limit_error","message":"slower"}}')
      })
    })
  }
  const tried = (count: number, body = asked()): Send => ({ headers: [...JSON_TYPE, 'x-stainless-retry-count', String(count)], body })

  test('the client tries again: one call, with its attempts and the waits between', async () => {
    const server = await answers(429, 'cut', 200)
    const through = await proxy(server)
    const url = through.base('openai') + CHAT
    for (let i = 0; i < 3; i++) {
      await send(url, tried(i))
      through.clock.pass(250)
    }
    await through.idle()
    const [trace] = through.traces
    expect(callsOf(trace)).toMatchObject([{
      start: 0, end: 500e6, outcome: { state: 'ok' },
      llm: { usage: { input: { total: 10 } }, attempts: [{ start: 0, status: 429, waitNs: 250e6 }, { start: 250e6, error: 'ECONNRESET', waitNs: 250e6 }, { start: 500e6, status: 200 }] },
    }])
    expect(trace!.spans).toHaveLength(2)
    expect(server.asked.map(({ headers }) => headers[headers.indexOf('x-stainless-retry-count') + 1])).toEqual(['0', '1', '2'])
    checkAnalysis(analyze(trace!))
  })

  test('in a file it is one call too', async () => {
    const dir = mkdtempSync(join(tmpdir(), 'spanwise-proxy-'))
    const through = await proxy(await answers(429, 200), { dir })
    await send(through.base('openai') + CHAT, tried(0))
    // The failure is in the file before it turns out to be none.
    await through.profiler.flush()
    await send(through.base('openai') + CHAT, tried(1))
    const [trace] = await through.end()
    const { traces, problems } = decodeTrace(readFileSync(join(dir, readdirSync(dir)[0]!), 'utf8'))
    expect({ problems, spans: traces[0]!.spans }).toEqual({ problems: [], spans: trace!.spans })
    rmSync(dir, { recursive: true })
  })

  test('it gives up', async () => {
    const through = await proxy(await answers(429, 429))
    for (let i = 0; i < 2; i++) await send(through.base('openai') + CHAT, tried(i))
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ outcome: { state: 'failed', type: 'rate_limit_error', message: '429 slower' }, llm: { attempts: [{ status: 429 }, { status: 429 }] } }])
  })

  test('another request, or one that had not failed, is another call', async () => {
    const through = await proxy(await answers(429, 200, 200, 429, 200))
    const url = through.base('openai') + CHAT
    await send(url, tried(0))
    await send(url, tried(1, asked('something else')))
    await send(url, tried(1, asked('something else')))
    await send(url, tried(0, asked('a third')))
    // The same without the header that says so.
    await send(url, { headers: JSON_TYPE, body: asked('a third') })
    await through.idle()
    expect(callsOf(through.traces[0]).map(({ outcome, llm }) => [outcome.state, llm!.attempts!.length])).toEqual([
      ['failed', 1], ['ok', 1], ['ok', 1], ['failed', 1], ['ok', 1],
    ])
  })

  test('two at once that are equal are two, each with its own tries', async () => {
    const through = await proxy(await answers(500, 500, 200, 200))
    const url = through.base('openai') + CHAT
    for (const count of [0, 1]) await Promise.all([send(url, tried(count)), send(url, tried(count))])
    await through.idle()
    expect(callsOf(through.traces[0]).map(({ outcome, llm }) => [outcome.state, llm!.attempts!.map(({ status }) => status)])).toEqual([['ok', [500, 200]], ['ok', [500, 200]]])
  })
})

describe('which calls make a run', () => {
  const answering = () => upstream((request, response) => {
    request.resume()
    request.on('end', () => response.writeHead(200, [...JSON_TYPE]).end(answered()))
  })
  const trace = (n: number): string => `00-${String(n).repeat(32)}-00f067aa0ba902b7-01`
  const shape = (traces: readonly Trace[]): unknown => traces.map(({ name, spans }) => [name, callsOf({ spans } as unknown as Trace).length])

  test('those after one another, until nothing was asked for a while', async () => {
    const through = await proxy(await answering())
    const url = through.base('openai') + CHAT
    await send(url, { headers: JSON_TYPE, body: asked('1') })
    through.clock.pass(5_000)
    await send(url, { headers: JSON_TYPE, body: asked('2') })
    await through.idle()
    await send(url, { headers: JSON_TYPE, body: asked('3') })
    await through.idle()
    expect(shape(through.traces)).toEqual([['proxy', 2], ['proxy', 1]])
    expect(through.traces.map(({ spans }) => spans[0]!.end)).toEqual([5_000e6, 0])
    expect(through.traces[1]!.startedAtEpochMs - through.traces[0]!.startedAtEpochMs).toBe(65_000)
  })

  test('those of one trace, those of one name, and the others, at the same time', async () => {
    const server = await answering()
    const through = await proxy(server)
    const url = through.base('openai') + CHAT
    for (const own of [[], ['traceparent', trace(1)], ['spanwise-run', 'nightly'], ['traceparent', trace(2)], ['traceparent', trace(1), 'Spanwise-Run', 'nightly'], ['traceparent', trace(1)], ['traceparent', 'junk'], ['spanwise-run', ' ']]) {
      await send(url, { headers: [...JSON_TYPE, ...own], body: asked() })
    }
    await through.idle()
    expect(shape(through.traces)).toEqual(expect.arrayContaining([['proxy', 3], ['proxy', 2], ['nightly', 2], ['proxy', 1]]))
    expect(through.traces.map(({ id }) => id)).toEqual(expect.arrayContaining(['1'.repeat(32), '2'.repeat(32)]))
    // What is ours to read is not sent on; the trace is.
    expect(server.asked.flatMap(({ headers }) => headers)).not.toContain('nightly')
    expect(server.asked.flatMap(({ headers }) => headers)).toContain(trace(1))
  })

  test('a trace that goes on after a pause is a run with an id of its own', async () => {
    const through = await proxy(await answering())
    for (let i = 0; i < 2; i++) {
      await send(through.base('openai') + CHAT, { headers: [...JSON_TYPE, 'traceparent', trace(3)], body: asked() })
      await through.idle()
    }
    expect(new Set(through.traces.map(({ id }) => id)).size).toBe(2)
    expect(through.traces[0]).toMatchObject({ id: '3'.repeat(32), spans: [{ attributes: { 'spanwise.parent_span_id': '00f067aa0ba902b7' } }, {}] })
  })

  test('programs that never pause get a run after the other', async () => {
    const gates = [gate()]
    const server = await upstream((request, response) => {
      const isFirst = server.asked.length === 1
      request.resume()
      request.on('end', () => void (isFirst ? gates[0]!.opened : Promise.resolve()).then(() => response.writeHead(200, [...JSON_TYPE]).end(answered())))
    })
    const through = await proxy(server, { maxCalls: 2 })
    const url = through.base('openai') + CHAT
    const slow = send(url, { headers: JSON_TYPE, body: asked('slow') })
    while (server.asked.length === 0) await turn()
    for (let i = 0; i < 3; i++) {
      through.clock.pass(1)
      await send(url, { headers: JSON_TYPE, body: asked() })
    }
    expect(through.traces).toEqual([])
    gates[0]!.open()
    await slow
    // Its run was full already, and waited for it.
    expect(through.traces.map((one) => callsOf(one).map(({ start: at, end }) => [at / 1e6, end! / 1e6]))).toEqual([[[0, 3], [1, 1]]])
    await send(url, { headers: JSON_TYPE, body: asked() })
    await through.idle()
    expect(shape(through.traces)).toEqual([['proxy', 2], ['proxy', 2], ['proxy', 1]])
  })

  test('all of a program', async () => {
    const through = await proxy(await answering(), { program: 'agent.py' })
    through.clock.pass(1_000)
    for (const own of [[], ['traceparent', trace(1)], ['spanwise-run', 'nightly']]) {
      await send(through.base('openai') + CHAT, { headers: [...JSON_TYPE, ...own], body: asked() })
      await through.idle()
    }
    expect(through.traces).toEqual([])
    through.clock.pass(1_000)
    const [run] = await through.end()
    expect(shape([run!])).toEqual([['agent.py', 3]])
    // From its start to its end, with what it did beside.
    expect(run!.spans[0]).toMatchObject({ start: 0, end: 182_000e6 })
    expect(callsOf(run)[0]!.start).toBe(1_000e6)
  })

  test('an answer that takes long keeps its run', async () => {
    const { server, gates } = await streaming()
    const through = await proxy(server)
    const slow = send(through.base('openai') + CHAT, { headers: JSON_TYPE, body: asked() })
    while (server.asked.length === 0) await turn()
    through.clock.pass(600_000)
    for (const one of gates) one.open()
    await slow
    await through.idle()
    expect(through.traces.map(({ spans }) => spans[0]!.end)).toEqual([600_000e6])
  })

  test('a body that took long was asked before another that came whole first', async () => {
    const through = await proxy(await answering())
    const url = through.base('openai') + CHAT
    await send(url, { headers: JSON_TYPE, body: asked('1') })
    const body = asked('slow')
    const slow = start(url, { headers: [...JSON_TYPE, 'Content-Length', String(body.length)] })
    slow.write(Buffer.from(body.slice(0, 5)))
    await new Promise((resolve) => slow.once('socket', (socket: Socket) => socket.once('connect', resolve)))
    for (let i = 0; i < 20; i++) await turn()
    through.clock.pass(100)
    await send(url, { headers: JSON_TYPE, body: asked('2') })
    const answer = got(slow)
    slow.end(Buffer.from(body.slice(5)))
    await answer
    await through.idle()
    expect(callsOf(through.traces[0]).map(({ start: at }) => at)).toEqual([0, 0, 100e6])
  })

  test('what is no call of a model is none', async () => {
    const through = await proxy(await answering())
    for (const [method, path, body] of [
      ['GET', '/v1/models', undefined], ['POST', '/v1/files', '{}'], ['POST', '/v1/messages/count_tokens', asked()], ['POST', '/v1/responses/input_tokens', asked()],
      ['DELETE', '/v1/chat/completions/x', undefined], ['POST', '/', 'x'],
    ] as const) {
      await send(through.base('openai') + path, { method, headers: JSON_TYPE, ...(body && { body }) })
    }
    expect(await through.end()).toEqual([])
  })

  test('texts are recorded when they are asked for, keys never', async () => {
    for (const content of ['none', 'full'] as const) {
      const through = await proxy(await answering(), { content })
      await send(`${through.base('openai')}${CHAT}?key=AIzaSyA-0123456789abcdefghijklmnopqrstu`, {
        headers: [...JSON_TYPE, 'Authorization', 'Bearer sk-proj-abcdefghijklmnopqrstuvwxyz0123456789', 'x-api-key', 'sk-ant-api03-abcdefghijklmnopqrstuvwxyz'], body: asked('a rare question'),
      })
      const text = JSON.stringify(await through.end())
      expect(text.includes('a rare question')).toBe(content === 'full')
      for (const key of ['sk-proj', 'sk-ant', 'AIza']) expect(text).not.toContain(key)
    }
  })

  test('switched off, it forwards and records nothing', async () => {
    const through = await proxy(await answering(), { isRecording: false })
    expect((await send(through.base('openai') + CHAT, { headers: JSON_TYPE, body: asked() })).status).toBe(200)
    expect(await through.end()).toEqual([])
  })
})

describe('who may', () => {
  test.each([
    ['another name of this machine', ['Host', 'evil.example']], ['another origin', ['Origin', 'https://evil.example']], ['a page', ['Sec-Fetch-Site', 'cross-site']],
    ['a file', ['Origin', 'null']], ['another port', ['Host', '127.0.0.1:1']],
  ])('%s may not, by any method', async (_what, headers) => {
    const server = await upstream()
    const through = await proxy(server)
    for (const method of ['GET', 'POST', 'OPTIONS', 'DELETE', 'HEAD']) {
      const { status, headers: told } = await send(through.base('openai') + CHAT, { method, headers })
      expect([method, status]).toEqual([method, 403])
      expect(told.join()).not.toMatch(/access-control/i)
    }
    const socket = connect(through.port, '127.0.0.1')
    const own = headers[0] === 'Host' ? '' : `Host: 127.0.0.1:${through.port}\r\n`
    socket.write(`GET /openai/v1/realtime HTTP/1.1\r\n${own}${headers.join(': ')}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    let text = ''
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 403 Forbidden/)
    expect(server.asked).toEqual([])
  })

  test('localhost is this machine', async () => {
    const through = await proxy(await upstream())
    expect((await send(through.base('openai') + CHAT, { headers: ['Host', `localhost:${through.port}`] })).status).toBe(200)
  })

  test.each([['/', 404], ['/openai2/v1', 404], ['/__proto__/x', 404], ['/OpenAI/v1', 404]])('%s is no upstream', async (path, status) => {
    const through = await proxy(await upstream())
    const answer = await send(through.url + path)
    expect(answer.status).toBe(status)
    expect(JSON.parse(answer.body.toString())).toMatchObject({ error: { type: 'spanwise_proxy_error', message: expect.stringContaining('/openai, /anthropic, /google') } })
  })

  test('a proxy of the network is asked in another way', async () => {
    const through = await proxy(await upstream())
    const socket = connect(through.port, '127.0.0.1')
    socket.write('CONNECT api.openai.com:443 HTTP/1.1\r\nHost: api.openai.com:443\r\n\r\n')
    const [bytes] = (await once(socket, 'data')) as [Buffer]
    expect(bytes.toString()).toMatch(/^HTTP\/1\.1 405 /)
    socket.destroy()
    const absolute = await new Promise<string>((resolve) => {
      const one = connect(through.port, '127.0.0.1')
      one.write('GET http://api.openai.com/v1/models HTTP/1.1\r\nHost: api.openai.com\r\n\r\n')
      one.once('data', (data: Buffer) => {
        resolve(data.toString())
        one.destroy()
      })
    })
    expect(absolute).toMatch(/^HTTP\/1\.1 403 /)
  })
})

describe('connections that leave HTTP', () => {
  /** Speaks a protocol of its own: gives back what it gets, in capitals. */
  async function shouting() {
    const sockets = new Set<Socket>()
    const heads: string[] = []
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('error', () => {})
      socket.once('data', (head: Buffer) => {
        heads.push(head.toString('latin1'))
        socket.write('HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Odd: 1\r\n\r\nhello')
        socket.on('data', (bytes: Buffer) => void socket.write(bytes.toString().toUpperCase()))
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    return { url: `http://127.0.0.1:${port}`, heads, close: () => { for (const socket of sockets) socket.destroy(); server.close() } }
  }

  test('a websocket passes as it is, and is counted', async () => {
    const server = await shouting()
    const through = await proxy(server.url)
    const socket = connect(through.port, '127.0.0.1')
    const read = async (end: string): Promise<string> => {
      let text = ''
      while (!text.endsWith(end)) text += String(((await once(socket, 'data')) as [Buffer])[0])
      return text
    }
    socket.write(`GET /openai/v1/realtime?model=x HTTP/1.1\r\nHost: 127.0.0.1:${through.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n`)
    expect(await read('hello')).toBe('HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nX-Odd: 1\r\n\r\nhello')
    socket.write('frame')
    expect(await read('FRAME')).toBe('FRAME')
    expect(server.heads[0]).toBe(`GET /v1/realtime?model=x HTTP/1.1\r\nHost: ${new URL(server.url).host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: abc\r\n\r\n`)
    expect(through.tunnels()).toBe(1)
    const closed = once(socket, 'close')
    expect(await through.end()).toEqual([])
    await closed
    server.close()
  })

  test('one that the provider refuses', async () => {
    const server = await upstream((_request, response) => void response.writeHead(401, ['Content-Type', 'text/plain']).end('who are you'))
    const through = await proxy(server)
    const socket = connect(through.port, '127.0.0.1')
    socket.write(`GET /openai/v1/realtime HTTP/1.1\r\nHost: 127.0.0.1:${through.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    let text = ''
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
    await once(socket, 'close')
    expect(text).toBe('HTTP/1.1 401 Unauthorized\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\nwho are you')
  })

  test('and one that nobody takes', async () => {
    const through = await proxy(await deadAddress())
    const socket = connect(through.port, '127.0.0.1')
    socket.write(`GET /openai/v1/realtime HTTP/1.1\r\nHost: 127.0.0.1:${through.port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`)
    let text = ''
    socket.on('data', (bytes: Buffer) => (text += bytes.toString()))
    await once(socket, 'close')
    expect(text).toMatch(/^HTTP\/1\.1 502 Bad Gateway[^]*spanwise_proxy_error/)
  })

  test('an offer to speak HTTP 2, as Java makes it with every request, is let lie', async () => {
    const server = await upstream((request, response) => {
      request.resume()
      request.on('end', () => response.writeHead(200, [...JSON_TYPE, 'Content-Length', String(answered().length)]).end(answered()))
    })
    const through = await proxy(server)
    const socket = connect(through.port, '127.0.0.1')
    const ask = async (offer: string): Promise<string> => {
      const body = asked()
      socket.write(`POST /openai${CHAT} HTTP/1.1\r\n${offer}Host: 127.0.0.1:${through.port}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
      let text = ''
      while (!text.endsWith(answered())) text += String(((await once(socket, 'data')) as [Buffer])[0])
      return text
    }
    expect(await ask('Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAEAAEAAAAIAAAABAAMAAABkAAQBAAAAAAUAAEAA\r\nUpgrade: h2c\r\n')).toMatch(/^HTTP\/1\.1 200 OK/)
    expect(await ask('')).toMatch(/^HTTP\/1\.1 200 OK/)
    socket.destroy()
    expect(server.asked.map(({ body }) => body.toString())).toEqual([asked(), asked()])
    await through.idle()
    expect(callsOf(through.traces[0])).toHaveLength(2)
  })
})

describe('clients that know nothing of it', () => {
  /** Answers in turn, whatever is asked. */
  const inTurn = (...answers: readonly (readonly [status: number, type: string, body: string, ...headers: string[]])[]) => {
    const left = [...answers]
    return upstream((request, response) => {
      request.resume()
      request.on('end', () => {
        const [status, type, body, ...headers] = left.shift()!
        response.writeHead(status, ['Content-Type', type, ...headers]).end(body)
      })
    })
  }

  test('OpenAI: a refusal, a second try, and a stream', async () => {
    const server = await inTurn(
      [429, 'application/json', '{"error":{"type":"rate_limit_error","message":"slower"}}', 'retry-after-ms', '1'],
      [200, 'application/json', answered()], [200, 'text/event-stream', `${chunk('Hello')}${lastChunks}`],
    )
    const through = await proxy(server)
    const client = new OpenAI({ apiKey: 'sk-none', baseURL: `${through.base('openai')}/v1` })
    const messages = [{ role: 'user' as const, content: 'Hi' }]
    expect((await client.chat.completions.create({ model: 'gpt-5-mini', messages })).choices[0]!.message.content).toBe('Hello')
    let text = ''
    for await (const { choices } of await client.chat.completions.create({ model: 'gpt-5-mini', messages, stream: true, stream_options: { include_usage: true } })) text += choices[0]?.delta.content ?? ''
    expect(text).toBe('Hello')
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([
      { name: 'gpt-5-mini', outcome: { state: 'ok' }, llm: { provider: 'openai', attempts: [{ status: 429 }, { status: 200 }], usage: { input: { total: 10 } } } },
      { outcome: { state: 'ok' }, llm: { streamed: true, usage: { output: { total: 3 } } } },
    ])
  })

  test('Anthropic: a stream whose reader leaves', async () => {
    const events = [
      { type: 'message_start', message: { id: 'msg_1', type: 'message', role: 'assistant', model: 'claude-haiku-4-5', content: [], usage: { input_tokens: 9, output_tokens: 1 } } },
      { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } },
      { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Hel' } },
    ]
    const server = await upstream((request, response) => {
      request.resume()
      response.writeHead(200, [...EVENTS])
      response.write(events.map((event) => `event: ${event.type}\ndata: ${json(event)}\n\n`).join(''))
    })
    const through = await proxy(server)
    const client = new Anthropic({ apiKey: 'sk-ant-none', baseURL: through.base('anthropic') })
    for await (const event of await client.messages.create({ model: 'claude-haiku-4-5', max_tokens: 10, messages: [{ role: 'user', content: 'Hi' }], stream: true })) {
      if (event.type === 'content_block_delta') break
    }
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([
      { name: 'claude-haiku-4-5', outcome: { state: 'cancelled' }, llm: { provider: 'anthropic', usage: { input: { total: 9 }, complete: false }, maxOutputTokens: 10 } },
    ])
  })

  test('Google, with the model in the path', async () => {
    const answer = { responseId: 'r1', modelVersion: 'gemini-3-flash', candidates: [{ content: { role: 'model', parts: [{ text: 'Hello' }] }, finishReason: 'STOP' }], usageMetadata: { promptTokenCount: 7, candidatesTokenCount: 2 } }
    const server = await inTurn([200, 'application/json', json(answer)], [200, 'text/event-stream', `data: ${json(answer)}\n\n`], [200, 'application/json', json([answer])])
    const through = await proxy(server)
    const client = new GoogleGenAI({ apiKey: 'none', httpOptions: { baseUrl: through.base('google') } })
    const params = { model: 'gemini-3-flash', contents: 'Hi' }
    expect((await client.models.generateContent(params)).text).toBe('Hello')
    for await (const { text } of await client.models.generateContentStream(params)) expect(text).toBe('Hello')
    // As others ask for it: not as events.
    await send(`${through.base('google')}/v1beta/models/gemini-3-flash:streamGenerateContent`, { headers: JSON_TYPE, body: json({ contents: [{ parts: [{ text: 'Hi' }] }] }) })
    await through.idle()
    expect(callsOf(through.traces[0]).map(({ name, llm }) => [name, llm!.provider, llm!.requestModel, llm!.streamed, llm!.usage?.input?.total, llm!.usage?.output?.total])).toEqual([
      ['gemini-3-flash', 'gcp.gemini', 'gemini-3-flash', false, 7, 2], ['gemini-3-flash', 'gcp.gemini', 'gemini-3-flash', true, 7, 2], ['gemini-3-flash', 'gcp.gemini', 'gemini-3-flash', true, 7, 2],
    ])
  })

  test('Ollama, line by line', async () => {
    const lines = [{ model: 'qwen3', message: { role: 'assistant', content: 'Hel' }, done: false }, { model: 'qwen3', message: { role: 'assistant', content: 'lo' }, done: true, prompt_eval_count: 5, eval_count: 2 }]
    const server = await inTurn([200, 'application/x-ndjson', lines.map((line) => `${json(line)}\n`).join('')])
    const through = await proxy('http://127.0.0.1:1', { upstreams: upstreamsOf([`ollama=${server.url}`], {}) })
    const client = new Ollama({ host: through.base('ollama') })
    let text = ''
    for await (const { message } of await client.chat({ model: 'qwen3', messages: [{ role: 'user', content: 'Hi' }], stream: true })) text += message.content
    expect(text).toBe('Hello')
    await through.idle()
    expect(callsOf(through.traces[0])).toMatchObject([{ name: 'qwen3', llm: { provider: 'ollama', streamed: true, chunks: 2, usage: { input: { total: 5 }, output: { total: 2 } } } }])
  })
})
