import { readFileSync } from 'node:fs'
import { transformSync } from 'esbuild'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { analyze } from 'spanwise'
import type { Recording } from '../examples/replay/recordings.ts'
import { startReplayServer, type ReplayServer } from '../examples/replay/server.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { pack, startAnyProvider, type Ended, type Folder, type Packed } from './support/packed.ts'
import { root } from './support/source.ts'

const recorded = (name: string): Recording => ({ name, ...(JSON.parse(readFileSync(`${root}examples/recordings/${name}.json`, 'utf8')) as Omit<Recording, 'name'>) })

let packed: Packed
let app: Folder
beforeAll(() => {
  packed = pack()
  app = packed.folder(['openai'])
})
afterAll(() => packed.remove())

const command = (...words: readonly string[]): string[] => ['node', 'node_modules/spanwise/dist/src/cli/main.js', ...words]

describe('examples/no-code.ts, on recorded answers of OpenAI', () => {
  const source = readFileSync(`${root}examples/no-code.ts`, 'utf8')
  let server: ReplayServer
  const run = async (...words: readonly string[]): Promise<Ended> => {
    app.write('no-code.mjs', transformSync(source, { loader: 'ts' }).code)
    server = await startReplayServer({ 'POST /v1/chat/completions': [recorded('openai-weather-tools'), recorded('openai-weather-answer')] }, 0)
    try {
      return await app.run(words, { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: `${server.url}/v1` })
    } finally {
      expect(server.unplayed()).toEqual([])
      await server.close()
    }
  }
  const ANSWER = /^Today, the weather in .*Seattle.*San Francisco/s

  test('is short, and knows nothing of Spanwise', () => {
    expect(source.trimEnd().split('\n').length).toBeLessThan(40)
    expect(source.split('\n').slice(1).join('\n')).not.toMatch(/spanwise/i)
  })

  test('node --import spanwise/register', async () => {
    const { status, out, err } = await run('node', '--import', 'spanwise/register', 'no-code.mjs')
    expect([status, out, err]).toEqual([0, expect.stringMatching(ANSWER), ''])
    const [trace, ...others] = app.takeTraces()
    checkTrace(trace!)
    checkAnalysis(analyze(trace!))
    expect([others, trace!.spans.map(({ name }) => name)]).toEqual([[], ['no-code.mjs', 'gpt-4o-mini', 'gpt-4o-mini']])
    expect(trace!.spans[1]!.llm!.toolCalls!.map(({ name }) => name)).toEqual(['get_current_weather', 'get_current_weather'])
  })

  test('spanwise run', async () => {
    const { status, out, err } = await run(...command('run', '--', 'node', 'no-code.mjs'))
    expect([status, out]).toEqual([0, expect.stringMatching(ANSWER)])
    expect(err).toMatch(/^\nno-code\.mjs .* 2 LLM calls\n/)
    expect(err).toMatch(/spanwise: recorded in \.spanwise; spanwise show [0-9a-f]+ prints it again\n$/)
    app.takeTraces()
  })
})

describe('spanwise run', () => {
  const program = `import OpenAI from 'openai'
for (let i = 0; i < 3; i++) await new OpenAI({ apiKey: 'k', baseURL: process.env.BASE + '/v1' }).chat.completions.create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'hello' }] })
console.log(process.env.NODE_OPTIONS.split(' --require')[0], process.env.SPANWISE_DIR.split('/').at(-2))
process.exitCode = Number(process.argv[2] ?? 0)`
  const run = async (words: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const provider = await startAnyProvider()
    app.write('agent.mjs', program)
    app.write('agent.sh', 'node agent.mjs; node agent.mjs')
    try {
      return await app.run(words, { BASE: provider.url, ...env })
    } finally {
      await provider.close()
    }
  }

  test('three plain calls are one run with three calls; the exit code and the options of Node are those of the program', async () => {
    const { status, out, err } = await run(command('run', '--', 'node', 'agent.mjs', '7'), { NODE_OPTIONS: '--stack-trace-limit=20' })
    expect([status, out]).toEqual([7, '--stack-trace-limit=20 .spanwise\n'])
    expect(err).toMatch(/^\nagent\.mjs .* 3 LLM calls/)
    expect(err).toMatch(/the program ended with exit code 7\n$/)
    const traces = app.takeTraces()
    expect(traces.map(({ spans }) => spans.map(({ name, outcome }) => `${name} ${outcome.state}`))).toEqual([
      ['agent.mjs failed', 'gpt-4o-mini ok', 'gpt-4o-mini ok', 'gpt-4o-mini ok'],
    ])
  })

  test('each Node process of a program is a run', async () => {
    const { status, err } = await run(command('run', '--', 'sh', 'agent.sh'))
    expect([status, err]).toEqual([0, expect.stringMatching(/recorded 2 runs in \.spanwise; spanwise list shows them\n$/)])
    expect(app.takeTraces().map(({ name }) => name)).toEqual(['agent.mjs', 'agent.mjs'])
  })

  test('--no-register leaves it to what it wraps', async () => {
    app.write('bare.mjs', 'console.log(process.env.NODE_OPTIONS)')
    const { out, err } = await run(command('run', '--no-register', '--', 'node', 'bare.mjs'))
    expect(out).toBe('undefined\n')
    expect(err).toMatch(/^spanwise: the program recorded nothing\n {2}It has to wrap what should be seen:\n/)
  })

  test('says what could be seen when nothing was, and how a program in another language is', async () => {
    app.write('bare.mjs', '')
    expect((await run(command('run', '--', 'node', 'bare.mjs'))).err).toMatch(/^spanwise: the program recorded nothing\n {2}Clients of OpenAI, Anthropic and Google, LangChain and the AI SDK 7 are recorded\n {2}where they come from node_modules\./)
    app.write('bin/python3', '#!/bin/sh\n')
    const { err } = await run(['sh', '-c', `chmod +x bin/python3; PATH="$PWD/bin:$PATH" ${command('run', '--', 'python3', 'agent.py').join(' ')}`])
    expect(err).toBe("spanwise: the program recorded nothing\n  A program that is none of Node's is recorded by what it asks:\n\n    spanwise proxy -- python3 agent.py\n\n")
  })

  test('a package that lies in a folder whose name has spaces and quotes', async () => {
    const odd = pack(`it's "odd" 100% é`)
    const provider = await startAnyProvider()
    try {
      const folder = odd.folder(['openai'])
      folder.write('agent.mjs', program)
      const { status, err } = await folder.run(command('run', '--', 'node', 'agent.mjs'), { BASE: provider.url })
      expect([status, err]).toEqual([0, expect.stringMatching(/^\nagent\.mjs .* 3 LLM calls/)])
    } finally {
      await provider.close()
      odd.remove()
    }
  })
})
