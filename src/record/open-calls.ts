import { SURE } from './same-call.ts'
import type { SharedCall } from './shared-call.ts'

/** Calls that never end must not be kept for ever: those of runs that are over are looked for when there are so many, then twice as many. */
const MAX_OPEN = 10_000
const SWEPT_AT = 1_000
/** Of those that cannot be found by all of their text, so many of the latest are looked at. */
const MAX_LOOKED_AT = 16

/** Calls under way, found by what they send: whoever begins one does not look at all others. */
export class OpenCalls {
  /** With the key of the text that they are found by. */
  readonly #all = new Map<SharedCall, string | undefined>()
  readonly #byText = new Map<string, Set<SharedCall>>()
  /** Have told what they send since somebody looked for one; some may be gone. */
  #unkeyed: SharedCall[] = []
  /** Oldest first; some may be gone. */
  #latest: SharedCall[] = []
  #sweptAt = SWEPT_AT

  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  add(call: SharedCall): void {
    if (this.#all.has(call)) return
    if (this.#all.size >= this.#sweptAt) this.#sweep()
    this.#all.set(call, undefined)
    this.#latest.push(call)
    if (this.#latest.length > 2 * MAX_LOOKED_AT) this.#latest = this.#latestOpen()
    this.told(call)
  }

  /** What it sends is known. */
  told(call: SharedCall): void {
    if (call.asked === undefined || !this.#all.has(call)) return
    this.#unkeyed.push(call)
    if (this.#unkeyed.length > 1.5 * this.#all.size + 64) this.#unkeyed = this.#unkeyed.filter((one) => this.#all.has(one))
  }

  delete(call: SharedCall): void {
    const key = this.#all.get(call)
    if (!this.#all.delete(call)) return
    const calls = key === undefined ? undefined : this.#byText.get(key)
    if (calls?.delete(call) === true && calls.size === 0) this.#byText.delete(key!)
    if (this.#all.size === 0) this.#latest.length = this.#unkeyed.length = 0
  }

  #sweep(): void {
    for (const call of this.#all.keys()) if (!call.span.open || !call.span.run.open) this.delete(call)
    if (this.#all.size >= MAX_OPEN) for (const oldest of this.#all.keys()) { this.delete(oldest); break }
    this.#sweptAt = Math.min(MAX_OPEN, Math.max(SWEPT_AT, 2 * this.#all.size))
  }

  #latestOpen(): SharedCall[] {
    return this.#latest.filter((call) => this.#all.has(call)).slice(-MAX_LOOKED_AT)
  }

  #giveKeys(): void {
    for (const call of this.#unkeyed) {
      if (!this.#all.has(call) || call.asked === undefined) continue
      const key = keyOf(call.asked)
      this.#all.set(call, key)
      const calls = this.#byText.get(key)
      if (calls === undefined) this.#byText.set(key, new Set([call]))
      else calls.add(call)
    }
    this.#unkeyed.length = 0
  }

  /** Of those to which `likeness` gives more than 0 the likeliest; of several the oldest. */
  likeliest(asked: string | undefined, likeness: (call: SharedCall) => number): SharedCall | undefined {
    let best: SharedCall | undefined
    let most = 0
    const look = (calls: Iterable<SharedCall>): void => {
      for (const call of calls) {
        if (most === SURE) return
        const value = likeness(call)
        if (value > most) [best, most] = [call, value]
      }
    }
    this.#giveKeys()
    const equal = asked === undefined ? undefined : this.#byText.get(keyOf(asked))
    if (equal !== undefined) look(equal)
    if (best === undefined) look(this.#latestOpen())
    return best
  }
}

/** Tells most texts apart, and costs the same for long ones: those that it does not are compared. */
const keyOf = (text: string): string => (text.length <= 64 ? text : `${text.length} ${text.slice(0, 24)}${text.slice(-40)}`)
