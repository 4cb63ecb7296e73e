import { hashOf } from './id-index.ts'
import { bytes, giveBack, ints } from './room.ts'

/** Beyond this many steps the texts were chosen to meet, and a Map takes over. */
const MAX_STEPS = 64

/**
 * Numbers texts from 0, in the order in which they first come. Of hundreds of thousands of ids or hashes, a Map takes several times as
 * long to fill and to ask, and more memory.
 */
export class TextNumbers {
  readonly #texts: string[] = []
  readonly #mask: number
  /** Numbers, counted from 1; 0 is free. */
  readonly #numbers: Int32Array
  /** Eight bits of the hash of each: most that meet in a slot differ in them. */
  readonly #tags: Uint8Array
  #others: Map<string, number> | undefined

  /** @param most texts that will come */
  constructor(most: number) {
    let slots = 16
    while (slots < most * 1.5) slots *= 2
    this.#mask = slots - 1
    this.#numbers = ints(slots)
    this.#tags = bytes(slots)
  }

  /** After the last text. */
  done(): void {
    giveBack(this.#numbers, this.#tags)
  }

  get size(): number {
    return this.#texts.length
  }

  /** The number of a text, a new one if it has none. */
  of(text: string): number {
    const hash = hashOf(text)
    for (let step = 0; step < MAX_STEPS; step++) {
      const slot = (hash + step) & this.#mask
      const number = this.#numbers[slot]! - 1
      if (number === -1) {
        this.#tags[slot] = hash >>> 24
        return (this.#numbers[slot] = this.#texts.push(text)) - 1
      }
      if (this.#tags[slot] === hash >>> 24 && this.#texts[number] === text) return number
    }
    this.#others ??= new Map()
    const known = this.#others.get(text)
    if (known !== undefined) return known
    const number = this.#texts.push(text) - 1
    this.#others.set(text, number)
    return number
  }
}
