const QUOTE = 34
const BACKSLASH = 92
const NEWLINE = 10
const COMMA = 44
const OPEN_LIST = 91
const CLOSE_LIST = 93
const OPEN_OBJECT = 123
const CLOSE_OBJECT = 125

/**
 * How deep and how large JSON is, from its bytes alone: a parser that is given a hundred million lists in each other needs all
 * the memory there is before it can say so. No check of the grammar.
 */
export class Shape {
  /** The most levels seen. */
  levels = 0
  /** About how many values: each comma and each list or object stands for one. */
  values = 0
  #level = 0
  #isText = false
  #isEscaped = false

  push(chunk: Uint8Array): void {
    let level = this.#level
    let isText = this.#isText
    let isEscaped = this.#isEscaped
    for (let i = 0; i < chunk.length; i++) {
      const byte = chunk[i]!
      if (isText) {
        if (isEscaped) isEscaped = false
        else if (byte === BACKSLASH) isEscaped = true
        // A text never runs over its line: what looks like it is a line that was cut.
        else if (byte === QUOTE || byte === NEWLINE) isText = false
      } else if (byte === QUOTE) isText = true
      else if (byte === OPEN_LIST || byte === OPEN_OBJECT) {
        this.values++
        if (++level > this.levels) this.levels = level
      } else if (byte === CLOSE_LIST || byte === CLOSE_OBJECT) {
        if (level > 0) level--
      } else if (byte === COMMA) this.values++
    }
    this.#level = level
    this.#isText = isText
    this.#isEscaped = isEscaped
  }
}
