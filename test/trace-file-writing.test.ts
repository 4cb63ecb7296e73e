import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Trace } from '../src/model/span.ts'
import { Profiler } from '../src/record/profiler.ts'
import { beginLlmCall } from '../src/record/llm-call.ts'
import { surplus } from '../src/record/sinks/retention.ts'
import { decodeTrace } from '../src/trace-file/index.ts'
import { checkTrace } from './laws.ts'
import { build, type Built } from './support/built.ts'

let dir: string
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'spanwise-files-')) })
afterEach(() => rmSync(dir, { recursive: true, force: true }))

const files = (folder = dir): string[] => (existsSync(folder) ? readdirSync(folder).sort().map((name) => join(folder, name)) : [])
const readAll = (folder = dir): { traces: Trace[]; problems: string[] } => {
  const all = files(folder).map((file) => decodeTrace(readFileSync(file, 'utf8')))
  for (const { traces } of all) for (const trace of traces) checkTrace(trace)
  return { traces: all.flatMap(({ traces }) => traces), problems: all.flatMap(({ problems }) => problems.map(({ message }) => message)) }
}

/** Parts are numbered in another order in the file than in memory. */
const resolved = (trace: Trace): unknown => ({
  ...trace, parts: trace.parts.map(({ hash }) => hash).sort(), overheadNs: 0,
  spans: trace.spans.map((span) => ({ ...span, llm: span.llm && { ...span.llm,
    requestParts: span.llm.requestParts?.map((at) => trace.parts[at]), responseParts: span.llm.responseParts?.map((at) => trace.parts[at]) } })),
})

const message = (text: string) => ({ text })
const call = (profiler: Profiler, history: readonly { text: string }[], answer: string): void => {
  const llm = beginLlmCall(profiler, { name: 'gpt-5', category: 'llm', provider: 'openai', operation: 'chat', api: 'x' })!
  llm.requestParts(history, (source) => [{ kind: 'user', text: (source as { text: string }).text }])
  llm.requestDone()
  llm.responseParts([{ kind: 'assistant', text: answer }])
  llm.usage({ complete: true, source: 'provider', raw: { n: 1 } })
  llm.end()
}

async function agent(profiler: Profiler): Promise<void> {
  await profiler.run('agent', async () => {
    const history = [message('first'), message('second')]
    call(profiler, history, 'answer')
    await profiler.flush()
    history.push(message('third'))
    call(profiler, history, 'another')
    profiler.tool('search', (_: object) => ({ found: 1 }))({ q: 'x' })
    try { profiler.tool('broken', () => { throw new Error('no') })() } catch {}
    profiler.start('left open')
  }, { tags: { env: 'test' }, attributes: { a: 1 } })
}

describe('a run becomes a file', () => {
  test.each(['none', 'full'] as const)('which says what memory says, content %s', async (content) => {
    const profiler = new Profiler({ dir, content, service: 'shop' })
    await agent(profiler)
    await agent(profiler)
    await profiler.flush()
    const { traces, problems } = readAll()
    expect(problems).toEqual([])
    expect(traces.map(resolved).sort(byId)).toEqual(profiler.traces.map(resolved).sort(byId))
    expect(traces[0]!.parts.map(({ text }) => text !== undefined)).toEqual(Array.from({ length: 5 }, () => content === 'full'))
    expect(profiler.stats().written).toEqual({ files: 2, lostSpans: 0 })
    for (const file of files()) {
      expect(file).toMatch(/\/\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d_[0-9a-f]{12}\.spanwise\.jsonl$/)
      if (process.platform !== 'win32') expect(statSync(file).mode & 0o777).toBe(0o600)
    }
  })

  test('also when its trace is read at once, which frees what it was made from', async () => {
    const profiler = new Profiler({ dir })
    profiler.on('runEnd', ({ trace }) => void trace!.spans.length)
    await agent(profiler)
    await profiler.flush()
    expect(readAll().traces.map(resolved)).toEqual(profiler.traces.map(resolved))
  })

  test('by itself, in time', async () => {
    const profiler = new Profiler({ dir })
    profiler.run('agent', () => profiler.span('step', () => 1))
    expect(files()).toEqual([])
    await expect.poll(() => readAll().traces.map(({ spans }) => spans.length), { timeout: 5_000 }).toEqual([2])
  })

  test('a run under way shows what is open', async () => {
    const profiler = new Profiler({ dir })
    await profiler.run('agent', async () => {
      profiler.span('done', () => 1)
      await profiler.span('under way', () => profiler.flush())
      const { traces: [trace], problems } = readAll()
      expect(trace!.spans.map(({ name, outcome }) => [name, outcome.state])).toEqual([['agent', 'open'], ['done', 'ok'], ['under way', 'open']])
      expect(problems).toEqual([expect.stringContaining('still running, or was killed')])
    })
  })

  test('a span that ends after its run is in the file', async () => {
    const profiler = new Profiler({ dir })
    const span = profiler.run('agent', () => profiler.start('late'))
    await profiler.flush()
    expect(readAll().traces[0]!.spans[1]).toMatchObject({ outcome: { state: 'open' }, late: true })
    span.end()
    await profiler.flush()
    expect(readAll()).toMatchObject({ problems: [], traces: [{ spans: [{}, { outcome: { state: 'ok' }, late: true }] }] })
  })

  test('no secret is in it, and a redactor that throws costs its texts alone', async () => {
    const key = `sk-proj-${'aB3dE5fG7h'.repeat(4)}`
    for (const content of ['none', 'full', () => { throw new Error('no') }] as const) {
      const profiler = new Profiler({ dir, content, service: key })
      await profiler.run(`agent ${key}`, async () => {
        call(profiler, [message(`my key is ${key}`)], `your key is ${key}`)
        profiler.tool('echo', (text: string) => text)(key)
        await profiler.span(key, () => { throw new Error(`bad key ${key}`) }, { attributes: { header: `Bearer ${key}` } })
      }).catch(() => {})
      await profiler.flush()
    }
    expect(readAll().problems).toEqual([])
    for (const file of files()) expect(readFileSync(file, 'utf8')).not.toContain('aB3dE5fG7h')
  })

  test('a file of the same name is never overwritten', async () => {
    const ids = { traceId: () => '1'.repeat(32), spanPrefix: () => '00000001' }
    const clock = { now: () => 0, epochMs: () => 0 }
    for (let i = 0; i < 3; i++) {
      const profiler = new Profiler({ dir, ids, clock })
      profiler.run('agent', () => {})
      await profiler.flush()
    }
    expect(files().length).toBe(3)
    expect(readAll().traces.length).toBe(3)
  })
})

const byId = (a: unknown, b: unknown): number => ((a as Trace).id < (b as Trace).id ? -1 : 1)

describe('a disk that takes nothing', () => {
  const places: readonly (readonly [what: string, make: () => string])[] = [
    ['a file in place of the folder', () => { writeFileSync(join(dir, 'x'), ''); return join(dir, 'x') }],
    ['a folder in a file', () => { writeFileSync(join(dir, 'x'), ''); return join(dir, 'x', 'y') }],
    ['no such device', () => '/dev/null/x'],
    ['a NUL in the path', () => '\0'],
    ...(process.getuid?.() === 0 ? [] : [['a folder that may not be written', () => { chmodSync(dir, 0o500); return dir }]] as const),
  ]
  test.each(places)('%s: the program goes on, and hears of it once', async (_, make) => {
    const warnings: string[] = []
    const hear = (warning: Error): void => void (warning.name === 'SpanwiseWarning' && warnings.push(warning.message))
    process.on('warning', hear)
    const profiler = new Profiler({ dir: make() })
    for (let i = 0; i < 3; i++) expect(profiler.run('agent', () => profiler.span('step', () => 5))).toBe(5)
    await profiler.flush()
    await new Promise((resolve) => setImmediate(resolve))
    process.off('warning', hear)
    expect(warnings).toEqual([expect.stringContaining('The program goes on')])
    expect(profiler.stats().written).toEqual({ files: 0, lostSpans: 6 })
    expect(profiler.traces.length).toBe(3)
  })

  test.runIf(existsSync('/dev/full'))('a full one: what is lost is counted', async () => {
    const profiler = new Profiler({ dir })
    const fs = process.getBuiltinModule('node:fs')
    const { open } = fs
    Object.assign(fs, { open: (_path: string, _flags: string, _mode: number, done: (error: Error | null, file: number) => void) => open('/dev/full', 'r+', done) })
    profiler.run('agent', () => {})
    await profiler.flush()
    Object.assign(fs, { open })
    expect(profiler.stats().written).toEqual({ files: 1, lostSpans: 1 })
  })

  test('a folder that goes away comes back with the next run', async () => {
    const profiler = new Profiler({ dir })
    profiler.run('agent', () => {})
    await profiler.flush()
    rmSync(dir, { recursive: true })
    profiler.run('agent', () => {})
    await profiler.flush()
    expect(files().length).toBe(1)
  })
})

test.each([
  [{ dir: 5 }, 'dir must be the path of a folder, or false, got 5'],
  [{ dir: '' }, 'dir must be the path of a folder, or false, got ""'],
  [{ retention: { maxFiles: 5 } }, 'retention has no maxFiles; it has maxRuns, maxAgeDays, maxBytes'],
  [{ retention: { maxRuns: 0 } }, 'retention.maxRuns must be a positive number, got 0'],
])('misuse %j', (options, shown) => {
  expect(() => new Profiler(options as object)).toThrow(shown)
})

test('retention: by number, bytes and age; the newest and those under way stay', () => {
  const now = 1e12
  const day = 86_400_000
  const stored = [0, 1, 2, 3, 40].map((days, i) => ({ path: `${i}`, bytes: 10, changedAt: now - days * day - i }))
  const gone = (limits: object, at = now): string => surplus(stored, { maxRuns: 99, maxAgeDays: 99, maxBytes: 999, ...limits }, at).map(({ path }) => path).join('')
  expect([gone({}), gone({ maxRuns: 3 }), gone({ maxBytes: 25 }), gone({ maxAgeDays: 30 }), gone({ maxRuns: 1, maxBytes: 1 })]).toEqual(['', '34', '234', '4', '1234'])
  expect(gone({ maxAgeDays: 1 }, now + 999 * day)).toBe('1234')
  expect(surplus([1, 2].map((i) => ({ path: `${i}`, bytes: 1, changedAt: now - i })), { maxRuns: 1, maxAgeDays: 1, maxBytes: 1 }, now)).toEqual([])
})

describe('processes', () => {
  let built: Built
  let folder: string
  beforeAll(async () => {
    built = await build()
    folder = built.run('console.log(process.cwd())').stdout.trim()
  })
  afterAll(() => built.remove())

  const work = `
    import { Profiler } from 'spanwise'
    const profiler = new Profiler()
    profiler.run('agent', () => { for (let i = 0; i < 50; i++) profiler.span('step', () => i) })
    profiler.run('unfinished', () => { profiler.span('step', () => 1); return new Promise(() => {}) })
  `
  const all = [[51, 'ok'], [2, 'open']]
  const seen = (): unknown => readAll().traces.map(({ spans }) => [spans.length, spans[0]!.outcome.state]).sort((a, b) => Number(b[0]) - Number(a[0]))

  test.each([
    ['a normal end', '', 0],
    ['process.exit', 'process.exit(3)', 3],
    ['an uncaught exception', 'throw new Error("x")', 1],
    ['an unhandled rejection', 'Promise.reject(new Error("x"))', 1],
    ['an exit code that was set', 'process.exitCode = 4', 4],
    ["a user's handler of an exception, which ends the process later", 'process.on("uncaughtException", () => setTimeout(() => process.exit(5), 5)); throw new Error("x")', 5],
    ["a user's handler of a rejection", 'process.on("unhandledRejection", () => { process.exitCode = 6 }); Promise.reject(new Error("x"))', 6],
    ["a user's handler at the exit", 'process.on("exit", (code) => { process.exitCode = code + 9 })', 9],
    ["an exit in the user's handler of a signal", 'process.on("SIGTERM", () => process.exit(7)); process.kill(process.pid, "SIGTERM"); setInterval(() => {}, 1000)', 7],
    ["a user's handler that goes on", 'process.on("SIGINT", () => { setTimeout(() => process.exit(8), 5) }); process.kill(process.pid, "SIGINT"); setInterval(() => {}, 1000)', 8],
  ])('%s loses nothing', (_, end, status) => {
    expect(built.run(work + end, { SPANWISE_DIR: dir }).status).toBe(status)
    expect(seen()).toEqual(all)
  })

  test.skipIf(process.platform === 'win32').each([
    ['alone', ''],
    // As the package signal-exit does it: it takes its listener off and sends the signal once more.
    ['beside a handler that passes it on', 'const f = () => { process.off(name, f); process.kill(process.pid, name) }; process.on(name, f);'],
    ['after a handler came and went', 'const f = () => {}; process.on(name, f); process.off(name, f);'],
  ])('a signal ends the process as a signal, %s', (_, handler) => {
    for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      rmSync(dir, { recursive: true, force: true })
      const script = join(folder, 'signal.mjs')
      writeFileSync(script, `${work}; const name = '${name}'; ${handler} process.kill(process.pid, name); setInterval(() => {}, 1000)`)
      let signal: unknown
      try { execFileSync(process.execPath, [script], { env: { ...process.env, SPANWISE_DIR: dir }, timeout: 10_000, stdio: 'ignore' }) } catch (error) { ({ signal } = error as { signal?: unknown }) }
      expect(signal).toBe(name)
      expect(seen()).toEqual(all)
    }
  })

  test('what a handler at the exit still records is written too', () => {
    const end = 'process.on("exit", () => { profiler.run("last words", () => { profiler.span("goodbye", () => 1) }) })'
    expect(built.run(`${work}; ${end}; process.exit(2)`, { SPANWISE_DIR: dir }).status).toBe(2)
    const { traces } = readAll()
    expect(traces.map(({ name, spans }) => [name, spans.length, spans[0]!.outcome.state]).sort()).toEqual([['agent', 51, 'ok'], ['last words', 2, 'ok'], ['unfinished', 2, 'open']])
  })

  const listeners = `
    const said = []
    process.on('SIGTERM', () => said.push('first'))
    ${work}
    process.once('SIGTERM', () => said.push('once'))
    process.on('SIGTERM', () => said.push('last'))
    process.on('beforeExit', () => { if (!said.includes('before')) said.push('before') })
    process.on('exit', (code) => console.log(JSON.stringify([...said, code, process.listenerCount('SIGTERM')])))
    process.kill(process.pid, 'SIGTERM')
    setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20)
    setTimeout(() => {}, 50)
  `
  test.skipIf(process.platform === 'win32')("the program's own listeners are called as often, and in the same order, as without us", () => {
    const [on, off] = [dir, '0'].map((where) => built.run(listeners, { SPANWISE_DIR: where }).stdout)
    expect(on).toBe('["first","once","last","first","last","before",0,2]\n')
    expect(on).toBe(off)
    expect(seen()).toEqual(all)
  })

  test('SPANWISE_DIR says where: a path, 1 for ./.spanwise, 0 for nowhere', () => {
    expect(built.run(work, { SPANWISE_DIR: '1' }).status).toBe(0)
    expect(files(join(folder, '.spanwise')).length).toBe(2)
    rmSync(join(folder, '.spanwise'), { recursive: true })
    expect(built.run(work, { SPANWISE_DIR: '0' }).status).toBe(0)
    expect(built.run(work, { SPANWISE_DIR: dir, SPANWISE: '0' }).status).toBe(0)
    expect([...files(), ...files(join(folder, '.spanwise'))]).toEqual([])
  })

  test('workers and child processes write side by side', () => {
    built.run(`
      import { Worker, isMainThread } from 'node:worker_threads'
      import { fork } from 'node:child_process'
      ${work}
      if (isMainThread && process.argv[2] !== 'child') {
        for (let i = 0; i < 3; i++) new Worker(new URL(import.meta.url))
        for (let i = 0; i < 3; i++) fork(process.argv[1], ['child'])
      }
    `, { SPANWISE_DIR: dir })
    expect(readAll().traces.map(({ spans }) => spans.length).sort()).toEqual([2, 2, 2, 2, 2, 2, 2, 51, 51, 51, 51, 51, 51, 51].sort())
  })

  test('the workers of a cluster write side by side', () => {
    const { status, stderr } = built.run(`
      import cluster from 'node:cluster'
      ${work}
      if (cluster.isPrimary) for (let i = 0; i < 4; i++) cluster.fork()
      else process.exit(0)
    `, { SPANWISE_DIR: dir })
    expect([status, stderr]).toEqual([0, ''])
    const { traces } = readAll()
    expect(traces.map(({ spans }) => spans.length).sort()).toEqual([2, 2, 2, 2, 2, 51, 51, 51, 51, 51])
    expect(new Set(traces.map((trace) => trace.process!.pid)).size).toBe(5)
    expect(files().length).toBe(10)
  })

  test.skipIf(process.platform === 'win32')('a program that has all its descriptors in use goes on, and its run is written when some are free', () => {
    const script = `
      import { openSync, closeSync } from 'node:fs'
      const held = []
      const holdAll = () => { try { for (;;) held.push(openSync('/dev/null', 'r')) } catch (error) { return error.code } }
      import { Profiler } from 'spanwise'
      const profiler = new Profiler()
      console.log(await profiler.run('agent', async () => {
        profiler.span('step', () => 1)
        const code = holdAll()
        await new Promise((resolve) => setTimeout(resolve, 150))
        for (const file of held) closeSync(file)
        return code
      }))
      await profiler.flush()
      console.log(JSON.stringify(profiler.stats().written))
    `
    writeFileSync(join(folder, 'few.mjs'), script)
    const stdout = execFileSync('sh', ['-c', `ulimit -n 64; exec "${process.execPath}" few.mjs`], { cwd: folder, encoding: 'utf8', env: { ...process.env, SPANWISE_DIR: dir } })
    expect(stdout).toBe('EMFILE\n{"files":1,"lostSpans":0}\n')
    expect(readAll()).toMatchObject({ problems: [], traces: [{ name: 'agent' }] })
  })

  test('a program that is over at once hears of a disk that takes nothing', () => {
    writeFileSync(join(dir, 'x'), '')
    const { status, stderr } = built.run(work, { SPANWISE_DIR: join(dir, 'x') })
    expect([status, stderr.match(/The program goes on/g)?.length]).toEqual([0, 1])
  })
})
