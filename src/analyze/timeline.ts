import type { Span, Trace } from '../model/span.ts'
import { IdIndex } from './id-index.ts'

/**
 * The spans of a run as arrays that the steps of the analysis share, all indexed alike: in order of start, the root at 0.
 * What a trace may leave open is decided here, once:
 *
 * - the run ends with its root, or with its last span when the root is open;
 * - a span that is open ends with the run; one that would end before it starts has no length;
 * - a span whose parent is missing, or that is its own ancestor, hangs under the root;
 * - equal starts are ordered by depth, then by id, so that the order in which spans arrived changes nothing.
 */
export interface Timeline {
  readonly spans: readonly Span[]
  readonly start: Float64Array
  readonly end: Float64Array
  /** -1 for the root. */
  readonly parent: Int32Array
  readonly depth: Int32Array
  /** Children in order of start. */
  readonly children: readonly (readonly number[])[]
  /** Parents before their children; backwards it is children before parents, without recursion. */
  readonly topDown: readonly number[]
  /** Whether the parent had ended before it did: nobody waited for it. */
  readonly late: readonly boolean[]
  /** 1 for a span that failed. */
  readonly failed: Uint8Array
  readonly byId: Pick<IdIndex, 'get'>
  /** Spans whose parent is not in the trace. */
  readonly orphans: readonly number[]
  readonly durationNs: number
}

const NONE: readonly number[] = Object.freeze([])

export function timelineOf(trace: Trace): Timeline {
  const arrived = new IdIndex(trace.spans)
  const draft = connect(trace.spans, arrived)
  const order = orderSpans(trace.spans, draft.depth)
  const position = new Int32Array(order.length)
  order.forEach((old, index) => (position[old] = index))

  const spans = order.map((old) => trace.spans[old]!)
  const { start, end } = times(spans)
  const parent = Int32Array.from(order, (old) => (draft.parent[old] === -1 ? -1 : position[draft.parent[old]!]!))
  const children = childLists(parent)
  const late = spans.map((span, i) => isLate(span, parent[i]!, spans, end, i))
  return {
    spans, start, end, parent, children, late,
    failed: Uint8Array.from(spans, ({ outcome }) => (outcome.state === 'failed' ? 1 : 0)),
    depth: Int32Array.from(order, (old) => draft.depth[old]!),
    topDown: topDownOrder(children),
    // Recorded spans come in their order.
    byId: order.every((old, index) => old === index) ? arrived : new IdIndex(spans),
    orphans: draft.orphans.map((old) => position[old]!).sort((a, b) => a - b),
    durationNs: spans.length === 0 ? 0 : end[0]! - start[0]!,
  }
}

interface Connected {
  readonly parent: Int32Array
  readonly depth: Int32Array
  readonly orphans: readonly number[]
}

/** Resolves parents; what the root does not reach is hung under it. */
function connect(spans: readonly Span[], byId: IdIndex): Connected {
  const count = spans.length
  const parent = new Int32Array(count).fill(-1)
  const depth = new Int32Array(count).fill(-1)
  const orphans: number[] = []
  const root = Math.max(0, spans.findIndex(({ parentId }) => parentId === undefined || byId.get(parentId) === undefined))
  for (let i = 0; i < count; i++) {
    if (i === root) continue
    const { parentId } = spans[i]!
    const found = parentId === undefined ? undefined : byId.get(parentId)
    if (found === undefined) orphans.push(i)
    parent[i] = found ?? root
  }
  const children = childLists(parent)
  const reach = (from: number, at: number): void => {
    depth[from] = at
    const queue = [from]
    for (let head = 0; head < queue.length; head++) {
      const node = queue[head]!
      for (const child of children[node]!) {
        if (depth[child] !== -1) continue
        depth[child] = depth[node]! + 1
        queue.push(child)
      }
    }
  }
  if (count > 0) reach(root, 0)
  for (const i of cycles(spans, depth)) {
    if (depth[i] !== -1) continue
    parent[i] = root
    orphans.push(i)
    reach(i, 1)
  }
  return { parent, depth, orphans }
}

/** Spans that no parent chain ties to the root, in an order that does not depend on their arrival. */
function cycles(spans: readonly Span[], depth: Int32Array): number[] {
  const unreached: number[] = []
  for (let i = 0; i < spans.length; i++) if (depth[i] === -1) unreached.push(i)
  return unreached.sort((a, b) => spans[a]!.start - spans[b]!.start || compareText(spans[a]!.id, spans[b]!.id))
}

function orderSpans(spans: readonly Span[], depth: Int32Array): number[] {
  const order = spans.map((_, i) => i)
  return order.sort((a, b) => {
    // The root comes first even when the clock of an imported child ran ahead.
    if (depth[a] === 0 || depth[b] === 0) return depth[a]! - depth[b]!
    return spans[a]!.start - spans[b]!.start || depth[a]! - depth[b]! || compareText(spans[a]!.id, spans[b]!.id)
  })
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function times(spans: readonly Span[]): { readonly start: Float64Array; readonly end: Float64Array } {
  const start = Float64Array.from(spans, (span) => Math.round(span.start))
  const end = new Float64Array(spans.length)
  let last = 0
  for (let i = 0; i < spans.length; i++) last = Math.max(last, start[i]!, Math.round(spans[i]!.end ?? 0))
  const runEnd = Math.max(start[0] ?? 0, Math.round(spans[0]?.end ?? last))
  for (let i = 0; i < spans.length; i++) end[i] = Math.max(start[i]!, Math.round(spans[i]!.end ?? runEnd))
  return { start, end }
}

function childLists(parent: Int32Array): (readonly number[])[] {
  const counts = new Int32Array(parent.length)
  for (const p of parent) if (p !== -1) counts[p]!++
  // Of their length from the start: a list that grows takes room for seventeen, and most spans have one child or none.
  const lists = Array.from(counts, (count): readonly number[] => (count === 0 ? NONE : new Array<number>(count).fill(0)))
  counts.fill(0)
  for (let i = 0; i < parent.length; i++) {
    const p = parent[i]!
    if (p !== -1) (lists[p] as number[])[counts[p]!++] = i
  }
  return lists
}

function topDownOrder(children: readonly (readonly number[])[]): number[] {
  const order: number[] = children.length === 0 ? [] : [0]
  for (let head = 0; head < order.length; head++) for (const child of children[order[head]!]!) order.push(child)
  return order
}

/** A span still open although its parent ended is late as well. */
function isLate(span: Span, parent: number, spans: readonly Span[], end: Float64Array, i: number): boolean {
  if (parent === -1) return false
  return end[i]! > end[parent]! || (span.end === undefined && spans[parent]!.end !== undefined)
}
