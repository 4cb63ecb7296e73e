import { readFileSync } from 'node:fs'
import { transformSync } from 'esbuild'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { analyze, type Trace } from 'spanwise'
import { checkAnalysis, checkTrace } from './laws.ts'
import { answer, type AnswerForm, type Said } from './support/openai-answers.ts'
import { pack, type Packed } from './support/packed.ts'
import { startProviderServer, type ProviderServer } from './support/provider-server.ts'
import { root } from './support/source.ts'

// Examples in a process of their own: what another test of this process has loaded, such as LangChain's context, must not be what makes
// them work.

let packed: Packed
let server: ProviderServer
beforeAll(async () => {
  packed = pack()
  server = await startProviderServer()
})
afterAll(async () => {
  packed.remove()
  await server.close()
})

const called = (name: string, ...args: readonly object[]): Said => ({ calls: args.map((one, i) => [name, one, `c${i}`]) })
const CITIES = [{ location: 'Seattle' }, { location: 'San Francisco' }]
const SAID: Said = { text: 'It rains.' }

const drawn = ({ spans }: Trace): string[] => {
  const depths = new Map<string, number>()
  return spans.map(({ id, parentId, name, category }) => {
    const depth = parentId === undefined ? 0 : depths.get(parentId)! + 1
    depths.set(id, depth)
    return `${'  '.repeat(depth)}${name} ${category}`
  })
}

test.each<[name: string, packages: readonly string[], form: AnswerForm, said: readonly Said[], spans: readonly string[]]>([
  ['langchain', ['@langchain/core', '@langchain/openai'], { api: 'chat', stream: true }, [SAID], ['sums agent', '  gpt-4o-mini llm']],
  ['langgraph', ['@langchain/core', '@langchain/langgraph', '@langchain/openai', 'zod'], { api: 'chat' }, [called('get_current_weather', ...CITIES), SAID], [
    'weather agent agent', '  agent internal', '    gpt-4o-mini llm', '  tools internal',
    '    get_current_weather tool', '    get_current_weather tool', '      look out of the window internal', '      look out of the window internal',
    '  agent internal', '    gpt-4o-mini llm',
  ]],
  ['llamaindex', ['@llamaindex/core', '@llamaindex/openai', 'zod'], { api: 'chat' }, [called('get_current_weather', ...CITIES), SAID], [
    'OpenAIAgent agent', '  gpt-4o-mini llm', '  get_current_weather tool', '    look out of the window internal',
    '  get_current_weather tool', '    look out of the window internal', '  gpt-4o-mini llm',
  ]],
  ['ai-sdk', ['ai', '@ai-sdk/openai', 'zod'], { api: 'chat', stream: true }, [called('multiply', { a: 6, b: 7 }), SAID],
    ['calculator agent', '  gpt-4o-mini llm', '  multiply tool', '  gpt-4o-mini llm']],
  ['openai-agents', ['@openai/agents', 'openai', 'zod'], { api: 'responses' }, [called('get_weather', ...CITIES), SAID], [
    'Agent workflow agent', '  Weather agent agent', '    gpt-4o-mini llm', '    get_weather tool', '    get_weather tool', '    gpt-4o-mini llm',
  ]],
])('examples/%s.ts', async (name, packages, form, said, spans) => {
  const app = packed.folder(packages)
  const session = server.session()
  session.reply(...said.map((one) => answer(form, one)))
  app.write('example.mjs', transformSync(readFileSync(`${root}examples/${name}.ts`, 'utf8'), { loader: 'ts' }).code)
  const { status, out, err } = await app.run(['node', 'example.mjs'], { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: session.url, SPANWISE_DIR: '1' })
  expect([status, err]).toEqual([0, ''])
  expect(out).toContain(SAID.text)
  expect(out).toMatch(/^Time by category/m)
  const traces = app.takeTraces()
  expect(traces.map(drawn)).toEqual([spans])
  checkTrace(traces[0]!)
  checkAnalysis(analyze(traces[0]!))
})
