import { CountCache } from './cache.ts'
import { counting } from './counter.ts'
import { importRanks, requireRanks, type Encoding, type RankData } from './ranks.ts'
import { RankTable } from './table.ts'

/** Counting a shorter text again is as quick as finding it. */
const MIN_CACHED_CHARS = 64
const MAX_CACHED_TEXTS = 8_192
const MAX_CACHED_CHARS = 4_000_000

/** One encoding of this process: its table, shared by all who wait for it, and what was counted with it. */
class Encoder {
  readonly #cache = new CountCache(MAX_CACHED_TEXTS, MAX_CACHED_CHARS)
  readonly #build: Generator<void, RankTable>
  #table: RankTable | undefined

  constructor(data: RankData) {
    this.#build = RankTable.build(data)
  }

  /** The tokens of a text. Work goes on at each `next()`, a millisecond or so at a time. */
  *counting(text: string): Generator<void, number> {
    const known = this.#cache.get(text)
    if (known !== undefined) return known
    const count = yield* counting(this.#table ?? (yield* this.#ready()), text)
    if (text.length >= MIN_CACHED_CHARS) this.#cache.set(text, count)
    return count
  }

  /** Each caller moves the one build on, so a synchronous count finishes what a sliced one has begun. */
  *#ready(): Generator<void, RankTable> {
    while (this.#table === undefined) {
      const step = this.#build.next()
      if (step.done) this.#table = step.value
      yield
    }
    return this.#table
  }
}

/**
 * Undefined once loading has failed. On a global symbol: the copy of this package that counts ahead need not be the one whose
 * report needs the counts, and a table of ranks takes megabytes.
 */
const KEY = Symbol.for('spanwise.encoders.v1')
const globals = globalThis as { [KEY]?: Map<Encoding, Encoder | undefined> }
const encoders: Map<Encoding, Encoder | undefined> = (globals[KEY] ??= new Map())

/** Undefined where the ranks cannot be loaded synchronously. */
export function encoderFor(encoding: Encoding): Encoder | undefined {
  if (!encoders.has(encoding)) keep(encoding, requireRanks(encoding))
  return encoders.get(encoding)
}

/** Undefined where the ranks cannot be loaded at all. */
export async function importEncoder(encoding: Encoding): Promise<Encoder | undefined> {
  const data = await importRanks(encoding)
  if (encoders.get(encoding) === undefined) keep(encoding, data)
  return encoders.get(encoding)
}

function keep(encoding: Encoding, data: RankData | undefined): void {
  encoders.set(encoding, data && new Encoder(data))
}
