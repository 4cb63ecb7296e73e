import type { Part } from '../model/message.ts'
import type { Trace } from '../model/span.ts'
import { textOf } from '../model/transient.ts'
import { imageTokens } from './context-media.ts'
import { floats } from './room.ts'
import type { TokenCounter } from './token-counter.ts'
import { CHARS_PER_TOKEN, weightOf } from './usage-estimates.ts'

/** Longer texts than these together are weighed by their length: counting a character takes some 0.4 µs. */
const MAX_COUNTED_CHARS = 1_500_000

/**
 * The size of each part of a trace in tokens, each found once for the whole run: counted where its text can be reached, else by
 * its length; an image by the provider's rule where its measures can be read. Only ratios matter, since requests are scaled to
 * the provider's own count, so one tokenizer serves all models.
 */
export class PartWeights {
  readonly #trace: Trace
  readonly #counter: TokenCounter | false
  readonly #model: string
  readonly #weights: Float64Array
  /** Every request has a layout, and a million arrays would be more work than what is in them. */
  #room: Float64Array = new Float64Array(256)
  #charsLeft = MAX_COUNTED_CHARS
  /** What of the weighed text was counted, in characters, and what was not. */
  #counted = 0
  #measured = 0

  constructor(trace: Trace, counter: TokenCounter | false, model: string) {
    this.#trace = trace
    this.#counter = counter
    this.#model = model
    this.#weights = floats(trace.parts.length).fill(-1)
  }

  /** How most of the text was weighed. */
  get by(): 'tokens' | 'characters' {
    return this.#counted > this.#measured ? 'tokens' : 'characters'
  }

  /** An array of at least that length, always the same one. */
  room(length: number): Float64Array {
    if (this.#room.length < length) this.#room = floats(length * 2)
    return this.#room
  }

  /** Tokens of the part at that index, not calibrated. */
  of(index: number): number {
    const known = this.#weights[index]
    if (known === undefined) return 0
    if (known >= 0) return known
    const weight = this.#weigh(this.#trace.parts[index]!, index)
    this.#weights[index] = weight
    return weight
  }

  #weigh(part: Part, index: number): number {
    if (part.media !== undefined) {
      const text = part.media === 'image' ? textOf(this.#trace, index) : undefined
      return (text === undefined ? undefined : imageTokens(text, this.#model)) ?? weightOf(part) / CHARS_PER_TOKEN
    }
    const text = this.#counter === false || part.chars > this.#charsLeft ? undefined : textOf(this.#trace, index)
    const tokens = text === undefined || this.#counter === false ? undefined : this.#counter.countTokens(text, this.#model)
    if (tokens === undefined) {
      this.#measured += part.chars
      return part.chars / CHARS_PER_TOKEN
    }
    this.#charsLeft -= part.chars
    this.#counted += part.chars
    return tokens
  }
}
