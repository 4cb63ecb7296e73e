/** An agent of Mastra with one tool: it runs as it is, with OPENAI_API_KEY in the environment. */
import { Agent } from '@mastra/core/agent'
import { Mastra } from '@mastra/core/mastra'
import { createTool } from '@mastra/core/tools'
import { Observability } from '@mastra/observability'
import { profiler, report } from 'spanwise'
import { spanwiseExporter } from 'spanwise/mastra'
import { z } from 'zod'

const getWeather = createTool({
  id: 'get_weather',
  description: 'Get the weather for a location',
  inputSchema: z.object({ location: z.string() }),
  execute: async ({ location }) => profiler.span('look up', async () => `The weather in ${location} is sunny.`),
})

const weather = new Agent({
  id: 'weather', name: 'Weather', instructions: 'Be brief', model: 'openai/gpt-4o-mini', tools: { get_weather: getWeather },
})

// Beside your other exporters; as the bridge it also knows what runs inside of a tool.
const spanwise = spanwiseExporter()
const mastra = new Mastra({
  agents: { weather },
  observability: new Observability({ configs: { default: { serviceName: 'weather', exporters: [spanwise], bridge: spanwise } } }),
})

const { text } = await mastra.getAgent('weather').generate('How is the weather in Rome?')
console.log(text)
console.log(report(profiler.lastTrace))
