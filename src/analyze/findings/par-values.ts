import { savingNs, type Facts } from '../facts.ts'
import { isFreeOf, leadsTo } from '../independence.ts'
import { listNames, together } from '../together.ts'
import type { Detector } from './shared.ts'

/** Members of a group that a further one is compared with; a longer sequence is several groups. */
const MAX_MEMBERS = 100

/**
 * PAR003: siblings run one after another although each one's input was known before the earlier ones began and has nothing in common
 * with what they gave ({@link isFreeOf} says what is asked of them).
 */
export const independentByValues: Detector = (facts) => together(facts, sequences(facts))
  .filter(({ savedNs }) => savedNs > 0 && savedNs >= savingNs(facts))
  .map((pattern) => ({
    code: 'PAR003',
    title: `Run ${listNames(facts, pattern)} together: what ${pattern.members.length === 2 ? 'the second' : 'each'} was called with was known `
      + 'before, and nothing of it came from the others',
    spanIds: pattern.members.map((i) => facts.timeline.spans[i]!.id),
    saving: { timeNs: pattern.savedNs },
    confidence: 'proven',
    advice: 'Start them all before you await the first, for example with Promise.all. What they were called with is proven; what cannot '
      + 'be seen is side effects, and whether the result of one decides that the next is run at all: keep the order where it does.',
    change: pattern.change,
  }))

function sequences(facts: Facts): { readonly members: readonly number[] }[] {
  const { timeline, dependencies, free } = facts
  const { spans, start, end, children: { first, all }, late } = timeline
  const found: number[][] = []
  const current: number[] = []
  const close = (): void => {
    // What one answer asked for together is said already.
    const by = current.length > 1 ? spans[current[0]!]!.tool?.issuedBy : undefined
    if (current.length > 1 && (by === undefined || current.some((i) => spans[i]!.tool?.issuedBy !== by))) found.push(current.slice())
    current.length = 0
  }
  const fits = (i: number): boolean => {
    for (let at = 0; at < current.length; at++) {
      const before = current[at]!
      if (start[i]! < end[before]!) continue
      if (!isFreeOf(timeline, free, before, i) || leadsTo(timeline, dependencies, before, i) !== false) return false
    }
    return current.length < MAX_MEMBERS
  }
  for (let parent = 0; parent < spans.length; parent++) {
    if (free.parents[parent] === 0) continue
    for (let at = first[parent]!; at < first[parent + 1]!; at++) {
      const i = all[at]!
      if (late[i] === 1 || end[i] === start[i]) continue
      if (!fits(i)) close()
      current.push(i)
    }
    close()
  }
  return found.map((members) => ({ members }))
}
