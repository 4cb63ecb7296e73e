import type { Analysis } from '../model/analysis.ts'
import type { Replay } from '../model/replay.ts'
import type { Trace } from '../model/span.ts'
import type { Independence } from './independence.ts'
import { derive, groupsOf } from './index.ts'
import type { AnalyzeOptions } from './options.ts'

/**
 * {@link analyze}, and what it takes to simulate the run again where the trace is not at hand, with its findings or a concurrency.
 * @throws as `analyze` does
 */
export function analyzeWithReplay(trace: Trace, options: AnalyzeOptions = {}): { readonly analysis: Analysis; readonly replay: Replay } {
  const { analysis, dependencies, free, changes } = derive(trace, options)
  const groupOf = groupsOf(analysis.spans.length, dependencies)
  const isAnyFree = free.parents.includes(1)
  // Copies of their own: what threads can share cannot be handed over between them, nor be stored everywhere.
  const [first, all] = [dependencies.needs.first.slice(), dependencies.needs.all.slice()]
  return {
    analysis,
    replay: {
      needs: { first, all },
      proven: { groupOf: groupOf.slice(), ...(isAnyFree && { free: flat(free) }) },
      changes: changes.map((change) => change?.() ?? null),
    },
  }
}

function flat({ freeFrom, canBeSkipped, parents, shares }: Independence): NonNullable<Replay['proven']['free']> {
  const pairs: number[] = []
  shares.forEach((others, span) => others.forEach((other) => pairs.push(span, other)))
  return { freeFrom: freeFrom.slice(), canBeSkipped: canBeSkipped.slice(), parents: parents.slice(), shares: Int32Array.from(pairs) }
}
