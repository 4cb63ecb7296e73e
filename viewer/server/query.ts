import type { Facet, RunList, RunQuery, RunSort, RunSummary } from '../api.ts'
import type { Words } from './packed-run.ts'
import type { RunColumns } from './run-columns.ts'

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

/** Runs are rows of its columns. */
export interface Table {
  readonly columns: RunColumns
  readonly words: Words
}

type OutcomeOf = (row: number) => RunSummary['outcome']

/** Whether a run is one of the query. What is asked for becomes numbers of words once, so that each run costs a few comparisons. */
export function matcher({ words, fields, from, to }: ReadQuery, { columns, words: known }: Table, outcomeOf: OutcomeOf): (row: number) => boolean {
  const tests: ((row: number) => boolean)[] = []
  const { startedAtEpochMs } = columns
  if (from !== -Infinity || to !== Infinity) tests.push((row) => startedAtEpochMs[row]! >= from && startedAtEpochMs[row]! <= to)
  for (const [field, wanted] of fields) {
    if (field === 'outcome') tests.push((row) => wanted.has(outcomeOf(row)))
    else {
      const isOne = new Uint8Array(known.all.length)
      for (const text of wanted) isOne[known.find(text)] = 1
      tests.push(holder(columns, field, isOne))
    }
  }
  for (const word of words) {
    const isOne = Uint8Array.from(known.all, (text) => (text.toLowerCase().includes(word) ? 1 : 0))
    const holds = SEARCHED.map((field) => holder(columns, field, isOne))
    tests.push((row) => holds.some((test) => test(row)) || columns.traceIdOf(row).includes(word))
  }
  if (tests.length === 0) return () => true
  return (row) => tests.every((test) => test(row))
}

const SEARCHED = ['name', 'service', 'any'] as const
/** In their order among a run's bytes; `any` of them. */
const LISTS = ['model', 'tag', 'finding'] as const

/** @param isOne of each word whether it is one of those that are looked for */
function holder(columns: RunColumns, field: Exclude<Field, 'outcome'> | 'any', isOne: Uint8Array): (row: number) => boolean {
  if (field === 'name' || field === 'service') {
    const column = columns[field]
    return (row) => isOne[column[row]!] === 1
  }
  return (row) => {
    const reader = columns.words(row)
    for (const list of LISTS) {
      for (let left = reader.number(); left > 0; left--) if (isOne[reader.number()] === 1 && (field === 'any' || field === list)) return true
      if (list === field) return false
    }
    return false
  }
}

/** What is not known comes last, whichever way it is sorted. */
export function sortRuns(rows: Uint32Array, { sort, isDescending }: Pick<ReadQuery, 'sort' | 'isDescending'>, { columns, words }: Table): Uint32Array {
  const valueOf = sort === 'name' ? byName(columns, words) : columnOf(columns, sort)
  const sign = isDescending ? -1 : 1
  const values = Float64Array.from(rows, (row) => {
    const value = valueOf(row)
    return value === -1 && sort !== 'name' ? Infinity : sign * value
  })
  const { hash } = columns
  const order = Uint32Array.from(rows, (_row, i) => i)
  order.sort((a, b) => {
    const [x, y] = [values[a]!, values[b]!]
    if (x !== y) return x < y ? -1 : 1
    const [one, other] = [rows[a]!, rows[b]!]
    if (hash[one] !== hash[other]) return hash[one]! - hash[other]!
    return columns.keyOf(one) < columns.keyOf(other) ? -1 : 1
  })
  return order.map((i) => rows[i]!)
}

/** The place of each name in the order of the alphabet. */
function byName({ name }: RunColumns, { all }: Words): (row: number) => number {
  const { compare } = new Intl.Collator('en')
  const places = new Float64Array(all.length)
  all.map((_text, number) => number).sort((a, b) => compare(all[a]!, all[b]!)).forEach((number, place) => (places[number] = place))
  return (row) => places[name[row]!]!
}

function columnOf(columns: RunColumns, sort: Exclude<RunSort, 'name'>): (row: number) => number {
  const column = columns[COLUMNS[sort]]
  return (row) => column[row]!
}

const COLUMNS = { started: 'startedAtEpochMs', duration: 'durationNs', tokens: 'tokens', cost: 'costUsd', spans: 'spans' } as const

const MAX_FACETS = 50

/** @param outcomeOf as it is now: a run that is going on is open */
export function facetsOf(rows: Uint32Array, { columns, words: { all: words } }: Table, outcomeOf: OutcomeOf): Facets {
  const counts = { name: new Uint32Array(words.length), service: new Uint32Array(words.length), model: new Uint32Array(words.length), tag: new Uint32Array(words.length), finding: new Uint32Array(words.length) }
  const outcomes = new Map<string, number>()
  for (const row of rows) {
    counts.name[columns.name[row]!]!++
    if (columns.service[row] !== -1) counts.service[columns.service[row]!]!++
    const outcome = outcomeOf(row)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    const reader = columns.words(row)
    for (const list of LISTS) for (let left = reader.number(); left > 0; left--) counts[list][reader.number()]!++
  }
  const top = (found: readonly (readonly [value: string, runs: number])[]): Facet[] =>
    found.toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, MAX_FACETS).map(([value, count]) => ({ value, runs: count }))
  const of = (count: Uint32Array): Facet[] => top([...count.entries()].flatMap(([number, found]) => (found > 0 ? [[words[number]!, found] as const] : [])))
  return { name: of(counts.name), service: of(counts.service), model: of(counts.model), tag: of(counts.tag), outcome: top([...outcomes]), finding: of(counts.finding) }
}
