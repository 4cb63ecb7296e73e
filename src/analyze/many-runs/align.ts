import type { Analysis, SpanView } from '../../model/analysis.ts'
import type { Category } from '../../model/span.ts'
import type { SpanChange } from '../../model/many-runs.ts'

/** A place in the tree: all spans whose names from the root are the same. The root is one place whatever it is called. */
export interface Place {
  readonly index: number
  readonly parent: Place | undefined
  readonly name: string
  readonly category: Category
  renamedTo?: string
}

/** The places of several runs, each found by its parent's place, its category and its name. */
export class Places {
  readonly all: Place[] = []
  readonly #byKey = new Map<string, Place>()

  /** @returns the place of each span of the run, indexed like `spans`; parents stand before their children */
  of({ spans }: Pick<Analysis, 'spans'>): readonly Place[] {
    const byId = new Map<string, Place>()
    // Children may start before their parent when clocks differ, so parents are looked up on the way down by depth.
    const order = spans.map((_, i) => i).sort((a, b) => spans[a]!.depth - spans[b]!.depth || a - b)
    const places: Place[] = []
    for (const i of order) {
      const span = spans[i]!
      const parent = span.parentId === undefined ? undefined : byId.get(span.parentId)
      const place = this.#place(parent, span)
      byId.set(span.id, place)
      places[i] = place
    }
    return places
  }

  #place(parent: Place | undefined, { name, category }: SpanView): Place {
    const key = parent === undefined ? '' : JSON.stringify([parent.index, category, name])
    let place = this.#byKey.get(key)
    if (place === undefined) {
      place = { index: this.all.length, parent, name, category }
      this.all.push(place)
      this.#byKey.set(key, place)
    }
    return place
  }
}

/** Longer paths lose their beginning: the names of a very deep tree would take the square of its depth. */
const MAX_PATH = 100

/** The names from the root. */
export function pathOf(place: Place): string[] {
  const path: string[] = []
  let at: Place | undefined = place
  for (; at !== undefined && path.length < MAX_PATH; at = at.parent) path.push(at.name)
  if (at !== undefined) path.push('…')
  return path.reverse()
}

/**
 * Calls of a model are often named by it. When below one place exactly one such operation is gone and exactly one was added, they
 * are taken as the same one under another name.
 * @returns the place that each index stands for
 */
export function pairRenamed(places: readonly Place[], inBase: ReadonlySet<number>, inNew: ReadonlySet<number>): readonly Place[] {
  const standsFor = [...places]
  const below = new Map<number, Place[]>()
  for (const place of places) {
    if (place.parent === undefined || place.category !== 'llm' || (inBase.has(place.index) && inNew.has(place.index))) continue
    const siblings = below.get(place.parent.index)
    if (siblings === undefined) below.set(place.parent.index, [place])
    else siblings.push(place)
  }
  for (const siblings of below.values()) {
    const [gone, ...moreGone] = siblings.filter(({ index }) => inBase.has(index))
    const [added, ...moreAdded] = siblings.filter(({ index }) => inNew.has(index))
    if (gone === undefined || added === undefined || moreGone.length + moreAdded.length > 0) continue
    gone.renamedTo = added.name
    standsFor[added.index] = gone
  }
  return standsFor
}

/** What stays within this share of the longer one, or within `SAME_NS`, counts as the same. */
const SAME_SHARE = 0.05
const SAME_NS = 1_000_000
/** Cells of one table of the longest common subsequence; above it, equal names are matched in their order. */
const MAX_CELLS = 4_000_000

/** A run with the place of each of its spans. */
interface Placed {
  readonly analysis: Pick<Analysis, 'spans'>
  readonly places: readonly Place[]
}

interface Side {
  readonly spans: readonly SpanView[]
  readonly labels: readonly number[]
  readonly children: ReadonlyMap<string | undefined, readonly number[]>
}

/** Indexes into the spans of both sides. */
interface Pair {
  readonly a: number | undefined
  readonly b: number | undefined
}

/**
 * Two runs span by span: the children of two aligned spans are aligned by the longest common subsequence of their places, in
 * order of start. What has no partner was added or is gone, with all that is below it.
 */
export function alignSpans(base: Placed, next: Placed, standsFor: readonly Place[]): SpanChange[] {
  const side = ({ analysis: { spans }, places }: Placed): Side => ({
    spans, labels: places.map(({ index }) => standsFor[index]!.index), children: childrenOf(spans),
  })
  const [a, b] = [side(base), side(next)]
  const rows: SpanChange[] = []
  /** A stack, because traces can be deeper than calls can be. */
  const open: Pair[] = pairsBelow(a, b, undefined, undefined)
  while (open.length > 0) {
    const pair = open.pop()!
    const [spanA, spanB] = [pair.a === undefined ? undefined : a.spans[pair.a], pair.b === undefined ? undefined : b.spans[pair.b]]
    rows.push(row(spanA, spanB))
    for (const child of pairsBelow(a, b, spanA?.id ?? null, spanB?.id ?? null)) open.push(child)
  }
  return rows
}

function childrenOf(spans: readonly SpanView[]): Map<string | undefined, number[]> {
  const children = new Map<string | undefined, number[]>()
  for (const [i, { parentId }] of spans.entries()) {
    const list = children.get(parentId)
    if (list === undefined) children.set(parentId, [i])
    else list.push(i)
  }
  return children
}

/** Last first, for a stack. `undefined` is above the roots, `null` a span that is not there. */
function pairsBelow(a: Side, b: Side, parentA: string | undefined | null, parentB: string | undefined | null): Pair[] {
  const ofA = parentA === null ? [] : (a.children.get(parentA) ?? [])
  const ofB = parentB === null ? [] : (b.children.get(parentB) ?? [])
  const pairs: Pair[] = []
  let [i, j] = [0, 0]
  for (const [x, y] of [...matches(ofA.map((at) => a.labels[at]!), ofB.map((at) => b.labels[at]!)), [ofA.length, ofB.length] as const]) {
    while (i < x) pairs.push({ a: ofA[i++], b: undefined })
    while (j < y) pairs.push({ a: undefined, b: ofB[j++] })
    if (x < ofA.length) pairs.push({ a: ofA[i++], b: ofB[j++] })
  }
  return pairs.reverse()
}

function row(a: SpanView | undefined, b: SpanView | undefined): SpanChange {
  const shown = (a ?? b)!
  const differenceNs = (b?.durationNs ?? 0) - (a?.durationNs ?? 0)
  return {
    state: a === undefined ? 'added' : b === undefined ? 'gone' : changed(a.durationNs, b.durationNs),
    name: shown.name, category: shown.category, depth: shown.depth,
    ...(a !== undefined && b !== undefined && a.name !== b.name && { renamedTo: b.name }),
    ...(a !== undefined && { baseSpanId: a.id, baseNs: a.durationNs }),
    ...(b !== undefined && { newSpanId: b.id, newNs: b.durationNs }),
    differenceNs,
  }
}

function changed(baseNs: number, newNs: number): 'same' | 'slower' | 'faster' {
  if (Math.abs(newNs - baseNs) <= Math.max(SAME_NS, SAME_SHARE * Math.max(baseNs, newNs))) return 'same'
  return newNs > baseNs ? 'slower' : 'faster'
}

/** Pairs of positions with equal labels, ascending in both: a longest common subsequence. */
export function matches(a: readonly number[], b: readonly number[]): (readonly [number, number])[] {
  let head = 0
  while (head < a.length && head < b.length && a[head] === b[head]) head++
  let tail = 0
  while (tail < a.length - head && tail < b.length - head && a.at(-1 - tail) === b.at(-1 - tail)) tail++
  const [innerA, innerB] = [a.slice(head, a.length - tail), b.slice(head, b.length - tail)]
  const inner = innerA.length * innerB.length > MAX_CELLS ? inOrder(innerA, innerB) : longestCommon(innerA, innerB)
  return [
    ...Array.from({ length: head }, (_, i) => [i, i] as const),
    ...inner.map(([i, j]) => [i + head, j + head] as const),
    ...Array.from({ length: tail }, (_, i) => [a.length - tail + i, b.length - tail + i] as const),
  ]
}

function longestCommon(a: readonly number[], b: readonly number[]): (readonly [number, number])[] {
  const width = b.length + 1
  const length = new Uint32Array((a.length + 1) * width)
  for (let i = a.length - 1; i >= 0; i--) {
    for (let j = b.length - 1; j >= 0; j--) {
      length[i * width + j] = a[i] === b[j]
        ? length[(i + 1) * width + j + 1]! + 1
        : Math.max(length[(i + 1) * width + j]!, length[i * width + j + 1]!)
    }
  }
  const pairs: (readonly [number, number])[] = []
  for (let i = 0, j = 0; i < a.length && j < b.length;) {
    if (a[i] === b[j]) pairs.push([i++, j++])
    else if (length[(i + 1) * width + j]! >= length[i * width + j + 1]!) i++
    else j++
  }
  return pairs
}

/** Each of a with the next equal one of b that is still free. Not the longest, but in one pass. */
function inOrder(a: readonly number[], b: readonly number[]): (readonly [number, number])[] {
  const placesInB = new Map<number, number[]>()
  for (const [j, label] of b.entries()) {
    const places = placesInB.get(label)
    if (places === undefined) placesInB.set(label, [j])
    else places.push(j)
  }
  const used = new Map<number, number>()
  const pairs: (readonly [number, number])[] = []
  let after = -1
  for (const [i, label] of a.entries()) {
    const places = placesInB.get(label)
    if (places === undefined) continue
    let at = used.get(label) ?? 0
    while (at < places.length && places[at]! <= after) at++
    used.set(label, at)
    if (at >= places.length) continue
    after = places[at]!
    pairs.push([i, after])
  }
  return pairs
}
