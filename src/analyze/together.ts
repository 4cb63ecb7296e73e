import type { IssuedTogether } from './dependencies.ts'
import type { Facts } from './facts.ts'
import { groupBy } from './totals.ts'

/** Groups of spans that could have run together, merged where they are of the same operations. */
export interface Together {
  /** The names of the operations, in order of first appearance. */
  readonly names: readonly string[]
  readonly groups: number
  /** In order of start. */
  readonly members: readonly number[]
  /** The difference between the run as it was and a simulated one, ns. */
  readonly savedNs: number
}

/** Each pattern costs one simulated run, so the smaller ones share one. */
const MAX_PATTERNS = 20

/**
 * What running the members of each group together would have saved, by pattern: the set of operations that a group is
 * made of. An agent that does the same thing in every turn gets one finding, with the saving of all its turns.
 */
export function together(facts: Facts, groups: readonly Pick<IssuedTogether, 'members'>[]): Together[] {
  const { spans } = facts.timeline
  const names = (members: readonly number[]): string[] => [...new Set(members.map((i) => spans[i]!.name))]
  const patterns = [...groupBy(groups, ({ members }) => JSON.stringify(names(members).sort())).values()]
    .map((pattern) => ({ pattern, bound: pattern.reduce((sum, { members }) => sum + bound(facts, members), 0) }))
    .filter((pattern) => pattern.bound > 0)
    .sort((a, b) => b.bound - a.bound)
  const kept = patterns.slice(0, MAX_PATTERNS).map(({ pattern }) => pattern)
  const rest = patterns.slice(MAX_PATTERNS).flatMap(({ pattern }) => pattern)
  return [...kept, ...(rest.length > 0 ? [rest] : [])].map((pattern) => {
    const members = pattern.flatMap((group) => group.members).sort((a, b) => a - b)
    return { names: names(members), groups: pattern.length, members, savedNs: saved(facts, pattern) }
  })
}

function saved({ timeline, simulator }: Facts, groups: readonly Pick<IssuedTogether, 'members'>[]): number {
  const groupOf = new Int32Array(timeline.spans.length).fill(-1)
  groups.forEach(({ members }, group) => members.forEach((i) => (groupOf[i] = group)))
  return simulator.saved({ relaxed: { groupOf } })
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
