import { AGENT, CHAT, EMBEDDING, INTERNAL, RETRIEVAL, TOOL, type AttributeSet } from './attribute-set.ts'

/** Arize's OpenInference. The counts of details are inside the prompt's and the completion's. */
export const openInference: AttributeSet = {
  name: 'OpenInference',
  kinds: [{
    key: 'openinference.span.kind',
    values: {
      LLM: CHAT,
      CHAIN: INTERNAL,
      TOOL,
      RETRIEVER: RETRIEVAL,
      RERANKER: RETRIEVAL,
      EMBEDDING,
      AGENT,
      PROMPT: INTERNAL,
      GUARDRAIL: { category: 'guardrail' },
      EVALUATOR: { category: 'evaluator' },
      UNKNOWN: INTERNAL,
    },
  }],
  provider: ['llm.provider', 'llm.system'],
  requestModel: ['llm.request.model_name', 'llm.model_name', 'embedding.model_name', 'reranker.model_name'],
  responseModel: ['llm.response.model_name'],
  finishReasons: ['llm.finish_reason'],
  toolName: ['tool.name'],
  toolCallId: ['tool_call.id', 'tool.id'],
  usage: {
    input: ['llm.token_count.prompt'],
    cacheRead: ['llm.token_count.prompt_details.cache_read', 'llm.token_count.prompt_details.cache_input'],
    cacheWrite: ['llm.token_count.prompt_details.cache_write'],
    output: ['llm.token_count.completion'],
    reasoning: ['llm.token_count.completion_details.reasoning'],
    total: ['llm.token_count.total'],
    inputCounts: 'inclusive',
  },
  tools: ['llm.tools'],
  request: ['llm.input_messages', 'llm.prompts'],
  response: ['llm.output_messages', 'llm.choices'],
  wholeRequest: ['input.value'],
  wholeResponse: ['output.value'],
  content: [
    'llm.invocation_parameters', 'llm.function_call', 'llm.prompt_template.*', 'tool.parameters',
    'tool_call.function.arguments', 'retrieval.documents.*', 'reranker.input_documents.*',
    'reranker.output_documents.*', 'embedding.embeddings.*', 'metadata',
  ],
}
