import type { AnalyzeOptions } from '../src/analyze/options.ts'
import { analyzeWithReplay } from '../src/analyze/replay.ts'
import type { Analysis } from '../src/model/analysis.ts'
import type { Trace } from '../src/model/span.ts'
import { safeTrace } from '../src/trace-file/index.ts'
import { messageHtml, type Notice } from './page.ts'
import { renderHtml } from './run-html.ts'

export type { Notice }

export interface HtmlOptions extends AnalyzeOptions {
  /** A line above the report. */
  readonly notice?: Notice | undefined
}

/**
 * One run as one HTML file: timeline, flame graph, context, calls, and the run as it could be. It opens offline, asks for nothing
 * from anywhere, and holds the run, so it can be sent to a colleague: what looks like a secret is masked, and texts of prompts and
 * answers are in it only where the run was recorded with `content: 'full'`.
 *
 *     writeFileSync('run.html', htmlReport(profiler.lastTrace))
 *
 * @param run a trace; or its analysis, of which the page has no contents to show and no other schedules to simulate. Without either
 *   (nothing was recorded) the page says so: writing a report never breaks a program
 * @param options of the analysis of a trace, and of the page
 * @returns the file's text, to be written as UTF-8
 * @throws {TypeError} when `run` is something else, or the options are of the wrong shape
 * @throws {RangeError} when an option is out of its range
 */
export function htmlReport(run: Trace | Analysis | undefined, options: HtmlOptions = {}): string {
  if (run === undefined) return messageHtml('Nothing was recorded', 'No run has ended yet, none was sampled, nothing that ran is wrapped, or SPANWISE=0 is set.')
  if ('criticalPath' in run) return renderHtml(undefined, run, undefined, options.notice)
  const trace = safeTrace(run)
  const { analysis, replay } = analyzeWithReplay(trace, options)
  return renderHtml(trace, analysis, replay, options.notice)
}
