import { CHAT, EMBEDDING, INTERNAL, RETRIEVAL, TOOL, type AttributeSet } from './attribute-set.ts'

const USAGE = 'langsmith.usage_metadata'
const METADATA = 'langsmith.metadata'

/** LangSmith's own attributes. Its runs are read through this table too, with their fields under `langsmith.`. */
export const langsmithSet: AttributeSet = {
  name: 'LangSmith',
  kinds: [{
    key: 'langsmith.span.kind',
    values: {
      llm: CHAT, chain: INTERNAL, tool: TOOL, retriever: RETRIEVAL, embedding: EMBEDDING, prompt: INTERNAL, parser: INTERNAL,
    },
  }],
  provider: [`${METADATA}.ls_provider`],
  requestModel: [`${METADATA}.ls_model_name`, 'langsmith.invocation_params.model', 'langsmith.invocation_params.model_name'],
  maxOutputTokens: [`${METADATA}.ls_max_tokens`],
  firstToken: [{ key: 'langsmith.first_token_time', unit: 'instant' }],
  usage: {
    input: [`${USAGE}.input_tokens`],
    cacheRead: ['', 'priority_', 'flex_'].map((tier) => `${USAGE}.input_token_details.${tier}cache_read`),
    cacheWrite: [`${USAGE}.input_token_details.cache_creation`],
    cacheWriteByTtl: {
      '5m': [`${USAGE}.input_token_details.ephemeral_5m_input_tokens`],
      // LangSmith's own spelling beside Anthropic's.
      '1h': [`${USAGE}.input_token_details.ephemeral_1h_input_tokens`, `${USAGE}.input_token_details.ephemeral_1hr_input_tokens`],
    },
    output: [`${USAGE}.output_tokens`],
    reasoning: [`${USAGE}.output_token_details.reasoning`],
    total: [`${USAGE}.total_tokens`],
    inputCounts: 'inclusive',
  },
  expand: [USAGE, `${USAGE}.input_token_details`, `${USAGE}.output_token_details`],
  tools: ['langsmith.invocation_params.tools'],
  wholeRequest: ['langsmith.inputs'],
  wholeResponse: ['langsmith.outputs'],
}
