import type { Analysis } from '../src/model/analysis.ts'
import { flameChart } from './shared/flame/chart.ts'
import { pageOf, print } from './shared/page.ts'
import type { Report, ReportOptions } from './shared/report.ts'

/**
 * The flame chart alone: a line per span on the run's time axis, at most `maxRows` of them.
 * @returns lines of at most `width` columns; empty for a run without spans
 * @throws TypeError when `width` or `maxRows` is not a number that can be used
 */
export function renderFlameChart(analysis: Analysis, options?: ReportOptions): string {
  const page = pageOf(options)
  return print(flameChart(analysis, page), page)
}

export const flameChartReport: Report<string> = { name: 'flame-chart', extension: 'txt', render: renderFlameChart }
