import type { Finding } from '../../src/model/analysis.ts'

/** Whether one of the findings before gives the same advice, but for a name or a number: then it is not said again. */
export const isSaid = (finding: Finding, before: readonly Finding[]): boolean => before.some((one) => saysTheSame(one, finding))

function saysTheSame(a: Finding, b: Finding): boolean {
  const [before, words] = [a.advice.split(' '), b.advice.split(' ')]
  return a.code === b.code && before.length === words.length && words.filter((word, at) => word !== before[at]).length <= words.length / 5
}
