import { readdirSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { reports } from '../reports/index.ts'
import type { ReportOptions } from '../reports/shared/report.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { goldenAnalysis, goldenTrace } from './support/golden-run.ts'
import { pprofText, readPprof } from './support/pprof.ts'
import { root } from './support/source.ts'

type Golden = readonly [file: string, report: string, options: ReportOptions]

/** One trace × every report, with each option that makes another text. */
const goldens: readonly Golden[] = [
  ['run.text-80.txt', 'text', { width: 80 }],
  ['run.text-120.txt', 'text', { width: 120 }],
  ['run.flame-chart-80.txt', 'flame-chart', { width: 80 }],
  ['run.flame-chart-120.txt', 'flame-chart', { width: 120 }],
  ['run.md', 'markdown', {}],
  ['run.csv', 'csv', {}],
  ['run.analysis.json', 'json', {}],
  ['run.chrome.json', 'chrome', {}],
  ['run.speedscope.json', 'speedscope', {}],
  ['run.folded.txt', 'folded', {}],
  ['run-tokens.folded.txt', 'folded', { weight: 'tokens' }],
  ['run-cost.folded.txt', 'folded', { weight: 'cost' }],
  ['run.pprof.txt', 'pprof', {}],
  ['run.otlp.json', 'otlp', { indent: true }],
  ['run-latest.otlp.json', 'otlp', { indent: true, semconv: 'latest' }],
]

/** Of other runs, in report-text.test.ts. */
const others = ['flame-chart-80.txt', 'flame-chart-120.txt', 'text-80.txt', 'text-120.txt', 'text-ascii-80.txt', 'text-many-80.txt']

/** As text; CSV ends its lines with CR LF. */
function rendered(name: string, options: ReportOptions): string {
  const report = reports.find((one) => one.name === name)
  if (report === undefined) throw new Error(`no report ${name}`)
  const output = report.renderTrace?.(goldenTrace, goldenAnalysis, options) ?? report.render(goldenAnalysis, options)
  if (typeof output !== 'string') return `${pprofText(readPprof(output))}\n`
  return `${output}${name === 'csv' ? '\r\n' : '\n'}`
}

describe('one trace, every report', () => {
  test.each<Golden>(goldens)('%s', async (file, report, options) => {
    const text = rendered(report, options)
    expect(text).not.toMatch(/(?![\r\n])\p{Cc}|\p{Cs}/u)
    await expect(text).toMatchFileSnapshot(`./golden/${file}`)
  })

  test('each report has a golden, and each golden a report', () => {
    expect([...new Set(goldens.map(([, report]) => report))].sort()).toEqual(reports.map(({ name }) => name).sort())
    expect(readdirSync(`${root}test/golden`).sort()).toEqual([...goldens.map(([file]) => file), ...others].sort())
  })

  test('the run keeps the laws', () => {
    checkTrace(goldenTrace)
    checkAnalysis(goldenAnalysis)
  })
})
