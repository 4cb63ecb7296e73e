import type { ContextCall, ContextSummary } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import type { WindowTable } from '../models/windows.ts'
import { modelOf, type Call } from './calls.ts'
import type { Timeline } from './timeline.ts'
import { byText } from './totals.ts'
import { CHARS_PER_TOKEN, weightOf } from './usage-estimates.ts'

/**
 * How full each call made its model's context window: its own input and output, not a sum over calls.
 * @param threshold share of the window past which the summary warns
 */
export function contextSummary(
  trace: Trace, timeline: Timeline, calls: readonly Call[], windows: () => WindowTable, threshold: number,
): ContextSummary {
  const contexts = calls.flatMap((call) => contextCall(trace, timeline, call, windows) ?? [])
  let peak: ContextCall | undefined
  for (const call of contexts) if (call.share !== undefined && call.share > (peak?.share ?? -1)) peak = call
  return {
    calls: contexts,
    ...(peak !== undefined && { peak }),
    ...(peak !== undefined && peak.share! > threshold && { warning: warn(peak) }),
  }
}

function contextCall(trace: Trace, { spans }: Timeline, { span, summary, isEmbedding }: Call, windows: () => WindowTable) {
  const { input, output } = summary.usage ?? {}
  if (isEmbedding || input === undefined) return undefined
  const usedTokens = input.total + (output?.total ?? 0)
  const windowTokens = windows().window(summary.provider, [summary.responseModel, summary.requestModel])
  const { llm, attributes } = spans[span]!
  const isContinued = attributes?.['gen_ai.request.previous_response.id'] !== undefined
  const composition = compose(trace, llm?.requestParts, input.total, isContinued)
  const call: ContextCall = {
    spanId: summary.spanId,
    number: summary.number,
    model: modelOf(summary),
    usedTokens,
    ...(windowTokens !== undefined && { windowTokens, share: usedTokens / windowTokens }),
    ...(composition !== undefined && { composition }),
    input,
  }
  return call
}

const warn = ({ number, share, windowTokens, model }: ContextCall): string =>
  `call ${number} used ${Math.round(share! * 100)} % of the ${windowTokens!.toLocaleString('en-US')} tokens `
  + `that ${model} can hold`

/**
 * Tokens by kind of part: the parts' sizes, scaled so that they add up to what the provider counted. A request that goes on
 * from an answer which the server keeps does not hold what came before: that is what the parts leave of the count, by a
 * rough size of theirs.
 */
function compose(
  trace: Trace, indexes: readonly number[] | undefined, total: number, isContinued: boolean,
): Record<string, number> | undefined {
  const weights = new Map<string, number>()
  for (const index of indexes ?? []) {
    const part = trace.parts[index]
    if (part !== undefined) weights.set(part.kind, (weights.get(part.kind) ?? 0) + weightOf(part))
  }
  if (isContinued) {
    const sent = [...weights.values()].reduce((a, b) => a + b, 0)
    weights.set('kept by the server', Math.max(0, total * CHARS_PER_TOKEN - sent))
  }
  const kinds = [...weights.keys()]
  const tie = (a: number, b: number): number => byText(kinds[a]!, kinds[b]!)
  const tokens = largestRemainder(kinds.map((kind) => weights.get(kind)!), total, tie)
  return tokens && Object.fromEntries(kinds.map((kind, i) => [kind, tokens[i]!]))
}

/**
 * Splits a whole number in proportion to the weights, so that the whole numbers add up to it. Undefined without any weight.
 * @param tie decides between equal remainders
 */
export function largestRemainder(
  weights: readonly number[], total: number, tie: (a: number, b: number) => number = (a, b) => a - b,
): number[] | undefined {
  const sum = weights.reduce((a, b) => a + b, 0)
  if (sum <= 0) return undefined
  const shares = weights.map((weight) => (weight / sum) * total)
  const split = shares.map(Math.floor)
  let left = total - split.reduce((a, b) => a + b, 0)
  const order = shares.map((share, i) => ({ i, remainder: share - split[i]! }))
  order.sort((a, b) => b.remainder - a.remainder || tie(a.i, b.i))
  for (const { i } of order) {
    if (left <= 0) break
    split[i]!++
    left--
  }
  return split
}
