import { childLists } from '../../../src/analyze/timeline.ts'
import { criticalPath } from '../../../src/analyze/critical-path.ts'
import type { SpanColumns } from '../../document/run-document.ts'
import { forestOf, totalsOf, type Forest } from './forest.ts'
import type { Frames, Operations } from './frames.ts'

/** The critical path as stacks over time. */
export interface PathFrames extends Frames {
  readonly from: Float64Array
  readonly to: Float64Array
  /** What the run waited for in the frame itself. */
  readonly self: Float64Array
}

/**
 * Each instant of the run belongs to one span; it and all that it lies in are the stack of that instant. Stacks that follow each other
 * share the frames that they have in common, so that a span is as many frames as the path came back to it. Widths add up, although each
 * frame is where it was in time.
 */
export function pathFrames({ parent, topDown }: Forest, operations: Operations, { start, end, late, depth, count }: SpanColumns): PathFrames {
  const pieces: { readonly span: number; readonly from: number; readonly to: number }[] = []
  criticalPath({ start, end, late, children: childLists(parent), topDown }, (span, from, to) => {
    if (to > from) pieces.push({ span, from, to })
  })
  pieces.sort((a, b) => a.from - b.from)
  const spans: number[] = []
  const parents: number[] = []
  const self: number[] = []
  const froms: number[] = []
  const frameOf = new Int32Array(count).fill(-1)
  /** Frames that are open, from the root on. */
  const open: number[] = []
  for (const { span, from, to } of pieces) {
    const stack: number[] = []
    let at = span
    // Up to what is open already.
    while (at !== -1 && spans[open[depth[at]!] ?? -1] !== at) {
      stack.push(at)
      at = parent[at]!
    }
    open.length = at === -1 ? 0 : depth[at]! + 1
    while (stack.length > 0) {
      const one = stack.pop()!
      const frame = spans.push(one) - 1
      parents.push(open.at(-1) ?? -1)
      self.push(0)
      froms.push(from)
      open.push(frame)
      if (frameOf[one] === -1) frameOf[one] = frame
    }
    self[open.at(-1)!]! += to - from
  }
  const members = Int32Array.from(spans)
  const forest = forestOf(Int32Array.from(parents))
  const total = totalsOf(forest, Float64Array.from(self))
  return {
    forest, operation: members.map((span) => operations.of[span]!), frameOf,
    firstSpan: Int32Array.from({ length: spans.length + 1 }, (_, i) => i), spans: members,
    self: Float64Array.from(self), from: Float64Array.from(froms), to: total.map((time, frame) => froms[frame]! + time),
  }
}
