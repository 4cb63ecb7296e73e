import { formatDuration } from '../../model/units.ts'
import type { Attempt } from '../../model/span.ts'
import type { Call } from '../calls.ts'
import { savingNs, type Facts } from '../facts.ts'
import { shorterBy, type Detector } from './shared.ts'

/** So many failures, of so many calls, within so long are a storm: calls that retry at once keep each other out. */
const STORM_FAILURES = 6
const STORM_CALLS = 3
const STORM_NS = 10e9

/** RETRY001: time that failed attempts and the waits after them took. */
export const retries: Detector = (facts) => {
  const retried = facts.calls.filter(({ summary }) => summary.retryNs > 0)
  if (retried.length === 0) return []
  const shorter = new Map(retried.map(({ span, summary }) => [span, summary.retryNs]))
  const savedNs = facts.simulator.saved({ shorter })
  const failed = retried.flatMap(({ summary }) => summary.attempts.slice(0, -1))
  const total = retried.reduce((sum, { summary }) => sum + summary.retryNs, 0)
  const seen = {
    code: 'RETRY001',
    title: `${failed.length} failed ${failed.length === 1 ? 'attempt' : 'attempts'} (${reasons(failed)}) in ${retried.length} `
      + `${retried.length === 1 ? 'call' : 'calls'} cost ${formatDuration(total)} with the waits after them`,
    spanIds: retried.map(({ summary }) => summary.spanId),
  }
  if (savedNs < savingNs(facts)) return [{ ...seen, advice: 'None of it delayed the run.' }]
  const limited = failed.some(({ status }) => status === 429)
  return [{
    ...seen,
    saving: { timeNs: savedNs },
    confidence: 'likely' as const,
    advice: limited
      ? 'Stay below the rate limit: fewer calls at once, smaller requests, or a higher limit from the provider.'
      : 'The provider failed, not the agent: a second model or region to fall back on is faster than waiting for the first.',
    change: () => shorterBy(shorter),
  }]
}

interface Failure {
  readonly call: Call
  readonly at: number
}

/** RETRY002: failed attempts of several calls close together. What they cost is RETRY001's; this says that they belong together. */
export const retryStorms: Detector = (facts) => {
  const failures = facts.calls.flatMap((call) => failuresOf(facts, call)).sort((a, b) => a.at - b.at || a.call.span - b.call.span)
  const storms: Failure[][] = []
  for (let from = 0; from < failures.length;) {
    let to = from
    while (to < failures.length && failures[to]!.at - failures[from]!.at <= STORM_NS) to++
    const storm = failures.slice(from, to)
    const isStorm = storm.length >= STORM_FAILURES && new Set(storm.map(({ call }) => call)).size >= STORM_CALLS
    if (isStorm) storms.push(storm)
    from = isStorm ? to : from + 1
  }
  return storms.slice(0, MAX_STORMS).map((storm) => {
    const calls = [...new Set(storm.map(({ call }) => call))].sort((a, b) => a.span - b.span)
    return {
      code: 'RETRY002',
      title: `A storm of retries: ${storm.length} failed attempts of ${calls.length} calls within ${formatDuration(storm.at(-1)!.at - storm[0]!.at)}`,
      spanIds: calls.map(({ summary }) => summary.spanId),
      advice: 'Let the calls share one limiter that slows all of them down when one is refused, and back off with jitter: calls that retry '
        + 'each by itself come back together.',
    }
  })
}

const MAX_STORMS = 5

/** Of a client that tells no attempts, a call that failed is one. */
function failuresOf({ timeline: { spans, end } }: Facts, call: Call): Failure[] {
  const { attempts } = call.summary
  if (attempts.length === 0) return call.unanswered ? [{ call, at: end[call.span]! }] : []
  const hasFailed = spans[call.span]!.outcome.state === 'failed'
  const failed = attempts.filter(({ status, error }, i) => i < attempts.length - 1 || (hasFailed && (error !== undefined || (status ?? 0) >= 400)))
  return failed.map((attempt) => ({ call, at: attempt.end ?? attempt.start }))
}

/** `429 ×2, no response` */
function reasons(attempts: readonly Attempt[]): string {
  const counts = new Map<string, number>()
  for (const { status, error } of attempts) {
    const reason = status === undefined ? (error ?? 'no response') : String(status)
    counts.set(reason, (counts.get(reason) ?? 0) + 1)
  }
  return [...counts].map(([reason, count]) => (count === 1 ? reason : `${reason} ×${count}`)).join(', ')
}
