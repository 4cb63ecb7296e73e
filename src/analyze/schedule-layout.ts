import type { Times } from './schedule-plan.ts'

/** The times of all spans of a simulated run, nanoseconds since the run began. */
export interface Layout {
  readonly start: Float64Array
  readonly end: Float64Array
  /** 1 for a span that starts earlier in its parent than it did, or is shorter. */
  readonly moved: Uint8Array
}

export interface Simulated {
  /** How much shorter each span gets. */
  readonly less: Float64Array
  /** The same as far as its children make it so; it is more or less than `less` where a span's length was given. */
  readonly inner: Float64Array
  /** How much later it starts in its parent than it did. */
  readonly shift: Float64Array
}

/**
 * From what each span takes, and where it stands in its parent, to where it stands in the run:
 *
 * - a span whose length was given, and whose children would not fit, has all in it compressed alike, in order; one that takes no time
 *   any more has all in it at its start;
 * - late work keeps its length and its distance from the start of its parent, if that has not ended by then, or else from its
 *   end. What began while the parent ran begins no later than the parent now ends.
 */
export function layOut(run: Times, { less, inner, shift }: Simulated): Layout {
  const { parent, topDown, late } = run
  const start = new Float64Array(parent.length)
  const end = new Float64Array(parent.length)
  const moved = new Uint8Array(parent.length)
  /** By how much what is in a span is compressed. */
  const scale = new Float64Array(parent.length)
  for (let at = 0; at < topDown.length; at++) {
    const i = topDown[at]!
    const p = parent[i]!
    const measured = run.end[i]! - run.start[i]!
    const offset = p === -1 ? run.start[i]! : run.start[i]! - run.start[p]!
    let begin = offset + shift[i]!
    let length = Math.max(0, measured - less[i]!)
    if (p !== -1 && late[i] === 1) {
      const now = end[p]! - start[p]!
      const then = run.end[p]! - run.start[p]!
      begin = offset <= then ? Math.min(offset, now) : offset + now - then
    } else if (p !== -1 && scale[p] !== 1) {
      // Rounded alike, so that what was in order, or inside, stays so.
      const most = end[p]! - start[p]!
      const until = Math.min(most, Math.floor((begin + length) * scale[p]!))
      begin = Math.min(most, Math.floor(begin * scale[p]!))
      length = until - begin
    }
    start[i] = p === -1 ? begin : start[p]! + begin
    end[i] = start[i]! + length
    if (begin < offset || length < measured) moved[i] = 1
    const full = measured - inner[i]!
    scale[i] = full > length ? length / full : 1
  }
  return { start, end, moved }
}
