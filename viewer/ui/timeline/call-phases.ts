import type { CallSummary } from '../../../src/model/analysis.ts'
import type { Attempt } from '../../../src/model/span.ts'

export type PhaseKind = 'wait' | 'attempt' | 'backoff' | 'headers' | 'first-token' | 'decode' | 'reader' | 'rest'

/** A stretch of a call, as shares of its duration, so that it holds for a call that begins elsewhere too. */
export interface Stretch {
  readonly kind: PhaseKind
  readonly from: number
  readonly to: number
}

/**
 * The call's stretches in order of time. Attempts that failed and the waits after them stand where they were; a reader's time, of
 * which only the sum is known, at the end of what it interrupted.
 * @param startNs of the call
 */
export function stretchesOf({ phases, attempts, durationNs }: CallSummary, startNs: number): Stretch[] {
  if (phases === undefined || durationNs <= 0) return []
  const found: Stretch[] = []
  let at = 0
  const until = (kind: PhaseKind, to: number): void => {
    const end = Math.min(durationNs, to)
    if (end > at) {
      found.push({ kind, from: at / durationNs, to: end / durationNs })
      at = end
    }
  }
  const lasting = (kind: PhaseKind, ns: number | undefined): void => until(kind, at + (ns ?? 0))
  lasting('wait', phases.waitNs)
  retries(attempts, phases.attemptsNs ?? 0, (kind, time) => until(kind, time - startNs))
  lasting('headers', phases.headersNs)
  lasting('first-token', phases.firstTokenNs)
  lasting('decode', phases.decodeNs)
  lasting('reader', phases.readerNs)
  until('rest', durationNs)
  // One stretch says nothing that the bar does not.
  return found.length === 1 && found[0]!.kind === 'rest' ? [] : found
}

function retries(attempts: readonly Attempt[], failedNs: number, until: (kind: 'attempt' | 'backoff', time: number) => void): void {
  const failed = failedNs > 0 ? attempts.filter((attempt, i) => i < attempts.length - 1 || hasFailed(attempt)) : []
  failed.forEach(({ end, start }, i) => {
    const next = attempts[i + 1]?.start
    until('attempt', end ?? next ?? start + failedNs)
    if (next !== undefined) until('backoff', next)
  })
}

const hasFailed = ({ status, error }: Attempt): boolean => error !== undefined || (status ?? 0) >= 400
