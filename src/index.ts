export { Profiler, profiler } from './record/profiler.ts'
export type {
  ActiveSpan, ProfilerOptions, ProfilerStats, RunOptions, SpanOptions, StartedSpan,
} from './record/profiler.ts'
export type { Instant, RunEvent } from './record/run-event.ts'
export type { Clock } from './record/clock.ts'
export type { Ids } from './record/ids.ts'
export type { Limits } from './record/limits.ts'
export type {
  Attempt, Attributes, AttributeValue, Category, Dropped, LlmDetail, Outcome, ProcessFacts, Resources, Span, ToolCallRequest,
  ToolDetail, Trace,
} from './model/span.ts'
export type { Part, PartKind } from './model/message.ts'
export type { InputTokens, OutputTokens, Usage, UsageTotals } from './model/usage.ts'
