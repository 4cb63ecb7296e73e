import type { Independence } from './independence.ts'

/**
 * For the children of one span, in order of start: the latest of those that had ended and that one of them has to wait for, where
 * its values prove that it need not wait for all. Each question takes the logarithm of their number.
 */
export class EarlierPlaces {
  /** How many places began before the time from which on the place is free; -1: it waits for all. */
  readonly #waitsFor: Int32Array
  readonly #canBeSkipped: Uint8Array
  readonly #shares: ReadonlyMap<number, readonly number[]>
  /** A Fenwick tree of greatest times over places. */
  readonly #greatest: Float64Array
  readonly #times: Float64Array
  /** The greatest of those that nobody is free of. */
  #latestFixed = 0

  /**
   * @param children in order of start
   * @param start their starts since `origin`, the start of their parent
   */
  constructor(children: readonly number[], start: Float64Array, { freeFrom, canBeSkipped, shares }: Independence, origin: number) {
    this.#waitsFor = Int32Array.from(children, (child) => (freeFrom[child] === Infinity ? -1 : before(start, freeFrom[child]! - origin)))
    this.#canBeSkipped = Uint8Array.from(children, (child) => canBeSkipped[child]!)
    this.#greatest = new Float64Array(children.length + 1)
    this.#times = new Float64Array(children.length)
    const place = new Map(children.map((child, at) => [child, at]))
    this.#shares = new Map(children.flatMap((child, at) => {
      const own = shares.get(child)
      return own === undefined ? [] : [[at, own.flatMap((other) => place.get(other) ?? [])] as const]
    }))
  }

  /** Forgets what has ended. */
  begin(): this {
    this.#greatest.fill(0)
    this.#times.fill(0)
    this.#latestFixed = 0
    return this
  }

  /** A place has ended. */
  add(place: number, time: number): void {
    this.#times[place] = time
    if (this.#canBeSkipped[place] === 0) this.#latestFixed = Math.max(this.#latestFixed, time)
    for (let at = place + 1; at < this.#greatest.length && this.#greatest[at]! < time; at += at & -at) this.#greatest[at] = time
  }

  isFree(place: number): boolean {
    return this.#waitsFor[place] !== -1
  }

  /** The latest time of what a place waits for, of those that have ended. */
  latestFor(place: number): number {
    let latest = this.#latestFixed
    for (let at = this.#waitsFor[place]!; at > 0; at -= at & -at) latest = Math.max(latest, this.#greatest[at]!)
    for (const other of this.#shares.get(place) ?? []) latest = Math.max(latest, this.#times[other]!)
    return latest
  }
}

/** How many of the ascending times lie before `time`. */
function before(times: Float64Array, time: number): number {
  let low = 0
  let high = times.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (times[middle]! < time) low = middle + 1
    else high = middle
  }
  return low
}
