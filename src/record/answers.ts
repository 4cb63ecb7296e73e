import type { SpanRecord } from './recorder.ts'
import type { SharedCall } from './shared-call.ts'

const MAX_ANSWERS = 1_000

interface Kept {
  /** How long traces are kept is not decided here. */
  readonly span: WeakRef<SpanRecord>
  readonly endedAt: number
}

/** Calls that have ended, by what they came to. */
export class Answers {
  readonly #byKey = new Map<string, Kept>()
  readonly #calls = new WeakMap<SpanRecord, SharedCall>()

  /** The call of another observer that was under way at the same time as `call`, and came to this. It is kept no more. */
  take(key: string, call: SharedCall): SharedCall | undefined {
    const kept = this.#byKey.get(key)
    const span = kept?.span.deref()
    const found = span && this.#calls.get(span)
    if (found === undefined || found.observer === call.observer || found.category !== call.category || call.beganAt >= kept!.endedAt) return undefined
    this.#byKey.delete(key)
    return found
  }

  /** @param endedAt counts beginnings and ends of calls */
  keep(key: string, call: SharedCall, endedAt: number): void {
    if (this.#byKey.size >= MAX_ANSWERS) for (const oldest of this.#byKey.keys()) { this.#byKey.delete(oldest); break }
    this.#calls.set(call.own, call)
    this.#byKey.set(key, { span: new WeakRef(call.own), endedAt })
  }
}
