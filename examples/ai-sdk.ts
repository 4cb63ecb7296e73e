/** An agent of the AI SDK 7 with one tool, streamed: it runs as it is, with OPENAI_API_KEY in the environment. */
import { openai } from '@ai-sdk/openai'
import { isStepCount, registerTelemetry, streamText, tool } from 'ai'
import { profiler, report } from 'spanwise'
import { spanwiseTelemetry } from 'spanwise/ai-sdk'
import { z } from 'zod'

// Once, for all calls. Versions 5 and 6: experimental_telemetry: spanwiseTelemetry() in each call
registerTelemetry(spanwiseTelemetry())

const multiply = tool({
  description: 'Multiply two numbers.',
  inputSchema: z.object({ a: z.number(), b: z.number() }),
  execute: async ({ a, b }) => a * b,
})

const result = streamText({
  model: openai.chat('gpt-4o-mini'),
  prompt: 'What is 6 times 7?',
  tools: { multiply },
  stopWhen: isStepCount(5),
  telemetry: { functionId: 'calculator' },
})

let answer = ''
for await (const text of result.textStream) answer += text
console.log(answer)
console.log(report(profiler.lastTrace))
