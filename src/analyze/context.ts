import type { ContextCall, ContextSummary } from '../model/analysis.ts'
import type { WindowTable } from '../models/windows.ts'
import { modelOf, type Call } from './calls.ts'
import { contextGrowth } from './context-growth.ts'
import { layoutOf } from './context-layout.ts'
import { contextParts, type PartNames } from './context-parts.ts'
import { contextStays, type StayInputs } from './context-stays.ts'

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
  const { calls, windows, threshold, conversations, weights } = inputs
  const largest = calls.reduce((most, call) => Math.max(most, call.summary.usage?.input?.total ?? 0), 0)
  const contexts = calls.flatMap((call) => contextCall(inputs, call, largest) ?? [])
  let peak: ContextCall | undefined
  for (const call of contexts) if (call.share !== undefined && call.share > (peak?.share ?? -1)) peak = call
  const growth = contextGrowth(calls, conversations, contexts)
  const hasParts = contexts.some(({ composition }) => composition !== undefined)
  return {
    calls: contexts,
    ...(peak !== undefined && { peak }),
    ...(peak !== undefined && peak.share! > threshold && { warning: warn(peak) }),
    ...(hasParts && { weighedBy: weights.by }),
    ...(growth.length > 0 && { growth }),
    ...(hasParts && contextStays(inputs)),
  }

  function contextCall(all: ContextInputs, call: Call, most: number): ContextCall | undefined {
    const { trace, timeline, names } = all
    const { summary, isEmbedding } = call
    const { input, output } = summary.usage ?? {}
    if (isEmbedding || input === undefined) return undefined
    const usedTokens = input.total + (output?.total ?? 0)
    const windowTokens = windows().window(summary.provider, [summary.responseModel, summary.requestModel])
    const layout = layoutOf(trace, timeline, call, weights)
    return {
      spanId: summary.spanId,
      number: summary.number,
      model: modelOf(summary),
      usedTokens,
      ...(windowTokens !== undefined && { windowTokens, share: usedTokens / windowTokens }),
      ...(layout !== undefined && contextParts(trace, names, layout, input.total, input.total === most ? MANY_PARTS : FEW_PARTS)),
      input,
    }
  }
}

const warn = ({ number, share, windowTokens, model }: ContextCall): string =>
  `call ${number} used ${Math.round(share! * 100)} % of the ${windowTokens!.toLocaleString('en-US')} tokens `
  + `that ${model} can hold`

export { largestRemainder } from './largest-remainder.ts'
