import type { Finding, Observation } from '../../model/analysis.ts'
import type { ReplayChange } from '../../model/replay.ts'
import type { Facts } from '../facts.ts'
import type { Simulation } from '../schedule.ts'

/**
 * Looks for one thing. What can say what it would save is a finding; what cannot is an observation, which has no `saving`.
 * Savings are differences between simulated runs, never sums of durations.
 */
export type Detector = (facts: Facts) => readonly (Detection | Observation)[]

export interface Detection extends Finding {
  /** What its time was simulated with, at the higher end. Worked out only when somebody asks: it names every span. */
  readonly change?: () => ReplayChange
}

export function shorterBy(shorter: NonNullable<Simulation['shorter']>): ReplayChange {
  if ('by' in shorter) return { shorter: { spans: [...shorter.spans], byNs: Array.from(shorter.spans, shorter.by) } }
  return { shorter: { spans: [...shorter.keys()], byNs: [...shorter.values()] } }
}
