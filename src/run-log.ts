import { formatCount, formatUsd, plural } from '../reports/shared/numbers.ts'
import { clean, cleanName } from '../reports/shared/text.ts'
import { checkPrices } from './analyze/options.ts'
import { runTotals } from './analyze/run-totals.ts'
import { knownTotals, type KnownTotals } from './analyze/totals.ts'
import { show } from './model/show.ts'
import type { Outcome, Trace } from './model/span.ts'
import { formatDuration, nsToMs } from './model/units.ts'
import type { Prices } from './models/prices.ts'
import { profiler as defaultProfiler, type Profiler } from './record/profiler.ts'
import { outlineOf } from './record/trace.ts'
import { safeTrace } from './trace-file/index.ts'

/** A run in a few figures. JSON-safe, without what looks like a secret. What is not known is absent, never 0. */
export interface RunSummary extends KnownTotals {
  readonly name: string
  readonly traceId: string
  /** ISO 8601, UTC. */
  readonly startedAt: string
  readonly durationMs: number
  /** Embeddings are none, though their tokens and cost are in the sums. */
  readonly llmCalls: number
  readonly toolCalls: number
  /** Calls of models and tools that failed, those that another one made good among them. */
  readonly failedCalls: number
  /** Calls of which no provider told the tokens: the sums lack them. Absent when there are none. */
  readonly callsWithoutUsage?: number
  readonly outcome: Outcome['state']
  /** What a failed run failed with. */
  readonly error?: string
}

/**
 * A logger with the methods of pino, winston and the like, called with `({ run: summary }, line)`; the console, which gets the line;
 * or a function, which gets the line and the summary. Runs that failed go to `warn`.
 */
export type RunLogger = LeveledLogger | ((line: string, summary: RunSummary) => unknown)

export interface LeveledLogger {
  info(fields: object, line: string): unknown
  warn(fields: object, line: string): unknown
}

export interface SummaryOptions {
  /** As in the options of `analyze`: US dollars per million tokens, by model id. */
  readonly prices?: Prices | undefined
}

export interface RunLogOptions extends SummaryOptions {
  /** Whose runs are logged. Default: those of the process's own. */
  readonly profiler?: Profiler | undefined
}

/**
 * Writes one line for each run at its end, for people who want nothing else:
 *
 *     logRuns(console)
 *     logRuns(pino())
 *
 * @returns the way to stop
 * @throws {TypeError} when `logger` is none, or a price is of the wrong shape
 */
export function logRuns(logger: RunLogger, { profiler = defaultProfiler, prices }: RunLogOptions = {}): () => void {
  const write = runWriter(logger, { prices })
  return profiler.on('runEnd', ({ trace }) => {
    if (trace !== undefined) write(trace)
  })
}

/**
 * What {@link logRuns} does with one run.
 * @throws {TypeError} as there
 */
export function runWriter(logger: RunLogger, options: SummaryOptions = {}): (trace: Trace) => void {
  checkPrices(options.prices)
  const log = lineWriter(logger)
  return (trace) => {
    const summary = runSummary(outlineOf(trace), options)
    log(runLine(summary), summary)
  }
}

function lineWriter(logger: RunLogger): (line: string, summary: RunSummary) => void {
  if (typeof logger === 'function') {
    // All that the console is given it prints.
    const isConsole = Object.values(console).includes(logger)
    return (line, summary) => void (isConsole ? (logger as (line: string) => unknown)(line) : logger(line, summary))
  }
  if (typeof logger?.info !== 'function' || typeof logger.warn !== 'function') {
    throw new TypeError(`logger must be a function or have info() and warn(), got ${show(logger)}`)
  }
  const isConsole = (logger as object) === console
  return (line, summary) => {
    const level = summary.outcome === 'failed' ? 'warn' : 'info'
    if (isConsole) (console[level] as (line: string) => void)(line)
    // In a field of its own: a logger's line has a name, a time and an error already.
    else logger[level]({ run: summary }, line)
  }
}

/**
 * A run in a few figures, without the cost of its analysis. No tokens are counted for it: what no provider told is unknown.
 * @throws {TypeError} when `trace` is none, or a price is of the wrong shape
 */
export function runSummary(trace: Trace, { prices }: SummaryOptions = {}): RunSummary {
  if (!Array.isArray(trace?.spans)) throw new TypeError(`expected a trace with spans, got ${show(trace)}`)
  const safe = safeTrace(trace)
  const { totals, failedCalls } = runTotals(safe, prices)
  const { usage, durationNs, llmCalls, toolCalls } = totals
  const known = knownTotals(totals)
  const outcome: Outcome = safe.spans[0]?.outcome ?? { state: 'ok' }
  return {
    name: cleanName(safe.name),
    traceId: safe.id,
    startedAt: new Date(safe.startedAtEpochMs).toISOString(),
    durationMs: nsToMs(Math.round(durationNs / 1_000) * 1_000),
    llmCalls, toolCalls, failedCalls,
    ...known,
    // Sums of prices have digits that nobody charged.
    ...(known.costUsd !== undefined && { costUsd: Number(known.costUsd.toPrecision(12)) }),
    ...(usage.unknownCalls > 0 && { callsWithoutUsage: usage.unknownCalls }),
    outcome: outcome.state,
    ...(outcome.state === 'failed' && { error: errorText(outcome) }),
  }
}

const MAX_ERROR_CHARS = 200
const errorText = ({ type, message }: Outcome & { readonly state: 'failed' }): string =>
  clean(message === '' ? type : `${type}: ${message}`, MAX_ERROR_CHARS)

/** `2026-01-02T03:04:05.000Z 4.82 s, 5 LLM calls, 3 tool calls, 1,185 in (400 cached), 224 out, $0.0016, ok, support-agent` */
export function runLine(summary: RunSummary): string {
  if (typeof summary?.durationMs !== 'number') throw new TypeError(`expected a summary, as runSummary(trace) gives it, got ${show(summary)}`)
  const { name, startedAt, durationMs, llmCalls, toolCalls, failedCalls, costUsd, outcome, error } = summary
  // A call that failed without an answer used nothing that anybody could tell.
  const usesTokens = summary.inputTokens !== undefined || (summary.callsWithoutUsage ?? 0) > 0
  return [
    `${startedAt} ${formatDuration(durationMs * 1e6)}`,
    plural(llmCalls, 'LLM call'),
    plural(toolCalls, 'tool call'),
    ...(failedCalls > 0 ? [`${formatCount(failedCalls)} failed`] : []),
    ...(usesTokens ? [tokensText(summary), costUsd === undefined ? 'unknown cost' : formatUsd(costUsd)] : []),
    error === undefined ? outcome : `failed (${error})`,
    name,
  ].join(', ')
}

function tokensText({ inputTokens, cachedTokens = 0, outputTokens, callsWithoutUsage = 0 }: RunSummary): string {
  if (inputTokens === undefined || outputTokens === undefined) return 'unknown tokens'
  const atLeast = callsWithoutUsage > 0 ? '≥ ' : ''
  const cached = cachedTokens > 0 ? ` (${formatCount(cachedTokens)} cached)` : ''
  return `${atLeast}${formatCount(inputTokens)} in${cached}, ${atLeast}${formatCount(outputTokens)} out`
}
