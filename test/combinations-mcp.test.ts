import { HumanMessage } from '@langchain/core/messages'
import { tool as langchainTool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { Settings } from '@llamaindex/core/global'
import { tool as llamaTool } from '@llamaindex/core/tools'
import { OpenAI as LlamaOpenAI, OpenAIAgent } from '@llamaindex/openai'
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import { Agent, OpenAIProvider, Runner, setTraceProcessors, setTracingDisabled, tool as agentsTool } from '@openai/agents'
import OpenAI from 'openai'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { analyze, type Profiler } from 'spanwise'
import { spanwiseTelemetry } from 'spanwise/ai-sdk'
import { spanwiseHandler } from 'spanwise/langchain'
import { recordLlamaIndex } from 'spanwise/llamaindex'
import { wrapMcpClient, wrapMcpServer } from 'spanwise/mcp'
import { spanwiseProcessor } from 'spanwise/openai-agents'
import { lanes } from './ai-sdk/lanes.ts'
import { answer } from './support/openai-answers.ts'
import { startProviderServer, type ProviderServer } from './support/provider-server.ts'
import { expectTree, recorded } from './support/recorded.ts'
import { says } from './support/said.ts'

/** Tools that a framework runs and that go through an MCP client: one tool each, with what the server did below it. */

let server: ProviderServer
beforeAll(async () => {
  server = await startProviderServer()
  setTracingDisabled(false)
})
afterAll(() => server.close())

const undo: (() => void)[] = []
afterEach(() => {
  for (const done of undo.splice(0)) done()
})

const schema = z.object({ city: z.string() })
type Execute = (args: { city: string }) => Promise<string>
type Run = (desk: { readonly profiler: Profiler; readonly url: string; readonly execute: Execute }) => Promise<unknown>

const DESCRIPTION = { name: 'forecast', description: 'The forecast' }
const seven = lanes[0]!

const frameworks: readonly (readonly [name: string, run: Run])[] = [
  ['LangChain', async ({ profiler, url, execute }) => {
    const config = { callbacks: [spanwiseHandler({ profiler })] }
    const forecast = langchainTool(execute, { ...DESCRIPTION, schema })
    const model = new ChatOpenAI({ model: 'some-model', apiKey: 'test', maxRetries: 0, configuration: { baseURL: url } }).bindTools([forecast])
    const messages = [new HumanMessage('How will it be?')]
    const asked = await model.invoke(messages, config)
    const results = await Promise.all(asked.tool_calls!.map((call) => forecast.invoke({ ...call, type: 'tool_call' }, config)))
    return (await model.invoke([...messages, asked, ...results as never[]], config)).text
  }],
  ['the AI SDK', async ({ profiler, url, execute }) => {
    const forecast = seven.ai.tool({ description: 'The forecast', inputSchema: schema, execute })
    const options = { model: seven.openai(url).chat('some-model'), prompt: 'How will it be?', tools: { forecast }, stopWhen: seven.ai.stepCountIs(3) }
    return (await seven.ai.generateText({ ...options, telemetry: spanwiseTelemetry({ profiler }) as never })).text
  }],
  ['OpenAI Agents', async ({ profiler, url, execute }) => {
    setTraceProcessors([spanwiseProcessor({ profiler })])
    const client = new OpenAI({ apiKey: 'test', baseURL: url, maxRetries: 0 })
    const runner = new Runner({ modelProvider: new OpenAIProvider({ openAIClient: client as never, useResponses: false }) })
    const forecast = agentsTool({ ...DESCRIPTION, parameters: schema, execute })
    return (await runner.run(new Agent({ name: 'Helper', instructions: 'x', model: 'some-model', tools: [forecast] }), 'How will it be?')).finalOutput
  }],
  ['LlamaIndex', async ({ profiler, url, execute }) => {
    undo.push(recordLlamaIndex(Settings, { profiler }))
    Settings.llm = new LlamaOpenAI({ model: 'some-model', apiKey: 'test', maxRetries: 0, baseURL: url, session: new OpenAI({ apiKey: 'test', baseURL: url }) as never })
    const agent = new OpenAIAgent({ tools: [llamaTool({ ...DESCRIPTION, parameters: schema, execute })] })
    return (await agent.chat({ message: 'How will it be?' })).message.content
  }],
]

async function mcpClient(profiler: Profiler): Promise<Client> {
  const { profiler: there } = recorded()
  const mcp = new McpServer({ name: 'weather', version: '1.0.0' })
  mcp.registerTool('forecast', { description: 'The forecast', inputSchema: { city: z.string() } }, async ({ city }) => {
    const text = await there.span('look up', async () => `sunny in ${city}`)
    return { content: [{ type: 'text', text }] }
  })
  wrapMcpServer(mcp, { profiler: there })
  const client = wrapMcpClient(new Client({ name: 'agent', version: '1.0.0' }), { profiler })
  const [mine, its] = InMemoryTransport.createLinkedPair()
  await mcp.connect(its)
  await client.connect(mine)
  return client
}

describe.each(frameworks)('%s', (_name, run) => {
  test.each([{ isRecorded: false }, { isRecorded: true }])('two tools at once, through MCP (a recorded function in between: $isRecorded)', async ({ isRecorded }) => {
    const { profiler } = recorded()
    const client = await mcpClient(profiler)
    const session = server.session()
    session.reply(answer({ api: 'chat' }, { calls: [['forecast', { city: 'Rome' }, 'c1'], ['forecast', { city: 'Oslo' }, 'c2']] }), says('chat', 'sunny'))
    const ask: Execute = async (args) => {
      const { content } = await client.callTool({ name: 'forecast', arguments: args })
      return (content as { text: string }[])[0]!.text
    }
    const execute = isRecorded ? profiler.tool('forecast', ask) : ask
    expect(await profiler.run('program', () => run({ profiler, url: session.url, execute }))).toBe('sunny')
    const { spans } = profiler.lastTrace!
    const tools = spans.filter(({ category }) => category === 'tool')
    expect(tools.map(({ name, tool }) => [name, tool!.callId])).toEqual([['forecast', 'c1'], ['forecast', 'c2']])
    // What the server did is below its tool.
    expect(spans.filter(({ name }) => name === 'tools/call forecast').map(({ parentId }) => parentId)).toEqual(tools.map(({ id }) => id))
    expect(analyze(profiler.lastTrace!).totals).toMatchObject({ llmCalls: 2, toolCalls: 2, usage: { input: { total: 20 } } })
    expect(profiler.stats()).toMatchObject({ selfErrors: 0 })
  })
})

test('a tool of another name that asks a server is two: one in the other', async () => {
  const { profiler } = recorded()
  const client = await mcpClient(profiler)
  const weather = profiler.tool('weather', async (city: string) => client.callTool({ name: 'forecast', arguments: { city } }))
  await profiler.run('program', () => weather('Rome'))
  expectTree(profiler.lastTrace, `
    program 0-0
      weather tool 0-0
        weather/forecast tool 0-0
          tools/call forecast 0-0
            look up 0-0
  `)
})
