import { unguessableId } from './spans-header.ts'

export interface KeptOptions {
  readonly maxEntries: number
  readonly maxBytes: number
  readonly lifetimeMs: number
  /** Milliseconds, monotonic. */
  readonly now?: () => number
  readonly newId?: () => string
}

interface Entry<T> {
  readonly value: T
  readonly bytes: number
  readonly expiresAt: number
}

/** What somebody may come back for, under an id that nobody can guess: for a while, so many, so large. The oldest go first. */
export class Kept<T> {
  readonly #options: KeptOptions
  readonly #now: () => number
  readonly #entries = new Map<string, Entry<T>>()
  #bytes = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: KeptOptions) {
    this.#options = options
    this.#now = options.now ?? (() => performance.now())
  }

  get size(): number {
    return this.#entries.size
  }

  get bytes(): number {
    return this.#bytes
  }

  /**
   * @param bytes about what it takes
   * @param stays it has not ended: its time begins with `renew`
   * @returns undefined when it is too large on its own
   */
  put(value: T, bytes: number, stays = false): string | undefined {
    const { maxEntries, maxBytes, newId = unguessableId } = this.#options
    if (bytes > maxBytes) return undefined
    const id = newId()
    this.#set(id, { value, bytes, expiresAt: stays ? Number.POSITIVE_INFINITY : this.#expiry() })
    for (const oldest of this.#entries.keys()) {
      if (this.#entries.size <= maxEntries && this.#bytes <= maxBytes) break
      this.#delete(oldest)
    }
    this.#sweepLater()
    return id
  }

  get(id: string): T | undefined {
    this.#sweep()
    return this.#entries.get(id)?.value
  }

  /** The same, once. */
  take(id: string): T | undefined {
    const value = this.get(id)
    this.#delete(id)
    return value
  }

  /** Its time begins now. */
  renew(id: string): void {
    const entry = this.#entries.get(id)
    if (entry === undefined) return
    this.#delete(id)
    this.#set(id, { ...entry, expiresAt: this.#expiry() })
    this.#sweepLater()
  }

  #expiry(): number {
    return this.#now() + this.#options.lifetimeMs
  }

  #set(id: string, entry: Entry<T>): void {
    this.#entries.set(id, entry)
    this.#bytes += entry.bytes
  }

  #delete(id: string): void {
    this.#bytes -= this.#entries.get(id)?.bytes ?? 0
    this.#entries.delete(id)
  }

  #sweep(): void {
    const now = this.#now()
    for (const [id, { expiresAt }] of this.#entries) if (expiresAt <= now) this.#delete(id)
  }

  /** What nobody comes back for goes too. Keeps no process alive. */
  #sweepLater(): void {
    if (this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      this.#sweep()
      if (this.#entries.size > 0) this.#sweepLater()
    }, this.#options.lifetimeMs).unref()
  }
}
