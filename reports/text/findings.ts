import type { Analysis, Confidence, Finding, Schedule } from '../../src/model/analysis.ts'
import { formatDuration } from '../../src/model/units.ts'
import { formatSaving, formatShare } from '../shared/numbers.ts'
import { heading, piece, sgr, type Line, type Page } from '../shared/page.ts'
import { cell, clean, widthOf, wrap } from '../shared/text.ts'

const MAX_FINDINGS = 12
const MAX_OBSERVATIONS = 10
/** Below this the savings stand in a line of their own, or the text would be too narrow to read. */
const SIDE_BY_SIDE = 76

interface Layout {
  readonly number: number
  readonly code: number
  readonly text: number
  readonly saving: number
  readonly sure: number
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
    ...shown.flatMap((finding, index) => drawFinding(finding, index + 1, layout, page)),
    ...more(all.length - shown.length, 'finding'),
    ...together(analysis, page),
  ]
}

function layoutFor(all: readonly Finding[], page: Page): Layout {
  const number = String(all.length).length
  const code = Math.min(10, Math.max(...all.map((finding) => widthOf(clean(finding.code)))))
  const sideBySide = page.textWidth >= SIDE_BY_SIDE
  const saving = sideBySide ? Math.max(5, ...all.flatMap(({ saving: amounts }) => formatSaving(amounts).map(widthOf))) : 0
  const sure = sideBySide ? Math.max(...all.map(({ confidence }) => confidence.length)) : 0
  const text = page.textWidth - (2 + number + 2 + code + 2) - (sideBySide ? 4 + saving + sure : 0)
  return { number, code, text, saving, sure }
}

function drawFinding(finding: Finding, number: number, layout: Layout, page: Page): Line[] {
  const { confidence } = finding
  const savings = formatSaving(finding.saving)
  if (savings.length === 0) savings.push('?')
  const start = `  ${cell(String(number), layout.number, 'right')}  ${cell(clean(finding.code), layout.code)}  `
  const margin = ' '.repeat(layout.number + layout.code + 6)
  const title = wrap(clean(finding.title), layout.text)
  const advice = wrap(clean(finding.advice), Math.min(page.textWidth, 108) - margin.length - 2)
    .map((line, row) => [piece(`${margin}${row === 0 ? '→ ' : '  '}${line}`)])
  if (layout.saving === 0) {
    return [
      ...wrap(`saves ${savings.join(', ')}, ${confidence}`, layout.text)
        .map((line, row) => [piece(row === 0 ? start : margin, sgr.warn), piece(line, sureStyle(confidence))]),
      ...title.map((line) => [piece(margin), piece(line, sgr.strong)]),
      ...advice,
    ]
  }
  const rows = Array.from({ length: Math.max(title.length, savings.length) }, (_, row): Line => [
    piece(row === 0 ? start : margin, sgr.warn),
    piece(cell(title[row] ?? '', layout.text), sgr.strong),
    piece(`  ${cell(savings[row] ?? '', layout.saving)}`),
    piece(row === 0 ? `  ${confidence}` : '', sureStyle(confidence)),
  ])
  return [...rows, ...advice]
}

function sureStyle(confidence: Confidence): string {
  return confidence === 'proven' ? sgr.good : confidence === 'likely' ? sgr.warn : sgr.dim
}

/** What the run would take as its schedules have it; the savings of single findings do not add up. */
function together({ totals: { durationNs }, schedules: { proven, possible } }: Analysis, page: Page): Line[] {
  const least = durationNs * 0.99
  const parts: string[] = []
  if (proven.durationNs < least) parts.push(`${scheduleText(proven, durationNs)}, proven`)
  if (possible.durationNs < Math.min(least, proven.durationNs * 0.99)) {
    parts.push(`at best ${scheduleText(possible, durationNs)}, possible`)
  }
  if (parts.length === 0) return []
  const text = `Everything started as early as it could be, the run takes ${parts.join('; ')}`
  return wrap(text, page.textWidth - 2).map((line) => [piece(`  ${line}`, sgr.dim)])
}

const scheduleText = ({ durationNs, limit }: Schedule, now: number): string =>
  `${formatDuration(durationNs)} (${formatShare(1 - durationNs / now)} less, ${limit} at once)`

/** What is worth knowing and cannot say what it would save. */
export function observations({ observations: all }: Analysis, page: Page): Line[] {
  if (all.length === 0) return []
  const shown = all.slice(0, MAX_OBSERVATIONS)
  const code = Math.min(10, Math.max(...shown.map((observation) => widthOf(clean(observation.code)))))
  const width = page.textWidth - code - 4
  return [
    [heading('Observations')],
    ...shown.flatMap((observation) => {
      const text = [
        ...wrap(clean(observation.title), width, 4).map((line) => piece(line)),
        ...wrap(clean(observation.advice ?? ''), width, 4).map((line) => piece(line, sgr.dim)),
      ]
      return text.map((line, row) => [piece(`  ${cell(row === 0 ? clean(observation.code) : '', code)}  `, sgr.dim), line])
    }),
    ...more(all.length - shown.length, 'observation'),
  ]
}

const more = (count: number, what: string): Line[] =>
  count > 0 ? [[piece(`  and ${count} more ${count === 1 ? what : `${what}s`}`, sgr.dim)]] : []
