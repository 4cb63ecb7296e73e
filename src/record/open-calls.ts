import { SURE } from './same-call.ts'
import type { SharedCall } from './shared-call.ts'

/** Calls that never end must not be kept for ever. */
const MAX_OPEN = 10_000
/** Of those that cannot be found by all of their text, so many of the latest are looked at. */
const MAX_LOOKED_AT = 64

/** Calls under way, found by what they send: whoever begins one does not look at all others. */
export class OpenCalls {
  /** With the key of the text that they are found by. */
  readonly #all = new Map<SharedCall, string | undefined>()
  readonly #byText = new Map<string, Set<SharedCall>>()
  /** Oldest first; some may be gone. */
  #latest: SharedCall[] = []

  get isEmpty(): boolean {
    return this.#all.size === 0
  }

  add(call: SharedCall): void {
    if (this.#all.has(call)) return
    if (this.#all.size >= MAX_OPEN) for (const oldest of this.#all.keys()) { this.delete(oldest); break }
    this.#all.set(call, undefined)
    this.#latest.push(call)
    if (this.#latest.length > 2 * MAX_LOOKED_AT) this.#latest = this.#latest.filter((one) => this.#all.has(one)).slice(-MAX_LOOKED_AT)
    this.told(call)
  }

  /** What it sends is known. */
  told(call: SharedCall): void {
    if (call.asked === undefined || !this.#all.has(call)) return
    this.#unkey(call)
    const key = keyOf(call.asked)
    this.#all.set(call, key)
    const calls = this.#byText.get(key)
    if (calls === undefined) this.#byText.set(key, new Set([call]))
    else calls.add(call)
  }

  delete(call: SharedCall): void {
    this.#unkey(call)
    if (this.#all.delete(call) && this.#all.size === 0) this.#latest.length = 0
  }

  #unkey(call: SharedCall): void {
    const key = this.#all.get(call)
    const calls = key === undefined ? undefined : this.#byText.get(key)
    if (calls?.delete(call) === true && calls.size === 0) this.#byText.delete(key!)
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
    const equal = asked === undefined ? undefined : this.#byText.get(keyOf(asked))
    if (equal !== undefined) look(equal)
    if (best === undefined) look(this.#latest.slice(-MAX_LOOKED_AT).filter((call) => this.#all.has(call)))
    return best
  }
}

/** Tells most texts apart, and costs the same for long ones: those that it does not are compared. */
const keyOf = (text: string): string => (text.length <= 64 ? text : `${text.length} ${text.slice(0, 24)}${text.slice(-40)}`)
