import { flameChartReport } from './flame-chart.ts'
import type { Report } from './shared/report.ts'
import { textReport } from './text.ts'

/** Every report, one per file of this folder. */
export const reports: readonly Report[] = [
  textReport,
  flameChartReport,
]
