import type { Finding, Observation } from '../../model/analysis.ts'
import type { Facts } from '../facts.ts'

/**
 * Looks for one thing. What can say what it would save is a finding; what cannot is an observation, which has no `saving`.
 * Savings are differences between simulated runs, never sums of durations.
 */
export type Detector = (facts: Facts) => readonly (Finding | Observation)[]
