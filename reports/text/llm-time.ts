import type { Analysis, CallSummary, PrefillLatency } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { eighthBar } from '../shared/bar.ts'
import { handlesFor } from '../shared/handles.ts'
import { formatAmount, formatCount, formatShare, formatWholeShare, plural } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { llmTime, modelOf, phaseNames, phasesOfCall, type LlmTime } from '../shared/phases.ts'
import { cell, cleanName, wrap } from '../shared/text.ts'
import { entries } from './entries.ts'

const NAMES = 18
const TITLES = ['time', 'share', 'p50', 'max'] as const
const MAX_MODELS = 3

/** Where the time of the calls went, stretch by stretch; which was the slowest; and what reading the input costs in time. */
export function llm(analysis: Analysis, page: Page): Line[] {
  const time = llmTime(analysis)
  if (time === undefined) return []
  const { phases, calls, callNs } = time
  const notes = [
    ...gapsText(time, analysis),
    ...(calls > 1 || phases.length > 0 ? [slowestText(time.slowest, analysis)] : []),
    ...analysis.latency.filter(({ fit }) => fit !== undefined).slice(0, MAX_MODELS).map(latencyText),
  ]
  if (phases.length === 0) {
    const isWorth = notes.length > 1 || (calls > 1 && time.slowest.durationNs > callNs / calls * 2)
    return isWorth ? entries('LLM time', notes.map((text) => ({ text })), page) : []
  }
  const lines = notes.flatMap((text) => wrap(text, page.textWidth - 4).map((line, row) => [piece(`${row === 0 ? '  ' : '    '}${line}`)]))
  const rows = phases.map(({ timeNs, share, p50Ns, maxNs }) =>
    [formatDuration(timeNs), formatWholeShare(share), formatDuration(p50Ns), formatDuration(maxNs)])
  const widths = TITLES.map((title, at) => rows.reduce((widest, row) => Math.max(widest, row[at]?.length ?? 0), title.length))
  const bar = Math.max(4, Math.min(60, page.textWidth - 2 - NAMES - 2 - widths.reduce((sum, width) => sum + 2 + width, 0)))
  const cells = (texts: readonly string[]): string => texts.map((text, at) => `  ${cell(text, widths[at] ?? 0, 'right')}`).join('')
  return [
    [
      heading('LLM time'),
      piece(cell(`  ${formatDuration(callNs)} in ${plural(calls, 'call')}`, 2 + NAMES + 2 + bar - 'LLM time'.length), sgr.dim),
      piece(cells(TITLES), sgr.dim),
    ],
    ...phases.map(({ name, share }, at) => [
      piece(`  ${cell(name === phaseNames.decodeNs ? decodeText(time) : name, NAMES)}  `),
      piece(cell(eighthBar(share, bar), bar), sgr.cyan),
      piece(cells(rows[at] ?? [])),
    ]),
    ...lines,
  ]
}

/** `decode 58 tok/s`: the median of the calls. */
const decodeText = ({ speed }: LlmTime): string =>
  (speed === undefined ? phaseNames.decodeNs : `${phaseNames.decodeNs} ${formatCount(speed)} tok/s`)

function gapsText({ gaps }: LlmTime, { totals: { durationNs } }: Analysis): string[] {
  if (gaps === undefined) return []
  return [`between calls ${formatDuration(gaps.timeNs)} (${formatShare(gaps.timeNs / durationNs)} of the run) in which nothing recorded ran, `
    + `up to ${formatDuration(gaps.longest.gapNs ?? 0)} before call ${formatCount(gaps.longest.number)}: your code or its framework`]
}

function slowestText(call: CallSummary, { spans }: Analysis): string {
  const { spanId, number, durationNs, outputTokensPerSecond } = call
  const stretches = phasesOfCall(call).slice(0, 3).map(({ name, timeNs }) => `${name} ${formatDuration(timeNs)}`)
  const speed = outputTokensPerSecond === undefined ? [] : [`${formatCount(outputTokensPerSecond)} tok/s`]
  const parts = [...stretches, ...speed].join(', ')
  return `slowest: call ${formatCount(number)} (${cleanName(modelOf(call))}) ${formatDuration(durationNs)}${parts === '' ? '' : `: ${parts}`}`
    + ` [${handlesFor([spanId], spans).get(spanId) ?? ''}]`
}

/** Seconds that 1,000 tokens less to read would bring forward the first token by. */
function latencyText({ model, calls, fit }: PrefillLatency): string {
  const { nsPerThousandTokens = 0, interval = { low: 0, high: 0 }, interceptNs = 0 } = fit ?? {}
  return `first token of ${cleanName(model)}: ${formatDuration(interceptNs)} + ${formatDuration(nsPerThousandTokens)} per 1,000 uncached tokens `
    + `(${intervalText(interval)}, n = ${formatCount(calls)})`
}

function intervalText({ low, high }: { readonly low: number; readonly high: number }): string {
  // Less than nothing is no time; that the line may also fall has to be said all the same.
  return low < 0 ? `95 %: below ${formatDuration(Math.max(0, high))}, may be nothing` : `95 %: ${formatAmount({ low, high }, formatDuration)}`
}
