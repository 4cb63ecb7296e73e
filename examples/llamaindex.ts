/** An agent of LlamaIndex.TS with one tool: it runs as it is, with OPENAI_API_KEY in the environment. */
import { Settings } from '@llamaindex/core/global'
import { tool } from '@llamaindex/core/tools'
import { OpenAI, OpenAIAgent } from '@llamaindex/openai'
import { profiler, report } from 'spanwise'
import { recordLlamaIndex } from 'spanwise/llamaindex'
import { z } from 'zod'

Settings.llm = new OpenAI({ model: 'gpt-4o-mini' })
const stop = recordLlamaIndex(Settings) // from here on all that LlamaIndex does is recorded

const getWeather = tool({
  name: 'get_current_weather',
  description: 'Get the current weather in a given location',
  parameters: z.object({ location: z.string() }),
  execute: async ({ location }) => profiler.span('look out of the window', () => `50 degrees and raining in ${location}`),
})

// It asks the model, runs the tools that the model asks for, and asks again.
const agent = new OpenAIAgent({ tools: [getWeather] })
const { message } = await agent.chat({ message: "What's the weather in Seattle and San Francisco today?" })

console.log(message.content)
console.log(report(profiler.lastTrace))
stop()
