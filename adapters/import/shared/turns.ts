import { NS_PER_MS } from '../../../src/model/units.ts'
import type { SpanDraft } from './assemble.ts'

/** What a coding agent did between one thing that the user said and the next. Times are epoch milliseconds. */
export interface Turn {
  readonly key: string
  readonly start: number
  readonly end: number
  /** Something in it never ended. */
  readonly isOpen: boolean
}

export interface Work {
  /** When it began, or what asked for it did: it belongs to the turn of that time, whenever it ends. */
  readonly time: number
  readonly end: number | undefined
}

/** From each thing the user said that was answered to the last thing that came of it. `prompts` are in order of time. */
export function turnsOf(prompts: readonly number[], work: readonly Work[]): Turn[] {
  const sorted = [...work].sort((a, b) => a.time - b.time)
  const turns: Turn[] = []
  let at = sorted.findIndex(({ time }) => time >= (prompts[0] ?? Infinity))
  if (at === -1) return turns
  prompts.forEach((start, i) => {
    const next = prompts[i + 1] ?? Infinity
    let [end, isOpen, isAnswered] = [start, false, false]
    for (; at < sorted.length && sorted[at]!.time < next; at++) {
      isAnswered = true
      isOpen ||= sorted[at]!.end === undefined
      end = Math.max(end, sorted[at]!.end ?? end)
    }
    if (isAnswered) turns.push({ key: `turn ${turns.length + 1}`, start, end, isOpen })
  })
  return turns
}

/**
 * A span for each turn and for each time in between that the user took. They need each other in their order: no schedule
 * may run a turn before the user has spoken.
 */
export function turnSpans(turns: readonly Turn[], root: string, originMs: number): SpanDraft[] {
  const ns = (epochMs: number): number => (epochMs - originMs) * NS_PER_MS
  return turns.flatMap(({ key, start, end, isOpen }, i) => {
    const before = turns[i - 1]
    const turn: SpanDraft = { key, parent: root, name: 'turn', category: 'agent', start: ns(start), end: isOpen ? undefined : ns(end) }
    if (before === undefined) return [turn]
    if (before.isOpen || before.end >= start) return [{ ...turn, dependsOn: [before.key] }]
    const pause = `pause before ${key}`
    return [
      { key: pause, parent: root, name: 'waiting for the user', category: 'user', attributes: { 'spanwise.time': 'inferred' },
        dependsOn: [before.key], start: ns(before.end), end: ns(start) },
      { ...turn, dependsOn: [pause] },
    ]
  })
}

export const turnAt = (turns: readonly Turn[], time: number): Turn | undefined => turns.findLast(({ start }) => start <= time)
