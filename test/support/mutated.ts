/** What a value may become in the hands of a broken server. */
const OTHERS: readonly unknown[] = [null, 0, -1, 1.5, '', 'x', true, [], {}, [null], [[]], { a: null }, '__proto__', 'constructor', 1e300, [7, 'x', {}]]

/** A copy of a JSON value in which a few of its places hold something else. */
export function mutated(value: unknown, random: () => number): unknown {
  const copy = structuredClone(value)
  const places: (readonly [owner: Record<string, unknown>, name: string])[] = []
  const walk = (at: unknown): void => {
    if (typeof at !== 'object' || at === null) return
    for (const name of Object.keys(at)) {
      places.push([at as Record<string, unknown>, name])
      walk((at as Record<string, unknown>)[name])
    }
  }
  walk(copy)
  for (let left = 1 + Math.floor(random() * 3); left > 0 && places.length > 0; left--) {
    const [owner, name] = places[Math.floor(random() * places.length)]!
    if (random() < 0.3) delete owner[name]
    else owner[name] = OTHERS[Math.floor(random() * OTHERS.length)]
  }
  // Deleting leaves holes, which no JSON has.
  return JSON.parse(JSON.stringify(copy))
}
