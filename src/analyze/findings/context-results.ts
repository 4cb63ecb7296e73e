import { groupBy } from '../group-by.ts'
import type { Detector } from './shared.ts'

/** A long result is all but certain to hold a distinctive value that its use would repeat. */
const MIN_TOKENS = 500
const MIN_LATER_TOKENS = 2_000
const MIN_TURNS = 3

/**
 * CTX003: long tool results that stayed for several turns although nothing ever repeated a value of them. Only where values were
 * looked for.
 */
export const unusedResults: Detector = ({ context: { results = [] }, calls }) => {
  const idle = results.filter(({ repeated, tokens, turns, totalTokens }) =>
    repeated === false && tokens >= MIN_TOKENS && turns >= MIN_TURNS && totalTokens - tokens >= MIN_LATER_TOKENS)
  return [...groupBy(idle, ({ name }) => name ?? 'a tool')].map(([name, group]) => {
    const tokens = Math.round(group.reduce((sum, one) => sum + one.totalTokens - one.tokens, 0))
    const costs = group.flatMap(({ laterCostUsd }) => laterCostUsd ?? [])
    const spanIds = group.flatMap(({ spanId, lastCall }) => [...(spanId === undefined ? [] : [spanId]), calls[lastCall - 1]!.summary.spanId])
    return {
      code: 'CTX003',
      title: `${group.length === 1 ? 'A result' : `${group.length} results`} of ${name} stayed for up to `
        + `${Math.max(...group.map(({ turns }) => turns))} turns, and no later call or answer repeats a value of ${group.length === 1 ? 'it' : 'them'}`,
      spanIds: [...new Set(spanIds)],
      // Taking a result out of the history makes what follows it be read anew once, which can cost more than it saves.
      saving: {
        tokens: { low: 0, high: tokens },
        ...(costs.length === group.length && { costUsd: { low: 0, high: costs.reduce((a, b) => a + b, 0) } }),
      },
      confidence: 'likely' as const,
      advice: `Shorten what ${name} returns before it enters the conversation. A model can use a result without repeating it (to rule `
        + 'something out): read one of them first.',
    }
  })
}
