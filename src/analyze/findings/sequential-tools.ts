import { callsBelow, savingNs } from '../facts.ts'
import { listNames, together } from '../together.ts'
import type { Detector } from './shared.ts'

/** PAR001: tools that one assistant message asked for together, run one after another. */
export const sequentialTools: Detector = (facts) => {
  const hasCalls = callsBelow(facts)
  // Tools that call models are sequential LLM calls.
  const groups = facts.dependencies.issuedTogether.filter(({ members }) => members.filter((i) => hasCalls[i]).length < 2)
  return together(facts, groups)
    .filter(({ savedNs }) => savedNs > 0 && savedNs >= savingNs(facts))
    .map((pattern) => ({
      code: 'PAR001',
      title: `Run ${listNames(facts, pattern)} together: ${pattern.groups === 1 ? 'one answer' : `each of ${pattern.groups} answers`} `
        + `asked for ${pattern.groups === 1 ? `all ${pattern.members.length}` : 'several at once'}, and they ran one after another`,
      spanIds: pattern.members.map((i) => facts.timeline.spans[i]!.id),
      saving: { timeNs: pattern.savedNs },
      confidence: 'proven',
      advice: 'Start them all before you await the first, for example with Promise.all. The model could not know one result when it '
        + 'asked for the next; only side effects can still tie them, so keep the order where one changes what another reads.',
    }))
}
