import { chromeReport } from './chrome.ts'
import { csvReport } from './csv.ts'
import { flameChartReport } from './flame-chart.ts'
import { foldedReport } from './folded.ts'
import { jsonReport } from './json.ts'
import { markdownReport } from './markdown.ts'
import { otlpReport } from './otlp.ts'
import { pprofReport } from './pprof.ts'
import type { Report } from './shared/report.ts'
import { speedscopeReport } from './speedscope.ts'
import { textReport } from './text.ts'

/** For people at a terminal: lines of a width, in colour where it is wanted. */
export const terminalReports: readonly Report<string>[] = [
  textReport,
  flameChartReport,
]

/** Every report, one per file of this folder. */
export const reports: readonly Report[] = [
  ...terminalReports,
  chromeReport,
  speedscopeReport,
  foldedReport,
  markdownReport,
  jsonReport,
  csvReport,
  otlpReport,
  pprofReport,
]
