import type { CacheSummary } from './analysis-cache.ts'
import type { ContextSummary } from './analysis-context.ts'
import type { ValueKind } from './values.ts'
import type { AttributeValue, Attempt, Category, Outcome, ProcessFacts, Dropped, Resources } from './span.ts'
import type { Usage, UsageTotals } from './usage.ts'

export type {
  CacheBreak, CacheCause, CacheLoss, CacheSide, CacheSummary, ChangedPart, NeverCached,
} from './analysis-cache.ts'
export type {
  ContextCall, ContextGrowth, ContextPart, ContextSummary, DefinitionUse, DuplicateContent, ResultStay,
} from './analysis-context.ts'

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

/** What was paid for what, US dollars. Disjoint: the parts add up to the cost. */
export interface CostParts {
  /** Input that came from no cache and went into none; what the provider read to compact a conversation too. */
  readonly uncachedInputUsd: number
  readonly cacheReadUsd: number
  readonly cacheWriteUsd: number
  /** Output without reasoning. */
  readonly outputUsd: number
  readonly reasoningUsd: number
  /** Web searches and what else is billed by the request. */
  readonly requestsUsd: number
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
  /**
   * What the run would save if every span of it took half as long, with all that runs inside: simulated. 0 when the run waited for
   * something else anyway; absent beyond the 30 operations with the most time on the path (fewer in very long runs).
   */
  readonly halvedSavesNs?: number
}

/**
 * A call taken apart: stretches that follow each other and add up to its duration exactly. What was not measured is absent, and
 * its time is part of the stretch after it. Nanoseconds.
 */
export interface CallPhases {
  /**
   * From the call's start to its first attempt: what the client does before it sends, such as waiting for credentials. A
   * limiter around the call (p-limit) is before its start, in `gapNs`; one inside the client's `fetch` is part of the attempt.
   */
  readonly waitNs?: number
  /** Attempts that failed. */
  readonly attemptsNs?: number
  /** Between attempts: back-off and the server's `retry-after`. */
  readonly backoffNs?: number
  /** From the start of the answering attempt to its headers: connection, the provider's queue, and often the reading of the prompt. */
  readonly headersNs?: number
  /** From there to the first generated token, without the reader's time. */
  readonly firstTokenNs?: number
  /** From the first to the last token, without the reader's time. */
  readonly decodeNs?: number
  /**
   * The reader's own time between getting one event of the stream and asking for the next, at least: pauses within a burst
   * of events may be missed. The provider may have gone on meanwhile.
   */
  readonly readerNs?: number
  /** What is left: after the last token, or what cannot be told apart further. */
  readonly restNs: number
}

/** How long a model takes to its first token by the input tokens that it must read anew (all but cache reads). */
export interface PrefillLatency {
  readonly model: string
  readonly provider: string
  /** Calls with a measured first token and input tokens of the provider's own count. */
  readonly calls: number
  /** From the fewest to the most such tokens of a call. */
  readonly tokens: { readonly low: number; readonly high: number }
  /** A robust line through the calls (Theil–Sen); absent when they cannot carry one. */
  readonly fit?: {
    /** Nanoseconds per 1,000 tokens. */
    readonly nsPerThousandTokens: number
    /** 95 % confidence interval of the same, by Kendall's rank statistic (Sen 1968). */
    readonly interval: { readonly low: number; readonly high: number }
    /** Time to the first token with nothing to read, by the line. */
    readonly interceptNs: number
  }
  /** Why there is no fit. */
  readonly reason?: string
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
  /** Absent when nothing but the duration is known. */
  readonly phases?: CallPhases
  /**
   * Between the end of the last recorded operation before it in its conversation and its start, in which nothing recorded ran:
   * the agent's and its framework's own time, and waits for a limiter of theirs. Absent when something else still ran.
   */
  readonly gapNs?: number
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


export interface PathStep {
  readonly spanId: string
  readonly timeNs: number
}

export interface Schedule {
  readonly durationNs: number
  /** Concurrency beyond which nothing is gained: spans of one parent at the same time, started in their measured order. */
  readonly limit: number
  /** Spans that would start earlier within their parent, in order of start: the first 200, and how many they are. Absent: none. */
  readonly moved?: { readonly count: number; readonly spanIds: readonly string[] }
}

/**
 * Why a pair is what it is said to be. Dependent:
 *
 * - `issued`: a model's answer asked for the tool;
 * - `carried`: a request carries the tool's result;
 * - `answer`: a request carries what the other call answered;
 * - `value`: a distinctive value of an output, which had it first, stands in the input;
 * - `declared`: the user or a framework said so.
 *
 * Independent: `issued-together`: one answer asked for both; `known-before`: all of the later one's input was known when the earlier
 * one began, and nothing of it stands in what that one put out.
 */
export interface DependencyEvidence {
  readonly kind: 'issued' | 'carried' | 'answer' | 'value' | 'declared' | 'issued-together' | 'known-before'
  /** Of `value`: the most telling kind, and how many different values. */
  readonly value?: ValueKind
  readonly count?: number
  /** Of `issued-together`: the id of the LLM span; it may lie outside the trace. */
  readonly by?: string
  /** Of `known-before`: from when on the later one could have begun, ns since the run began. */
  readonly knownAtNs?: number
}

export interface SpanDependency {
  /** The earlier span. */
  readonly from: string
  /** The later one. */
  readonly to: string
  readonly verdict: 'dependent' | 'independent'
  readonly evidence: readonly DependencyEvidence[]
}

/** What is proven of pairs of spans. Side effects, which a recording cannot show, are the remaining caveat of independence. */
export interface DependencySummary {
  /** Dependent pairs in order of the later span (at most 500), then independent ones that ran one after another (at most 200). */
  readonly pairs: readonly SpanDependency[]
  /**
   * All proven pairs; and the siblings that ran one after another of which neither is proven. Looked at are, for each span, the 16
   * siblings that ended last before it began, and 400,000 pairs of a run at most.
   */
  readonly counts: { readonly dependent: number; readonly independent: number; readonly unknown: number }
  /** Proven pairs that are not listed. */
  readonly leftOut: number
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
  /** What the run's known cost was paid for: adds up to `totals.costUsd.knownUsd`. Absent when the price of no call is known. */
  readonly cost?: CostParts
  /** Ordered by wall time, largest first. */
  readonly categories: readonly CategoryTotals[]
  /** Ordered by time on the critical path, largest first. */
  readonly operations: readonly OperationTotals[]
  readonly calls: readonly CallSummary[]
  readonly models: readonly ModelTotals[]
  /** By model, those with the most calls first. */
  readonly latency: readonly PrefillLatency[]
  readonly context: ContextSummary
  /** Absent when no request could be compared with one before it. */
  readonly cache?: CacheSummary
  /** One step per span with time on the path, in order of first appearance. */
  readonly criticalPath: readonly PathStep[]
  /** Absent when there is no pair to speak of. */
  readonly dependencies?: DependencySummary
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
