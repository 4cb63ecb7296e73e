import { CHAT, EMBEDDING, INTERNAL, TOOL, type AttributeSet } from './attribute-set.ts'

/** Laminar, beside the names it shares with OpenTelemetry and OpenLLMetry. */
export const laminar: AttributeSet = {
  name: 'Laminar',
  kinds: [{
    key: 'lmnr.span.type',
    values: {
      LLM: CHAT, TOOL, EMBEDDING, PIPELINE: INTERNAL, EXECUTOR: INTERNAL, EVALUATION: { category: 'evaluator' }, EVALUATOR: { category: 'evaluator' },
    },
  }],
  wholeRequest: ['lmnr.span.input'],
  wholeResponse: ['lmnr.span.output'],
}
