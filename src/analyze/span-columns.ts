import type { Span } from '../model/span.ts'
import type { Connected } from './connect.ts'
import type { IdIndex } from './id-index.ts'
import { bytes, floats, giveBack, ints } from './room.ts'
import { IntList } from './int-list.ts'
import type { Kind, Timeline } from './timeline.ts'

/**
 * What most steps ask of a span, read from it once: a million objects lie apart in memory, and to visit them takes longer than what is
 * done there. Indexed like `spans`.
 */
export interface Columns {
  readonly spans: readonly Span[]
  /** As recorded; NaN where there is no end. */
  readonly start: Float64Array
  readonly end: Float64Array
  readonly kinds: readonly Kind[]
  readonly kind: Int32Array
  readonly failed: Uint8Array
  /** Ascending places of spans without an end, with details of a model's call or a tool's, and with declared dependencies. */
  readonly open: readonly number[]
  readonly models: Int32Array
  readonly tools: Int32Array
  readonly declaring: Int32Array
}

export function readColumns(spans: readonly Span[]): Columns {
  const { length } = spans
  const start = floats(length)
  const end = floats(length)
  const kind = ints(length)
  const failed = bytes(length)
  const numbers = new KindNumbers()
  const open: number[] = []
  const models = new IntList(1_024)
  const tools = new IntList(1_024)
  const declaring: number[] = []
  for (let i = 0; i < length; i++) {
    const span = spans[i]!
    start[i] = span.start
    end[i] = span.end ?? NaN
    kind[i] = numbers.of(span)
    if (span.outcome.state === 'failed') failed[i] = 1
    if (span.end === undefined) open.push(i)
    if (span.llm !== undefined) models.push(i)
    if (span.tool !== undefined) tools.push(i)
    if (span.dependsOn !== undefined) declaring.push(i)
  }
  return {
    spans, start, end, kind, failed, open, kinds: numbers.kinds,
    models: models.items, tools: tools.items, declaring: Int32Array.from(declaring),
  }
}

/** Numbers pairs of a name and a category, in order of first appearance. */
class KindNumbers {
  readonly kinds: Kind[] = []
  readonly #first = new Map<string, number>()
  /** Of names that have several categories: the next kind of the same name; -1: none. */
  readonly #next: number[] = []

  of({ name, category }: Span): number {
    const first = this.#first.get(name) ?? -1
    let last = -1
    for (let at = first; at !== -1; at = this.#next[at]!) {
      if (this.kinds[at]!.category === category) return at
      last = at
    }
    const number = this.kinds.push({ name, category }) - 1
    this.#next.push(-1)
    if (last === -1) this.#first.set(name, number)
    else this.#next[last] = number
    return number
  }
}

export function isInOrder(columns: Columns, depth: Int32Array): boolean {
  const compare = comparison(columns, depth)
  for (let i = 1; i < depth.length; i++) if (compare(i - 1, i) > 0) return false
  return true
}

function comparison({ spans, start }: Columns, depth: Int32Array): (a: number, b: number) => number {
  return (a, b) => {
    // The root comes first even when the clock of an imported child ran ahead.
    if (depth[a] === 0 || depth[b] === 0) return depth[a]! - depth[b]!
    return start[a]! - start[b]! || depth[a]! - depth[b]! || compareText(spans[a]!.id, spans[b]!.id)
  }
}

export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

interface Reordered {
  readonly columns: Columns
  readonly draft: Connected
  readonly byId: Timeline['byId']
}

export function reordered(arrived: Columns, draft: Connected, byId: IdIndex): Reordered {
  const order = arrived.kind.map((_, i) => i).sort(comparison(arrived, draft.depth))
  const position = ints(order.length)
  for (let i = 0; i < order.length; i++) position[order[i]!] = i
  const spans: Span[] = []
  const parent = ints(order.length)
  for (let i = 0; i < order.length; i++) {
    const old = order[i]!
    spans.push(arrived.spans[old]!)
    parent[i] = draft.parent[old] === -1 ? -1 : position[draft.parent[old]!]!
  }
  const moved = (places: Int32Array): Int32Array => places.map((old) => position[old]!).sort()
  return {
    columns: {
      spans, ...kindsInOrder(arrived, order),
      start: picked(arrived.start, order, floats(order.length)),
      end: picked(arrived.end, order, floats(order.length)),
      failed: picked(arrived.failed, order, bytes(order.length)),
      open: arrived.open.map((old) => position[old]!).sort((a, b) => a - b),
      models: moved(arrived.models), tools: moved(arrived.tools), declaring: moved(arrived.declaring),
    },
    draft: { parent, depth: picked(draft.depth, order, ints(order.length)), orphans: draft.orphans.map((old) => position[old]!) },
    byId: byId.moved(spans, position),
  }
}

/** A column in another order; the old one is of no use any more. */
function picked<T extends Float64Array | Int32Array | Uint8Array>(from: T, order: Int32Array, to: T): T {
  for (let i = 0; i < order.length; i++) to[i] = from[order[i]!]!
  giveBack(from)
  return to
}

function kindsInOrder({ kind, kinds }: Columns, order: Int32Array): Pick<Columns, 'kind' | 'kinds'> {
  const number = new Int32Array(kinds.length).fill(-1)
  const found: Kind[] = []
  const moved = ints(order.length)
  for (let i = 0; i < order.length; i++) {
    const old = kind[order[i]!]!
    if (number[old] === -1) number[old] = found.push(kinds[old]!) - 1
    moved[i] = number[old]!
  }
  giveBack(kind)
  return { kind: moved, kinds: found }
}
