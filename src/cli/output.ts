import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ReportOptions } from '../../reports/shared/report.ts'
import { analyze } from '../analyze/index.ts'
import type { Analysis } from '../model/analysis.ts'
import { encodeTrace } from '../trace-file/index.ts'
import { Complaint, type Input, type Io, type OptionSpecs } from './command.ts'
import { kindOf } from './files.ts'
import { extensionOf, formatNamed, formatOfFile, type Format } from './formats.ts'
import { reasonOf } from './read.ts'
import { shortPath, type Run } from './load.ts'

export const outputOptions: OptionSpecs = {
  format: { type: 'string', short: 'f', values: 'formats' },
  output: { type: 'string', short: 'o', values: 'files' },
  json: { type: 'boolean' },
  width: { type: 'string' },
  ascii: { type: 'boolean' },
  color: { type: 'boolean' },
  'no-color': { type: 'boolean' },
  weight: { type: 'string' },
  semconv: { type: 'string' },
}

export const outputHelp = `Output
  -f, --format <name>   the format; otherwise the ending of -o decides, otherwise text
  -o, --output <file>   into this file (.gz: packed); a folder gets one file per run
      --json            the same as --format json
      --width <n>       columns; --ascii, --color and --no-color for the text formats
      --weight <what>   what folded stacks weigh: time, tokens or cost
      --semconv <which> the GenAI conventions of OTLP: 1.41 (default) or latest`

/** One file, or one document on standard output. */
interface Document {
  readonly content: string | Uint8Array
  readonly file?: string
}

/**
 * Renders runs in the format that the options ask for, to standard output or into files.
 * @returns the files written, as the user would name them
 * @throws Complaint when the options make no sense together, or a file cannot be written
 */
export async function writeRuns(runs: readonly Run[], input: Input, io: Io, fallback?: Format): Promise<readonly string[]> {
  const target = input.text('output')
  const format = formatOf(input, target, fallback)
  const options = renderOptions(input, io, target)
  if (runs.length === 0) return []
  const isFolder = target !== undefined && (/[\\/]$/.test(target) || (await kindOf(resolve(io.cwd, target))) === 'folder')
  const documents: Document[] = isFolder
    ? runs.map((run) => ({ file: join(target, `${fileName(run)}.${extensionOf(format)}`), content: rendered([run], format, options) }))
    : [{ content: rendered(runs, format, options), ...(target !== undefined && { file: target }) }]
  for (const { content, file } of documents) {
    if (file === undefined) print(content, format, io)
    else await writeOut(resolve(io.cwd, file), content, io)
  }
  return documents.flatMap(({ file }) => file ?? [])
}

function formatOf(input: Input, target: string | undefined, fallback: Format = formatNamed('text')): Format {
  const named = input.text('format')
  if (named !== undefined) return formatNamed(named)
  if (input.flag('json')) return formatNamed('json')
  return target === undefined || /[\\/]$/.test(target) ? fallback : formatOfFile(target)
}

const WEIGHTS = ['time', 'tokens', 'cost'] as const satisfies ReportOptions['weight'][]
const GENERATIONS = ['1.41', 'latest'] as const satisfies ReportOptions['semconv'][]

function oneOf<T extends string>(allowed: readonly T[], option: string, input: Input): T | undefined {
  const given = input.text(option)
  const found = allowed.find((one) => one === given)
  if (given !== undefined && found === undefined) throw new Complaint(`--${option} must be ${allowed.join(', ')}, got ${given}`)
  return found
}

function renderOptions(input: Input, { terminal }: Pick<Io, 'terminal'>, target: string | undefined): ReportOptions {
  const weight = oneOf(WEIGHTS, 'weight', input)
  const semconv = oneOf(GENERATIONS, 'semconv', input)
  const shown = target === undefined && terminal.color
  return {
    width: input.number('width', 40) ?? (target === undefined ? terminal.width : 80),
    color: input.flag('color') || (shown && !input.flag('no-color')),
    ...(input.flag('ascii') && { ascii: true }),
    ...(weight !== undefined && { weight }),
    ...(semconv !== undefined && { semconv }),
  }
}

const fileName = ({ trace, handle }: Run): string => `${trace.name.replace(/[^\w.-]+/g, '-').slice(0, 60) || 'run'}-${handle}`

/** Formats of which several can stand in one document. */
const JOINED: Readonly<Record<string, string>> = { text: '\n\n', 'flame-chart': '\n\n', markdown: '\n\n', folded: '\n' }

function rendered(runs: readonly Run[], format: Format, options: ReportOptions): string | Uint8Array {
  if (format.kind === 'run file') return runs.map(({ trace }) => encodeTrace(trace)).join('')
  const { report } = format
  const render = ({ trace }: Run): string | Uint8Array => {
    const analysis: Analysis = analyze(trace)
    return report.renderTrace?.(trace, analysis, options) ?? report.render(analysis, options)
  }
  const [first, ...rest] = runs
  if (rest.length === 0) return render(first!)
  if (report.name === 'json') return `[\n${runs.map((run) => String(render(run)).trim()).join(',\n')}\n]\n`
  if (report.name === 'csv') return joinTables(runs.map((run) => String(render(run))))
  const separator = JOINED[report.name]
  if (separator !== undefined) return runs.map((run) => String(render(run)).replace(/\n+$/, '')).join(separator)
  throw new Complaint(`a ${report.name} file holds one run, and these are ${runs.length}`,
    'name a folder (-o out/) for one file per run, or one run:', ...runs.slice(0, 8).map(({ label }) => label))
}

/** The first line of a table is its header, which stands once. */
function joinTables(tables: readonly string[]): string {
  const [header = ''] = /^[^\n]*\n?/.exec(tables[0] ?? '') ?? []
  const lines = tables.map((table) => (table.startsWith(header) ? table.slice(header.length) : table))
  return header + lines.map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('')
}

function print(content: string | Uint8Array, format: Format, io: Io): void {
  if (typeof content === 'string') {
    io.out(content.endsWith('\n') ? content : `${content}\n`)
    return
  }
  if (io.terminal.isTerminal) throw new Complaint(`${extensionOf(format)} is no text; name a file with -o, or pipe it`)
  io.out(gzipSync(content))
}

async function writeOut(path: string, content: string | Uint8Array, io: Io): Promise<void> {
  const bytes = typeof content === 'string' && !content.endsWith('\n') ? `${content}\n` : content
  try {
    await mkdir(dirname(path), { recursive: true })
    // Readers of pprof expect gzip, whatever the file is called.
    await writeFile(path, path.endsWith('.gz') || typeof bytes !== 'string' ? gzipSync(bytes) : bytes)
  } catch (error) {
    throw new Complaint(`${shortPath(path, io)} cannot be written: ${reasonOf(error)}`)
  }
}

