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
  const { spans, start, end, children, late } = timeline
  const found: number[][] = []
  children.forEach((siblings, parent) => {
    if (free.parents[parent] === 0) return
    let current: number[] = []
    const close = (): void => {
      // What one answer asked for together is said already.
      const by = spans[current[0] ?? 0]!.tool?.issuedBy
      if (current.length > 1 && (by === undefined || current.some((i) => spans[i]!.tool?.issuedBy !== by))) found.push(current)
      current = []
    }
    for (const i of siblings) {
      if (late[i] || end[i] === start[i]) continue
      const fits = current.length < MAX_MEMBERS && current.every((before) => start[i]! < end[before]! || (
        isFreeOf(timeline, free, before, i) && leadsTo(timeline, dependencies, before, i) === false))
      if (!fits) close()
      current.push(i)
    }
    close()
  })
  return found.map((members) => ({ members }))
}
