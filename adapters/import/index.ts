import type { Importer, ImportResult, Sample, Source } from './shared/importer.ts'
import { chromeTrace } from './chrome-trace.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { cpuprofile } from './cpuprofile.ts'
import { geminiCli } from './gemini-cli.ts'
import { laminar } from './laminar.ts'
import { langfuse } from './langfuse.ts'
import { langsmith } from './langsmith.ts'
import { otlp } from './otlp.ts'

/** Formats in the order in which they are tried: those with the surest marks first. */
export const importers: readonly Importer[] = [
  otlp,
  langfuse,
  langsmith,
  laminar,
  claudeCode,
  codex,
  geminiCli,
  cpuprofile,
  chromeTrace,
]

const SAMPLE_CHARS = 65_536

/**
 * Reads a file of any known format, which it recognises by its content. Never throws: what cannot be read is in `problems`.
 * `format` is the importer's name, or undefined when no importer knows the content.
 */
export function importTraces(source: Source): Imported {
  const importer = importerOf(source)
  return importer === undefined ? { format: undefined, ...unknown(source) } : { format: importer.name, ...importer.read(source) }
}

/**
 * Reads files that belong together, as a coding agent's session and its subagents do: those of a format that spreads a run over
 * several files are read as one, others one after another. Each problem names its source, and the line is that of the source.
 * `format` is that of the first file that was recognised.
 */
export function importAll(sources: readonly Source[]): Imported {
  const groups = new Map<Importer | undefined, Source[]>()
  for (const source of sources) {
    const importer = importerOf(source)
    const group = groups.get(importer)
    if (group === undefined) groups.set(importer, [source])
    else group.push(source)
  }
  const results = [...groups].flatMap(([importer, group]) => {
    if (importer === undefined) return group.map((source) => about(source, unknown(source)))
    if (importer.readAll !== undefined && group.length > 1) return [importer.readAll(group)]
    return group.map((source) => about(source, importer.read(source)))
  })
  return {
    format: [...groups.keys()].find((importer) => importer !== undefined)?.name,
    traces: results.flatMap(({ traces }) => traces),
    problems: results.flatMap(({ problems }) => problems),
  }
}

export interface Imported extends ImportResult {
  /** The importer's name; undefined when no importer knows the content. */
  readonly format: string | undefined
}

function importerOf({ text }: Source): Importer | undefined {
  const sample = sampleOf(text)
  return importers.find((one) => one.detect(sample))
}

function unknown({ name }: Source): ImportResult {
  const known = importers.map(({ title }) => title).join(', ')
  return { traces: [], problems: [{ message: `${name} is in no known format; known are: ${known}` }] }
}

const about = ({ name }: Source, { traces, problems }: ImportResult): ImportResult =>
  ({ traces, problems: problems.map((problem) => ({ source: name, ...problem })) })

export function sampleOf(text: string): Sample {
  return { text: text.slice(0, SAMPLE_CHARS), json: parsed(text) ?? parsed(firstLine(text)) }
}

function firstLine(text: string): string {
  const start = text.search(/\S/)
  const end = text.indexOf('\n', start)
  return text.slice(Math.max(start, 0), end === -1 ? text.length : end)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    return undefined
  }
}
