/** An application that OpenTelemetry instruments already: it runs as it is, with ANTHROPIC_API_KEY in the environment. */
import Anthropic from '@anthropic-ai/sdk'
import { context, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import { BasicTracerProvider } from '@opentelemetry/sdk-trace-base'
import { profiler, report } from 'spanwise'
import { spanwiseSpanProcessor } from 'spanwise/otel'

// The application's own setting up; with NodeSDK it is new NodeSDK({ spanProcessors: [..., spanwiseSpanProcessor()] })
const provider = new BasicTracerProvider({ spanProcessors: [spanwiseSpanProcessor()] }) // beside those that export
trace.setGlobalTracerProvider(provider)
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())

// Anthropic's client writes spans of its own. Any instrumentation that follows the conventions will do.
const client = new Anthropic({ openTelemetry: { traces: { enabled: true } } })

await trace.getTracer('my-app').startActiveSpan('GET /capital', async (span) => {
  const { content } = await client.messages.create({
    model: 'claude-sonnet-4-6',
    max_tokens: 100,
    messages: [{ role: 'user', content: "What's the capital of France?" }],
  })
  console.log(content.map((block) => (block.type === 'text' ? block.text : '')).join(''))
  span.end()
})

console.log(report(profiler.lastTrace))
