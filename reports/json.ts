import type { Analysis } from '../src/model/analysis.ts'
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
  return JSON.stringify(ordered, (_key, value: unknown) => (value === ordered ? value : sorted(value)), indent ? 2 : undefined)
}

const placeOf = (key: string): number => (order.includes(key) ? order.indexOf(key) : order.length)
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)

function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  // fromEntries defines its keys, so that one called __proto__ is a key like others.
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => compare(a, b)))
}

export const jsonReport: Report<string> = { name: 'json', extension: 'json', render: renderJson }
