import { spawn } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { constants, gunzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { RunList } from '../viewer/api.ts'
import { ReceivedFiles } from '../viewer/server/received-files.ts'
import { receivedPath } from '../viewer/server/received-path.ts'
import { buildCli } from './support/built-cli.ts'
import { ask, Board } from './support/dashboard.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }
const TRACE = '5b8efff798038103d269b633813fc60c'
const hex = (number: number, digits: number): string => number.toString(16).padStart(digits, '0')

const span = (traceId: string, number: number): object => ({
  traceId, spanId: hex(number, 16), name: `span ${number}`, startTimeUnixNano: '1760000000000000001', endTimeUnixNano: '1760000001000000001', ...(number > 1 && { parentSpanId: hex(1, 16) }),
})
const request = (...spans: readonly object[]): string => JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] })

let board: Board
beforeEach(async () => {
  board = await new Board().start()
})
afterEach(async () => {
  vi.restoreAllMocks()
  await board.close()
  board.remove()
})

const send = (...spans: readonly object[]) => board.otlp('/v1/traces', { headers: JSON_TYPE, body: request(...spans) })
const today = (): string => join(board.folder, 'received', new Date().toISOString().slice(0, 10))

/** Ids of the spans in all files of a trace. */
function spansIn(folder: string, traceId: string): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith(`${traceId}.otlp.jsonl.gz`))
  const text = names.map((name) => gunzipSync(readFileSync(join(folder, name)), { finishFlush: constants.Z_SYNC_FLUSH }).toString()).join('')
  return Array.from(text.matchAll(/"spanId":"([0-9a-f]{16})"/g), ([, id]) => id!).toSorted()
}

/** The next write to a file takes so many bytes, and then the disk is full. */
async function fillDisk(bytes: number): Promise<void> {
  const probe = await open(join(board.folder, 'probe'), 'w')
  const prototype = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  vi.spyOn(prototype, 'appendFile').mockImplementation(async function full(this: FileHandle, data) {
    await this.write((data as Buffer).subarray(0, bytes))
    throw Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC' })
  })
}

describe('what cannot be written', () => {
  test.each([0, 1, 20, 60])('a disk that is full after %i bytes: 503, and nothing that was acknowledged is lost', async (bytes) => {
    expect((await send(span(TRACE, 1), span(TRACE, 2))).status).toBe(200)
    await fillDisk(bytes)
    for (let i = 3; i <= 5; i++) {
      const { status, headers, text } = await send(span(TRACE, i))
      expect([status, headers['retry-after'], text]).toEqual([503, '1', expect.stringContaining('ENOSPC')])
    }
    expect(spansIn(board.folder, TRACE)).toEqual(expect.arrayContaining([hex(1, 16), hex(2, 16)]))
    vi.restoreAllMocks()
    expect((await send(span(TRACE, 6))).status).toBe(200)
    expect(spansIn(board.folder, TRACE)).toEqual(expect.arrayContaining([1, 2, 6].map((i) => hex(i, 16))))
    await board.dashboard.store.settled()
    expect((await board.api('runs')).json<RunList>().runs[0]).toMatchObject({ outcome: 'ok', traceId: TRACE })
    expect(readdirSync(today())).toEqual([`${TRACE}.otlp.jsonl.gz`])
  })

  test('a disk that is full while a torn file is mended', async () => {
    expect((await send(span(TRACE, 1), span(TRACE, 2))).status).toBe(200)
    await board.close()
    const path = join(today(), `${TRACE}.otlp.jsonl.gz`)
    const whole = readFileSync(path)
    writeFileSync(path, Buffer.concat([whole, whole.subarray(0, whole.length / 2)]))
    await board.start()
    const probe = await open(path, 'r')
    const prototype = Object.getPrototypeOf(probe) as FileHandle
    await probe.close()
    vi.spyOn(prototype, 'writeFile').mockRejectedValue(Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' }))
    expect((await send(span(TRACE, 3))).status).toBe(503)
    expect([spansIn(board.folder, TRACE), readdirSync(today())]).toEqual([[hex(1, 16), hex(2, 16)], [`${TRACE}.otlp.jsonl.gz`]])
    vi.restoreAllMocks()
    expect((await send(span(TRACE, 3))).status).toBe(200)
    expect(spansIn(board.folder, TRACE)).toEqual([1, 2, 3].map((i) => hex(i, 16)))
  })

  test('a folder that takes nothing: 503, also as Protobuf; and none when it does again', async () => {
    mkdirSync(board.folder, { recursive: true })
    writeFileSync(join(board.folder, 'received'), 'in the way')
    const { status, headers } = await send(span(TRACE, 1))
    expect([status, headers['retry-after']]).toEqual([503, '1'])
    rmSync(join(board.folder, 'received'))
    expect((await send(span(TRACE, 1))).status).toBe(200)
    rmSync(board.folder, { recursive: true })
    expect((await send(span(TRACE, 1))).status).toBe(200)
    if (process.getuid?.() === 0) return
    chmodSync(today(), 0o500)
    expect((await send(span(hex(7, 32), 1))).status).toBe(503)
    chmodSync(today(), 0o700)
  })

  test.each(['received', 'day', 'file'])('a link in place of the %s is not followed', async (what) => {
    const outside = mkdtempSync(join(tmpdir(), 'spanwise-outside-'))
    const target = what === 'received' ? join(board.folder, 'received') : what === 'day' ? today() : join(today(), `${TRACE}.otlp.jsonl.gz`)
    mkdirSync(dirname(target), { recursive: true })
    if (what === 'file') writeFileSync(join(outside, 'file'), '')
    symlinkSync(what === 'file' ? join(outside, 'file') : outside, target)
    expect((await send(span(TRACE, 1))).status).toBe(503)
    expect(readdirSync(outside, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.gz'))).toEqual([])
    if (what === 'file') expect(readFileSync(join(outside, 'file'), 'utf8')).toBe('')
    rmSync(outside, { recursive: true })
  })
})

describe('where it is written', () => {
  test('is made of ids that are hex digits, and of nothing else that a client sends', async () => {
    const ids = ['../../etc/passwd', '..%2f..%2fx', `${'../'.repeat(10)}x`.padEnd(32, 'a'), 'g'.repeat(32), `${'a'.repeat(31)}/`, `${'a'.repeat(31)}\u0000`, `${'a'.repeat(31)}．`, 'a'.repeat(33), 'a'.repeat(31), `${TRACE}\n`, ` ${TRACE}`, '__proto__', '', '0'.repeat(32), 5, null, [TRACE], { toString: TRACE }]
    for (const traceId of ids) {
      const { status, text } = await send({ ...span(TRACE, 1), traceId })
      expect([traceId, status, JSON.parse(text)]).toEqual([traceId, 200, { partialSuccess: { rejectedSpans: '1', errorMessage: expect.any(String) } }])
    }
    expect(existsSync(join(board.folder, 'received'))).toBe(false)
    expect((await send({ ...span(TRACE, 1), traceId: TRACE.toUpperCase() })).status).toBe(200)
    expect(readdirSync(today())).toEqual([`${TRACE}.otlp.jsonl.gz`])
    const files = new ReceivedFiles({ folder: board.folder, nowEpochMs: Date.now, written: () => {} })
    for (const traceId of ids.filter((one) => typeof one === 'string' && !/^0+$/.test(one))) expect(() => files.add(traceId as string, '{}', true)).toThrow('32 hex digits')
  })

  test.each(['2026-02-30', '2026-13-01', '9999-01-01', '0000-00-00'])('no day is %s', (day) => {
    expect(receivedPath(`received/${day}/${TRACE}.otlp.jsonl.gz`)).toBeUndefined()
    expect(receivedPath(`received/2026-11-20/${TRACE}.otlp.jsonl.gz`)).toEqual({ day: '2026-11-20', traceId: TRACE })
  })

  test('headers change nothing', async () => {
    const junk = { traceparent: '00-../../x-zz-01', tracestate: '='.repeat(500), baggage: 'k=%E0%A4%A;../x', 'x-forwarded-host': 'evil.example', 'x-original-url': '/api/info', 'x-http-method-override': 'DELETE', forwarded: 'host=evil' }
    expect((await board.otlp('/v1/traces', { headers: { ...JSON_TYPE, ...junk }, body: request(span(TRACE, 1)) })).status).toBe(200)
    expect(readdirSync(today())).toEqual([`${TRACE}.otlp.jsonl.gz`])
    await board.dashboard.store.settled()
    expect((await board.api('runs', { headers: junk })).json<RunList>().total).toBe(1)
  })

  test('texts that are made to take long do not', async () => {
    const long = ['a', ' ', '"', '\\', 'sk-', '-----BEGIN ', '{', '[', '..', '=', '://a:', 'Bearer ', 'nano" '].map((piece) => piece.repeat(1_000_000 / piece.length))
    for (const text of long) {
      const before = process.cpuUsage()
      const attributes = ['gen_ai.input.messages', 'x', text.slice(0, 300), 'gen_ai.prompt.0.content', 'db.query.text'].map((key) => ({ key, value: { stringValue: text } }))
      expect((await send({ ...span(TRACE, 1), name: text, attributes, status: { code: 2, message: text } })).status).toBe(200)
      const { user } = process.cpuUsage(before)
      // Seven texts of a megabyte, each read, masked and written.
      expect([text.slice(0, 12), user / 1e6 < 3]).toEqual([text.slice(0, 12), true])
    }
  }, 60_000)
})

test('a run is not removed while something is written to it, and what comes then is kept', async () => {
  const files = new ReceivedFiles({ folder: board.folder, nowEpochMs: Date.now, written: () => {} })
  const path = `received/${new Date().toISOString().slice(0, 10)}/${TRACE}.otlp.jsonl.gz`
  const line = (i: number): string => request(span(TRACE, i))
  const first = files.add(TRACE, line(1), true)
  expect(await files.alone(path, () => Promise.reject(new Error('never')))).toBe(false)
  await first
  let late: Promise<void> | undefined
  expect(await files.alone(path, async () => {
    late = files.add(TRACE, line(2), false)
    await new Promise((resolve) => setTimeout(resolve, 50))
    rmSync(join(board.folder, path))
    files.forget(path)
  })).toBe(true)
  await late
  await files.add(TRACE, line(3), false)
  expect(spansIn(board.folder, TRACE)).toEqual([hex(2, 16), hex(3, 16)])
  await files.flush()
})

test('removing runs while they are written: no acknowledged span is half there', async () => {
  const traces = Array.from({ length: 20 }, (_, i) => hex(i + 1, 32))
  for (const trace of traces) await send(span(trace, 1))
  await board.dashboard.store.settled()
  const { runs } = (await board.api('runs?limit=500')).json<RunList>()
  const answers = await Promise.all(runs.flatMap(({ key, traceId }) => [
    send(span(traceId, 2)), board.api(`runs/${key}`, { method: 'DELETE' }), send(span(traceId, 3)), board.api(`runs/${key}`, { method: 'DELETE' }),
  ]))
  expect([...new Set(answers.map(({ status }) => status))].filter((status) => ![200, 204, 404, 409].includes(status))).toEqual([])
  for (const trace of traces) expect((await send(span(trace, 4))).status).toBe(200)
  for (const trace of traces) expect(spansIn(board.folder, trace)).toContain(hex(4, 16))
  await board.dashboard.store.settled()
  expect((await board.api('runs?limit=500')).json<RunList>().runs.filter(({ problem }) => problem !== undefined)).toEqual([])
})

test('all that was acknowledged is found after the process was killed under load, again and again', async () => {
  const built = await buildCli()
  const acknowledged = new Map<string, Set<string>>()
  let next = 0
  try {
    for (let round = 0; round < 4; round++) {
      const child = spawn(process.execPath, [built.main, 'ui', 'runs', '--port', '0', '--otlp-port', '0', '--json'], { cwd: built.cwd, stdio: ['ignore', 'pipe', 'inherit'] })
      mkdirSync(join(built.cwd, 'runs'), { recursive: true })
      const first = await new Promise<string>((resolve) => child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())))
      const { receiver } = JSON.parse(first) as { receiver: { url: string } }
      let isOver = false
      const senders = Array.from({ length: 8 }, async () => {
        while (!isOver) {
          const spans = Array.from({ length: 20 }, () => ++next).map((number) => ({ traceId: hex((number % 40) + 1, 32), spanId: hex(number, 16) }))
          const body = request(...spans.map((ids) => ({ ...span(ids.traceId, 2), ...ids })))
          const answer = await ask(receiver.url, '/v1/traces', { method: 'POST', headers: JSON_TYPE, body }).catch(() => undefined)
          if (answer?.status !== 200) continue
          for (const { traceId, spanId } of spans) acknowledged.set(traceId, (acknowledged.get(traceId) ?? new Set()).add(spanId))
        }
      })
      await new Promise((resolve) => setTimeout(resolve, 700 + round * 150))
      child.kill('SIGKILL')
      isOver = true
      await Promise.all([...senders, new Promise((resolve) => child.once('exit', resolve))])
    }
    // What a start makes of it.
    const again = new Board()
    again.remove()
    Object.assign(again, { folder: join(built.cwd, 'runs') })
    await again.start()
    await again.dashboard.store.settled()
    const { runs } = (await again.api('runs?limit=500')).json<RunList>()
    const counts = new Map(runs.map(({ traceId, spans }) => [traceId, spans]))
    expect(acknowledged.size).toBe(40)
    for (const [traceId, ids] of acknowledged) {
      const found = new Set(spansIn(again.folder, traceId))
      expect([...ids].filter((id) => !found.has(id))).toEqual([])
      expect(counts.get(traceId)).toBeGreaterThanOrEqual(ids.size)
    }
    await again.close()
  } finally {
    built.remove()
  }
}, 60_000)
