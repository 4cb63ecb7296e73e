/** LangGraph's agent with one tool, which the model calls twice at once: it runs as it is, with OPENAI_API_KEY in the environment. */
import '@langchain/core/context' // LangChain then knows where it is, and with it what runs inside of tools and nodes
import { tool } from '@langchain/core/tools'
import { createReactAgent } from '@langchain/langgraph/prebuilt'
import { ChatOpenAI } from '@langchain/openai'
import { profiler, report } from 'spanwise'
import { spanwiseHandler } from 'spanwise/langchain'
import { z } from 'zod'

const getWeather = tool(
  async ({ location }) => {
    // Inside of tools and nodes your own spans, and wrapped clients, come below them.
    return profiler.span('look out of the window', () => `50 degrees and raining in ${location}`)
  },
  { name: 'get_current_weather', description: 'Get the current weather in a given location', schema: z.object({ location: z.string() }) },
)

const agent = createReactAgent({ llm: new ChatOpenAI({ model: 'gpt-4o-mini' }), tools: [getWeather], name: 'weather agent' })
const { messages } = await agent.invoke(
  { messages: [{ role: 'user', content: "What's the weather in Seattle and San Francisco today?" }] },
  { callbacks: [spanwiseHandler()], configurable: { thread_id: 'conversation 1' } },
)

console.log(messages.at(-1)?.content)
console.log(report(profiler.lastTrace))
