import { systemClock, type Clock } from '../../record/clock.ts'

/**
 * A clock by which something can be noted at the time at which it happened. What a request asks is known when its body is whole,
 * and that a run was over when nothing followed for a while: both were so from an earlier moment on.
 */
export class PastClock implements Clock {
  readonly #clock: Clock
  #pastMs: number | undefined

  constructor(clock: Clock = systemClock) {
    this.#clock = clock
  }

  now(): number {
    return this.#pastMs ?? this.#clock.now()
  }

  epochMs(): number {
    return this.#pastMs === undefined ? this.#clock.epochMs() : this.#clock.epochMs() - (this.#clock.now() - this.#pastMs)
  }

  /** Calls `fn` as if it were `nowMs`, a reading of this clock. */
  at<T>(nowMs: number, fn: () => T): T {
    const before = this.#pastMs
    this.#pastMs = nowMs
    try {
      return fn()
    } finally {
      this.#pastMs = before
    }
  }
}
