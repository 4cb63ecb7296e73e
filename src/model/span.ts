import type { Usage } from './usage.ts'
import type { SpanValues } from './values.ts'
import type { Part } from './message.ts'

/** What a span spent its time on. A user's own string is a category of its own. */
export type Category =
  | 'agent'
  | 'llm'
  | 'tool'
  | 'memory'
  | 'retrieval'
  | 'embedding'
  | 'internal'
  | (string & {})

/** How a span ended. A stream that its reader left early is `cancelled` and keeps what had arrived. */
export type Outcome =
  | { readonly state: 'open' }
  | { readonly state: 'ok' }
  | { readonly state: 'cancelled' }
  | { readonly state: 'failed'; readonly type: string; readonly message: string }

export type AttributeValue = string | number | boolean | readonly string[] | readonly number[]
/** Small typed values; names from the OpenTelemetry GenAI conventions where they have one. */
export type Attributes = Readonly<Record<string, AttributeValue>>

/** One HTTP request of a call. A call that the client retried has several. Times are nanoseconds since the run began. */
export interface Attempt {
  readonly start: number
  /** When the response's headers arrived. */
  readonly firstByte?: number
  /** When the attempt was known to have failed, or its response's headers arrived. */
  readonly end?: number
  /** HTTP status; absent when no response came. */
  readonly status?: number
  /** The class of the error when no response came. */
  readonly error?: string
  /** From the end of this attempt to the start of the next one: back-off and the server's `retry-after`. */
  readonly waitNs?: number
}

/** A tool call that an LLM answer asked for. */
export interface ToolCallRequest {
  readonly id?: string
  readonly name: string
  /** Length of the arguments' text in UTF-16 code units. */
  readonly argumentsChars: number
  /** The arguments' text, only with `content: 'full'`. */
  readonly arguments?: string
}

export interface LlmDetail {
  /** OpenTelemetry's `gen_ai.provider.name`, for example `openai`, `anthropic`, `azure.ai.openai`. */
  readonly provider: string
  /** OpenTelemetry's `gen_ai.operation.name`: `chat`, `embeddings`, `text_completion`. */
  readonly operation: string
  /** The API that was called: `chat.completions`, `responses`, `embeddings`, `messages`. */
  readonly api: string
  readonly requestModel?: string
  readonly responseModel?: string
  readonly responseId?: string
  /** The tier that the provider says it served and charged, in its own word, such as `flex`; absent for its standard one. */
  readonly serviceTier?: string
  /** One per choice, in the provider's own words. */
  readonly finishReasons?: readonly string[]
  readonly streamed: boolean
  readonly maxOutputTokens?: number
  readonly usage?: Usage
  /** Indexes into `Trace.parts`, in the order in which a prompt cache sees them: tool definitions, system, messages. */
  readonly requestParts?: readonly number[]
  /** Indexes into `Trace.parts` of what the model wrote. */
  readonly responseParts?: readonly number[]
  /** The tool calls that this answer asked for, in its order. */
  readonly toolCalls?: readonly ToolCallRequest[]
  readonly attempts?: readonly Attempt[]
  /** When the first and last piece of generated content (text, reasoning or tool arguments) arrived; ns since the run began. */
  readonly firstToken?: number
  readonly lastToken?: number
  /** Stream events seen. */
  readonly chunks?: number
  /**
   * Time between handing an event of the stream to its reader and being asked for the next one, at least: pauses within a burst
   * of events may be missed. Absent when nobody could see the reader, as with raw bodies.
   */
  readonly reader?: {
    readonly beforeFirstTokenNs: number
    readonly betweenTokensNs: number
    readonly afterLastTokenNs: number
  }
}

export interface ToolDetail {
  readonly name: string
  /** The id of the tool call of the LLM answer that issued this run of the tool. */
  readonly callId?: string
  /** The LLM span whose answer issued it. */
  readonly issuedBy?: string
  /** Texts, only with `content: 'full'`. */
  readonly arguments?: string
  readonly result?: string
  /** Equal arguments, and equal results, have equal hashes: 16 hex digits over the whole text, which is not kept. */
  readonly argumentsHash?: string
  readonly resultHash?: string
  /** Items that a generator tool yielded. */
  readonly yielded?: number
}

/** Process-wide readings at both ends of a span; in a process with parallel work they include the others' share. */
export interface Resources {
  readonly cpuUserNs: number
  readonly cpuSystemNs: number
  readonly rssStartBytes: number
  readonly rssEndBytes: number
  readonly heapStartBytes: number
  readonly heapEndBytes: number
  /** Longest and mean delay of the event loop inside the span; absent when the span was too short to sample. */
  readonly eventLoopDelayMaxNs?: number
  readonly eventLoopDelayMeanNs?: number
}

/** One operation. `start` and `end` are nanoseconds since the run began, from one monotonic clock. */
export interface Span {
  readonly id: string
  readonly parentId?: string
  readonly traceId: string
  readonly name: string
  readonly category: Category
  readonly start: number
  readonly end?: number
  readonly outcome: Outcome
  readonly attributes?: Attributes
  readonly llm?: LlmDetail
  readonly tool?: ToolDetail
  readonly dependsOn?: readonly string[]
  /** Where the values of its input and output come from; absent when its texts were not seen. */
  readonly values?: SpanValues
  readonly resources?: Resources
  /** True when it ended after its parent had: work that nobody waited for. */
  readonly late?: true
}

/** What limits took away. Shown in the report; 0 everywhere is the normal case. */
export interface Dropped {
  readonly spans: number
  /** Characters of text past the content limit. */
  readonly contentChars: number
  readonly parts: number
  readonly attributes?: number
}

export interface ProcessFacts {
  readonly pid: number
  readonly runtime: string
  readonly platform: string
}

/** The spans of one run. Plain and JSON-safe. */
export interface Trace {
  readonly id: string
  readonly name: string
  readonly service?: string
  readonly tags?: Readonly<Record<string, string>>
  /** The one wall-clock anchor: epoch milliseconds at span time 0. */
  readonly startedAtEpochMs: number
  /** In order of their start; the root first. */
  readonly spans: readonly Span[]
  /** Each distinct part of the run's requests and answers, once. */
  readonly parts: readonly Part[]
  readonly process?: ProcessFacts
  readonly dropped: Dropped
  /** What recording cost by its own measure, CPU nanoseconds. */
  readonly overheadNs: number
  /** Failures of the profiler itself that it swallowed. */
  readonly selfErrors: number
}

export const OPEN: Outcome = Object.freeze({ state: 'open' })
export const OK: Outcome = Object.freeze({ state: 'ok' })
export const CANCELLED: Outcome = Object.freeze({ state: 'cancelled' })
