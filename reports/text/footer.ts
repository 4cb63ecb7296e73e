import type { Analysis, ContextCall } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { failedAttempt } from '../shared/flame/bars.ts'
import { formatCount, formatShare, formatWholeShare, plural } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { clean, cleanName, flow, wrap } from '../shared/text.ts'

const LABEL = 11
const MAX_NOTES = 8

interface Entry {
  readonly text: string
  readonly style?: string
}

/** The lines that need no table: context, retries, what to know about the figures, the profiler itself. */
export function footer(analysis: Analysis, page: Page): Line[] {
  return [
    ...entries('Context', contextEntries(analysis, page), page),
    ...entries('Retries', retryEntries(analysis), page),
    ...entries('Notes', noteEntries(analysis), page),
    ...entries('Process', processEntries(analysis), page),
    ...entries('Sources', sourceEntries(analysis), page),
    ...entries('Profiler', profilerEntries(analysis), page),
  ]
}

function entries(label: string, all: readonly Entry[], page: Page): Line[] {
  return all.flatMap(({ text, style }, entry) =>
    wrap(text, page.textWidth - LABEL).map((line, row) => [
      entry === 0 && row === 0 ? heading(label.padEnd(LABEL)) : piece(' '.repeat(LABEL)),
      piece(line, style),
    ]))
}

/** How full the model's window was at most, and with what. */
function contextEntries({ context, observations }: Analysis, page: Page): Entry[] {
  const { peak, warning } = context
  const largest = peak ?? context.calls.reduce<ContextCall | undefined>(
    (most, call) => (most === undefined || call.usedTokens > most.usedTokens ? call : most), undefined)
  if (largest === undefined) return []
  const { usedTokens, windowTokens, share, model, number } = largest
  const where = `${cleanName(model)}, call ${formatCount(number)}`
  const text = windowTokens === undefined || share === undefined
    ? `at most ${plural(usedTokens, 'token')} of an unknown window (${where})`
    : `peak ${formatShare(share)} of ${formatCount(windowTokens)}: ${plural(usedTokens, 'token')} (${where})`
  const isSaid = observations.some(({ code }) => code.startsWith('CTX'))
  return [
    { text, ...(warning !== undefined && { style: sgr.warn }) },
    ...flow(composition(largest), page.textWidth - LABEL, ' · ').map((line) => ({ text: line })),
    ...(warning === undefined || isSaid ? [] : [{ text: clean(warning), style: sgr.warn }]),
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

const partNames: Readonly<Record<string, string>> = {
  system: 'system', 'tool-definition': 'tool definitions', user: 'user', assistant: 'assistant', 'tool-call': 'tool calls',
  'tool-result': 'tool results', reasoning: 'reasoning', other: 'other',
}

function composition({ composition: parts }: ContextCall): string[] {
  const all = Object.entries(parts ?? {}).filter(([, tokens]) => tokens > 0).sort(([, a], [, b]) => b - a)
  const total = all.reduce((sum, [, tokens]) => sum + tokens, 0)
  // One part alone is the whole, which is no news.
  if (all.length < 2) return []
  return all.map(([kind, tokens]) => `${partNames[kind] ?? cleanName(kind)} ${formatWholeShare(tokens / total)}`)
}

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
