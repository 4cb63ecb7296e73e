import type { Explanation, MetricChange, OperationChange, RunDiff, SpanChange } from '../../src/model/many-runs.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatWholeShare, plural } from '../shared/numbers.ts'
import { markdownCode, markdownTable, markdownText } from '../shared/markdown.ts'
import {
  formatBounds, formatChange, formatChangeShare, formatMetric, formatP, meanCount, methodText, metricNames, operationWord, pathNames,
  provenOperations, restText, shownExplanations, verdictText, verdictWord,
} from '../shared/diff-words.ts'

const MAX_OPERATIONS = 15
const MAX_SPANS = 40
const MAX_NOTES = 8

const sections: readonly ((diff: RunDiff) => string)[] = [verdict, totals, explanations, operations, spans, notes]

/** A comparison for a pull request: GitHub-flavoured Markdown, the long tables folded away; names of the runs' own are escaped. */
export function renderDiffMarkdown(diff: RunDiff): string {
  return sections.map((section) => section(diff)).filter((text) => text !== '').join('\n\n')
}

const signs: Readonly<Record<RunDiff['verdict'], string>> = {
  regression: '❌', improvement: '✅', mixed: '⚠️', none: '✅', 'too-few-runs': '⚠️',
}

function verdict(diff: RunDiff): string {
  const [title, rest] = verdictText(diff)
  const side = (which: 'base' | 'new'): string => {
    const { runs, names } = diff[which]
    return `${which}: ${plural(runs, 'run')} of ${names.slice(0, 2).map(markdownCode).join(', ')}${names.length > 2 ? ', …' : ''}`
  }
  return `### ${signs[diff.verdict]} Spanwise: ${title}\n\n**${number(rest)}**\n\n${side('base')} · ${side('new')}`
}

/** An angle bracket opens a tag, and an arrow has one. */
const number = (text: string): string => text.replaceAll('<', '&lt;').replaceAll('->', '→')

function totals({ totals: all }: RunDiff): string {
  const row = ({ metric, base, new: next, difference, share, interval, adjustedP, verdict: found }: MetricChange): string[] => [
    metricNames[metric], formatMetric(metric, base.median), formatMetric(metric, next.median),
    `${formatChange(metric, difference)}${share === undefined ? '' : ` (${formatChangeShare(share)})`}`,
    interval === undefined ? '–' : formatBounds(metric, interval), formatP(adjustedP), verdictWord(found, metric),
  ].map(number)
  return markdownTable(['', 'base p50', 'new p50', 'change', '95 % interval', 'p', ''], all.map(row))
}

function explanations(diff: RunDiff): string {
  return shownExplanations(diff).map((one) => explanation(one, diff)).join('\n\n')
}

function explanation(one: Explanation, { operations: all, method }: RunDiff): string {
  const { metric, parts, rest, meanChange } = one
  const row = (name: string, change: number, share: number | undefined, note: string): string[] =>
    [name, number(formatChange(metric, change)), share === undefined ? '–' : number(`${share < 0 ? '-' : ''}${formatWholeShare(Math.abs(share))}`), note]
  const rows = parts.map(({ operation, change, share }) => row(nameOf(all[operation]!), change, share, noteOf(all[operation]!)))
  const left = restText(one, method.totals.tests > 0)
  if (left !== '') rows.push(row(left, rest.change, rest.share, ''))
  const title = `#### What explains ${number(formatChange(metric, meanChange))} of ${metricNames[metric]}`
  return `${title}\n\n${markdownTable(['operation', 'change of the mean', 'share', ''], rows)}`
}

const nameOf = (operation: OperationChange): string => pathNames(operation).map(markdownCode).join(' › ')

function noteOf({ presence, count }: OperationChange): string {
  if (presence !== 'both') return presence
  return count.base === count.new ? '' : `${meanCount(count.base)} → ${meanCount(count.new)} per run`
}

function operationRow(operation: OperationChange, change: MetricChange): string[] {
  const { metric, base, new: next, difference, interval, adjustedP } = change
  return [
    nameOf(operation), metricNames[metric],
    ...[
      formatMetric(metric, base.median), formatMetric(metric, next.median), formatChange(metric, difference),
      formatBounds(metric, interval), formatP(adjustedP), operationWord(operation, change),
    ].map(number),
  ]
}

function operations(diff: RunDiff): string {
  const rows = provenOperations(diff).flatMap((operation) => operation.changes
    .filter(({ verdict: found }) => found !== 'none' && found !== 'untested')
    .map((change) => operationRow(operation, change)))
  if (rows.length === 0) return ''
  const table = markdownTable(['operation', 'of', 'base p50', 'new p50', 'change', '95 % interval', 'p', ''], rows.slice(0, MAX_OPERATIONS), 2)
  return folded(`${plural(rows.length, 'proven difference')} of operations`, withMore(table, rows.length - MAX_OPERATIONS))
}

function spans({ spans: all = [] }: RunDiff): string {
  const changed = all.filter(({ state }) => state !== 'same')
  if (all.length === 0 || changed.length === 0) return ''
  const kept = new Set([...changed].sort((a, b) => Math.abs(b.differenceNs) - Math.abs(a.differenceNs)).slice(0, MAX_SPANS))
  const row = ({ state, name, renamedTo, depth, baseNs, newNs, differenceNs }: SpanChange): string[] => [
    `${'&emsp;'.repeat(Math.min(depth, 10))}${markdownCode(name)}${renamedTo === undefined ? '' : ` → ${markdownCode(renamedTo)}`}`,
    ...[baseNs === undefined ? '–' : formatDuration(baseNs), newNs === undefined ? '–' : formatDuration(newNs), formatChange('durationNs', differenceNs)].map(number),
    state,
  ]
  const table = markdownTable(['span', 'base', 'new', 'change', ''], all.filter((one) => kept.has(one)).map(row))
  return folded(`Span by span: ${changed.length} of ${all.length} changed`, withMore(table, changed.length - kept.size))
}

const folded = (summary: string, text: string): string => `<details>\n<summary>${summary}</summary>\n\n${text}\n\n</details>`
const withMore = (text: string, more: number): string => (more > 0 ? `${text}\n\nand ${more} more` : text)

function notes(diff: RunDiff): string {
  const told = diff.notes.slice(0, MAX_NOTES).map((note) => `- ⚠️ ${markdownText(note)}`)
  return [...told, ...(told.length > 0 ? [''] : []), `<sub>${methodText(diff)}</sub>`].join('\n')
}
