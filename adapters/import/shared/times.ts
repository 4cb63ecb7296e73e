import { epochMs } from './json-lines.ts'

/** Nanoseconds since 1970 of a count of nanoseconds as a string or a number; 0 and nonsense are absent. */
export function epochNs(value: unknown): bigint | undefined {
  if (typeof value === 'number') return Number.isFinite(value) && value > 0 ? BigInt(Math.round(value)) : undefined
  if (typeof value !== 'string' || !/^\d{1,19}$/.test(value)) return undefined
  const time = BigInt(value)
  return time > 0n ? time : undefined
}

const MAX_AFTER_MS = 90 * 86_400_000
const MAX_BEFORE_MS = 10 * 86_400_000

/** Times of a session's lines. Those too far from the first one for nanoseconds in a number are not believed. */
export class SessionClock {
  #first: number | undefined

  /** Epoch milliseconds of an ISO 8601 time, or what is wrong with it. */
  read(value: unknown): number | 'no valid timestamp' | 'a time that is far from that of the first line' {
    const ms = epochMs(value)
    if (ms === undefined) return 'no valid timestamp'
    this.#first ??= ms
    const distance = ms - this.#first
    return distance > MAX_AFTER_MS || distance < -MAX_BEFORE_MS ? 'a time that is far from that of the first line' : ms
  }
}
