import type { Detector } from './shared.ts'

const MIN_TOKENS = 1_000
const MAX_LISTED = 3

/** CTX004: the same content several times in one request. */
export const duplicateContent: Detector = ({ context: { duplicates = [] }, calls }) => {
  const tokens = duplicates.reduce((sum, { totalTokens }) => sum + totalTokens, 0)
  if (tokens < MIN_TOKENS) return []
  const costs = duplicates.flatMap(({ costUsd }) => costUsd ?? [])
  const listed = duplicates.slice(0, MAX_LISTED).map(({ kind, name, copies, totalTokens }) =>
    `${name === undefined ? kind : `${kind} of ${name}`} ×${copies} (${totalTokens.toLocaleString('en-US')} tokens)`)
  const spanIds = duplicates.flatMap(({ firstCall, lastCall }) => [firstCall, lastCall].map((number) => calls[number - 1]!.summary.spanId))
  return [{
    code: 'CTX004',
    title: `The same content stands several times in one request: ${listed.join(', ')}${duplicates.length > MAX_LISTED ? ', …' : ''}`,
    spanIds: [...new Set(spanIds)],
    saving: {
      tokens: { low: 0, high: tokens },
      ...(costs.length === duplicates.length && { costUsd: { low: 0, high: costs.reduce((a, b) => a + b, 0) } }),
    },
    confidence: 'likely' as const,
    advice: 'Answer a repeated tool call with a short note ("unchanged since …") instead of the same text. Do not take the older copy out: '
      + 'that would make the cache begin anew.',
  }]
}
