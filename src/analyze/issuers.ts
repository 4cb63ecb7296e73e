import { grouped, type Children } from './children.ts'
import { ints } from './room.ts'
import { TextNumbers } from './text-numbers.ts'
import type { Timeline } from './timeline.ts'

/** Which tools each answer asked for, worked out once: several steps ask. */
export interface Issuers {
  /** Ids of the spans whose answers asked for tools, in order of the first of those; some may lie outside the trace. */
  readonly ids: readonly string[]
  /** The place of each of these spans; -1: it is not in the trace. */
  readonly span: Int32Array
  /** By place in `Timeline.tools`: a place in `ids`, -1 where nothing tells who asked. */
  readonly ofTool: Int32Array
  /** By place in `ids`: the tools that it asked for, as places in `Timeline.tools`, in order of start. */
  readonly tools: Children
  /** By span, a place in `ids`; -1: it asked for none. */
  readonly ofSpan: Int32Array
}

const known = new WeakMap<Timeline, Issuers>()

export function issuersOf(timeline: Timeline): Issuers {
  let found = known.get(timeline)
  if (found === undefined) known.set(timeline, (found = findIssuers(timeline)))
  return found
}

function findIssuers({ spans, tools, byId }: Timeline): Issuers {
  const numbers = new TextNumbers(tools.length)
  const ids: string[] = []
  const ofTool = ints(tools.length).fill(-1)
  // What one answer asked for mostly comes together.
  let last: string | undefined
  let number = -1
  for (let at = 0; at < tools.length; at++) {
    const { issuedBy } = spans[tools[at]!]!.tool!
    if (issuedBy === undefined) continue
    if (issuedBy !== last) {
      last = issuedBy
      number = numbers.of(issuedBy)
      if (number === ids.length) ids.push(issuedBy)
    }
    ofTool[at] = number
  }
  numbers.done()
  const span = ints(ids.length)
  const ofSpan = ints(spans.length).fill(-1)
  for (let at = 0; at < ids.length; at++) {
    const place = byId.get(ids[at]!) ?? -1
    span[at] = place
    if (place !== -1) ofSpan[place] = at
  }
  if (byId.hasTwins) for (let i = 0; i < spans.length; i++) ofSpan[i] = ofSpan[byId.get(spans[i]!.id)!]!
  return { ids, span, ofTool, ofSpan, tools: grouped(ofTool, ids.length) }
}
