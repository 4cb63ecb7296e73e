/** One model of the AI SDK, recorded wherever it is used: it runs as it is, with OPENAI_API_KEY in the environment. */
import { openai } from '@ai-sdk/openai'
import { generateText, isStepCount, tool, wrapLanguageModel } from 'ai'
import { profiler, report } from 'spanwise'
import { spanwiseMiddleware } from 'spanwise/ai-sdk'
import { z } from 'zod'

const model = wrapLanguageModel({ model: openai.chat('gpt-4o-mini'), middleware: spanwiseMiddleware() })

const getCurrentWeather = tool({
  description: 'Get the current weather in a given location',
  inputSchema: z.object({ location: z.string() }),
  // The middleware sees models alone: what else there is to see you name.
  execute: profiler.tool('get_current_weather', async ({ location }: { location: string }) =>
    (location.startsWith('Seattle') ? '50 degrees and raining' : '70 degrees and sunny')),
})

const { text } = await profiler.run('weather-agent', () => generateText({
  model,
  prompt: "What's the weather in Seattle and San Francisco today?",
  tools: { get_current_weather: getCurrentWeather },
  stopWhen: isStepCount(5),
}))

console.log(text)
console.log(report(profiler.lastTrace))
