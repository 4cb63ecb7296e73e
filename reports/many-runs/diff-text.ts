import type { Explanation, MetricChange, OperationChange, RunDiff, SpanChange } from '../../src/model/many-runs.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatCount, formatWholeShare, plural } from '../shared/numbers.ts'
import { heading, pageOf, piece, print, sgr, type Line, type Page } from '../shared/page.ts'
import type { ReportOptions } from '../shared/report.ts'
import { table, type Column } from '../shared/table.ts'
import { clean, cleanName, widthOf, wrap } from '../shared/text.ts'
import {
  formatBounds, formatChange, formatChangeShare, formatMetric, formatP, meanCount, methodText, metricNames, operationWord, pathNames,
  provenOperations, restText, shownExplanations, verdictText, verdictWord,
} from '../shared/diff-words.ts'

const MAX_OPERATIONS = 12
const MAX_SPANS = 40
const MAX_NOTES = 8

/** In the order of reading: the verdict, the totals behind it, what explains them, and then the details. */
const sections: readonly ((diff: RunDiff, page: Page) => readonly Line[])[] = [verdict, totals, explanations, operations, spans, notes]

/**
 * A comparison for people at a terminal.
 * @returns lines of at most `width` columns, without a newline at the end
 */
export function renderDiffText(diff: RunDiff, options?: ReportOptions): string {
  const page = pageOf(options)
  const parts = sections.map((section) => section(diff, page)).filter((lines) => lines.length > 0)
  return print(parts.flatMap((lines, index) => (index === 0 ? lines : [[], ...lines])), page)
}

const styles: Readonly<Record<RunDiff['verdict'], string>> = {
  regression: sgr.bad, improvement: sgr.good, mixed: sgr.warn, none: sgr.strong, 'too-few-runs': sgr.warn,
}

function verdict(diff: RunDiff, page: Page): Line[] {
  const [title, rest] = verdictText(diff)
  const lines = wrap(`${title}: ${rest}`, page.textWidth)
  const sides = (['base', 'new'] as const).map((side) => {
    const { runs, names } = diff[side]
    return `${side}: ${plural(runs, 'run')} of ${names.slice(0, 2).map(cleanName).join(', ')}${names.length > 2 ? ', …' : ''}`
  }).join('   ')
  return [
    ...lines.map((line, index): Line => (index === 0
      ? [piece(line.slice(0, title.length), `${sgr.strong};${styles[diff.verdict]}`), piece(line.slice(title.length))]
      : [piece(line)])),
    [piece(sides, sgr.dim)],
  ]
}

const styleOf = ({ verdict: found }: Pick<MetricChange, 'verdict'>): string | undefined =>
  (found === 'more' ? sgr.bad : found === 'less' ? sgr.good : found === 'none' || found === 'untested' ? sgr.dim : undefined)

function totals({ totals: rows }: RunDiff, page: Page): Line[] {
  const columns: Column<MetricChange>[] = [
    { title: '', text: ({ metric }) => metricNames[metric] },
    { title: 'base p50', text: ({ metric, base }) => formatMetric(metric, base.median) },
    { title: 'new p50', text: ({ metric, new: next }) => formatMetric(metric, next.median) },
    { title: 'change', text: ({ metric, difference }) => formatChange(metric, difference), style: styleOf },
    { title: '', text: ({ share }) => formatChangeShare(share), style: styleOf },
  ]
  if (rows.some(({ interval }) => interval !== undefined)) {
    columns.push(
      { title: '95 % interval', text: ({ metric, interval }) => formatBounds(metric, interval), drop: 1 },
      { title: 'p', text: ({ adjustedP }) => formatP(adjustedP), drop: 2 },
      { title: '', align: 'left', text: ({ metric, verdict: found }) => verdictWord(found, metric), style: styleOf },
    )
  }
  return table(heading('Runs'), columns, rows, page)
}

interface PartRow {
  readonly change: string
  readonly share: string
  readonly name: string
  readonly note: string
}

function explanations(diff: RunDiff, page: Page): Line[] {
  return shownExplanations(diff).flatMap((one, index) => [...(index === 0 ? [] : [[]]), ...explanation(one, diff, page)])
}

/** The parts, largest first, and the rest under its own name: the figures add up. */
function explanation(one: Explanation, { operations: all, method }: RunDiff, page: Page): Line[] {
  const { metric, parts, rest, meanChange } = one
  const tested = method.totals.tests > 0
  const shareOf = (share: number | undefined): string => (share === undefined ? '' : signedShare(share))
  const rows: PartRow[] = parts.map(({ operation, change, share }) => ({
    change: formatChange(metric, change), share: shareOf(share), ...described(all[operation]!),
  }))
  const left = restText(one, tested)
  if (left !== '') rows.push({ change: formatChange(metric, rest.change), share: shareOf(rest.share), name: left, note: '' })
  const where = metric === 'durationNs' ? ', on the critical path' : ''
  const widths = { change: widest(rows, 'change'), share: widest(rows, 'share') }
  const room = page.textWidth - (2 + widths.change + 2 + widths.share + 2)
  return [
    [heading(`What explains ${formatChange(metric, meanChange)} of ${metricNames[metric]}`), piece(`  by operation, mean${where}`, sgr.dim)],
    ...rows.map(({ change, share, name, note }): Line => [
      piece(`  ${change.padStart(widths.change)}  `), piece(`${share.padStart(widths.share)}  `, sgr.dim),
      piece(tail(name, Math.max(16, room - (note === '' ? 0 : widthOf(note) + 2)))), ...(note === '' ? [] : [piece(`  ${note}`, sgr.dim)]),
    ]),
  ]
}

const widest = (rows: readonly PartRow[], key: 'change' | 'share'): number => Math.max(0, ...rows.map((row) => row[key].length))
const signedShare = (share: number): string => (share < 0 ? `-${formatWholeShare(-share)}` : formatWholeShare(share))

function described(operation: OperationChange): Pick<PartRow, 'name' | 'note'> {
  const { presence, count } = operation
  const counts = count.base === count.new ? '' : `${meanCount(count.base)} -> ${meanCount(count.new)} per run`
  return { name: nameOf(operation), note: presence === 'both' ? counts : presence }
}

const nameOf = (operation: OperationChange): string => pathNames(operation).map(cleanName).join(' > ')

/** The end of a path says more than its beginning. */
function tail(text: string, width: number): string {
  if (widthOf(text) <= width) return text
  const names = text.split(' > ')
  while (names.length > 1 && widthOf(names.join(' > ')) > width - 4) names.shift()
  const short = names.join(' > ')
  return short === text ? text : `… > ${short}`
}

interface OperationRow {
  readonly operation: OperationChange
  readonly change: MetricChange
}

/** Each proven difference of an operation, in whatever metric. */
function operations(diff: RunDiff, page: Page): Line[] {
  const tested = diff.method.operations.tests > 0
  if (!tested) return []
  const rows: OperationRow[] = provenOperations(diff).flatMap((operation) =>
    operation.changes.filter(({ verdict: found }) => found !== 'none' && found !== 'untested').map((change) => ({ operation, change })))
  if (rows.length === 0) return [[piece('no difference of a single operation is proven', sgr.dim)]]
  const columns: Column<OperationRow>[] = [
    { title: '', text: ({ operation }) => tail(nameOf(operation), 30) },
    { title: 'of', align: 'left', text: ({ change }) => metricNames[change.metric] },
    { title: 'base p50', text: ({ change: { metric, base } }) => formatMetric(metric, base.median) },
    { title: 'new p50', text: ({ change: { metric, new: next } }) => formatMetric(metric, next.median) },
    { title: 'change', text: ({ change: { metric, difference } }) => formatChange(metric, difference), style: ({ change }) => styleOf(change) },
    { title: 'p', text: ({ change: { adjustedP } }) => formatP(adjustedP), drop: 1 },
    { title: '', align: 'left', text: ({ operation, change }) => operationWord(operation, change), style: ({ change }) => styleOf(change) },
  ]
  return [...table(heading('Proven by operation'), columns, rows.slice(0, MAX_OPERATIONS), page), ...more(rows.length - MAX_OPERATIONS, 'difference')]
}

const more = (count: number, what: string): Line[] => (count > 0 ? [[piece(`  and ${plural(count, what)} more`, sgr.dim)]] : [])

const signs: Readonly<Record<SpanChange['state'], string>> = { same: '=', slower: '>', faster: '<', added: '+', gone: '-' }

/** Two single runs: what changed, the largest differences where there are many, in order of the tree. */
function spans({ spans: all = [] }: RunDiff, page: Page): Line[] {
  if (all.length === 0) return []
  const changed = all.filter(({ state }) => state !== 'same')
  const largest = [...changed].sort((a, b) => Math.abs(b.differenceNs) - Math.abs(a.differenceNs)).slice(0, MAX_SPANS)
  const kept = new Set(largest)
  const same = all.length - changed.length
  if (changed.length === 0) return [[heading('Span by span'), piece(`  all ${formatCount(same)} are the same (within 5 %)`)]]
  const columns: Column<SpanChange>[] = [
    { title: '', text: ({ state, depth, name, renamedTo }) => `${signs[state]} ${'  '.repeat(Math.min(depth, 10))}${cleanName(name)}${renamedTo === undefined ? '' : ` -> ${cleanName(renamedTo)}`}` },
    { title: 'base', text: ({ baseNs }) => (baseNs === undefined ? '–' : formatDuration(baseNs)) },
    { title: 'new', text: ({ newNs }) => (newNs === undefined ? '–' : formatDuration(newNs)) },
    { title: 'change', text: ({ differenceNs }) => formatChange('durationNs', differenceNs) },
    { title: '', align: 'left', text: ({ state }) => state, style: ({ state }) => (state === 'slower' || state === 'added' ? sgr.bad : sgr.good) },
  ]
  return [
    ...table(heading('Span by span'), columns, all.filter((one) => kept.has(one)), page),
    ...more(changed.length - largest.length, 'changed span'),
    ...(same > 0 ? [[piece(`  ${plural(same, 'span')} the same (within 5 %)`, sgr.dim)]] : []),
  ]
}

function notes(diff: RunDiff, page: Page): Line[] {
  const told = diff.notes.slice(0, MAX_NOTES).flatMap((note) =>
    wrap(clean(note), page.textWidth - 2).map((line, index): Line => [piece(index === 0 ? '! ' : '  ', sgr.warn), piece(line)]))
  return [
    ...told, ...more(diff.notes.length - MAX_NOTES, 'note'),
    ...wrap(methodText(diff), page.textWidth).map((line): Line => [piece(line, sgr.dim)]),
  ]
}
