/** Time comes in as a parameter, so that durations in tests are exact. */
export interface Clock {
  /** Monotonic milliseconds with a fraction. */
  now(): number
  /** Wall clock, epoch milliseconds. */
  epochMs(): number
}

const monotonic = performance.now.bind(performance)
export const systemClock: Clock = { now: monotonic, epochMs: Date.now }
