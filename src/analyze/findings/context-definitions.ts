import type { Detector } from './shared.ts'

/** Less than this over the run is not worth a word. */
const MIN_TOKENS = 1_000
const MAX_NAMES = 5

/** CTX002: tools that every request defined and no answer called. */
export const unusedDefinitions: Detector = ({ context: { definitions = [] }, timeline, trace, calls }) => {
  const unused = definitions.filter(({ timesCalled }) => timesCalled === 0)
  const tokens = unused.reduce((sum, { totalTokens }) => sum + totalTokens, 0)
  if (tokens < MIN_TOKENS) return []
  const names = unused.map(({ name }) => name)
  const costs = unused.flatMap(({ costUsd }) => costUsd ?? [])
  const gone = new Set(names)
  const parts = new Set(trace.parts.flatMap(({ kind, name }, i) => (kind === 'tool-definition' && gone.has(name ?? '') ? [i] : [])))
  const carriers = calls.filter(({ span }) => timeline.spans[span]!.llm?.requestParts?.some((part) => parts.has(part)))
  const listed = names.length > MAX_NAMES ? `${names.slice(0, MAX_NAMES).join(', ')} and ${names.length - MAX_NAMES} more` : names.join(', ')
  return [{
    code: 'CTX002',
    title: `${unused.length === 1 ? 'A tool was' : `${unused.length} tools were`} defined in up to `
      + `${Math.max(...unused.map(({ requests }) => requests))} requests and never called: ${listed}`,
    spanIds: carriers.map(({ summary }) => summary.spanId),
    saving: { tokens, ...(costs.length === unused.length && { costUsd: costs.reduce((a, b) => a + b, 0) }) },
    confidence: 'possible' as const,
    advice: 'Leave out tools that this kind of run never needs, or let the model look tools up. Other runs may need them: look at several '
      + 'before you take one away, and take it away for the whole conversation.',
  }]
}
