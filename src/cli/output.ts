import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { ReportOptions } from '../../reports/shared/report.ts'
import { analyze } from '../analyze/index.ts'
import type { Analysis } from '../model/analysis.ts'
import type { Trace } from '../model/span.ts'
import { encodeLines, encodeTrace } from '../trace-file/index.ts'
import { Complaint, jsonKind, pageOptions, type Input, type Io, type OptionSpecs } from './command.ts'
import { analysisOptions } from './config.ts'
import { kindOf } from './files.ts'
import { extensionOf, formatNamed, formatOfFile, type Format } from './formats.ts'
import { LONG_SPANS, printPieces, writePieces } from './pieces.ts'
import { reasonOf } from './read.ts'
import { shortPath, type Run } from './load.ts'
import { eachOf, Steps } from './steps.ts'
import { version } from './package-file.ts'

const WEIGHTS = ['time', 'tokens', 'cost'] as const satisfies ReportOptions['weight'][]
const GENERATIONS = ['1.41', 'latest'] as const satisfies ReportOptions['semconv'][]

export const outputOptions: OptionSpecs = {
  format: { type: 'string', short: 'f', values: 'formats' },
  output: { type: 'string', short: 'o', values: 'files' },
  json: { type: 'boolean' },
  ...pageOptions,
  weight: { type: 'string', values: WEIGHTS },
  semconv: { type: 'string', values: GENERATIONS },
  bom: { type: 'boolean' },
}

export const outputHelp = `Output
  -f, --format <name>    the format; else the ending of -o decides, else text
  -o, --output <file>    into this file (.gz: packed); a folder: a file per run
      --json             the same as --format json
      --width <n>        columns; also --ascii, --color and --no-color
      --weight <what>    what folded stacks weigh: time, tokens or cost
      --semconv <which>  GenAI conventions of OTLP: 1.41 (default) or latest
      --bom              CSV with a byte order mark, which Excel needs`

/**
 * Before anything is read, or a program is started.
 * @throws Complaint when the output options make no sense
 */
export function checkOutput(input: Input, io: Io): void {
  formatOf(input, input.text('output'))
  renderOptions(input, io, input.text('output'))
}

/**
 * Renders runs in the format that the options ask for, to standard output or into files.
 * @returns the files written, as the user would name them
 * @throws Complaint when the options make no sense together, or a file cannot be written
 */
export async function writeRuns(runs: readonly Run[], input: Input, io: Io, fallback?: Format): Promise<readonly string[]> {
  const target = input.text('output')
  const asked = formatOf(input, target, fallback)
  const options = renderOptions(input, io, target)
  if (runs.length === 0) return []
  const format = await loaded(asked, io)
  const isFolder = target !== undefined && (/[\\/]$/.test(target) || (await kindOf(resolve(io.cwd, target))) === 'folder')
  if (isFolder) return await writeEach(runs, format, options, target, io)
  const pieces = inPieces(runs, format, options, io)
  if (pieces !== undefined) return await writeLong(pieces, target, io)
  const content = renderedWhole(runs, format, options, io)
  if (target === undefined) {
    print(content, format, io)
    return []
  }
  await writeOut(resolve(io.cwd, target), content, io)
  return [target]
}

/** A format with all that it needs. */
type Ready = Exclude<Format, { readonly kind: 'page' }> | { readonly kind: 'page'; readonly render: (trace: Trace) => string }

async function loaded(format: Format, io: Io): Promise<Ready> {
  if (format.kind !== 'page') return format
  const render = await format.load()
  return { kind: 'page', render: (trace) => render(trace, analysisOptions(io)) }
}

/** One run of which the text may be longer than a text can be. */
function inPieces([run, ...others]: readonly Run[], format: Ready, options: ReportOptions, io: Io): Iterable<string> | undefined {
  if (run === undefined || others.length > 0 || run.trace.spans.length < LONG_SPANS || format.kind === 'page') return undefined
  if (format.kind === 'run file') return encodeLines(run.trace)
  const { renderPieces, name } = format.report
  if (renderPieces === undefined) return undefined
  const pieces = renderPieces(run.trace, analyze(run.trace, analysisOptions(io)), options)
  return name === 'json' ? withKindFirst(pieces) : pieces
}

function* withKindFirst(pieces: Iterable<string>): Generator<string> {
  let isFirst = true
  for (const piece of pieces) {
    yield isFirst ? withKind(piece) : piece
    isFirst = false
  }
}

async function writeLong(pieces: Iterable<string>, target: string | undefined, io: Io): Promise<readonly string[]> {
  if (target === undefined) {
    await printPieces(pieces, io)
    return []
  }
  try {
    await writePieces(resolve(io.cwd, target), pieces)
  } catch (error) {
    throw new Complaint(`${target} cannot be written: ${reasonOf(error)}`)
  }
  return [target]
}

/** One file per run. Two of one name and id, as a copy of a file has them, do not write over each other. */
async function writeEach(runs: readonly Run[], format: Ready, options: ReportOptions, folder: string, io: Io): Promise<string[]> {
  const files = new Set<string>()
  const steps = new Steps('writing run', runs.length, io)
  try {
    for (const run of runs) {
      steps.next()
      const name = fileName(run)
      let file = join(folder, `${name}.${extensionOf(format)}`)
      for (let i = 2; files.has(file); i++) file = join(folder, `${name}-${i}.${extensionOf(format)}`)
      files.add(file)
      await writeOut(resolve(io.cwd, file), renderedWhole([run], format, options, io), io)
    }
  } finally {
    steps.end()
  }
  return [...files]
}

function formatOf(input: Input, target: string | undefined, fallback: Format = formatNamed('text')): Format {
  const named = input.text('format')
  if (named !== undefined) return formatNamed(named)
  if (input.flag('json')) return formatNamed('json')
  return target === undefined || /[\\/]$/.test(target) ? fallback : formatOfFile(target)
}

function oneOf<T extends string>(allowed: readonly T[], option: string, input: Input): T | undefined {
  const given = input.text(option)
  const found = allowed.find((one) => one === given)
  if (given !== undefined && found === undefined) throw new Complaint(`--${option} must be ${allowed.join(', ')}, got ${given}`)
  return found
}

function renderOptions(input: Input, { terminal }: Pick<Io, 'terminal'>, target: string | undefined): ReportOptions {
  const weight = oneOf(WEIGHTS, 'weight', input)
  const semconv = oneOf(GENERATIONS, 'semconv', input)
  // A file is read elsewhere than in this terminal.
  const { width, color, ascii = false } = target === undefined ? terminal
    : { width: input.number('width', 40) ?? 80, color: input.flag('color') && !input.flag('no-color'), ascii: input.flag('ascii') }
  return {
    width,
    color,
    ascii,
    ...(weight !== undefined && { weight }),
    ...(semconv !== undefined && { semconv }),
    ...(input.flag('bom') && { bom: true }),
    version: version(),
  }
}

const fileName = ({ trace, handle }: Run): string => `${trace.name.replace(/[^\w.-]+/g, '-').slice(0, 60) || 'run'}-${handle}`

/** Formats of which several can stand in one document. */
const JOINED: Readonly<Record<string, string>> = { text: '\n\n', 'flame-chart': '\n\n', markdown: '\n\n', folded: '\n' }

function renderedWhole(...asked: Parameters<typeof rendered>): string | Uint8Array {
  try {
    return rendered(...asked)
  } catch (error) {
    if (!(error instanceof RangeError) || error.message !== 'Invalid string length') throw error
    throw new Complaint('what is to be written is longer than 512 MB, the most that one text can hold', 'text, markdown, folded and pprof are short; -o out/ gives one file per run')
  }
}

function rendered(runs: readonly Run[], format: Ready, options: ReportOptions, io: Io): string | Uint8Array {
  if (format.kind === 'run file') return eachOf(runs, 'writing run', io, ({ trace }) => encodeTrace(trace)).join('')
  if (format.kind === 'page') return runs.length === 1 ? format.render(runs[0]!.trace) : refuse('an html', runs)
  const { report } = format
  const render = ({ trace }: Run): string | Uint8Array => {
    const analysis: Analysis = analyze(trace, analysisOptions(io))
    return report.renderTrace?.(trace, analysis, options) ?? report.render(analysis, options)
  }
  const [first, ...rest] = runs
  const all = (): string[] => eachOf(runs, 'analysing run', io, (run) => String(render(run)))
  if (report.name === 'json') return rest.length === 0 ? withKind(String(render(first!))) : joinJson(all())
  if (rest.length === 0) return render(first!)
  if (report.name === 'csv') return joinTables(all())
  const separator = JOINED[report.name]
  if (separator !== undefined) return all().map((text) => text.replace(/\n+$/, '')).join(separator)
  return refuse(`a ${report.name}`, runs)
}

function refuse(kind: string, runs: readonly Run[]): never {
  throw new Complaint(`${kind} file holds one run, and these are ${runs.length}`,
    'name a folder (-o out/) for one file per run, or one run:', ...runs.slice(0, 8).map(({ label }) => label))
}

/** The analysis says what it is before anything else; `{` and the line break after it stand at its beginning. */
const withKind = (json: string): string => `${headOf('analysis')},\n${json.slice(2)}`

const headOf = (kind: string): string => JSON.stringify(jsonKind(kind), null, 2).replace(/\n\}$/, '')

const joinJson = (texts: readonly string[]): string => `${headOf('analyses')},\n  "runs": [\n${texts.map((text) => withKind(text).trim()).join(',\n')}\n  ]\n}\n`

/** The first line of a table is its header, which stands once. */
function joinTables(tables: readonly string[]): string {
  const [header = ''] = /^[^\n]*\n?/.exec(tables[0] ?? '') ?? []
  const lines = tables.map((table) => (table.startsWith(header) ? table.slice(header.length) : table))
  return header + lines.map((text) => (text === '' || text.endsWith('\n') ? text : `${text}\n`)).join('')
}

function print(content: string | Uint8Array, format: Ready, io: Io): void {
  if (io.terminal.isTerminal && (typeof content !== 'string' || format.kind === 'page')) {
    throw new Complaint(`${extensionOf(format)} is not for reading here; name a file with -o, or pipe it`)
  }
  if (typeof content !== 'string') io.out(gzipSync(content))
  else io.out(content.endsWith('\n') ? content : `${content}\n`)
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

