import { randomBytes } from 'node:crypto'
import { gunzipSync, gzipSync } from 'node:zlib'
import type { Trace } from '../../../src/model/span.ts'
import { decodeTrace, encodeTrace } from '../../../src/trace-file/index.ts'

/**
 * How a service gives the spans of a request back to its caller.
 *
 *     caller   spanwise-profile: spans                       on its request
 *     service  spanwise-spans: inline <base64url of gzip>    the whole run file of the request, when it was over and small
 *     service  spanwise-spans: later <id>                    otherwise; then, once, within a minute:
 *     caller   GET to the same origin and path, spanwise-collect: <id>
 *     service  200 with the run file as its body, held back until the run has ended; 404 when the id is not known (any more);
 *              503 when the run goes on for longer than a request waits: the id stays good
 *
 * A run file is what `docs/format.md` describes: JSON lines.
 */
export const PROFILE_HEADER = 'spanwise-profile'
/** What {@link PROFILE_HEADER} says when spans are wanted. */
export const SPANS_WANTED = 'spans'
export const SPANS_HEADER = 'spanwise-spans'
export const COLLECT_HEADER = 'spanwise-collect'
export const COLLECTED_TYPE = 'application/x-ndjson; charset=utf-8'

/** What a header may hold; Node's clients take 16 kB for all headers of an answer. */
const MAX_INLINE_CHARS = 6_000
/** Of a run file out of a header: gzip makes much of little. */
const MAX_INLINE_FILE_BYTES = 4_000_000
/** Of a run file that was collected. Read no more than that of a body. */
export const MAX_COLLECTED_CHARS = 32_000_000

export type SpansAnswer =
  | { readonly kind: 'inline'; readonly trace: Trace }
  | { readonly kind: 'later'; readonly id: string }

/** 128 random bits, as they may stand in a header, a URL and a file name. */
export const unguessableId = (): string => randomBytes(16).toString('base64url')
const ID = /^[\w-]{22}$/

/** @returns the value of {@link SPANS_HEADER} that holds the whole trace; undefined when it does not fit into so many characters */
export function inlineSpans(trace: Trace, maxChars: number = MAX_INLINE_CHARS): string | undefined {
  // The few spans that fit are written quickly; a long run is not written for nothing.
  if (trace.spans.length > maxChars / LEAST_SPAN_CHARS) return undefined
  const value = `inline ${gzipSync(encodeTrace(trace)).toString('base64url')}`
  return value.length <= maxChars ? value : undefined
}
const LEAST_SPAN_CHARS = 12

/** @returns the value of {@link SPANS_HEADER} that says under which id the trace can be had */
export const laterSpans = (id: string): string => `later ${id}`

/**
 * Reads {@link SPANS_HEADER}.
 * @returns undefined for what is none: another service may say anything
 */
export function readSpansHeader(value: string | null | undefined, maxChars: number = 2 * MAX_INLINE_CHARS): SpansAnswer | undefined {
  const [, kind, what = ''] = /^(inline|later) ([\w-]+)$/.exec(value?.slice(0, maxChars) ?? '') ?? []
  if (kind === 'later') return ID.test(what) ? { kind, id: what } : undefined
  if (kind !== 'inline') return undefined
  try {
    const file = gunzipSync(Buffer.from(what, 'base64url'), { maxOutputLength: MAX_INLINE_FILE_BYTES })
    const trace = readCollected(file.toString())
    return trace && { kind, trace }
  } catch {
    return undefined
  }
}

/** The body that answers a collecting request, of the type {@link COLLECTED_TYPE}. */
export const collectedBody = (trace: Trace): string => encodeTrace(trace)

/**
 * Reads what {@link collectedBody} wrote.
 * @returns undefined for what is no run file of one run
 */
export function readCollected(body: string): Trace | undefined {
  if (body.length > MAX_COLLECTED_CHARS) return undefined
  const { traces } = decodeTrace(body)
  return traces.length === 1 ? traces[0] : undefined
}
