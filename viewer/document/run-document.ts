import type { Analysis } from '../../src/model/analysis.ts'
import type { LlmDetail, Outcome, Resources, AttributeValue, ToolDetail } from '../../src/model/span.ts'
import type { Part } from '../../src/model/message.ts'
import type { Replay } from '../../src/model/replay.ts'

/** All that the page shows of one run. */
export interface RunDocument {
  /** The spans are in columns beside it. */
  readonly analysis: Omit<Analysis, 'spans'>
  readonly spans: SpanColumns
  /** What was asked and answered, in parts. Texts only where the run was recorded with them. */
  readonly content: RunContent
  /** What a simulation of the run needs; absent where only the analysis was at hand. */
  readonly replay?: Replay
}

/** Keys of an analysis under which ids of spans stand, which a packed document holds as places. */
export const ID_KEYS: ReadonlySet<string> = new Set(['spanId', 'spanIds', 'from', 'to', 'by'])

/** `state` of a span. */
export const STATES: readonly Outcome['state'][] = ['ok', 'failed', 'cancelled', 'open']

/** The spans of an analysis, in order of start, the root first; span i has the i-th entry of each column. Times are nanoseconds. */
export interface SpanColumns {
  readonly count: number
  readonly ids: readonly string[]
  /** Distinct names and categories; `name` and `category` are places in them. */
  readonly names: readonly string[]
  readonly categories: readonly string[]
  readonly name: Int32Array
  readonly category: Int32Array
  /** -1 for the root. */
  readonly parent: Int32Array
  readonly depth: Int32Array
  readonly start: Float64Array
  readonly end: Float64Array
  /** Duration minus the union of the children's intervals. */
  readonly self: Float64Array
  /** Time on the critical path. */
  readonly wall: Float64Array
  /** How much longer it could have taken without delaying the run. */
  readonly slack: Float64Array
  /** Place in {@link STATES}. */
  readonly state: Uint8Array
  /** 1: ended after its parent; nobody waited for it. */
  readonly late: Uint8Array
  /** Number of the call in `analysis.calls`, from 1; 0: no call of a model. */
  readonly call: Int32Array
  /** What few spans have, by place. */
  readonly details: Readonly<Record<number, SpanExtra>>
}

export interface SpanExtra {
  readonly failure?: { readonly type: string; readonly message: string }
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly issuedBy?: string
  readonly resources?: Resources
}

/** A call of a model as it was asked and answered. `request` and `response` are places in `parts`. */
export interface CallContent extends Pick<LlmDetail, 'api' | 'operation' | 'streamed' | 'serviceTier' | 'responseId' | 'maxOutputTokens' | 'toolCalls' | 'chunks' | 'firstToken' | 'lastToken'> {
  readonly request: readonly number[]
  readonly response: readonly number[]
}

export interface RunContent {
  readonly parts: readonly Omit<Part, 'hash'>[]
  /** By number of the call minus 1; `null` where nothing of it is known. */
  readonly calls: readonly (CallContent | null)[]
  /** By place of the span. */
  readonly tools: Readonly<Record<number, Pick<ToolDetail, 'callId' | 'arguments' | 'result' | 'yielded'>>>
}
