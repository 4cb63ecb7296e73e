import { RECEIVED } from './scan.ts'

export const DAY_MS = 86_400_000

const PATH = new RegExp(`^${RECEIVED}/(\\d{4}-\\d\\d-\\d\\d)/([0-9a-f]{32})\\.otlp\\.jsonl\\.gz$`)

export interface ReceivedPath {
  readonly day: string
  readonly traceId: string
}

/** Such as `2026-11-20`. */
export const dayOf = (epochMs: number): string => new Date(epochMs).toISOString().slice(0, 10)

/**
 * Where the spans of a trace are, below the folder.
 * @param traceId 32 hex digits of lower case, as whoever reads requests makes them
 * @throws TypeError for anything else: what a client sent never becomes a path
 */
export function pathOf(day: string, traceId: string): string {
  const path = `${RECEIVED}/${day}/${traceId}.otlp.jsonl.gz`
  if (!PATH.test(path)) throw new TypeError(`a trace id must be 32 hex digits, got ${JSON.stringify(traceId.slice(0, 100))}`)
  return path
}

/** @returns undefined for any other path, and for one of a day that there is not */
export function receivedPath(path: string): ReceivedPath | undefined {
  const [, day, traceId] = PATH.exec(path) ?? []
  if (day === undefined || traceId === undefined) return undefined
  const at = Date.parse(day) / DAY_MS
  return at >= 0 && at <= 0xffff && dayOf(at * DAY_MS) === day ? { day, traceId } : undefined
}
