import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import type { Trace } from '../../../src/model/span.ts'
import { encodeTrace } from '../../../src/trace-file/index.ts'

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
export const MAX_INLINE_CHARS = 6_000

/** 128 random bits, as they may stand in a header, a URL and a file name. */
export const unguessableId = (): string => randomBytes(16).toString('base64url')

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

/** The body that answers a collecting request, of the type {@link COLLECTED_TYPE}. */
export const collectedBody = (trace: Trace): string => encodeTrace(trace)
