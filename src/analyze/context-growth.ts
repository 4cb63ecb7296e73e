import type { ContextCall, ContextGrowth } from '../model/analysis.ts'
import type { Call } from './calls.ts'
import type { Conversations } from './context-conversations.ts'
import { bytes, ints } from './room.ts'

const MIN_TURNS = 3
const MAX_CONVERSATIONS = 20
/** A context that becomes this much shorter was compacted or begun anew: growth is counted from there. */
const SHRINKS_TO = 0.8

/**
 * How the context of each conversation grew by turn, over its calls since it last became shorter, and when it will be full if it
 * goes on like that. A conversation that forks is followed along its longest branch.
 */
export function contextGrowth(
  calls: readonly Call[], { previous }: Conversations, contexts: readonly ContextCall[],
): ContextGrowth[] {
  // Calls are numbered by place, from 1.
  const byNumber: (ContextCall | undefined)[] = new Array(calls.length + 1).fill(undefined)
  for (const context of contexts) byNumber[context.number] = context
  const turns = ints(calls.length)
  const goesOn = bytes(calls.length)
  for (let i = 0; i < calls.length; i++) {
    const before = previous[i]!
    turns[i] = before === -1 ? 1 : turns[before]! + 1
    if (before !== -1) goesOn[before] = 1
  }
  // Of several branches of a conversation the longest takes the common part: each call is in one line at most.
  const ends: number[] = []
  for (let i = 0; i < calls.length; i++) if (goesOn[i] === 0 && turns[i]! >= MIN_TURNS) ends.push(i)
  ends.sort((a, b) => turns[b]! - turns[a]! || a - b)
  const taken = bytes(calls.length)
  const found = ends.flatMap((end) => {
    const branch: ContextCall[] = []
    for (let at = end; at !== -1 && taken[at] === 0; at = previous[at]!) {
      taken[at] = 1
      const context = byNumber[calls[at]!.summary.number]
      if (context !== undefined) branch.push(context)
    }
    return growthOf(sinceShrunk(branch.reverse())) ?? []
  })
  const sizeOf = ({ calls: numbers }: ContextGrowth): number => byNumber[numbers.at(-1)!]!.usedTokens
  return found.sort((a, b) => sizeOf(b) - sizeOf(a) || a.calls[0]! - b.calls[0]!).slice(0, MAX_CONVERSATIONS)
}

function sinceShrunk(branch: readonly ContextCall[]): readonly ContextCall[] {
  let from = 0
  branch.forEach(({ usedTokens }, i) => {
    if (i > 0 && usedTokens < branch[i - 1]!.usedTokens * SHRINKS_TO) from = i
  })
  return branch.slice(from)
}

function growthOf(branch: readonly ContextCall[]): ContextGrowth | undefined {
  const n = branch.length
  if (n < MIN_TURNS) return undefined
  const meanX = (n - 1) / 2
  const meanY = branch.reduce((sum, { usedTokens }) => sum + usedTokens, 0) / n
  let [xy, xx, yy] = [0, 0, 0]
  branch.forEach(({ usedTokens }, i) => {
    xy += (i - meanX) * (usedTokens - meanY)
    xx += (i - meanX) ** 2
    yy += (usedTokens - meanY) ** 2
  })
  const tokensPerTurn = xy / xx
  const last = branch.at(-1)!
  const left = (last.windowTokens ?? NaN) - last.usedTokens
  return {
    calls: branch.map(({ number }) => number),
    tokensPerTurn,
    fit: yy === 0 ? 1 : (xy * xy) / (xx * yy),
    ...(tokensPerTurn > 0 && !Number.isNaN(left) && { turnsLeft: Math.max(0, Math.floor(left / tokensPerTurn)) }),
  }
}
