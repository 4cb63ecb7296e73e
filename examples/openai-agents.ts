/** An agent of the OpenAI Agents SDK with one tool: it runs as it is, with OPENAI_API_KEY in the environment. */
import { Agent, run, setDefaultOpenAIClient, setTraceProcessors, tool } from '@openai/agents'
import OpenAI from 'openai'
import { profiler, report } from 'spanwise'
import { wrapOpenAI } from 'spanwise/openai'
import { spanwiseProcessor } from 'spanwise/openai-agents'
import { z } from 'zod'

// In place of the SDK's own processor, which sends traces to OpenAI. To keep both: addTraceProcessor(spanwiseProcessor())
setTraceProcessors([spanwiseProcessor()])
// Not needed, but it adds retries and the time to the first token.
setDefaultOpenAIClient(wrapOpenAI(new OpenAI()))

const getWeather = tool({
  name: 'get_weather',
  description: 'Get the weather for a location',
  parameters: z.object({ location: z.string() }),
  execute: async ({ location }) => `The weather in ${location} is sunny and 72°F.`,
})

const agent = new Agent({
  name: 'Weather agent',
  instructions: 'You are a helpful assistant. Use the get_weather function to answer weather questions.',
  model: 'gpt-4o-mini',
  tools: [getWeather],
})

const { finalOutput } = await run(agent, "What's the weather like in San Francisco?")
console.log(finalOutput)
console.log(report(profiler.lastTrace))
