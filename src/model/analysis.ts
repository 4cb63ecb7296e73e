import type { AttributeValue, Attempt, Category, Outcome, ProcessFacts, Dropped, Resources } from './span.ts'
import type { InputTokens, Usage, UsageTotals } from './usage.ts'

/** How sure a finding is. `proven`: the trace shows it. `likely`, `possible`: it depends on what the trace cannot show. */
export type Confidence = 'proven' | 'likely' | 'possible'

/** A number, or an interval where only bounds are known. */
export type Amount = number | { readonly low: number; readonly high: number }

export interface Saving {
  readonly timeNs?: Amount
  readonly tokens?: Amount
  readonly costUsd?: Amount
}

export interface Finding {
  /** Stable: `PAR001`. */
  readonly code: string
  readonly title: string
  /** The spans that prove it. */
  readonly spanIds: readonly string[]
  readonly saving: Saving
  readonly confidence: Confidence
  /** What to do, one or two sentences. */
  readonly advice: string
}

/** Something worth knowing that cannot say what it would save. */
export interface Observation {
  readonly code: string
  readonly title: string
  readonly spanIds: readonly string[]
  readonly advice?: string
}

export interface CategoryTotals {
  readonly category: Category
  /** Sum of self times: exceeds the wall clock when things run in parallel. */
  readonly busyNs: number
  /** Time on the critical path: adds up to the run's duration over the categories. */
  readonly wallNs: number
  readonly spans: number
  readonly failed: number
  readonly usage?: UsageTotals
  readonly costUsd?: Cost
}

/**
 * Money in US dollars. `knownUsd` is the sum over calls whose price is known; `unknownCalls` counts the others, but for those
 * that failed without an answer, which nobody bills.
 */
export interface Cost {
  readonly knownUsd: number
  readonly unknownCalls: number
  /** Calls priced from locally counted tokens. */
  readonly estimatedCalls: number
}

/** Nearest-rank percentiles over observed values. */
export interface Percentiles {
  readonly p50: number
  readonly p95: number
  readonly p99: number
  readonly max: number
}

/** All spans of one name and category. */
export interface OperationTotals {
  readonly name: string
  readonly category: Category
  readonly count: number
  readonly failed: number
  readonly totalNs: number
  readonly selfNs: number
  /** Time on the critical path. */
  readonly wallNs: number
  readonly durationNs: Percentiles
  readonly spanIds: readonly string[]
}

/** One call of a model. */
export interface CallSummary {
  readonly spanId: string
  /** 1-based, in order of start. */
  readonly number: number
  readonly provider: string
  readonly requestModel?: string
  readonly responseModel?: string
  readonly durationNs: number
  /** From the call's start to its first generated token, over all attempts. */
  readonly ttftNs?: number
  readonly decodeNs?: number
  readonly outputTokensPerSecond?: number
  /** Time that failed attempts and the waits after them took. */
  readonly retryNs: number
  readonly attempts: readonly Attempt[]
  readonly finishReasons?: readonly string[]
  readonly usage?: Usage
  /** Absent when the model's price or the usage is unknown. */
  readonly costUsd?: number
  /** It failed before there was an answer: nothing was generated or billed, so sums of usage and cost leave it out. */
  readonly unanswered?: true
}

export interface ModelTotals {
  readonly model: string
  readonly provider: string
  readonly calls: number
  readonly usage: UsageTotals
  readonly costUsd: Cost
  readonly busyNs: number
  /** Absent when no call of it streamed. */
  readonly ttftNs?: Percentiles
}

export interface ContextCall {
  readonly spanId: string
  /** 1-based number of the call. */
  readonly number: number
  readonly model: string
  /** Input and output of the call in tokens. */
  readonly usedTokens: number
  readonly windowTokens?: number
  /** usedTokens ÷ windowTokens */
  readonly share?: number
  /** Tokens by part kind, calibrated so that they add up to the provider's own input count. */
  readonly composition?: Readonly<Record<string, number>>
  readonly input?: InputTokens
}

export interface ContextSummary {
  readonly calls: readonly ContextCall[]
  /** The call with the largest share of its window. */
  readonly peak?: ContextCall
  /** Set when the peak is past the threshold (default 0.5). */
  readonly warning?: string
}

export interface PathStep {
  readonly spanId: string
  readonly timeNs: number
}

export interface Schedule {
  readonly durationNs: number
  /** Concurrency beyond which nothing is gained: spans of one parent at the same time, started in their measured order. */
  readonly limit: number
}

/** A span and what was derived for it. */
export interface SpanView {
  readonly id: string
  readonly parentId?: string
  readonly name: string
  readonly category: Category
  readonly depth: number
  readonly startNs: number
  readonly endNs: number
  readonly durationNs: number
  /** Duration minus the union of the children's intervals. */
  readonly selfNs: number
  /** Its time on the critical path. */
  readonly wallNs: number
  /** How much longer it could have taken without delaying the run; 0 for late work, which nobody waited for. */
  readonly slackNs: number
  readonly outcome: Outcome
  readonly attributes?: Readonly<Record<string, AttributeValue>>
  readonly late?: true
  /** For a call of a model: its number in `calls`. */
  readonly call?: number
  /** For a tool: the LLM span that issued it, where known. */
  readonly issuedBy?: string
  readonly resources?: Resources
}

export interface Overhead {
  /** CPU time of the profiler itself. */
  readonly selfNs: number
  /** selfNs ÷ duration of the run */
  readonly share: number
  readonly dropped: Dropped
  readonly selfErrors: number
}

export interface Problem {
  readonly code: string
  readonly message: string
  readonly spanIds?: readonly string[]
}

/** All that a report sees. JSON-safe. */
export interface Analysis {
  readonly run: {
    readonly traceId: string
    readonly name: string
    readonly service?: string
    readonly tags?: Readonly<Record<string, string>>
    readonly startedAtEpochMs: number
    readonly outcome: Outcome
    readonly process?: ProcessFacts
    /** Readings over the whole run, when the profiler was asked for them. */
    readonly resources?: Resources
  }
  readonly totals: {
    readonly durationNs: number
    readonly spans: number
    readonly llmCalls: number
    readonly toolCalls: number
    readonly usage: UsageTotals
    readonly costUsd: Cost
  }
  /** Ordered by wall time, largest first. */
  readonly categories: readonly CategoryTotals[]
  /** Ordered by time on the critical path, largest first. */
  readonly operations: readonly OperationTotals[]
  readonly calls: readonly CallSummary[]
  readonly models: readonly ModelTotals[]
  readonly context: ContextSummary
  /** One step per span with time on the path, in order of first appearance. */
  readonly criticalPath: readonly PathStep[]
  readonly schedules: { readonly proven: Schedule; readonly possible: Schedule }
  /** Sorted by saving. */
  readonly findings: readonly Finding[]
  readonly observations: readonly Observation[]
  readonly overhead: Overhead
  /** What the reader should know about the figures: estimates, unknown prices, drops. */
  readonly problems: readonly Problem[]
  /** Where the prices and windows come from and of which day. */
  readonly sources: { readonly prices?: string; readonly windows?: string; readonly tokens?: string }
  /** In order of start; the root first. */
  readonly spans: readonly SpanView[]
}
