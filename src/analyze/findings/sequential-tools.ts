import { callsBelow, savingNs } from '../facts.ts'
import { listNames, together, type Together } from '../together.ts'
import type { Detector } from './shared.ts'

/** PAR001: tools that one assistant message asked for together, run one after another. */
export const sequentialTools: Detector = (facts) => {
  const hasCalls = callsBelow(facts)
  // Tools that call models are sequential LLM calls.
  const groups = facts.dependencies.issuedTogether.filter(({ members }) => members.filter(hasCalls).length < 2)
  return together(facts, groups)
    .filter(({ savedNs }) => savedNs > 0 && savedNs >= savingNs(facts))
    .map((pattern) => ({
      code: 'PAR001',
      title: `Run ${listNames(facts, pattern)} together: ${whoAsked(pattern)}, and they ran one after another`,
      spanIds: pattern.members.map((i) => facts.timeline.spans[i]!.id),
      saving: { timeNs: pattern.savedNs },
      confidence: 'proven',
      advice: 'Start them all before you await the first, for example with Promise.all. The model did not know one result when '
        + 'it asked for the next; only side effects can still tie them: keep the order where one changes what another reads.',
      change: pattern.change,
    }))
}

function whoAsked({ groups, members }: Together): string {
  if (groups > 1) return `each of ${groups} answers asked for several at once`
  return `one answer asked for ${members.length === 2 ? 'both' : `all ${members.length}`}`
}
