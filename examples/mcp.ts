/** An agent whose tool lives in an MCP server: what the server does stands below the call. Needs OPENAI_API_KEY. */
import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { InMemoryTransport } from '@modelcontextprotocol/sdk/inMemory.js'
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js'
import OpenAI from 'openai'
import { profiler, report } from 'spanwise'
import { wrapMcpClient, wrapMcpServer } from 'spanwise/mcp'
import { wrapOpenAI } from 'spanwise/openai'
import { z } from 'zod'

const server = wrapMcpServer(new McpServer({ name: 'weather', version: '1.0.0' })) // before connect; often in another process
server.registerTool('get_current_weather', { description: 'The weather now', inputSchema: { location: z.string() } }, async ({ location }) => {
  const text = await profiler.span('query station', async () => `22 °C and sunny in ${location}`)
  return { content: [{ type: 'text', text }] }
})
const [here, there] = InMemoryTransport.createLinkedPair()
await server.connect(there)
const mcp = wrapMcpClient(new Client({ name: 'agent', version: '1.0.0' })) // each call is now a tool span
await mcp.connect(here)
const openai = wrapOpenAI(new OpenAI())

const answer = await profiler.run('weather-agent', async () => {
  const tools = (await mcp.listTools()).tools.map(({ name, description, inputSchema }) =>
    ({ type: 'function' as const, function: { name, description, parameters: inputSchema } })) as OpenAI.ChatCompletionFunctionTool[]
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'What is the weather in San Francisco?' }]
  for (;;) {
    const { message } = (await openai.chat.completions.create({ model: 'gpt-4o-mini', messages, tools })).choices[0]!
    messages.push(message)
    if (!message.tool_calls) return message.content
    for (const call of message.tool_calls) {
      if (call.type !== 'function') continue
      const { content } = await mcp.callTool({ name: call.function.name, arguments: JSON.parse(call.function.arguments) })
      messages.push({ role: 'tool', tool_call_id: call.id, content: JSON.stringify(content) })
    }
  }
})
console.log(answer)
console.log(report(profiler.lastTrace))
