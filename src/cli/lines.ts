import { isAscii } from 'node:buffer'

const NEWLINE = 10

export interface LineReader {
  /** A line of the bytes, of which `textOf` decodes parts. */
  line(bytes: Uint8Array, from: number, to: number, textOf: (from: number, to: number) => string): void
  /** In place of a line that was too long to keep. */
  tooLong(bytes: number): void
}

/** Cuts UTF-8 into lines as its chunks come. Never holds more than a chunk and a line. */
export class LineSplitter {
  readonly #reader: LineReader
  readonly #maxBytes: number
  /** The beginning of a line whose end has not come. */
  #pieces: Buffer[] = []
  #pending = 0

  constructor(reader: LineReader, maxBytes: number) {
    this.#reader = reader
    this.#maxBytes = maxBytes
  }

  push(chunk: Buffer): void {
    let from = 0
    let to = chunk.indexOf(NEWLINE)
    if (to === -1) return this.#keep(chunk)
    if (this.#pending > 0) {
      this.#keep(chunk.subarray(0, to))
      this.#flush()
      from = to + 1
      to = chunk.indexOf(NEWLINE, from)
    }
    // Each line is a text of its own: what is cut from a longer one would keep that alive, and is slower to read.
    const textOf = textsOf(chunk)
    for (; to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      if (to - from > this.#maxBytes) this.#reader.tooLong(to - from)
      else this.#reader.line(chunk, from, to, textOf)
      from = to + 1
    }
    if (from < chunk.length) this.#keep(chunk.subarray(from))
  }

  finish(): void {
    if (this.#pending > 0) this.#flush()
  }

  #keep(piece: Buffer): void {
    this.#pending += piece.length
    if (this.#pending > this.#maxBytes) this.#pieces = []
    else this.#pieces.push(piece)
  }

  #flush(): void {
    const bytes = this.#pending
    const pieces = this.#pieces
    this.#pieces = []
    this.#pending = 0
    if (bytes > this.#maxBytes) return this.#reader.tooLong(bytes)
    const line = Buffer.concat(pieces, bytes)
    this.#reader.line(line, 0, bytes, textsOf(line))
  }
}

function textsOf(bytes: Buffer): (from: number, to: number) => string {
  const encoding = isAscii(bytes) ? 'latin1' : 'utf8'
  return (from, to) => bytes.toString(encoding, from, to)
}
