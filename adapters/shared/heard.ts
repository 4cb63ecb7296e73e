import type { Profiler } from '../../src/kit.ts'

/** By profiler, for all copies of this package in the process. */
const KEY = Symbol.for('spanwise.heard.v1')
const globals = globalThis as { [KEY]?: WeakMap<Profiler, WeakMap<object, object>> }
const heard: WeakMap<Profiler, WeakMap<object, object>> = (globals[KEY] ??= new WeakMap())

/**
 * A framework that has several of our listeners (put there twice, or again after a reload) tells each of them everything: what it tells
 * of is recorded by the listener that heard of it first.
 * @param what the framework's own object, which all listeners get
 */
export function isFirstToHear(profiler: Profiler, what: object, listener: object): boolean {
  let known = heard.get(profiler)
  if (known === undefined) heard.set(profiler, (known = new WeakMap()))
  const first = known.get(what)
  if (first === undefined) known.set(what, listener)
  return first === undefined || first === listener
}
