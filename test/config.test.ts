import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { defineConfig, loadConfig, type Trace } from 'spanwise'
import { checkConfig } from '../src/config/config.ts'
import { findConfig } from '../src/config/find.ts'
import { Desk } from './support/cli.ts'
import { checkTrace } from './laws.ts'
import { ended, pack, startAnyProvider, type AnyProvider, type Folder, type Packed } from './support/packed.ts'
import { filesIn, root } from './support/source.ts'

let desk: Desk | undefined
let packed: Packed
let provider: AnyProvider
let app: Folder
beforeAll(async () => {
  packed = pack()
  provider = await startAnyProvider()
  // Where Node itself cannot read TypeScript, this can.
  app = packed.folder(['openai', '@anthropic-ai/sdk', 'esbuild'])
})
afterEach(() => {
  desk?.remove()
  desk = undefined
})
afterAll(async () => {
  await provider.close()
  packed.remove()
})

const atDesk = (files: Readonly<Record<string, string>>): string => {
  desk = new Desk()
  for (const [name, text] of Object.entries(files)) desk.write(name, text)
  return desk.cwd
}

/** A folder below the app's, so that packages are found. */
let count = 0
const inApp = (files: Readonly<Record<string, string>>): string => {
  const folder = `case-${++count}`
  for (const [name, text] of Object.entries(files)) app.write(`${folder}/${name}`, text)
  return join(app.path, folder)
}

describe('where it is found', () => {
  test.each([
    ['in the folder itself', { 'spanwise.config.js': '', 'package.json': '{}' }, '', 'spanwise.config.js'],
    ['above, up to the nearest package.json', { 'spanwise.config.json': '{}', 'package.json': '{}', 'a/b/c.txt': '' }, 'a/b', 'spanwise.config.json'],
    ['not above a package.json', { 'spanwise.config.json': '{}', 'package.json': '{}', 'a/package.json': '{}', 'a/b/c.txt': '' }, 'a/b', undefined],
    ['not above, where there is no package.json', { 'spanwise.config.json': '{}', 'a/c.txt': '' }, 'a', undefined],
    ['the nearest one', { 'spanwise.config.json': '{}', 'package.json': '{}', 'a/spanwise.config.mjs': '' }, 'a', 'a/spanwise.config.mjs'],
    ['of several, TypeScript first', { 'spanwise.config.json': '{}', 'spanwise.config.js': '', 'spanwise.config.ts': '', 'package.json': '{}' }, '', 'spanwise.config.ts'],
  ])('%s', (_, files, from, expected) => {
    const cwd = atDesk(files)
    expect(findConfig(join(cwd, from))).toBe(expected && join(cwd, expected))
  })

  test('SPANWISE_CONFIG names one, or none', () => {
    const cwd = atDesk({ 'spanwise.config.json': '{}', 'other.json': '{}' })
    expect(findConfig(cwd, 'other.json')).toBe(join(cwd, 'other.json'))
    expect(findConfig(cwd, '0')).toBeUndefined()
    expect(findConfig(cwd, ' ')).toBe(join(cwd, 'spanwise.config.json'))
  })
})

describe('what it says', () => {
  test.each([
    ['spanwise.config.json', '{ "sampleRate": 0.5, "$schema": "x" }'],
    ['spanwise.config.mjs', "import { defineConfig } from 'spanwise'\nexport default defineConfig({ sampleRate: 0.5 })"],
    ['spanwise.config.mjs', 'export default { sampleRate: await Promise.resolve(0.5) }'],
    ['spanwise.config.js', 'module.exports = { sampleRate: 0.5 }'],
    ['spanwise.config.js', "import { sep } from 'node:path'\nexport default { sampleRate: sep.length / 2 }"],
    ['spanwise.config.ts', "import type { SpanwiseConfig } from 'spanwise'\nconst rate: number = 0.5\nexport default { sampleRate: rate } satisfies SpanwiseConfig"],
  ])('%s: %s', async (name, text) => {
    const cwd = inApp({ 'package.json': '{}', [name]: text })
    expect(await loadConfig({ cwd })).toEqual({ config: { sampleRate: 0.5 }, file: join(cwd, name) })
  })

  test('nothing, where there is none', async () => {
    expect(await loadConfig({ cwd: atDesk({}) })).toEqual({ config: {}, file: undefined })
  })

  test('folders are seen from where the file lies', async () => {
    const cwd = atDesk({ 'package.json': '{}', 'spanwise.config.json': '{ "dir": "runs", "chromeTraceDir": "/abs" }', 'a/b.txt': '' })
    expect((await loadConfig({ cwd: join(cwd, 'a') })).config).toEqual({ dir: join(cwd, 'runs'), chromeTraceDir: '/abs' })
  })

  test.each([
    ['export default', /spanwise\.config\.mjs: Unexpected /],
    ["throw new Error('two\\nlines')", /spanwise\.config\.mjs: two$/],
    ["import 'not-there'", /spanwise\.config\.mjs: Cannot find package 'not-there'/],
    ['export default [1]', /its default export must be an object of options, got/],
    ['export default () => ({})', /its default export must be an object of options, got/],
    ['export default { sampelRate: 1, dri: "x" }', /there is no option sampelRate, dri; the options: enabled, sampleRate, maxTraces, /],
    ['export default { sampleRate: 2 }', /sampleRate must be a number from 0 to 1, got 2/],
    ['export default { enabled: "no" }', /enabled must be true or false, got "no"/],
    ['export default { content: "some" }', /content must be 'none', 'full' or a function, got "some"/],
    ['export default { limits: { maxSpans: 1 } }', /limits has no maxSpans/],
    ['export default { thresholds: { llmshare: 1 } }', /unknown threshold "llmshare"/],
    ['export default { prices: { mine: { input: 1 } } }', /prices\["mine"\] must have output/],
    ['export default { windows: { mine: 0 } }', /windows\["mine"\] must be a positive whole number/],
    ['export default { tokens: 1 }', /tokens must be a function or false, got 1/],
    ['export default { wrap: "openai" }', /wrap must be a list of openai, anthropic, google-genai, langchain, ai-sdk, got "openai"/],
    ['export default { wrap: ["openia"] }', /wrap knows no "openia"; it takes openai, anthropic, google-genai, langchain, ai-sdk/],
    ['export default { log: 1 }', /log must be true, a function, or have info\(\) and warn\(\), got 1/],
    ['export default { http: { rate: 1 } }', /there is no option http\.rate; the options: enabled, sampleRate, maxDepth, secret/],
    ['export default { http: { maxDepth: 0 } }', /http\.maxDepth must be a positive whole number, got 0/],
    ['export default { http: { secret: 7 } }', /http\.secret must be a non-empty string, got number/],
    ['export default { service: 7 }', /service must be a string, got 7/],
  ])('a mistake is named on one line: %s', async (text, expected) => {
    const cwd = atDesk({ 'package.json': '{}', 'spanwise.config.mjs': text })
    const failed = await loadConfig({ cwd }).catch((error: unknown) => error as Error)
    expect(failed).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(expected) as string })
    expect((failed as Error).message).not.toContain('\n')
  })

  test('a file that is named and not there is a mistake', async () => {
    await expect(loadConfig({ cwd: atDesk({}), file: 'mine.json' })).rejects.toThrow(/mine\.json: ENOENT/)
  })

  test('each of its keys is checked and documented', () => {
    const keys = /the options: (.*)$/.exec(messageOf(() => checkConfig({ nothing: 1 })))![1]!.split(', ')
    expect(keys.length).toBeGreaterThan(15)
    const [, ofTheFile = ''] = readFileSync(`${root}docs/configuration.md`, 'utf8').split(/^## The file$/m)
    const documented = [...ofTheFile.matchAll(/^\| `([a-z][a-zA-Z]+)` \|/gm)].map(([, key]) => key)
    expect(documented.toSorted()).toEqual(keys.toSorted())
    expect(defineConfig({ sampleRate: 1 })).toEqual({ sampleRate: 1 })
  })
})

const messageOf = (run: () => unknown): string => {
  try {
    run()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('nothing was thrown')
}

describe('the command', () => {
  const demo = readFileSync(`${root}examples/demo-run.jsonl`, 'utf8')

  test('reports with its prices, windows and thresholds', async () => {
    atDesk({
      'package.json': '{}', 'run.jsonl': demo,
      'spanwise.config.json': JSON.stringify({ prices: { 'gpt-4o-mini-2024-07-18': { input: 1_000_000, output: 0 } }, thresholds: { llmShare: 1 } }),
    })
    const text = async (changes = {}): Promise<{ observations: { code: string }[]; totals: { costUsd: { usd: number } | number } }> =>
      JSON.parse((await desk!.say(['report', 'run.jsonl', '--json'], changes)).out) as never
    const [configured, plain] = [await text(), await text({ env: { SPANWISE_CONFIG: '0' } })]
    expect(JSON.stringify(configured.totals)).not.toBe(JSON.stringify(plain.totals))
    expect([configured, plain].map(({ observations }) => observations.some(({ code }) => code === 'LLM001'))).toEqual([false, true])
    const list = async (changes = {}): Promise<string> => (await desk!.say(['list', '.', '--json'], changes)).out
    expect(await list()).not.toBe(await list({ env: { SPANWISE_CONFIG: '0' } }))
  })

  test('looks for runs in its folder; the environment wins', async () => {
    atDesk({ 'package.json': '{}', 'spanwise.config.json': '{ "dir": "mine" }', 'mine/run.jsonl': demo })
    expect((await desk!.say(['list'])).out).toContain('support-agent')
    expect((await desk!.say(['list'], { env: { SPANWISE_DIR: 'other' } })).out).not.toContain('support-agent')
  })

  test('says what is wrong with it, and does nothing; what does not need it works', async () => {
    atDesk({ 'package.json': '{}', 'spanwise.config.json': '{ "sampelRate": 1 }' })
    const { code, out, err } = await desk!.say(['list'])
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(/^spanwise: .*spanwise\.config\.json: there is no option sampelRate; the options: .*\n {2}docs\/configuration\.md lists the options; SPANWISE_CONFIG=0 does without the file\n$/)
    const asJson = await desk!.say(['list', '--json'])
    expect([asJson.code, JSON.parse(asJson.err)]).toMatchObject([2, { format: 'spanwise-error', error: { exitCode: 2 } }])
    expect((await desk!.say(['demo'])).code).toBe(0)
    expect((await desk!.say(['run', '--', 'node', '-e', '0'])).code).toBe(2)
  })
})

describe('a program under spanwise/register', () => {
  const program = `import OpenAI from 'openai'
import Anthropic from '@anthropic-ai/sdk'
await new OpenAI({ apiKey: 'k', baseURL: process.env.BASE + '/v1' }).chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] })
await new Anthropic({ apiKey: 'k', baseURL: process.env.BASE }).messages.create({ model: 'claude-haiku-4-5', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] })
console.log('done')`
  const run = async (files: Readonly<Record<string, string>>, env = {}): Promise<{ folder: string; status: number | null; out: string; err: string }> => {
    const folder = inApp({ 'package.json': '{}', 'agent.mjs': program, ...files })
    const child = app.start(['node', '-r', packed.preload, 'agent.mjs'], { BASE: provider.url, ...env }, folder)
    return { folder, ...(await ended(child)) }
  }
  const names = (traces: readonly Trace[]): string[] => traces.flatMap((trace) => {
    checkTrace(trace)
    return trace.spans.map(({ name }) => name)
  })

  test('takes its folder, its texts, its logger and its choice of clients, also when the file itself loads spanwise', async () => {
    const { folder, status, out, err } = await run({
      'spanwise.config.ts': `import { defineConfig } from 'spanwise'
const shout = (text: string): string => text.toUpperCase()
export default defineConfig({ dir: 'mine', service: 'shop', content: shout, wrap: ['anthropic'], log: true })`,
    })
    expect([status, out]).toEqual([0, 'done\n'])
    expect(err).toMatch(/^\S+Z \S+ m?s, 1 LLM call, 0 tool calls, 5 in, 2 out, \S+, ok, AGENT\.MJS\n$/)
    const [trace] = app.takeTraces(join(relative(app.path, folder), 'mine'))
    expect([names([trace!]), trace!.service, trace!.parts.map(({ text }) => text)]).toEqual([['AGENT.MJS', 'CLAUDE-HAIKU-4-5'], 'shop', ['HELLO', 'HI']])
  })

  test('a variable of the environment wins', async () => {
    const { folder, err } = await run({ 'spanwise.config.json': '{ "enabled": false, "dir": "mine" }' }, { SPANWISE: '1', SPANWISE_DIR: 'theirs' })
    expect([err, names(app.takeTraces(join(relative(app.path, folder), 'theirs')))]).toEqual(['', ['agent.mjs', 'gpt-4o-mini', 'claude-haiku-4-5']])
  })

  test.each([
    ['a mistake', { 'spanwise.config.mjs': 'export default { sampelRate: 1 }' }, /there is no option sampelRate/],
    ['a throw', { 'spanwise.config.mjs': "throw new Error('mine')" }, /mine/],
    ['what is no JSON', { 'spanwise.config.json': '{' }, /JSON/],
    ['a top-level await', { 'spanwise.config.mjs': 'export default await {}' }, /it has a top-level await, for which a program that starts cannot wait/],
  ])('%s in it is told on one line of standard error, and the program runs, recorded', async (_, files, expected) => {
    const { folder, status, out, err } = await run(files)
    expect([status, out]).toEqual([0, 'done\n'])
    expect(err).toMatch(/^spanwise: the configuration is left out: [^\n]*\n$/)
    expect(err).toMatch(expected)
    expect(names(app.takeTraces(join(relative(app.path, folder), '.spanwise')))).toEqual(['agent.mjs', 'gpt-4o-mini', 'claude-haiku-4-5'])
  })

  test('says what the middleware does not', async () => {
    const { out } = await run({
      'spanwise.config.json': '{ "http": { "enabled": true, "sampleRate": 0, "maxDepth": 3 } }',
      'agent.mjs': `import { setup } from 'spanwise/http'\nconsole.log(JSON.stringify(globalThis[Symbol.for('spanwise.setup.v1')].http))`.replace(/^.*\n/, ''),
    })
    expect(JSON.parse(out)).toEqual({ enabled: true, sampleRate: 0, maxDepth: 3 })
  })
})

describe('the environment', () => {
  test('all variables that the source reads are in one table, and no others', () => {
    const files = ['src', 'adapters', 'viewer', 'reports'].flatMap(filesIn).filter((path) => /\.(ts|tsx|js|cjs)$/.test(path))
    const read = new Set(files.flatMap((path) => [...readFileSync(root + path, 'utf8').matchAll(/\bSPANWISE(?:_[A-Z]+)*\b/g)].map(([name]) => name)))
    const documented = [...readFileSync(`${root}docs/configuration.md`, 'utf8').matchAll(/^\| `(SPANWISE(?:_[A-Z]+)*)` \|/gm)].map(([, name]) => name!)
    expect([...read].toSorted()).toEqual(documented.toSorted())
    expect(new Set(documented).size).toBe(documented.length)
  })
})
