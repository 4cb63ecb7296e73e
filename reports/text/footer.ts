import type { Analysis } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { failedAttempt } from '../shared/flame/bars.ts'
import { formatCount, formatShare, plural } from '../shared/numbers.ts'
import { sgr, type Line, type Page } from '../shared/page.ts'
import { clean, cleanName } from '../shared/text.ts'
import { cacheEntries } from './cache.ts'
import { context, cost } from './context.ts'
import { entries, type Entry } from './entries.ts'

const MAX_NOTES = 8

/** The lines that need no table: what was paid for, context, retries, what to know about the figures, the profiler itself. */
export function footer(analysis: Analysis, page: Page): Line[] {
  return [
    ...cost(analysis, page),
    ...entries('Cache', cacheEntries(analysis), page),
    ...context(analysis, page),
    ...entries('Retries', retryEntries(analysis), page),
    ...entries('Notes', noteEntries(analysis), page),
    ...entries('Process', processEntries(analysis), page),
    ...entries('Sources', sourceEntries(analysis), page),
    ...entries('Profiler', profilerEntries(analysis), page),
  ]
}

/** What the whole process used while the run went on; other work in it is part of that. */
function processEntries({ run, totals }: Analysis): Entry[] {
  const { resources } = run
  if (resources === undefined) return []
  const cpuNs = resources.cpuUserNs + resources.cpuSystemNs
  const { rssStartBytes, rssEndBytes, heapStartBytes, heapEndBytes, eventLoopDelayMaxNs } = resources
  const delay = eventLoopDelayMaxNs === undefined ? '' : ` · event loop held up to ${formatDuration(eventLoopDelayMaxNs)}`
  return [{
    text: `CPU ${formatDuration(cpuNs)} (${formatShare(totals.durationNs === 0 ? 0 : cpuNs / totals.durationNs)} of the run)`
      + ` · RSS ${megabytes(rssStartBytes)} → ${megabytes(rssEndBytes)} MB · heap ${megabytes(heapStartBytes)} → ${megabytes(heapEndBytes)} MB`
      + delay,
  }]
}

const megabytes = (bytes: number): string => formatCount(Math.round(bytes / 1_000_000))

/** Only where no finding or observation has said it already. */
function retryEntries({ calls, findings, observations }: Analysis): Entry[] {
  if ([...findings, ...observations].some(({ code }) => code.startsWith('RETRY'))) return []
  const retried = calls.filter(({ attempts }) => attempts.length > 1)
  if (retried.length === 0) return []
  const reasons = new Map<string, number>()
  for (const { attempts } of retried) {
    for (const attempt of attempts) {
      if (!failedAttempt(attempt)) continue
      const reason = attempt.status === undefined ? cleanName(attempt.error ?? 'no response') : String(attempt.status)
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1)
    }
  }
  const named = [...reasons].slice(0, 5).map(([reason, count]) => `${reason} ×${formatCount(count)}`).join(', ')
  const lostNs = retried.reduce((sum, { retryNs }) => sum + retryNs, 0)
  const failed = retried.reduce((sum, { attempts }) => sum + attempts.length - 1, 0)
  const attempts = `${plural(failed, 'failed attempt')} in ${plural(retried.length, 'call')}`
  return [{ text: `${attempts}${named === '' ? '' : ` (${named})`}: ${formatDuration(lostNs)} with the waits after them` }]
}

function noteEntries({ problems }: Analysis): Entry[] {
  const shown = problems.slice(0, MAX_NOTES).map(({ message }) => ({ text: clean(message), style: sgr.warn }))
  return problems.length > MAX_NOTES ? [...shown, { text: `and ${problems.length - MAX_NOTES} more` }] : shown
}

function sourceEntries({ sources }: Analysis): Entry[] {
  const text = Object.entries(sources).map(([what, source]) => `${what}: ${clean(source)}`).join(' · ')
  return text === '' ? [] : [{ text, style: sgr.dim }]
}

function profilerEntries({ overhead: { selfNs, share, dropped, selfErrors } }: Analysis): Entry[] {
  const lost = [
    plural(dropped.spans, 'span'),
    ...(dropped.parts > 0 ? [plural(dropped.parts, 'part')] : []),
    ...(dropped.contentChars > 0 ? [`${plural(dropped.contentChars, 'character')} of content`] : []),
  ].join(', ')
  const errors = selfErrors > 0 ? `; ${plural(selfErrors, 'error')} of its own, swallowed` : ''
  const harm = dropped.spans + dropped.parts + dropped.contentChars + selfErrors > 0
  return [{
    text: `${formatDuration(selfNs)} of its own (${formatShare(share)} of the run), ${lost} dropped${errors}`,
    ...(harm && { style: sgr.warn }),
  }]
}
