import { giveBack, ints } from './room.ts'

/** A list of whole numbers that grows: half the room of an array of the engine's, and nothing to look through for its collector. */
export class IntList {
  length = 0
  #items: Int32Array

  /** @param expected for more it is made larger */
  constructor(expected: number) {
    this.#items = ints(Math.max(16, expected))
  }

  /** @returns the new length */
  push(item: number): number {
    if (this.length === this.#items.length) {
      const wider = ints(this.length * 2)
      wider.set(this.#items)
      giveBack(this.#items)
      this.#items = wider
    }
    this.#items[this.length] = item
    return ++this.length
  }

  /** The items so far, in place: not to be kept by whoever lets the list grow further. */
  get items(): Int32Array {
    return this.#items.subarray(0, this.length)
  }

  at(place: number): number {
    return this.#items[place]!
  }

  /** Sets bits of an item. */
  mark(place: number, bits: number): void {
    this.#items[place]! |= bits
  }

  /** @returns -1 where there is none from `first` on */
  indexOf(item: number, first: number): number {
    for (let at = first; at < this.length; at++) if (this.#items[at] === item) return at
    return -1
  }
}
