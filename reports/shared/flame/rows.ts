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
  /** Places of spans, in order of start; when `sorted` the longest is last. */
  members: number[]
  sorted: boolean
  wasSplit: boolean
  readonly children: Lane[]
}

interface Step {
  readonly kind: 'show' | 'split'
  readonly lane: Lane
}

/**
 * Loops are plain here and in what it calls: there may be a million spans.
 * @param weigh what a span is worth showing, such as its duration
 * @param least what it must be worth to leave a shared row
 */
export function flameRows(
  spans: readonly SpanView[], maxRows: number, weigh: Weigh, least: number,
): { readonly rows: readonly FlameRow[]; readonly hidden: HiddenSpans } {
  const { roots, firstChild, children } = tree(spans)
  const weights = new Float64Array(spans.length)
  for (let i = 0; i < spans.length; i++) weights[i] = weigh(spans[i]!)
  const top: Lane = { parent: undefined, depth: -1, members: [], sorted: false, wasSplit: false, children: [] }
  const steps = new MaxHeap<Step>()
  let left = maxRows
  const offer = (members: readonly number[], parent: Lane): void => {
    const isLeaf = (span: number): boolean => firstChild[span] === firstChild[span + 1]
    for (const group of spans.length <= maxRows ? members.map((span) => [span]) : groups(members, spans, left, isLeaf)) {
      const lane: Lane = { parent, depth: parent.depth + 1, members: group, sorted: false, wasSplit: false, children: [] }
      let worth = 0
      for (let i = 0; i < group.length; i++) worth += weights[group[i]!]!
      steps.push({ kind: 'show', lane }, worth)
    }
  }
  offer(roots, top)
  for (let step = steps.pop(); step !== undefined && left > 0; step = steps.pop()) {
    const { lane } = step
    left -= 1
    if (step.kind === 'split') lane.parent?.children.push(takeLongest(lane))
    else lane.parent?.children.push(lane)
    const below: number[] = []
    for (const span of lane.members) for (let i = firstChild[span]!; i < firstChild[span + 1]!; i++) below.push(children[i]!)
    if (below.length > 0) offer(below, lane)
    else if (lane.members.length > 1) {
      const worth = weights[longestOf(lane, weights, spans)]!
      if (worth >= least) steps.push({ kind: 'split', lane }, worth)
    }
  }
  return inOrder(top, spans)
}

const NEAR = 8

interface Tree {
  readonly roots: readonly number[]
  /** The children of all spans, those of span i from `firstChild[i]` up to `firstChild[i + 1]`. */
  readonly children: Int32Array
  readonly firstChild: Int32Array
}

function tree(spans: readonly SpanView[]): Tree {
  let places: Map<string, number> | undefined
  const roots: number[] = []
  const parents = new Int32Array(spans.length)
  const firstChild = new Int32Array(spans.length + 2)
  for (let i = 0; i < spans.length; i++) {
    const { parentId } = spans[i]!
    // Spans come in order of start: mostly the parent is the span before, or one of those around it.
    let parent = parentId === undefined ? -1 : i - 1
    for (let near = 0; parent !== -1 && spans[parent]!.id !== parentId; near++) parent = near < NEAR ? parents[parent]! : -1
    if (parent === -1 && parentId !== undefined) {
      places ??= placesOf(spans)
      parent = places.get(parentId) ?? -1
    }
    parents[i] = parent
    if (parent === -1) roots.push(i)
    else firstChild[parent + 2]!++
  }
  for (let i = 2; i < firstChild.length; i++) firstChild[i]! += firstChild[i - 1]!
  const children = new Int32Array(spans.length)
  // One place further on, each is the end of what has been filled in, and at last where it begins.
  for (let i = 0; i < spans.length; i++) if (parents[i] !== -1) children[firstChild[parents[i]! + 1]!++] = i
  return { roots, children, firstChild }
}

/** Of two spans with one id the first is meant. */
function placesOf(spans: readonly SpanView[]): Map<string, number> {
  const places = new Map<string, number>()
  for (let i = spans.length - 1; i >= 0; i--) places.set(spans[i]!.id, i)
  return places
}

/** Equal siblings together, except a few with an inner life, which are worth a row each. */
function groups(siblings: readonly number[], spans: readonly SpanView[], left: number, isLeaf: (span: number) => boolean): number[][] {
  const byCategory = new Map<string, Map<string, number[]>>()
  const all: number[][] = []
  for (const span of siblings) {
    const { category, name } = spans[span]!
    let byName = byCategory.get(category)
    if (byName === undefined) byCategory.set(category, (byName = new Map()))
    const group = byName.get(name)
    if (group !== undefined) group.push(span)
    else {
      const first = [span]
      byName.set(name, first)
      all.push(first)
    }
  }
  return all.flatMap((group) => (group.length <= left / 2 && !group.every(isLeaf) ? group.map((span) => [span]) : [group]))
}

function longestOf(lane: Lane, weights: Float64Array, spans: readonly SpanView[]): number {
  if (!lane.sorted) {
    lane.sorted = true
    lane.members.sort((a, b) => weights[a]! - weights[b]! || spans[b]!.startNs - spans[a]!.startNs)
  }
  return lane.members.at(-1)!
}

function takeLongest(lane: Lane): Lane {
  const span = lane.members.pop()!
  lane.wasSplit = true
  return { ...lane, members: [span], sorted: false, wasSplit: false, children: [] }
}

function inOrder(top: Lane, spans: readonly SpanView[]): { rows: FlameRow[]; hidden: HiddenSpans } {
  const rows: FlameRow[] = []
  const shown = new Uint8Array(spans.length)
  const starts = new Float64Array(spans.length)
  for (let i = 0; i < spans.length; i++) starts[i] = spans[i]!.startNs
  const stack = [top]
  for (let lane = stack.pop(); lane !== undefined; lane = stack.pop()) {
    if (lane.sorted) lane.members.sort((a, b) => starts[a]! - starts[b]!)
    if (lane !== top) rows.push({ depth: lane.depth, spans: lane.members.map((span) => spans[span]!), rest: isRest(lane) })
    for (const span of lane.members) shown[span] = 1
    for (const child of ordered(lane.children, starts).reverse()) stack.push(child)
  }
  return { rows, hidden: hiddenOf(spans, shown) }
}

const isRest = (lane: Lane): boolean => lane.wasSplit && lane.members.length > 1

/** In order of start, what shares a row after what has one alone. */
const ordered = (lanes: readonly Lane[], starts: Float64Array): Lane[] =>
  lanes.map((lane) => ({ lane, shared: Number(lane.members.length > 1), start: firstStart(lane, starts) }))
    .sort((a, b) => a.shared - b.shared || a.start - b.start)
    .map(({ lane }) => lane)

const firstStart = (lane: Lane, starts: Float64Array): number =>
  lane.members.reduce((first, span) => Math.min(first, starts[span]!), Infinity)

function hiddenOf(spans: readonly SpanView[], shown: Uint8Array): HiddenSpans {
  const counts = new Map<string, number>()
  let count = 0
  let longestNs = 0
  for (let i = 0; i < spans.length; i++) {
    if (shown[i] === 1) continue
    const { name, durationNs } = spans[i]!
    count++
    counts.set(name, (counts.get(name) ?? 0) + 1)
    longestNs = Math.max(longestNs, durationNs)
  }
  return { count, longestNs, names: [...counts].sort(([, a], [, b]) => b - a) }
}
