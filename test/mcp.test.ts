import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { StreamableHTTPServerTransport } from '@modelcontextprotocol/sdk/server/streamableHttp.js'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Profiler } from 'spanwise'
import { unwrapMcp, wrapMcpClient, wrapMcpServer, type McpClientOptions, type McpServerOptions } from 'spanwise/mcp'
import { runExample } from './support/example.ts'
import { json } from './support/provider-server.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

/** A server with a tool that does work of its own, one that fails, one that never ends, a prompt and a resource. */
function weatherServer(profiler: Profiler): McpServer {
  const server = new McpServer({ name: 'weather', version: '1.0.0' })
  server.registerTool('forecast', { description: 'The forecast', inputSchema: { city: z.string() } }, async ({ city }) => {
    const text = await profiler.span('look up', async () => `Sunny in ${city}`, { category: 'retrieval' })
    return { content: [{ type: 'text', text }] }
  })
  server.registerTool('broken', { description: 'Fails' }, async () => ({ isError: true, content: [{ type: 'text', text: 'no data' }] }))
  server.registerTool('endless', { description: 'Never ends' }, () => new Promise(() => {}))
  server.registerPrompt('ask', {}, () => ({ messages: [{ role: 'user', content: { type: 'text', text: 'How is it?' } }] }))
  server.registerResource('map', 'weather://map?secret=1', {}, async () => ({ contents: [{ uri: 'weather://map', text: 'a map' }] }))
  return server
}

interface Both {
  readonly client: Client
  readonly here: Profiler
  readonly there: Profiler
}

async function connected(options: { client?: McpClientOptions; server?: McpServerOptions; isBare?: boolean } = {}): Promise<Both> {
  const { profiler: here } = recorded()
  const { profiler: there } = recorded({ service: 'weather-service' })
  const server = weatherServer(there)
  const client = new Client({ name: 'agent', version: '1.0.0' })
  if (options.isBare !== true) {
    wrapMcpServer(server, { profiler: there, ...options.server })
    wrapMcpClient(client, { profiler: here, ...options.client })
  }
  const [mine, its] = InMemoryTransport.createLinkedPair()
  await server.connect(its)
  await client.connect(mine)
  return { client, here, there }
}

const ask = (client: Client, city = 'Oslo') => client.callTool({ name: 'forecast', arguments: { city } })

test('a tool call has the name of its server, and the spans of the server below it', async () => {
  const { client, here, there } = await connected()
  const answer = await here.run('agent', () => ask(client))
  expect(answer).toEqual({ content: [{ type: 'text', text: 'Sunny in Oslo' }] })
  expectTree(here.lastTrace, `
    agent 0-0
      weather/forecast tool 0-0
        tools/call forecast 0-0
          look up retrieval 0-0
  `)
  const [, tool, remote] = here.lastTrace!.spans
  expect(tool!.tool!.name).toBe('forecast')
  expect(tool!.attributes).toEqual({ 'mcp.method.name': 'tools/call', 'mcp.server.name': 'weather', 'gen_ai.operation.name': 'execute_tool' })
  expect(remote!.attributes).toMatchObject({ 'service.name': 'weather-service', 'mcp.method.name': 'tools/call' })
  expect(there.lastTrace!.id).toBe(here.lastTrace!.id)
  expect(there.lastTrace!.spans[0]!.attributes).toMatchObject({ 'spanwise.parent_span_id': tool!.id })
})

test('results are what they would be without us', async () => {
  const results = async (isBare: boolean) => {
    const { client, here } = await connected({ isBare })
    return here.run('agent', async () => [
      await ask(client),
      await client.callTool({ name: 'broken' }),
      await client.listTools(),
      await client.listPrompts(),
      await client.getPrompt({ name: 'ask' }),
      await client.readResource({ uri: 'weather://map?secret=1' }),
      await client.ping(),
      await client.callTool({ name: 'missing' }).catch((error: unknown) => error),
      await client.callTool({ name: 'forecast', arguments: {} }),
      await client.getPrompt({ name: 'missing' }).then(String, (error: { code: number; message: string }) => [error.constructor.name, error.code, error.message]),
    ])
  }
  expect(await results(false)).toEqual(await results(true))
})

test('failures, cancellations, and what is asked beside tools', async () => {
  const { client, here, there } = await connected({ client: { spans: false } })
  const controller = new AbortController()
  await here.run('agent', async () => {
    await client.listTools()
    await client.getPrompt({ name: 'ask' })
    await client.readResource({ uri: 'weather://map?secret=1' })
    await client.callTool({ name: 'broken' })
    await client.getPrompt({ name: 'missing' }).catch(() => {})
    const endless = client.callTool({ name: 'endless' }, undefined, { signal: controller.signal })
    controller.abort(new DOMException('enough', 'AbortError'))
    await endless.catch(() => {})
  })
  expectTree(here.lastTrace, `
    agent 0-0
      tools/list 0-0
      prompts/get ask retrieval 0-0
      resources/read retrieval 0-0
      weather/broken tool 0-0 failed tool_error: no data
      prompts/get missing retrieval 0-0 failed McpError: MCP error -32602: MCP error -32602: Prompt missing not found
      weather/endless tool 0-0 cancelled
  `)
  expect(JSON.stringify([here.traces, there.traces])).not.toContain('secret')
  await there.flush()
  expect(there.traces.map(tree)).toEqual([
    'prompts/get ask 0-0', 'resources/read 0-0', 'tools/call broken 0-0 failed tool_error: ', 'prompts/get missing 0-0 failed -32602: MCP error -32602: Prompt missing not found',
    'tools/call endless 0-0 cancelled',
  ])
})

test('calls at once do not mix', async () => {
  const { client, here } = await connected()
  await Promise.all(Array.from({ length: 50 }, (_, i) => here.run(`agent ${i}`, () => Promise.all([ask(client, `city ${i}`), ask(client, `town ${i}`)]))))
  expect(here.traces).toHaveLength(50)
  for (const { spans, id } of here.traces) {
    expect(spans).toHaveLength(7)
    expect(spans.every(({ traceId }) => traceId === id)).toBe(true)
  }
})

test('a function that is recorded as the tool is the same call', async () => {
  const { client, here } = await connected()
  const forecast = here.tool('forecast', () => ask(client))
  await here.run('agent', () => forecast())
  expectTree(here.lastTrace, `
    agent 0-0
      forecast tool 0-0
        tools/call forecast 0-0
          look up retrieval 0-0
  `)
  expect(here.lastTrace!.spans[1]!.attributes).toMatchObject({ 'mcp.server.name': 'weather' })
})

test('who may not have the spans does not get them', async () => {
  const { client, here, there } = await connected({ server: { spans: ({ method }) => method !== 'tools/call' } })
  await here.run('agent', () => ask(client))
  expect(here.lastTrace!.spans).toHaveLength(2)
  expect(there.lastTrace!.spans).toHaveLength(2)
})

test('a call outside any run is a run; a run that is not sampled records and sends nothing', async () => {
  const { client, here, there } = await connected()
  await ask(client)
  expect(here.traces.map(({ name }) => name)).toEqual(['weather/forecast'])
  await here.run('quiet', () => ask(client), { sample: false })
  await client.listTools()
  expect(here.traces).toHaveLength(1)
  expect(there.lastTrace!.spans[0]!.attributes).not.toHaveProperty('spanwise.parent_span_id')
})

test('over HTTP, where the spans are given only when the server says so', async () => {
  const { profiler: here } = recorded()
  const { profiler: there } = recorded()
  const spans = { share: false }
  const http = createServer((request, response) => {
    const server = wrapMcpServer(weatherServer(there), { profiler: there, ...(spans.share && { spans: true }) })
    const transport = new StreamableHTTPServerTransport()
    response.on('close', () => void server.close())
    void server.connect(transport as Transport).then(() => transport.handleRequest(request, response))
  })
  await new Promise<void>((resolve) => void http.listen(0, '127.0.0.1', resolve))
  try {
    const client = wrapMcpClient(new Client({ name: 'agent', version: '1.0.0' }), { profiler: here })
    await client.connect(new StreamableHTTPClientTransport(new URL(`http://127.0.0.1:${(http.address() as AddressInfo).port}/mcp`)) as Transport)
    await here.run('closed', () => ask(client))
    spans.share = true
    await here.run('open', () => ask(client))
    await client.close()
    expect(here.traces.map(({ spans: all }) => all.length)).toEqual([2, 4])
    expect(there.traces.map(({ id }) => id)).toEqual(here.traces.map(({ id }) => id))
  } finally {
    http.closeAllConnections()
    await new Promise((resolve) => http.close(resolve))
  }
})

test('wrapped twice is recorded once, and can be taken off again', async () => {
  const { client, here } = await connected()
  expect(wrapMcpClient(client, { profiler: here })).toBe(client)
  await here.run('agent', () => ask(client))
  expect(here.lastTrace!.spans.filter(({ category }) => category === 'tool')).toHaveLength(1)
  expect(unwrapMcp(client)).toBe(client)
  expect(Object.hasOwn(client, 'request')).toBe(false)
  await here.run('bare', () => ask(client))
  expect(here.lastTrace!.spans).toHaveLength(1)
})

test('misuse says what it got', () => {
  expect(() => wrapMcpClient({})).toThrow('wrapMcpClient(client): client must be a Client of @modelcontextprotocol/sdk, got {}')
  expect(() => wrapMcpServer({})).toThrow('server must be an McpServer or a Server')
  expect(() => wrapMcpServer(new McpServer({ name: 'x', version: '1' }), { profiler: 1 as never })).toThrow('options.profiler must be a Profiler, got 1')
})

test('the example', async () => {
  const ask = { role: 'assistant', content: null, tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'get_current_weather', arguments: '{"location":"San Francisco"}' } }] }
  const replies = [ask, { role: 'assistant', content: 'It is sunny.' }].map((message) => json({
    id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o-mini-2024-07-18',
    choices: [{ index: 0, message, finish_reason: 'stop' }], usage: { prompt_tokens: 50, completion_tokens: 10, total_tokens: 60 },
  }))
  const { printed, traces, asked } = await runExample('mcp', replies, (url) => ({ OPENAI_BASE_URL: url, OPENAI_API_KEY: 'test', NO_COLOR: '1' }))
  expect(printed).toMatch(/^It is sunny\.\n/)
  expect(printed).toMatch(/2 LLM calls · 1 tool call/)
  expect(asked[1]!.body).toContain('22 °C and sunny in San Francisco')
  expect(traces.at(-1)!.spans.map(({ name }) => name)).toEqual([
    'weather-agent', 'tools/list', 'gpt-4o-mini', 'weather/get_current_weather', 'tools/call get_current_weather', 'query station', 'gpt-4o-mini',
  ])
  expect(traces.at(-1)!.spans[3]!.tool).toMatchObject({ callId: 'call_1', issuedBy: traces.at(-1)!.spans[2]!.id })
})
