import type { Part } from '../model/message.ts'
import type { Dropped, LlmDetail, ProcessFacts, Span, Trace } from '../model/span.ts'

/** The version that is written. docs/format.md says what it holds and what changed in each. */
export const VERSION = 1

export interface RunFacts {
  readonly id: string
  readonly name: string
  readonly service?: string
  readonly tags?: Readonly<Record<string, string>>
  readonly startedAtEpochMs: number
  readonly process?: ProcessFacts
}

/** The first parts of the request of the span at the place `like`, then others: what a conversation's next request mostly is. */
export interface RequestLike {
  readonly like: number
  readonly first: number
  readonly then: readonly number[]
}

export type StoredLlm = Omit<LlmDetail, 'requestParts'> & { readonly requestParts?: readonly number[] | RequestLike | undefined }

/** A span without the id of its trace, which the run's header tells. */
export type StoredSpan = Omit<Span, 'traceId' | 'llm'> & { readonly llm?: StoredLlm }

export interface HeaderRecord {
  readonly format: 'spanwise'
  readonly version: number
  readonly run: RunFacts
}

/** What only the end of a run can tell. It repeats the header, so that a damaged first line loses nothing. */
export interface EndRecord extends HeaderRecord {
  readonly end: {
    readonly spans: number
    readonly parts: number
    readonly dropped: Dropped
    readonly overheadNs: number
    readonly selfErrors: number
  }
}

export type RunRecordLine =
  /** A span that was still under way when this was written. */
  | { readonly open: StoredSpan; readonly at: number }
  /** A span with all its details. The last record with the same place wins. */
  | { readonly span: StoredSpan; readonly at: number }
  /** A part, before the first span that refers to it. */
  | { readonly part: Part; readonly at: number }

export function factsOf({ id, name, service, tags, startedAtEpochMs, process }: Trace): RunFacts {
  return {
    id,
    name,
    ...(service !== undefined && { service }),
    ...(tags !== undefined && { tags }),
    startedAtEpochMs,
    ...(process !== undefined && { process }),
  }
}
