import type { Timeline } from './timeline.ts'

/**
 * The time until which the parent of each span waited for it, by the parent's clock: its end, but no later than the parent's own where
 * two clocks disagree a little. Late work, which nobody waited for, keeps its end.
 */
export function waitedUntil({ end, children: { first, all }, late, topDown }: Pick<Timeline, 'end' | 'children' | 'late' | 'topDown'>): Float64Array {
  let until = end
  for (let at = 0; at < topDown.length; at++) {
    const span = topDown[at]!
    for (let i = first[span]!; i < first[span + 1]!; i++) {
      const child = all[i]!
      if (late[child] === 1 || !(until[child]! > until[span]!)) continue
      // Most runs have one clock, and no such span.
      if (until === end) until = end.slice()
      until[child] = until[span]!
    }
  }
  return until
}
