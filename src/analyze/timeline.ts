import type { Category, Span, Trace } from '../model/span.ts'
import { childrenOf, topDownOrder, type Children } from './children.ts'
import { connect, type Connected } from './connect.ts'
import { IdIndex } from './id-index.ts'
import { bytes } from './room.ts'
import { isInOrder, readColumns, reordered, type Columns } from './span-columns.ts'

export { childLists, topDownOrder } from './children.ts'

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
  readonly children: Children
  /** Parents before their children; backwards it is children before parents, without recursion. */
  readonly topDown: Int32Array
  /** 1 where the parent had ended before it did: nobody waited for it. By more than clocks disagree ({@link MAX_CLOCK_NS}). */
  readonly late: Uint8Array
  /** 1 for a span that failed. */
  readonly failed: Uint8Array
  readonly byId: Pick<IdIndex, 'get' | 'hasTwins'>
  /** Spans with details of a call of a model, and of a tool: most steps need only these, and most spans are neither. */
  readonly models: Int32Array
  readonly tools: Int32Array
  /** Spans that declare what they depend on. */
  readonly declaring: Int32Array
  /** Names with their categories, in order of first appearance; and which one each span has. A run has few of them. */
  readonly kinds: readonly Kind[]
  readonly kind: Int32Array
  /** Spans whose parent is not in the trace. */
  readonly orphans: readonly number[]
  readonly durationNs: number
}

export interface Kind {
  readonly name: string
  readonly category: Category
}

/**
 * A span may end so much later than its parent, and by that share of its own length, without being late: clocks of two processes
 * differ, and some tools write whole microseconds. Taken as late, it would be one that nobody had waited for.
 */
const MAX_CLOCK_NS = 500_000
const MAX_CLOCK_SHARE = 0.25

export function timelineOf(trace: Trace): Timeline {
  const byId = new IdIndex(trace.spans)
  const columns = readColumns(trace.spans)
  const draft = connect(trace.spans, columns, byId)
  // Recorded spans come in their order.
  if (isInOrder(columns, draft.depth)) return timelineFrom(columns, draft, byId)
  const sorted = reordered(columns, draft, byId)
  return timelineFrom(sorted.columns, sorted.draft, sorted.byId)
}

function timelineFrom(columns: Columns, { parent, depth, orphans }: Connected, byId: Timeline['byId']): Timeline {
  const { spans, start, end, kinds, kind } = columns
  const isOpen = closeEnds(columns)
  const children = childrenOf(parent)
  return {
    spans, start, end, parent, children, depth, byId, kinds, kind,
    failed: columns.failed,
    late: lateOnes(start, end, parent, isOpen),
    models: columns.models, tools: columns.tools, declaring: columns.declaring,
    topDown: topDownOrder(parent, children),
    orphans: orphans.toSorted((a, b) => a - b),
    durationNs: start.length === 0 ? 0 : end[0]! - start[0]!,
  }
}

/** Rounds the times, and gives open spans an end. @returns which ones were open; undefined: none */
function closeEnds({ start, end, open }: Columns): Uint8Array | undefined {
  let last = 0
  for (let i = 0; i < start.length; i++) {
    start[i] = Math.round(start[i]!)
    end[i] = Math.round(end[i]!)
    last = Math.max(last, start[i]!, end[i]! || 0)
  }
  const isOpen = open.length === 0 ? undefined : bytes(start.length)
  for (const i of open) isOpen![i] = 1
  const runEnd = Math.max(start[0] ?? 0, isOpen?.[0] === 1 || start.length === 0 ? last : end[0]!)
  for (let i = 0; i < start.length; i++) end[i] = Math.max(start[i]!, Number.isNaN(end[i]!) ? runEnd : end[i]!)
  return isOpen
}

/** A span still open although its parent ended is late as well. */
function lateOnes(start: Float64Array, end: Float64Array, parent: Int32Array, isOpen: Uint8Array | undefined): Uint8Array {
  const late = bytes(start.length)
  for (let i = 0; i < start.length; i++) {
    const p = parent[i]!
    if (p === -1) continue
    const overNs = end[i]! - end[p]!
    if (isOpen !== undefined && isOpen[i] === 1 && isOpen[p] === 0) late[i] = 1
    else if (overNs > 0 && (overNs > MAX_CLOCK_NS || overNs > (end[i]! - start[i]!) * MAX_CLOCK_SHARE)) late[i] = 1
  }
  return late
}
