/** The part of a text that fits. Widths of characters are measured once per font. */
export class TextFitter {
  readonly #context: CanvasRenderingContext2D
  readonly #font: string
  readonly #widths = new Map<string, number>()

  constructor(context: CanvasRenderingContext2D, font: string) {
    this.#context = context
    this.#font = font
  }

  /** @returns the text, its beginning with `…`, or nothing where not even that would be read */
  fit(text: string, width: number): string {
    if (width < this.#widthOf('…') * 2) return ''
    let used = 0
    let kept = 0
    const reserve = this.#widthOf('…')
    let fitting = 0
    for (const char of text) {
      used += this.#widthOf(char)
      if (used > width) return fitting === 0 ? '' : `${text.slice(0, fitting)}…`
      kept += char.length
      if (used <= width - reserve) fitting = kept
      // No frame is wider than this many characters.
      if (kept > 500) return `${text.slice(0, fitting)}…`
    }
    return text
  }

  /** Of the whole text, as the sum of its characters. */
  width(text: string): number {
    let sum = 0
    for (const char of text) sum += this.#widthOf(char)
    return sum
  }

  #widthOf(char: string): number {
    let width = this.#widths.get(char)
    if (width === undefined) {
      this.#context.font = this.#font
      width = this.#context.measureText(char).width
      if (this.#widths.size < 5_000) this.#widths.set(char, width)
    }
    return width
  }
}
