import { expect, test } from 'vitest'
import { runExample } from './support/example.ts'
import { tree } from './support/recorded.ts'
import { recording } from './support/recording.ts'

/** In a file of its own: the SDK's provider reads the environment once. */
test('the example of the middleware runs as it is', async () => {
  const replies = ['openai-weather-tools', 'openai-weather-answer'].map(recording)
  const { printed, traces, asked } = await runExample('ai-sdk-middleware', replies, (url) => ({ OPENAI_API_KEY: 'test', OPENAI_BASE_URL: url }))
  expect(asked.map(({ path }) => path)).toEqual(['/chat/completions', '/chat/completions'])
  expect(printed).toContain('Seattle')
  expect(printed).toMatch(/weather-agent .*2 LLM calls · 2 tool calls/s)
  expect(traces.map((trace) => tree(trace).replaceAll(/ [\d.]+-[\d.]+/g, ''))).toEqual([`weather-agent
  gpt-4o-mini llm
  get_current_weather tool for call_vwOezSsB5j9ei1SSMlZjqx7g
  get_current_weather tool for call_LzeIYcKhHnVF60u4LmBpT1tv
  gpt-4o-mini llm`])
})
