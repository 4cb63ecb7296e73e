import type { SpanRecord } from './recorder.ts'

/** The caller in another process, as W3C trace context names it. */
export interface RemoteParent {
  /** 32 lower-case hex digits. */
  readonly traceId: string
  /** 16 lower-case hex digits. */
  readonly spanId: string
  /** Whether the caller records. */
  readonly isSampled: boolean
}

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?$/

/**
 * Reads a `traceparent` header.
 * @returns undefined for anything that the W3C recommendation calls invalid
 */
export function parseTraceparent(header: unknown): RemoteParent | undefined {
  if (typeof header !== 'string') return undefined
  const [, version, traceId, spanId, flags, more] = TRACEPARENT.exec(header.trim()) ?? []
  if (version === undefined || traceId === undefined || spanId === undefined || flags === undefined) return undefined
  if (version === 'ff' || (version === '00' && more !== undefined)) return undefined
  if (/^0+$/.test(traceId) || /^0+$/.test(spanId)) return undefined
  return { traceId, spanId, isSampled: (Number.parseInt(flags, 16) & 1) === 1 }
}

/** The `traceparent` header for what is called from within `span`: version 00, sampled. */
export const traceparentOf = (span: SpanRecord): string => `00-${span.run.facts.traceId}-${span.id}-01`
