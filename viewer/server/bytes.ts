/** Whole numbers below 2^52 take as few bytes as they need; all others are a mark and a double. */
const MOST_WHOLE = 2 ** 52

/** Numbers and texts, one behind another. */
export class ByteWriter {
  #bytes = Buffer.alloc(4_096)
  #length = 0

  clear(): void {
    this.#length = 0
  }

  /** Until something more is written. */
  get written(): Uint8Array {
    return this.#bytes.subarray(0, this.#length)
  }

  number(value: number): void {
    if (Number.isSafeInteger(value) && value >= 0 && value < MOST_WHOLE && !Object.is(value, -0)) return this.#varint(value * 2)
    this.#varint(1)
    this.#room(8)
    this.#length = this.#bytes.writeDoubleLE(value, this.#length)
  }

  numbers(values: readonly number[]): void {
    this.number(values.length)
    for (const value of values) this.number(value)
  }

  text(text: string): void {
    const length = Buffer.byteLength(text)
    this.number(length)
    this.#room(length)
    this.#length += this.#bytes.write(text, this.#length)
  }

  /** Ids are hex digits, which take half of the room as bytes. */
  id(id: string): void {
    if (!HEX_ID.test(id)) {
      this.number(id.length + 1)
      return this.text(id)
    }
    this.number(0)
    this.#room(ID_BYTES)
    this.#length += this.#bytes.write(id, this.#length, 'hex')
  }

  #varint(value: number): void {
    this.#room(8)
    let left = value
    while (left >= 0x80) {
      this.#bytes[this.#length++] = (left % 0x80) | 0x80
      left = Math.floor(left / 0x80)
    }
    this.#bytes[this.#length++] = left
  }

  #room(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const more = Buffer.alloc(Math.max(this.#bytes.length * 2, this.#length + bytes))
    this.#bytes.copy(more, 0, 0, this.#length)
    this.#bytes = more
  }
}

const ID_BYTES = 16
const HEX_ID = /^[0-9a-f]{32}$/

/** Reads what a {@link ByteWriter} has written. */
export class ByteReader {
  bytes: Buffer = Buffer.alloc(0)
  at = 0

  number(): number {
    const { bytes } = this
    let byte = bytes[this.at++]!
    // Nearly all are small.
    if (byte < 0x80) return byte === 1 ? this.#double() : byte >> 1
    let value = byte & 0x7f
    for (let scale = 0x80; byte >= 0x80; scale *= 0x80) {
      byte = bytes[this.at++]!
      value += (byte & 0x7f) * scale
    }
    return value / 2
  }

  numbers(): number[] {
    return Array.from({ length: this.number() }, () => this.number())
  }

  skip(numbers: number): void {
    for (let i = 0; i < numbers; i++) this.number()
  }

  text(): string {
    const length = this.number()
    this.at += length
    return this.bytes.toString('utf8', this.at - length, this.at)
  }

  skipText(): void {
    const length = this.number()
    this.at += length
  }

  id(): string {
    if (this.number() !== 0) return this.text()
    this.at += ID_BYTES
    return this.bytes.toString('hex', this.at - ID_BYTES, this.at)
  }

  skipId(): void {
    if (this.number() === 0) this.at += ID_BYTES
    else this.skipText()
  }

  #double(): number {
    this.at += 8
    return this.bytes.readDoubleLE(this.at - 8)
  }
}
