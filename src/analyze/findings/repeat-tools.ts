import type { Observation } from '../../model/analysis.ts'
import { formatDuration } from '../../model/units.ts'
import { savingNs, type Facts } from '../facts.ts'
import { ints } from '../room.ts'
import { nature, toolUses, type ToolUse } from '../tool-uses.ts'
import { grouped } from '../children.ts'
import { groupBy } from '../group-by.ts'
import { TextNumbers } from '../text-numbers.ts'
import { shorterBy, type Detection, type Detector } from './shared.ts'

/** Fewer repeats that cost no time are not worth a line. */
const MIN_FREE_REPEATS = 3

interface Repeat {
  readonly first: number
  readonly span: number
  /** It gave what the first had given, and nothing whose name says that it may write ran in between. */
  readonly isSafe: boolean
}

/**
 * REP001: the same tool with the same arguments again, after it had succeeded with them. No repeat is a run that gave something
 * else than the one before; nor, after something that may write, one whose result is not known or that runs a command: to compile
 * again after a change is no waste, also when it says the same. Tools whose names say that they write are only observed.
 */
export const repeatedTools: Detector = (facts) => {
  const uses = toolUses(facts.trace, facts.timeline)
  // What runs commands may write as well.
  const writes = uses.filter(({ name }) => nature(name) !== 'other').map(({ span }) => span)
  return [...groupBy(uses.filter(({ args }) => args !== undefined), ({ name }) => name)].flatMap(([name, members]) => {
    const repeats = sameArgs(members).flatMap((same) => repeatsOf(facts, same, writes))
    return repeats.length === 0 ? [] : report(facts, name, repeats)
  })
}

/** Those of which there are several, in order of their first. */
function sameArgs(uses: readonly ToolUse[]): readonly (readonly ToolUse[])[] {
  const numbers = new TextNumbers(uses.length)
  const number = ints(uses.length)
  for (let at = 0; at < uses.length; at++) number[at] = numbers.of(uses[at]!.args!)
  numbers.done()
  const { first, all } = grouped(number, numbers.size)
  const found: ToolUse[][] = []
  for (let one = 0; one < numbers.size; one++) {
    if (first[one + 1]! - first[one]! > 1) found.push(Array.from(all.subarray(first[one], first[one + 1]), (at) => uses[at]!))
  }
  return found
}

function repeatsOf({ timeline: { spans, start, end } }: Facts, same: readonly ToolUse[], writes: readonly number[]): Repeat[] {
  const repeats: Repeat[] = []
  let last: ToolUse | undefined
  let before = 0
  for (const use of same) {
    if (spans[use.span]!.outcome.state !== 'ok') continue
    const isUnwritten = (writes[firstAfter(writes, before)] ?? Infinity) >= use.span
    before = use.span
    const isKnown = last?.result !== undefined && use.result !== undefined
    // What runs beside it began before the result was there.
    const isRepeat = isKnown ? last?.result === use.result && (isUnwritten || nature(use.name) !== 'runs') : isUnwritten || nature(use.name) === 'writes'
    if (last !== undefined && start[use.span]! >= end[last.span]! && isRepeat) {
      repeats.push({ first: last.span, span: use.span, isSafe: isKnown && isUnwritten })
    } else {
      last = use
    }
  }
  return repeats
}

/** Place of the first of ascending numbers that is greater. */
function firstAfter(ascending: readonly number[], number: number): number {
  let low = 0
  let high = ascending.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (ascending[middle]! > number) high = middle
    else low = middle + 1
  }
  return low
}

function report(facts: Facts, name: string, repeats: readonly Repeat[]): (Detection | Observation)[] {
  const { timeline: { spans }, simulator } = facts
  const indexes = [...new Set(repeats.flatMap(({ first, span }) => [first, span]))].sort((a, b) => a - b)
  const seen = {
    code: 'REP001',
    title: `${name} ran ${repeats.length} more ${repeats.length === 1 ? 'time' : 'times'} with arguments that it had run with before`,
    spanIds: indexes.map((i) => spans[i]!.id),
  }
  const removed = (some: readonly Repeat[]): number => simulator.saved({ shorter: durations(facts, some.map(({ span }) => span)) })
  const high = removed(repeats)
  if (nature(name) === 'writes') {
    return [{ ...seen, advice: `The name says that it changes something: make sure that it was meant to happen ${repeats.length === 1 ? 'twice' : 'so often'}.` }]
  }
  if (high < savingNs(facts)) {
    return repeats.length < MIN_FREE_REPEATS ? []
      : [{ ...seen, advice: 'It cost the run no time, but each result stands in the context again.' }]
  }
  const safe = repeats.filter(({ isSafe }) => isSafe)
  const low = safe.length === 0 ? 0 : removed(safe)
  const isSure = low >= savingNs(facts) && nature(name) === 'other'
  return [{
    ...seen,
    saving: { timeNs: low === high ? high : { low, high } },
    confidence: isSure ? 'likely' : 'possible',
    advice: `Keep its results for the run, by arguments${safe.length === 0 ? '' : `: ${safe.length === repeats.length ? 'each repeat' : `${safe.length} of the repeats`}`
      + ' gave what was known already'}. Forget them when something that it reads was changed; the profiler cannot see what a tool changes. `
      + `The repeats would save up to ${formatDuration(high)}.`,
    change: () => shorterBy(durations(facts, repeats.map(({ span }) => span))),
  }]
}

/** What it saves that these, and whatever runs inside them, are not run at all. */
const durations = ({ timeline: { start, end } }: Facts, spans: readonly number[]): Map<number, number> =>
  new Map(spans.map((i) => [i, end[i]! - start[i]!]))
