import type { Trace } from './span.ts'

/**
 * Texts that a trace in memory can still reach although it does not record them: what local token counting needs for calls
 * whose provider told no usage. Held weakly beside the trace, so no report, file or copy of a trace ever contains them. On a
 * global symbol: the copy of this package that writes a report need not be the one that recorded.
 */
const KEY = Symbol.for('spanwise.texts.v1')
type Texts = WeakMap<Trace, (part: number) => string | undefined>
const globals = globalThis as { [KEY]?: Texts }
const texts: Texts = (globals[KEY] ??= new WeakMap())

export function lendTexts(trace: Trace, read: (part: number) => string | undefined): void {
  texts.set(trace, read)
}

/** Whether `trace` has texts that it does not record. */
export const hasLentTexts = (trace: Trace): boolean => texts.has(trace)

/** A copy reaches what its original does. */
export function shareTexts(from: Trace, to: Trace): void {
  const read = texts.get(from)
  if (read !== undefined) texts.set(to, read)
}

/** The text of `trace.parts[part]` as it was sent, otherwise as it is recorded, where keys are masked; undefined when neither. */
export function textOf(trace: Trace, part: number): string | undefined {
  return texts.get(trace)?.(part) ?? trace.parts[part]?.text
}
