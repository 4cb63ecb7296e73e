/** Frozen all the way down: whoever changes an argument throws. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const key of Reflect.ownKeys(value)) frozen((value as Record<string | symbol, unknown>)[key])
  }
  return value
}
