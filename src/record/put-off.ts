import type { Trace } from '../model/span.ts'

/**
 * What `flush` does with each trace in memory. Filled by the parts that recording itself must not load; for all copies of this
 * package, since the one whose profiler it is may be without them.
 */
const PUT_OFF = Symbol.for('spanwise.putOff.v1')
const work = globalThis as { [PUT_OFF]?: Map<string, (trace: Trace) => Promise<void>> }
export const putOff: Map<string, (trace: Trace) => Promise<void>> = (work[PUT_OFF] ??= new Map())
