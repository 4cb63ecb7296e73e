import { useEffect, useState } from 'preact/hooks'

/** One value that several parts of the page look at. */
export class Store<T> {
  #value: T
  readonly #listeners = new Set<() => void>()

  constructor(value: T) {
    this.#value = value
  }

  get value(): T {
    return this.#value
  }

  set(value: T): void {
    if (value === this.#value) return
    this.#value = value
    for (const listener of this.#listeners) listener()
  }

  /** @returns the way to stop */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }
}

export function useStore<T>(store: Store<T>): T {
  const [value, setValue] = useState(store.value)
  useEffect(() => {
    // It may have changed between drawing and now.
    setValue(() => store.value)
    return store.subscribe(() => setValue(() => store.value))
  }, [store])
  return value
}
