const CHUNK_BYTES = 256 * 1024

/** Small pieces of bytes in a few large ones: a hundred thousand objects of their own would take several times as much. */
export class BytePool {
  readonly #chunks: Buffer[] = []
  #used = CHUNK_BYTES
  /** Of pieces that nobody needs any more. */
  #droppedBytes = 0

  /** @returns where it is */
  put(bytes: Uint8Array): number {
    if (bytes.length > MAX_PIECE_BYTES) throw new RangeError(`a piece must have at most ${MAX_PIECE_BYTES} bytes, got ${bytes.length}`)
    if (this.#used + bytes.length > CHUNK_BYTES) {
      this.#chunks.push(Buffer.allocUnsafeSlow(CHUNK_BYTES))
      this.#used = 0
    }
    const address = (this.#chunks.length - 1) * CHUNK_BYTES + this.#used
    this.#chunks.at(-1)!.set(bytes, this.#used)
    this.#used += bytes.length
    return address
  }

  drop(bytes: number): void {
    this.#droppedBytes += bytes
  }

  /** Whether what is still needed should move to another one. */
  get isWasteful(): boolean {
    return this.#droppedBytes > 2 * CHUNK_BYTES && this.#droppedBytes > (this.#chunks.length * CHUNK_BYTES) / 8
  }

  chunkOf(address: number): Buffer {
    return this.#chunks[Math.floor(address / CHUNK_BYTES)]!
  }

  offsetOf(address: number): number {
    return address % CHUNK_BYTES
  }

  at(address: number, bytes: number): Buffer {
    const from = this.offsetOf(address)
    return this.chunkOf(address).subarray(from, from + bytes)
  }
}

const MAX_PIECE_BYTES = 60_000
