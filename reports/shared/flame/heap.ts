/** A queue that gives its largest member first; equal ones in any order. */
export class MaxHeap<T> {
  readonly #items: { readonly value: T; readonly weight: number }[] = []

  get size(): number {
    return this.#items.length
  }

  push(value: T, weight: number): void {
    const items = this.#items
    let at = items.push({ value, weight }) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.#swapIfLarger(at, parent)) return
      at = parent
    }
  }

  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const last = items.pop()
    if (top === undefined || last === undefined) return undefined
    if (items.length > 0) {
      items[0] = last
      this.#sink()
    }
    return top.value
  }

  #sink(): void {
    let at = 0
    for (;;) {
      const left = 2 * at + 1
      const child = this.#weight(left + 1) > this.#weight(left) ? left + 1 : left
      if (!this.#swapIfLarger(child, at)) return
      at = child
    }
  }

  #weight(at: number): number {
    return this.#items[at]?.weight ?? -Infinity
  }

  #swapIfLarger(child: number, parent: number): boolean {
    const a = this.#items[child]
    const b = this.#items[parent]
    if (a === undefined || b === undefined || a.weight <= b.weight) return false
    this.#items[child] = b
    this.#items[parent] = a
    return true
  }
}
