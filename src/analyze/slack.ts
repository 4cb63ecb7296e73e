import { floats, ints } from './room.ts'
import { sortPlaces } from './sort-places.ts'
import type { Timeline } from './timeline.ts'
import { waitedUntil } from './waited-until.ts'

/**
 * Slack of each span in nanoseconds: how much longer it could have taken without delaying the run.
 *
 * Within one parent, walk back from its end as the critical path does: a child that is followed has none. Any other child
 * could have lasted until the followed sibling that started next after its end, or until its parent's end where none did.
 * A parent that had slack itself passes it on to its children. Late work, which nobody waited for, counts 0.
 */
export function slacks(timeline: Timeline): Float64Array {
  const { start, children: { first, all }, late, topDown } = timeline
  const end = waitedUntil(timeline)
  const slack = floats(start.length)
  let waited: Int32Array = new Int32Array(64)
  /** Starts of the children that are followed, latest first. */
  const followed: number[] = []
  for (let at = 0; at < topDown.length; at++) {
    const span = topDown[at]!
    const from = first[span]!
    const to = first[span + 1]!
    if (from === to) continue
    if (to - from > waited.length) waited = ints((to - from) * 2)
    let count = 0
    // In order of start, so backwards they are all but sorted.
    for (let i = to - 1; i >= from; i--) if (!late[all[i]!]!) waited[count++] = all[i]!
    if (count > 1) sortPlaces(waited, count, (a, b) => end[b]! - end[a]! || start[b]! - start[a]! || b - a)
    followed.length = 0
    let t = end[span]!
    for (let i = 0; i < count; i++) {
      const child = waited[i]!
      if (end[child]! <= t) {
        t = Math.max(start[span]!, start[child]!)
        followed.push(start[child]!)
        slack[child] = slack[span]!
      } else {
        slack[child] = slack[span]! + (nextStart(followed, end[child]!) ?? end[span]!) - end[child]!
      }
    }
  }
  return slack
}

/** The smallest of `starts` (descending) that is not before `time`. */
function nextStart(starts: readonly number[], time: number): number | undefined {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (starts[middle]! >= time) low = middle + 1
    else high = middle
  }
  return starts[low - 1]
}
