import type { Facet, RunList, RunQuery, RunSort, RunSummary } from '../api.ts'
import type { StoredRun } from './run-table.ts'

/** A query as it stands after the `?`, or in the body of a comparison. */
export type QueryValues = { readonly [K in keyof RunQuery]?: unknown }

const TEXTS = ['name', 'service', 'model', 'tag', 'outcome', 'finding'] as const
type Facets = RunList['facets']
type Field = keyof Facets

export interface ReadQuery {
  readonly words: readonly string[]
  readonly fields: readonly (readonly [field: Field, values: ReadonlySet<string>])[]
  readonly from: number
  readonly to: number
  readonly sort: RunSort
  readonly isDescending: boolean
  readonly offset: number
  readonly limit: number
}

const SORTS: readonly RunSort[] = ['started', 'duration', 'tokens', 'cost', 'name', 'spans']
const MAX_LIMIT = 500
const MAX_WORDS = 20

export const queryValues = (query: URLSearchParams): QueryValues =>
  Object.fromEntries([...new Set(query.keys())].map((key) => [key, query.getAll(key)]))

/** @returns what is wrong, or the query */
export function readQuery(values: QueryValues): ReadQuery | string {
  const numbers = { from: -Infinity, to: Infinity, offset: 0, limit: 50 }
  for (const name of ['from', 'to', 'offset', 'limit'] as const) {
    const [given] = listOf(values[name])
    if (given === undefined || given === '') continue
    const number = Number(given)
    const isCount = name === 'offset' || name === 'limit'
    if (!Number.isFinite(number) || (isCount && (!Number.isInteger(number) || number < 0))) return `${name} must be a number, got ${given.slice(0, 40)}`
    numbers[name] = number
  }
  const [sorted = '-started'] = listOf(values.sort)
  const sort = SORTS.find((one) => one === sorted.replace(/^-/, ''))
  if (sort === undefined) return `sort must be one of ${SORTS.join(', ')}, with - before it for the largest first`
  return {
    words: listOf(values.q).join(' ').toLowerCase().split(/\s+/).filter((word) => word !== '').slice(0, MAX_WORDS),
    fields: TEXTS.flatMap((field) => {
      const wanted = listOf(values[field])
      return wanted.length === 0 ? [] : [[field, new Set(wanted)] as const]
    }),
    sort, isDescending: sorted.startsWith('-'),
    ...numbers, limit: Math.min(numbers.limit, MAX_LIMIT),
  }
}

const listOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value as readonly unknown[] : [value]).flatMap((one) => (typeof one === 'string' || typeof one === 'number' ? [String(one)] : []))

export function fits({ summary, findings }: StoredRun, { words, fields, from, to }: ReadQuery, outcome: RunSummary['outcome']): boolean {
  const { startedAtEpochMs } = summary
  if (startedAtEpochMs < from || startedAtEpochMs > to) return false
  for (const [field, wanted] of fields) if (!valuesOf(field, summary, findings, outcome).some((value) => wanted.has(value))) return false
  if (words.length === 0) return true
  const text = textOf(summary, findings)
  return words.every((word) => text.includes(word))
}

function valuesOf(field: Field, summary: RunSummary, findings: StoredRun['findings'], outcome: RunSummary['outcome']): readonly string[] {
  switch (field) {
    case 'name': return [summary.name]
    case 'service': return summary.service === undefined ? [] : [summary.service]
    case 'model': return summary.models
    case 'tag': return summary.tags === undefined ? [] : Object.entries(summary.tags).map(([key, value]) => `${key}=${value}`)
    case 'outcome': return [outcome]
    case 'finding': return findings.map(({ code }) => code)
  }
}

function textOf({ name, service = '', tags, models, traceId }: RunSummary, findings: StoredRun['findings']): string {
  let text = `${name}\n${service}\n${traceId}`
  if (tags !== undefined) for (const key of Object.keys(tags)) text += `\n${key}=${tags[key]!}`
  for (const model of models) text += `\n${model}`
  for (const { code } of findings) text += `\n${code}`
  return text.toLowerCase()
}

/** What is not known is the least, whichever way it is sorted: last. */
export function sortRuns(runs: StoredRun[], { sort, isDescending }: Pick<ReadQuery, 'sort' | 'isDescending'>): StoredRun[] {
  const sign = isDescending ? -1 : 1
  const byKey = (a: StoredRun, b: StoredRun): number => (a.summary.key < b.summary.key ? -1 : 1)
  if (sort === 'name') {
    const { compare } = new Intl.Collator('en')
    return runs.sort((a, b) => sign * (a.summary.name === b.summary.name ? 0 : compare(a.summary.name, b.summary.name)) || byKey(a, b))
  }
  const valueOf = VALUES[sort]
  return runs.sort((a, b) => {
    const [x, y] = [valueOf(a.summary), valueOf(b.summary)]
    if (x === y) return byKey(a, b)
    if (x === undefined || y === undefined) return x === undefined ? 1 : -1
    return sign * (x - y)
  })
}

export const tokensOf = ({ inputTokens, outputTokens }: RunSummary): number | undefined =>
  inputTokens === undefined && outputTokens === undefined ? undefined : (inputTokens ?? 0) + (outputTokens ?? 0)

const VALUES: Readonly<Record<Exclude<RunSort, 'name'>, (summary: RunSummary) => number | undefined>> = {
  started: ({ startedAtEpochMs }) => startedAtEpochMs,
  duration: ({ durationNs }) => durationNs,
  tokens: tokensOf,
  cost: ({ costUsd }) => costUsd,
  spans: ({ spans }) => spans,
}

const MAX_FACETS = 50
/** Of distinct names, such as those with a number in them, only so many are counted. */
const MAX_COUNTED = 20_000

/** @param outcomeOf as it is now: a run that is going on is open */
export function facetsOf(runs: readonly StoredRun[], outcomeOf: (run: StoredRun) => RunSummary['outcome']): Facets {
  const counts: Record<Field, Map<string, number>> = {
    name: new Map(), service: new Map(), model: new Map(), tag: new Map(), outcome: new Map(), finding: new Map(),
  }
  const add = (field: Field, value: string): void => {
    const count = counts[field]
    const before = count.get(value)
    if (before !== undefined) count.set(value, before + 1)
    else if (count.size < MAX_COUNTED) count.set(value, 1)
  }
  for (const run of runs) {
    const { summary: { name, service, models, tags }, findings } = run
    add('name', name)
    if (service !== undefined) add('service', service)
    for (const model of models) add('model', model)
    if (tags !== undefined) for (const key of Object.keys(tags)) add('tag', `${key}=${tags[key]!}`)
    add('outcome', outcomeOf(run))
    for (const { code } of findings) add('finding', code)
  }
  const top = (field: Field): Facet[] => [...counts[field]].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, MAX_FACETS).map(([value, runs]) => ({ value, runs }))
  return { name: top('name'), service: top('service'), model: top('model'), tag: top('tag'), outcome: top('outcome'), finding: top('finding') }
}
