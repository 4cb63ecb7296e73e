import type { SpanColumns } from '../../document/run-document.ts'
import { forestOf, type Forest } from './forest.ts'

/** Spans of one name and category are one operation. */
export interface Operations {
  readonly count: number
  /** Of each span. */
  readonly of: Int32Array
  /** Of each operation: a span of it. */
  readonly span: Int32Array
}

/** What a picture shows: frames, each of one span, or of siblings of one operation together. */
export interface Frames {
  readonly forest: Forest
  readonly operation: Int32Array
  readonly frameOf: Int32Array
  /** Of frame i: `spans` from `firstSpan[i]` up to `firstSpan[i + 1]`, in order of start. */
  readonly firstSpan: Int32Array
  readonly spans: Int32Array
}

export function operationsOf({ count, name, category, categories }: Pick<SpanColumns, 'count' | 'name' | 'category' | 'categories'>): Operations {
  const known = new Map<number, number>()
  const of = new Int32Array(count)
  const span: number[] = []
  for (let i = 0; i < count; i++) {
    const key = name[i]! * categories.length + category[i]!
    let operation = known.get(key)
    if (operation === undefined) {
      operation = span.push(i) - 1
      known.set(key, operation)
    }
    of[i] = operation
  }
  return { count: span.length, of, span: Int32Array.from(span) }
}

/** Each span a frame of its own, of the same number. */
export function singleFrames(forest: Forest, { of }: Operations): Frames {
  const places = Int32Array.from({ length: forest.count + 1 }, (_, i) => i)
  const spans = places.subarray(0, forest.count)
  return { forest, operation: of, frameOf: spans, firstSpan: places, spans }
}

/** Siblings of one operation in one frame, and what was inside of them merged in the same way. Recursion stays as it is. */
export function mergedFrames(spans: Forest, { of, count: operations }: Operations): Frames {
  const known = new Map<number, number>()
  const frameOf = new Int32Array(spans.count).fill(-1)
  const parents: number[] = []
  const operation: number[] = []
  for (const span of spans.topDown) {
    const above = spans.parent[span]!
    const parent = above === -1 ? -1 : frameOf[above]!
    const key = (parent + 1) * operations + of[span]!
    let frame = known.get(key)
    if (frame === undefined) {
      frame = parents.push(parent) - 1
      operation.push(of[span]!)
      known.set(key, frame)
    }
    frameOf[span] = frame
  }
  const forest = forestOf(Int32Array.from(parents))
  return { forest, operation: Int32Array.from(operation), frameOf, ...membersOf(frameOf, forest.count) }
}

function membersOf(frameOf: Int32Array, count: number): Pick<Frames, 'firstSpan' | 'spans'> {
  const firstSpan = new Int32Array(count + 1)
  for (const frame of frameOf) if (frame !== -1) firstSpan[frame + 1]!++
  for (let i = 1; i <= count; i++) firstSpan[i]! += firstSpan[i - 1]!
  const next = firstSpan.slice()
  const spans = new Int32Array(firstSpan[count]!)
  frameOf.forEach((frame, span) => {
    if (frame !== -1) spans[next[frame]!++] = span
  })
  return { firstSpan, spans }
}

/** A frame's own weight: that of its spans. */
export function selfOf({ forest, firstSpan, spans }: Frames, weights: Float64Array): Float64Array {
  const self = new Float64Array(forest.count)
  for (let frame = 0; frame < forest.count; frame++) {
    let sum = 0
    for (let at = firstSpan[frame]!; at < firstSpan[frame + 1]!; at++) sum += weights[spans[at]!]!
    self[frame] = sum
  }
  return self
}

/** The least, the median and the most of a frame's values. */
export function spreadOf({ firstSpan, spans }: Frames, frame: number, value: (span: number) => number): { readonly least: number; readonly median: number; readonly most: number } {
  const values = Float64Array.from(spans.subarray(firstSpan[frame], firstSpan[frame + 1]), value).sort()
  const middle = (values.length - 1) / 2
  return { least: values[0] ?? 0, median: ((values[Math.floor(middle)] ?? 0) + (values[Math.ceil(middle)] ?? 0)) / 2, most: values.at(-1) ?? 0 }
}
