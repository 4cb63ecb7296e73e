/** In order of first appearance. */
export function groupBy<T, K = string>(items: Iterable<T>, keyOf: (item: T) => K): Map<K, T[]> {
  const groups = new Map<K, T[]>()
  const add = (item: T): void => {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  if (Array.isArray(items)) items.forEach(add)
  else for (const item of items) add(item)
  return groups
}
