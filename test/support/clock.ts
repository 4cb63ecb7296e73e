import type { Clock } from 'spanwise'

/** Time that moves only when a test says so. */
export interface ManualClock extends Clock {
  /** Lets milliseconds pass. */
  pass(ms: number): void
}

export const EPOCH_MS: number = Date.UTC(2026, 0, 2, 3, 4, 5)

export function manualClock(): ManualClock {
  let now = 0
  return {
    now: () => now,
    epochMs: () => EPOCH_MS + now,
    pass: (ms) => {
      now += ms
    },
  }
}
