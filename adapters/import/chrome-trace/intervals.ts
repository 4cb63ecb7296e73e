import type { Problems } from '../shared/json-lines.ts'
import type { TraceEvent } from './events.ts'

/** From one time to another, in microseconds of the file's clock. */
export interface Interval {
  readonly begin: TraceEvent
  readonly start: number
  readonly end: number
  /** Position of its begin among events of the same time. */
  readonly order: number
  readonly isAsync: boolean
  /** The file does not say when it ended. */
  readonly isCut: boolean
}

const BEGIN = ['B', 'b', 'S']
const END = ['E', 'e', 'F']
const INSTANT = ['i', 'I', 'R', 'n']

interface Begun {
  readonly event: TraceEvent
  readonly order: number
}

/** Brings begins and ends together: by thread, last in first out, and by name where names tell more than the order does. */
export function pairUp(events: readonly TraceEvent[], problems: Problems): Interval[] {
  const intervals: Interval[] = []
  const stacks = new Map<string, Begun[]>()
  const counts = { ends: 0, names: 0, durations: 0 }
  const sorted = [...events].sort((a, b) => a.ts - b.ts)
  sorted.forEach((event, order) => {
    const { phase, ts, dur } = event
    const isAsync = /[a-zSF]/.test(phase) && phase !== 'i'
    if (phase === 'X') {
      if (dur === undefined || dur < 0) counts.durations++
      else intervals.push({ begin: event, start: ts, end: ts + dur, order, isAsync: false, isCut: false })
    } else if (INSTANT.includes(phase)) {
      intervals.push({ begin: event, start: ts, end: ts, order, isAsync, isCut: false })
    } else if (BEGIN.includes(phase)) {
      const stack = stacks.get(stackOf(event, isAsync))
      if (stack === undefined) stacks.set(stackOf(event, isAsync), [{ event, order }])
      else stack.push({ event, order })
    } else if (END.includes(phase)) {
      const stack = stacks.get(stackOf(event, isAsync))
      const begun = stack && taken(stack, event.name, counts)
      if (begun === undefined) counts.ends++
      else intervals.push({ begin: begun.event, start: begun.event.ts, end: ts, order: begun.order, isAsync, isCut: false })
    }
  })
  const last = sorted.reduce((latest, { ts, dur = 0 }) => Math.max(latest, ts + dur), -Infinity)
  const unended = [...stacks.values()].flat()
  for (const { event, order } of unended) {
    intervals.push({ begin: event, start: event.ts, end: last, order, isAsync: event.phase !== 'B', isCut: true })
  }
  if (unended.length > 0) problems.add(`${unended.length} events have no end; they last to the end of the trace`)
  if (counts.ends > 0) problems.add(`${counts.ends} ends have no begin and were dropped`)
  if (counts.names > 0) problems.add(`${counts.names} ends have another name than what they end`)
  if (counts.durations > 0) problems.add(`${counts.durations} complete events have no duration and were dropped`)
  return intervals
}

const stackOf = ({ track, id }: TraceEvent, isAsync: boolean): string => (isAsync ? `async ${id}` : `thread ${track}`)

/** How far down a stack a name is looked for. */
const MAX_LOOKS = 256

function taken(stack: Begun[], name: string | undefined, counts: { names: number }): Begun | undefined {
  if (stack.length === 0 || name === undefined || name === '') return stack.pop()
  for (let i = stack.length - 1; i >= 0 && i >= stack.length - MAX_LOOKS; i--) {
    if (stack[i]!.event.name === name) return stack.splice(i, 1)[0]
  }
  counts.names++
  return stack.pop()
}
