import { define } from '../../src/kit.ts'

/** Own properties put over what an object had, and the way back. */
export class Patches {
  readonly #undo: (() => void)[] = []

  /** Puts `value` in front of `target[name]`, listed or not as the old one was. @returns false when the object takes none */
  set(target: object, name: string, value: unknown): boolean {
    const before = Object.getOwnPropertyDescriptor(target, name)
    const done = before === undefined ? define(target, name, value) : Reflect.set(target, name, value)
    if (!done) return false
    this.#undo.push(() => {
      if (before === undefined) Reflect.deleteProperty(target, name)
      else Reflect.defineProperty(target, name, before)
    })
    return true
  }

  /** Puts a getter of the object's own in front of one that it inherits; not listed. @returns false when the object takes none */
  getter(target: object, name: string, get: (this: unknown) => unknown): boolean {
    if (Object.hasOwn(target, name) || !Reflect.defineProperty(target, name, { get, configurable: true, enumerable: false })) return false
    this.#undo.push(() => void Reflect.deleteProperty(target, name))
    return true
  }

  /** Takes all of them away again, the last one first. */
  undo(): void {
    for (let undo = this.#undo.pop(); undo !== undefined; undo = this.#undo.pop()) undo()
  }
}

/** Wrapped clients, for all copies of this package in the process: who wraps twice records once. */
const KEY = Symbol.for('spanwise.wrapped.v1')
const globals = globalThis as { [KEY]?: WeakMap<object, Patches> }
export const wrapped: WeakMap<object, Patches> = (globals[KEY] ??= new WeakMap())

/** Clients whose recording was taken off by hand: who records all clients of a class leaves them alone. */
const LET_GO = Symbol.for('spanwise.released.v1')
const others = globalThis as { [LET_GO]?: WeakSet<object> }
export const letGo: WeakSet<object> = (others[LET_GO] ??= new WeakSet())
