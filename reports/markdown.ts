import type { Analysis, Finding, ModelTotals, OperationTotals, Observation } from '../src/model/analysis.ts'
import { formatDuration } from '../src/model/units.ts'
import { flameChart } from './shared/flame/chart.ts'
import { number, folded, short, shareOf, withMore } from './markdown/cells.ts'
import { cacheDetails, contextDetails, costDetails, llmDetails } from './markdown/details.ts'
import { freedom, isParallel, needs } from './shared/evidence.ts'
import { handlesFor, shownOf, spanList } from './shared/handles.ts'
import { markdownCode, markdownCodeBlock, markdownTable } from './shared/markdown.ts'
import {
  cachedShare, formatCost, formatCount, formatSaving, formatShare, formatTokens, formatWholeShare,
} from './shared/numbers.ts'
import { pageOf, print } from './shared/page.ts'
import type { Report, ReportOptions } from './shared/report.ts'
import { totalsTexts } from './shared/totals.ts'

const MAX_CATEGORIES = 12
const MAX_FINDINGS = 12
const MAX_OBSERVATIONS = 6
const MAX_MODELS = 10
const MAX_OPERATIONS = 10
const MAX_NOTES = 8

type Section = (analysis: Analysis, options: ReportOptions) => string

/** The sections in the order of reading; an empty one is left out. */
const sections: readonly Section[] = [
  headline, categories, findings, observations, chart, details, llmDetails, cacheDetails, contextDetails, notes,
]

/**
 * The report for a pull request or an issue: GitHub-flavoured Markdown, the chart and the long tables folded away.
 * @param options `maxRows` of the flame chart
 * @returns lines without a newline at the end; texts of the run's own are escaped
 * @throws TypeError when `maxRows` is not a number that can be used
 */
export function renderMarkdown(analysis: Analysis, options: ReportOptions = {}): string {
  return sections.map((section) => section(analysis, options)).filter((text) => text !== '').join('\n\n')
}

function headline(analysis: Analysis): string {
  const { run: { name, outcome } } = analysis
  const [first = '', ...others] = totalsTexts(analysis).map(number)
  const lines = [`### Spanwise: ${markdownCode(name)}`, '', [`**${first}**`, ...others].join(' · ')]
  if (outcome.state === 'failed') lines.push('', `❌ **failed** with ${markdownCode(outcome.type)}: ${short(outcome.message)}`)
  if (outcome.state === 'cancelled') lines.push('', '⚠️ cancelled before it was done')
  if (outcome.state === 'open') lines.push('', '⚠️ not ended: this is the run as far as it was recorded')
  return lines.join('\n')
}

function categories({ categories: all, totals: { durationNs } }: Analysis): string {
  if (all.length === 0) return ''
  const withFailures = all.some(({ failed }) => failed > 0)
  const rows = all.slice(0, MAX_CATEGORIES).map(({ category, wallNs, busyNs, spans, failed }) => [
    markdownCode(category), formatDuration(wallNs), shareOf(wallNs, durationNs), formatDuration(busyNs), formatCount(spans),
    ...(withFailures ? [formatCount(failed)] : []),
  ])
  const titles = ['time by category', 'wall', 'share', 'busy', 'spans', ...(withFailures ? ['failed'] : [])]
  const legend = '<sub>wall: time on the critical path, adds up to the run · busy: sum of self times, more where spans ran together</sub>'
  return `${withMore(markdownTable(titles, rows), all.length - rows.length, 'categories')}\n\n${legend}`
}

function findings(analysis: Analysis): string {
  const { findings: all, totals: { durationNs }, schedules: { proven, possible } } = analysis
  const title = '#### What to do'
  if (all.length === 0) return `${title}\n\nNothing found: no change that this trace can show would save time, tokens or money.`
  const shown = all.slice(0, MAX_FINDINGS)
  const handles = handlesFor(shown.flatMap(({ spanIds }) => shownOf(spanIds)), analysis.spans)
  const list = withMore(shown.map((finding, index) => findingItem(finding, index, analysis, handles)).join('\n'), all.length - shown.length, 'findings')
  const better = [
    ...(proven.durationNs < durationNs * 0.99 ? [`${formatDuration(proven.durationNs)} (proven)`] : []),
    ...(possible.durationNs < Math.min(durationNs, proven.durationNs) * 0.99
      ? [`at best ${formatDuration(possible.durationNs)} (possible)`]
      : []),
  ]
  const kept = better.length === 0 ? [] : needs(analysis, markdownCode)
  const order = kept.length === 0 ? '' : ` Has to stay in order: ${kept.join('; ')}.`
  const together = better.length === 0 ? '' : `\n\nEverything started as early as it could be, the run takes ${better.join('; ')}.${order}`
  const legend = '\n\n<sub>spans are for `spanwise show <run> <span>`; what a code means: docs/findings/&lt;CODE&gt;.md</sub>'
  return `${title}\n\n${list}${together}${legend}`
}

function findingItem(finding: Finding, index: number, analysis: Analysis, handles: ReadonlyMap<string, string>): string {
  const { code, title, saving, confidence, advice, spanIds } = finding
  const spans = spanList(spanIds, handles)
  const evidence = isParallel(finding) ? freedom(finding, analysis, markdownCode).map((text) => `<br>${text}`).join('') : ''
  const savings = number(formatSaving(saving).join(', '))
  const gain = savings === '' ? '' : `saves ${savings}, `
  return `${index + 1}. ${markdownCode(code)} **${short(title) || '(no title)'}** – ${gain}${confidence}${evidence}<br>${short(advice)}`
    + (spans === '' ? '' : `<br>spans ${markdownCode(spans)}`)
}

function observations({ observations: all }: Analysis): string {
  if (all.length === 0) return ''
  const item = ({ code, title, advice = '' }: Observation): string =>
    `- ${markdownCode(code)} ${short(title)}${advice === '' ? '' : `<br>${short(advice)}`}`
  const shown = all.slice(0, MAX_OBSERVATIONS)
  return `#### Observations\n\n${withMore(shown.map(item).join('\n'), all.length - shown.length, 'observations')}`
}

/** As a comment on GitHub is wide. */
const CHART_WIDTH = 100

function chart(analysis: Analysis, { maxRows }: ReportOptions): string {
  const page = pageOf({ width: CHART_WIDTH, ...(maxRows !== undefined && { maxRows }) })
  const text = print(flameChart(analysis, page), page)
  return text === '' ? '' : folded('Flame chart', [markdownCodeBlock(text)])
}

function details(analysis: Analysis): string {
  return folded('Models and slowest operations', [models(analysis), costDetails(analysis), operations(analysis)])
}

function models({ models: all }: Analysis): string {
  if (all.length === 0) return ''
  const row = ({ model, provider, calls, usage, costUsd, ttftNs }: ModelTotals): string[] => {
    const cached = cachedShare(usage)
    return [
      markdownCode(model), markdownCode(provider), formatCount(calls), formatTokens(usage.input.total, usage),
      cached === undefined ? '–' : formatWholeShare(cached), formatTokens(usage.output.total, usage), formatCost(costUsd),
      ttftNs === undefined ? '–' : formatDuration(ttftNs.p50),
    ].map((text, column) => (column < 2 ? text : number(text)))
  }
  const rows = all.slice(0, MAX_MODELS).map(row)
  const table = markdownTable(['model', 'provider', 'calls', 'in', 'cached', 'out', 'cost', 'TTFT p50'], rows, 2)
  return withMore(table, all.length - rows.length, 'models')
}

function operations({ operations: all, spans, totals: { durationNs } }: Analysis): string {
  const root = spans[0]
  const isRoot = ({ name, category, count }: OperationTotals): boolean =>
    count === 1 && name === root?.name && category === root.category
  const others = all.filter((operation) => !isRoot(operation))
  if (others.length === 0) return ''
  const row = ({ name, category, count, failed, totalNs, durationNs: { p50, p95 }, wallNs, halvedSavesNs }: OperationTotals): string[] => [
    markdownCode(name), markdownCode(category), formatCount(count) + (failed > 0 ? ` (${formatCount(failed)} failed)` : ''),
    formatDuration(totalNs), count > 1 ? formatDuration(p50) : '–', count > 1 ? formatDuration(p95) : '–',
    formatDuration(wallNs), shareOf(wallNs, durationNs),
    halvedSavesNs === undefined ? '–' : halvedSavesNs === 0 ? 'nothing' : formatDuration(halvedSavesNs),
  ]
  const rows = others.slice(0, MAX_OPERATIONS).map(row)
  const table = markdownTable(['operation', 'category', 'count', 'total', 'p50', 'p95', 'wall', 'share', 'halved saves'], rows, 2)
  return withMore(table, others.length - rows.length, 'operations')
}

function notes({ problems, context: { peak }, overhead: { selfNs, share, dropped } }: Analysis): string {
  const shown = problems.slice(0, MAX_NOTES).map(({ message }) => `- ⚠️ ${short(message)}`)
  const context = peak?.share === undefined || peak.windowTokens === undefined
    ? []
    : [`context at its peak: ${formatShare(peak.share)} of ${formatCount(peak.windowTokens)} tokens (${markdownCode(peak.model)})`]
  const profiler = `profiler: ${formatDuration(selfNs)} of its own (${formatShare(share)} of the run), `
    + `${formatCount(dropped.spans)} spans dropped`
  const small = `<sub>${[...context, profiler].join(' · ')}</sub>`
  return shown.length === 0 ? small : `${withMore(shown.join('\n'), problems.length - shown.length, 'notes')}\n\n${small}`
}

export const markdownReport: Report<string> = { name: 'markdown', extension: 'md', render: renderMarkdown }
