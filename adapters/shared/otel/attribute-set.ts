import type { Category } from '../../../src/model/span.ts'

/** What an attribute says that a span is. */
export interface Kind {
  readonly category: Category
  /** Of calls to a model: OpenTelemetry's `gen_ai.operation.name`. */
  readonly operation?: string
  readonly streamed?: true
  /** Its token counts are those of the spans below it, or of another call: they are never counted. */
  readonly repeatsUsage?: true
}

export const CHAT: Kind = { category: 'llm', operation: 'chat' }
export const COMPLETION: Kind = { category: 'llm', operation: 'text_completion' }
export const EMBEDDING: Kind = { category: 'embedding', operation: 'embeddings' }
export const TOOL: Kind = { category: 'tool' }
export const AGENT: Kind = { category: 'agent' }
export const MEMORY: Kind = { category: 'memory' }
export const RETRIEVAL: Kind = { category: 'retrieval' }
export const INTERNAL: Kind = { category: 'internal' }

export type Keys = readonly string[]

export interface UsageKeys {
  readonly input?: Keys
  readonly cacheRead?: Keys
  readonly cacheWrite?: Keys
  /** Cache writes by their lifetime; where `cacheWrite` is absent, its sum. */
  readonly cacheWriteByTtl?: Readonly<Record<string, Keys>>
  readonly output?: Keys
  readonly reasoning?: Keys
  /** What the emitter says input and output add up to. */
  readonly total?: Keys
  /** Whether the input count contains the cached tokens. A scope listed in `sets.ts` overrides it. */
  readonly inputCounts: 'inclusive' | 'exclusive'
  /** Keys that start so are disjoint parts of the input and of the output, whether they are known or not. */
  readonly parts?: { readonly input: string; readonly output: string }
}

export interface Clocked {
  readonly key: string
  /** Seconds or milliseconds since the span's start, or an instant in ISO 8601. */
  readonly unit: 's' | 'ms' | 'instant'
}

/** The names one family of emitters gives to the same facts. Of several keys the first one present counts. */
export interface AttributeSet {
  readonly name: string
  readonly kinds?: readonly { readonly key: string; readonly values: Readonly<Record<string, Kind>> }[]
  readonly provider?: Keys
  readonly requestModel?: Keys
  readonly responseModel?: Keys
  readonly responseId?: Keys
  readonly finishReasons?: Keys
  readonly maxOutputTokens?: Keys
  readonly streamed?: Keys
  readonly firstToken?: readonly Clocked[]
  readonly toolName?: Keys
  readonly toolCallId?: Keys
  /** Where no set has them: the whole request and answer. */
  readonly toolArguments?: Keys
  readonly toolResult?: Keys
  readonly errorType?: Keys
  readonly usage?: UsageKeys
  /** Attributes that hold JSON objects whose fields are read as if they were attributes of their own: `key.field`. */
  readonly expand?: Keys
  /** Messages: JSON, or attributes numbered below the key (`key.0.role`). */
  readonly tools?: Keys
  readonly system?: Keys
  readonly request?: Keys
  readonly response?: Keys
  /** Lists of events, each a message. */
  readonly events?: Keys
  /** Where no set has messages: the whole request and answer. */
  readonly wholeRequest?: Keys
  readonly wholeResponse?: Keys
  /** Other texts of users and models; neither these nor messages are kept as attributes. A `*` at the end is any rest. */
  readonly content?: Keys
}
