import type { Analysis, CallSummary } from '../../model/analysis.ts'
import type { RunPercentiles } from '../../model/many-runs.ts'
import { figureOverRuns } from './quantiles.ts'

/** The figures of one run that runs are compared and checked by. What is unknown is undefined, never 0. */
export interface RunFigures {
  readonly traceId: string
  readonly durationNs: number
  /** Input and output together; undefined when a call did not tell. */
  readonly tokens: number | undefined
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  /** Undefined when a call has no price. */
  readonly costUsd: number | undefined
  /** The largest share of its window that a call used; undefined when a call's window or usage is unknown. */
  readonly contextShare: number | undefined
  readonly llmCalls: number
  readonly toolCalls: number
  readonly failed: boolean
}

/** Of one call of a model. */
export interface CallFigures {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
  readonly costUsd: number | undefined
}

const FREE: CallFigures = { inputTokens: 0, outputTokens: 0, costUsd: 0 }

/** A call that failed before there was an answer is billed by nobody; one that embeds has no output. */
function callFigures({ unanswered, usage, costUsd }: CallSummary, isEmbedding: boolean): CallFigures {
  if (unanswered === true) return FREE
  // A price is only known where all that is billed is.
  const output = usage?.output?.total ?? (usage?.input !== undefined && (isEmbedding || costUsd !== undefined) ? 0 : undefined)
  return { inputTokens: usage?.input?.total, outputTokens: output, costUsd }
}

/** The figures of each call by the id of its span. */
export function figuresByCall({ calls, spans }: Analysis): ReadonlyMap<string, CallFigures> {
  const embeddings = new Set(spans.filter(({ category }) => category === 'embedding').map(({ id }) => id))
  return new Map(calls.map((call) => [call.spanId, callFigures(call, embeddings.has(call.spanId))]))
}

export function runFigures(analysis: Analysis): RunFigures {
  const { run, totals: { durationNs, llmCalls, toolCalls } } = analysis
  const calls = [...figuresByCall(analysis).values()]
  const inputTokens = sum(calls.map((call) => call.inputTokens))
  const outputTokens = sum(calls.map((call) => call.outputTokens))
  return {
    traceId: run.traceId, durationNs, llmCalls, toolCalls, inputTokens, outputTokens,
    tokens: sum([inputTokens, outputTokens]),
    costUsd: sum(calls.map((call) => call.costUsd)),
    contextShare: contextShare(analysis),
    failed: run.outcome.state === 'failed',
  }
}

function contextShare({ context, calls, spans }: Analysis): number | undefined {
  const shares = new Map(context.calls.map(({ spanId, share }) => [spanId, share]))
  const embeddings = new Set(spans.filter(({ category }) => category === 'embedding').map(({ id }) => id))
  let largest = 0
  for (const { spanId, unanswered } of calls) {
    if (unanswered === true || (embeddings.has(spanId) && !shares.has(spanId))) continue
    const share = shares.get(spanId)
    if (share === undefined) return undefined
    largest = Math.max(largest, share)
  }
  return largest
}

/** Undefined as soon as one part is. */
export function sum(values: readonly (number | undefined)[]): number | undefined {
  let total = 0
  for (const value of values) {
    if (value === undefined) return undefined
    total += value
  }
  return total
}

/** All values, or undefined as soon as one is unknown. */
export function known(values: readonly (number | undefined)[]): number[] | undefined {
  const found = values.filter((value) => value !== undefined)
  return found.length === values.length ? found : undefined
}

/** `the cost of 3 of 10 runs is unknown` */
export function unknownIn(what: string, values: readonly (number | undefined)[]): string {
  const count = values.filter((value) => value === undefined).length
  const whose = values.length === 1 ? 'the run' : count === values.length ? `all ${count} runs` : `${count} of ${values.length} runs`
  return `the ${what} of ${whose} ${what.endsWith('s') ? 'are' : 'is'} unknown`
}

/**
 * Percentiles of whole runs with 95 % confidence intervals: duration (ns), tokens (input and output) and cost (US dollars). Runs
 * are independent of each other, as the intervals need it.
 */
export function runPercentiles(analyses: readonly Analysis[]): RunPercentiles {
  const figures = analyses.map(runFigures)
  const durationNs = figureOverRuns(figures.map((run) => run.durationNs))
  const [tokens, costUsd] = [figures.map((run) => run.tokens), figures.map((run) => run.costUsd)]
  const [knownTokens, knownCost] = [known(tokens), known(costUsd)]
  const [tokensOver, costOver] = [figureOverRuns(knownTokens ?? []), figureOverRuns(knownCost ?? [])]
  return {
    runs: figures.length,
    ...(durationNs !== undefined && { durationNs }),
    ...(tokensOver !== undefined && { tokens: tokensOver }),
    ...(costOver !== undefined && { costUsd: costOver }),
    unknown: {
      ...(knownTokens === undefined && { tokens: unknownIn('tokens', tokens) }),
      ...(knownCost === undefined && { costUsd: unknownIn('cost', costUsd) }),
    },
  }
}
