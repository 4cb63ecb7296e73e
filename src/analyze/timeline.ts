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
  readonly topDown: Int32Array
  /** 1 where the parent had ended before it did: nobody waited for it. By more than clocks disagree ({@link MAX_CLOCK_NS}). */
  readonly late: Uint8Array
  /** 1 for a span that failed. */
  readonly failed: Uint8Array
  readonly byId: Pick<IdIndex, 'get'>
  /** Spans with details of a call of a model, and of a tool: most steps need only these, and most spans are neither. */
  readonly models: Int32Array
  readonly tools: Int32Array
  /** Spans whose parent is not in the trace. */
  readonly orphans: readonly number[]
  readonly durationNs: number
}

const NONE: readonly number[] = Object.freeze([])

/**
 * A span may end so much later than its parent, and by that share of its own length, without being late: clocks of two processes
 * differ, and some tools write whole microseconds. Taken as late, it would be one that nobody had waited for.
 */
const MAX_CLOCK_NS = 500_000
const MAX_CLOCK_SHARE = 0.25

export function timelineOf(trace: Trace): Timeline {
  const arrived = new IdIndex(trace.spans)
  const draft = connect(trace.spans, arrived)
  // Recorded spans come in their order.
  const { spans, parent, depth, orphans } = isInOrder(trace.spans, draft.depth) ? { ...draft, spans: trace.spans } : inOrder(trace.spans, draft)
  const byId = spans === trace.spans ? arrived : new IdIndex(spans)
  const count = spans.length
  const { start, end } = times(spans)
  const children = childLists(parent)
  const failed = new Uint8Array(count)
  const late = new Uint8Array(count)
  const models: number[] = []
  const tools: number[] = []
  for (let i = 0; i < count; i++) {
    const span = spans[i]!
    if (span.outcome.state === 'failed') failed[i] = 1
    if (isLate(span, parent[i]!, spans, start, end, i)) late[i] = 1
    if (span.llm !== undefined) models.push(i)
    if (span.tool !== undefined) tools.push(i)
  }
  return {
    spans, start, end, parent, children, depth, byId, failed, late, models: Int32Array.from(models), tools: Int32Array.from(tools),
    topDown: topDownOrder(parent, children),
    orphans: orphans.toSorted((a, b) => a - b),
    durationNs: count === 0 ? 0 : end[0]! - start[0]!,
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
  const orphans: number[] = []
  const root = Math.max(0, spans.findIndex(({ parentId }) => parentId === undefined || byId.get(parentId) === undefined))
  // Neighbours often have the same parent.
  let [lastId, last] = ['', -1]
  for (let i = 0; i < count; i++) {
    if (i === root) continue
    const { parentId } = spans[i]!
    if (parentId !== lastId || last === -1) {
      lastId = parentId ?? ''
      last = parentId === undefined ? -1 : (byId.get(parentId) ?? -1)
    }
    if (last === -1) orphans.push(i)
    parent[i] = last === -1 ? root : last
  }
  const depth = depthsOf(parent, root)
  const unreached = cycles(spans, depth)
  if (unreached.length > 0) hang(unreached, root, { parent, depth, orphans })
  return { parent, depth, orphans }
}

/** -1 for what no chain of parents ties to the root. */
function depthsOf(parent: Int32Array, root: number): Int32Array {
  const UNKNOWN = -2
  const LOOSE = -1
  const depth = new Int32Array(parent.length).fill(UNKNOWN)
  if (parent.length > 0) depth[root] = 0
  const chain: number[] = []
  for (let i = 0; i < parent.length; i++) {
    let node = i
    while (depth[node] === UNKNOWN) {
      // Loose until its chain is known to reach the root; who comes back to it is in a cycle.
      depth[node] = LOOSE
      chain.push(node)
      node = parent[node]!
    }
    let at = depth[node]!
    while (chain.length > 0) depth[chain.pop()!] = at === LOOSE ? LOOSE : ++at
  }
  return depth
}

/** Spans that no parent chain ties to the root, in an order that does not depend on their arrival. */
function cycles(spans: readonly Span[], depth: Int32Array): number[] {
  const unreached: number[] = []
  for (let i = 0; i < spans.length; i++) if (depth[i] === -1) unreached.push(i)
  return unreached.sort((a, b) => spans[a]!.start - spans[b]!.start || compareText(spans[a]!.id, spans[b]!.id))
}

function hang(unreached: readonly number[], root: number, { parent, depth, orphans }: Connected & { readonly orphans: number[] }): void {
  const children = childLists(parent)
  for (const i of unreached) {
    if (depth[i] !== -1) continue
    parent[i] = root
    orphans.push(i)
    depth[i] = 1
    const queue = [i]
    for (let head = 0; head < queue.length; head++) {
      const node = queue[head]!
      for (const child of children[node]!) {
        if (depth[child] !== -1) continue
        depth[child] = depth[node]! + 1
        queue.push(child)
      }
    }
  }
}

function inOrder(arrived: readonly Span[], draft: Connected): Connected & { readonly spans: readonly Span[] } {
  const order = arrived.map((_, i) => i).sort(comparison(arrived, draft.depth))
  const position = new Int32Array(order.length)
  for (let i = 0; i < order.length; i++) position[order[i]!] = i
  const parent = new Int32Array(order.length)
  const depth = new Int32Array(order.length)
  for (let i = 0; i < order.length; i++) {
    const old = order[i]!
    parent[i] = draft.parent[old] === -1 ? -1 : position[draft.parent[old]!]!
    depth[i] = draft.depth[old]!
  }
  return { spans: order.map((old) => arrived[old]!), parent, depth, orphans: draft.orphans.map((old) => position[old]!) }
}

function isInOrder(spans: readonly Span[], depth: Int32Array): boolean {
  const compare = comparison(spans, depth)
  for (let i = 1; i < spans.length; i++) if (compare(i - 1, i) > 0) return false
  return true
}

function comparison(spans: readonly Span[], depth: Int32Array): (a: number, b: number) => number {
  return (a, b) => {
    // The root comes first even when the clock of an imported child ran ahead.
    if (depth[a] === 0 || depth[b] === 0) return depth[a]! - depth[b]!
    return spans[a]!.start - spans[b]!.start || depth[a]! - depth[b]! || compareText(spans[a]!.id, spans[b]!.id)
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function times(spans: readonly Span[]): { readonly start: Float64Array; readonly end: Float64Array } {
  const start = new Float64Array(spans.length)
  const end = new Float64Array(spans.length)
  let last = 0
  for (let i = 0; i < spans.length; i++) {
    const span = spans[i]!
    start[i] = Math.round(span.start)
    end[i] = Math.round(span.end ?? NaN)
    last = Math.max(last, start[i]!, end[i]! || 0)
  }
  const runEnd = Math.max(start[0] ?? 0, Math.round(spans[0]?.end ?? last))
  for (let i = 0; i < spans.length; i++) end[i] = Math.max(start[i]!, Number.isNaN(end[i]!) ? runEnd : end[i]!)
  return { start, end }
}

export function childLists(parent: Int32Array): (readonly number[])[] {
  const ends = new Int32Array(parent.length + 1)
  for (let i = 0; i < parent.length; i++) if (parent[i] !== -1) ends[parent[i]! + 1]!++
  for (let i = 1; i < ends.length; i++) ends[i]! += ends[i - 1]!
  const all: number[] = []
  for (let i = 0; i < parent.length; i++) all.push(0)
  // While it is filled, each entry is where the next child of that span goes; afterwards, where its children end.
  for (let i = 0; i < parent.length; i++) if (parent[i] !== -1) all[ends[parent[i]!]!++] = i
  // Slices have just the room they need: a list that grows takes room for seventeen, and most spans have one child or none.
  const lists: (readonly number[])[] = []
  for (let i = 0; i < parent.length; i++) {
    const from = i === 0 ? 0 : ends[i - 1]!
    lists.push(from === ends[i] ? NONE : all.slice(from, ends[i]))
  }
  return lists
}

/** In order of start wherever that will do: then each step goes through memory from its beginning to its end. */
export function topDownOrder(parent: Int32Array, children: readonly (readonly number[])[]): Int32Array {
  const order = new Int32Array(parent.length)
  let isOrder = true
  for (let i = 0; i < order.length; i++) {
    order[i] = i
    if (parent[i]! >= i) isOrder = false
  }
  if (isOrder) return order
  let length = 1
  for (let head = 0; head < order.length; head++) for (const child of children[order[head]!]!) order[length++] = child
  return order
}

/** A span still open although its parent ended is late as well. */
function isLate(span: Span, parent: number, spans: readonly Span[], start: Float64Array, end: Float64Array, i: number): boolean {
  if (parent === -1) return false
  const overNs = end[i]! - end[parent]!
  if (overNs <= 0 && span.end !== undefined) return false
  if (span.end === undefined && spans[parent]!.end !== undefined) return true
  return overNs > 0 && (overNs > MAX_CLOCK_NS || overNs > (end[i]! - start[i]!) * MAX_CLOCK_SHARE)
}
