import { floats } from './room.ts'
import type { Timeline } from './timeline.ts'

/**
 * Self time of each span in nanoseconds: its duration minus the union of its children's intervals. Children may run in
 * parallel, so it is the union and not the sum; what sticks out of the span (late work) is not part of the span.
 */
export function selfTimes({ start, end, children: { first, all } }: Timeline): Float64Array {
  const self = floats(start.length)
  for (let i = 0; i < start.length; i++) {
    let covered = 0
    let until = start[i]!
    // In order of start, so one pass merges them.
    for (let at = first[i]!; at < first[i + 1]!; at++) {
      const child = all[at]!
      const from = Math.max(start[child]!, until)
      const to = Math.min(end[child]!, end[i]!)
      if (to <= from) continue
      covered += to - from
      until = to
    }
    self[i] = end[i]! - start[i]! - covered
  }
  return self
}
