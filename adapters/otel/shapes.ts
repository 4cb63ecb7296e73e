/**
 * OpenTelemetry's spans as a processor gets them from the SDKs of the lines 1, 2 and 3, as far as they are read here. Declared, not
 * imported: the lines name the parent and the instrumentation differently.
 */
export interface OtelSpan {
  readonly name: string
  spanContext(): OtelSpanContext
  /** Lines 2 and 3. */
  readonly parentSpanContext?: OtelSpanContext | undefined
  /** Line 1. */
  readonly parentSpanId?: string | undefined
  readonly instrumentationScope?: { readonly name: string } | undefined
  /** Line 1. */
  readonly instrumentationLibrary?: { readonly name: string } | undefined
  readonly attributes: Readonly<Record<string, unknown>>
  readonly events: readonly { readonly name: string; readonly attributes?: Readonly<Record<string, unknown>> | undefined }[]
  readonly status: { readonly code: number; readonly message?: string | undefined }
  /** Seconds and nanoseconds since 1970. */
  readonly startTime: readonly [number, number]
  readonly endTime: readonly [number, number]
}

export interface OtelSpanContext {
  readonly traceId: string
  readonly spanId: string
  readonly traceFlags: number
}

interface Registry {
  readonly context?: { active(): { getValue(key: symbol): unknown } }
}

/** Where every copy of `@opentelemetry/api` keeps what is registered, and under what a context keeps its span. */
const REGISTRY = Symbol.for('opentelemetry.js.api.1')
const SPAN = Symbol.for('OpenTelemetry Context Key SPAN')

/** The id of the span that is active here; undefined where none is, or no context manager is registered. */
export function activeSpanId(): string | undefined {
  const registry = (globalThis as { [REGISTRY]?: Registry })[REGISTRY]
  const span = registry?.context?.active().getValue(SPAN) as OtelSpan | undefined
  return span?.spanContext().spanId
}

const SAMPLED = 1

export const isSampled = (span: OtelSpan): boolean => (span.spanContext().traceFlags & SAMPLED) !== 0

export const parentIdOf = (span: OtelSpan): string | undefined => span.parentSpanContext?.spanId ?? span.parentSpanId

export const scopeOf = (span: OtelSpan): string | undefined => (span.instrumentationScope ?? span.instrumentationLibrary)?.name

export const epochMsOf = ([seconds, ns]: OtelSpan['startTime']): number => seconds * 1e3 + ns / 1e6
export const epochNsOf = ([seconds, ns]: OtelSpan['startTime']): bigint => BigInt(seconds) * 1_000_000_000n + BigInt(ns)
