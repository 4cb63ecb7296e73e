import { AsyncLocalStorage } from 'node:async_hooks'
import type { SpanRecord } from './recorder.ts'

/**
 * The only AsyncLocalStorage, on a global symbol: two copies of this package in one process (a bundled one beside an
 * installed one, CommonJS beside ESM) share it, so spans of one nest into the other's.
 */
const KEY = Symbol.for('spanwise.context.v1')
const globals = globalThis as { [KEY]?: AsyncLocalStorage<SpanRecord> }
const storage: AsyncLocalStorage<SpanRecord> = (globals[KEY] ??= new AsyncLocalStorage<SpanRecord>())

/** The span that is current here, whichever profiler it belongs to. */
export const currentSpan = (): SpanRecord | undefined => storage.getStore()

/** Calls `fn` with `span` current, in it and in everything asynchronous that it starts. */
export const within = <T, A extends unknown[]>(span: SpanRecord, fn: (...args: A) => T, ...args: A): T => storage.run(span, fn, ...args)
