import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { Trace } from '../src/model/span.ts'
import { Profiler } from '../src/record/profiler.ts'
import { sweep, sweepSync } from '../src/record/sinks/retention.ts'
import { RunLines } from '../src/record/sinks/run-lines.ts'
import { decodeTrace } from '../src/trace-file/index.ts'
import { checkTrace } from './laws.ts'
import { build, type Built } from './support/built.ts'

const fs = process.getBuiltinModule('node:fs')
let dir: string
let warnings: string[]
const hear = (warning: Error): void => void (warning.name === 'SpanwiseWarning' && warnings.push(warning.message))
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'spanwise-files-'))
  warnings = []
  process.on('warning', hear)
})
afterEach(() => {
  process.off('warning', hear)
  vi.restoreAllMocks()
  rmSync(dir, { recursive: true, force: true })
})

const read = (folder = dir): { traces: Trace[]; problems: unknown[] } => {
  const all = readdirSync(folder).map((name) => decodeTrace(readFileSync(join(folder, name), 'utf8')))
  return { traces: all.flatMap(({ traces }) => traces), problems: all.flatMap(({ problems }) => problems) }
}
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** A disk that takes nothing until it is let. */
function slowDisk(): { letGo(): void } {
  const { write } = fs
  const waiting: (() => void)[] = []
  let isSlow = true
  const slow = (...args: Parameters<typeof write>): void => void (isSlow ? waiting.push(() => write(...args)) : write(...args))
  vi.spyOn(fs, 'write').mockImplementation(slow as typeof write)
  return {
    letGo() {
      isSlow = false
      for (const go of waiting.splice(0)) go()
    },
  }
}

describe('a disk that is slower than the program', () => {
  test('bounds what waits in memory; what is left out is counted, said once, and in the file and the report', async () => {
    const disk = slowDisk()
    const profiler = new Profiler({ dir, content: 'full' })
    const tool = profiler.tool('big', () => 'x'.repeat(100_000))
    await profiler.run('agent', async () => {
      for (let i = 0; i < 900; i++) {
        tool()
        if (i % 10 === 0) await turn()
      }
    })
    const { lostSpans } = profiler.stats().written!
    expect(lostSpans).toBeGreaterThan(900 - 680)
    expect(lostSpans).toBeLessThan(900 - 620)
    // What begins meanwhile is left out as a whole.
    profiler.run('another', () => profiler.span('step', () => 1))
    expect(profiler.stats().written!.lostSpans).toBe(lostSpans + 2)
    disk.letGo()
    await profiler.flush()
    expect(warnings).toEqual([`runs cannot be written to ${dir}: the disk is slower than the program. The program goes on.`])
    const { traces: [trace, ...others], problems } = read()
    expect([others, problems]).toEqual([[], []])
    checkTrace(trace!)
    expect([trace!.spans.length + lostSpans, trace!.dropped.spans]).toEqual([901, lostSpans])
    expect((await analyze(trace!)).problems).toContainEqual(expect.objectContaining({ code: 'spans-dropped' }))
    // And then all is as before.
    profiler.run('after', () => {})
    await profiler.flush()
    expect(profiler.stats().written).toEqual({ files: 2, lostSpans: lostSpans + 2 })
  })

  test('is caught up with when it is fast again', async () => {
    const disk = slowDisk()
    const profiler = new Profiler({ dir, content: 'full' })
    const tool = profiler.tool('big', () => 'x'.repeat(100_000))
    const runs = Array.from({ length: 50 }, (_, i) => profiler.run(`run ${i}`, async () => { await turn(); for (let n = 0; n < 5; n++) tool() }))
    await Promise.all(runs)
    const flushed = profiler.flush()
    await turn()
    disk.letGo()
    await flushed
    expect(profiler.stats().written).toEqual({ files: 50, lostSpans: 0 })
    const { traces, problems } = read()
    expect([traces.map(({ spans }) => spans.length), problems]).toEqual([Array.from({ length: 50 }, () => 6), []])
  })
})

test('what one turn of the event loop writes has a limit, in spans and in text', async () => {
  const lengths: number[] = []
  const { take } = RunLines.prototype
  vi.spyOn(RunLines.prototype, 'take').mockImplementation(function (this: RunLines, ...limits) {
    const lines = take.apply(this, limits)
    lengths.push(lines.length)
    return lines
  })
  const profiler = new Profiler({ dir, content: 'full' })
  const tool = profiler.tool('search', () => 'x'.repeat(10_000))
  profiler.run('agent', () => { for (let i = 0; i < 1_000; i++) tool() })
  profiler.run('many', () => { for (let i = 0; i < 20_000; i++) profiler.span('step', () => i) })
  await profiler.flush()
  expect(Math.max(...lengths)).toBeLessThan(128_000 + 11_000 + 1_000)
  expect(lengths.reduce((sum, length) => sum + length)).toBeGreaterThan(10_000_000)
  expect(read()).toMatchObject({ problems: [], traces: [{}, {}] })
})

test.runIf(existsSync('/proc/self/fd'))('a long-lived service: nothing is left behind, and few files are open at once', async () => {
  const openFiles = (): number => readdirSync('/proc/self/fd').length
  const listeners = (): unknown => process.eventNames().map((name) => process.listenerCount(name))
  const profiler = new Profiler({ dir, maxTraces: 2 })
  profiler.run('first', () => {})
  await profiler.flush()
  const [before, filesBefore] = [listeners(), openFiles()]
  let most = 0
  for (let round = 0; round < 10; round++) {
    const done: (() => void)[] = []
    const runs = Array.from({ length: 200 }, () => profiler.run('agent', async () => {
      profiler.span('step', () => 1)
      await new Promise<void>((resolve) => done.push(resolve))
      profiler.span('step', () => 2)
    }))
    await profiler.flush()
    most = Math.max(most, openFiles())
    for (const end of done) end()
    await Promise.all(runs)
    await profiler.flush()
  }
  expect(most - filesBefore).toBeLessThanOrEqual(32)
  expect(openFiles()).toBeLessThanOrEqual(filesBefore)
  expect(listeners()).toEqual(before)
  expect(profiler.stats().written).toEqual({ files: 2_001, lostSpans: 0 })
  expect(profiler.traces.length).toBe(2)
  const { traces, problems } = read()
  expect(problems).toEqual([])
  expect(traces.filter(({ spans }) => spans.length === 3).length).toBe(2_000)
})

test('SPANWISE_BUFFER_SIZE says how many runs stay in memory', () => {
  vi.stubEnv('SPANWISE_BUFFER_SIZE', '3')
  const profiler = new Profiler()
  vi.unstubAllEnvs()
  for (let i = 0; i < 10; i++) profiler.run(`run ${i}`, () => {})
  expect(profiler.traces.map(({ name }) => name)).toEqual(['run 7', 'run 8', 'run 9'])
})

test.skipIf(process.platform === 'win32')('a folder that is deleted while a run is under way: what was in it is counted, and said once', async () => {
  const profiler = new Profiler({ dir })
  await profiler.run('agent', async () => {
    profiler.span('step', () => 1)
    await profiler.flush()
    rmSync(dir, { recursive: true })
    profiler.span('step', () => 2)
  })
  await profiler.flush()
  await turn()
  expect(profiler.stats().written).toEqual({ files: 1, lostSpans: 3 })
  expect(warnings).toEqual([`runs cannot be written to ${dir}: the file was deleted while it was written. The program goes on.`])
  mkdirSync(dir)
})

describe('tidying', () => {
  const DAY_S = 86_400
  const ended = '{"format":"spanwise"}\n{"end":{}}\n'
  const underWay = (pid: number): string => `{"format":"spanwise","version":1,"run":{"id":"a","process":{"pid":${pid},"runtime":"x"}}}\n`
  const make = (path: string, days: number, text = ended): void => {
    mkdirSync(join(dir, path, '..'), { recursive: true })
    writeFileSync(join(dir, path), text)
    utimesSync(join(dir, path), Date.now() / 1_000 - days * DAY_S, Date.now() / 1_000 - days * DAY_S)
  }
  const name = (n: number): string => `2026-11-01_10-20-30_${String(n).padStart(12, '0')}.spanwise.jsonl`
  const all = (): string[] => readdirSync(dir, { recursive: true }).map(String).map((path) => path.replaceAll('\\', '/')).sort()
  const keepTwo = { maxRuns: 2, maxAgeDays: 30, maxBytes: 1e9 }
  const stored = (): void => {
    for (const n of [1, 2, 3, 4]) make(name(n), n)
    make(name(5), 5, underWay(process.pid))
    make(name(6), 6, underWay(999_999_999))
    make(name(7), 7, '')
    make('notes.jsonl', 99)
    make(`${name(8)}.bak`, 99)
    make(`20261101-102030/${name(9)}`, 9)
    make(`run_2026-11-01_10-20-30-2/${name(10)}`, 10)
    make('run_2026-11-01_10-20-30-2/report.md', 10)
    make(`mine/${name(11)}`, 99)
    mkdirSync(join(dir, name(12)))
  }
  const left = ['run_2026-11-01_10-20-30-2', 'run_2026-11-01_10-20-30-2/report.md', name(1), name(2), name(5), name(12), `${name(8)}.bak`, 'mine', `mine/${name(11)}`, 'notes.jsonl'].sort()

  test('takes what is too much, here and in the folders of `spanwise run`; nothing else, and nothing that is being written', async () => {
    stored()
    await sweep(fs, dir, keepTwo, Date.now())
    expect(all()).toEqual(left)
  })

  test('the same at once, at the end of a process', () => {
    stored()
    sweepSync(fs, dir, keepTwo, Date.now())
    expect(all()).toEqual(left)
  })

  test('by several at once, in a folder that goes away, or that is none', async () => {
    stored()
    await Promise.all([1, 2, 3].map(() => sweep(fs, dir, keepTwo, Date.now())))
    expect(all()).toEqual(left)
    const last = sweep(fs, dir, { ...keepTwo, maxRuns: 1 }, Date.now())
    rmSync(dir, { recursive: true })
    await last
    await sweep(fs, join(dir, 'nowhere'), keepTwo, Date.now())
    expect(existsSync(dir)).toBe(false)
  })

  test('a file that its program has nothing to write to for long is kept fresh', async () => {
    vi.useFakeTimers({ toFake: ['Date', 'setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate'], now: 1e12 })
    const touched: unknown[] = []
    vi.spyOn(fs, 'utimes').mockImplementation((path, time) => void touched.push([String(path).startsWith(dir), time]))
    const profiler = new Profiler({ dir })
    const end = profiler.start('agent')
    await vi.advanceTimersByTimeAsync(100)
    // The file is opened beside the program.
    await vi.waitFor(() => expect(readdirSync(dir).length).toBe(1), { interval: 0 })
    await vi.advanceTimersByTimeAsync(50_000)
    vi.useRealTimers()
    expect(touched).toEqual([[true, expect.closeTo(1e9 + 20, 0)], [true, expect.closeTo(1e9 + 40, 0)]])
    end.end()
    await profiler.flush()
  })
})

describe('a process', () => {
  let built: Built
  beforeAll(async () => { built = await build() })
  afterAll(() => built.remove())

  test('that is soon over tidies too', () => {
    for (let i = 0; i < 5; i++) {
      const path = join(dir, `2026-11-01_10-20-30_00000000000${i}.spanwise.jsonl`)
      writeFileSync(path, '\n{"end":')
      utimesSync(path, Date.now() / 1_000 - 86_400, Date.now() / 1_000 - 86_400)
    }
    built.run(`import { Profiler } from 'spanwise'; new Profiler({ retention: { maxRuns: 2 } }).run('agent', () => {}); process.exit()`, { SPANWISE_DIR: dir })
    expect(readdirSync(dir).length).toBe(2)
  })

  test('does not wait for a disk that takes long, and says what is lost', () => {
    const { status, stderr, ms } = built.run(`
      import fs from 'node:fs'
      import { Profiler } from 'spanwise'
      const { writeSync } = fs
      fs.writeSync = (file, ...rest) => {
        if (file > 2) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 700)
        return writeSync(file, ...rest)
      }
      const profiler = new Profiler()
      for (let i = 0; i < 50; i++) profiler.run('agent', () => {})
      process.exit(3)
    `, { SPANWISE_DIR: dir })
    expect(status).toBe(3)
    expect(stderr).toBe(`SpanwiseWarning: runs cannot be written to ${dir}: it took longer than 2 seconds. The program goes on.\n`)
    expect(ms).toBeLessThan(8_000)
    expect(read()).toMatchObject({ problems: [], traces: [{ name: 'agent' }, {}, {}] })
  })
})
