import { isPartial } from '../../model/marks.ts'
import type { Call } from '../calls.ts'
import { savingNs, type Facts } from '../facts.ts'
import { groupBy } from '../group-by.ts'
import { amountsOf } from '../amounts.ts'
import { shorterBy, type Detection, type Detector } from './shared.ts'

/**
 * REP003: a request that had been answered is sent again:
 *
 * - the same text embedded again, or a chat request whose answer came out the same: likely, a cache would have given it;
 * - a chat request at temperature 0 whose answer differs: possible.
 */
export const repeatedRequests: Detector = (facts) => {
  const { timeline: { spans }, calls } = facts
  const candidates = calls.filter(({ span }) => {
    const { llm, outcome } = spans[span]!
    return outcome.state === 'ok' && !isPartial(spans[span]!) && llm?.requestModel !== undefined && (llm.requestParts?.length ?? 0) > 0 && (llm.toolCalls?.length ?? 0) === 0
  })
  const keyOf = ({ span, summary: { provider } }: Call): string => {
    const { requestModel, requestParts, operation } = spans[span]!.llm!
    return JSON.stringify([provider, operation, requestModel, requestParts])
  }
  const same = [...groupBy(candidates, keyOf).values()].filter((group) => group.length > 1)
  const likely = same.flatMap((group) => repeatsOf(facts, group, (first, again) => again.isEmbedding || sameAnswer(facts, first, again)))
  const possible = same.flatMap((group) => repeatsOf(facts, group, (first, again) =>
    !again.isEmbedding && !sameAnswer(facts, first, again) && isExact(facts, first) && isExact(facts, again)))
  return [...report(facts, likely, 'likely'), ...report(facts, possible, 'possible')]
}

interface Repeat {
  readonly first: Call
  readonly again: Call
}

/** Only those that began when the first answer was there. */
function repeatsOf({ timeline: { start, end } }: Facts, group: readonly Call[], test: (first: Call, again: Call) => boolean): Repeat[] {
  const [first, ...others] = group
  return others.filter((again) => start[again.span]! >= end[first!.span]! && test(first!, again)).map((again) => ({ first: first!, again }))
}

function sameAnswer({ timeline: { spans } }: Facts, a: Call, b: Call): boolean {
  const one = spans[a.span]!.llm?.responseParts ?? []
  const other = spans[b.span]!.llm?.responseParts ?? []
  return one.length > 0 && one.length === other.length && one.every((part, i) => part === other[i])
}

const isExact = ({ timeline: { spans } }: Facts, { span }: Call): boolean => {
  const temperature = spans[span]!.attributes?.['gen_ai.request.temperature']
  return temperature === 0 || temperature === '0'
}

function report(facts: Facts, repeats: readonly Repeat[], confidence: 'likely' | 'possible'): Detection[] {
  const { timeline: { spans, start, end }, simulator } = facts
  if (repeats.length === 0) return []
  const shorter = new Map(repeats.map(({ again: { span } }) => [span, end[span]! - start[span]!]))
  const timeNs = simulator.saved({ shorter })
  if (timeNs < savingNs(facts)) return []
  const indexes = [...new Set(repeats.flatMap(({ first, again }) => [first.span, again.span]))].sort((a, b) => a - b)
  const requests = `${repeats.length} ${repeats.length === 1 ? 'request' : 'requests'}`
  const sent = `${requests} to ${[...new Set(repeats.map(({ again }) => spans[again.span]!.name))].slice(0, 4).join(', ')}`
  return [{
    code: 'REP003',
    title: confidence === 'likely'
      ? `${sent} had been answered before with the same answer`
      : `${sent} at temperature 0 had been answered before, differently`,
    spanIds: indexes.map((i) => spans[i]!.id),
    saving: { timeNs, ...amountsOf(repeats.map(({ again }) => again)) },
    confidence,
    advice: 'Keep answers by request, within the run or across runs. Where the repeat was to check an answer, or to draw another sample, '
      + 'it was needed, and an equal answer is its result.',
    change: () => shorterBy(shorter),
  }]
}
