import type { DiffNode, DiffValue } from '../../api.ts'
import { forestOf, totalsOf, type Forest } from './forest.ts'
import type { Weight } from './weights.ts'

/** The tree of a difference as arrays: frame i is the i-th node, parents before their children. */
export interface DiffTree {
  readonly forest: Forest
  readonly nodes: readonly DiffNode[]
}

export type Side = 'base' | 'new'
/** Which side gives the frames their width; `both`: the larger share of the two, so that nothing is missing. */
export type Width = Side | 'both'
export type Change = 'share' | 'absolute'

/** What one side has of a metric: of the node itself, with all below, and altogether. */
export interface SideSums {
  readonly self: Float64Array
  readonly total: Float64Array
  readonly whole: number
}

export type DiffSums = Readonly<Record<Side, SideSums>>

export function flattened(root: DiffNode): DiffTree {
  const nodes: DiffNode[] = [root]
  const parent: number[] = [-1]
  for (let head = 0; head < nodes.length; head++) {
    for (const child of nodes[head]!.children) {
      nodes.push(child)
      parent.push(head)
    }
  }
  return { forest: forestOf(Int32Array.from(parent)), nodes }
}

const figures: Readonly<Record<Weight, (value: DiffValue) => number>> = {
  time: ({ selfNs }) => selfNs, path: ({ wallNs }) => wallNs, tokens: ({ tokens }) => tokens, cost: ({ costUsd }) => costUsd,
}

export function diffSums({ forest, nodes }: DiffTree, weight: Weight): DiffSums {
  const side = (of: Side): SideSums => {
    const self = Float64Array.from(nodes, (node) => Math.max(0, figures[weight](node[of])))
    const total = totalsOf(forest, self)
    return { self, total, whole: total[0] ?? 0 }
  }
  return { base: side('base'), new: side('new') }
}

export const shareOf = ({ whole }: SideSums, value: number): number => (whole > 0 ? value / whole : 0)

/**
 * Widths with all below. Of `both`, each node is itself as wide as the larger of its two shares; so nothing is missing, children
 * never exceed their parent, and the whole is more than either side.
 */
export function widthsOf({ forest }: DiffTree, sums: DiffSums, width: Width): Float64Array {
  if (width !== 'both') return sums[width].total
  const self = sums.base.self.map((value, i) => Math.max(shareOf(sums.base, value), shareOf(sums.new, sums.new.self[i]!)))
  return totalsOf(forest, self)
}

/** New minus base of a frame, with all below or by itself: as shares of their runs, or as they are. */
export function changeOf(sums: DiffSums, change: Change, frame: number, figure: 'total' | 'self' = 'total'): number {
  const [base, next] = [sums.base[figure][frame]!, sums.new[figure][frame]!]
  return change === 'absolute' ? next - base : shareOf(sums.new, next) - shareOf(sums.base, base)
}

export type Presence = 'both' | 'added' | 'gone'

export const presenceWords: Readonly<Record<Presence, string>> = { both: '', added: 'new', gone: 'gone' }

export function presenceOf({ base, new: next }: DiffNode): Presence {
  if (base.count > 0 && next.count > 0) return 'both'
  return next.count > 0 ? 'added' : base.count > 0 ? 'gone' : 'both'
}

/** The frames that changed most by themselves: what lies above them changed by as much, and need not be told. */
export function largestChanges({ forest, nodes }: DiffTree, sums: DiffSums, change: Change, most: number): number[] {
  const changes = nodes.map((_, frame) => changeOf(sums, change, frame, 'self'))
  return [...forest.topDown].filter((frame) => changes[frame] !== 0)
    .sort((a, b) => Math.abs(changes[b]!) - Math.abs(changes[a]!) || compareText(nodes[a]!.name, nodes[b]!.name) || a - b).slice(0, most)
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
