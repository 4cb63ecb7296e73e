import { gzipSync } from 'node:zlib'
import { reports } from '../../reports/index.ts'
import { analyze } from '../../src/analyze/index.ts'
import { analyzeWithReplay } from '../../src/analyze/replay.ts'
import type { Analysis } from '../../src/model/analysis.ts'
import type { Replay } from '../../src/model/replay.ts'
import type { Trace } from '../../src/model/span.ts'
import { encodeTrace, redactTrace } from '../../src/trace-file/index.ts'
import { packRun } from '../document/pack.ts'
import { compareRuns } from './compare.ts'
import type { Job, Jobs, RunFile, RunRef } from './jobs.ts'
import { readRuns } from './run-source.ts'
import { summarise, unreadable } from './summarise.ts'

interface Analysed {
  readonly trace: Trace
  readonly analysis: Analysis
  readonly replay: Replay
}

/** Does a job. Everything that takes long is here, and nothing else knows of it. */
export async function perform(job: Job): Promise<Jobs[keyof Jobs]['result']> {
  switch (job.do) {
    case 'summarise': return await summariseFile(job)
    case 'document': return documentOf(await analysed(job.run))
    case 'export': return await exportOf(await analysed(job.run), job.format, job.version)
    case 'share': return await shareOf(await analysed(job.run))
    case 'compare': return await compareRuns(job)
  }
}

/** Of what is received: spans come in any order, and again when an exporter was not sure. */
const USUAL = /have no parent in the file|an id that another one has: kept once$/

async function summariseFile({ file, path, source, mostBytes }: Jobs['summarise']['job']): Promise<Jobs['summarise']['result']> {
  const { traces, problem, bytes, modifiedEpochMs } = await readRuns(file, source === 'received' ? USUAL : undefined, mostBytes)
  const runs = traces.map((trace) => {
    try {
      return summarise(analyze(trace), { source, problem })
    } catch (error) {
      return unreadable({ path, source }, `cannot be analysed: ${error instanceof Error ? error.message : String(error)}`, modifiedEpochMs)
    }
  })
  // Messages of a trace may come before its spans.
  const isNothing = runs.length === 0 && bytes > 0 && !(source === 'received' && problem?.includes('holds no span') === true)
  return { bytes, modifiedEpochMs, runs: isNothing ? [unreadable({ path, source }, problem ?? 'holds no run', modifiedEpochMs)] : runs }
}

/** The one that is looked at is asked for several times: its document, an export, a file to share. */
let recent: { readonly key: string; readonly run: Analysed } | undefined

async function analysed({ path, traceId }: RunRef): Promise<Analysed> {
  const { traces, bytes, modifiedEpochMs } = await readRuns(path)
  const key = JSON.stringify([path, traceId, bytes, modifiedEpochMs])
  if (recent?.key === key) return recent.run
  const trace = traces.find(({ id }) => id === traceId)
  if (trace === undefined) throw new Error('the run is not in its file any more')
  const run = { trace, ...analyzeWithReplay(trace) }
  recent = { key, run }
  return run
}

const documentOf = ({ trace, analysis, replay }: Analysed): Uint8Array => gzipSync(packRun(trace, analysis, replay), { level: 4 })

async function exportOf({ trace, analysis, replay }: Analysed, format: string, version: string): Promise<RunFile> {
  const name = (extension: string): string => fileName(trace, extension)
  if (format === 'html') return { name: name('html'), type: HTML, body: await html(trace, analysis, replay) }
  if (format === 'run') return { name: name('jsonl'), type: 'application/x-ndjson', body: Buffer.from(encodeTrace(trace)) }
  const report = reports.find((one) => one.name === format)
  if (report === undefined) throw new Error(`there is no format ${format}`)
  const content = report.renderTrace?.(trace, analysis, { version }) ?? report.render(analysis, { version })
  // Readers of pprof expect gzip.
  if (typeof content !== 'string') return { name: name(report.extension), type: 'application/octet-stream', body: gzipSync(content) }
  const body = Buffer.from(content.endsWith('\n') ? content : `${content}\n`)
  return { name: name(report.extension), type: TYPES[report.extension.replace(/^.*\./, '')] ?? 'text/plain; charset=utf-8', body }
}

const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json; charset=utf-8', csv: 'text/csv; charset=utf-8', md: 'text/markdown; charset=utf-8',
}

/** Without texts of prompts, answers and tools, whatever was recorded. */
async function shareOf({ trace }: Analysed): Promise<RunFile> {
  const redacted = redactTrace(trace, 'none')
  const { analysis, replay } = analyzeWithReplay(redacted)
  return { name: fileName(redacted, 'html'), type: HTML, body: await html(redacted, analysis, replay) }
}

const HTML = 'text/html; charset=utf-8'

/** The page is loaded when it is needed: most that is done here does without. */
const html = async (...run: Parameters<typeof import('../run-html.ts').renderHtml>): Promise<Uint8Array> =>
  Buffer.from((await import('../run-html.ts')).renderHtml(...run))

/** Of plain characters: what a name could mean to a shell, a path or a header is not in it. */
const fileName = ({ name, id }: Trace, extension: string): string =>
  `${name.replace(/[^A-Za-z0-9_]+/g, '-').replace(/^-+|-+$/g, '').slice(0, 60) || 'run'}-${id.replace(/[^0-9a-f]/g, '').slice(0, 8)}.${extension}`
