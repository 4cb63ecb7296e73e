import type { Span } from '../model/span.ts'
import { childrenOf } from './children.ts'
import type { IdIndex } from './id-index.ts'
import { ints } from './room.ts'
import { compareText, type Columns } from './span-columns.ts'

/** Which span each one lies in, by place. */
export interface Connected {
  readonly parent: Int32Array
  readonly depth: Int32Array
  /** Hung under the root, because their parents are missing or their own descendants. */
  readonly orphans: readonly number[]
}

/** Resolves parents; what the root does not reach is hung under it. */
export function connect(spans: readonly Span[], columns: Columns, byId: IdIndex): Connected {
  const count = spans.length
  const parent = ints(count).fill(-1)
  const orphans: number[] = []
  const root = Math.max(0, spans.findIndex(({ parentId }) => parentId === undefined || byId.get(parentId) === undefined))
  // Neighbours often have the same parent.
  let [lastId, last] = ['', -1]
  for (let i = 0; i < count; i++) {
    if (i === root) continue
    const { parentId } = spans[i]!
    if (parentId !== lastId || last === -1) {
      lastId = parentId ?? ''
      last = parentId === undefined ? -1 : (byId.get(parentId) ?? -1)
    }
    if (last === -1) orphans.push(i)
    parent[i] = last === -1 ? root : last
  }
  const depth = depthsOf(parent, root)
  const unreached = cycles(columns, depth)
  if (unreached.length > 0) hang(unreached, root, { parent, depth, orphans })
  return { parent, depth, orphans }
}

/** -1 for what no chain of parents ties to the root. */
function depthsOf(parent: Int32Array, root: number): Int32Array {
  const UNKNOWN = -2
  const LOOSE = -1
  const depth = ints(parent.length).fill(UNKNOWN)
  if (parent.length > 0) depth[root] = 0
  const chain: number[] = []
  for (let i = 0; i < parent.length; i++) {
    let node = i
    while (depth[node] === UNKNOWN) {
      // Loose until its chain is known to reach the root; who comes back to it is in a cycle.
      depth[node] = LOOSE
      chain.push(node)
      node = parent[node]!
    }
    let at = depth[node]!
    while (chain.length > 0) depth[chain.pop()!] = at === LOOSE ? LOOSE : ++at
  }
  return depth
}

/** Spans that no parent chain ties to the root, in an order that does not depend on their arrival. */
function cycles({ spans, start }: Columns, depth: Int32Array): number[] {
  const unreached: number[] = []
  for (let i = 0; i < depth.length; i++) if (depth[i] === -1) unreached.push(i)
  return unreached.sort((a, b) => start[a]! - start[b]! || compareText(spans[a]!.id, spans[b]!.id))
}

function hang(unreached: readonly number[], root: number, { parent, depth, orphans }: Connected & { readonly orphans: number[] }): void {
  const { first, all } = childrenOf(parent)
  for (const i of unreached) {
    if (depth[i] !== -1) continue
    parent[i] = root
    orphans.push(i)
    depth[i] = 1
    const queue = [i]
    for (let head = 0; head < queue.length; head++) {
      const node = queue[head]!
      for (let at = first[node]!; at < first[node + 1]!; at++) {
        const child = all[at]!
        if (depth[child] !== -1) continue
        depth[child] = depth[node]! + 1
        queue.push(child)
      }
    }
  }
}
