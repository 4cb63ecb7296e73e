import type { CacheSummary, ContextSummary } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import type { SpanValues } from '../model/values.ts'
import type { Pricing } from '../models/prices.ts'
import type { Call } from './calls.ts'
import type { Dependencies } from './dependencies.ts'
import type { Independence } from './independence.ts'
import type { Thresholds } from './options.ts'
import { bytes } from './room.ts'
import type { Simulator } from './schedule.ts'
import type { Timeline } from './timeline.ts'

/** What the steps before the findings have derived; all that a detector sees. Arrays are indexed like the timeline. */
export interface Facts {
  readonly trace: Trace
  readonly timeline: Timeline
  readonly thresholds: Thresholds
  /** Time of each span on the critical path, ns. */
  readonly wall: Float64Array
  readonly calls: readonly Call[]
  readonly context: ContextSummary
  /** Absent when no request could be compared with one before it. */
  readonly cache: CacheSummary | undefined
  readonly values: readonly (SpanValues | undefined)[]
  readonly dependencies: Dependencies
  readonly free: Independence
  readonly simulator: Simulator
  readonly pricing: () => Pricing
}

const known = new WeakMap<Timeline, (i: number) => boolean>()

/** For each span whether a call of a model lies below it. */
export function callsBelow({ timeline, calls }: Pick<Facts, 'timeline' | 'calls'>): (i: number) => boolean {
  let found = known.get(timeline)
  if (found === undefined) known.set(timeline, (found = findCallsBelow(timeline, calls)))
  return found
}

function findCallsBelow({ parent, topDown }: Timeline, calls: readonly Call[]): (i: number) => boolean {
  const below = bytes(parent.length)
  for (const { span } of calls) if (span > 0) below[parent[span]!] = 1
  for (let at = topDown.length - 1; at > 0; at--) {
    const i = topDown[at]!
    if (below[i] === 1) below[parent[i]!] = 1
  }
  return (i) => below[i] === 1
}

export const savingNs = ({ thresholds }: Pick<Facts, 'thresholds'>): number => thresholds.savingMs * 1e6
