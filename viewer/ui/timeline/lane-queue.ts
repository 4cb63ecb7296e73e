/** Which lane is free: boxes come in order of start, and each takes the first lane whose box has ended. Two heaps of numbers. */
export class LaneQueue {
  /** Lanes that were ever taken. */
  lanes = 0
  /** Whether the last box opened a lane. */
  justOpened = false
  /** Busy lanes, the first to end on top. */
  readonly #ends: number[] = []
  readonly #busy: number[] = []
  /** Free lanes, the first on top. */
  readonly #free: number[] = []

  clear(): void {
    this.lanes = 0
    this.#ends.length = 0
    this.#busy.length = 0
    this.#free.length = 0
  }

  take(start: number, end: number): number {
    while (this.#ends.length > 0 && this.#ends[0]! <= start) push(this.#free, this.#free, popTop(this.#ends, this.#busy))
    this.justOpened = this.#free.length === 0
    const lane = this.justOpened ? this.lanes++ : popTop(this.#free, this.#free)
    push(this.#ends, this.#busy, end, lane)
    return lane
  }
}

/** @param keys a heap, the least on top @param values what goes with each key; may be the keys themselves */
function push(keys: number[], values: number[], key: number, value = key): void {
  let at = keys.length
  keys.push(key)
  if (values !== keys) values.push(value)
  while (at > 0) {
    const parent = (at - 1) >> 1
    if (keys[parent]! <= key) break
    keys[at] = keys[parent]!
    values[at] = values[parent]!
    at = parent
  }
  keys[at] = key
  values[at] = value
}

/** @returns the value of the least key */
function popTop(keys: number[], values: number[]): number {
  const top = values[0]!
  const value = values.at(-1)!
  const key = keys.pop()!
  if (values !== keys) values.pop()
  const { length } = keys
  let at = 0
  while (length > 0) {
    let child = at * 2 + 1
    if (child >= length) break
    if (child + 1 < length && keys[child + 1]! < keys[child]!) child++
    if (keys[child]! >= key) break
    keys[at] = keys[child]!
    values[at] = values[child]!
    at = child
  }
  if (length > 0) {
    keys[at] = key
    values[at] = value
  }
  return top
}
