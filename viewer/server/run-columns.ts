import { BytePool } from './byte-pool.ts'
import { ByteReader, ByteWriter } from './bytes.ts'
import { grown, hashOf, Lookup } from './lookup.ts'
import { NONE, OUTCOMES, renumbered, type PackedRun } from './packed-run.ts'
import { Phrases, readKey, readRun, writeRun } from './run-bytes.ts'

const FIRST_ROWS = 1_024
export const KEY_CHARS = 22
const FREE = 255
const FAILED = OUTCOMES.indexOf('failed')

/**
 * All runs in memory, 170 bytes each and more where they have many operations: numbers in columns, the rest packed. As objects a hundred
 * thousand of them took 226 MB, and the garbage collector its share of that.
 */
export class RunColumns {
  startedAtEpochMs = new Float64Array(FIRST_ROWS)
  durationNs = new Float64Array(FIRST_ROWS)
  /** -1 where it is not known, as in all others. */
  costUsd = new Float64Array(FIRST_ROWS)
  /** Input and output. */
  tokens = new Float64Array(FIRST_ROWS)
  spans = new Uint32Array(FIRST_ROWS)
  name = new Uint32Array(FIRST_ROWS)
  service = new Int32Array(FIRST_ROWS)
  /** Row of its file, and of the next run in it. */
  file = new Int32Array(FIRST_ROWS)
  next = new Int32Array(FIRST_ROWS)
  outcome = new Uint8Array(FIRST_ROWS).fill(FREE)
  /** Orders what is equal otherwise, the same after each start. */
  hash = new Uint32Array(FIRST_ROWS)
  #address = new Uint32Array(FIRST_ROWS)
  #length = new Uint16Array(FIRST_ROWS)
  #rows = 0
  #free: number[] = []
  #pool = new BytePool()
  readonly #phrases = new Phrases()
  readonly #writer = new ByteWriter()
  readonly #reader = new ByteReader()
  readonly #lookup = new Lookup((row) => this.hash[row]!)

  get size(): number {
    return this.#lookup.size
  }

  /** @returns -1 when there is none */
  find(key: string): number {
    return key.length === KEY_CHARS ? this.#lookup.find(hashOf(key), (row) => this.keyOf(row) === key) : -1
  }

  /** All rows, in no order. */
  all(): Uint32Array {
    const rows = new Uint32Array(this.size)
    let found = 0
    for (let row = 0; row < this.#rows; row++) if (this.outcome[row] !== FREE) rows[found++] = row
    return rows
  }

  /**
   * @param run of a key that no other has
   * @throws RangeError when it is too large to be kept; nothing is kept of it then
   */
  add(run: PackedRun, file: number, next: number): number {
    this.#writer.clear()
    writeRun(run, this.#writer, this.#phrases)
    const bytes = this.#writer.written
    const address = this.#pool.put(bytes)
    const row = this.#free.pop() ?? this.#rows++
    if (row >= this.outcome.length) this.#grow()
    const [key, , name, service, , , startedAtEpochMs, durationNs, outcome, spans, , , inputTokens, , outputTokens, costUsd] = run
    this.startedAtEpochMs[row] = startedAtEpochMs
    this.durationNs[row] = durationNs
    this.costUsd[row] = costUsd
    this.tokens[row] = inputTokens === NONE ? NONE : inputTokens + outputTokens
    this.spans[row] = spans
    this.name[row] = name
    this.service[row] = service
    this.file[row] = file
    this.next[row] = next
    this.outcome[row] = outcome
    this.hash[row] = hashOf(key)
    this.#address[row] = address
    this.#length[row] = bytes.length
    this.#lookup.add(row)
    return row
  }

  remove(row: number): void {
    this.#lookup.remove(row)
    this.outcome[row] = FREE
    this.#free.push(row)
    this.#pool.drop(this.#length[row]!)
    if (this.#pool.isWasteful) this.#tidy()
  }

  keyOf(row: number): string {
    return readKey(this.#at(row))
  }

  hasFailed(row: number): boolean {
    return this.outcome[row] === FAILED
  }

  packed(row: number): PackedRun {
    const { traceId, models, tags, findings, operations, counts, categories, shown, problems } = readRun(this.#at(row), this.#phrases)
    const [llmCalls, toolCalls, inputTokens, cachedTokens, outputTokens, findingCount] = counts
    return [
      this.keyOf(row), traceId, this.name[row]!, this.service[row]!, tags, models, this.startedAtEpochMs[row]!, this.durationNs[row]!,
      this.outcome[row]!, this.spans[row]!, llmCalls, toolCalls, inputTokens, cachedTokens, outputTokens, this.costUsd[row]!, categories,
      findingCount, shown, findings, operations, ...problems,
    ] as unknown as PackedRun
  }

  traceIdOf(row: number): string {
    const reader = this.#at(row)
    reader.skipText()
    return reader.id()
  }

  /** Stands at the models of a run, behind which are its tags and the codes of its findings: each time how many, and their words. */
  words(row: number): ByteReader {
    const reader = this.#at(row)
    reader.skipText()
    reader.skipId()
    return reader
  }

  /** @param each gets the number of the code's word, microseconds and US dollars. @returns a reader that stands at the operations */
  figures(row: number, each: (code: number, timeUs: number, costUsd: number) => void = () => {}): ByteReader {
    const reader = this.words(row)
    reader.skip(reader.number())
    reader.skip(reader.number())
    const codes = reader.number()
    for (let i = 0; i < codes; i++) this.#codes[i] = reader.number()
    for (let i = 0; i < codes; i++) each(this.#codes[i]!, reader.number(), reader.number())
    return reader
  }

  readonly #codes: number[] = []

  /** One reader for all: whoever gets it is done with it before the next one asks. */
  #at(row: number): ByteReader {
    const reader = this.#reader
    const address = this.#address[row]!
    reader.bytes = this.#pool.chunkOf(address)
    reader.at = this.#pool.offsetOf(address)
    return reader
  }

  /** Gives all words other numbers. */
  renumber(numberOf: (word: number) => number): void {
    const pool = new BytePool()
    for (let row = 0; row < this.#rows; row++) {
      if (this.outcome[row] === FREE) continue
      const run = renumbered(this.packed(row), numberOf)
      this.#writer.clear()
      writeRun(run, this.#writer, this.#phrases)
      this.#address[row] = pool.put(this.#writer.written)
      this.#length[row] = this.#writer.written.length
      this.name[row] = run[2]
      this.service[row] = run[3]
    }
    this.#pool = pool
  }

  #grow(): void {
    const length = this.outcome.length * 2
    this.startedAtEpochMs = grown(this.startedAtEpochMs, length)
    this.durationNs = grown(this.durationNs, length)
    this.costUsd = grown(this.costUsd, length)
    this.tokens = grown(this.tokens, length)
    this.spans = grown(this.spans, length)
    this.name = grown(this.name, length)
    this.service = grown(this.service, length)
    this.file = grown(this.file, length)
    this.next = grown(this.next, length)
    this.outcome = grown(this.outcome, length).fill(FREE, this.outcome.length)
    this.hash = grown(this.hash, length)
    this.#address = grown(this.#address, length)
    this.#length = grown(this.#length, length)
  }

  /** What is still there goes into a pool of its own. */
  #tidy(): void {
    const before = this.#pool
    this.#pool = new BytePool()
    for (let row = 0; row < this.#rows; row++) {
      if (this.outcome[row] !== FREE) this.#address[row] = this.#pool.put(before.at(this.#address[row]!, this.#length[row]!))
    }
  }
}
