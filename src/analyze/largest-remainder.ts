/**
 * Splits a whole number in proportion to the weights, so that the whole numbers add up to it. Undefined without any weight.
 * @param tie decides between equal remainders
 */
export function largestRemainder(
  weights: readonly number[], total: number, tie: (a: number, b: number) => number = (a, b) => a - b,
): number[] | undefined {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum <= 0) return undefined
  const split: number[] = []
  const remainders: number[] = []
  let left = total
  for (const weight of weights) {
    const share = (weight / sum) * total
    split.push(Math.floor(share))
    remainders.push(share - Math.floor(share))
    left -= Math.floor(share)
  }
  // Less than one for each weight is left, and most often one or two.
  for (let taken = 0; left > 0 && taken < weights.length; taken++, left--) {
    let best = -1
    for (let i = 0; i < remainders.length; i++) {
      if (remainders[i]! < 0) continue
      if (best === -1 || remainders[i]! > remainders[best]! || (remainders[i] === remainders[best] && tie(i, best) < 0)) best = i
    }
    split[best]!++
    remainders[best] = -1
  }
  return split
}
