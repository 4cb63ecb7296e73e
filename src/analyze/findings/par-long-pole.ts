import { isNotItsOwn } from '../../model/marks.ts'
import { formatDuration } from '../../model/units.ts'
import { savingNs, type Facts } from '../facts.ts'
import { pathBelow } from '../path-below.ts'
import { groupBy } from '../group-by.ts'
import { shorterBy, type Detector } from './shared.ts'

/** Share of its own time that a long pole runs on alone, and of the run that it would save. */
const MIN_ALONE = 0.5
const MIN_SHARE = 0.02
const MIN_BESIDE = 2

interface Pole {
  readonly span: number
  readonly beside: readonly number[]
  /** Time after the last of the others had ended. */
  readonly aloneNs: number
}

/**
 * PAR005: of several siblings that run beside each other, one goes on alone for most of its time: nothing else that is made faster helps.
 * Shortening it saves something until it is as long as the second longest. None is one that waited, or whose end is not known alone.
 */
export const longPoles: Detector = (facts) => {
  const { timeline: { spans, start, end, durationNs }, simulator } = facts
  return [...groupBy(poles(facts), ({ span }) => spans[span]!.name)].flatMap(([name, members]) => {
    const shorter = (by: (pole: Pole) => number): Map<number, number> => new Map(members.map((pole) => [pole.span, by(pole)]))
    const even = shorter(({ aloneNs }) => aloneNs)
    const high = simulator.saved({ shorter: even })
    if (high < Math.max(savingNs(facts), durationNs * MIN_SHARE)) return []
    const half = simulator.saved({ shorter: shorter(({ span }) => Math.floor((end[span]! - start[span]!) / 2)) })
    const [{ span, beside, aloneNs }] = members as [Pole, ...Pole[]]
    const what = members.length === 1 ? `${name} ran on alone for ${formatDuration(aloneNs)} of its ${formatDuration(end[span]! - start[span]!)} after the `
      + `${beside.length} spans beside it were done` : `${name} ran on alone ${members.length} times, after what ran beside it was done`
    return [{
      code: 'PAR005',
      title: `${what}: nothing else there shortens the run`,
      spanIds: [...new Set(members.flatMap((pole) => [pole.span, ...pole.beside.slice(0, 10)]))].sort((a, b) => a - b).map((i) => spans[i]!.id),
      saving: { timeNs: { low: 0, high } },
      confidence: 'possible' as const,
      advice: `Make ${name} faster, start it earlier, or split it. Half as long, it would save ${formatDuration(half)}; `
        + `${formatDuration(high)} at most, where it takes no longer than the longest of the others.`,
      change: () => shorterBy(even),
    }]
  })
}

function poles({ timeline, wall }: Facts): Pole[] {
  const { spans, start, end, children: { first: firstOf, all }, late } = timeline
  const path = pathBelow(timeline, wall)
  const found: Pole[] = []
  const waited: number[] = []
  for (let parent = 0; parent < spans.length; parent++) {
    if (firstOf[parent + 1]! - firstOf[parent]! <= MIN_BESIDE) continue
    waited.length = 0
    for (let at = firstOf[parent]!; at < firstOf[parent + 1]!; at++) {
      const i = all[at]!
      if (late[i] === 0 && end[i]! > start[i]!) waited.push(i)
    }
    // Siblings that overlap follow each other in order of start.
    for (let first = 0, at = 0, until = 0; first < waited.length; first = at) {
      for (until = end[waited[first]!]!, at = first + 1; at < waited.length && start[waited[at]!]! < until; at++) until = Math.max(until, end[waited[at]!]!)
      const pole = at - first <= MIN_BESIDE ? undefined : poleOf(timeline, waited, first, at)
      if (pole !== undefined && path[pole.span]! >= pole.aloneNs && !isNotItsOwn(spans[pole.span]!)) found.push(pole)
    }
  }
  return found
}

/** The one of siblings that overlap which ends last, where all others began while it ran and ended long before it. */
function poleOf({ start, end }: Facts['timeline'], siblings: readonly number[], from: number, to: number): Pole | undefined {
  let span = siblings[from]!
  for (let at = from + 1; at < to; at++) if (end[siblings[at]!]! > end[span]!) span = siblings[at]!
  let secondEnd = 0
  for (let at = from; at < to; at++) {
    const i = siblings[at]!
    if (i === span) continue
    if (end[i]! <= start[span]!) return undefined
    secondEnd = Math.max(secondEnd, end[i]!)
  }
  const aloneNs = end[span]! - secondEnd
  if (aloneNs < (end[span]! - start[span]!) * MIN_ALONE) return undefined
  return { span, beside: siblings.slice(from, to).filter((i) => i !== span), aloneNs }
}
