import type { CacheCause, ChangedPart } from '../model/analysis.ts'
import type { Part } from '../model/message.ts'
import type { Trace } from '../model/span.ts'
import { textOf } from '../model/transient.ts'

/** Where and how a request ceases to go on from the one before it. */
export interface PrefixChange {
  readonly cause: CacheCause
  readonly part: ChangedPart
  /** Parts of the later request from the change on that the earlier one had too, and that which was changed in place. */
  readonly again: readonly number[]
}

/**
 * The first part at which a request differs from the one before it, of what that one had; undefined when it only goes on.
 * @param before indexes into `Trace.parts`, in the order in which a cache reads them
 */
export function prefixChange(trace: Trace, before: readonly number[], after: readonly number[]): PrefixChange | undefined {
  let index = 0
  while (index < before.length && before[index] === after[index]) index++
  if (index === before.length) return undefined
  const had = new Set(before.slice(index))
  const again = after.flatMap((part, at) => (at >= index && had.has(part) ? [at] : []))
  const partAt = (list: readonly number[], at: number): Part | undefined => (list[at] === undefined ? undefined : trace.parts[list[at]])
  const was = partAt(before, index)
  const is = partAt(after, index)
  const where = { index, ...label(is ?? was!) }
  if (was?.kind === 'tool-definition' || is?.kind === 'tool-definition') {
    return { ...toolChange(trace, before, after, index), again: withChanged(again, index) }
  }
  if (was?.kind === 'system' || is?.kind === 'system') {
    const offset = was?.kind === 'system' && is?.kind === 'system' ? sameLength(trace, before[index]!, after[index]!) : undefined
    const kind = { index, kind: 'system', ...(offset !== undefined && { offset }) }
    return { cause: 'system-changed', part: kind, again: withChanged(again, index) }
  }
  const [dropped, inserted] = resync(before, after, index)
  if (dropped === undefined || inserted === undefined) {
    const isInPlace = is !== undefined && is.kind === was!.kind && index === before.length - 1
    if (!isInPlace) return { cause: 'history-rewritten', part: where, again }
  } else if (inserted === 0) {
    return { cause: 'message-dropped', part: { index, ...label(was!), count: dropped }, again }
  } else if (dropped === 0) {
    return { cause: 'message-inserted', part: { ...where, count: inserted }, again }
  } else if (dropped > inserted + 1) {
    return { cause: 'history-rewritten', part: where, again }
  }
  const offset = is?.kind === was!.kind ? sameLength(trace, before[index]!, after[index]!) : undefined
  return { cause: 'message-edited', part: { ...where, ...(offset !== undefined && { offset }) }, again: withChanged(again, index) }
}

const withChanged = (again: readonly number[], index: number): readonly number[] => (again.includes(index) ? again : [index, ...again])

const label = ({ kind, name, callId }: Part): Pick<ChangedPart, 'kind' | 'name' | 'callId'> =>
  ({ kind, ...(name !== undefined && { name }), ...(callId !== undefined && { callId }) })

/** How many parts each of the two has before both go on alike. */
function resync(before: readonly number[], after: readonly number[], index: number): readonly [number?, number?] {
  const places = new Map<number, number>()
  for (let at = before.length - 1; at >= index; at--) places.set(before[at]!, at)
  for (let at = index; at < after.length; at++) {
    const place = places.get(after[at]!)
    if (place !== undefined) return [place - index, at - index]
  }
  return []
}

function toolChange(
  trace: Trace, before: readonly number[], after: readonly number[], index: number,
): Pick<PrefixChange, 'cause' | 'part'> {
  const tools = (list: readonly number[]): Map<number, Part> =>
    new Map(list.flatMap((part) => (trace.parts[part]?.kind === 'tool-definition' ? [[part, trace.parts[part]!] as const] : [])))
  const had = tools(before)
  const has = tools(after)
  const gone = [...had].filter(([part]) => !has.has(part)).map(([, part]) => part)
  const come = [...has].filter(([part]) => !had.has(part)).map(([, part]) => part)
  const changed = come.find(({ name }) => gone.some((one) => one.name === name))
  const at = (part: Part): ChangedPart => ({ index, ...label(part) })
  if (changed !== undefined) return { cause: 'tool-changed', part: at(changed) }
  if (gone[0] !== undefined) return { cause: 'tool-removed', part: at(gone[0]) }
  if (come[0] !== undefined) return { cause: 'tool-added', part: at(come[0]) }
  return { cause: 'tools-reordered', part: at(trace.parts[after[index]!] ?? trace.parts[before[index]!]!) }
}

/** How much of two texts is the same at their beginning; undefined when one of them cannot be reached. */
function sameLength(trace: Trace, a: number, b: number): number | undefined {
  const left = textOf(trace, a)
  const right = textOf(trace, b)
  if (left === undefined || right === undefined) return undefined
  let at = 0
  while (at < left.length && at < right.length && left[at] === right[at]) at++
  return at
}
