/**
 * Splits a whole number in proportion to the weights, so that the whole numbers add up to it. Undefined without any weight.
 * @param tie decides between equal remainders
 */
export function largestRemainder(
  weights: readonly number[], total: number, tie: (a: number, b: number) => number = (a, b) => a - b,
): number[] | undefined {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum <= 0) return undefined
  const shares = weights.map((weight) => (weight / sum) * total)
  const split = shares.map(Math.floor)
  let left = total - split.reduce((a, b) => a + b, 0)
  const order = shares.map((share, i) => ({ i, remainder: share - split[i]! }))
  order.sort((a, b) => b.remainder - a.remainder || tie(a.i, b.i))
  for (const { i } of order) {
    if (left <= 0) break
    split[i]!++
    left--
  }
  return split
}
