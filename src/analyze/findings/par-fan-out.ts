import { isNotItsOwn } from '../../model/marks.ts'
import { formatDuration } from '../../model/units.ts'
import { listOf } from '../children.ts'
import { needsOf } from '../dependencies.ts'
import { savingNs, type Facts } from '../facts.ts'
import { groupBy } from '../group-by.ts'
import type { Detector } from './shared.ts'
import { ints } from '../room.ts'

/** Fewer spans than this show no limit; and they are at least so many times as many as run at once. */
const MIN_SPANS = 6
const MIN_ROUNDS = 2
/** Siblings beyond which comparing each with each takes longer than grouping them. */
const MANY = 32
/** A slot is taken again within this share of the median duration, or this time, ns. */
const SLACK_SHARE = 0.05
const SLACK_NS = 2e6

interface FanOut {
  readonly members: readonly number[]
  readonly limit: number
}

/**
 * PAR006: many like siblings of which always the same number ran at once, each begun as another one ended: a limit, or a pool of that
 * size. Simulated are twice the limit and none.
 */
export const fanOutLimits: Detector = (facts) => {
  const { timeline: { spans }, simulator } = facts
  return [...groupBy(fanOuts(facts), ({ members: [first], limit }) => `${limit} ${spans[first!]!.name}`).values()].flatMap((pattern) => {
    const [{ limit }] = pattern as [FanOut, ...FanOut[]]
    const groupOf = ints(spans.length).fill(-1)
    pattern.forEach(({ members }, group) => members.forEach((i) => (groupOf[i] = group)))
    const relaxed = { groupOf }
    const high = simulator.saved({ relaxed })
    const low = Math.min(high, Math.max(0, simulator.saved({ relaxed, concurrency: 2 * limit })))
    if (high < savingNs(facts)) return []
    const members = pattern.flatMap((one) => one.members).sort((a, b) => a - b)
    const { name } = spans[members[0]!]!
    return [{
      code: 'PAR006',
      title: `${members.length} runs of ${name} went ${limit} at a time, each begun as another one ended`,
      spanIds: members.map((i) => spans[i]!.id),
      saving: { timeNs: { low, high } },
      confidence: 'likely' as const,
      advice: `Raise the limit: ${2 * limit} at a time would save ${formatDuration(low)}, no limit ${formatDuration(high)}. Mind the rate limits of `
        + 'what they call, and its own speed: what answers more at once may answer each more slowly.',
      change: () => ({ together: pattern.map((one) => one.members) }),
    }]
  })
}

function fanOuts({ timeline, dependencies: { needs } }: Facts): FanOut[] {
  const { spans, kind, start, end, children, late } = timeline
  const { first } = children
  const found: FanOut[] = []
  for (let parent = 0; parent < spans.length; parent++) {
    if (first[parent + 1]! - first[parent]! < MIN_SPANS || !mayHaveMany(timeline, parent)) continue
    const groups = groupBy(listOf(children, parent).filter((i) => !late[i]! && end[i]! > start[i]! && !isNotItsOwn(spans[i]!)), (i) => kind[i]!)
    for (const members of groups.values()) {
      const limit = members.length < MIN_SPANS ? undefined : limitOf(timeline, members)
      if (limit === undefined) continue
      const own = new Set(members)
      // What one answer asked for together is said already.
      const by = spans[members[0]!]!.tool?.issuedBy
      const isAsked = by !== undefined && members.every((i) => spans[i]!.tool?.issuedBy === by)
      if (!isAsked && !members.some((i) => needsOf(needs, i).some((needed) => own.has(needed)))) found.push({ members, limit })
    }
  }
  return found
}

/** Whether so many may be of one kind; of most spans no so many are. */
function mayHaveMany({ kind, children: { first, all } }: Facts['timeline'], parent: number): boolean {
  const from = first[parent]!
  const to = first[parent + 1]!
  if (to - from > MANY) return true
  for (let at = from; at + MIN_SPANS <= to; at++) {
    let count = 1
    for (let other = at + 1; other < to; other++) if (kind[all[other]!] === kind[all[at]!] && ++count >= MIN_SPANS) return true
  }
  return false
}

/** How many run at once, where that many begin together and each of the others takes the place of one that ended. */
function limitOf({ start, end }: Facts['timeline'], members: readonly number[]): number | undefined {
  // Of most, one runs at a time: that is seen without sorting.
  const firstEnd = members.reduce((least, i) => Math.min(least, end[i]!), Infinity)
  const limit = members.reduce((count, i) => count + (start[i]! < firstEnd ? 1 : 0), 0)
  if (limit < 2 || members.length < limit * MIN_ROUNDS) return undefined
  const starts = members.map((i) => start[i]!).sort((a, b) => a - b)
  const ends = members.map((i) => end[i]!).sort((a, b) => a - b)
  const durations = members.map((i) => end[i]! - start[i]!).sort((a, b) => a - b)
  const slack = Math.max(SLACK_NS, SLACK_SHARE * durations[durations.length >> 1]!)
  if (starts[limit - 1]! - starts[0]! > slack) return undefined
  const isFull = starts.every((time, at) => at < limit || (time >= ends[at - limit]! && time - ends[at - limit]! <= slack))
  return isFull ? limit : undefined
}
