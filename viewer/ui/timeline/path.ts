import { criticalPath } from '../../../src/analyze/critical-path.ts'
import type { Times, Tree } from './tree.ts'

/** The critical path over time: stretches that follow each other without a gap, each of one span. */
export interface PathPieces {
  readonly count: number
  readonly span: Int32Array
  readonly from: Float64Array
  readonly to: Float64Array
  /** 1 for each span that the path runs through, itself or in something below it. */
  readonly isOn: Uint8Array
}

export function pathPieces(tree: Tree, { start, end }: Times, late: Uint8Array): PathPieces {
  const spans: number[] = []
  const froms: number[] = []
  const tos: number[] = []
  const { wall } = criticalPath({ start, end, late, children: tree.children, topDown: tree.topDown }, (span, from, to) => {
    if (to <= from) return
    spans.push(span)
    froms.push(from)
    tos.push(to)
  })
  const order = Int32Array.from(spans, (_, i) => i).sort((a, b) => froms[a]! - froms[b]!)
  const isOn = Uint8Array.from(wall, (time) => (time > 0 ? 1 : 0))
  for (let at = tree.topDown.length - 1; at > 0; at--) {
    const i = tree.topDown[at]!
    if (isOn[i]) isOn[tree.parent[i]!] = 1
  }
  return {
    count: spans.length, isOn,
    span: order.map((i) => spans[i]!), from: Float64Array.from(order, (i) => froms[i]!), to: Float64Array.from(order, (i) => tos[i]!),
  }
}
