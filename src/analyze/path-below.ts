import { copyOfFloats } from './room.ts'
import type { Timeline } from './timeline.ts'

const known = new WeakMap<Float64Array, Float64Array>()

/** Time on the critical path of each span and of all that is inside it. @param wall of each span alone */
export function pathBelow({ topDown, parent }: Timeline, wall: Float64Array): Float64Array {
  let path = known.get(wall)
  if (path !== undefined) return path
  path = copyOfFloats(wall)
  for (let at = topDown.length - 1; at > 0; at--) path[parent[topDown[at]!]!]! += path[topDown[at]!]!
  known.set(wall, path)
  return path
}
