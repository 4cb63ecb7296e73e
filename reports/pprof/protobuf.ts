/** Writes the wire format of Protobuf: https://protobuf.dev/programming-guides/encoding/ */
export class ProtobufWriter {
  #bytes = new Uint8Array(64)
  #length = 0

  /** A whole number, 0 or more; one beyond 2^53 as a bigint. Zero is the default and is left out. */
  number(field: number, value: number | bigint): void {
    if (value === 0 || value === 0n) return
    this.#varint(field * 8)
    this.#varint(value)
  }

  /** Repeated numbers in the packed form; here zeros count. */
  numbers(field: number, values: readonly number[]): void {
    const packed = new ProtobufWriter()
    for (const value of values) packed.#varint(value)
    this.bytes(field, packed.finish())
  }

  text(field: number, text: string): void {
    this.bytes(field, utf8.encode(text))
  }

  message(field: number, write: (message: ProtobufWriter) => void): void {
    const message = new ProtobufWriter()
    write(message)
    this.bytes(field, message.finish())
  }

  bytes(field: number, bytes: Uint8Array): void {
    this.#varint(field * 8 + 2)
    this.#varint(bytes.length)
    this.#reserve(bytes.length)
    this.#bytes.set(bytes, this.#length)
    this.#length += bytes.length
  }

  /** @returns what was written so far; a view that the next write may change */
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  #varint(value: number | bigint): void {
    this.#reserve(10)
    let left = value
    // Bit operations on numbers stop at 32 bits.
    while (typeof left === 'bigint' ? left >= 128n : left >= 128) {
      if (typeof left === 'bigint') {
        this.#bytes[this.#length++] = Number(left % 128n) + 128
        left /= 128n
      } else {
        this.#bytes[this.#length++] = (left % 128) + 128
        left = Math.floor(left / 128)
      }
    }
    this.#bytes[this.#length++] = Number(left)
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more))
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

const utf8 = new TextEncoder()
