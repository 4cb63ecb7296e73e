import { isAscii } from 'node:buffer'

const NEWLINE = 10

export interface LineReader {
  line(text: string): void
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
    const encoding = isAscii(chunk) ? 'latin1' : 'utf8'
    for (; to !== -1; to = chunk.indexOf(NEWLINE, from)) {
      if (to - from > this.#maxBytes) this.#reader.tooLong(to - from)
      else this.#reader.line(chunk.toString(encoding, from, to))
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
    if (bytes > this.#maxBytes) this.#reader.tooLong(bytes)
    else this.#reader.line(Buffer.concat(pieces, bytes).toString('utf8'))
  }
}
