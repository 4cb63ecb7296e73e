import type { Importer, ImportResult, Sample, Source } from './shared/importer.ts'
import { chromeTrace } from './chrome-trace.ts'
import { claudeCode } from './claude-code.ts'
import { codex } from './codex.ts'
import { cpuprofile } from './cpuprofile.ts'
import { geminiCli } from './gemini-cli.ts'
import { langfuse } from './langfuse.ts'
import { langsmith } from './langsmith.ts'
import { otlp } from './otlp.ts'

/** Formats in the order in which they are tried: those with the surest marks first. */
export const importers: readonly Importer[] = [
  otlp,
  langfuse,
  langsmith,
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
export function importTraces(source: Source): ImportResult & { readonly format: string | undefined } {
  const sample = sampleOf(source.text)
  const importer = importers.find((one) => one.detect(sample))
  if (importer === undefined) {
    const known = importers.map(({ title }) => title).join(', ')
    return { format: undefined, traces: [], problems: [{ message: `${source.name} is in no known format; known are: ${known}` }] }
  }
  return { format: importer.name, ...importer.read(source) }
}

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
