import { AGENT, CHAT, COMPLETION, EMBEDDING, INTERNAL, RETRIEVAL, TOOL, type AttributeSet } from './attribute-set.ts'

/** Traceloop's OpenLLMetry, beside the names it shares with OpenTelemetry. */
export const openLlmetry: AttributeSet = {
  name: 'OpenLLMetry',
  kinds: [
    { key: 'traceloop.span.kind', values: { workflow: INTERNAL, task: INTERNAL, agent: AGENT, tool: TOOL, unknown: INTERNAL } },
    { key: 'llm.request.type', values: { chat: CHAT, completion: COMPLETION, embedding: EMBEDDING, rerank: RETRIEVAL } },
  ],
  streamed: ['llm.is_streaming', 'gen_ai.is_streaming'],
  finishReasons: ['gen_ai.completion.0.finish_reason', 'llm.response.finish_reason'],
  toolName: ['traceloop.entity.name'],
  usage: {
    input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens', 'llm.usage.prompt_tokens'],
    cacheRead: ['gen_ai.usage.cache_read_input_tokens', 'gen_ai.usage.cache_read.input_tokens'],
    cacheWrite: ['gen_ai.usage.cache_creation_input_tokens', 'gen_ai.usage.cache_creation.input_tokens'],
    output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens', 'llm.usage.completion_tokens'],
    reasoning: ['gen_ai.usage.reasoning_tokens', 'llm.usage.reasoning_tokens'],
    total: ['gen_ai.usage.total_tokens', 'llm.usage.total_tokens'],
    inputCounts: 'inclusive',
  },
  tools: ['llm.request.functions'],
  wholeRequest: ['traceloop.entity.input'],
  wholeResponse: ['traceloop.entity.output'],
}
