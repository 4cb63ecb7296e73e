import { isNotItsOwn } from '../../model/marks.ts'
import { formatDuration } from '../../model/units.ts'
import { savingNs } from '../facts.ts'
import { toolRuns } from '../tools.ts'
import type { Detector } from './shared.ts'

/**
 * TOOL001: one tool takes a large share of the run. Saves something between nothing and all that its time costs the run. Calls whose time
 * is not the tool's own are left out, as in TOOL002.
 */
export const toolShare: Detector = (facts) => {
  const { timeline: { spans, start, end, durationNs }, simulator, thresholds } = facts
  return toolRuns(facts).flatMap(({ name, members: all }) => {
    const members = all.filter((i) => !isNotItsOwn(spans[i]!))
    const onPath = onPathBelow(facts, members)
    if (durationNs === 0 || onPath <= 0 || onPath / durationNs < thresholds.toolShare) return []
    const high = simulator.saved({ shorter: new Map(members.map((i) => [i, end[i]! - start[i]!])) })
    const calls = members.length === 1 ? 'one call' : `${members.length} calls`
    const seen = {
      code: 'TOOL001',
      title: `${name} takes ${Math.round((onPath / durationNs) * 100)} % of the run: ${formatDuration(onPath)} in ${calls}`,
      spanIds: members.map((i) => spans[i]!.id),
      advice: `Make ${name} faster, cache its results, or start it earlier beside other work. The upper bound is what the run `
        + 'would save if it took no time at all.',
    }
    if (high < savingNs(facts)) return [seen]
    return [{ ...seen, saving: { timeNs: { low: 0, high } }, confidence: 'possible' as const }]
  })
}

/** Time on the path of these spans and all below them. */
function onPathBelow({ timeline: { children }, wall }: Parameters<Detector>[0], members: readonly number[]): number {
  let sum = 0
  const queue = [...members]
  for (let head = 0; head < queue.length; head++) {
    sum += wall[queue[head]!]!
    for (const child of children[queue[head]!]!) queue.push(child)
  }
  return sum
}
