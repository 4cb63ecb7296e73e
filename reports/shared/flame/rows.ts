import type { SpanView } from '../../../src/model/analysis.ts'
import { MaxHeap } from './heap.ts'

/**
 * Which rows a flame chart shows when a run has more spans than the chart has lines.
 *
 * Spans of one name under one parent share a row (`search ×12`) until there is room for more: then the longest leave it for
 * rows of their own, longest first, as far as they are long enough to tell
 * something. What is shortest stays hidden, and is counted. Rows exist only for what is shown.
 */
export interface FlameRow {
  readonly depth: number
  /** One span, or several of one name and category, in order of start. */
  readonly spans: readonly SpanView[]
  /** Set on what is left of a group of which others have rows of their own. */
  readonly rest: boolean
}

export interface HiddenSpans {
  readonly count: number
  readonly longestNs: number
  /** The most frequent names first. */
  readonly names: readonly (readonly [name: string, count: number])[]
}

type Weigh = (span: SpanView) => number

interface Lane {
  readonly parent: Lane | undefined
  readonly depth: number
  /** In order of start; when `sorted` the longest is last. */
  members: SpanView[]
  sorted: boolean
  wasSplit: boolean
  readonly children: Lane[]
}

interface Step {
  readonly kind: 'show' | 'split'
  readonly lane: Lane
}

/**
 * @param weigh what a span is worth showing, such as its duration
 * @param least what it must be worth to leave a shared row
 */
export function flameRows(
  spans: readonly SpanView[], maxRows: number, weigh: Weigh, least: number,
): { readonly rows: readonly FlameRow[]; readonly hidden: HiddenSpans } {
  const { roots, childrenOf } = tree(spans)
  const top: Lane = { parent: undefined, depth: -1, members: [], sorted: false, wasSplit: false, children: [] }
  const steps = new MaxHeap<Step>()
  let left = maxRows
  const offer = (members: readonly SpanView[], parent: Lane): void => {
    const isLeaf = (span: SpanView): boolean => !childrenOf.has(span.id)
    for (const group of spans.length <= maxRows ? members.map((span) => [span]) : groups(members, left, isLeaf)) {
      const lane: Lane = { parent, depth: parent.depth + 1, members: group, sorted: false, wasSplit: false, children: [] }
      steps.push({ kind: 'show', lane }, group.reduce((sum, span) => sum + weigh(span), 0))
    }
  }
  offer(roots, top)
  for (let step = steps.pop(); step !== undefined && left > 0; step = steps.pop()) {
    const { lane } = step
    left -= 1
    if (step.kind === 'split') lane.parent?.children.push(takeLongest(lane))
    else lane.parent?.children.push(lane)
    const children = lane.members.flatMap((span) => childrenOf.get(span.id) ?? [])
    if (children.length > 0) offer(children, lane)
    else if (lane.members.length > 1) {
      const worth = weigh(longestOf(lane, weigh))
      if (worth >= least) steps.push({ kind: 'split', lane }, worth)
    }
  }
  return inOrder(top, spans)
}

function tree(spans: readonly SpanView[]): { roots: SpanView[]; childrenOf: Map<string, SpanView[]> } {
  const ids = new Set(spans.map(({ id }) => id))
  const roots: SpanView[] = []
  const childrenOf = new Map<string, SpanView[]>()
  for (const span of spans) {
    if (span.parentId === undefined || !ids.has(span.parentId)) roots.push(span)
    else {
      const siblings = childrenOf.get(span.parentId)
      if (siblings === undefined) childrenOf.set(span.parentId, [span])
      else siblings.push(span)
    }
  }
  return { roots, childrenOf }
}

/** Equal siblings together, except a few with an inner life, which are worth a row each. */
function groups(siblings: readonly SpanView[], left: number, isLeaf: (span: SpanView) => boolean): SpanView[][] {
  const byName = new Map<string, SpanView[]>()
  for (const span of siblings) {
    const key = `${span.category}\n${span.name}`
    const group = byName.get(key)
    if (group === undefined) byName.set(key, [span])
    else group.push(span)
  }
  return [...byName.values()].flatMap((group) =>
    group.length <= left / 2 && !group.every(isLeaf) ? group.map((span) => [span]) : [group])
}

function longestOf(lane: Lane, weigh: Weigh): SpanView {
  if (!lane.sorted) {
    lane.sorted = true
    lane.members.sort((a, b) => weigh(a) - weigh(b) || b.startNs - a.startNs)
  }
  return lane.members.at(-1) as SpanView
}

function takeLongest(lane: Lane): Lane {
  const span = lane.members.pop() as SpanView
  lane.wasSplit = true
  return { ...lane, members: [span], sorted: false, wasSplit: false, children: [] }
}

function inOrder(top: Lane, spans: readonly SpanView[]): { rows: FlameRow[]; hidden: HiddenSpans } {
  const rows: FlameRow[] = []
  const stack = [top]
  for (let lane = stack.pop(); lane !== undefined; lane = stack.pop()) {
    if (lane.sorted) lane.members.sort((a, b) => a.startNs - b.startNs)
    if (lane !== top) rows.push({ depth: lane.depth, spans: lane.members, rest: isRest(lane) })
    for (const child of ordered(lane.children).reverse()) stack.push(child)
  }
  return { rows, hidden: hiddenOf(spans, rows) }
}

const isRest = (lane: Lane): boolean => lane.wasSplit && lane.members.length > 1

/** In order of start, what shares a row after what has one alone. */
const ordered = (lanes: readonly Lane[]): Lane[] =>
  lanes.map((lane) => ({ lane, shared: Number(lane.members.length > 1), start: firstStart(lane) }))
    .sort((a, b) => a.shared - b.shared || a.start - b.start)
    .map(({ lane }) => lane)

const firstStart = (lane: Lane): number => lane.members.reduce((first, { startNs }) => Math.min(first, startNs), Infinity)

function hiddenOf(spans: readonly SpanView[], rows: readonly FlameRow[]): HiddenSpans {
  const shown = new Set(rows.flatMap((row) => row.spans))
  const counts = new Map<string, number>()
  let longestNs = 0
  for (const span of spans) {
    if (shown.has(span)) continue
    counts.set(span.name, (counts.get(span.name) ?? 0) + 1)
    longestNs = Math.max(longestNs, span.durationNs)
  }
  return { count: spans.length - shown.size, longestNs, names: [...counts].sort(([, a], [, b]) => b - a) }
}
