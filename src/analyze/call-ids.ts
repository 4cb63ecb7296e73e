import type { Trace } from '../model/span.ts'
import { ints } from './room.ts'
import { TextNumbers } from './text-numbers.ts'
import type { Timeline } from './timeline.ts'

/** The ids by which tool calls and their results are tied, as numbers: several steps tie them, and a long run has hundreds of thousands. */
export interface CallIds {
  readonly count: number
  /** By part, of a tool's result; -1: it is none, or has no id. */
  readonly ofPart: Int32Array
  /** By place in `Timeline.tools`; -1: it has no id. */
  readonly ofTool: Int32Array
}

const known = new WeakMap<Timeline, CallIds>()

export function callIdsOf(trace: Trace, timeline: Timeline): CallIds {
  let found = known.get(timeline)
  if (found === undefined) known.set(timeline, (found = findIds(trace, timeline)))
  return found
}

function findIds({ parts }: Trace, { spans, tools }: Timeline): CallIds {
  const results: number[] = []
  for (let i = 0; i < parts.length; i++) if (parts[i]!.kind === 'tool-result' && parts[i]!.callId !== undefined) results.push(i)
  const numbers = new TextNumbers(results.length + tools.length)
  const ofPart = ints(parts.length).fill(-1)
  for (const part of results) ofPart[part] = numbers.of(parts[part]!.callId!)
  const ofTool = ints(tools.length).fill(-1)
  for (let at = 0; at < tools.length; at++) {
    const { callId } = spans[tools[at]!]!.tool!
    if (callId !== undefined) ofTool[at] = numbers.of(callId)
  }
  numbers.done()
  return { count: numbers.size, ofPart, ofTool }
}
