import { isNotItsOwn } from '../../model/marks.ts'
import { formatDuration, msToNs } from '../../model/units.ts'
import { savingNs } from '../facts.ts'
import { toolRuns } from '../tools.ts'
import { shorterBy, type Detector } from './shared.ts'

/**
 * TOOL002: calls of a tool that take long. Saves something between nothing and what they take beyond the threshold. Calls that waited for
 * a person or for others, or whose end is that of a whole batch, are left out: their time says nothing of the tool.
 */
export const slowTool: Detector = (facts) => {
  const { timeline: { spans, start, end }, simulator, thresholds } = facts
  const limitNs = msToNs(thresholds.slowToolMs)
  const durationOf = (i: number): number => end[i]! - start[i]!
  return toolRuns(facts).flatMap(({ name, members: all }) => {
    const members = all.filter((i) => !isNotItsOwn(spans[i]!))
    const slow = members.filter((i) => durationOf(i) >= limitNs)
    if (slow.length === 0) return []
    const shorter = { spans: slow, by: (i: number) => durationOf(i) - limitNs }
    const high = simulator.saved({ shorter })
    const longest = slow.reduce((most, i) => Math.max(most, durationOf(i)), 0)
    const which = members.length === 1 ? `took ${formatDuration(longest)}`
      : `is slow in ${slow.length} of ${members.length} calls, up to ${formatDuration(longest)}`
    const seen = { code: 'TOOL002', title: `${name} ${which}`, spanIds: slow.map((i) => spans[i]!.id) }
    if (high < savingNs(facts)) {
      return [{ ...seen, advice: 'Bringing it under the threshold would not shorten the run.' }]
    }
    return [{
      ...seen,
      saving: { timeNs: { low: 0, high } },
      confidence: 'possible' as const,
      advice: `Look inside ${name}: a missing index, a cold connection, a payload larger than needed. The upper bound is what `
        + `the run would save with every call at ${formatDuration(limitNs)}.`,
      change: () => shorterBy(shorter),
    }]
  })
}
