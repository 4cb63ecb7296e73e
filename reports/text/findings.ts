import type { Analysis, Confidence, Finding, Observation, Schedule } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { isSaid } from '../shared/advice.ts'
import { freedom, isParallel, needs } from '../shared/evidence.ts'
import { handlesFor, shownOf, spanList } from '../shared/handles.ts'
import { formatSaving, formatShare } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { cell, clean, cleanName, widthOf, wrap } from '../shared/text.ts'

const MAX_FINDINGS = 8
const MAX_OBSERVATIONS = 6
/** Below this the savings stand in a line of their own, or the text would be too narrow to read. */
const SIDE_BY_SIDE = 76

interface Layout {
  readonly number: number
  readonly code: number
  readonly text: number
  readonly saving: number
  readonly sure: number
}

/** What stands below a finding's title. */
interface Below {
  /** Undefined where a finding above has said it. */
  readonly advice: string | undefined
  readonly spans: string
  readonly evidence: readonly string[]
}

/** What to do: the findings by number, with what each saves and how sure that is. */
export function findings(analysis: Analysis, page: Page): Line[] {
  const { findings: all } = analysis
  if (all.length === 0) {
    const text = 'nothing found: no change that this trace can show would save time, tokens or money'
    const title = 'What to do  '
    return wrap(text, page.textWidth - title.length)
      .map((line, index) => [heading(index === 0 ? title : ' '.repeat(title.length)), piece(line)])
  }
  const shown = all.slice(0, MAX_FINDINGS)
  const layout = layoutFor(shown, page)
  const lead = `  ${' '.repeat(layout.number)}  ${' '.repeat(layout.code)}  `
  const title: Line = layout.saving === 0
    ? [heading('What to do')]
    : [
        heading(cell('What to do', lead.length + layout.text)),
        piece(`  ${cell('saves', layout.saving)}  ${cell('sure?', layout.sure)}`, sgr.dim),
      ]
  return [
    title,
    ...below(shown, analysis).flatMap((under, index) => drawFinding(shown[index]!, index + 1, under, layout, page)),
    ...more(all.length - shown.length, 'finding'),
    ...together(analysis, page),
    ...legend(shown, page),
  ]
}

function below(shown: readonly Finding[], analysis: Analysis): Below[] {
  const handles = handlesFor(shown.flatMap(({ spanIds }) => shownOf(spanIds)), analysis.spans)
  return shown.map((finding, index) => ({
    advice: isSaid(finding, shown.slice(0, index)) ? undefined : clean(finding.advice),
    spans: spanList(finding.spanIds, handles),
    evidence: isParallel(finding) ? freedom(finding, analysis, cleanName) : [],
  }))
}

/** How to go on from here. */
function legend(shown: readonly (Finding | Observation)[], page: Page): Line[] {
  const spans = shown.some(({ spanIds }) => spanIds.length > 0) ? '[ ] spans, for: spanwise show <run> <span> · ' : ''
  return wrap(`${spans}codes: docs/findings/<CODE>.md`, page.textWidth - 2).map((line) => [piece(`  ${line}`, sgr.dim)])
}

/** Text with the spans that prove it behind, which are not broken. */
function withSpans(text: string, spans: string, width: number, style?: string, maxLines?: number): Line[] {
  const lines: Line[] = wrap(text, width, maxLines).map((line) => [piece(line, style)])
  if (spans === '') return lines
  const mark = piece(`[${spans}]`, sgr.dim)
  const last = lines.at(-1)
  if (last === undefined || lineWidth(last) + 1 + widthOf(mark.text) > width) return [...lines, [mark]]
  return [...lines.slice(0, -1), [...last, piece(' '), mark]]
}

const lineWidth = (line: Line): number => line.reduce((sum, { text }) => sum + widthOf(text), 0)
const padded = (line: Line, width: number): Line => [...line, piece(' '.repeat(Math.max(0, width - lineWidth(line))))]

function layoutFor(all: readonly Finding[], page: Page): Layout {
  const number = String(all.length).length
  const code = Math.min(10, Math.max(...all.map((finding) => widthOf(clean(finding.code)))))
  const sideBySide = page.textWidth >= SIDE_BY_SIDE
  const saving = sideBySide ? Math.max(5, ...all.flatMap(({ saving: amounts }) => formatSaving(amounts).map(widthOf))) : 0
  const sure = sideBySide ? Math.max(...all.map(({ confidence }) => confidence.length)) : 0
  const text = page.textWidth - (2 + number + 2 + code + 2) - (sideBySide ? 4 + saving + sure : 0)
  return { number, code, text, saving, sure }
}

function drawFinding(finding: Finding, number: number, under: Below, layout: Layout, page: Page): Line[] {
  const { confidence } = finding
  const savings = formatSaving(finding.saving)
  if (savings.length === 0) savings.push('?')
  const start = `  ${cell(String(number), layout.number, 'right')}  ${cell(clean(finding.code), layout.code)}  `
  const margin = ' '.repeat(layout.number + layout.code + 6)
  const isBare = under.advice === undefined && under.evidence.length === 0
  const title = withSpans(clean(finding.title), isBare ? under.spans : '', layout.text, sgr.strong)
  const width = Math.min(page.textWidth, 108) - margin.length - 2
  const advice: Line[] = [
    ...under.evidence.flatMap((text) => wrap(text, width).map((line) => [piece(`${margin}  ${line}`, sgr.dim)])),
    ...(isBare ? [] : withSpans(under.advice ?? '', under.spans, width))
      .map((line, row) => [piece(`${margin}${row === 0 && under.advice !== undefined ? '→ ' : '  '}`), ...line]),
  ]
  if (layout.saving === 0) {
    return [
      ...wrap(`saves ${savings.join(', ')}, ${confidence}`, layout.text)
        .map((line, row) => [piece(row === 0 ? start : margin, sgr.warn), piece(line, sureStyle(confidence))]),
      ...title.map((line) => [piece(margin), ...line]),
      ...advice,
    ]
  }
  const rows = Array.from({ length: Math.max(title.length, savings.length) }, (_, row): Line => [
    piece(row === 0 ? start : margin, sgr.warn),
    ...padded(title[row] ?? [], layout.text),
    piece(`  ${cell(savings[row] ?? '', layout.saving)}`),
    piece(row === 0 ? `  ${confidence}` : '', sureStyle(confidence)),
  ])
  return [...rows, ...advice]
}

function sureStyle(confidence: Confidence): string {
  return confidence === 'proven' ? sgr.good : confidence === 'likely' ? sgr.warn : sgr.dim
}

/** What the run would take as its schedules have it; the savings of single findings do not add up. */
function together(analysis: Analysis, page: Page): Line[] {
  const { totals: { durationNs }, schedules: { proven, possible } } = analysis
  const least = durationNs * 0.99
  const parts: string[] = []
  if (proven.durationNs < least) parts.push(`${scheduleText(proven, durationNs)}, proven`)
  if (possible.durationNs < Math.min(least, proven.durationNs * 0.99)) {
    parts.push(`at best ${scheduleText(possible, durationNs)}, possible`)
  }
  if (parts.length === 0) return []
  const kept = needs(analysis, cleanName)
  const texts = [
    `Everything started as early as it could be, the run takes ${parts.join('; ')}`,
    ...(kept.length === 0 ? [] : [`Has to stay in order: ${kept.join('; ')}`]),
  ]
  return texts.flatMap((text) => wrap(text, page.textWidth - 2).map((line) => [piece(`  ${line}`, sgr.dim)]))
}

const scheduleText = ({ durationNs, limit }: Schedule, now: number): string =>
  `${formatDuration(durationNs)} (${formatShare(1 - durationNs / now)} less, ${limit} at once)`

/** What is worth knowing and cannot say what it would save. */
export function observations({ observations: all, findings: found, spans }: Analysis, page: Page): Line[] {
  if (all.length === 0) return []
  const shown = all.slice(0, MAX_OBSERVATIONS)
  const handles = handlesFor(shown.flatMap(({ spanIds }) => shownOf(spanIds)), spans)
  const code = Math.min(10, Math.max(...shown.map((observation) => widthOf(clean(observation.code)))))
  const width = page.textWidth - code - 4
  return [
    [heading('Observations')],
    ...shown.flatMap((observation, index) => {
      const said = shown.slice(0, index).some((before) => before.code === observation.code && before.advice === observation.advice)
      const advice = said ? '' : clean(observation.advice ?? '')
      const names = spanList(observation.spanIds, handles)
      const text: Line[] = advice === '' ? withSpans(clean(observation.title), names, width, undefined, 4) : [
        ...wrap(clean(observation.title), width, 4).map((line) => [piece(line)]),
        ...withSpans(advice, names, width, sgr.dim, 4),
      ]
      return text.map((line, row): Line => [piece(`  ${cell(row === 0 ? clean(observation.code) : '', code)}  `, sgr.dim), ...line])
    }),
    ...more(all.length - shown.length, 'observation'),
    // Below the findings it stands already.
    ...(found.length > 0 ? [] : legend(shown, page)),
  ]
}

const more = (count: number, what: string): Line[] =>
  count > 0 ? [[piece(`  and ${count} more ${count === 1 ? what : `${what}s`}`, sgr.dim)]] : []
