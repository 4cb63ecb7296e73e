import { formatDuration } from '../model/units.ts'
import { OPEN, type Outcome, type Trace } from '../model/span.ts'
import type { Redactor } from '../trace-file/index.ts'
import type { RunRecord, SpanRecord } from './recorder.ts'

/** What listeners learn. Absent at the start of a run: everything that only its end can tell. */
export interface RunEvent {
  readonly name: string
  readonly traceId: string
  readonly start: Instant
  readonly end?: Instant
  readonly durationSeconds?: number
  /** For people: `4.82 s`. */
  readonly duration?: string
  readonly outcome: Outcome
  readonly trace?: Trace
}

export interface Instant {
  readonly epochSeconds: number
  /** ISO 8601, UTC. */
  readonly iso: string
}

export function runEvent(run: RunRecord, root: SpanRecord | undefined, redactor: Redactor, trace: Trace | undefined): RunEvent {
  const { traceId } = run.facts
  const name = redactor.text(run.name, 'run.name')
  const start = instant(run.startedAtEpochMs + (root?.start ?? 0) / 1e6)
  const outcome = redactor.outcome(root?.outcome ?? OPEN)
  if (root === undefined || trace === undefined) return { name, traceId, start, outcome }
  const durationNs = root.ended - root.start
  return {
    name, traceId, start, outcome, trace,
    end: instant(run.startedAtEpochMs + root.ended / 1e6),
    durationSeconds: durationNs / 1e9,
    duration: formatDuration(durationNs),
  }
}

const instant = (epochMs: number): Instant => ({ epochSeconds: epochMs / 1000, iso: new Date(epochMs).toISOString() })
