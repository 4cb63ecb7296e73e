import type { SpanRecord } from './recorder.ts'
import type { RemoteParent } from './trace-context.ts'

/** Where a span belongs, for those that know better than the async context. */
export interface Place {
  /** Instead of the current span; the current one stays when it lies within this. */
  readonly parent?: SpanRecord | undefined
  /** A run of its own, also inside another one. */
  readonly isRun?: boolean
  /** Of a run that is opened: as `RunOptions.sample`. */
  readonly sample?: boolean | number | undefined
  readonly tags?: Readonly<Record<string, string>> | undefined
  /** Spans deeper below the root than this are dropped. */
  readonly maxDepth?: number | undefined
  /** Who called from another process: the run takes its trace id. */
  readonly remote?: RemoteParent | undefined
  /** When it began, by the profiler's clock, where that was noted before. Default: now. */
  readonly startedMs?: number | undefined
  /** Whether another observer may record it already: then it counts once it is listed. Asked when it is known what it is below. */
  readonly isProvisional?: () => boolean
  /** Of one that is, and is a run of its own: whether that is sampled is decided when it is listed. Nothing may come below it before. */
  readonly decidesLate?: boolean
}

/** Where the async context says. */
export const HERE: Place = Object.freeze({})
