import { spawnSync } from 'node:child_process'
import { existsSync, lstatSync, mkdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { seal } from '../src/trace-file/frame.ts'
import { encodeTrace } from '../src/trace-file/index.ts'
import type { RunList, RunStatistics } from '../viewer/api.ts'
import { draw } from './draw.ts'
import { Board } from './support/dashboard.ts'
import { syntheticIndex } from './support/many-summaries.ts'
import { seeded } from './support/random.ts'

const id = (i: number): string => i.toString(16).padEnd(32, 'a')

let board: Board
let path: string
beforeEach(() => {
  board = new Board()
  for (let i = 1; i <= 3; i++) board.record(`agent 0-${i}00\n  search 1-${i}0 tool`, { id: id(i), name: `run ${i}` })
  path = join(board.folder, '.index.jsonl')
})
afterEach(async () => {
  await board.close().catch(() => {})
  board.remove()
})

/** That of a folder with these runs. */
async function goodIndex(): Promise<string> {
  await board.start()
  await board.dashboard.store.settled()
  await board.close()
  return readFileSync(path, 'utf8')
}

/** Whatever there was before, the runs are in the list, and all that is asked for is answered. */
async function expectAllThere(): Promise<void> {
  await board.start()
  await board.dashboard.store.settled()
  const list = (await board.api('runs?sort=name')).json<RunList>()
  expect(list.runs.map(({ name, spans, problem }) => [name, spans, problem])).toEqual([1, 2, 3].map((i) => [`run ${i}`, 2, undefined]))
  expect((await board.api('statistics')).json<RunStatistics>().runs).toBe(3)
  for (const { key } of list.runs) expect((await board.api(`runs/${key}/document`)).status).toBe(200)
  await board.close()
}

describe('an index that is none costs reading the files again', () => {
  test.each<[what: string, make: () => void]>([
    ['a folder', () => mkdirSync(path)],
    ['a folder with something in it', () => void board.write('.index.jsonl/x', 'x')],
    ['a link to nowhere', () => symlinkSync(join(board.folder, 'nowhere'), path)],
    ['a pipe that nobody writes to', () => void spawnSync('bash', ['-c', 'mkfifo "$0"', path])],
    ['a file that nobody may read', () => writeFileSync(path, 'x', { mode: 0 })],
    ['empty', () => writeFileSync(path, '')],
    ['a line without an end', () => writeFileSync(path, 'x'.repeat(70_000_000))],
    ['zeros', () => writeFileSync(path, Buffer.alloc(100_000))],
  ])('%s', async (_what, make) => {
    make()
    await expectAllThere()
    // Once more, with what it has become.
    await expectAllThere()
  })

  test('where nothing can be written it is in memory alone', async () => {
    mkdirSync(path)
    mkdirSync(`${path}.new`)
    await expectAllThere()
    expect(lstatSync(path).isDirectory()).toBe(true)
  })

  test('what a link points to is neither read nor written', async () => {
    const elsewhere = join(dirname(board.folder), 'elsewhere')
    writeFileSync(elsewhere, 'precious\n')
    symlinkSync(elsewhere, path)
    symlinkSync(elsewhere, `${path}.new`)
    await expectAllThere()
    expect(readFileSync(elsewhere, 'utf8')).toBe('precious\n')
  })
})

describe('lines in another shape, under checksums that fit', () => {
  const header = `${seal({ format: 'spanwise-index', version: 1 }, 0)}\n`
  const lines = (...records: readonly object[]): string => `${header}${records.map((record) => `${seal(record, 0)}\n`).join('')}`

  test.each<[what: string, record: object]>([
    ['a file that is an object', { file: { path: 'a' }, by: 0, runs: [] }],
    ['a file that is a number', { file: 5, by: 0, runs: [] }],
    ['runs that are none', { file: ['a.jsonl', 1, 1, 0, 0], by: 0, runs: [5, null, {}, []] }],
    ['runs that are no list', { file: ['a.jsonl', 1, 1, 0, 0], by: 0, runs: { length: 3 } }],
    ['words that are no texts', { words: [1, null, {}], from: 1 }],
    ['words without an end', { words: 'abc', from: 1 }],
    ['words that are there', { words: ['run 1', 'run 1'], from: 1 }],
    ['words from elsewhere', { words: ['x'], from: 99 }],
    ['something gone that is no path', { gone: { x: 1 } }],
    ['nothing', {}],
    ['names of prototypes', { ['__proto__']: 1, constructor: { prototype: 1 }, file: ['__proto__', 1, 1, 0, 0], by: 0, runs: [] }],
  ])('%s', async (_what, record) => {
    writeFileSync(path, lines({ words: ['1.2.3'], from: 0 }, record))
    await expectAllThere()
    expect(({} as Record<string, unknown>)['prototype']).toBeUndefined()
  })

  test('mutated at random', async () => {
    const good = (await goodIndex()).trimEnd().split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
    const random = seeded(7)
    const pick = <T>(from: readonly T[]): T => from[Math.floor(random() * from.length)]!
    const odd = (): unknown => pick([null, -1, 1e300, 0.5, '', 'x', [], {}, true, 1e9, [[[]]], { low: 1 }, '../x', '\u0000', Number.MAX_SAFE_INTEGER, '__proto__', -2])
    const mutated = (value: unknown, chance: number): unknown => {
      if (random() < chance) return odd()
      if (Array.isArray(value)) return value.map((one) => mutated(one, chance))
      return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value).map(([key, one]) => [key, mutated(one, chance)])) : value
    }
    for (let i = 0; i < 60; i++) {
      const some = Array.from({ length: 12 }, () => mutated(pick(good), pick([0, 0.01, 0.1])) as object).map((record) => {
        const { sum: _sum, ...rest } = typeof record === 'object' && record !== null ? record as Record<string, unknown> : {}
        return rest
      })
      writeFileSync(path, lines(...some))
      await board.start()
      await board.dashboard.store.settled()
      expect((await board.api('statistics')).status).toBe(200)
      const { runs } = (await board.api('runs?sort=name')).json<RunList>()
      expect([i, runs.map(({ traceId }) => traceId).toSorted()]).toEqual([i, [id(1), id(2), id(3)]])
      await board.close()
    }
  })

  test('random bytes', async () => {
    const random = seeded(8)
    for (let i = 0; i < 20; i++) {
      const bytes = Uint8Array.from({ length: Math.floor(random() * 3_000) }, () => (random() < 0.05 ? 10 : Math.floor(random() * 256)))
      writeFileSync(path, random() < 0.5 ? bytes : Buffer.concat([Buffer.from(header), bytes]))
      await expectAllThere()
    }
  })
})

test('a path in it leads nowhere else', async () => {
  const secret = join(dirname(board.folder), 'secret.json')
  writeFileSync(secret, encodeTrace(draw('agent 0-100', { id: id(9), name: 'secret' })))
  symlinkSync(dirname(board.folder), join(board.folder, 'up'))
  const [header, words, line] = [...syntheticIndex(1, '1.2.3', 0)]
  for (const outside of ['../secret.json', 'a/../../secret.json', 'up/secret.json', secret, '/etc/hostname', './x.jsonl', 'a//b.jsonl', 'received/../../secret.json']) {
    const { file: [, ...facts], by, runs } = JSON.parse(line!) as { file: unknown[]; by: number; runs: unknown[] }
    facts[1] = Date.now() + 1e9
    facts[2] = outside.startsWith('received') ? 1 : 0
    writeFileSync(path, `${header}${words}${seal({ file: [outside, ...facts], by, runs }, 0)}\n`)
    await board.start()
    const { runs: found } = (await board.api('runs')).json<RunList>()
    for (const { key } of found.filter(({ name }) => !name.startsWith('run'))) {
      for (const what of ['document', 'share', 'export?format=json']) expect([outside, what, (await board.api(`runs/${key}/${what}`)).status >= 400]).toEqual([outside, what, true])
      expect([outside, (await board.api(`runs/${key}`, { method: 'DELETE' })).status >= 400]).toEqual([outside, true])
    }
    await board.dashboard.store.settled()
    expect((await board.api('runs?q=secret')).json<RunList>().total).toBe(0)
    await board.close()
    expect(existsSync(secret)).toBe(true)
  }
})

describe('links', () => {
  test('that come while it runs are not followed', async () => {
    const outside = join(dirname(board.folder), 'outside.jsonl')
    writeFileSync(outside, encodeTrace(draw('agent 0-100', { id: id(9), name: 'outside' })))
    await board.start()
    await board.dashboard.store.settled()
    symlinkSync(outside, join(board.folder, 'link.jsonl'))
    // What the system tells of is looked at after a moment.
    await new Promise((resolve) => setTimeout(resolve, 500))
    await board.dashboard.store.settled()
    expect((await board.api('runs')).json<RunList>().total).toBe(3)
  })

  test('in place of a file, or of a folder on the way to it, that was there before', async () => {
    const outside = join(dirname(board.folder), 'elsewhere')
    mkdirSync(outside)
    const text = (name: string): string => encodeTrace(draw('agent 0-100', { id: id(9), name }))
    writeFileSync(join(outside, 'a.jsonl'), text('outside'))
    const inside = board.write('deep/a.jsonl', text('inside1'))
    await board.start()
    await board.dashboard.store.settled()
    const { runs: [run] } = (await board.api('runs?q=inside1')).json<RunList>()
    const { atime, mtime } = lstatSync(inside)
    utimesSync(join(outside, 'a.jsonl'), atime, mtime)
    rmSync(dirname(inside), { recursive: true })
    symlinkSync(outside, dirname(inside))
    for (const what of ['document', 'export?format=json', 'share']) expect([what, (await board.api(`runs/${run!.key}/${what}`)).status]).toEqual([what, 404])
    expect((await board.api(`runs/${run!.key}`, { method: 'DELETE' })).status).toBeGreaterThanOrEqual(400)
    expect(existsSync(join(outside, 'a.jsonl'))).toBe(true)
    await board.dashboard.store.settled()
    expect((await board.api('runs?q=outside')).json<RunList>().total).toBe(0)
  })
})
