/**
 * Splits a whole number in proportion to the weights, so that the whole numbers add up to it. Undefined without any weight.
 * @param tie decides between equal remainders
 */
export function largestRemainder(
  weights: readonly number[], total: number, tie?: (a: number, b: number) => number,
): number[] | undefined {
  const split = new Split().begin(weights.length)
  for (const weight of weights) split.add(weight)
  return split.sum <= 0 ? undefined : Array.from(split.whole(total, tie).subarray(0, weights.length))
}

/** {@link largestRemainder} again and again, in the same few arrays: a long run splits each of its requests. */
export class Split {
  count = 0
  sum = 0
  #weights: Float64Array = new Float64Array(64)
  #remainders: Float64Array = new Float64Array(64)
  #whole: Float64Array = new Float64Array(64)

  /** @param most weights that will be added */
  begin(most: number): this {
    this.count = 0
    this.sum = 0
    if (most > this.#weights.length) {
      this.#weights = new Float64Array(most * 2)
      this.#remainders = new Float64Array(most * 2)
      this.#whole = new Float64Array(most * 2)
    }
    return this
  }

  add(weight: number): void {
    this.#weights[this.count++] = weight
    this.sum += weight
  }

  /** The parts of `total`, by place; zeros without any weight. They hold until the next ones are asked for. */
  whole(total: number, tie: (a: number, b: number) => number = byPlace): Float64Array {
    const { count, sum } = this
    const whole = this.#whole
    if (sum <= 0) return whole.fill(0, 0, count)
    const remainders = this.#remainders
    let left = total
    for (let i = 0; i < count; i++) {
      const share = (this.#weights[i]! / sum) * total
      whole[i] = Math.floor(share)
      remainders[i] = share - whole[i]!
      left -= whole[i]!
    }
    // Less than one for each weight is left, and most often one or two.
    for (let taken = 0; left > 0 && taken < count; taken++, left--) {
      let best = -1
      for (let i = 0; i < count; i++) {
        if (remainders[i]! < 0) continue
        if (best === -1 || remainders[i]! > remainders[best]! || (remainders[i] === remainders[best] && tie(i, best) < 0)) best = i
      }
      whole[best]!++
      remainders[best] = -1
    }
    return whole
  }
}

const byPlace = (a: number, b: number): number => a - b
