import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyze, type Trace } from 'spanwise'
import { checkAnalysis, checkTrace } from './laws.ts'
import { ended, pack, startAnyProvider, type AnyProvider, type Ended, type Folder, type Packed } from './support/packed.ts'

let packed: Packed
let provider: AnyProvider
let app: Folder

beforeAll(async () => {
  packed = pack()
  provider = await startAnyProvider()
  app = packed.folder([
    'openai', 'openai-5', 'openai-6', '@anthropic-ai/sdk', 'anthropic-0', '@google/genai', 'genai-1', 'genai-2', '@langchain/core', '@langchain/openai',
    'langchain-core-0', 'ai', 'ai-6', '@ai-sdk/openai',
  ])
})
afterAll(async () => {
  await provider.close()
  packed.remove()
})

const REGISTER = ['node', '--import', 'spanwise/register']

/** Spans as text, indented under their parents: `llm gpt-4o-mini ok`. */
function drawn(traces: readonly Trace[]): string[] {
  return traces.flatMap((trace) => {
    checkTrace(trace)
    checkAnalysis(analyze(trace))
    const depth = (id: string | undefined): number => (id === undefined ? -1 : 1 + depth(trace.spans.find((span) => span.id === id)?.parentId))
    return trace.spans.map(({ id, category, name, outcome }) => `${'  '.repeat(depth(id))}${category} ${name} ${outcome.state}`)
  })
}

/** Runs a program of the folder, recorded; the traces are taken. */
async function recorded(words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended & { readonly spans: string[] }> {
  const result = await app.run(words, { BASE: provider.url, ...env })
  return { ...result, spans: drawn(app.takeTraces()) }
}

const chat = (client: string): string => `${client}.chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] })`
const message = (client: string): string => `${client}.messages.create({ model: 'claude-haiku-4-5', max_tokens: 9, messages: [{ role: 'user', content: 'hello' }] })`
const openai = "new OpenAI({ apiKey: 'sk-test', baseURL: process.env.BASE + '/v1' })"
const anthropic = "new Anthropic({ apiKey: 'sk-test', baseURL: process.env.BASE })"
const google = "new GoogleGenAI({ apiKey: 'test', httpOptions: { baseUrl: process.env.BASE } })"
const generated = (client: string): string => `${client}.models.generateContent({ model: 'gemini-2.5-flash', contents: 'hello' })`

/** The same program in both module systems. */
const esm = (name: string, from: string, body: string): string => `import ${name} from '${from}'\n${body}`
const cjs = (name: string, from: string, body: string): string => `const ${name} = require('${from}')\n;(async () => {\n${body}\n})()`

const LLM = '  llm gpt-4o-mini ok'
const CLAUDE = '  llm claude-haiku-4-5 ok'
const GEMINI = '  llm gemini-2.5-flash ok'

describe('clients', () => {
  const three = (call: string): string => `for (let i = 0; i < 3; i++) console.log(typeof await ${call})`
  const sdks: readonly (readonly [from: string, name: string, make: string, call: (client: string) => string, span: string])[] = [
    ['openai-5', 'OpenAI', openai, chat, LLM], ['openai-6', 'OpenAI', openai, chat, LLM], ['openai', 'OpenAI', openai, chat, LLM],
    ['anthropic-0', 'Anthropic', anthropic, message, CLAUDE], ['@anthropic-ai/sdk', 'Anthropic', anthropic, message, CLAUDE],
    ['genai-1', '{ GoogleGenAI }', google, generated, GEMINI], ['genai-2', '{ GoogleGenAI }', google, generated, GEMINI],
    ['@google/genai', '{ GoogleGenAI }', google, generated, GEMINI],
  ]

  test.each(sdks)('%s: three plain calls are one run with three calls, in both module systems', async (from, name, make, call, span) => {
    for (const [file, write] of [['agent.mjs', esm], ['agent.cjs', cjs]] as const) {
      app.write(file, write(name, from, `const client = ${make}\n${three(call('client'))}`))
      const { spans, ...result } = await recorded([...REGISTER, file])
      expect(result).toEqual({ status: 0, out: 'object\nobject\nobject\n', err: '' })
      expect(spans).toEqual([`agent ${file} ok`, span, span, span])
    }
  })

  test('AI SDK 7: all calls, once, also when the program registers us itself; earlier versions go on as they are', async () => {
    const body = (from: string): string => `import { createOpenAI } from '@ai-sdk/openai'\nimport { generateText } from '${from}'
      const model = createOpenAI({ apiKey: 'sk-test', baseURL: process.env.BASE + '/v1' }).chat('gpt-4o-mini')
      console.log((await generateText({ model, prompt: 'hello' })).text)`
    app.write('ai.mjs', body('ai'))
    app.write('ai-own.mjs', `import { registerTelemetry } from 'ai'\nimport { spanwiseTelemetry } from 'spanwise/ai-sdk'\nregisterTelemetry(spanwiseTelemetry())\n${body('ai')}`)
    for (const file of ['ai.mjs', 'ai-own.mjs']) {
      const { out, err, spans } = await recorded([...REGISTER, file])
      expect([out, err, spans]).toEqual(['hi\n', '', [`agent ${file} ok`, '  agent generateText ok', `  ${LLM}`]])
    }
    app.write('ai-6.mjs', `import 'ai-6'\nconsole.log('ok')`)
    expect(await recorded([...REGISTER, 'ai-6.mjs'])).toMatchObject({ out: 'ok\n', err: '', spans: [] })
  })

  test('LangChain: a chain around a client is one span for each, in both lines and both module systems', async () => {
    const model = "new ChatOpenAI({ model: 'gpt-4o-mini', apiKey: 'sk-test', configuration: { baseURL: process.env.BASE + '/v1' } })"
    const body = `console.log((await ChatPromptTemplate.fromTemplate('say {what}').pipe(${model}).invoke({ what: 'x' })).content)`
    app.write('chain.mjs', `import { ChatOpenAI } from '@langchain/openai'\nimport { ChatPromptTemplate } from '@langchain/core/prompts'\n${body}`)
    app.write('chain.cjs', `const { ChatOpenAI } = require('@langchain/openai')\nconst { ChatPromptTemplate } = require('@langchain/core/prompts')\n;(async () => { ${body} })()`)
    for (const file of ['chain.mjs', 'chain.cjs']) {
      const { out, err, spans } = await recorded([...REGISTER, file])
      expect([out, err, spans]).toEqual(['hi\n', '', [`agent ${file} ok`, '  internal RunnableSequence ok', `  ${LLM}`]])
    }
    app.write('old.mjs', `import { FakeListChatModel } from 'langchain-core-0/utils/testing'\nconsole.log((await new FakeListChatModel({ responses: ['x'] }).invoke('y')).content)`)
    expect((await recorded([...REGISTER, 'old.mjs'])).spans).toEqual(['agent old.mjs ok', '  llm FakeListChatModel ok'])
  })

  test('several copies and majors at once, those in the folders of frameworks too', async () => {
    app.link('openai-6', 'node_modules/framework/node_modules/openai')
    app.write('node_modules/framework/package.json', '{ "name": "framework", "type": "module", "exports": "./index.js" }')
    app.write('node_modules/framework/index.js', `import OpenAI from 'openai'\nexport const ask = () => ${chat(openai)}`)
    app.write('copies.mjs', `import { createRequire } from 'node:module'
import Newest from 'openai'
import Oldest from 'openai-5'
import Anthropic from '@anthropic-ai/sdk'
import { ask } from 'framework'
const require = createRequire(import.meta.url)
for (const OpenAI of [Newest, Oldest, require('openai'), require('openai-5')]) await ${chat(openai)}
await ask()
await ${message(anthropic)}
console.log(new Set([Newest, Oldest, require('openai').OpenAI, require('openai-5').OpenAI]).size)`)
    const { out, spans } = await recorded([...REGISTER, 'copies.mjs'])
    expect([out, spans]).toEqual(['4\n', ['agent copies.mjs ok', LLM, LLM, LLM, LLM, LLM, CLAUDE]])
  })

  test('subclasses, also one with a post of its own, and derived clients: once each', async () => {
    app.write('subclasses.mjs', `import OpenAI, { AzureOpenAI } from 'openai'
let posts = 0
class Mine extends OpenAI {
  post(path, options) {
    posts++
    return super.post(path, options)
  }
}
const mine = ${openai.replace('OpenAI', 'Mine')}
await ${chat('mine')}
await ${chat('mine')}
await ${chat('mine.withOptions({ timeout: 5000 })')}
const azure = new AzureOpenAI({ apiKey: 'k', apiVersion: '2025-04-01', endpoint: process.env.BASE })
await ${chat('azure')}
console.log(posts, mine instanceof OpenAI, mine.constructor === Mine, Object.keys(mine).includes('post'))`)
    const { out, err, spans } = await recorded([...REGISTER, 'subclasses.mjs'])
    expect([out, err]).toEqual(['3 true true false\n', ''])
    expect(spans).toEqual(['agent subclasses.mjs ok', LLM, LLM, LLM, LLM])
  })

  test("Google's class is what it was, but for recording", async () => {
    app.write('google.mjs', `import { GoogleGenAI } from '@google/genai'
class Mine extends GoogleGenAI { mine = 1 }
const client = ${google.replace('GoogleGenAI', 'Mine')}
await ${generated('client')}
console.log(client.mine, client instanceof GoogleGenAI, ${google}.constructor === GoogleGenAI, GoogleGenAI.name, client.constructor === Mine)`)
    const { out, spans } = await recorded([...REGISTER, 'google.mjs'])
    expect([out, spans]).toEqual(['1 true true GoogleGenAI true\n', ['agent google.mjs ok', GEMINI]])
  })
})

describe('a program that wraps too', () => {
  const wraps = `import OpenAI from 'openai'
import { profiler } from 'spanwise'
import { wrapOpenAI, unwrapOpenAI } from 'spanwise/openai'
const client = ${openai}
`

  test('has one span a call; its own runs stay runs', async () => {
    app.write('wraps.mjs', `${wraps}
await ${chat('client')}
wrapOpenAI(client)
await ${chat('client')}
await profiler.run('mine', () => ${chat('client')})
await profiler.span('step', () => ${chat('client')})
await ${chat('unwrapOpenAI(client)')}
await ${chat('wrapOpenAI(client)')}`)
    const { err, spans } = await recorded([...REGISTER, 'wraps.mjs'])
    expect(err).toBe('')
    expect(spans).toEqual(['agent wraps.mjs ok', LLM, LLM, '  internal step ok', `  ${LLM}`, LLM, 'agent mine ok', LLM])
  })

  test('what is inside a run that is not sampled is in no other', async () => {
    app.write('unsampled.mjs', `${wraps}
await profiler.run('mine', () => ${chat('client')}, { sample: false })
await ${chat('client')}`)
    expect((await recorded([...REGISTER, 'unsampled.mjs'])).spans).toEqual(['agent unsampled.mjs ok', LLM])
  })
})

describe('ways to start', () => {
  beforeAll(() => {
    app.write('one.mjs', esm('OpenAI', 'openai', `await ${chat(openai)}`))
    app.write('one.cjs', cjs('OpenAI', 'openai', `await ${chat(openai)}`))
  })
  const one = (name: string): string[] => [`agent ${name} ok`, LLM]

  test.each([
    ['--require', ['-r', 'spanwise/register']],
    ['twice', ['--import', 'spanwise/register', '--import', 'spanwise/register']],
    ['both ways', ['-r', 'spanwise/register', '--import', 'spanwise/register']],
  ])('%s', async (_, flags) => {
    for (const file of ['one.mjs', 'one.cjs']) {
      const { status, out, err, spans } = await recorded(['node', ...flags, file])
      expect([status, out, err, spans]).toEqual([0, '', '', one(file)])
    }
  })

  test('by NODE_OPTIONS, for the programs that a program starts too', async () => {
    app.write('parent.mjs', `import { spawnSync } from 'node:child_process'
for (const file of ['one.mjs', 'one.cjs']) process.exitCode ||= spawnSync(process.execPath, [file], { stdio: 'inherit' }).status`)
    const { status, out, err, spans } = await recorded(['node', 'parent.mjs'], { NODE_OPTIONS: `--require "${packed.preload}"` })
    expect([status, out, err]).toEqual([0, '', ''])
    expect(spans).toEqual([...one('one.mjs'), ...one('one.cjs')])
  })

  test('in threads: a run each', async () => {
    app.write('threads.mjs', `import { Worker } from 'node:worker_threads'
for (const file of ['one.mjs', 'one.cjs']) await new Promise((resolve) => new Worker(new URL(file, import.meta.url)).on('exit', resolve))`)
    const { status, err, spans } = await recorded([...REGISTER, 'threads.mjs'])
    expect([status, err]).toEqual([0, ''])
    expect(spans.map((line) => line.replace(/\d+\) ok/, 'n) ok'))).toEqual([...one('one.mjs (thread n)'), ...one('one.cjs (thread n)')])
  })

  test('with a loader that gives the source of CommonJS modules itself, as those for TypeScript do', async () => {
    app.write('hooks.mjs', `import { readFileSync } from 'node:fs'
export async function load(url, context, next) {
  return url.endsWith('/one.cts') ? { format: 'commonjs', source: readFileSync(new URL(url), 'utf8'), shortCircuit: true } : next(url, context)
}`)
    app.write('loader.mjs', `import { register } from 'node:module'\nregister('./hooks.mjs', import.meta.url)`)
    app.write('one.cts', cjs('OpenAI', 'openai', `await ${chat(openai)}`))
    for (const flags of [['--import', './loader.mjs', '--import', 'spanwise/register'], ['--import', 'spanwise/register', '--import', './loader.mjs']]) {
      const { status, spans } = await recorded(['node', '--no-warnings', ...flags, 'one.cts'])
      expect([status, spans]).toEqual([0, one('one.cts')])
    }
  })

  test('with a loader that reads CommonJS modules and compiles them by itself', async () => {
    app.write('extension.cjs', `const { readFileSync } = require('node:fs')
for (const ending of ['.js', '.cts']) require.extensions[ending] = (module, file) => module._compile(readFileSync(file, 'utf8'), file)`)
    app.write('two.cjs', "require('./extension.cjs')\nrequire('./two.cts')")
    app.write('two.cts', cjs('OpenAI', 'openai', `await ${chat(openai)}`))
    const { status, spans } = await recorded([...REGISTER, 'two.cjs'])
    expect([status, spans]).toEqual([0, one('two.cjs')])
  })

  test('a package manager, a program without clients, and SPANWISE=0: nothing is done, nothing is written', async () => {
    const look = "console.log(typeof globalThis[Symbol.for('spanwise.register.v1')], typeof globalThis[Symbol.for('spanwise.profiler.v1')])"
    for (const [file, env, expected] of [
      ['npm-cli.js', {}, 'undefined undefined'], ['npx', {}, 'undefined undefined'], ['plain.cjs', {}, 'function undefined'],
      ['plain.cjs', { SPANWISE: '0' }, 'undefined undefined'],
    ] as const) {
      app.write(file, look)
      expect(await recorded([...REGISTER, file], env)).toEqual({ status: 0, out: `${expected}\n`, err: '', spans: [] })
    }
  })

  test('a dir of the environment, and none', async () => {
    await recorded([...REGISTER, 'one.mjs'], { SPANWISE_DIR: 'elsewhere' })
    expect(drawn(app.takeTraces('elsewhere'))).toEqual(one('one.mjs'))
    expect((await recorded([...REGISTER, 'one.mjs'], { SPANWISE_DIR: '0' })).spans).toEqual([])
  })
})

describe('how a program ends', () => {
  test.each([
    ['process.exit(9)', 9], ['process.exitCode = 7', 7], ["throw new Error('mine')", 1], ["Promise.reject(new Error('mine'))", 1],
    ['await new Promise(() => {})', 13],
  ])('%s', async (end, status) => {
    app.write('ends.mjs', esm('OpenAI', 'openai', `await ${chat(openai)}\n${end}`))
    const bare = await app.run(['node', 'ends.mjs'], { BASE: provider.url })
    const { spans, ...result } = await recorded(['node', '-r', 'spanwise/register', 'ends.mjs'])
    expect(result).toEqual(bare)
    expect([result.status, spans]).toEqual([status, ['agent ends.mjs failed', LLM]])
  })

  test.each(['SIGINT', 'SIGTERM'] as const)('%s', async (signal) => {
    app.write('waits.mjs', esm('OpenAI', 'openai', `await ${chat(openai)}\nsetInterval(() => {}, 1000)\nconsole.log('ready')`))
    const child = app.start([...REGISTER, 'waits.mjs'], { BASE: provider.url })
    child.stdout!.once('data', () => child.kill(signal))
    const { status } = await ended(child)
    expect([status, child.signalCode]).toEqual([null, signal])
    expect(drawn(app.takeTraces())).toEqual(['agent waits.mjs cancelled', LLM])
  })
})

describe('what a program can see of it', () => {
  test('positions in the sources of a client, and stacks, are what they were', async () => {
    const program = `try { new OpenAI({ apiKey: 'k', baseURL: 'x', x509Transport: 1, workloadIdentity: 1 }) } catch (error) { console.log(error.stack) }
try { await ${chat("new OpenAI({ apiKey: 'k', baseURL: 'nowhere', maxRetries: 0 })")} } catch (error) { console.log(error.stack) }
try { OpenAI.prototype.buildURL.call(undefined) } catch (error) { console.log(error.stack) }
console.log(OpenAI.name, OpenAI.length, OpenAI.prototype.post.name, OpenAI.prototype.post.length, Object.getOwnPropertyNames(OpenAI.prototype).join())`
    for (const [file, write] of [['looks.mjs', esm], ['looks.cjs', cjs]] as const) {
      app.write(file, write('OpenAI', 'openai', program))
      const bare = await app.run(['node', file])
      const { status, out, err } = await app.run(['node', '-r', 'spanwise/register', file])
      // One of Node's own frames has no name for its method any more.
      expect([status, out.replaceAll('Module.<anonymous> (node:', 'Module._compile (node:'), err]).toEqual([bare.status, bare.out, bare.err])
      expect(bare.out).toContain(`/openai/client.${file === 'looks.mjs' ? 'mjs' : 'js'}:`)
      expect(drawn(app.takeTraces())).toEqual([`agent ${file} ok`, '  llm gpt-4o-mini failed'])
    }
  })

  test('a method of its own that a program puts over the one that compiles modules', async () => {
    app.write('compiles.cjs', `const Module = require('node:module')
const { _compile } = Module.prototype
const seen = []
Module.prototype._compile = function (text, file, ...rest) { seen.push(require('node:path').basename(file)); return _compile.call(this, text, file, ...rest) }
const OpenAI = require('openai')
const own = new Module('own')
own._compile = 1
console.log(seen.includes('client.js'), Object.keys(own).includes('_compile'))
${chat(openai)}.then(() => {})`)
    const { out, spans } = await recorded([...REGISTER, 'compiles.cjs'])
    expect([out, spans]).toEqual(['true true\n', ['agent compiles.cjs ok', LLM]])
  })
})
