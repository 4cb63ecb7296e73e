import type { SharedCall } from './shared-call.ts'

const MAX_ANSWERS = 1_000

interface Kept {
  /** It lives as long as its span. How long traces are kept is not decided here. */
  readonly call: WeakRef<SharedCall>
  readonly endedAt: number
}

/** Calls that have ended, by what they came to. */
export class Answers {
  readonly #byKey = new Map<string, Kept>()

  /** The call of another observer that was under way at the same time as `call`, and came to this. It is kept no more. */
  take(key: string, call: SharedCall): SharedCall | undefined {
    const kept = this.#byKey.get(key)
    const found = kept?.call.deref()
    if (found === undefined || found.observer === call.observer || found.category !== call.category || call.beganAt >= kept!.endedAt) return undefined
    this.#byKey.delete(key)
    return found
  }

  /** @param endedAt counts beginnings and ends of calls */
  keep(key: string, call: SharedCall, endedAt: number): void {
    if (this.#byKey.size >= MAX_ANSWERS) for (const oldest of this.#byKey.keys()) { this.#byKey.delete(oldest); break }
    call.own.extend().call = call
    this.#byKey.set(key, { call: new WeakRef(call), endedAt })
  }
}
