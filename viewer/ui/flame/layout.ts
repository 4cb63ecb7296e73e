import type { Range } from '../canvas/range.ts'
import type { Forest } from './forest.ts'

/**
 * Where frames are: from left to right on the picture's axis, and in which row. In a row no frame lies on another.
 *
 * Two rules, and each picture keeps one of them:
 *
 * - *stacked*: a frame is as wide as its own weight and that of all below it. Its children lie side by side under it, from its left
 *   edge on; what is left at its right is its own. So widths add up, whatever ran at the same time.
 * - *placed* (lanes.ts): a frame is where its span was in time. Spans that ran at the same time lie under each other.
 */
export interface Layout {
  readonly forest: Forest
  /** The whole of it. */
  readonly axis: Range
  readonly from: Float64Array
  readonly to: Float64Array
  /** -1: not in the picture, as what has no weight. */
  readonly row: Int32Array
  readonly rows: number
  /** Of row r: `byRow` from `firstInRow[r]` up to `firstInRow[r + 1]`, from left to right. */
  readonly firstInRow: Int32Array
  readonly byRow: Int32Array
}

/** @param compare order of siblings; without it that of their numbers */
export function stackedLayout(forest: Forest, total: Float64Array, compare?: (a: number, b: number) => number): Layout {
  const { count, first, children } = forest
  const from = new Float64Array(count)
  const to = new Float64Array(count)
  const row = new Int32Array(count).fill(-1)
  // Row after row, each from left to right.
  const byRow = new Int32Array(count)
  let length = 0
  const place = (parent: number, start: number, end: number, depth: number): void => {
    const own = children.slice(first[parent], first[parent + 1]).filter((child) => total[child]! > 0)
    if (compare !== undefined && own.length > 1) own.sort(compare)
    let at = start
    for (const child of own) {
      from[child] = at
      // Sums of fractions may be a last digit too large.
      at = Math.min(end, at + total[child]!)
      to[child] = at
      row[child] = depth
      byRow[length++] = child
    }
  }
  let whole = 0
  for (let at = first[count]!; at < first[count + 1]!; at++) whole += total[children[at]!]!
  place(count, 0, whole, 0)
  for (let head = 0; head < length; head++) {
    const node = byRow[head]!
    place(node, from[node]!, to[node]!, row[node]! + 1)
  }
  return { forest, axis: { from: 0, to: whole }, from, to, row, ...rowsOf(row, byRow.subarray(0, length)) }
}

/** @param inOrder the frames of each row from left to right */
export function rowsOf(row: Int32Array, inOrder: Int32Array): Pick<Layout, 'rows' | 'firstInRow' | 'byRow'> {
  let rows = 0
  for (const frame of inOrder) rows = Math.max(rows, row[frame]! + 1)
  const firstInRow = new Int32Array(rows + 1)
  for (const frame of inOrder) firstInRow[row[frame]! + 1]!++
  for (let r = 1; r <= rows; r++) firstInRow[r]! += firstInRow[r - 1]!
  const next = firstInRow.slice()
  const byRow = new Int32Array(inOrder.length)
  for (const frame of inOrder) byRow[next[row[frame]!]!++] = frame
  return { rows, firstInRow, byRow }
}

/** The largest first; equal ones by what they are, so that the order in which they came changes nothing. */
export const largestFirst = (value: Float64Array, tie: (a: number, b: number) => number) => (a: number, b: number): number =>
  value[b]! - value[a]! || tie(a, b)

/** Place in `byRow` of the first frame of a row that ends after `x`; the end of the row where there is none. */
export function firstEndingAfter({ firstInRow, byRow, to }: Layout, row: number, x: number, low: number = firstInRow[row]!): number {
  let high = firstInRow[row + 1]!
  while (low < high) {
    const middle = (low + high) >> 1
    if (to[byRow[middle]!]! > x) high = middle
    else low = middle + 1
  }
  return low
}
