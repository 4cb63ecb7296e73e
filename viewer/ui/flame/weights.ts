import { formatCount, formatUsd, plural } from '../../../reports/shared/numbers.ts'
import { formatDuration } from '../../../src/model/units.ts'
import type { CallSummary } from '../../../src/model/analysis.ts'
import type { RunModel } from '../run/run-model.ts'

export type Weight = 'time' | 'path' | 'tokens' | 'cost'

export const WEIGHTS: readonly (readonly [weight: Weight, label: string])[] = [
  ['time', 'Time'], ['path', 'Critical path'], ['tokens', 'Tokens'], ['cost', 'Cost'],
]

/** What each span weighs by itself, without what is inside of it. */
export interface Weighed {
  readonly values: Float64Array
  /** Calls that have it, and calls of which it is not known: they are not in the picture, instead of being there with nothing. */
  readonly calls: number
  readonly unknownCalls: number
  /** Why there is nothing to show. */
  readonly why?: string
}

export function weigh(run: Pick<RunModel, 'spans' | 'analysis'>, weight: Weight): Weighed {
  switch (weight) {
    case 'time':
      return { values: run.spans.self, calls: 0, unknownCalls: 0 }
    case 'path':
      return { values: run.spans.wall, calls: 0, unknownCalls: 0 }
    case 'tokens':
      return ofCalls(run, tokensOf, 'No call of this run told its tokens.')
    case 'cost':
      return ofCalls(run, ({ costUsd }) => costUsd, 'The price of no call of this run is known.')
  }
}

function tokensOf({ usage }: CallSummary): number | undefined {
  return usage?.input === undefined && usage?.output === undefined ? undefined : (usage.input?.total ?? 0) + (usage.output?.total ?? 0)
}

function ofCalls({ spans, analysis }: Pick<RunModel, 'spans' | 'analysis'>, figure: (call: CallSummary) => number | undefined, unknown: string): Weighed {
  const values = new Float64Array(spans.count)
  let [calls, unknownCalls, sum] = [0, 0, 0]
  for (let i = 0; i < spans.count; i++) {
    const call = spans.call[i] === 0 ? undefined : analysis.calls[spans.call[i]! - 1]
    // What failed without an answer is billed by nobody.
    if (call === undefined || call.unanswered === true) continue
    const value = figure(call)
    if (value === undefined || !Number.isFinite(value)) unknownCalls++
    else {
      calls++
      values[i] = Math.max(0, value)
      sum += values[i]!
    }
  }
  const why = calls + unknownCalls === 0 ? 'No call of a model was answered in this run.' : calls === 0 ? unknown : sum === 0 ? 'It is 0 for every call of this run.' : undefined
  return { values, calls, unknownCalls, ...(why !== undefined && { why }) }
}

export function formatWeight(weight: Weight, value: number): string {
  switch (weight) {
    case 'time':
    case 'path':
      return formatDuration(value)
    case 'tokens':
      return formatCount(value)
    case 'cost':
      return formatUsd(value)
  }
}

/** `the time`, as in `62 % of the time` */
export const wordsOf: Readonly<Record<Weight, string>> = { time: 'the time', path: 'the critical path', tokens: 'the tokens', cost: 'the cost' }

/** What the picture's widths are, in a line or two. */
export function captionOf(weight: Weight, order: 'heavy' | 'time', { calls, unknownCalls }: Weighed, sums: { readonly whole: number; readonly durationNs: number }): string {
  const run = formatDuration(sums.durationNs)
  const how = order === 'heavy' ? 'Siblings of one name are one frame, the largest first.' : 'Siblings in order of their start.'
  const missing = unknownCalls === 0 ? '' : ` ${plural(unknownCalls, 'call')} of unknown ${weight === 'cost' ? 'price' : 'usage'} ${unknownCalls === 1 ? 'is' : 'are'} not shown.`
  switch (weight) {
    case 'time':
      return order === 'heavy'
        ? `Busy time: ${formatDuration(sums.whole)} in a run of ${run}${sums.whole > sums.durationNs * 1.001 ? ', more as things ran in parallel' : ''}. A frame is as wide as its self time and all self times below it. ${how}`
        : `Each span where it was in the ${run} of the run; what ran at the same time lies in lanes under its parent.`
    case 'path':
      return `Time on the critical path, which adds up to the run: ${run}. What the run did not wait for is not shown. ${order === 'time' ? 'From left to right it is the time of the run, and what lies under each other is what ran then.' : how}`
    case 'tokens':
      return `Input and output tokens: ${formatCount(sums.whole)} in ${plural(calls, 'call')}.${missing} ${how}`
    case 'cost':
      return `Cost: ${formatUsd(sums.whole)} for ${plural(calls, 'call')}.${missing} ${how}`
  }
}
