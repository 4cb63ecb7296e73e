import { CANCELLED } from '../../../src/model/span.ts'
import type { SpanDraft } from '../shared/assemble.ts'
import { attributesOf, categoryOf } from './events.ts'
import type { Interval } from './intervals.ts'

/** How far up a nest is looked for a span that encloses another wholly. */
const MAX_LOOKS = 256
/** Deeper nests hang on this level. */
const MAX_DEPTH = 1_000

interface Nested extends Interval {
  readonly key: string
}

/** Who lies wholly inside whom. Asynchronous events and those that only overlap stand beside each other. */
export function nest(intervals: readonly Interval[], top: string, originUs: number): SpanDraft[] {
  const ns = (us: number): number => Math.round((us - originUs) * 1_000)
  const sorted = intervals.map((one, i): Nested => ({ ...one, key: `${top} ${i}` }))
    .sort((a, b) => a.start - b.start || b.end - a.end || a.order - b.order)
  const open: Nested[] = []
  return sorted.map((one) => {
    let parent: string = top
    if (!one.isAsync) {
      while (open.length > 0 && open.at(-1)!.end <= one.start && one.end > open.at(-1)!.start) open.pop()
      parent = enclosing(open, one)?.key ?? top
      if (open.length < MAX_DEPTH) open.push(one)
    }
    const { begin } = one
    return {
      key: one.key, parent, name: begin.name ?? '(no name)', category: categoryOf(begin),
      start: ns(one.start), end: ns(one.end),
      attributes: { ...attributesOf(begin), ...(one.isCut && { 'spanwise.time': 'inferred' }) },
      ...(one.isCut && { outcome: CANCELLED }),
    }
  })
}

function enclosing(open: readonly Nested[], { end }: Nested): Nested | undefined {
  for (let i = open.length - 1; i >= 0 && i >= open.length - MAX_LOOKS; i--) if (open[i]!.end >= end) return open[i]
  return undefined
}
