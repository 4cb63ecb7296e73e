import type { DependencyEvidence, DependencySummary, SpanDependency } from '../model/analysis.ts'
import { MAX_NAMED, PROOFS, type Dependencies } from './dependencies.ts'
import { isFreeOf, leadsTo, type Independence } from './independence.ts'
import { giveBack, ints } from './room.ts'
import { sortPlaces } from './sort-places.ts'
import type { Timeline } from './timeline.ts'

/** Pairs that are listed; the others are counted. */
const MAX_INDEPENDENT = 200
/** For each span the siblings that ended last before it began: these it could have been waiting for. */
const MAX_BEFORE = 16
/** Pairs of a long run that are looked at; it has more of the same. */
const MAX_LOOKED_AT = 400_000

/** What is proven of pairs of spans, with the evidence; undefined when there is no pair to speak of. */
export function dependencyList(timeline: Timeline, dependencies: Dependencies, free: Independence): DependencySummary | undefined {
  const { from } = dependencies.edges
  const listed: SpanDependency[] = []
  for (let at = 0; at < Math.min(from.length, MAX_NAMED); at++) listed.push(dependent(timeline, dependencies, at))
  const pairs = new SiblingPairs(timeline, dependencies, free)
  pairs.look()
  pairs.done()
  if (from.length + pairs.independent + pairs.unknown === 0) return undefined
  return {
    pairs: [...listed, ...pairs.listed],
    counts: { dependent: from.length, independent: pairs.independent, unknown: pairs.unknown },
    leftOut: from.length - listed.length + pairs.independent - pairs.listed.length,
  }
}

function dependent({ spans }: Timeline, { edges: { from, to, proofs, values } }: Dependencies, at: number): SpanDependency {
  const value = values.get(at)
  const evidence = PROOFS.filter((_, bit) => (proofs[at]! & (1 << bit)) !== 0).map((kind): DependencyEvidence =>
    (kind === 'value' && value !== undefined ? { kind, value: value.kind, count: value.count } : { kind }))
  return { from: spans[from[at]!]!.id, to: spans[to[at]!]!.id, verdict: 'dependent', evidence }
}

/** Siblings of which one began after the other had ended. */
class SiblingPairs {
  independent = 0
  unknown = 0
  readonly listed: SpanDependency[] = []
  readonly #timeline: Timeline
  readonly #dependencies: Dependencies
  readonly #free: Independence
  /** The group of spans that one answer asked for, 0 for none. */
  readonly #together: Int32Array
  #left = MAX_LOOKED_AT

  constructor(timeline: Timeline, dependencies: Dependencies, free: Independence) {
    this.#timeline = timeline
    this.#dependencies = dependencies
    this.#free = free
    this.#together = ints(timeline.spans.length)
    dependencies.issuedTogether.forEach(({ members }, group) => members.forEach((i) => (this.#together[i] = group + 1)))
  }

  look(): void {
    const { children: { first, all }, start, end, late } = this.#timeline
    let byEnd: Int32Array = new Int32Array(64)
    for (let parent = 0; parent < start.length; parent++) {
      if (this.#left <= 0) return
      const from = first[parent]!
      const to = first[parent + 1]!
      if (to - from < 2) continue
      if (to - from > byEnd.length) byEnd = ints((to - from) * 2)
      let count = 0
      for (let at = from; at < to; at++) if (!late[all[at]!]!) byEnd[count++] = all[at]!
      sortPlaces(byEnd, count, (a, b) => end[a]! - end[b]! || a - b)
      let ended = 0
      for (let at = from; at < to; at++) {
        const b = all[at]!
        while (ended < count && end[byEnd[ended]!]! <= start[b]!) ended++
        for (let place = Math.max(0, ended - MAX_BEFORE); place < ended; place++) {
          // Of two that begin at the same instant, none waited.
          if (byEnd[place]! < b) this.#pair(byEnd[place]!, b)
        }
      }
    }
  }

  done(): void {
    giveBack(this.#together)
  }

  #pair(a: number, b: number): void {
    this.#left--
    const chain = leadsTo(this.#timeline, this.#dependencies, a, b)
    if (chain === true) return
    const isTogether = this.#together[a] !== 0 && this.#together[a] === this.#together[b]
    if (chain === undefined || !(isTogether || isFreeOf(this.#timeline, this.#free, a, b))) {
      this.unknown++
      return
    }
    this.independent++
    const { spans } = this.#timeline
    if (this.listed.length >= MAX_INDEPENDENT) return
    this.listed.push({ from: spans[a]!.id, to: spans[b]!.id, verdict: 'independent', evidence: this.#evidence(a, b) })
  }

  #evidence(a: number, b: number): DependencyEvidence[] {
    const group = this.#together[a]!
    return [
      ...(group !== 0 && group === this.#together[b] ? [{ kind: 'issued-together', by: this.#dependencies.issuedTogether[group - 1]!.by } as const] : []),
      ...(isFreeOf(this.#timeline, this.#free, a, b) ? [{ kind: 'known-before', knownAtNs: this.#free.freeFrom[b]! } as const] : []),
    ]
  }
}
