import { renderText, type TextOptions } from '../reports/text.ts'
import { analyze as analyzeTrace } from './analyze/index.ts'
import type { AnalyzeOptions } from './analyze/options.ts'
import { countMissingUsage } from './analyze/usage-estimates.ts'
import type { LoadConfigOptions, LoadedConfig } from './config/load.ts'
import type { Analysis } from './model/analysis.ts'
import type { Trace } from './model/span.ts'
import { importPriceTable } from './models/genai-prices.ts'
import { putOff } from './record/put-off.ts'
import { chromeTraceRenderer } from './record/sinks/chrome-traces.ts'
import { terminal } from './terminal.ts'
import { safeTrace } from './trace-file/index.ts'

putOff.set('usage', countMissingUsage).set('prices', importPriceTable)
chromeTraceRenderer.load = async () => {
  const { chromeReport } = await import('../reports/chrome.ts')
  return (trace) => chromeReport.render(analyze(trace))
}

export interface ReportOptions extends TextOptions, AnalyzeOptions {}

/**
 * The text report of a trace, or of its analysis. Width and colour are those of standard output unless the options say
 * otherwise. Without a trace (nothing was recorded) it says so: printing a report never breaks a program.
 * @throws TypeError when `run` is something else than a trace or an analysis
 */
export function report(run: Trace | Analysis | undefined, options: ReportOptions = {}): string {
  if (run === undefined) return 'Spanwise: nothing was recorded (no run has ended yet, none was sampled, nothing that ran is wrapped, or SPANWISE=0 is set)'
  const analysis = isAnalysis(run) ? run : analyze(run, options)
  const { width, color } = terminal()
  return renderText(analysis, { ...options, width: options.width ?? width, color: options.color ?? color })
}

/** What is neither is told by what would read it. */
const isAnalysis = (run: Trace | Analysis): run is Analysis => typeof run === 'object' && run !== null && 'criticalPath' in run

/**
 * Everything that reports show of a run: where the time, the tokens and the money went, what waited for what, and what would
 * make the next run faster. JSON-safe, without what looks like a secret. Times are nanoseconds, costs US dollars. The same
 * trace and options give the same analysis.
 * @throws {TypeError} when `trace` is not one, or the options are of the wrong shape
 * @throws {RangeError} when an option is out of its range
 */
export function analyze(trace: Trace, options: AnalyzeOptions = {}): Analysis {
  return analyzeTrace(safeTrace(trace), options)
}

/**
 * Reads the configuration file of a folder (default: the working directory) as `spanwise/register` and the command do.
 * @throws ConfigError when it cannot be read, or says what makes no sense
 */
export async function loadConfig(options: LoadConfigOptions = {}): Promise<LoadedConfig> {
  const config = await import('./config/load.ts')
  return await config.loadConfig(options)
}

export { compareStrategies } from './analyze/compare-strategies.ts'
export { percentilesOver } from './analyze/percentiles-over.ts'
export { Profiler, profiler } from './record/profiler.ts'
export { logRuns, runLine, runSummary } from './run-log.ts'
export { decodeTrace, encodeTrace, redactTrace } from './trace-file/index.ts'
export type { Comparison, CompareOptions, Operation, OperationFailure, OperationTimes } from './analyze/compare-strategies.ts'
export type { AnalyzeOptions, Thresholds } from './analyze/options.ts'
export type { TextPart, TokenCounter } from './analyze/token-counter.ts'
export type { OperationOverRuns } from './analyze/percentiles-over.ts'
export { defineConfig } from './config/define.ts'
export type { SpanwiseConfig } from './config/config.ts'
export type { LoadConfigOptions, LoadedConfig } from './config/load.ts'
export type { ActiveSpan, StartedSpan } from './record/active-span.ts'
export type { ProfilerOptions, RunOptions, SpanOptions } from './record/options.ts'
export type { ProfilerStats } from './record/profiler.ts'
export type { Retention } from './record/sinks/settings.ts'
export type { ContentPolicy } from './trace-file/index.ts'
export type { RunLogger, RunLogOptions, RunSummary, SummaryOptions } from './run-log.ts'
export type { Instant, RunEvent } from './record/run-event.ts'
export type { Clock } from './record/clock.ts'
export type { Ids } from './record/ids.ts'
export type { Limits } from './record/limits.ts'
export type { ModelPrice, Prices } from './models/prices.ts'
export type { Windows } from './models/windows.ts'
export type {
  Analysis, Amount, CallPhases, CallSummary, CategoryTotals, Confidence, ContextCall, ContextSummary, Cost, CostParts, Finding, ModelTotals, Observation,
  OperationTotals, Overhead, PathStep, Percentiles, PrefillLatency, Problem, Saving, Schedule, SpanView,
  CacheBreak, CacheCause, CacheLoss, CacheSide, CacheSummary, ChangedPart, ContextGrowth, ContextPart, DefinitionUse, DuplicateContent,
  NeverCached, ResultStay,
} from './model/analysis.ts'
export type {
  Attempt, Attributes, AttributeValue, Category, Dropped, LlmDetail, Outcome, ProcessFacts, Resources, Span, ToolCallRequest,
  ToolDetail, Trace,
} from './model/span.ts'
export type { Part, PartKind } from './model/message.ts'
export type { InputTokens, OutputTokens, Usage, UsageTotals } from './model/usage.ts'
