import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { Desk } from './support/cli.ts'
import { root } from './support/source.ts'

const runFile = encodeTrace(draw('agent 0-100\n  search 10-90 tool', { id: 'b'.repeat(32) }))

describe('run', () => {
  let desk: Desk
  beforeEach(() => { desk = new Desk() })
  afterEach(() => desk.remove())

  const program = (script: string): string[] => [process.execPath, '-e', script]
  const record = `require('node:fs').writeFileSync(require('node:path').join(process.env.SPANWISE_DIR, 'run.jsonl'), ${JSON.stringify(runFile)})`

  test('gives the program a fresh folder, keeps its exit code, and prints what it recorded', async () => {
    const { code, out, err } = await desk.say(['run', '--', ...program(`${record}; process.exitCode = 7`)])
    expect({ code, out }).toEqual({ code: 7, out: '' })
    expect(err).toMatch(/agent[^]*search[^]*recorded in \.spanwise\/20261121-053000; spanwise show bbbbbbbb prints it again/)
    await desk.say(['run', '--no-report', '--', ...program(record)])
    expect(readdirSync(join(desk.cwd, '.spanwise'))).toEqual(['20261121-053000', '20261121-053000-2'])
    expect((await desk.say(['show', '--json'])).out).toContain('"search"')
  })

  test('options of ours stand before the program, those after it are its own', async () => {
    const { code, err } = await desk.say(['run', '-o', 'report.json', ...program(`${record}; if (process.argv[1] !== '--json') process.exitCode = 9`), '--', '--json'])
    expect(code).toBe(0)
    expect(err).toContain('spanwise: wrote report.json')
    expect(JSON.parse(readFileSync(join(desk.cwd, 'report.json'), 'utf8'))).toHaveProperty('totals')
  })

  test('nothing recorded: what to do, and no empty folder', async () => {
    const { code, err } = await desk.say(['run', '--', ...program('')])
    expect(code).toBe(0)
    expect(err).toContain("import { wrapOpenAI } from 'spanwise/openai'")
    expect(readdirSync(join(desk.cwd, '.spanwise'))).toEqual([])
  })

  test('a damaged recording does not change the exit code', async () => {
    const { code, err } = await desk.say(['run', '--', ...program(`${record.replace('run.jsonl', 'x.jsonl').replace(/"end/, '"enx')}`)])
    expect(code).toBe(0)
    expect(err).toMatch(/spanwise: .*x\.jsonl:\d+: /)
  })

  test('a signal ends it as a shell says it', async () => {
    expect((await desk.say(['run', '--', ...program('process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5_000)')])).code).toBe(143)
  })

  test('a program that is not there', async () => {
    const { code, err } = await desk.say(['run', '--', 'no-such-program-anywhere'])
    expect(code).toBe(2)
    expect(err).toContain('no-such-program-anywhere: there is no such program')
  })
})

describe('the built command', () => {
  let folder: string
  beforeAll(async () => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'spanwise-built-')))
    const bundle = await rolldown({ input: { main: `${root}src/cli/main.ts` }, external: (id) => !/^[./]/.test(id) && !id.startsWith(root), platform: 'node' })
    await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs', chunkFileNames: '[name].mjs' })
    symlinkSync(`${root}node_modules`, join(folder, 'node_modules'), 'junction')
    writeFileSync(join(folder, 'run.jsonl'), runFile)
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  const spawned = (words: readonly string[], input = '') => {
    const env = { PATH: process.env['PATH'] ?? '', HOME: folder }
    const { status, stdout, stderr } = spawnSync(process.execPath, [join(folder, 'main.mjs'), ...words], { cwd: folder, env, input, encoding: 'utf8', timeout: 20_000 })
    return { status, stdout, stderr }
  }

  test('begins with a hashbang, and the help needs no command', () => {
    const main = readFileSync(join(folder, 'main.mjs'), 'utf8')
    expect(main).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(main).not.toContain('js-tiktoken')
    expect(spawned(['--help'])).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('spanwise report trace.json') })
  })

  test('reads standard input and writes a plain report', () => {
    const { status, stdout, stderr } = spawned(['report', '-'], runFile)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('search')
    expect(stdout).not.toContain('\u001b')
  })

  test('exit codes', () => {
    expect(spawned(['report', 'run.jsonl', '--fail-on', 'any']).status).toBeLessThan(2)
    expect(spawned(['report', 'missing.jsonl'])).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('missing.jsonl: no such file') })
  })
})
