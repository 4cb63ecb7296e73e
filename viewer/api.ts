import type { CategoryTotals, Confidence, Saving } from '../src/model/analysis.ts'
import type { RunDiff } from '../src/model/many-runs.ts'
import type { Category, Outcome } from '../src/model/span.ts'

/**
 * What the dashboard's server and its page say to each other, as JSON. Each request carries the launch's token as
 * `Authorization: Bearer`; a path below is relative to the server's root.
 *
 *     GET    api/info                      → ServerInfo
 *     GET    api/runs?…RunQuery            → RunList
 *     GET    api/statistics?…RunQuery      → RunStatistics
 *     GET    api/runs/<key>/document       → bytes of `packRun`, gzip
 *     GET    api/runs/<key>/export?format= → the file, with a Content-Disposition
 *     GET    api/runs/<key>/share          → the run as one HTML file, redacted, without texts of prompts and answers
 *     DELETE api/runs/<key>                → 204
 *     POST   api/compare  CompareRequest   → Comparison
 *     GET    api/events                    → text/event-stream of ServerEvent
 *
 * Anything else than a 2xx is `ApiError`.
 */
export interface ApiError {
  readonly error: string
}

export interface ServerInfo {
  readonly version: string
  /** The folder of the runs, as the user would name it. */
  readonly folder: string
  readonly runs: number
  /** Where OTLP is taken; `problem` says why it is not. */
  readonly receiver: { readonly url: string } | { readonly problem: string } | null
  readonly retentionDays: number
  /** Names of the formats of `export`. */
  readonly formats: readonly { readonly name: string; readonly extension: string }[]
}

/** What the list shows of a run. Opaque `key`: of the characters A–Z a–z 0–9 _ - alone. */
export interface RunSummary {
  readonly key: string
  readonly traceId: string
  readonly name: string
  readonly service?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly startedAtEpochMs: number
  readonly durationNs: number
  readonly outcome: Outcome['state']
  readonly failure?: string
  /** Still going on: its root has not ended, and it was written to a moment ago. */
  readonly live?: true
  readonly source: 'recorded' | 'received'
  /** What could not be read of it, in a sentence; of a file that holds no run at all there is nothing else to tell. */
  readonly problem?: string
  readonly spans: number
  readonly llmCalls: number
  readonly toolCalls: number
  /** Absent where no call told it. */
  readonly inputTokens?: number
  readonly cachedTokens?: number
  readonly outputTokens?: number
  /** Absent where the price of a call is unknown, or there is none. */
  readonly costUsd?: number
  readonly models: readonly string[]
  readonly categories: readonly Pick<CategoryTotals, 'category' | 'wallNs'>[]
  /** The three that save the most, and how many there are. */
  readonly findings: readonly FindingSummary[]
  readonly findingCount: number
}

export interface FindingSummary {
  readonly code: string
  readonly title: string
  readonly saving: Saving
  readonly confidence: Confidence
}

/** Query parameters. Several values of one name are alternatives; different names must all hold. */
export interface RunQuery {
  /** Words that name, service, tags, models, trace id or findings' codes contain, all of them. */
  readonly q?: string
  readonly name?: string | readonly string[]
  readonly service?: string | readonly string[]
  readonly model?: string | readonly string[]
  /** `key=value` */
  readonly tag?: string | readonly string[]
  readonly outcome?: Outcome['state'] | readonly Outcome['state'][]
  readonly finding?: string | readonly string[]
  /** Start of the run, epoch milliseconds. */
  readonly from?: number
  readonly to?: number
  /** Default `-started`; `-` before it: the largest first. */
  readonly sort?: RunSort | `-${RunSort}`
  readonly offset?: number
  /** Default 50, at most 500. */
  readonly limit?: number
}

export type RunSort = 'started' | 'duration' | 'tokens' | 'cost' | 'name' | 'spans'

export interface RunList {
  readonly total: number
  readonly runs: readonly RunSummary[]
  /** What the runs of the query could be narrowed down to, with the number of runs of each; the 50 most frequent. */
  readonly facets: Readonly<Record<'name' | 'service' | 'model' | 'tag' | 'outcome' | 'finding', readonly Facet[]>>
}

export interface Facet {
  readonly value: string
  readonly runs: number
}

/** Nearest rank. Absent where no run of it is known. */
export interface SeriesPoint {
  readonly p50: number
  readonly p95: number
  readonly p99: number
}

export interface RunStatistics {
  readonly runs: number
  readonly failed: number
  readonly total: { readonly durationNs?: SeriesPoint; readonly tokens?: SeriesPoint; readonly costUsd?: SeriesPoint; readonly sumCostUsd: number; readonly sumTokens: number }
  /** Some forty buckets of equal, round length over the time that the runs span; empty ones too. */
  readonly buckets: readonly {
    readonly fromEpochMs: number
    readonly toEpochMs: number
    readonly runs: number
    readonly failed: number
    readonly durationNs?: SeriesPoint
    readonly tokens?: SeriesPoint
    readonly costUsd?: SeriesPoint
  }[]
  /** By time on the critical path over all runs, the most first; at most 50. */
  readonly operations: readonly {
    readonly name: string
    readonly category: Category
    /** Runs that have it, and its spans in them. */
    readonly runs: number
    readonly count: number
    readonly failed: number
    readonly wallNs: number
    /** wallNs ÷ the time of all runs */
    readonly share: number
    /** Of the operation's mean duration per run. */
    readonly durationNs: SeriesPoint
  }[]
  /** Findings over all runs, by the time and then the number of runs. */
  readonly findings: readonly { readonly code: string; readonly title: string; readonly runs: number; readonly timeNs: number; readonly costUsd: number }[]
}

/** A set of runs: by their keys, or by a query (all runs of it, the newest 500 at most). */
export type RunSelection = { readonly keys: readonly string[] } | { readonly query: RunQuery }

export interface CompareRequest {
  readonly base: RunSelection
  readonly new: RunSelection
}

export interface Comparison {
  readonly diff: RunDiff
  readonly tree: DiffNode
}

/** The flame graph of a difference: operations by their path, siblings of one name together; means per run. */
export interface DiffNode {
  readonly name: string
  readonly category: Category
  readonly base: DiffValue
  readonly new: DiffValue
  readonly children: readonly DiffNode[]
}

export interface DiffValue {
  /** Spans per run. */
  readonly count: number
  /** Sum of the spans' durations, which overlap where they ran in parallel; of their self times; and their time on the critical path. */
  readonly totalNs: number
  readonly selfNs: number
  readonly wallNs: number
  readonly tokens: number
  readonly costUsd: number
}

/** `changed`: runs were added, went on, or are gone. Sent at most once a second. */
export type ServerEvent = { readonly type: 'changed'; readonly keys: readonly string[]; readonly runs: number }
