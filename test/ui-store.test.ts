import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync, symlinkSync, unlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { request } from 'node:http'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { encodeTrace } from '../src/trace-file/index.ts'
import type { RunList, ServerEvent } from '../viewer/api.ts'
import { surplus } from '../viewer/server/retention.ts'
import { draw } from './draw.ts'
import { Board, TOKEN } from './support/dashboard.ts'
import { syntheticIndex } from './support/many-summaries.ts'

const DAY_MS = 86_400_000
const id = (i: number): string => i.toString(16).padStart(32, 'a')

let board: Board
let now: number
const clock = { nowEpochMs: () => now }
beforeEach(() => {
  board = new Board()
  now = Date.now()
})
afterEach(async () => {
  await board.close()
  board.remove()
})

const list = async (query = ''): Promise<RunList> => (await board.api(`runs${query}`)).json<RunList>()
const names = async (): Promise<string[]> => {
  await board.dashboard.store.settled()
  return (await list('?sort=name')).runs.map(({ name }) => name)
}

async function send(traceId: string, name: string, { isRoot = true } = {}): Promise<void> {
  const span = { traceId, spanId: traceId.slice(-16), name, startTimeUnixNano: '1760000000000000001', endTimeUnixNano: '1760000001000000001', ...(!isRoot && { parentSpanId: 'b'.repeat(16) }) }
  const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })
  expect((await board.otlp('/v1/traces', { headers: { 'Content-Type': 'application/json' }, body })).status).toBe(200)
}

const receivedFiles = (): string[] => {
  const folder = join(board.folder, 'received')
  return existsSync(folder) ? readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.jsonl.gz')).map((name) => join(folder, name)) : []
}

/** As if it had been written so long ago. */
function age(path: string, ms: number): void {
  const time = (now - ms) / 1_000
  utimesSync(path, time, time)
}

describe('after a restart', () => {
  test('all is there at once, and nothing is read again', async () => {
    board.record('agent 0-100\n  search 40-60 tool', { id: id(1), name: 'recorded' })
    await board.start()
    await send(id(2), 'received')
    expect(await names()).toEqual(['received', 'recorded'])
    const before = await list()
    await board.close()
    // What is not read cannot be missed.
    const path = receivedFiles()[0]!
    const { mtime, size } = statSync(path)
    writeFileSync(path, 'x'.repeat(size))
    utimesSync(path, mtime, mtime)
    await board.start()
    expect(await list()).toEqual(before)
    expect(await names()).toEqual(['received', 'recorded'])
  })

  test('late spans go to the file of their trace', async () => {
    await board.start(clock)
    await send(id(2), 'first', { isRoot: false })
    expect(await names()).toEqual(['first'])
    await board.close()
    // A write that a crash has cut.
    const path = receivedFiles()[0]!
    appendFileSync(path, readFileSync(path).subarray(0, statSync(path).size - 12))
    now += 2 * DAY_MS
    await board.start(clock)
    expect(await names()).toEqual(['first'])
    await send(id(2).replace(/.$/, '3'), 'other')
    const sent = receivedFiles()
    expect(sent).toHaveLength(2)
    const body = JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: id(2), spanId: 'b'.repeat(16), name: 'root', startTimeUnixNano: '1760000000000000000', endTimeUnixNano: '1760000001000000009' }] }] }] })
    await board.otlp('/v1/traces', { headers: { 'Content-Type': 'application/json' }, body })
    expect(receivedFiles()).toHaveLength(2)
    expect(await names()).toEqual(['other', 'root'])
    expect((await list('?q=root')).runs[0]).toMatchObject({ spans: 2 })
  })

  test.each(['cut in the middle', 'with a damaged line', 'of another version', 'gone', 'nonsense'])('an index %s costs reading again, and no run', async (what) => {
    for (let i = 1; i <= 5; i++) board.record(`agent 0-${i}00`, { id: id(i), name: `run ${i}` })
    await board.start()
    const all = await names()
    const before = await list()
    await board.close()
    const path = join(board.folder, '.index.jsonl')
    const text = readFileSync(path, 'utf8')
    if (what === 'cut in the middle') writeFileSync(path, text.slice(0, text.length * 0.6))
    else if (what === 'with a damaged line') writeFileSync(path, text.replace('run 3', 'run 9'))
    else if (what === 'of another version') writeFileSync(path, text.replace('"version":1', '"version":2'))
    else if (what === 'nonsense') writeFileSync(path, Buffer.from([0, 1, 2, 255, 10, 123, 125, 10]))
    else unlinkSync(path)
    await board.start()
    expect(await names()).toEqual(all)
    expect(await list()).toEqual(before)
    await board.close()
    await board.start()
    expect(await list()).toEqual(before)
  })

  test('another version says anew what it has to say', async () => {
    board.record('agent 0-100', { id: id(1), name: 'one' })
    await board.start({ version: '1.0.0' })
    await names()
    await board.close()
    const lines = (): number => readFileSync(join(board.folder, '.index.jsonl'), 'utf8').trimEnd().split('\n').length
    const before = lines()
    await board.start({ version: '1.0.0' })
    await names()
    await board.close()
    expect(lines()).toBe(before)
    await board.start({ version: '2.0.0' })
    expect((await list()).total).toBe(1)
    await names()
    await board.close()
    // Its name, and the run.
    expect(lines()).toBe(before + 2)
    await board.start({ version: '2.0.0' })
    await names()
    expect(lines()).toBe(before + 2)
  })

  test('what the index says of files that are gone is forgotten', async () => {
    board.write('.index.jsonl', [...syntheticIndex(5_000, '1.2.3', now - DAY_MS)].join(''))
    board.record('agent 0-100', { id: id(1), name: 'one' })
    await board.start()
    expect(await names()).toEqual(['one'])
    await board.close()
    await board.start()
    expect((await list()).total).toBe(1)
  })

  test('an index that says the same many times is written anew', async () => {
    board.record('agent 0-100', { id: id(1), name: 'one' })
    await board.start()
    await names()
    await board.close()
    const path = join(board.folder, '.index.jsonl')
    const [header, words, line] = readFileSync(path, 'utf8').trimEnd().split('\n')
    writeFileSync(path, `${header}\n${words}\n${`${line}\n`.repeat(200)}`)
    await board.start()
    expect(await list()).toMatchObject({ total: 1 })
    expect(readFileSync(path, 'utf8')).toBe(`${header}\n${words}\n${line}\n`)
  })
})

describe('files', () => {
  test('that come, change and go while it runs', async () => {
    await board.start()
    expect(await names()).toEqual([])
    const path = board.write('deep/er/a.spanwise.jsonl', encodeTrace(draw('agent 0-100', { id: id(1), name: 'one' })))
    expect(await names()).toEqual(['one'])
    writeFileSync(path, encodeTrace(draw('agent 0-100\n  more 1-2', { id: id(1), name: 'changed' })))
    expect(await names()).toEqual(['changed'])
    age(path, 5_000)
    await names()
    unlinkSync(path)
    expect(await names()).toEqual([])
  })

  test('that are moved keep the keys of their runs; copies have keys of their own', async () => {
    const text = encodeTrace(draw('agent 0-100', { id: id(1), name: 'moved' }))
    const from = board.write('run_1/a.spanwise.jsonl', text)
    await board.start()
    await names()
    const { runs: [before] } = await list()
    renameSync(from, join(board.folder, 'a.spanwise.jsonl'))
    await names()
    expect((await list()).runs.map(({ key }) => key)).toEqual([before!.key])
    board.write('copy.jsonl', text)
    await names()
    const keys = (await list()).runs.map(({ key }) => key)
    expect([keys.length, new Set(keys).size, keys.includes(before!.key)]).toEqual([2, 2, true])
    for (const key of keys) expect((await board.api(`runs/${key}/document`)).status).toBe(200)
  })

  test('that cannot be read are in the list, with the reason', async () => {
    const good = encodeTrace(draw('agent 0-100\n  one 1-2\n  two 3-4', { id: id(1), name: 'damaged' }))
    board.write('a.spanwise.jsonl', good.replace('"name":"one"', '"name":"0ne"'))
    board.write('newer.spanwise.jsonl', good.replaceAll('"version":1', '"version":9'))
    board.write('other.json', '{"what":"is this"}')
    board.write('b.jsonl.gz', Buffer.from([0x1f, 0x8b, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8]))
    board.write('empty.jsonl', '')
    await board.start()
    expect(await names()).toEqual(['b.jsonl.gz', 'damaged', 'newer.spanwise.jsonl', 'other.json'])
    const problems = Object.fromEntries((await list()).runs.map(({ name, problem }) => [name, problem]))
    expect(problems).toMatchObject({
      damaged: expect.stringContaining('damaged'), 'newer.spanwise.jsonl': expect.any(String), 'other.json': expect.stringContaining('no known format'), 'b.jsonl.gz': expect.stringContaining('cannot be read'),
    })
    const broken = (await list('?q=other.json')).runs[0]!
    expect((await board.api(`runs/${broken.key}/document`)).status).toBe(409)
  })

  test('outside of the folder are not seen, whatever points there', async () => {
    const outside = join(dirname(board.folder), 'outside.jsonl')
    board.write('inside.jsonl', encodeTrace(draw('agent 0-100', { id: id(1), name: 'inside' })))
    writeFileSync(outside, encodeTrace(draw('agent 0-100', { id: id(2), name: 'outside' })))
    symlinkSync(outside, join(board.folder, 'link.jsonl'))
    symlinkSync(dirname(board.folder), join(board.folder, 'up'), 'junction')
    await board.start()
    expect(await names()).toEqual(['inside'])
  })

  test('are removed one by one, and not while they are written or hold other runs', async () => {
    const path = board.write('one.jsonl', encodeTrace(draw('agent 0-100', { id: id(1), name: 'one' })))
    board.write('two.jsonl', encodeTrace(draw('agent 0-100', { id: id(2), name: 'two' })) + encodeTrace(draw('agent 0-100', { id: id(3), name: 'three' })))
    const live = encodeTrace(draw('agent 0-\n  step 1-2', { id: id(4), name: 'live' })).split('\n').filter((line) => !line.includes('"end":{')).join('\n')
    board.write('live.jsonl', live)
    await board.start()
    expect(await names()).toEqual(['live', 'one', 'three', 'two'])
    const keys = Object.fromEntries((await list()).runs.map(({ name, key }) => [name, key]))
    const remove = async (name: string): Promise<number> => (await board.api(`runs/${keys[name]}`, { method: 'DELETE' })).status
    expect([await remove('one'), await remove('one'), await remove('two'), await remove('live')]).toEqual([204, 404, 409, 409])
    expect(existsSync(path)).toBe(false)
    expect(await names()).toEqual(['live', 'three', 'two'])
  })
})

describe('a run that goes on', () => {
  test('is live until it ends, or is silent', async () => {
    const lines = encodeTrace(draw('agent 0-100\n  one 1-20\n  two 30-90', { id: id(1), name: 'agent' })).trimEnd().split('\n')
    const open = encodeTrace(draw('agent 0-\n  one 1-20', { id: id(1), name: 'agent' })).trimEnd().split('\n').filter((line) => !line.includes('{"end":'))
    const path = board.write('live.spanwise.jsonl', `${open.join('\n')}\n`)
    await board.start(clock)
    await names()
    expect((await list()).runs[0]).toMatchObject({ live: true, outcome: 'open', spans: 2 })
    // Half of a line, as a writer leaves it.
    appendFileSync(path, lines[2]!.slice(0, 20))
    await names()
    const half = (await list()).runs[0]!
    expect([half.live, half.problem]).toEqual([true, undefined])
    expect((await list('?outcome=open')).total).toBe(1)
    now += 61_000
    const quiet = (await list()).runs[0]!
    expect([quiet.live, quiet.outcome]).toEqual([undefined, 'open'])
    writeFileSync(path, `${lines.join('\n')}\n`)
    await names()
    expect((await list()).runs[0]).toMatchObject({ outcome: 'ok', spans: 3 })
  })

  test('received without its root is live for a moment', async () => {
    await board.start(clock)
    await send(id(1), 'child', { isRoot: false })
    await board.dashboard.store.settled()
    expect((await list()).runs[0]).toMatchObject({ live: true, outcome: 'open' })
    expect((await list('?outcome=ok')).total).toBe(0)
    now += 61_000
    const over = (await list()).runs[0]!
    expect([over.live, over.outcome]).toEqual([undefined, 'ok'])
  })

  test('tells the pages that listen', async () => {
    await board.start()
    const { port } = new URL(board.base)
    const events: ServerEvent[] = []
    const heard = new Promise<void>((resolve) => {
      const stream = request({ host: '127.0.0.1', port, path: '/api/events', headers: { Authorization: `Bearer ${TOKEN}` } }, (response) => {
        expect(response.headers['content-type']).toBe('text/event-stream; charset=utf-8')
        response.on('data', (chunk: Buffer) => {
          for (const line of chunk.toString().split('\n')) if (line.startsWith('data: ')) events.push(JSON.parse(line.slice(6)) as ServerEvent)
          if (events.length > 0) resolve()
        })
        response.on('error', () => {})
        void send(id(1), 'one')
      })
      stream.on('error', () => {})
      stream.end()
    })
    await heard
    const { runs: [run] } = await list()
    expect(events[0]).toEqual({ type: 'changed', keys: [run!.key], runs: 1 })
  })
})

describe('retention', () => {
  test('received runs go when they are old, others never', async () => {
    await board.start({ ...clock, retentionDays: 15 })
    for (const [i, name] of ['ancient', 'old', 'new'].entries()) await send(id(i + 1), name)
    const recorded = board.write('recorded.jsonl', encodeTrace(draw('agent 0-100', { id: id(9), name: 'recorded' })))
    for (const path of receivedFiles()) age(path, path.includes(id(1)) ? 40 * DAY_MS : path.includes(id(2)) ? 16 * DAY_MS : 14 * DAY_MS)
    age(recorded, 400 * DAY_MS)
    await board.close()
    await board.start({ ...clock, retentionDays: 15 })
    expect(await names()).toEqual(['ancient', 'new', 'old', 'recorded'])
    expect(await board.dashboard.tidy()).toBe(2)
    expect(await names()).toEqual(['new', 'recorded'])
    expect(receivedFiles()).toHaveLength(1)
    now += 100 * DAY_MS
    // The newest stays.
    expect(await board.dashboard.tidy()).toBe(0)
  })

  test('which go', async () => {
    await board.start()
    const file = (path: string, ageMs: number, source: 'received' | 'recorded' = 'received') => ({ path, source, modifiedEpochMs: now - ageMs })
    const options = { days: 15, maxRuns: 3, nowEpochMs: () => now, isBusy: (path: string) => path === 'busy' }
    expect(surplus([file('a', 0), file('b', DAY_MS), file('c', 2 * DAY_MS), file('d', 3 * DAY_MS), file('busy', 90 * DAY_MS), file('r', 90 * DAY_MS, 'recorded')], options)).toEqual(['d'])
    expect(surplus([file('a', 20 * DAY_MS), file('b', 30 * DAY_MS)], options)).toEqual(['b'])
    expect(surplus([file('a', 20 * DAY_MS), file('b', 30 * DAY_MS)], { ...options, days: 0 })).toEqual([])
    expect(surplus([file('a', 10), file('b', 20), file('c', 30), file('d', 40)], options)).toEqual([])
    expect(surplus([file('c', 3 * DAY_MS), file('d', 4 * DAY_MS)], options, 2)).toEqual(['d'])
  })

  test('what is beyond the most that are kept, the oldest first; of those of one time the same each time', async () => {
    await board.start({ ...clock, maxReceivedRuns: 4 })
    for (let i = 1; i <= 9; i++) await send(id(i), `run ${i}`)
    await board.dashboard.store.settled()
    for (const path of receivedFiles()) age(path, [0, 1, 2, 2, 2, 2, 2, 2, 9, 10][Number.parseInt(path.split('.otlp')[0]!.slice(-1), 16)]! * DAY_MS)
    await board.close()
    await board.start({ ...clock, maxReceivedRuns: 4 })
    expect(await names()).toHaveLength(9)
    expect(await board.dashboard.tidy()).toBe(5)
    const left = await names()
    expect([left.length, left.includes('run 1'), left.includes('run 8'), left.includes('run 9'), await board.dashboard.tidy()]).toEqual([4, true, false, false, 0])
  })
})
