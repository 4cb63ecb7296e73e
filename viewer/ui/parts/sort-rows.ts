/** What is undefined comes last, whichever way it is sorted. */
export function sortRows<T>(rows: readonly T[], value: (row: T) => number | string | undefined, isDescending: boolean): T[] {
  const sign = isDescending ? -1 : 1
  return [...rows].sort((a, b) => {
    const [x, y] = [value(a), value(b)]
    if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
    return sign * (typeof x === 'string' && typeof y === 'string' ? x.localeCompare(y) : Number(x) - Number(y))
  })
}
