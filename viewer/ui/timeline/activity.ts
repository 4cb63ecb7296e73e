import { lengthOf, type Range } from '../canvas/range.ts'
import type { Times, Tree } from './tree.ts'

/** How much ran at the same time, on average in each of equally long stretches, by category. */
export interface Activity {
  readonly columns: number
  /** One array per category, in the order of the run's categories. */
  readonly byCategory: readonly Float64Array[]
  /** The largest sum over the categories. */
  readonly most: number
}

/** Counts spans without children: what holds other work does not work itself. @param category place of each span's category */
export function activityOf(tree: Tree, { start, end }: Times, category: Int32Array, categories: number, bounds: Range, columns: number): Activity {
  const byCategory = Array.from({ length: categories }, () => new Float64Array(columns))
  // What fills whole columns is noted where it begins and ends, and summed up once.
  const full = Array.from({ length: categories }, () => new Float64Array(columns + 1))
  const scale = columns / Math.max(1, lengthOf(bounds))
  for (let i = 0; i < start.length; i++) {
    if (tree.children[i]!.length > 0) continue
    const from = Math.min(columns, Math.max(0, (start[i]! - bounds.from) * scale))
    const to = Math.min(columns, Math.max(0, (end[i]! - bounds.from) * scale))
    if (to <= from) continue
    const [first, last] = [Math.floor(from), Math.floor(to)]
    const own = byCategory[category[i]!]!
    if (first === last) {
      own[first]! += to - from
      continue
    }
    own[first]! += first + 1 - from
    if (last < columns) own[last]! += to - last
    full[category[i]!]![first + 1]!++
    full[category[i]!]![last]!--
  }
  let most = 0
  const sums = new Float64Array(columns)
  byCategory.forEach((own, c) => {
    let running = 0
    for (let x = 0; x < columns; x++) {
      running += full[c]![x]!
      own[x]! += running
      sums[x]! += own[x]!
      most = Math.max(most, sums[x]!)
    }
  })
  return { columns, byCategory, most }
}
