import { giveBack, ints } from './room.ts'
import type { Timeline } from './timeline.ts'

export interface Ancestry {
  /**
   * The two siblings that contain `a` and `b` (or are them). Undefined when one contains the other. Logarithmic in the depth:
   * each node has one pointer far up, placed as in a skew-binary list.
   */
  siblings(a: number, b: number): readonly [number, number] | undefined
  done(): void
}

const known = new WeakMap<Pick<Timeline, 'parent' | 'depth' | 'topDown'>, Ancestry>()

export function ancestryOf(timeline: Pick<Timeline, 'parent' | 'depth' | 'topDown'>): Ancestry {
  let found = known.get(timeline)
  if (found === undefined) known.set(timeline, (found = findAncestry(timeline)))
  return found
}

/** After the last question. */
export function forgetAncestry(timeline: Pick<Timeline, 'parent' | 'depth' | 'topDown'>): void {
  known.get(timeline)?.done()
  known.delete(timeline)
}

function findAncestry({ parent, depth, topDown }: Pick<Timeline, 'parent' | 'depth' | 'topDown'>): Ancestry {
  const jump = ints(parent.length)
  for (let at = 0; at < topDown.length; at++) {
    const node = topDown[at]!
    const p = parent[node]!
    if (p === -1) {
      jump[node] = node
      continue
    }
    const far = jump[p]!
    const farther = jump[far]!
    const twice = depth[p]! + depth[farther]!
    jump[node] = twice === 2 * depth[far]! ? farther : p
  }
  const climb = (from: number, to: number): number => {
    let node = from
    while (depth[node]! > to) node = depth[jump[node]!]! >= to ? jump[node]! : parent[node]!
    return node
  }
  return {
    done: () => giveBack(jump),
    siblings(a, b) {
      if (parent[a] === parent[b] && a !== b) return [a, b]
      let left = climb(a, depth[b]!)
      let right = climb(b, depth[a]!)
      if (left === right) return undefined
      while (parent[left] !== parent[right]) {
        const far = jump[left] !== jump[right]
        left = far ? jump[left]! : parent[left]!
        right = far ? jump[right]! : parent[right]!
      }
      return [left, right]
    },
  }
}
