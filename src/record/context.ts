import { AsyncLocalStorage } from 'node:async_hooks'
import type { RunOwner, SpanRecord } from './recorder.ts'

/**
 * The only AsyncLocalStorage, on a global symbol: two copies of this package in one process (a bundled one beside an
 * installed one, CommonJS beside ESM) share it, so spans of one nest into the other's.
 */
const KEY = Symbol.for('spanwise.context.v1')
const globals = globalThis as { [KEY]?: AsyncLocalStorage<SpanRecord> }
const storage: AsyncLocalStorage<SpanRecord> = (globals[KEY] ??= new AsyncLocalStorage<SpanRecord>())

/**
 * Says which span a framework is in here, by its own context. Must not throw.
 * @param mayOpen a span is about to be opened here: those that were put off may be opened now, to be above it
 */
export type ContextFinder = (mayOpen: boolean) => SpanRecord | undefined

const FINDERS = Symbol.for('spanwise.finders.v1')
const shared = globalThis as { [FINDERS]?: Set<ContextFinder> }
const finders: Set<ContextFinder> = (shared[FINDERS] ??= new Set())

/**
 * For frameworks that tell of their spans in callbacks, where no context can be entered: what they keep in a context of their own is
 * asked for instead. Costs nothing where there is none.
 * @returns the way to take it off again
 */
export function addContextFinder(finder: ContextFinder): () => void {
  finders.add(finder)
  return () => void finders.delete(finder)
}

/**
 * The span that is current here, whichever profiler it belongs to: the innermost that anybody knows of.
 * @param owner the profiler that asks: where frameworks know of several spans that have nothing to do with each other, its own counts
 */
export function currentSpan(mayOpen = false, owner?: RunOwner): SpanRecord | undefined {
  let span = storage.getStore()
  if (finders.size > 0) for (const find of finders) span = nearer(span, found(find, mayOpen), owner)
  return span
}

/** Whoever asks where it is may be the user's code. */
function found(find: ContextFinder, mayOpen: boolean): SpanRecord | undefined {
  try {
    return find(mayOpen)
  } catch {
    return undefined
  }
}

function nearer(a: SpanRecord | undefined, b: SpanRecord | undefined, owner: RunOwner | undefined): SpanRecord | undefined {
  const inner = innermost(a, b)
  return inner === a && b !== undefined && b.run.owner === owner && !isOf(owner, a) ? b : inner
}

function isOf(owner: RunOwner, span: SpanRecord | undefined): boolean {
  for (let up = span; up !== undefined; up = up.outer) if (up.run.owner === owner) return true
  return false
}

/** Of two spans of one tree the one that lies within the other. The first when they have nothing to do with each other. */
export function innermost(a: SpanRecord | undefined, b: SpanRecord | undefined): SpanRecord | undefined {
  if (a === undefined || b === undefined) return a ?? b
  for (let span: SpanRecord | undefined = b; span !== undefined; span = span.parent) if (span === a) return b
  return a
}

/** Calls `fn` with `span` current, in it and in everything asynchronous that it starts. */
export const within = <T, A extends unknown[]>(span: SpanRecord, fn: (...args: A) => T, ...args: A): T => storage.run(span, fn, ...args)

type ChannelFinder = (message: unknown) => SpanRecord | undefined

const CHANNELS = Symbol.for('spanwise.channels.v1')
const followed = globalThis as { [CHANNELS]?: Map<string, Set<ChannelFinder>> }
const channels: Map<string, Set<ChannelFinder>> = (followed[CHANNELS] ??= new Map())

/**
 * For libraries that run their work in a tracing channel of Node's: what runs there belongs to the span that is found for its message.
 * From then on the context is entered for all work of that channel, so: not before something of it is recorded.
 */
export function followChannel(name: string, find: ChannelFinder): void {
  const finders = channels.get(name) ?? new Set()
  finders.add(find)
  if (channels.has(name)) return
  channels.set(name, finders)
  // Not imported: runtimes at the edge have contexts, but none of this.
  const diagnostics = globalThis.process?.getBuiltinModule?.('node:diagnostics_channel')
  diagnostics?.tracingChannel?.(name).start.bindStore(storage, (message) => {
    const here = storage.getStore() as SpanRecord
    try {
      for (const known of finders) {
        const found = known(message)
        if (found !== undefined) return found
      }
    } catch {
      // Whatever it is that was not understood, the work goes on where it is.
    }
    return here
  })
}
