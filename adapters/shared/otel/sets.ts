import { aiSdk } from './ai-sdk.ts'
import type { AttributeSet } from './attribute-set.ts'
import { laminar } from './laminar.ts'
import { langfuseSet } from './langfuse.ts'
import { langsmithSet } from './langsmith.ts'
import { openInference } from './openinference.ts'
import { openLlmetry } from './openllmetry.ts'
import { openTelemetry } from './opentelemetry.ts'

/**
 * In the order in which they are asked. A span that speaks several is read by the one that says most: the AI SDK writes
 * OpenTelemetry's names too, and without the details; what Langfuse derived comes after what the emitter said.
 */
export const attributeSets: readonly AttributeSet[] = [aiSdk, openInference, openTelemetry, openLlmetry, laminar, langsmithSet, langfuseSet]

export interface Scope {
  /** Where the input count is not what the attribute's name promises. */
  readonly input?: 'inclusive' | 'exclusive'
  /** Of instrumentations that serve one provider and do not name it. */
  readonly provider?: string
  /** Its calls of models always name their operation: a span that names a model alone is none, such as a count of tokens. */
  readonly namesOperations?: true
}

/** What is known of instrumentations by the names of their scopes. */
export const scopes: ReadonlyMap<string, Scope> = new Map<string, Scope>([
  // Hands Anthropic's own count through, which leaves the cached tokens out.
  ['@traceloop/instrumentation-anthropic', { input: 'exclusive', provider: 'anthropic' }],
  ['com.anthropic.sdk.typescript', { provider: 'anthropic', namesOperations: true }],
  ['openinference.instrumentation.vertexai', { provider: 'gcp.vertex_ai' }],
  ['openinference.instrumentation.google_genai', { provider: 'gcp.gen_ai' }],
  ['openinference.instrumentation.anthropic', { provider: 'anthropic' }],
  ['openinference.instrumentation.openai', { provider: 'openai' }],
  ['openinference.instrumentation.bedrock', { provider: 'aws.bedrock' }],
  ['openinference.instrumentation.mistralai', { provider: 'mistral_ai' }],
  ['openinference.instrumentation.groq', { provider: 'groq' }],
])
