import type { Observation } from '../../model/analysis.ts'
import type { Call } from '../calls.ts'
import type { Facts } from '../facts.ts'
import { groupBy } from '../group-by.ts'
import { amountsOf } from '../amounts.ts'
import { shorterBy, type Detection, type Detector } from './shared.ts'

/** Finish reasons, in lower case, that mean the token limit of the answer. */
const LIMITS = new Set(['length', 'max_tokens', 'max_output_tokens', 'model_length'])

interface Cut {
  readonly call: Call
  /** The call that sent the request again, or went on from what had come. */
  readonly next: Call | undefined
  readonly how: 'again' | 'on' | 'not'
}

/**
 * LLM002: answers that ended at the limit of output tokens. Where the next call sent the same request again, the first was in vain;
 * where it went on from the part that had come, the prompt was read twice. Otherwise it is an observation.
 */
export const cutOff: Detector = (facts) => {
  const { timeline: { parent }, calls } = facts
  if (!calls.some(isCut)) return []
  const cuts = [...groupBy(calls, ({ span }) => parent[span]!).values()].flatMap((conversation) =>
    conversation.flatMap((call, i): Cut[] => (isCut(call) ? [{ call, ...followed(facts, call, conversation[i + 1]) }] : [])))
  const paid = cuts.filter(({ how }) => how !== 'not')
  const left = cuts.filter(({ how }) => how === 'not')
  return [...(paid.length > 0 ? [costly(facts, paid)] : []), ...(left.length > 0 ? [observation(facts, left)] : [])]
}

const isCut = ({ summary: { finishReasons }, isEmbedding }: Call): boolean =>
  !isEmbedding && finishReasons?.some((reason) => LIMITS.has(reason.toLowerCase())) === true

function followed({ timeline: { spans, start, end } }: Facts, cut: Call, next: Call | undefined): Omit<Cut, 'call'> {
  const before = spans[cut.span]!.llm
  const after = next === undefined ? undefined : spans[next.span]!.llm
  const asked = before?.requestParts ?? []
  const parts = after?.requestParts ?? []
  const isAfter = next !== undefined && start[next.span]! >= end[cut.span]!
  if (!isAfter || asked.length === 0 || !asked.every((part, i) => parts[i] === part)) return { next: undefined, how: 'not' }
  if (parts.length === asked.length) return { next, how: 'again' }
  const got = before?.responseParts ?? []
  const isOn = got.length > 0 && got.every((part, i) => parts[asked.length + i] === part) && (before?.toolCalls?.length ?? 0) === 0
  return isOn ? { next, how: 'on' } : { next: undefined, how: 'not' }
}

function costly({ timeline: { spans, start, end }, simulator }: Facts, cuts: readonly Cut[]): Detection {
  const again = cuts.filter(({ how }) => how === 'again')
  const on = cuts.filter(({ how }) => how === 'on')
  const vain = new Map(again.map(({ call: { span } }) => [span, end[span]! - start[span]!]))
  // A continuation that is not needed spares its way to the first token; what it then writes would be written all the same.
  const reread = new Map(on.flatMap(({ next }) => (next?.summary.ttftNs === undefined ? [] : [[next.span, next.summary.ttftNs] as const])))
  const low = simulator.saved({ shorter: vain })
  const all = new Map([...vain, ...reread])
  const high = simulator.saved({ shorter: all })
  const lost = amountsOf(again.map(({ call }) => call))
  const readAgain = on.reduce((sum, { next }) => sum + (next?.summary.usage?.input?.total ?? 0), 0)
  const tokens = ((lost.tokens ?? 0) as number) + readAgain
  const indexes = [...new Set(cuts.flatMap(({ call, next }) => [call.span, next!.span]))].sort((a, b) => a - b)
  return {
    code: 'LLM002',
    title: `${cuts.length} ${cuts.length === 1 ? 'answer was' : 'answers were'} cut off by the token limit and ${what(again.length, on.length)}`,
    spanIds: indexes.map((i) => spans[i]!.id),
    saving: { timeNs: low === high ? high : { low, high }, ...(tokens > 0 && { tokens }), ...(lost.costUsd !== undefined && { costUsd: lost.costUsd }) },
    confidence: 'likely',
    advice: 'Give the answer the room that it needs (max_tokens, max_completion_tokens, max_output_tokens), or ask for a shorter one. With '
      + 'reasoning models the limit covers the reasoning too.',
    change: () => shorterBy(all),
  }
}

function what(again: number, on: number): string {
  if (on === 0) return 'asked for again'
  return again === 0 ? 'continued by another call' : 'asked for again or continued'
}

function observation({ timeline: { spans } }: Facts, cuts: readonly Cut[]): Observation {
  const limits = [...new Set(cuts.flatMap(({ call }) => spans[call.span]!.llm?.maxOutputTokens ?? []))].sort((a, b) => a - b)
  return {
    code: 'LLM002',
    title: `${cuts.length} ${cuts.length === 1 ? 'answer was' : 'answers were'} cut off by the token limit`
      + (limits.length === 0 ? '' : ` (${limits.slice(0, 4).join(', ')} tokens)`),
    spanIds: cuts.map(({ call }) => call.summary.spanId),
    advice: 'What followed worked with half an answer. Raise the limit, or ask for less.',
  }
}
