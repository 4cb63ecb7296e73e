import { Patches } from '../shared/patches.ts'

type Method = (this: unknown, ...args: unknown[]) => unknown

/** Objects that are still there are told by weak references, of which so many are kept before the others are looked for. */
const MAX_REFERENCES = 1_000

/**
 * LlamaIndex tells of no failures. So the methods of the objects that call are watched for what they reject with, each from the time at
 * which its object was first seen. What began while such a method was entered is what failed.
 */
export class Failures {
  readonly #failed: (begun: readonly string[], error: unknown) => void
  readonly #patches = new WeakMap<object, Patches>()
  #watched: WeakRef<object>[] = []
  #begun: string[] | undefined

  /** @param failed gets the ids of what began when the method was called; must not throw */
  constructor(failed: (begun: readonly string[], error: unknown) => void) {
    this.#failed = failed
  }

  /** Something begins here. */
  begins(id: string): void {
    this.#begun?.push(id)
  }

  watch(object: unknown): void {
    if (typeof object !== 'object' || object === null || this.#patches.has(object)) return
    const patches = new Patches()
    this.#patches.set(object, patches)
    for (const name of ['chat', 'query']) {
      // Those whose calls have events were made their own by the library.
      const original: unknown = Object.getOwnPropertyDescriptor(object, name)?.value
      if (typeof original === 'function') patches.set(object, name, this.#watching(original as Method))
    }
    if (this.#watched.length >= MAX_REFERENCES) this.#watched = this.#watched.filter((one) => one.deref() !== undefined)
    this.#watched.push(new WeakRef(object))
  }

  /** Leaves all objects as they were. */
  stop(): void {
    for (const one of this.#watched.splice(0)) {
      const object = one.deref()
      if (object === undefined) continue
      this.#patches.get(object)?.undo()
      this.#patches.delete(object)
    }
  }

  #watching(original: Method): Method {
    const enter = (call: () => unknown): unknown => {
      const outer = this.#begun
      const begun: string[] = (this.#begun = [])
      const failed = (error: unknown): never => {
        this.#failed(begun, error)
        throw error
      }
      let result: unknown
      try {
        result = call()
      } catch (error) {
        return failed(error)
      } finally {
        this.#begun = outer
      }
      const isPlain = result instanceof Promise && Object.getPrototypeOf(result) === Promise.prototype
      // In its place one that settles alike, so that a rejection which nobody handles is reported once, as before.
      return isPlain ? (result as Promise<unknown>).then((value) => value, failed) : result
    }
    return function (this: unknown, ...args) {
      return enter(() => Reflect.apply(original, this, args))
    }
  }
}
