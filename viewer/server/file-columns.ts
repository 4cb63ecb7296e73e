import { BytePool } from './byte-pool.ts'
import { grown, hashOf, Lookup } from './lookup.ts'
import type { StoredFile } from './packed-run.ts'
import { dayOf, DAY_MS, pathOf, receivedPath } from './received-path.ts'

const FIRST_ROWS = 1_024
const [RECEIVED, ROOTLESS, FREE] = [1, 2, 4] as const

/** All files that are known, in columns as their runs are; the path of a received one is its day and its trace. */
export class FileColumns {
  bytes = new Float64Array(FIRST_ROWS)
  modifiedEpochMs = new Float64Array(FIRST_ROWS)
  /** Row of its first run; -1 where it holds none. */
  firstRun = new Int32Array(FIRST_ROWS)
  #flags = new Uint8Array(FIRST_ROWS).fill(FREE)
  #hash = new Uint32Array(FIRST_ROWS)
  #address = new Uint32Array(FIRST_ROWS)
  #length = new Uint16Array(FIRST_ROWS)
  #rows = 0
  #free: number[] = []
  #pool = new BytePool()
  readonly #lookup = new Lookup((row) => this.#hash[row]!)

  get size(): number {
    return this.#lookup.size
  }

  /** @returns -1 when it is not known */
  find(path: string): number {
    return this.#lookup.find(hashOf(path), (row) => this.pathOf(row) === path)
  }

  has(path: string): boolean {
    return this.find(path) !== -1
  }

  get(path: string): StoredFile | undefined {
    const row = this.find(path)
    return row === -1 ? undefined : this.at(row)
  }

  at(row: number): StoredFile {
    return {
      path: this.pathOf(row), bytes: this.bytes[row]!, modifiedEpochMs: this.modifiedEpochMs[row]!,
      source: this.isReceived(row) ? 'received' : 'recorded', isRootless: this.isRootless(row),
    }
  }

  *rows(): Generator<number> {
    for (let row = 0; row < this.#rows; row++) if ((this.#flags[row]! & FREE) === 0) yield row
  }

  /** When those that were received were last written to, in no order. */
  receivedTimes(): Float64Array {
    const times = new Float64Array(this.#rows)
    let count = 0
    for (let row = 0; row < this.#rows; row++) if (this.#flags[row] === RECEIVED || this.#flags[row] === (RECEIVED | ROOTLESS)) times[count++] = this.modifiedEpochMs[row]!
    return times.subarray(0, count)
  }

  /** Those that were received, and were last written to then or before. */
  *received(untilEpochMs: number): Generator<StoredFile> {
    for (const row of this.rows()) if (this.isReceived(row) && this.modifiedEpochMs[row]! <= untilEpochMs) yield this.at(row)
  }

  isReceived(row: number): boolean {
    return (this.#flags[row]! & RECEIVED) !== 0
  }

  isRootless(row: number): boolean {
    return (this.#flags[row]! & ROOTLESS) !== 0
  }

  pathOf(row: number): string {
    const bytes = this.#pool.at(this.#address[row]!, this.#length[row]!)
    return bytes[0] === 0 ? pathOf(dayOf(bytes.readUInt16LE(1) * DAY_MS), bytes.toString('hex', 3)) : bytes.toString('utf8', 1)
  }

  /** In place of what was known of it; its runs are not looked after here. @throws RangeError for a path that is too long */
  put({ path, bytes, modifiedEpochMs, source, isRootless }: StoredFile): number {
    let row = this.find(path)
    if (row === -1) {
      const written = bytesOf(path)
      const address = this.#pool.put(written)
      row = this.#free.pop() ?? this.#rows++
      if (row >= this.bytes.length) this.#grow()
      this.#hash[row] = hashOf(path)
      this.#address[row] = address
      this.#length[row] = written.length
      this.#flags[row] = 0
      this.firstRun[row] = -1
      this.#lookup.add(row)
    }
    this.bytes[row] = bytes
    this.modifiedEpochMs[row] = modifiedEpochMs
    this.#flags[row] = (source === 'received' ? RECEIVED : 0) | (isRootless ? ROOTLESS : 0)
    return row
  }

  remove(row: number): void {
    this.#lookup.remove(row)
    this.#flags[row] = FREE
    this.#free.push(row)
    this.#pool.drop(this.#length[row]!)
    if (this.#pool.isWasteful) this.#tidy()
  }

  #grow(): void {
    const length = this.bytes.length * 2
    this.bytes = grown(this.bytes, length)
    this.modifiedEpochMs = grown(this.modifiedEpochMs, length)
    this.firstRun = grown(this.firstRun, length)
    this.#flags = grown(this.#flags, length).fill(FREE, this.#flags.length)
    this.#hash = grown(this.#hash, length)
    this.#address = grown(this.#address, length)
    this.#length = grown(this.#length, length)
  }

  #tidy(): void {
    const before = this.#pool
    this.#pool = new BytePool()
    for (const row of this.rows()) this.#address[row] = this.#pool.put(before.at(this.#address[row]!, this.#length[row]!))
  }
}

function bytesOf(path: string): Uint8Array {
  const received = receivedPath(path)
  if (received === undefined) return Buffer.from(`\u0001${path}`)
  const bytes = Buffer.alloc(19)
  bytes.writeUInt16LE(Date.parse(received.day) / DAY_MS, 1)
  bytes.write(received.traceId, 3, 'hex')
  return bytes
}
