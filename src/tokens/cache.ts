/** Counts by the text itself; the least recently used go first. */
export class CountCache {
  readonly #counts = new Map<string, number>()
  readonly #maxEntries: number
  readonly #maxChars: number
  #chars = 0

  constructor(maxEntries: number, maxChars: number) {
    this.#maxEntries = maxEntries
    this.#maxChars = maxChars
  }

  get size(): number {
    return this.#counts.size
  }

  get(text: string): number | undefined {
    const count = this.#counts.get(text)
    if (count === undefined) return undefined
    this.#counts.delete(text)
    this.#counts.set(text, count)
    return count
  }

  /** A text longer than the whole cache may be is not kept. */
  set(text: string, count: number): void {
    if (text.length > this.#maxChars || this.#counts.has(text)) return
    this.#counts.set(text, count)
    this.#chars += text.length
    for (const oldest of this.#counts.keys()) {
      if (this.#counts.size <= this.#maxEntries && this.#chars <= this.#maxChars) return
      this.#counts.delete(oldest)
      this.#chars -= oldest.length
    }
  }
}
