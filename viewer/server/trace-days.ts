import { grown, Lookup } from './lookup.ts'
import { dayOf, DAY_MS } from './received-path.ts'

const FIRST_ROWS = 1_024
const WORDS = 4

/** Of each trace that was received the day under which its file stands: 30 bytes instead of the 150 that a map of texts takes. */
export class TraceDays {
  #ids = new Uint32Array(FIRST_ROWS * WORDS)
  #days = new Uint16Array(FIRST_ROWS)
  #rows = 0
  #free: number[] = []
  readonly #asked = new Uint32Array(WORDS)
  readonly #lookup = new Lookup((row) => mixed(this.#ids, row * WORDS))

  get size(): number {
    return this.#lookup.size
  }

  get(traceId: string): string | undefined {
    const row = this.#find(traceId)
    return row === -1 ? undefined : dayOf(this.#days[row]! * DAY_MS)
  }

  /** Of a trace that has none yet. @param traceId 32 hex digits */
  set(traceId: string, day: string): void {
    if (this.#find(traceId) !== -1) return
    const row = this.#free.pop() ?? this.#rows++
    if (row >= this.#days.length) {
      this.#days = grown(this.#days, this.#days.length * 2)
      this.#ids = grown(this.#ids, this.#ids.length * 2)
    }
    this.#ids.set(this.#asked, row * WORDS)
    this.#days[row] = Date.parse(day) / DAY_MS
    this.#lookup.add(row)
  }

  delete(traceId: string): void {
    const row = this.#find(traceId)
    if (row === -1) return
    this.#lookup.remove(row)
    this.#free.push(row)
  }

  #find(traceId: string): number {
    for (let i = 0; i < WORDS; i++) this.#asked[i] = Number.parseInt(traceId.slice(i * 8, i * 8 + 8), 16)
    return this.#lookup.find(mixed(this.#asked, 0), (row) => this.#asked.every((word, i) => this.#ids[row * WORDS + i] === word))
  }
}

/** Ids need not be random: counters differ in their last digits alone. */
function mixed(words: Uint32Array, from: number): number {
  let hash = 0
  for (let i = 0; i < WORDS; i++) {
    hash = Math.imul(hash ^ words[from + i]!, 0x9e3779b1)
    hash ^= hash >>> 15
  }
  return hash >>> 0
}
