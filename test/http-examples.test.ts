import { readFileSync } from 'node:fs'
import { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test, vi } from 'vitest'
import { profiler } from 'spanwise'
import { get } from './conformance/http/client.ts'
import { checkTrace } from './laws.ts'
import { json, startProviderServer, type Reply } from './support/provider-server.ts'
import { root } from './support/source.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** What OpenAI really answered; `examples/recordings/LICENSES.md` says where that comes from. */
function recordedReply(name: string): Reply {
  const { responseBody } = JSON.parse(readFileSync(`${root}examples/recordings/${name}.json`, 'utf8')) as { readonly responseBody: unknown }
  return json(responseBody)
}

test.each(['http', 'express', 'fastify', 'hono'])('examples/%s.ts', async (name) => {
  expect(readFileSync(`${root}examples/${name}.ts`, 'utf8').trimEnd().split('\n').length).toBeLessThan(40)
  const provider = await startProviderServer()
  const session = provider.session()
  const replies = ['openai-weather-tools', 'openai-weather-answer'].map(recordedReply)
  session.reply(...replies, ...replies)
  for (const [variable, value] of Object.entries({ OPENAI_BASE_URL: session.url, OPENAI_API_KEY: 'test', SPANWISE_HTTP: '1', SPANWISE_SAMPLE_RATE: '1', PORT: '0' })) vi.stubEnv(variable, value)
  const info = vi.spyOn(console, 'info').mockReturnValue()
  const listen = vi.spyOn(Server.prototype, 'listen')
  await import(`${root}examples/${name}.ts`)
  const servers = listen.mock.results.map(({ value }) => value as Server)
  await vi.waitFor(() => expect(servers.some((server) => server.address() !== null)).toBe(true))
  const { port } = servers.find((server) => server.address() !== null)!.address() as AddressInfo
  const url = `http://localhost:${port}/ask?question=What+is+the+weather`

  const answer = await get(url)
  expect([answer.status, answer.headers['content-type']?.toLowerCase(), answer.text]).toEqual([200, 'text/plain; charset=utf-8', expect.stringContaining('San Francisco')])
  await vi.waitFor(() => expect(info).toHaveBeenCalledTimes(1))
  expect(info.mock.calls[0]![0]).toMatch(/s, 2 LLM calls, 2 tool calls, \d+ in, \d+ out, \$0\.\d+, ok, GET \/ask$/)
  const report = await get(`${url}&profile=1`)
  expect(report.text).toContain('<title>GET /ask · Spanwise</title>')
  expect((await get(new URL(String(report.headers['spanwise-original']), url).href)).text).toBe(answer.text)
  const trace = profiler.lastTrace!
  expect(trace.spans.filter(({ parentId }) => parentId === trace.spans[0]!.id).map(({ name }) => name)).toEqual(['gpt-4o-mini', 'get_current_weather', 'get_current_weather', 'gpt-4o-mini'])
  checkTrace(trace)

  for (const server of servers) {
    server.closeAllConnections()
    server.close()
  }
  await provider.close()
})
