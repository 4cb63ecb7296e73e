import { isPartial } from '../../model/marks.ts'
import type { Finding } from '../../model/analysis.ts'
import type { Call } from '../calls.ts'
import { callsBelow, savingNs, type Facts } from '../facts.ts'
import { listNames, together, type Together } from '../together.ts'
import { groupBy } from '../group-by.ts'
import type { Detection, Detector } from './shared.ts'

/**
 * PAR002: LLM calls run one after another although neither needed the other:
 *
 * - calls inside tools that one assistant message asked for together (proven);
 * - calls of one parent with the very same request (likely: one of them may repeat an answer that did not fit).
 */
export const sequentialLlmCalls: Detector = (facts) => {
  const hasCalls = callsBelow(facts)
  const inTools = facts.dependencies.issuedTogether.filter(({ members }) => members.filter(hasCalls).length >= 2)
  return [
    ...worthwhile(facts, inTools).map((pattern) => finding(facts, pattern, {
      title: `Run the LLM calls inside ${listNames(facts, pattern)} together: one answer asked for these tools at once, `
        + 'and they ran one after another',
      confidence: 'proven',
      advice: 'Start the tools all before you await the first, for example with Promise.all. Only side effects can still tie '
        + 'them. Mind the rate limit of the model.',
    })),
    ...worthwhile(facts, sameRequests(facts)).map((pattern) => finding(facts, pattern, {
      title: `Run ${pattern.members.length} LLM calls with the same request (${listNames(facts, pattern)}) together`,
      confidence: 'likely',
      advice: 'If they are samples of one question, start them together, or ask for several choices in one request. If each '
        + 'repeats an answer that did not fit, say in the request what fits (a schema, a stop condition).',
    })),
  ]
}

const worthwhile = (facts: Facts, groups: Parameters<typeof together>[1]): Together[] =>
  together(facts, groups).filter(({ savedNs }) => savedNs > 0 && savedNs >= savingNs(facts))

const finding = (
  { timeline }: Facts, { members, savedNs, change }: Together, rest: Pick<Finding, 'title' | 'confidence' | 'advice'>,
): Detection => ({ code: 'PAR002', spanIds: members.map((i) => timeline.spans[i]!.id), saving: { timeNs: savedNs }, ...rest, change })

/** Sibling calls that succeeded with equal requests, known whole: the input of each was known before the first began. */
function sameRequests({ timeline: { spans, parent }, calls }: Facts): { readonly members: readonly number[] }[] {
  const candidates = calls.filter(({ span, isEmbedding }) => {
    const { llm, outcome } = spans[span]!
    return !isEmbedding && outcome.state === 'ok' && !isPartial(spans[span]!) && llm?.requestModel !== undefined && (llm.requestParts?.length ?? 0) > 0
  })
  const keyOf = (span: number): string => {
    const { requestModel, requestParts } = spans[span]!.llm!
    return `${parent[span]!} ${requestModel} ${requestParts!.join()}`
  }
  // The lists can be long, so first what is quick to tell apart: where each ends.
  const endOf = ({ request }: Call): number => request[request.length - 1]!
  const ends = new Set<number>()
  const repeated = new Set<number>()
  for (const call of candidates) {
    if (ends.has(endOf(call))) repeated.add(endOf(call))
    else ends.add(endOf(call))
  }
  if (repeated.size === 0) return []
  const alike = candidates.filter((call) => repeated.has(endOf(call)))
  return [...groupBy(alike, ({ span }) => keyOf(span)).values()]
    .filter((group) => group.length > 1)
    .map((group) => ({ members: group.map(({ span }) => span) }))
}
