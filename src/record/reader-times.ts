import { msToNs } from '../model/units.ts'
import type { Clock } from './clock.ts'
import type { LlmDraft } from './recorder.ts'

/**
 * How many events the reader of a stream is timed for, at its start and again after each pause between tokens. Reading the clock
 * for each event of a burst, such as a stream that was received whole, would cost more than all else that is done with it.
 */
const READER_EVENTS = 128
const PAUSE_MS = 1

/** How long the reader of a stream was busy with what it had got. */
export class ReaderTimes {
  readonly #clock: Clock
  /** Events that came, and that the reader asked for. */
  events = 0
  #asked = 0
  /** When the reader got what it has now; -1 when that is not timed. */
  #handedMs = -1
  #timedEvents = READER_EVENTS
  #busyMs = -1
  #busyMsAtFirstToken = 0
  #busyMsAtLastToken = 0
  /** When the last token came, in milliseconds of the clock; -1 before the first. */
  lastTokenMs = -1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** A piece of generated content arrived. @returns when */
  token(isFirst: boolean): number {
    const now = this.#clock.now()
    if (now - this.lastTokenMs > PAUSE_MS) this.#timedEvents = READER_EVENTS
    this.lastTokenMs = now
    this.#busyMsAtLastToken = this.#busyMs
    if (isFirst) this.#busyMsAtFirstToken = this.#busyMs
    return now
  }

  /** The reader has the stream, and has not asked for an event yet. */
  handed(): void {
    this.#busyMs = 0
    this.#handedMs = this.#clock.now()
  }

  /** The reader asks for the next event. One that asks ahead of what it got is not slow. */
  asked(): void {
    const isAhead = this.#asked++ !== this.events
    if (this.#handedMs < 0) return
    if (!isAhead) this.#busyMs += this.#clock.now() - this.#handedMs
    this.#handedMs = -1
  }

  /** The reader has what came. */
  got(): void {
    if (this.#timedEvents <= 0 || this.#busyMs < 0) return
    this.#timedEvents--
    this.#handedMs = this.#clock.now()
  }

  /** @returns undefined when nobody was handed a stream */
  over(hasTokens: boolean): LlmDraft['reader'] | undefined {
    if (this.#busyMs < 0) return undefined
    // One that left did so with the last event in its hands.
    this.asked()
    const all = this.#busyMs
    const first = hasTokens ? this.#busyMsAtFirstToken : all
    const last = hasTokens ? this.#busyMsAtLastToken : all
    return { beforeFirstTokenNs: msToNs(first), betweenTokensNs: msToNs(last - first), afterLastTokenNs: msToNs(all - last) }
  }
}
