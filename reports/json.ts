import type { Analysis } from '../src/model/analysis.ts'
import { printable } from './shared/json-text.ts'
import type { Report, ReportOptions } from './shared/report.ts'

/** In the order of reading; what is not named here follows, and inside of them fields are in alphabetical order. */
const order: readonly string[] = [
  'run', 'totals', 'cost', 'categories', 'operations', 'models', 'latency', 'findings', 'observations', 'schedules', 'dependencies', 'criticalPath', 'context', 'cache',
  'calls', 'overhead', 'problems', 'sources', 'spans',
]

/**
 * The whole analysis as JSON; docs/analysis.schema.json says what is in it. Equal analyses give equal texts, so two files can
 * be compared line by line. Times are nanoseconds, costs US dollars, names carry their unit.
 * @param options `indent: false` for one line; the default is an indentation of two spaces
 * @returns without a newline at the end
 */
export function renderJson(analysis: Analysis, { indent = true }: ReportOptions = {}): string {
  const ordered = Object.fromEntries(Object.entries(analysis).sort(([a], [b]) => placeOf(a) - placeOf(b) || compare(a, b)))
  return printable(JSON.stringify(ordered, (_key, value: unknown) => (value === ordered ? value : sorted(value)), indent ? 2 : undefined))
}

/** Lists stand in pieces of so many entries. */
const PIECE_ENTRIES = 1_000

/** The indented text of {@link renderJson}, in pieces: a long run's is more than one text can hold. */
function* jsonPieces(_trace: unknown, analysis: Analysis): Generator<string> {
  const entries = Object.entries(analysis).filter(([, value]) => value !== undefined).sort(([a], [b]) => placeOf(a) - placeOf(b) || compare(a, b))
  const text = (value: unknown, indent: string): string =>
    printable(JSON.stringify(value, (_key, inner: unknown) => sorted(inner), 2)).replaceAll('\n', `\n${indent}`)
  for (const [i, [key, value]] of entries.entries()) {
    const start = `${i === 0 ? '{' : ','}\n  ${JSON.stringify(key)}: `
    if (!Array.isArray(value) || value.length === 0) {
      yield start + text(value, '  ')
      continue
    }
    const list: readonly unknown[] = value
    for (let from = 0; from < list.length; from += PIECE_ENTRIES) {
      const piece = list.slice(from, from + PIECE_ENTRIES).map((entry) => `\n    ${text(entry, '    ')}`)
      yield `${from === 0 ? `${start}[` : ','}${piece.join(',')}`
    }
    yield '\n  ]'
  }
  yield '\n}'
}

const placeOf = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  // fromEntries defines its keys, so that one called __proto__ is a key like others.
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => compare(a, b)))
}

export const jsonReport: Report<string> = { name: 'json', extension: 'json', render: renderJson, renderPieces: jsonPieces }
