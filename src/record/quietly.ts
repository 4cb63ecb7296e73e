import { maskSecrets } from '../trace-file/index.ts'

/**
 * Our bugs stay ours: a throw in a reader, a listener or a sink never reaches the user's code. It is swallowed here,
 * counted, and shown in the report.
 */

/** Counts failures and keeps the first message of each kind for the report. */
export interface SelfErrors {
  count: number
  first?: string
}

export function quietly(errors: SelfErrors, action: () => void): void {
  try {
    action()
  } catch (error) {
    noteError(errors, error)
  }
}

export function noteError(errors: SelfErrors, error: unknown): void {
  errors.count++
  try {
    errors.first ??= maskSecrets(String(error instanceof Error ? (error.stack ?? error.message) : error))
  } catch {
    // A thrown value whose conversion throws: the count has to do.
  }
}
