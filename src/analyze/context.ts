import type { CallSummary, ContextCall, ContextSummary } from '../model/analysis.ts'
import type { InputTokens } from '../model/usage.ts'
import type { WindowTable } from '../models/windows.ts'
import { callIdsOf } from './call-ids.ts'
import { modelOf } from './calls.ts'
import { contextGrowth } from './context-growth.ts'
import { layoutOf } from './context-layout.ts'
import { Composer, type Composed, type PartNames } from './context-parts.ts'
import { ContextStays, type StayInputs } from './context-stays.ts'

export interface ContextInputs extends StayInputs {
  readonly windows: () => WindowTable
  readonly names: PartNames
  /** Share of the window past which the summary warns. */
  readonly threshold: number
}

/** Lines of a request's composition for the call with the largest input, and for the others. */
const MANY_PARTS = 40
const FEW_PARTS = 6

/**
 * How full each call made its model's context window: its own input and output, not a sum over calls. What fills it, how it
 * grew, and what its pieces cost over their stay.
 */
export function contextSummary(inputs: ContextInputs): ContextSummary {
  const { calls, windows, threshold, conversations, weights, trace, timeline, names, prices } = inputs
  const largest = calls.reduce((most, call) => Math.max(most, call.summary.usage?.input?.total ?? 0), 0)
  let composer: Composer | undefined
  let stays: ContextStays | undefined
  const contexts: ContextCall[] = []
  for (const call of calls) {
    const { summary, isEmbedding } = call
    const { input, output } = summary.usage ?? {}
    if (isEmbedding || input === undefined) continue
    const usedTokens = input.total + (output?.total ?? 0)
    const windowTokens = windows().window(summary.provider, [summary.responseModel, summary.requestModel])
    const layout = layoutOf(trace, timeline, call, weights)
    const composed = layout === undefined ? undefined
      : (composer ??= new Composer(trace, names, callIdsOf(trace, timeline))).of(layout, input.total, input.total === largest ? MANY_PARTS : FEW_PARTS)
    if (layout !== undefined) (stays ??= new ContextStays(inputs)).add(call, layout, input, prices.unit(call))
    contexts.push(contextCall(summary, usedTokens, windowTokens, composed, input))
  }
  let peak: ContextCall | undefined
  for (const call of contexts) if (call.share !== undefined && call.share > (peak?.share ?? -1)) peak = call
  composer?.done()
  const growth = contextGrowth(calls, conversations, contexts)
  return {
    calls: contexts,
    ...(peak !== undefined && { peak }),
    ...(peak !== undefined && peak.share! > threshold && { warning: warn(peak) }),
    ...(stays !== undefined && { weighedBy: weights.by }),
    ...(growth.length > 0 && { growth }),
    ...stays?.summary(),
  }
}

function contextCall(
  summary: CallSummary, usedTokens: number, windowTokens: number | undefined, composed: Composed | undefined, input: InputTokens,
): ContextCall {
  const { spanId, number } = summary
  const model = modelOf(summary)
  // The usual shape written out: spreading takes twice the room.
  if (windowTokens !== undefined && composed !== undefined) {
    const { composition, parts } = composed
    return { spanId, number, model, usedTokens, windowTokens, share: usedTokens / windowTokens, composition, parts, input }
  }
  return { spanId, number, model, usedTokens, ...(windowTokens !== undefined && { windowTokens, share: usedTokens / windowTokens }), ...composed, input }
}

const warn = ({ number, share, windowTokens, model }: ContextCall): string =>
  `call ${number} used ${Math.round(share! * 100)} % of the ${windowTokens!.toLocaleString('en-US')} tokens `
  + `that ${model} can hold`

export { largestRemainder } from './largest-remainder.ts'
