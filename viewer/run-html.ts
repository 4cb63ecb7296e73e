import { gzipSync } from 'node:zlib'
import { cleanName } from '../reports/shared/text.ts'
import type { Analysis } from '../src/model/analysis.ts'
import type { Replay } from '../src/model/replay.ts'
import type { Trace } from '../src/model/span.ts'
import { packRun } from './document/pack.ts'
import { pageHtml, type Notice } from './page.ts'

/**
 * One run as one HTML file.
 * @param trace of which the analysis was made, redacted; without it the page shows no contents
 * @param replay without it the page simulates nothing
 */
export function renderHtml(trace: Trace | undefined, analysis: Analysis, replay?: Replay, notice?: Notice): string {
  const run = gzipSync(packRun(trace, analysis, replay)).toString('base64')
  return pageHtml({ title: `${cleanName(analysis.run.name)} · Spanwise`, run, notice })
}
