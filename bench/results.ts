import { cpus } from 'node:os'
import { readFileSync } from 'node:fs'
import type { Case, Figure } from './harness.ts'

export interface Measured {
  readonly bench: Case
  readonly figures: readonly Figure[]
}

export type Verdict = 'met' | 'OVER' | ''

export const verdict = ({ median, limit }: Figure): Verdict =>
  limit === undefined ? '' : median <= limit ? 'met' : 'OVER'

/** Three digits that mean something, never in powers of ten. */
function figure(value: number | undefined, unit: string): string {
  if (value === undefined) return ''
  if (!Number.isFinite(value)) return '?'
  const digits = Math.max(0, Math.min(3, 2 - Math.floor(Math.log10(Math.abs(value) || 1))))
  const text = Math.abs(value) >= 1_000 ? Math.round(value).toLocaleString('en') : String(Number(value.toFixed(digits)))
  return `${text} ${unit}`
}

const WIDTHS = [50, 13, 13, 13, 7] as const

/** For the terminal: at most 100 columns. */
export function table({ bench, figures }: Measured): string {
  const rows = figures.flatMap((row) => [
    line([row.what, figure(row.median, row.unit), figure(row.min, row.unit), figure(row.limit, row.unit), verdict(row)]),
    ...(row.note === undefined ? [] : [`    ${row.note}`]),
  ])
  return [line([bench.title, 'median', 'least', 'limit', '']), ...rows].join('\n')
}

const line = (cells: readonly string[]): string =>
  cells.map((cell, i) => (i === 0 ? `${cell}`.padEnd(WIDTHS[0]) : cell.padStart(WIDTHS[i] ?? 8))).join('').trimEnd()

const INTRODUCTION = `# What Spanwise costs

Written by \`npm run bench -- --write\`, or section by section with \`--only <name> --write\`; each says when and where it was measured.

Times are CPU time of the whole process (all threads, so garbage collection and compilation count), unless a row
says otherwise. Bare and profiled take turns in one run, and what is given is the median of the differences round by
round; "least" is the difference of the least of each. A limit holds for the median. Rows without a limit are for
information.
`

/**
 * \`bench/RESULTS.md\` with the sections that were measured now; the others stay as they were.
 * @param before the file so far @param titles of all sections, in their order: others are dropped
 * @param now the day and the machine, for the sections of now
 */
export function resultsFile(before: string, measured: readonly Measured[], titles: readonly string[], now: string): string {
  const kept = sectionsOf(before)
  for (const one of measured) kept.set(one.bench.title, section(one, now))
  const sections = titles.flatMap((title) => kept.get(title) ?? [])
  return [INTRODUCTION, ...sections].join('\n')
}

/** The sections of the file, by title. */
function sectionsOf(text: string): Map<string, string> {
  const [head = '', ...rest] = text.split(/^(?=## )/m)
  // Files of before had one day and one machine for all.
  const old = /^Written by .* on (\d{4}-\d{2}-\d{2})\. ([^]*?)\n\n/m.exec(head)
  const sections = new Map<string, string>()
  for (const one of rest) {
    const title = one.slice('## '.length, one.indexOf('\n')).trim()
    const body = one.slice(one.indexOf('\n')).trim()
    const told = old === null || body.startsWith(MEASURED) ? body : `${measuredOn(old[1]!, old[2]!)}\n\n${body}`
    sections.set(title, `## ${title}\n\n${told}\n`)
  }
  return sections
}

const MEASURED = 'Measured on '
export const measuredOn = (date: string, where: string): string => `${MEASURED}${date}. ${where}`

/** A row per figure, and how each was measured. */
function section({ bench, figures }: Measured, now: string): string {
  return `${[
    `## ${bench.title}`,
    '',
    now,
    '',
    '| what | median | least | limit | |',
    '|---|--:|--:|--:|---|',
    ...figures.map((row) => `| ${[
      row.note === undefined ? row.what : `${row.what} (${row.note})`,
      figure(row.median, row.unit), figure(row.min, row.unit), figure(row.limit, row.unit), verdict(row),
    ].join(' | ')} |`),
    '',
    `How: ${bench.how}`,
    ...(bench.elsewhere === undefined ? [] : ['', `Measured elsewhere, for context: ${bench.elsewhere}`]),
  ].join('\n')}\n`
}

const PACKAGES = ['openai', '@anthropic-ai/sdk', '@opentelemetry/sdk-trace-base']

export function machine(): string {
  const all = cpus()
  const { versions, platform, arch } = process
  return `${all[0]?.model ?? 'unknown CPU'}, ${all.length} cores, Node ${versions.node}, ${platform} ${arch}.\n`
    + `${PACKAGES.map((name) => `${name} ${versionOf(name)}`).join(', ')}.`
}

function versionOf(name: string): string {
  try {
    const path = new URL(`../../node_modules/${name}/package.json`, import.meta.url)
    return (JSON.parse(readFileSync(path, 'utf8')) as { version: string }).version
  } catch {
    return '?'
  }
}
