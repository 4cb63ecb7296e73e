import { show, type Profiler } from '../src/kit.ts'
import type { Caller } from './llamaindex/open-work.ts'
import { Recording } from './llamaindex/recording.ts'
import { fields } from './shared/json.ts'
import { profilerOf } from './shared/options.ts'
import { Patches } from './shared/patches.ts'

/**
 * Recording for LlamaIndex.TS, by the events of its callback manager (`@llamaindex/core` 0.6).
 * Supported: query engines, retrievers, synthesizers, agents, calls of models plain and streamed, tools. Embeddings have no events
 * there: wrap their client. Events are watched where they are sent: the library hands them on in a later microtask, when a call of
 * the client has already begun.
 */
export interface LlamaIndexOptions {
  /** Records to this profiler instead of the default one. */
  readonly profiler?: Profiler
}

interface Manager {
  dispatchEvent: (type: unknown, detail: unknown, isSync?: boolean) => unknown
  on: (type: string, handler: (event: { readonly reason?: Caller | null }) => void) => unknown
  off: (type: string, handler: (event: { readonly reason?: Caller | null }) => void) => unknown
}

/** An event of our own: what comes of it says who calls. */
const PROBE = 'spanwise'

const stops = new WeakMap<object, Map<Profiler, () => void>>()

/**
 * Records what LlamaIndex tells of itself.
 * @param target `Settings`, whose callback manager is in force, or a callback manager
 * @returns the way to stop
 * @throws TypeError when it is neither, or `options.profiler` is no Profiler
 */
export function recordLlamaIndex(target: object, options: LlamaIndexOptions = {}): () => void {
  const profiler = profilerOf('recordLlamaIndex(target, options)', options)
  const manager = managerOf(target)
  if (manager === undefined) {
    throw new TypeError(`recordLlamaIndex(target): target must be LlamaIndex's Settings or a CallbackManager, got ${show(target)}`)
  }
  if (!profiler.enabled) return () => {}
  const known = stops.get(manager)?.get(profiler)
  if (known !== undefined) return known
  const stopWatching = watch(manager, profiler, target)
  const stop = (): void => {
    if (stops.get(manager)?.delete(profiler) === true) stopWatching()
  }
  const all = stops.get(manager) ?? new Map<Profiler, () => void>()
  stops.set(manager, all.set(profiler, stop))
  return stop
}

function managerOf(target: unknown): Manager | undefined {
  const [own, inner] = [fields(target), fields(fields(target)?.['callbackManager'])]
  const isManager = (one: typeof own): boolean => ['dispatchEvent', 'on', 'off'].every((name) => typeof one?.[name] === 'function')
  return [own, inner].find(isManager) as Manager | undefined
}

function watch(manager: Manager, profiler: Profiler, settings: object): () => void {
  const { dispatchEvent } = manager
  let caller: Caller | undefined
  const seeCaller = (event: { readonly reason?: Caller | null }): void => void (caller = event.reason ?? undefined)
  const currentCaller = (): Caller | undefined => {
    caller = undefined
    dispatchEvent.call(manager, PROBE, {}, true)
    const found = caller
    caller = undefined
    return found
  }
  const recording = new Recording(profiler, currentCaller)
  try {
    recording.watch(fields(settings)?.['llm'])
  } catch {
    // There is none yet.
  }
  let isOver = false
  const watching = {
    dispatchEvent(this: unknown, type: unknown, ...rest: unknown[]): unknown {
      if (type !== PROBE && !isOver) recording.hear(type, rest[0])
      return Reflect.apply(dispatchEvent, this, [type, ...rest])
    },
  }
  const patches = new Patches()
  manager.on(PROBE, seeCaller)
  patches.set(manager, 'dispatchEvent', watching.dispatchEvent)
  return () => {
    isOver = true
    // Under somebody else's look-out ours stays, and does nothing.
    if (manager.dispatchEvent === watching.dispatchEvent) patches.undo()
    manager.off(PROBE, seeCaller)
    recording.stop()
  }
}
