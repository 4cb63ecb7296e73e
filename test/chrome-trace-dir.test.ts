import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { Profiler } from 'spanwise'
import { importTraces } from '../adapters/import/index.ts'
import { build, type Built } from './support/built.ts'
import { manualClock } from './support/clock.ts'

let dir: string
beforeEach(() => { dir = mkdtempSync(join(tmpdir(), 'spanwise-chrome-')) })
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('each finished run becomes a Chrome trace', async () => {
  const folder = join(dir, 'profiles')
  const profiler = new Profiler({ dir: false, chromeTraceDir: folder, clock: manualClock() })
  for (const name of ['first', 'second', 'third']) await profiler.run(name, async () => profiler.span('step', async () => undefined))
  await profiler.flush()
  const names = readdirSync(folder)
  expect(names).toHaveLength(3)
  for (const name of names) expect(name).toMatch(/^run_2026_01_02_03_04_05_[0-9a-f]{12}\.json$/)
  const read = names.map((name) => importTraces({ name, text: readFileSync(join(folder, name), 'utf8') }))
  expect(read.map(({ format }) => format)).toEqual(Array(3).fill('chrome'))
  expect(read.flatMap(({ traces }) => traces.map((trace) => trace.name)).sort()).toEqual(['first', 'second', 'third'])
})

test('a folder that cannot be made is said once, and counted', async () => {
  const warned = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  const file = join(dir, 'file')
  writeFileSync(file, '')
  const profiler = new Profiler({ dir: false, chromeTraceDir: join(file, 'below') })
  for (const name of ['first', 'second']) {
    expect(profiler.run(name, () => 'result')).toBe('result')
    await profiler.flush()
  }
  expect(warned).toHaveBeenCalledOnce()
  expect(String(warned.mock.calls[0]![0])).toMatch(/^Chrome traces cannot be written to .*ENOTDIR.*The program goes on\.$/)
  expect(profiler.stats().selfErrors).toBe(2)
  warned.mockRestore()
})

test('nothing is written without the option, nor when recording is off', async () => {
  for (const options of [{}, { chromeTraceDir: false }, { chromeTraceDir: dir, enabled: false }]) {
    const profiler = new Profiler({ dir: false, ...options })
    profiler.run('agent', () => undefined)
    await profiler.flush()
  }
  expect(readdirSync(dir)).toEqual([])
  expect(() => new Profiler({ chromeTraceDir: '' })).toThrow('chromeTraceDir must be the path of a folder, true or false, got ""')
})

describe('in a process of its own', () => {
  let built: Built
  beforeAll(async () => { built = await build() })
  afterAll(() => built.remove())

  const script = (end: string): string => `
    import { Profiler } from 'spanwise'
    const profiler = new Profiler({ chromeTraceDir: ${JSON.stringify(dir)} })
    await profiler.run('agent', async () => { await new Promise((resolve) => setTimeout(resolve, 50)) })
    ${end}`

  test.each(['', 'process.exit(3)', 'throw new Error("end")', 'process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5000)'])('it is there after %j', (end) => {
    built.run(script(end))
    const [name, ...rest] = readdirSync(dir)
    expect(rest).toEqual([])
    expect(JSON.parse(readFileSync(join(dir, name!), 'utf8'))).toMatchObject({ otherData: { generator: 'spanwise' } })
  })

  test('`true` is the usual folder', () => {
    const { stdout } = built.run(`
      import { readdirSync } from 'node:fs'
      import { Profiler } from 'spanwise'
      const profiler = new Profiler({ chromeTraceDir: true })
      profiler.run('agent', () => undefined)
      await profiler.flush()
      console.log(readdirSync('./spanwise_profiles').length)`)
    expect(stdout).toBe('1\n')
    expect(existsSync('./spanwise_profiles')).toBe(false)
  })
})
