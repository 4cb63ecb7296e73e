import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { renderCsv } from '../reports/csv.ts'
import { renderFlameChart } from '../reports/flame-chart.ts'
import { foldedReport } from '../reports/folded.ts'
import { reports } from '../reports/index.ts'
import { renderJson } from '../reports/json.ts'
import { renderMarkdown } from '../reports/markdown.ts'
import { renderOtlpTrace } from '../reports/otlp.ts'
import { renderPprof } from '../reports/pprof.ts'
import type { Weight } from '../reports/shared/report.ts'
import { speedscopeReport } from '../reports/speedscope.ts'
import { renderText } from '../reports/text.ts'
import { analyze, type Analysis, type Trace } from '../src/index.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { chromeFaults, eventsOf } from './support/chrome-events.ts'
import { parseCsv } from './support/csv.ts'
import { foldedSum } from './support/folded.ts'
import { validator, type Schema } from './support/json-schema.ts'
import { readPprof } from './support/pprof.ts'
import { concurrentTrace } from './support/random-run.ts'
import { root } from './support/source.ts'
import { speedscopeFaults } from './support/speedscope.ts'

/** What is wrong with a report of a run, whatever the run is: nothing. */
type Law = (analysis: Analysis, trace: Trace) => readonly string[]

const fault = (holds: boolean, what: string): readonly string[] => (holds ? [] : [what])
const tokensOf = ({ totals: { usage } }: Analysis): number => usage.input.total + usage.output.total
const microUsdOf = ({ totals: { costUsd } }: Analysis): number => costUsd.knownUsd * 1e6

/** One law for each report: a report without one fails below. */
const laws: Readonly<Record<string, Law>> = {
  chrome: (analysis) => chromeFaults(eventsOf(analysis), analysis),
  speedscope: (analysis) => {
    const file = JSON.parse(speedscopeReport.render(analysis)) as SpeedscopeFile
    const faults = speedscopeFaults(file)
    if (faults.length > 0) return faults
    const opened = file.profiles.flatMap(({ events }) => events)
      .filter(({ type, frame }) => type === 'O' && !['attempt', 'wait'].includes(file.shared.frames[frame]!.file))
    return fault(opened.length === analysis.spans.length, `${opened.length} of ${analysis.spans.length} spans`)
  },
  folded: (analysis) => {
    const sum = (weight: Weight): { readonly total: number; readonly lines: number } => foldedSum(foldedReport.render(analysis, { weight }))
    const time = sum('time')
    const cost = sum('cost')
    const selfUs = analysis.spans.reduce((ns, { selfNs }) => ns + selfNs, 0) / 1000
    return [
      ...fault(Math.abs(time.total - selfUs) <= 0.5 * analysis.spans.length, `${time.total} µs of ${selfUs}`),
      ...fault(sum('tokens').total === tokensOf(analysis), 'tokens do not add up'),
      ...fault(Math.abs(cost.total - microUsdOf(analysis)) <= 0.5 * analysis.calls.length + 1e-6, `${cost.total} microdollars of ${microUsdOf(analysis)}`),
    ]
  },
  pprof: (analysis) => {
    const { samples } = readPprof(renderPprof(analysis))
    const [wall, tokens, cost] = [0, 1, 2].map((i) => samples.reduce((sum, { values }) => sum + Number(values[i]), 0))
    return [
      ...fault(wall === analysis.totals.durationNs, `${wall} ns of ${analysis.totals.durationNs}`),
      ...fault(tokens === tokensOf(analysis), `${tokens} tokens of ${tokensOf(analysis)}`),
      ...fault(Math.abs(cost! - microUsdOf(analysis)) <= 0.5 + 1e-6, `${cost} microdollars of ${microUsdOf(analysis)}`),
    ]
  },
  csv: (analysis) => {
    const rows = parseCsv(renderCsv(analysis))
    const [titles = [], ...others] = rows
    return [
      ...fault(others.length === analysis.spans.length, `${others.length} rows`),
      ...fault(rows.every(({ length }) => length === titles.length), 'a row is longer or shorter than the header'),
      // No run starts before its root, so no number is negative.
      ...rows.flat().filter((cell) => /^\s*[=+\-@\t\r\n]/.test(cell)).map((cell) => `a formula: ${cell}`),
    ]
  },
  // That it reads back is a law of the analysis.
  json: (analysis) => fitsSchema(JSON.parse(renderJson(analysis, { indent: false }))),
  otlp: (analysis, trace) => {
    const [{ scopeSpans: [{ spans }] }] = (JSON.parse(renderOtlpTrace(trace, analysis)) as Otlp).resourceSpans
    const ids = new Set(spans.map(({ spanId }) => spanId))
    return [
      ...fault(ids.size === trace.spans.length, `${ids.size} spans`),
      ...fault(spans.every(({ parentSpanId }) => parentSpanId === undefined || ids.has(parentSpanId)), 'a parent is not there'),
    ]
  },
  markdown: (analysis) => {
    const markdown = renderMarkdown(analysis)
    return [...fault(markdown.length < 65_536, 'too long for a comment'), ...fault(!/(?!\n)\p{Cc}|<script/u.test(markdown.replace(/^(`{3,})text\n[^]*?\n\1$/gm, '').replace(/`[^`\n]*`/g, '')), 'not escaped')]
  },
  text: (analysis) => fault(!CONTROL.test(renderText(analysis)), 'a control character'),
  'flame-chart': (analysis) => fault(!CONTROL.test(renderFlameChart(analysis)), 'a control character'),
}

/** Line ends are ours. */
const CONTROL = /(?!\n)[\p{Cc}\p{Cs}\u202a-\u202e]/u
const fitsSchema = validator(JSON.parse(readFileSync(`${root}docs/analysis.schema.json`, 'utf8')) as Schema, { closed: true })

interface SpeedscopeFile {
  readonly shared: { readonly frames: readonly { readonly file: string }[] }
  readonly profiles: readonly { readonly events: readonly { readonly type: string; readonly frame: number }[] }[]
}

interface Otlp {
  readonly resourceSpans: readonly [{
    readonly scopeSpans: readonly [{ readonly spans: readonly { readonly spanId: string; readonly parentSpanId?: string }[] }]
  }]
}

/** Whose form does not depend on how spans lie to each other: checked with every seventh run, since they take half of the time. */
const RARE = new Set(['json', 'otlp', 'markdown', 'text', 'flame-chart'])

test('each report has a law', () => {
  expect(Object.keys(laws).sort()).toEqual(reports.map(({ name }) => name).sort())
})

test('ten thousand random concurrent runs', { timeout: 120_000 }, () => {
  const faults: string[] = []
  for (let seed = 1; seed <= 10_000 && faults.length < 5; seed++) {
    const trace = concurrentTrace(seed)
    checkTrace(trace)
    const analysis = analyze(trace)
    checkAnalysis(analysis)
    for (const [name, law] of Object.entries(laws)) {
      if (RARE.has(name) && seed % 7 !== 0) continue
      faults.push(...law(analysis, trace).map((one) => `seed ${seed}, ${name}: ${one}`))
    }
  }
  expect(faults).toEqual([])
})
