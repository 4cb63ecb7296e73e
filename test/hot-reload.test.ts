import OpenAI from 'openai'
import { expect, test, vi } from 'vitest'
import type * as Adapter from '../adapters/openai.ts'
import type * as Spanwise from '../src/index.ts'

const RELOADS = 100

/** As a development server does when a file changes: the package is loaded anew, what stands on `globalThis` stays. */
async function reload(): Promise<typeof Adapter> {
  vi.resetModules()
  return import('../adapters/openai.ts')
}

/** The package's main entry beside the adapter that was loaded last. */
const main = (): Promise<typeof Spanwise> => import('../src/index.ts')

test('a client that outlives a hundred reloads is wrapped once, by one profiler', async () => {
  const completion = { id: 'c1', model: 'm', choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'x' } }] }
  const client = new OpenAI({ apiKey: 'k', fetch: () => Promise.resolve(Response.json(completion)) })
  const { wrapOpenAI } = await reload()
  wrapOpenAI(client)
  const first = await main()
  const members = (): unknown => Object.entries(Object.getOwnPropertyDescriptors(client)).map(([name, { value }]) => [name, value as unknown])
  const wrapped = members()
  const symbols = Object.getOwnPropertySymbols(globalThis).length
  const listeners = process.eventNames().map((name) => process.listenerCount(name as string))
  for (let i = 0; i < RELOADS; i++) (await reload()).wrapOpenAI(client)
  const last = await main()
  expect(last.Profiler).not.toBe(first.Profiler)
  expect(last.profiler).toBe(first.profiler)
  expect(members()).toEqual(wrapped)
  expect(Object.getOwnPropertySymbols(globalThis).length).toBe(symbols)
  expect(process.eventNames().map((name) => process.listenerCount(name as string))).toEqual(listeners)

  await last.profiler.run('agent', () => client.chat.completions.create({ model: 'm', messages: [] }))
  expect(last.profiler.lastTrace!.spans.map(({ name }) => name)).toEqual(['agent', 'm'])
  // What one copy is told to do later is done once.
  expect((globalThis as unknown as Record<symbol, Map<string, unknown>>)[Symbol.for('spanwise.putOff.v1')]!.size).toBe(2)
}, 60_000)
