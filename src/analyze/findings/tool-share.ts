import { isNotItsOwn } from '../../model/marks.ts'
import { formatDuration } from '../../model/units.ts'
import { savingNs } from '../facts.ts'
import { pathBelow } from '../path-below.ts'
import { toolRuns } from '../tools.ts'
import { shorterBy, type Detector } from './shared.ts'

/**
 * TOOL001: one tool takes a large share of the run. Saves something between nothing and all that its time costs the run. Calls whose time
 * is not the tool's own are left out, as in TOOL002.
 */
export const toolShare: Detector = (facts) => {
  const { timeline: { spans, start, end, durationNs }, simulator, thresholds } = facts
  // Of a run and of all below it.
  const path = pathBelow(facts.timeline, facts.wall)
  return toolRuns(facts).flatMap(({ name, members: all }) => {
    const members = all.filter((i) => !isNotItsOwn(spans[i]!))
    const onPath = members.reduce((sum, i) => sum + path[i]!, 0)
    if (durationNs === 0 || onPath <= 0 || onPath / durationNs < thresholds.toolShare) return []
    const shorter = { spans: members, by: (i: number) => end[i]! - start[i]! }
    const high = simulator.saved({ shorter })
    const calls = members.length === 1 ? 'one call' : `${members.length} calls`
    const seen = {
      code: 'TOOL001',
      title: `${name} takes ${Math.round((onPath / durationNs) * 100)} % of the run: ${formatDuration(onPath)} in ${calls}`,
      spanIds: members.map((i) => spans[i]!.id),
      advice: `Make ${name} faster, cache its results, or start it earlier beside other work. The upper bound is what the run `
        + 'would save if it took no time at all.',
    }
    if (high < savingNs(facts)) return [seen]
    return [{ ...seen, saving: { timeNs: { low: 0, high } }, confidence: 'possible' as const, change: () => shorterBy(shorter) }]
  })
}
