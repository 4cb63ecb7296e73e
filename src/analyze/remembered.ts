/** More names than this have no run; a list that goes on growing would never let them go. */
const MAX_NAMES = 1_000

/** The same function of a name, which keeps its answers: a long run asks for a few names a million times. */
export function remembered<T>(find: (name: string) => T): (name: string) => T {
  const known = new Map<string, T>()
  return (name) => {
    let found = known.get(name)
    if (found === undefined) {
      if (known.size >= MAX_NAMES) known.clear()
      known.set(name, (found = find(name)))
    }
    return found
  }
}
