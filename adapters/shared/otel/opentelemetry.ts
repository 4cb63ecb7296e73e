import {
  AGENT, CHAT, COMPLETION, EMBEDDING, INTERNAL, MEMORY, RETRIEVAL, TOOL, type AttributeSet,
} from './attribute-set.ts'

/** OpenTelemetry's GenAI conventions: up to 1.36, 1.37 to 1.41, and the repository of their own after that. */
export const openTelemetry: AttributeSet = {
  name: 'OpenTelemetry GenAI',
  kinds: [{
    key: 'gen_ai.operation.name',
    values: {
      chat: CHAT,
      generate_content: { ...CHAT, operation: 'generate_content' },
      text_completion: COMPLETION,
      embeddings: EMBEDDING,
      // The answer of an earlier call, whose tokens were counted there.
      fetch_response: { ...INTERNAL, repeatsUsage: true },
      retrieval: RETRIEVAL,
      execute_tool: TOOL,
      create_agent: AGENT,
      invoke_agent: AGENT,
      invoke_workflow: INTERNAL,
      plan: INTERNAL,
      create_memory_store: MEMORY,
      delete_memory_store: MEMORY,
      search_memory: MEMORY,
      create_memory: MEMORY,
      update_memory: MEMORY,
      upsert_memory: MEMORY,
      delete_memory: MEMORY,
    },
  }],
  provider: ['gen_ai.provider.name', 'gen_ai.system'],
  requestModel: ['gen_ai.request.model'],
  responseModel: ['gen_ai.response.model'],
  responseId: ['gen_ai.response.id'],
  finishReasons: ['gen_ai.response.finish_reasons', 'gen_ai.response.finish_reason', 'anthropic.message.stop_reason'],
  maxOutputTokens: ['gen_ai.request.max_tokens'],
  streamed: ['gen_ai.request.stream'],
  firstToken: [{ key: 'gen_ai.response.time_to_first_chunk', unit: 's' }],
  toolName: ['gen_ai.tool.name'],
  toolCallId: ['gen_ai.tool.call.id'],
  toolArguments: ['gen_ai.tool.call.arguments', 'tool_arguments'],
  toolResult: ['gen_ai.tool.call.result', 'tool_response'],
  errorType: ['error.type'],
  usage: {
    input: ['gen_ai.usage.input_tokens', 'gen_ai.usage.prompt_tokens'],
    cacheRead: [
      'gen_ai.usage.cache_read.input_tokens', 'gen_ai.usage.cache_read_input_tokens', 'gen_ai.usage.details.cache_read_tokens',
    ],
    cacheWrite: [
      'gen_ai.usage.cache_write.input_tokens', 'gen_ai.usage.cache_creation.input_tokens',
      'gen_ai.usage.cache_creation_input_tokens', 'gen_ai.usage.details.cache_write_tokens',
    ],
    // Anthropic's own SDK beside the conventions
    cacheWriteByTtl: {
      '5m': ['anthropic.usage.cache_creation.ephemeral_5m_input_tokens'],
      '1h': ['anthropic.usage.cache_creation.ephemeral_1h_input_tokens'],
    },
    output: ['gen_ai.usage.output_tokens', 'gen_ai.usage.completion_tokens'],
    reasoning: [
      'gen_ai.usage.reasoning.output_tokens', 'gen_ai.usage.reasoning_tokens',
      'gen_ai.usage.details.reasoning_tokens', 'gen_ai.usage.details.thoughts_tokens',
    ],
    total: ['gen_ai.usage.total_tokens'],
    inputCounts: 'inclusive',
  },
  // What Pydantic AI was given to ask a model with holds the tools.
  expand: ['model_request_parameters'],
  tools: ['gen_ai.tool.definitions', 'model_request_parameters.function_tools'],
  system: ['gen_ai.system_instructions'],
  request: ['gen_ai.input.messages', 'gen_ai.prompt'],
  response: ['gen_ai.output.messages', 'gen_ai.completion'],
  // Pydantic AI's, of a call and of an agent's run.
  events: ['events', 'all_messages_events'],
  content: [
    'input', 'output',
    'gen_ai.tool.call.arguments', 'gen_ai.tool.call.result', 'gen_ai.retrieval.query.text', 'gen_ai.retrieval.documents',
    'gen_ai.memory.query.text', 'gen_ai.memory.records', 'gen_ai.prompt.variable.*',
    // Pydantic AI and Google's ADK beside the conventions
    'pydantic_ai.all_messages', 'final_result', 'tool_arguments', 'tool_response',
    'model_request_parameters', 'logfire.json_schema',
    'gcp.vertex.agent.llm_request', 'gcp.vertex.agent.llm_response', 'gcp.vertex.agent.tool_call_args', 'gcp.vertex.agent.tool_response',
  ],
}
