import type { ChildProcess } from 'node:child_process'
import { existsSync, readFileSync, readdirSync, statSync, utimesSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { buildCli, type BuiltCli, type Ended } from './support/built-cli.ts'
import { Desk } from './support/cli.ts'

const id = 'b'.repeat(32)
const runFile = encodeTrace(draw('agent 0-100\n  search 10-90 tool', { id }))
const FILE = '2026-11-21_05-30-00_bbbbbbbbbbbb.spanwise.jsonl'

describe('run', () => {
  let desk: Desk
  beforeEach(() => { desk = new Desk() })
  afterEach(() => desk.remove())

  const program = (script: string): string[] => [process.execPath, '-e', script]
  const record = `require('node:fs').writeFileSync(require('node:path').join(process.env.SPANWISE_DIR, '${FILE}'), ${JSON.stringify(runFile)})`
  const recorded = (): string[] => readdirSync(join(desk.cwd, '.spanwise'))

  test('keeps what was recorded beside the other runs, prints its report, and gives the exit code', async () => {
    const { code, out, err } = await desk.say(['run', '--', ...program(`${record}; process.exitCode = 7`)])
    expect({ code, out }).toEqual({ code: 7, out: '' })
    expect(err).toMatch(/agent[^]*search[^]*recorded in \.spanwise; spanwise show bbbbbbbb prints it again\nspanwise: the program ended with exit code 7\n$/)
    expect(recorded()).toEqual([FILE])
    expect((await desk.say(['show', '--json'])).out).toContain('"search"')
    expect((await desk.say(['report', 'bbbb'])).out).toContain('search')
  })

  test('a name that is taken stays what it is, and both are found', async () => {
    await desk.say(['run', '--no-report', '--', ...program(record)])
    const before = readFileSync(join(desk.cwd, '.spanwise', FILE), 'utf8')
    await desk.say(['run', '--no-report', '--', ...program(record.replace('agent', 'other'))])
    expect(readFileSync(join(desk.cwd, '.spanwise', FILE), 'utf8')).toBe(before)
    const { runs } = JSON.parse((await desk.say(['list', '--json'])).out) as { runs: unknown[] }
    expect(runs).toHaveLength(2)
  })

  test('old runs go as they do under the recorder', async () => {
    const old = desk.write(`.spanwise/2026-09-01_00-00-00_aaaaaaaaaaaa.spanwise.jsonl`, runFile)
    const other = desk.write('.spanwise/notes.jsonl', runFile)
    for (const path of [old, other]) utimesSync(path, 1_788_220_800, 1_788_220_800)
    await desk.say(['run', '--no-report', '--', ...program(record)])
    expect(recorded()).toEqual([FILE, 'notes.jsonl'])
  })

  test('with a document on standard output, the program prints to standard error', async () => {
    const built = ['run', '--json', '--', ...program(`${record}; console.log('from the program')`)]
    const { code, out, err } = await desk.say(built)
    expect(code).toBe(0)
    expect(JSON.parse(out)).toMatchObject({ format: 'spanwise-analysis', version: 1, totals: { toolCalls: 1 } })
    expect(err).toContain('{"format":"spanwise-message","version":1,"message":"recorded in .spanwise; spanwise show bbbbbbbb prints it again"}')
    expect((await desk.say(['run', '-f', 'markdown', '--', ...program(record)])).out).toMatch(/^#/)
  })

  test('options of ours stand before the program, those after it are its own', async () => {
    const { code, err } = await desk.say(['run', '-o', 'report.json', ...program(`${record}; if (process.argv[1] !== '--json') process.exitCode = 9`), '--', '--json'])
    expect(code).toBe(0)
    expect(err).toContain('spanwise: wrote report.json')
    expect(JSON.parse(readFileSync(join(desk.cwd, 'report.json'), 'utf8'))).toHaveProperty('totals')
  })

  test('many runs become a table', async () => {
    const files = [1, 2, 3, 4].map((i) => encodeTrace(draw('agent 0-100', { id: `${i}`.padEnd(32, 'c') })))
    const script = files.map((text, i) => `require('node:fs').writeFileSync(process.env.SPANWISE_DIR + '/${i}.jsonl', ${JSON.stringify(text)})`).join(';')
    const { err } = await desk.say(['run', '--', ...program(script)])
    expect(err).toMatch(/^Operations of 4 runs/m)
    expect(err).toContain('recorded 4 runs in .spanwise; spanwise list shows them')
  })

  test('nothing recorded: what to do, and no empty folder', async () => {
    const { code, out, err } = await desk.say(['run', '--', ...program('process.exitCode = 3')])
    expect({ code, out }).toEqual({ code: 3, out: '' })
    expect(err).toContain("import { wrapOpenAI } from 'spanwise/openai'")
    expect(err).toContain('const openai = wrapOpenAI(new OpenAI())')
    expect(recorded()).toEqual([])
    const off = await desk.say(['run', '--', ...program('')], { env: { ...process.env, SPANWISE: '0' } })
    expect(off.err).toBe('spanwise: the program recorded nothing: SPANWISE=0 is set, which switches the profiler off\n')
    const some = await desk.say(['run', '--json', '--', ...program('')], { env: { ...process.env, SPANWISE_SAMPLE_RATE: '0.1' } })
    expect(some.err).toContain('SPANWISE_SAMPLE_RATE=0.1 is set')
    expect(JSON.parse(some.out)).toEqual({ format: 'spanwise-analyses', version: 1, runs: [] })
  })

  test('a damaged recording does not change the exit code', async () => {
    const { code, err } = await desk.say(['run', '--', ...program(`${record.replace(FILE, 'x.jsonl').replace(/"end/, '"enx')}`)])
    expect(code).toBe(0)
    expect(err).toMatch(/spanwise: .*x\.jsonl:\d+: /)
  })

  test('a signal ends it as a shell says it', async () => {
    const { code, err } = await desk.say(['run', '--', ...program(`${record}; process.kill(process.pid, "SIGTERM"); setTimeout(() => {}, 5_000)`)])
    expect(code).toBe(143)
    expect(err).toMatch(/search[^]*the program was ended by SIGTERM\n$/)
  })

  test.each([
    ['no-such-program-anywhere', 127, 'no-such-program-anywhere: there is no such program', 'spanwise run -- node agent.js'],
    ['agent.ts', 126, 'agent.ts is a file that its runtime has to start', 'spanwise run -- npx tsx agent.ts'],
    ['./agent.mjs', 126, './agent.mjs is a file that its runtime has to start', 'spanwise run -- node ./agent.mjs'],
    ['./plain', 126, './plain cannot be started', ''],
  ])('%s cannot be started: %i', async (name, exitCode, message, hint) => {
    for (const file of ['agent.ts', 'agent.mjs', 'plain']) desk.write(file, '')
    const { code, err } = await desk.say(['run', '--', name])
    expect(code).toBe(exitCode)
    expect(err).toContain(message)
    expect(err).toContain(hint)
    expect(recorded()).toEqual([])
  })
})

let built: BuiltCli
beforeAll(async () => {
  built = await buildCli()
  built.write('run.jsonl', runFile)
  built.write('agent.mjs', AGENT)
  built.write('crash.mjs', `${AGENT}\nthrow new Error('it broke')`)
  built.write('wait.mjs', AGENT.replace('/* here */', `console.log('ready'); await new Promise((resolve) => { process.on('SIGINT', resolve); setTimeout(resolve, 10_000) })`))
  built.write('agent.sh', '#!/bin/sh\nnode agent.mjs "$@"\n')
  built.write('package.json', JSON.stringify({ scripts: { test: 'node agent.mjs from npm' } }))
})
afterAll(() => built.remove())

const AGENT = `
import { profiler } from 'spanwise'
const look = profiler.tool('look_up', async (what) => what.length)
await profiler.run('script-agent', async () => {
  for await (const chunk of process.argv.includes('stdin') ? process.stdin : []) console.log(String(chunk).trim())
  await look('x')
  /* here */
})
console.log('said ' + process.argv.slice(2).join(' '))
`

async function ended(child: ChildProcess): Promise<Ended> {
  let [stdout, stderr] = ['', '']
  child.stdout!.on('data', (chunk: Buffer) => void (stdout += chunk.toString()))
  child.stderr!.on('data', (chunk: Buffer) => void (stderr += chunk.toString()))
  const status = await new Promise<number | null>((resolve) => { child.once('close', resolve) })
  return { status, stdout, stderr }
}

const said = (child: ChildProcess, word: string): Promise<void> => new Promise((resolve) => {
  child.stdout!.on('data', (chunk: Buffer) => { if (chunk.toString().includes(word)) resolve() })
})

describe('run, with the package really installed', () => {
  test.each([
    ['node agent.mjs a b', 'said a b'],
    ['sh agent.sh a b', 'said a b'],
    ['npm test --silent', 'said from npm'],
    ['npx --no-install node agent.mjs x', 'said x'],
  ])('%s', (line, output) => {
    const { status, stdout, stderr } = built.bash(`spanwise run -- ${line}`)
    expect(status).toBe(0)
    expect(stdout.trim()).toBe(output)
    expect(stderr).toMatch(/script-agent[^]*look_up[^]*spanwise: recorded in \.spanwise; spanwise show [0-9a-f]{8} prints it again/)
  })

  test('standard input goes through', () => {
    expect(built.bash('echo hello | spanwise run -- node agent.mjs stdin').stdout).toBe('hello\nsaid stdin\n')
  })

  test('a program that fails is reported all the same', () => {
    const { status, stderr } = built.bash('spanwise run -- node crash.mjs')
    expect(status).toBe(1)
    expect(stderr).toMatch(/Error: it broke[^]*script-agent[^]*the program ended with exit code 1\n$/)
  })

  test('list, show, top and report find what it recorded', () => {
    expect(built.bash('spanwise run --no-report -- node agent.mjs').status).toBe(0)
    for (const command of ['list', 'show', 'top', 'report']) expect(built.say([command]).stdout).toContain(command === 'top' ? 'look_up' : 'script-agent')
    expect(readdirSync(join(built.cwd, '.spanwise')).every((name) => name.endsWith('.spanwise.jsonl'))).toBe(true)
  })

  test('two at once do not mix', () => {
    const { stdout } = built.bash('spanwise run --json -- node agent.mjs > a.json & spanwise run --json -- node agent.mjs > b.json; wait; cat a.json', {})
    expect(JSON.parse(stdout)).toMatchObject({ totals: { toolCalls: 1 } })
    expect(JSON.parse(built.read('b.json'))).toMatchObject({ totals: { toolCalls: 1 } })
  })

  test('Ctrl-C in a script: the signal for the whole group ends the program, and we print the report', async () => {
    const child = built.start(['run', '--', process.execPath, 'wait.mjs'], { detached: true })
    const end = ended(child)
    await said(child, 'ready')
    process.kill(-child.pid!, 'SIGINT')
    const { status, stdout, stderr } = await end
    expect({ status, stdout }).toEqual({ status: 0, stdout: 'ready\nsaid \n' })
    expect(stderr).toMatch(/script-agent[^]*spanwise: recorded/)
  })

  test('a signal for us alone is passed on', async () => {
    const child = built.start(['run', '--', process.execPath, 'wait.mjs'])
    const end = ended(child)
    await said(child, 'ready')
    child.kill('SIGTERM')
    const { status, stderr } = await end
    expect(status).toBe(143)
    expect(stderr).toMatch(/script-agent[^]*the program was ended by SIGTERM\n$/)
  })

  // `script` gives the command a terminal, whose Ctrl-C the program gets once.
  test.runIf(existsSync('/usr/bin/script'))('Ctrl-C at a terminal', () => {
    const program = `process.on('SIGINT', () => { console.log('got it'); setTimeout(() => process.exit(130), 100) }); setTimeout(() => {}, 10_000); console.log('ready')`
    built.write('once.mjs', program)
    const { stdout } = built.bash(`(sleep 1.5; printf '\\003'; sleep 1) | script -qec 'spanwise run -- node once.mjs' /dev/null; echo "code $?"`)
    expect(stdout.match(/got it/g)).toHaveLength(1)
    expect(stdout).toContain('code 130')
  })
})

describe('the built command', () => {
  test('the help needs no command, and the library that counts tokens is not loaded for it', () => {
    expect(readFileSync(built.main, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
    expect(readFileSync(built.main, 'utf8')).not.toContain('js-tiktoken')
    expect(built.say(['--help'])).toMatchObject({ status: 0, stderr: '', stdout: expect.stringContaining('spanwise report trace.json') })
  })

  test('nor are analysis, reports and importers', () => {
    const loaded = new Set<string>(['main.js'])
    for (const file of loaded) {
      const text = readFileSync(join(dirname(built.main), file), 'utf8')
      for (const [, from] of text.matchAll(/^(?:import|export)\b[^;]*?"\.\/([\w-]+\.js)";$/gm)) loaded.add(from!)
    }
    const size = [...loaded].reduce((sum, file) => sum + statSync(join(dirname(built.main), file)).size, 0)
    expect(size).toBeLessThan(25_000)
  })

  test('reads standard input and writes a plain report', () => {
    const { status, stdout, stderr } = built.say(['report', '-'], runFile)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toContain('search')
    expect(stdout).not.toContain('\u001b')
  })

  test('exit codes', () => {
    expect(built.say(['report', 'run.jsonl']).status).toBe(0)
    expect(built.say(['report', 'run.jsonl', '--fail-on', 'TOOL001']).status).toBe(1)
    expect(built.say(['report', 'missing.jsonl'])).toMatchObject({ status: 2, stdout: '', stderr: expect.stringContaining('missing.jsonl: no such file') })
    expect(built.say(['run', '--', 'missing-program']).status).toBe(127)
  })

  test('a reader that has enough is no failure', () => {
    const line = 'set -o pipefail; for i in 1 2 3; do spanwise demo -f json | head -1; done; echo "${PIPESTATUS[*]}"'
    expect(built.bash(line)).toEqual({ status: 0, stdout: '{\n{\n{\n0 0\n', stderr: '' })
  })

  test('colour and characters follow the environment', () => {
    const show = (env: Readonly<Record<string, string>>): string => built.bash('spanwise demo', env).stdout
    expect(show({})).toContain('█')
    expect(show({})).not.toContain('\u001b')
    expect(show({ FORCE_COLOR: '1' })).toContain('\u001b[')
    expect(show({ FORCE_COLOR: '1', NO_COLOR: '1' })).not.toContain('\u001b')
    for (const env of [{ LANG: 'C' }, { LC_ALL: 'POSIX' }, { LC_CTYPE: 'de_DE.ISO-8859-1' }]) expect(show(env)).toMatch(/^[\n\x20-\x7e]*$/)
  })
})
