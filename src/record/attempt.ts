import type { Attempt } from '../model/span.ts'
import type { LlmDraft, Writable } from './recorder.ts'

/** One HTTP request under way. */
export interface AttemptRecorder {
  /** @param status undefined where nobody tells it */
  responded(status: number | undefined): void
  failed(error: unknown): void
}

const MAX_ATTEMPTS = 100

/**
 * Notes an HTTP request of a call.
 * @param now nanoseconds of the call's run, which may become another meanwhile
 * @returns undefined when the call made too many
 */
export function recordAttempt(draft: LlmDraft, now: () => number): AttemptRecorder | undefined {
  const attempts = (draft.attempts ??= [])
  if (attempts.length >= MAX_ATTEMPTS) return undefined
  const attempt: Writable<Attempt> = { start: now() }
  const previous = attempts.at(-1)
  if (previous?.end !== undefined) previous.waitNs = attempt.start - previous.end
  attempts.push(attempt)
  return {
    responded: (status) => {
      attempt.firstByte = attempt.end = now()
      if (status !== undefined) attempt.status = status
    },
    failed: (error) => {
      attempt.end = now()
      attempt.error = errorName(error)
    },
  }
}

/** The system's code (`ECONNREFUSED`) where there is one, also behind fetch's own error; else the error's name. */
function errorName(error: unknown): string {
  try {
    const { name, code, cause } = error as { name?: unknown; code?: unknown; cause?: { code?: unknown } }
    const known = [code, cause?.code, name].find((value) => typeof value === 'string' && value !== '')
    return typeof known === 'string' ? known : typeof error
  } catch {
    return 'unknown'
  }
}
