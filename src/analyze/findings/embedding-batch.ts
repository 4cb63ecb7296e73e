import { listOf } from '../children.ts'
import { needsOf } from '../dependencies.ts'
import { savingNs, type Facts } from '../facts.ts'
import { groupBy } from '../group-by.ts'
import { shorterBy, type Detector } from './shared.ts'

/**
 * EMB001: embedding calls of one model, one after another, that could have been one request. The upper bound simulates one call as
 * long as the longest; one request with all the inputs takes longer than that by what reading them takes.
 */
export const embeddingBatches: Detector = (facts) => {
  const batches = sequences(facts)
  const { timeline: { spans, start, end }, simulator } = facts
  return [...groupBy(batches, ([first]) => spans[first!]!.llm?.requestModel ?? spans[first!]!.name)].flatMap(([model, groups]) => {
    const shorter = new Map<number, number>()
    const durationOf = (i: number): number => end[i]! - start[i]!
    for (const group of groups) {
      const longest = group.reduce((most, i) => (durationOf(i) > durationOf(most) ? i : most))
      for (const i of group) if (i !== longest) shorter.set(i, durationOf(i))
    }
    const high = simulator.saved({ shorter })
    if (high < savingNs(facts)) return []
    const count = groups.reduce((sum, group) => sum + group.length, 0)
    return [{
      code: 'EMB001',
      title: `${count} embedding calls of ${model} ran one after another; ${groups.length === 1 ? 'one request' : `${groups.length} requests`} could have carried all of them`,
      spanIds: groups.flat().sort((a, b) => a - b).map((i) => spans[i]!.id),
      saving: { timeNs: { low: 0, high } },
      confidence: 'likely' as const,
      advice: 'Send the texts as one list of inputs; embedding APIs take many. A text that was only known after the one before was embedded '
        + 'cannot join them: nothing recorded ran between these calls that could have made it.',
      change: () => shorterBy(shorter),
    }]
  })
}

/** Siblings of one model, each begun after the one before had ended, with nothing else of the parent's in between. */
function sequences({ timeline, calls, dependencies }: Facts): number[][] {
  const { spans, start, end, parent, children } = timeline
  const embeddings = new Set(calls.filter(({ span, isEmbedding }) => isEmbedding && spans[span]!.outcome.state === 'ok').map(({ span }) => span))
  const parents = new Set([...embeddings].map((i) => parent[i]!))
  const found: number[][] = []
  for (const p of parents) {
    let current = new Set<number>()
    let last: number | undefined
    const close = (): void => {
      if (current.size > 1) found.push([...current])
      current = new Set()
      last = undefined
    }
    for (const i of p === -1 ? [] : listOf(children, p)) {
      const follows = last !== undefined && start[i]! >= end[last]! && spans[i]!.llm?.requestModel === spans[last]!.llm?.requestModel
        && !needsOf(dependencies.needs, i).some((needed) => current.has(needed))
      if (!embeddings.has(i) || !follows) close()
      if (!embeddings.has(i)) continue
      current.add(i)
      last = i
    }
    close()
  }
  return found
}
