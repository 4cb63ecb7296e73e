import { once } from 'node:events'
import type { ChildProcess } from 'node:child_process'
import { request } from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { encodeTrace } from '../src/trace-file/index.ts'
import type { RunList, ServerInfo } from '../viewer/api.ts'
import { draw } from './draw.ts'
import { buildCli, type BuiltCli } from './support/built-cli.ts'
import { Desk } from './support/cli.ts'
import { ask } from './support/dashboard.ts'

const ID = '0af7651916cd43dd8448eb211c80319c'

let built: BuiltCli
beforeAll(async () => {
  built = await buildCli()
  const trace = draw('agent 0-100\n  llm 5-35 llm model=gpt-5-mini in=1200 out=80\n  search 40-60 tool', { id: ID, name: 'agent' })
  built.write(`.spanwise/2026-11-21_05-30-00_${ID.slice(0, 12)}.spanwise.jsonl`, encodeTrace({ ...trace, spans: trace.spans.map((span) => ({ ...span, traceId: ID })) }))
})
afterAll(() => built.remove())

/** A test that fails leaves nothing running. */
const children = new Set<ChildProcess>()
afterEach(() => {
  for (const child of children) child.kill('SIGKILL')
  children.clear()
})

interface Running {
  readonly child: ChildProcess
  readonly first: string
  readonly said: () => { readonly out: string; readonly err: string }
  /** @returns the exit code */
  stop(signal: NodeJS.Signals): Promise<number | null>
}

/** Until it has said where it is. */
async function start(...words: readonly string[]): Promise<Running> {
  const child = built.start(['ui', ...words])
  children.add(child)
  let [out, err] = ['', '']
  child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr!.on('data', (chunk: Buffer) => (err += chunk.toString()))
  while (!/Ctrl-C|\}\n/.test(out)) {
    await Promise.race([once(child.stdout!, 'data'), once(child, 'exit').then(() => Promise.reject(new Error(`it ended: ${err}`)))])
  }
  return {
    child, first: out, said: () => ({ out, err }),
    async stop(signal) {
      child.kill(signal)
      const [code] = (await once(child, 'exit')) as [number | null]
      return code
    },
  }
}

const patiently = async <T>(look: () => Promise<T | undefined>): Promise<T> => {
  for (let tried = 0; tried < 200; tried++) {
    const found = await look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
  throw new Error('it never came')
}

describe('the command', () => {
  test('says where it is, shows runs that threads of its own have read, and ends well', async () => {
    const running = await start('--port', '0', '--otlp-port', '0')
    expect(running.first.replaceAll(/:\d+/g, ':PORT').replace(/token=[\w-]{43}\n/, 'token=TOKEN\n')).toBe(
      'Dashboard  http://127.0.0.1:PORT/#token=TOKEN\nOTLP       OTEL_EXPORTER_OTLP_ENDPOINT=http://127.0.0.1:PORT\n0 runs in .spanwise; Ctrl-C stops it\n')
    const [, base, token] = /(http:\/\/127\.0\.0\.1:\d+)\/#token=([\w-]+)/.exec(running.first)!
    const headers = { Authorization: `Bearer ${token!}` }
    const { runs: [run] } = await patiently(async () => {
      const list = (await ask(base!, '/api/runs', { headers })).json<RunList>()
      return list.total > 0 ? list : undefined
    })
    expect(run).toMatchObject({ traceId: ID, name: 'agent', spans: 3 })
    for (const what of ['document', 'share', 'export?format=pprof', 'export?format=html']) {
      const { status, text } = await ask(base!, `/api/runs/${run!.key}/${what}`, { headers })
      expect([what, status, status === 200 ? '' : text]).toEqual([what, 200, ''])
    }
    const page = await ask(base!, '/')
    const policy = page.headers['content-security-policy']!
    expect([page.status, policy]).toEqual([200, expect.stringMatching(/^default-src 'none'; script-src .*connect-src 'self'.*; frame-ancestors 'none'$/)])
    expect(policy).not.toMatch(/unsafe|\*|https?:/)
    expect(await running.stop('SIGINT')).toBe(0)
    expect(running.said().err).toBe('')
  })

  test('as JSON, on one line; what is received is there after a restart', async () => {
    const running = await start('--port', '0', '--otlp-port', '0', '--json')
    const { format, version, url, receiver } = JSON.parse(running.first) as { format: string; version: number; url: string; token: string; receiver: { url: string } }
    expect([format, version, url]).toEqual(['spanwise-ui', 1, expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/#token=[\w-]{43}$/)])
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16), name: 'sent', startTimeUnixNano: '1760000000000000001', endTimeUnixNano: '1760000000000000002' }] }] }] })
    expect((await ask(receiver.url, '/v1/traces', { method: 'POST', headers: { 'Content-Type': 'application/json' }, body })).status).toBe(200)
    // No time to do anything more.
    expect(await running.stop('SIGKILL')).toBe(null)
    const again = await start('--port', '0', '--no-otlp', '--json')
    const told = JSON.parse(again.first) as { url: string; token: string; receiver: null }
    expect(told.receiver).toBe(null)
    const list = await patiently(async () => {
      const found = (await ask(new URL('/', told.url).href, '/api/runs?q=sent', { headers: { Authorization: `Bearer ${told.token}` } })).json<RunList>()
      return found.total > 0 ? found : undefined
    })
    expect(list.runs[0]).toMatchObject({ name: 'sent', source: 'received' })
    expect(built.say(['report', `.spanwise/received/${new Date().toISOString().slice(0, 10)}/${'1'.repeat(32)}.otlp.jsonl.gz`]).stdout).toContain('sent')
    expect(await again.stop('SIGTERM')).toBe(0)
  })

  test('a port that is taken: the next one, and no receiver', async () => {
    const first = await start('--port', '0', '--otlp-port', '0', '--json')
    const { url, receiver } = JSON.parse(first.first) as { url: string; receiver: { url: string } }
    const second = await start('--port', new URL(url).port, '--otlp-port', new URL(receiver.url).port, '--json')
    const told = JSON.parse(second.first) as { url: string; token: string; receiver: ServerInfo['receiver'] }
    expect(told.receiver).toEqual({ problem: `port ${new URL(receiver.url).port} is taken by another program` })
    expect(Number(new URL(told.url).port)).toBeGreaterThan(Number(new URL(url).port))
    expect([await second.stop('SIGTERM'), await first.stop('SIGTERM')]).toEqual([0, 0])
  })

  test('a page that listens to events does not keep it', async () => {
    const running = await start('--port', '0', '--no-otlp', '--json')
    const { url, token } = JSON.parse(running.first) as { url: string; token: string }
    const { hostname, port } = new URL(url)
    const stream = request({ hostname, port, path: '/api/events', headers: { Authorization: `Bearer ${token}` } })
    stream.on('error', () => {})
    stream.end()
    await once(stream, 'response')
    expect(await running.stop('SIGTERM')).toBe(0)
  })

  test('what is larger than it looks is read in a thread of its own', async () => {
    // A hundred megabytes in as many kilobytes, beside which others are still read.
    built.write('large/a.json.gz', gzipSync(`{"what":"${'x'.repeat(99_000_000)}"}`, { level: 9 }))
    built.write('large/b.jsonl', encodeTrace(draw('agent 0-100', { id: '1'.repeat(32), name: 'small' })))
    const running = await start('large', '--port', '0', '--no-otlp', '--json')
    const { url, token } = JSON.parse(running.first) as { url: string; token: string }
    const list = await patiently(async () => {
      const found = (await ask(new URL('/', url).href, '/api/runs?sort=name', { headers: { Authorization: `Bearer ${token}` } })).json<RunList>()
      return found.total === 2 ? found : undefined
    })
    expect(list.runs.map(({ name, problem }) => [name, problem])).toEqual([['a.json.gz', expect.stringContaining('no known format')], ['small', undefined]])
    expect(await running.stop('SIGTERM')).toBe(0)
  })

  test('what makes no sense is told', async () => {
    const desk = new Desk()
    desk.write('file.jsonl', '')
    for (const [words, reason] of [
      [['--port', '70000'], '--port must be a port'], [['--content', 'some'], '--content must be none or full'], [['nowhere'], 'no such folder'],
      [['file.jsonl'], 'is a file'], [['a', 'b'], 'takes one folder'], [['--retention-days', 'x'], '--retention-days must be'],
    ] as const) {
      expect(await desk.say(['ui', ...words])).toMatchObject({ code: 2, err: expect.stringContaining(reason) })
    }
    desk.remove()
  })
})
