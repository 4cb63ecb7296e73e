import type { Percentiles } from './analysis.ts'
import type { Category } from './span.ts'

/**
 * What a set of runs is compared or checked for. JSON-safe; the unit of a figure is in the name of its metric. What is
 * unknown is absent and said in words, never 0.
 */

/** A bound is absent where the values are too few to give one. */
export interface Bounds {
  readonly low?: number
  readonly high?: number
}

export interface Interval {
  readonly low: number
  readonly high: number
}

/** Nearest-rank percentiles with 95 % confidence intervals from order statistics. */
export interface MeasuredPercentiles extends Percentiles {
  readonly intervals: { readonly p50: Bounds; readonly p95: Bounds; readonly p99: Bounds }
}

/** One figure of each run. */
export interface FigureOverRuns extends MeasuredPercentiles {
  readonly runs: number
}

/** Of a set of runs. A figure is absent when it is unknown in any run; `unknown` then says why. */
export interface RunPercentiles {
  readonly runs: number
  readonly durationNs?: FigureOverRuns
  readonly tokens?: FigureOverRuns
  readonly costUsd?: FigureOverRuns
  readonly unknown: { readonly tokens?: string; readonly costUsd?: string }
}

/** `wallNs`: time on the critical path; `selfNs`: self time. Sums over the operation's spans in a run. */
export type Metric = 'durationNs' | 'wallNs' | 'selfNs' | 'tokens' | 'costUsd'

/**
 * What the test says of a difference after correction. `more` and `less` are proven and at least `minChange` large; `small` is
 * proven and smaller; `unclear` is proven while the medians go the other way; `none` is not proven, which is no proof of
 * equality; `untested` had too few runs or values that cannot differ.
 */
export type ChangeVerdict = 'more' | 'less' | 'small' | 'unclear' | 'none' | 'untested'

/** The values of one metric, one per run. */
export interface Sample {
  readonly median: number
  readonly p95: number
  readonly mean: number
}

export interface MetricChange {
  readonly metric: Metric
  readonly base: Sample
  readonly new: Sample
  /** Median of new minus median of base. */
  readonly difference: number
  /** difference ÷ median of base; absent when that is 0. */
  readonly share?: number
  /** 95 % bootstrap interval of `difference`; absent when untested, and for an operation whose difference is not proven. */
  readonly interval?: Interval
  /** Two-sided, Mann–Whitney U. */
  readonly pValue?: number
  /** Corrected for how many were tested. */
  readonly adjustedP?: number
  /** Whether `pValue` comes from the exact distribution, ties included, and not from the normal approximation. */
  readonly exact?: boolean
  /** The share of pairs of a base and a new run in which the new one has more; ties count half. */
  readonly superiority?: number
  readonly verdict: ChangeVerdict
}

/** All spans of one path: the names from the root, siblings of one name together. */
export interface OperationChange {
  readonly path: readonly string[]
  readonly category: Category
  /** The name in the new runs, when a call of a model was paired with one of another name in the same place. */
  readonly renamedTo?: string
  readonly presence: 'both' | 'added' | 'gone'
  /** Mean number of spans per run. */
  readonly count: { readonly base: number; readonly new: number }
  readonly changes: readonly MetricChange[]
  /** New mean minus base mean. Over all operations they add up to the change of the mean of the whole. */
  readonly contribution: { readonly wallNs: number; readonly tokens?: number; readonly costUsd?: number }
}

/** Which operations a change of the whole consists of. Means, because only means add up. */
export interface Explanation {
  readonly metric: 'durationNs' | 'tokens' | 'costUsd'
  /** Change of the mean of the whole; the parts and the rest add up to it. */
  readonly meanChange: number
  readonly parts: readonly {
    /** Index into `operations`. */
    readonly operation: number
    readonly change: number
    /** change ÷ meanChange; absent when the mean did not change. */
    readonly share?: number
    readonly proven: boolean
  }[]
  readonly rest: { readonly operations: number; readonly change: number; readonly share?: number }
}

/** A span of the base run beside the one of the new run that stands in its place. */
export interface SpanChange {
  readonly state: 'same' | 'slower' | 'faster' | 'added' | 'gone'
  readonly name: string
  readonly category: Category
  readonly depth: number
  readonly renamedTo?: string
  readonly baseSpanId?: string
  readonly newSpanId?: string
  readonly baseNs?: number
  readonly newNs?: number
  /** new minus base; what is not there counts as 0. */
  readonly differenceNs: number
}

export interface RunSet {
  readonly runs: number
  /** Names of the runs, each once, in order of the alphabet. */
  readonly names: readonly string[]
  readonly failed: number
  readonly traceIds: readonly string[]
}

/** What `spanwise diff --json` prints. */
export interface RunDiff {
  readonly verdict: 'regression' | 'improvement' | 'mixed' | 'none' | 'too-few-runs'
  readonly base: RunSet
  readonly new: RunSet
  /** Duration, tokens and cost of whole runs, as far as they are known. */
  readonly totals: readonly MetricChange[]
  readonly explanations: readonly Explanation[]
  /** Ordered by contribution in time, largest first. */
  readonly operations: readonly OperationChange[]
  /** When each side is one run: every span, in order of the tree. */
  readonly spans?: readonly SpanChange[]
  readonly method: {
    readonly test: 'mann-whitney-u'
    readonly alpha: number
    /** Smaller differences of medians, as a share of the base, are `small`. */
    readonly minChange: number
    readonly totals: { readonly correction: 'holm'; readonly tests: number }
    readonly operations: { readonly correction: 'benjamini-hochberg'; readonly tests: number }
    readonly interval: { readonly method: 'bootstrap-percentile'; readonly confidence: number; readonly resamples: number }
    /** Runs of each side from which on the test of the totals can prove anything. */
    readonly runsNeeded: number
  }
  /** What the reader should know: failed runs, figures that are unknown, runs of different names. */
  readonly notes: readonly string[]
}

export type Statistic = 'p50' | 'p95' | 'p99' | 'max'

/** One limit of a budget and how the runs stand to it. */
export interface BudgetLine {
  /** As in the budget: `durationMs`, `operations.search.durationMs`, `failOn`, `minRuns`. */
  readonly name: string
  /** Absent for what is counted and not measured. */
  readonly statistic?: Statistic
  /** The code for `failOn`, a number otherwise. */
  readonly limit: number | string
  /** In the unit of the name; absent when unknown. */
  readonly actual?: number
  /** 95 % confidence interval of `actual`, for percentiles of several runs. */
  readonly interval?: Bounds
  readonly ok: boolean
  /** Why it is not ok, in a sentence. */
  readonly reason?: string
  /** Runs that show it: those over the limit, with the finding, or with an unknown figure. */
  readonly traceIds?: readonly string[]
}

/** What `spanwise check --json` prints. */
export interface BudgetCheck {
  readonly ok: boolean
  readonly runs: number
  readonly lines: readonly BudgetLine[]
  /** The reasons of the lines that are not ok. */
  readonly reasons: readonly string[]
}
