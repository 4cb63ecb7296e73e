import type { Facts } from './facts.ts'
import { callsBelow } from './facts.ts'
import { bytes, giveBack } from './room.ts'
import type { Timeline } from './timeline.ts'
import { groupBy } from './group-by.ts'

export interface ToolRuns {
  readonly name: string
  /** In order of start. */
  readonly members: readonly number[]
}

/**
 * The runs of each tool, by its name. A tool that calls models is left out: what takes time in it are the calls. So is a run
 * inside another run of a tool, whose time is part of that one's.
 */
export function toolRuns(facts: Facts): readonly ToolRuns[] {
  let runs = known.get(facts.timeline)
  if (runs === undefined) known.set(facts.timeline, (runs = findRuns(facts)))
  return runs
}

const known = new WeakMap<Timeline, readonly ToolRuns[]>()

function findRuns(facts: Facts): ToolRuns[] {
  const { spans, parent, topDown, kinds, kind } = facts.timeline
  const isTool = kinds.map(({ category }) => category === 'tool')
  const hasCalls = callsBelow(facts)
  const insideTool = bytes(spans.length)
  const runs: number[] = []
  for (let at = 0; at < topDown.length; at++) {
    const i = topDown[at]!
    insideTool[i] = parent[i] === -1 ? 0 : insideTool[parent[i]!]!
    if (!isTool[kind[i]!]! || insideTool[i] === 1 || hasCalls(i)) continue
    insideTool[i] = 1
    runs.push(i)
  }
  giveBack(insideTool)
  const inOrder = Int32Array.from(runs).sort()
  return [...groupBy(inOrder, (i) => spans[i]!.tool?.name ?? spans[i]!.name)].map(([name, members]) => ({ name, members }))
}
