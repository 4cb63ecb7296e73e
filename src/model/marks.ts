import type { Attributes } from './span.ts'

/** Attributes by which importers say what their file can tell of a span, and what it cannot. */

/**
 * How a span's times are known, where they were not measured: `inferred` from the times of what stands around it; `batch`, where the
 * file has one end for several that ran beside each other, so that the quickest seems as slow as the slowest.
 */
export const TIME = 'spanwise.time'

/**
 * What a tool's time is spent on, where that is not its own work:
 *
 * - `person`: somebody's answer or consent;
 * - `work`: what was begun elsewhere, whose end or news it awaits;
 * - `agent`: an agent that it began, as far as the agent's own spans are not below it.
 */
export const WAITS_FOR = 'spanwise.waits_for'
export type WaitsFor = 'person' | 'work' | 'agent'

/** `messages`: the parts of a request are those of the conversation; its system text and tool definitions are in no file. */
export const REQUEST = 'spanwise.request'

interface Marked {
  readonly attributes?: Attributes | undefined
}

/** Whether the span's duration says nothing of its own speed. */
export const isNotItsOwn = ({ attributes }: Marked): boolean => attributes?.[WAITS_FOR] !== undefined || attributes?.[TIME] === 'batch'

/** Whether it only waited for a person, or for what ran elsewhere: nothing is gained by running it beside something. */
export const isWaiting = ({ attributes }: Marked): boolean => attributes?.[WAITS_FOR] === 'person' || attributes?.[WAITS_FOR] === 'work'

/** Whether parts of the request are known to be missing: what is not among them may have changed unseen. */
export const isPartial = ({ attributes }: Marked): boolean => attributes?.[REQUEST] === 'messages'
