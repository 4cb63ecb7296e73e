import { savingNs, type Facts } from '../facts.ts'
import { giveBack, ints } from '../room.ts'
import { toolUses, type ToolUse } from '../tool-uses.ts'
import { grouped } from '../children.ts'
import { groupBy } from '../group-by.ts'
import { issuersOf } from '../issuers.ts'
import { amountsOf } from '../amounts.ts'
import { shorterBy, type Detection, type Detector } from './shared.ts'

/** Cycles of more turns than this are not looked for. */
const MAX_PERIOD = 8
/** One turn that is done again is a repeated tool; from the third on it is a loop. */
const MIN_SINGLE_TURNS = 3

interface Turn {
  readonly call: number
  readonly tools: readonly ToolUse[]
  /** Of what it asked for, the first in order of text; different ones tell most turns apart. Undefined: what it got is not known. */
  readonly asked: string | undefined
}

/**
 * REP002: an agent that goes in circles: a cycle of turns whose tool calls and results are equal, at least two rounds of it (three
 * of a single turn). What follows the first round learned nothing new.
 */
export const loops: Detector = (facts) => {
  const { calls, timeline } = facts
  const uses = usesByCall(facts)
  const llm = calls.filter(({ isEmbedding }) => !isEmbedding)
  return [...groupBy(llm, ({ span }) => timeline.parent[span]!).values()].flatMap((conversation) => {
    // A single turn is no circle.
    if (conversation.length === 1) return []
    const turns = turnsOf(facts, conversation.map(({ span }) => span), uses)
    return cycles(turns).flatMap((cycle) => finding(facts, turns, cycle) ?? [])
  })
}

/** By the call that asked for them; where that is not told, the last call of the same parent that had ended when they began. */
function usesByCall({ trace, timeline, calls }: Facts): (span: number) => readonly ToolUse[] {
  const { start, end, parent, tools } = timeline
  const issuers = issuersOf(timeline)
  const all = toolUses(trace, timeline)
  /** By span, its last call so far; -1: none. */
  const last = ints(start.length).fill(-1)
  /** By use, the call. */
  const by = ints(all.length).fill(-1)
  let next = 0
  let tool = 0
  for (let at = 0; at < all.length; at++) {
    const i = all[at]!.span
    for (; next < calls.length && calls[next]!.span <= i; next++) if (parent[calls[next]!.span] !== -1) last[parent[calls[next]!.span]!] = calls[next]!.span
    const issuer = tools[tool] === i ? issuers.ofTool[tool++]! : -1
    const before = parent[i] === -1 ? -1 : last[parent[i]!]!
    if (issuer !== -1) by[at] = issuers.span[issuer]!
    else if (before !== -1 && end[before]! <= start[i]!) by[at] = before
  }
  const uses = grouped(by, start.length)
  giveBack(last)
  return (span) => Array.from(uses.all.subarray(uses.first[span], uses.first[span + 1]), (at) => all[at]!)
}

function turnsOf({ timeline: { end, start } }: Facts, calls: readonly number[], uses: (span: number) => readonly ToolUse[]): Turn[] {
  return calls.map((call, i) => {
    const asked = uses(call)
    const isAfter = i === 0 || start[call]! >= end[calls[i - 1]!]!
    const isKnown = isAfter && asked.length > 0 && asked.every(({ args, result }) => args !== undefined && result !== undefined)
    return { call, tools: asked, asked: isKnown ? asked.reduce((least, { args }) => (args! < least ? args! : least), asked[0]!.args!) : undefined }
  })
}

/** Whether two turns asked for the same and got the same. */
function isSame(a: Turn, b: Turn): boolean {
  if (a.asked === undefined || a.asked !== b.asked || a.tools.length !== b.tools.length) return false
  const key = ({ tools }: Turn): string => JSON.stringify(tools.map(({ name, args, result }) => [name, args, result]).sort())
  return key(a) === key(b)
}

const spansOf = ({ call, tools }: Turn): number[] => [call, ...tools.map(({ span }) => span)]

interface Cycle {
  readonly from: number
  /** Turns of one round. */
  readonly period: number
  /** Of all rounds, the last perhaps not whole. */
  readonly turns: number
}

function cycles(turns: readonly Turn[]): Cycle[] {
  const found: Cycle[] = []
  for (let from = 0; from < turns.length;) {
    const cycle = cycleAt(turns, from)
    if (cycle !== undefined) found.push(cycle)
    from += cycle?.turns ?? 1
  }
  return found
}

function cycleAt(turns: readonly Turn[], from: number): Cycle | undefined {
  for (let period = 1; period <= MAX_PERIOD && from + period < turns.length; period++) {
    let to = from + period
    while (to < turns.length && isSame(turns[to]!, turns[to - period]!)) to++
    if (to - from >= Math.max(2 * period, MIN_SINGLE_TURNS)) return { from, period, turns: to - from }
  }
  return undefined
}

function finding(facts: Facts, all: readonly Turn[], { from, period, turns }: Cycle): Detection | undefined {
  const { timeline: { spans, start, end }, simulator, calls } = facts
  const again = all.slice(from + period, from + turns)
  const removed = again.flatMap(spansOf)
  const shorter = new Map(removed.map((i) => [i, end[i]! - start[i]!]))
  const timeNs = simulator.saved({ shorter })
  if (timeNs < savingNs(facts)) return undefined
  const names = [...new Set(all.slice(from, from + period).flatMap(({ tools }) => tools.map(({ name }) => name)))]
  const isAgain = new Set(again.map(({ call }) => call))
  return {
    code: 'REP002',
    title: `The agent went in circles: ${period === 1 ? 'one turn' : `a cycle of ${period} turns`} (${names.slice(0, 4).join(', ')}) with the same `
      + `calls and the same results, ${Math.floor(turns / period)} times over`,
    spanIds: all.slice(from, from + turns).flatMap(spansOf).map((i) => spans[i]!.id),
    saving: { timeNs, ...amountsOf(calls.filter(({ span }) => isAgain.has(span))) },
    confidence: 'likely',
    advice: 'Stop, or tell the model, when a call is asked for again that gave the same result just before. Where it was waiting for something, '
      + 'wait inside the tool, and not a turn at a time.',
    change: () => shorterBy(shorter),
  }
}
