import type { Analysis } from '../src/model/analysis.ts'
import { flameChart } from './shared/flame/chart.ts'
import { pageOf, print, type Line, type Page } from './shared/page.ts'
import type { Report, ReportOptions } from './shared/report.ts'
import { cacheBreaks } from './text/cache.ts'
import { findings, observations } from './text/findings.ts'
import { footer } from './text/footer.ts'
import { headline } from './text/headline.ts'
import { llm } from './text/llm-time.ts'
import { models } from './text/models.ts'
import { operations } from './text/operations.ts'
import { time } from './text/time.ts'

export type TextOptions = ReportOptions

type Section = (analysis: Analysis, page: Page) => readonly Line[]

/** In the order of reading: what it was, where the time went, what to do about it, and then the details. */
const sections: readonly Section[] = [headline, time, flameChart, findings, observations, operations, llm, models, cacheBreaks, footer]

/**
 * The report for people at a terminal.
 * @returns lines of at most `width` columns, without a newline at the end; in colour only with `color`
 * @throws TypeError when `width` or `maxRows` is not a number that can be used
 */
export function renderText(analysis: Analysis, options?: TextOptions): string {
  const page = pageOf(options)
  const parts = sections.map((section) => section(analysis, page)).filter((lines) => lines.length > 0)
  return print(parts.flatMap((lines, index) => (index === 0 ? lines : [[], ...lines])), page)
}

export const textReport: Report<string> = { name: 'text', extension: 'txt', render: renderText }
