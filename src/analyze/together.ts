import { isWaiting } from '../model/marks.ts'
import type { ReplayChange } from '../model/replay.ts'
import type { IssuedTogether } from './dependencies.ts'
import type { Facts } from './facts.ts'
import { groupBy } from './group-by.ts'

/** Groups of spans that could have run together, merged where they are of the same operations. */
export interface Together {
  /** The names of the operations, in order of first appearance. */
  readonly names: readonly string[]
  readonly groups: number
  /** In order of start. */
  readonly members: readonly number[]
  /** The difference between the run as it was and a simulated one, ns. */
  readonly savedNs: number
  readonly change: () => ReplayChange
}

/** Each pattern costs one simulated run, so the smaller ones share one. */
const MAX_PATTERNS = 20

/**
 * What running the members of each group together would have saved, by pattern: the set of operations that a group is
 * made of. An agent that does the same thing in every turn gets one finding, with the saving of all its turns. What only waited, for a
 * person or for what ran elsewhere, is in no group: beside something else it would wait as long.
 */
export function together(facts: Facts, all: readonly Group[]): Together[] {
  const { spans } = facts.timeline
  const groups: Group[] = []
  for (const { members } of all) {
    const kept = members.some((i) => isWaiting(spans[i]!)) ? members.filter((i) => !isWaiting(spans[i]!)) : members
    if (kept.length > 1) groups.push({ members: kept })
  }
  const patterns = [...groupBy(groups, ({ members }) => keyOf(facts, members)).values()]
    .map((pattern) => ({ pattern, bound: pattern.reduce((sum, { members }) => sum + bound(facts, members), 0) }))
    .filter((pattern) => pattern.bound > 0)
    .sort((a, b) => b.bound - a.bound)
  const kept = patterns.slice(0, MAX_PATTERNS).map(({ pattern }) => pattern)
  const rest = patterns.slice(MAX_PATTERNS).flatMap(({ pattern }) => pattern)
  if (kept.length === 0) return []
  const groupOf = new Int32Array(spans.length).fill(-1)
  return [...kept, ...(rest.length > 0 ? [rest] : [])].map((pattern) => {
    const members = Int32Array.from(pattern.flatMap((group) => group.members)).sort()
    pattern.forEach((group, number) => group.members.forEach((i) => (groupOf[i] = number)))
    const savedNs = facts.simulator.saved({ relaxed: { groupOf } })
    for (const i of members) groupOf[i] = -1
    const change = (): ReplayChange => ({ together: pattern.map((group) => group.members) })
    return { names: uniqueNames(facts, members), groups: pattern.length, members: [...members], savedNs, change }
  })
}

type Group = Pick<IssuedTogether, 'members'>

/** Equal for groups of the same operations. Most are two or three runs of one tool, whose name will do. */
function keyOf(facts: Facts, members: readonly number[]): string {
  const names = uniqueNames(facts, members)
  return names.length === 1 ? names[0]! : keyOfNames(names)
}

const keyOfNames = (names: string[]): string => JSON.stringify(names.sort())

function uniqueNames({ timeline: { spans } }: Facts, members: Iterable<number> & ArrayLike<number>): string[] {
  // Most groups are two or three runs of one tool.
  const first = spans[members[0]!]?.name
  if (first !== undefined && members.length < 4 && (members.length < 2 || spans[members[1]!]!.name === first)
    && (members.length < 3 || spans[members[2]!]!.name === first)) return [first]
  const found = new Set<string>()
  for (const i of members) found.add(spans[i]!.name)
  return [...found]
}

/** Durations beyond the longest: no schedule saves more. 0 when none of them waited for another. */
function bound({ timeline: { start, end } }: Facts, members: readonly number[]): number {
  let sum = 0
  let longest = 0
  let isSequential = false
  let firstEnd = Infinity
  for (const i of members) {
    if (start[i]! >= firstEnd) isSequential = true
    firstEnd = Math.min(firstEnd, end[i]!)
    sum += end[i]! - start[i]!
    longest = Math.max(longest, end[i]! - start[i]!)
  }
  return isSequential ? sum - longest : 0
}

const MAX_NAMES = 4

/** `search ×3, get_orders and get_profile` */
export function listNames(facts: Facts, { names, members, groups }: Together): string {
  const counts = new Map<string, number>()
  for (const i of members) {
    const { name } = facts.timeline.spans[i]!
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const shown = names.slice(0, MAX_NAMES).map((name) => {
    const count = counts.get(name)!
    return groups === 1 && count > 1 ? `${name} ×${count}` : name
  })
  if (names.length > MAX_NAMES) shown.push(`${names.length - MAX_NAMES} more`)
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)!}`
}
