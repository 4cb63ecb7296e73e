import { longestPrefix } from '../../models/model-id.ts'
import { modelOf, type Call } from '../calls.ts'
import type { Facts } from '../facts.ts'
import { groupBy } from '../group-by.ts'
import { formatUsd } from '../amounts.ts'
import type { Detector } from './shared.ts'

/** An answer of at most so many tokens: a label, a number, a yes or no. */
const TINY_TOKENS = 32
const MIN_CALLS = 3
/** Share of the run's cost that the difference must be, and of the price that the sibling's may be. */
const MIN_SHARE = 0.1
const MAX_PRICE = 0.5

/** A cheaper model of the same family, by the beginning of the model's id; `''` where there is none. As of November 2026. */
const SIBLINGS: ReadonlyMap<string, string> = new Map(Object.entries({
  'gpt-5': 'gpt-5-mini', 'gpt-5-mini': 'gpt-5-nano', 'gpt-5-nano': '', 'gpt-5.1': 'gpt-5-mini', 'gpt-5.2': 'gpt-5-mini',
  'gpt-4.1': 'gpt-4.1-mini', 'gpt-4.1-mini': 'gpt-4.1-nano', 'gpt-4.1-nano': '', 'gpt-4o': 'gpt-4o-mini', 'gpt-4o-mini': '',
  'gpt-4-turbo': 'gpt-4o-mini', 'gpt-4': 'gpt-4o-mini', o1: 'o4-mini', 'o1-mini': '', o3: 'o4-mini', 'o3-mini': '', 'o4-mini': '',
  'claude-opus-4': 'claude-haiku-4-5', 'claude-sonnet-4': 'claude-haiku-4-5', 'claude-3-opus': 'claude-3-5-haiku',
  'claude-3-5-sonnet': 'claude-3-5-haiku', 'claude-3-7-sonnet': 'claude-3-5-haiku',
  'gemini-2.5-pro': 'gemini-2.5-flash', 'gemini-2.5-flash': 'gemini-2.5-flash-lite', 'gemini-2.5-flash-lite': '',
  'gemini-1.5-pro': 'gemini-1.5-flash', 'gemini-1.5-flash': '',
}))

/** LLM003: calls of a dear model that wrote next to nothing, with what the same tokens cost at a cheaper sibling's prices. */
export const smallOutputs: Detector = (facts) => {
  const { calls } = facts
  const runUsd = calls.reduce((sum, { summary }) => sum + (summary.costUsd ?? 0), 0)
  const tiny = calls.filter((call) => isTiny(facts, call))
  return [...groupBy(tiny, ({ summary }) => JSON.stringify([modelOf(summary), summary.provider])).values()].flatMap((members) => {
    const model = modelOf(members[0]!.summary)
    const sibling = longestPrefix(SIBLINGS, model)
    if (sibling === undefined || sibling === '' || members.length < MIN_CALLS) return []
    const usd = members.reduce((sum, { summary }) => sum + summary.costUsd!, 0)
    const siblingUsd = members.reduce((sum, call) => sum + (priceAt(facts, call, sibling) ?? NaN), 0)
    if (!(siblingUsd <= usd * MAX_PRICE) || usd - siblingUsd < runUsd * MIN_SHARE) return []
    return [{
      code: 'LLM003',
      title: `${members.length} calls of ${model} wrote at most ${TINY_TOKENS} tokens each, for ${formatUsd(usd)}; at the prices of ${sibling} the same tokens `
        + `are ${formatUsd(siblingUsd)}`,
      spanIds: members.map(({ summary }) => summary.spanId),
      advice: 'A figure, not a recommendation: a short answer can be a hard one. Whether another model answers these as well, only your own tests can say.',
    }]
  })
}

function isTiny({ timeline: { spans } }: Facts, { span, summary: { usage, costUsd }, estimate, isEmbedding }: Call): boolean {
  const output = usage?.output
  return !isEmbedding && estimate === undefined && costUsd !== undefined && output !== undefined && output.total > 0
    && usage!.complete && output.total <= TINY_TOKENS && (spans[span]!.llm?.toolCalls?.length ?? 0) === 0
}

function priceAt({ trace, timeline: { spans }, pricing }: Facts, { span, summary: { provider, usage } }: Call, model: string): number | undefined {
  if (usage === undefined) return undefined
  return pricing().price({ provider, models: [model], usage, epochMs: trace.startedAtEpochMs + spans[span]!.start / 1e6 })
}
