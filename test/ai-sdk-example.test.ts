import { expect, test } from 'vitest'
import { runExample } from './support/example.ts'
import { tree } from './support/recorded.ts'
import { recording } from './support/recording.ts'

test('the example of telemetry runs as it is', async () => {
  const replies = ['openai-multiply-tools', 'openai-multiply-answer'].map(recording)
  const { printed, traces, asked } = await runExample('ai-sdk', replies, (url) => ({ OPENAI_API_KEY: 'test', OPENAI_BASE_URL: url }))
  expect(asked.map(({ path }) => path)).toEqual(['/chat/completions', '/chat/completions'])
  expect(printed).toContain('42')
  expect(printed).toMatch(/calculator .*2 LLM calls · 1 tool call/s)
  expect(traces.map((trace) => tree(trace).replaceAll(/ [\d.]+-[\d.]+/g, ''))).toEqual([`calculator
  gpt-4o-mini llm
  multiply tool for call_6KQlxELWhphiY7wr0DV9WW5S
  gpt-4o-mini llm`])
  expect(traces[0]!.spans.filter(({ llm }) => llm?.firstToken !== undefined)).toHaveLength(2)
})
