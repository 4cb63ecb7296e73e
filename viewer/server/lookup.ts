const EMPTY = -1
const GONE = -2
const LEAST = 1_024

/** FNV-1a of the characters of a text. */
export function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 15)) >>> 0
}

/** Finds rows by their hashes, in a list of numbers: what they are found by stands in columns already. */
export class Lookup {
  readonly #hashOf: (row: number) => number
  #slots = new Int32Array(LEAST).fill(EMPTY)
  /** Slots that are not empty. */
  #taken = 0
  #size = 0

  constructor(hashOfRow: (row: number) => number) {
    this.#hashOf = hashOfRow
  }

  get size(): number {
    return this.#size
  }

  /** @returns -1 when there is none */
  find(hash: number, isIt: (row: number) => boolean): number {
    const mask = this.#slots.length - 1
    for (let at = hash & mask; ; at = (at + 1) & mask) {
      const row = this.#slots[at]!
      if (row === EMPTY) return -1
      if (row !== GONE && this.#hashOf(row) === hash && isIt(row)) return row
    }
  }

  /** One that is not there yet. */
  add(row: number): void {
    if ((this.#taken + 1) * 8 > this.#slots.length * 7) this.#resize()
    this.#size++
    this.#insert(row)
  }

  remove(row: number): void {
    const mask = this.#slots.length - 1
    for (let at = this.#hashOf(row) & mask; this.#slots[at] !== EMPTY; at = (at + 1) & mask) {
      if (this.#slots[at] !== row) continue
      this.#slots[at] = GONE
      this.#size--
      return
    }
  }

  #insert(row: number): void {
    const mask = this.#slots.length - 1
    let at = this.#hashOf(row) & mask
    while (this.#slots[at]! >= 0) at = (at + 1) & mask
    if (this.#slots[at] === EMPTY) this.#taken++
    this.#slots[at] = row
  }

  #resize(): void {
    const before = this.#slots
    this.#slots = new Int32Array(Math.max(LEAST, 2 ** Math.ceil(Math.log2((this.#size + 1) * 1.5)))).fill(EMPTY)
    this.#taken = 0
    for (const row of before) if (row >= 0) this.#insert(row)
  }
}

/** With room for twice as many, when it is full. */
export function grown<T extends Float64Array | Uint32Array | Int32Array | Uint16Array | Uint8Array>(column: T, length: number): T {
  const more = new (column.constructor as new (length: number) => T)(length)
  more.set(column)
  return more
}
