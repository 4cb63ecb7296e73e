import { gzipSync } from 'node:zlib'
import type { Analysis } from '../src/model/analysis.ts'
import type { Replay } from '../src/model/replay.ts'
import type { Trace } from '../src/model/span.ts'
import { packRun } from './document/pack.ts'
import { pageHtml } from './page.ts'

/** One run as one HTML file, which opens offline and can be sent to a colleague. */
export function renderHtml(trace: Trace, analysis: Analysis, replay?: Replay): string {
  const run = gzipSync(packRun(trace, analysis, replay), { level: 9 }).toString('base64')
  return pageHtml({ title: `${analysis.run.name} · Spanwise`, run })
}
