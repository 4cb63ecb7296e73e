import { childLists, topDownOrder } from '../../../src/analyze/timeline.ts'

/** Times of the spans: those of the run, or of the run as it could have been. Nanoseconds, by place. */
export interface Times {
  readonly start: Float64Array
  readonly end: Float64Array
}

/** Who lies in whom; the root is 0. */
export interface Tree {
  readonly parent: Int32Array
  /** In order of start. */
  readonly children: readonly (readonly number[])[]
  /** Parents before their children. */
  readonly topDown: Int32Array
  /** Spans below each span, however deep. */
  readonly below: Int32Array
}

export function treeOf(parent: Int32Array): Tree {
  const children = childLists(parent)
  const topDown = topDownOrder(parent, children)
  const below = new Int32Array(parent.length)
  for (let at = topDown.length - 1; at > 0; at--) {
    const i = topDown[at]!
    if (parent[i] !== -1) below[parent[i]!]! += below[i]! + 1
  }
  return { parent, children, topDown, below }
}
