import { formatDuration } from '../../model/units.ts'
import type { Attempt } from '../../model/span.ts'
import { savingNs } from '../facts.ts'
import type { Detector } from './shared.ts'

/** RETRY001: time that failed attempts and the waits after them took. */
export const retries: Detector = (facts) => {
  const retried = facts.calls.filter(({ summary }) => summary.retryNs > 0)
  if (retried.length === 0) return []
  const savedNs = facts.simulator.saved({ shorter: new Map(retried.map(({ span, summary }) => [span, summary.retryNs])) })
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
  }]
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
