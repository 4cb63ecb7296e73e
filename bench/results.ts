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

/** `bench/RESULTS.md`: the machine, a row per figure, how each was measured. */
export function markdown(measured: readonly Measured[], date: string): string {
  const sections = measured.map(({ bench, figures }) => [
    `## ${bench.title}`,
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
  ].join('\n'))
  return `${[
    '# What Spanwise costs',
    '',
    `Written by \`npm run bench -- --write\` on ${date}. ${machine()}`,
    '',
    'Times are CPU time of the whole process (all threads, so garbage collection and compilation count), unless a row',
    'says otherwise. Bare and profiled take turns in one run, and what is given is the median of the differences round by',
    'round; "least" is the difference of the least of each. A limit holds for the median. Rows without a limit are for',
    'information.',
    '',
    ...sections.flatMap((section) => [section, '']),
  ].join('\n').trimEnd()}\n`
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
