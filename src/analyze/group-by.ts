/** In order of first appearance. */
export function groupBy<T, K = string>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  // Neighbours are often of one group.
  let lastKey: K | undefined
  let last: T[] | undefined
  const add = (item: T): void => {
    const key = keyOf(item)
    if (last === undefined || key !== lastKey) {
      lastKey = key
      last = groups.get(key)
      if (last === undefined) groups.set(key, (last = []))
    }
    last.push(item)
  }
  if (Array.isArray(items)) items.forEach(add)
  else for (const item of items) add(item)
  return groups
}
