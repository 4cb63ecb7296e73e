/** The sum over all lines, each of which must be a stack and a whole number above 0. */
export function foldedSum(folded: string): { readonly total: number; readonly lines: number } {
  const counts = folded === '' ? [] : folded.split('\n').map((line) => {
    const [, count] = /^\S.* ([1-9]\d*)$/.exec(line) ?? []
    if (count === undefined) throw new Error(`not a folded stack: ${JSON.stringify(line)}`)
    return Number(count)
  })
  return { total: counts.reduce((a, b) => a + b, 0), lines: counts.length }
}
