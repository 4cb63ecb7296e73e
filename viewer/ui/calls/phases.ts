import { formatCount } from '../../../reports/shared/numbers.ts'
import { phaseNames } from '../../../reports/shared/phases.ts'
import type { CallPhases, CallSummary } from '../../../src/model/analysis.ts'

export type PhaseKey = keyof CallPhases

/** A stretch of a call; `--phase-<key>` of styles/calls.css is its colour. */
export interface Stretch {
  readonly key: PhaseKey
  readonly name: string
  readonly timeNs: number
  /** Of the call's duration. */
  readonly share: number
}

const keys = Object.keys(phaseNames) as readonly PhaseKey[]

/** In their order of time; they add up to the duration. One stretch, `restNs`, where nothing but the duration is known. */
export function stretchesOf({ phases, durationNs }: Pick<CallSummary, 'phases' | 'durationNs'>): Stretch[] {
  const known = phases ?? { restNs: durationNs }
  return keys.flatMap((key) => {
    const timeNs = known[key] ?? 0
    return timeNs <= 0 ? [] : [{ key, name: phaseNames[key], timeNs, share: durationNs === 0 ? 0 : timeNs / durationNs }]
  })
}

/** Output tokens per second, without the unit. */
export const formatSpeed = (perSecond: number): string => (perSecond < 9.95 ? perSecond.toFixed(1) : formatCount(Math.round(perSecond)))
