/** An agent of Claude Code's with a tool of this program: it runs as it is, with ANTHROPIC_API_KEY in the environment. */
import { createSdkMcpServer, query, tool } from '@anthropic-ai/claude-agent-sdk'
import { profiler, report } from 'spanwise'
import { wrapQuery } from 'spanwise/claude-agent-sdk'
import { z } from 'zod'

const getWeather = profiler.tool('get_weather', async ({ location }: { location: string }) => {
  const forecast = await profiler.span('look up', async () => 'sunny')
  return { content: [{ type: 'text' as const, text: `The weather in ${location} is ${forecast}.` }] }
})

const weather = createSdkMcpServer({
  name: 'weather',
  tools: [tool('get_weather', 'Get the weather for a location', { location: z.string() }, getWeather)],
})

const ask = wrapQuery(query)
const messages = ask({
  prompt: 'How is the weather in Rome?',
  options: {
    mcpServers: { weather }, allowedTools: ['mcp__weather__get_weather'],
    // Without it the tokens of answers are only known where the SDK says them at the end.
    includePartialMessages: true,
  },
})
for await (const message of messages) if (message.type === 'result' && message.subtype === 'success') console.log(message.result)

console.log(report(profiler.lastTrace))
