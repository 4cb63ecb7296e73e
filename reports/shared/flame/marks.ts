import type { Analysis, Finding, SpanView } from '../../../src/model/analysis.ts'
import { cleanName, fit } from '../text.ts'

/** What the findings say about a span. */
export interface Mark {
  /** Their numbers as the report counts them, from 1. */
  readonly findings: readonly number[]
  /** `could run with search_kb` */
  readonly note?: string
}

/** Beyond this many spans a finding is about the run as a whole, and arrows on every row would say nothing. */
const MAX_SPANS = 20

/** By the spans themselves and not by their ids: to ask of each of a million spans is then next to nothing. */
export type Marks = ReadonlyMap<SpanView, Mark>

export function marksOf({ findings, spans }: Analysis): Marks {
  const wanted = new Set(findings.flatMap((finding) => (finding.spanIds.length <= MAX_SPANS ? finding.spanIds : [])))
  if (wanted.size === 0) return new Map()
  const found = spans.filter(({ id }) => wanted.has(id))
  const byId = new Map(found.map((span) => [span.id, span]))
  const marks = new Map<string, Mark>()
  findings.forEach((finding, index) => {
    if (finding.spanIds.length > MAX_SPANS) return
    for (const id of finding.spanIds) {
      const before = marks.get(id)
      const note = before?.note ?? noteOf(finding, id, byId)
      marks.set(id, { findings: [...(before?.findings ?? []), index + 1], ...(note !== undefined && { note }) })
    }
  })
  return new Map(found.map((span) => [span, marks.get(span.id)!]))
}

/** Of spans that could run together: with which. One finding can hold the spans of several answers. */
function noteOf({ code, spanIds }: Finding, id: string, byId: ReadonlyMap<string, SpanView>): string | undefined {
  const own = byId.get(id)
  if (!code.startsWith('PAR') || own === undefined) return undefined
  const first = spanIds.map((other) => byId.get(other)).find((other) => other?.issuedBy === own.issuedBy)
  if (first === undefined || first === own) return undefined
  return first.name === own.name ? 'could run with the first' : `could run with ${fit(cleanName(first.name), 24)}`
}
