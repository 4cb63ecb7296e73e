import type { IncomingMessage } from 'node:http'
import type { Profiler } from '../../record/profiler.ts'
import { CopyBudget } from './body-copy.ts'
import { CallWatch } from './call-watch.ts'
import type { Watch } from './forward.ts'
import type { PastClock } from './past-clock.ts'
import type { Runs } from './runs.ts'
import type { Upstream } from './upstreams.ts'

export interface RecorderOptions {
  readonly profiler: Profiler
  readonly clock: PastClock
  readonly runs: Runs
  readonly limits?: Partial<CopyLimits>
}

/** What is read of what passes, in bytes. */
export interface CopyLimits {
  /** Of one request. */
  readonly request: number
  /** Of one answer, unpacked. */
  readonly answer: number
  /** Of all requests under way. */
  readonly all: number
}

const LIMITS: CopyLimits = { request: 16_000_000, answer: 64_000_000, all: 256_000_000 }

/** What the watches of one proxy share. */
export interface Recording extends Omit<RecorderOptions, 'limits'> {
  readonly limits: CopyLimits
  readonly budget: CopyBudget
}

/** Records what passes through the proxy, as the adapters record the calls of a client. */
export function recorder({ limits: given, ...options }: RecorderOptions): (request: IncomingMessage, upstream: Upstream, path: string) => Watch | undefined {
  const limits = { ...LIMITS, ...given }
  const recording: Recording = { ...options, limits, budget: new CopyBudget(limits.all) }
  return (request, upstream, path) => {
    // Models are asked by POST alone.
    if (request.method !== 'POST' || !options.profiler.enabled) return undefined
    return quiet(new CallWatch(recording, { headers: request.headers, upstream, path }), options.profiler)
  }
}

/** What goes wrong with looking on is ours. */
function quiet(watch: Watch, profiler: Profiler): Watch {
  const guarded = <A extends unknown[]>(look: (...args: A) => void) => (...args: A): void => {
    try {
      look.apply(watch, args)
    } catch (error) {
      profiler.noteError(error)
    }
  }
  return {
    requestBytes: guarded(watch.requestBytes),
    requestEnd: guarded(watch.requestEnd),
    answered: guarded(watch.answered),
    answerBytes: guarded(watch.answerBytes),
    answerEnd: guarded(watch.answerEnd),
    failed: guarded(watch.failed),
    left: guarded(watch.left),
  }
}
