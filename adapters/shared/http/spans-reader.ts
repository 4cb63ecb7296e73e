import { gunzipSync } from 'node:zlib'
import type { Trace } from '../../../src/model/span.ts'
import { decodeTrace } from '../../../src/trace-file/index.ts'
import { MAX_INLINE_CHARS } from './spans-header.ts'

/** The caller's side of `spans-header.ts`. By itself: a service writes run files, and never has to load what reads them. */

/** Of a run file out of a header: gzip makes much of little. */
const MAX_INLINE_FILE_BYTES = 4_000_000
/** Of a run file that was collected. Read no more than that of a body. */
export const MAX_COLLECTED_CHARS = 32_000_000

const ID = /^[\w-]{22}$/

export type SpansAnswer =
  | { readonly kind: 'inline'; readonly trace: Trace }
  | { readonly kind: 'later'; readonly id: string }

/**
 * Reads the header that comes with an answer.
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

/**
 * Reads what `collectedBody` wrote.
 * @returns undefined for what is no run file of one run
 */
export function readCollected(body: string): Trace | undefined {
  if (body.length > MAX_COLLECTED_CHARS) return undefined
  const { traces } = decodeTrace(body)
  return traces.length === 1 ? traces[0] : undefined
}
