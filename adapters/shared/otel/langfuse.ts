import { AGENT, CHAT, EMBEDDING, INTERNAL, RETRIEVAL, TOOL, type AttributeSet } from './attribute-set.ts'

const USAGE = 'langfuse.observation.usage_details'

/**
 * Langfuse's own attributes. Its exports are read through this table too. Of its counts those that start with `input` and
 * with `output` are disjoint; `prompt_details.` and `completion_details.` are OpenInference's, inside the others.
 */
export const langfuseSet: AttributeSet = {
  name: 'Langfuse',
  kinds: [{
    key: 'langfuse.observation.type',
    values: {
      generation: CHAT,
      embedding: EMBEDDING,
      agent: AGENT,
      tool: TOOL,
      retriever: RETRIEVAL,
      evaluator: { category: 'evaluator' },
      guardrail: { category: 'guardrail' },
      // `span` and `event` say nothing: an emitter may have told more by other names.
      chain: INTERNAL,
    },
  }],
  // What LangChain tells Langfuse
  provider: ['langfuse.observation.metadata.ls_provider'],
  requestModel: ['langfuse.observation.model.name'],
  firstToken: [{ key: 'langfuse.observation.completion_start_time', unit: 'instant' }],
  usage: {
    input: [`${USAGE}.input`],
    cacheRead: [
      `${USAGE}.input_cached_tokens`, `${USAGE}.input_cache_read`, `${USAGE}.input_cached`, `${USAGE}.cache_read_input_tokens`,
      `${USAGE}.input_cache_read_input_tokens`,
    ],
    cacheWrite: [
      `${USAGE}.input_cache_creation`, `${USAGE}.input_cache_creation_input_tokens`, `${USAGE}.cache_creation_input_tokens`,
      `${USAGE}.input_cache_write`,
    ],
    output: [`${USAGE}.output`],
    reasoning: [`${USAGE}.output_reasoning_tokens`, `${USAGE}.output_reasoning`],
    total: [`${USAGE}.total`],
    inputCounts: 'exclusive',
    parts: { input: `${USAGE}.input`, output: `${USAGE}.output` },
  },
  expand: [USAGE],
  wholeRequest: ['langfuse.observation.input'],
  wholeResponse: ['langfuse.observation.output'],
  content: [
    'langfuse.trace.input', 'langfuse.trace.output', 'langfuse.observation.model.parameters', 'langfuse.observation.cost_details',
  ],
}
