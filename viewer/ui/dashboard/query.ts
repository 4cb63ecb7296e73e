import type { RunList, RunSort } from '../../api.ts'

/** Which runs are looked at, as it stands in the address; `api/runs` is asked for the same with a time range in numbers. */

export type FilterName = keyof RunList['facets']
export type Sort = RunSort | `-${RunSort}`

export type TimeRange =
  | { readonly kind: 'all' }
  | { readonly kind: 'last'; readonly span: LastSpan }
  | { readonly kind: 'between'; readonly from?: number; readonly to?: number }
export type LastSpan = 'hour' | 'day' | 'week'

export interface RunFilter {
  readonly q: string
  readonly values: Readonly<Record<FilterName, readonly string[]>>
  readonly time: TimeRange
}

/** In the order of the menus. */
export const FILTERS: readonly (readonly [name: FilterName, title: string])[] = [
  ['service', 'Service'], ['name', 'Name'], ['model', 'Model'], ['tag', 'Tag'], ['outcome', 'Outcome'], ['finding', 'Finding'],
]
const SORTS: readonly RunSort[] = ['started', 'duration', 'tokens', 'cost', 'name', 'spans']
const DEFAULT_SORT: Sort = '-started'
const SPANS_MS: Readonly<Record<LastSpan, number>> = { hour: 3_600_000, day: 86_400_000, week: 604_800_000 }

export const NO_FILTER: RunFilter = {
  q: '', values: { service: [], name: [], model: [], tag: [], outcome: [], finding: [] }, time: { kind: 'all' },
}

/** @param prefix before each name, where the address holds several of them */
export function readFilter(params: URLSearchParams, prefix = ''): RunFilter {
  const valuesOf = (name: FilterName): string[] => [...new Set(params.getAll(prefix + name).filter((value) => value !== ''))]
  return {
    q: params.get(`${prefix}q`) ?? '',
    values: { service: valuesOf('service'), name: valuesOf('name'), model: valuesOf('model'), tag: valuesOf('tag'), outcome: valuesOf('outcome'), finding: valuesOf('finding') },
    time: readTime(params, prefix),
  }
}

function readTime(params: URLSearchParams, prefix: string): TimeRange {
  const span = params.get(`${prefix}last`)
  if (span === 'hour' || span === 'day' || span === 'week') return { kind: 'last', span }
  const [from, to] = (['from', 'to'] as const).map((name) => momentOf(params.get(prefix + name)))
  if (from === undefined && to === undefined) return { kind: 'all' }
  return { kind: 'between', ...(from !== undefined && { from }), ...(to !== undefined && { to }) }
}

function momentOf(text: string | null): number | undefined {
  const moment = Number(text)
  return text !== null && text !== '' && Number.isFinite(moment) && Math.abs(moment) < 8.64e15 ? moment : undefined
}

export function readSort(params: URLSearchParams): Sort {
  const text = params.get('sort') ?? DEFAULT_SORT
  const sort = SORTS.find((one) => one === text.replace(/^-/, ''))
  return sort === undefined ? DEFAULT_SORT : text.startsWith('-') ? `-${sort}` : sort
}

/** The way back: what is empty or as it is anyway is left out. */
export function writeFilter(filter: RunFilter, prefix = '', into: URLSearchParams = new URLSearchParams()): URLSearchParams {
  if (filter.q !== '') into.set(`${prefix}q`, filter.q)
  for (const [name] of FILTERS) for (const value of filter.values[name]) into.append(prefix + name, value)
  const { time } = filter
  if (time.kind === 'last') into.set(`${prefix}last`, time.span)
  if (time.kind === 'between' && time.from !== undefined) into.set(`${prefix}from`, String(time.from))
  if (time.kind === 'between' && time.to !== undefined) into.set(`${prefix}to`, String(time.to))
  return into
}

export function writeList(filter: RunFilter, sort: Sort): URLSearchParams {
  const params = writeFilter(filter)
  if (sort !== DEFAULT_SORT) params.set('sort', sort)
  return params
}

/** What the server is asked for: epoch milliseconds instead of `last`. */
export function apiQuery({ q, values, time }: RunFilter, nowEpochMs: number): URLSearchParams {
  const range: TimeRange = time.kind === 'last' ? { kind: 'between', from: nowEpochMs - SPANS_MS[time.span] } : time
  return writeFilter({ q: q.trim(), values, time: range })
}

/** The same as a body of JSON. */
export function apiSelection(filter: RunFilter, nowEpochMs: number): Readonly<Record<string, string | readonly string[]>> {
  const params = apiQuery(filter, nowEpochMs)
  return Object.fromEntries([...new Set(params.keys())].map((name) => {
    const all = params.getAll(name)
    return [name, all.length === 1 ? all[0]! : all]
  }))
}

export const isEmpty = ({ q, values, time }: RunFilter): boolean =>
  q.trim() === '' && time.kind === 'all' && FILTERS.every(([name]) => values[name].length === 0)

/** Adds the value or takes it away. */
export function toggled(filter: RunFilter, name: FilterName, value: string): RunFilter {
  const before = filter.values[name]
  const after = before.includes(value) ? before.filter((one) => one !== value) : [...before, value]
  return { ...filter, values: { ...filter.values, [name]: after } }
}

/** The other direction of the same column, or the column as it is read first: numbers from the largest, names from A. */
export function sortedBy(current: Sort, column: RunSort): Sort {
  if (current === column) return `-${column}`
  if (current === `-${column}`) return column
  return column === 'name' ? column : `-${column}`
}
