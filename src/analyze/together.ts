import { isWaiting } from '../model/marks.ts'
import type { ReplayChange } from '../model/replay.ts'
import type { IssuedTogether } from './dependencies.ts'
import type { Facts } from './facts.ts'
import { groupBy } from './group-by.ts'
import { giveBack, ints } from './room.ts'

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
  const waits = (i: number): boolean => isWaiting(spans[i]!)
  const groups: Group[] = []
  for (const { members } of all) {
    const kept = members.some(waits) ? members.filter((i) => !waits(i)) : members
    if (kept.length > 1) groups.push({ members: kept })
  }
  const patterns = [...groupBy(groups, keys(facts)).values()]
    .map((pattern) => ({ pattern, bound: pattern.reduce((sum, { members }) => sum + bound(facts, members), 0) }))
    .filter((pattern) => pattern.bound > 0)
    .sort((a, b) => b.bound - a.bound)
  const kept = patterns.slice(0, MAX_PATTERNS).map(({ pattern }) => pattern)
  const rest = patterns.slice(MAX_PATTERNS).flatMap(({ pattern }) => pattern)
  if (kept.length === 0) return []
  const groupOf = ints(spans.length).fill(-1)
  const found = [...kept, ...(rest.length > 0 ? [rest] : [])].map((pattern): Together => {
    const members: number[] = []
    for (let number = 0; number < pattern.length; number++) {
      for (const i of pattern[number]!.members) {
        members.push(i)
        groupOf[i] = number
      }
    }
    const inOrder = Int32Array.from(members).sort()
    const savedNs = facts.simulator.saved({ relaxed: { groupOf } })
    for (let at = 0; at < inOrder.length; at++) {
      members[at] = inOrder[at]!
      groupOf[inOrder[at]!] = -1
    }
    const change = (): ReplayChange => ({ together: pattern.map((group) => group.members) })
    return { names: uniqueNames(facts, members), groups: pattern.length, members, savedNs, change }
  })
  giveBack(groupOf)
  return found
}

type Group = Pick<IssuedTogether, 'members'>

/** Equal for groups of the same operations: most often a number is enough to tell which these are. */
function keys({ timeline: { kind, kinds } }: Facts): (group: Group) => string {
  const known = new Map<number, string>()
  const ofKinds = (members: readonly number[]): string =>
    JSON.stringify([...new Set(members.map((i) => kinds[kind[i]!]!.name))].sort())
  return ({ members }) => {
    let number = 1
    for (let at = 0; at < members.length; at++) number = number * kinds.length + kind[members[at]!]!
    if (!Number.isSafeInteger(number)) return ofKinds(members)
    let key = known.get(number)
    if (key === undefined) known.set(number, (key = ofKinds(members)))
    return key
  }
}

function uniqueNames({ timeline: { kind, kinds } }: Facts, members: readonly number[]): string[] {
  const isFound = new Uint8Array(kinds.length)
  const found = new Set<string>()
  for (let at = 0; at < members.length; at++) {
    const one = kind[members[at]!]!
    if (isFound[one] === 1) continue
    isFound[one] = 1
    found.add(kinds[one]!.name)
  }
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
  const { kind, kinds } = facts.timeline
  const ofKind = new Int32Array(kinds.length)
  for (let at = 0; at < members.length; at++) ofKind[kind[members[at]!]!]!++
  const counts = new Map<string, number>()
  kinds.forEach(({ name }, one) => counts.set(name, (counts.get(name) ?? 0) + ofKind[one]!))
  const shown = names.slice(0, MAX_NAMES).map((name) => {
    const count = counts.get(name)!
    return groups === 1 && count > 1 ? `${name} ×${count}` : name
  })
  if (names.length > MAX_NAMES) shown.push(`${names.length - MAX_NAMES} more`)
  return shown.length === 1 ? shown[0]! : `${shown.slice(0, -1).join(', ')} and ${shown.at(-1)!}`
}
