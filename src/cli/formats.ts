import { reports } from '../../reports/index.ts'
import type { Report } from '../../reports/shared/report.ts'
import type { AnalyzeOptions } from '../analyze/options.ts'
import type { Trace } from '../model/span.ts'
import { Complaint } from './command.ts'
import { didYouMean } from './nearest.ts'

/** How a run leaves: by a report, as the page with the run in it, or as a run file of ours. */
export type Format = { readonly kind: 'report'; readonly report: Report } | Page | { readonly kind: 'run file' }

/** The page is larger than all else of the command, so it is loaded when it is asked for. */
interface Page {
  readonly kind: 'page'
  readonly load: () => Promise<(trace: Trace, options: AnalyzeOptions) => string>
}

/** The name of the page among the reports. */
const PAGE = 'html'
const page: Page = {
  kind: 'page',
  load: async () => {
    const { htmlReport } = await import('../../viewer/html.ts')
    return (trace, options) => htmlReport(trace, options)
  },
}

/** The name under which a run file stands among the reports. */
const RUN_FILE = 'run'

/** Other endings by which people know a format, longest first where one ends in another. */
const endings: readonly (readonly [ending: string, format: string])[] = [
  ['.speedscope.json', 'speedscope'], ['.chrome.json', 'chrome'], ['.trace.json', 'chrome'], ['.otlp.json', 'otlp'],
  ['.json', 'json'], ['.html', PAGE], ['.htm', PAGE], ['.md', 'markdown'], ['.markdown', 'markdown'], ['.csv', 'csv'], ['.folded', 'folded'],
  ['.pprof', 'pprof'], ['.pb', 'pprof'], ['.txt', 'text'], ['.jsonl', RUN_FILE],
]

export const formatNames: readonly string[] = [...reports.map(({ name }) => name), PAGE, RUN_FILE]

/** @throws Complaint that lists the formats */
export function formatNamed(name: string): Format {
  if (name === RUN_FILE) return { kind: 'run file' }
  if (name === PAGE) return page
  const report = reports.find((one) => one.name === name)
  if (report !== undefined) return { kind: 'report', report }
  throw new Complaint(`there is no format ${name}${didYouMean(name, formatNames)}`, `the formats: ${formatNames.join(', ')}`)
}

/** The format that a file's name asks for. @throws Complaint when its ending says nothing */
export function formatOfFile(file: string): Format {
  const name = file.toLowerCase().replace(/\.gz$/, '')
  const own = [...reports].sort((a, b) => b.extension.length - a.extension.length).find(({ extension, name: format }) =>
    !PLAIN.has(extension) && formatNames.includes(format) && name.endsWith(`.${extension}`))
  const found = endings.find(([ending, format]) => name.endsWith(ending) && formatNames.includes(format))
  if (found !== undefined && (own === undefined || found[0].length > own.extension.length)) return formatNamed(found[1])
  if (own !== undefined) return { kind: 'report', report: own }
  const known = endings.filter(([, format]) => formatNames.includes(format)).map(([ending]) => ending)
  throw new Complaint(`${file}: its ending names no format; say which with --format`, `the endings: ${known.join(', ')}`, `the formats: ${formatNames.join(', ')}`)
}

/** Endings that several formats share. */
const PLAIN: ReadonlySet<string> = new Set(['txt', 'json'])

export function extensionOf(format: Format | Pick<Page, 'kind'>): string {
  switch (format.kind) {
    case 'report':
      return format.report.extension
    case 'page':
      return 'html'
    case 'run file':
      return 'jsonl'
  }
}
