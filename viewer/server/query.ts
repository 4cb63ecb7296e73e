import type { Facet, RunList, RunQuery, RunSort, RunSummary } from '../api.ts'
import { FINDING, type StoredRun, type Words } from './packed-run.ts'

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

/** Whether a run is one of the query. What is asked for becomes numbers of words once, so that each run costs a few comparisons. */
export function matcher({ words, fields, from, to }: ReadQuery, known: Words, outcomeOf: (run: StoredRun) => RunSummary['outcome']): (run: StoredRun) => boolean {
  const tests: ((run: StoredRun) => boolean)[] = []
  if (from !== -Infinity || to !== Infinity) tests.push(({ startedAtEpochMs }) => startedAtEpochMs >= from && startedAtEpochMs <= to)
  for (const [field, wanted] of fields) {
    if (field === 'outcome') tests.push((run) => wanted.has(outcomeOf(run)))
    else {
      const numbers = new Set([...wanted].map((text) => known.find(text)).filter((number) => number !== -1))
      tests.push((run) => has(run, field, (number) => numbers.has(number)))
    }
  }
  for (const word of words) {
    const holds = Uint8Array.from(known.all, (text) => (text.toLowerCase().includes(word) ? 1 : 0))
    const isFound = (number: number): boolean => holds[number] === 1
    tests.push((run) => run.traceId.includes(word) || SEARCHED.some((field) => has(run, field, isFound)))
  }
  if (tests.length === 0) return () => true
  return (run) => tests.every((test) => test(run))
}

const SEARCHED = ['name', 'service', 'tag', 'model', 'finding'] as const

function has(run: StoredRun, field: Exclude<Field, 'outcome'>, isOne: (word: number) => boolean): boolean {
  switch (field) {
    case 'name': return isOne(run.name)
    case 'service': return run.service !== -1 && isOne(run.service)
    case 'model': return run.models.some(isOne)
    case 'tag': return run.tags.some(isOne)
    case 'finding': {
      const { findings } = run
      for (let i = 0; i < findings.length; i += FINDING.size) if (isOne(findings[i]!)) return true
      return false
    }
  }
}

/** What is not known comes last, whichever way it is sorted. */
export function sortRuns(runs: readonly StoredRun[], { sort, isDescending }: Pick<ReadQuery, 'sort' | 'isDescending'>, words: Words): StoredRun[] {
  const valueOf = sort === 'name' ? byName(words) : VALUES[sort]
  const sign = isDescending ? -1 : 1
  const values = Float64Array.from(runs, (run) => {
    const value = valueOf(run)
    return value === -1 && sort !== 'name' ? Infinity : sign * value
  })
  const order = Uint32Array.from(runs, (_run, i) => i)
  order.sort((a, b) => {
    const [x, y] = [values[a]!, values[b]!]
    if (x !== y) return x < y ? -1 : 1
    return runs[a]!.key < runs[b]!.key ? -1 : 1
  })
  return Array.from(order, (i) => runs[i]!)
}

/** The place of each name in the order of the alphabet. */
function byName({ all }: Words): (run: StoredRun) => number {
  const { compare } = new Intl.Collator('en')
  const places = new Float64Array(all.length)
  all.map((_text, number) => number).sort((a, b) => compare(all[a]!, all[b]!)).forEach((number, place) => (places[number] = place))
  return ({ name }) => places[name]!
}

const VALUES: Readonly<Record<Exclude<RunSort, 'name'>, (run: StoredRun) => number>> = {
  started: ({ startedAtEpochMs }) => startedAtEpochMs,
  duration: ({ durationNs }) => durationNs,
  tokens: ({ tokens }) => tokens,
  cost: ({ costUsd }) => costUsd,
  spans: ({ spans }) => spans,
}

const MAX_FACETS = 50

/** @param outcomeOf as it is now: a run that is going on is open */
export function facetsOf(runs: readonly StoredRun[], { all: words }: Words, outcomeOf: (run: StoredRun) => RunSummary['outcome']): Facets {
  const counts = { name: new Uint32Array(words.length), service: new Uint32Array(words.length), model: new Uint32Array(words.length), tag: new Uint32Array(words.length), finding: new Uint32Array(words.length) }
  const outcomes = new Map<string, number>()
  for (const run of runs) {
    counts.name[run.name]!++
    if (run.service !== -1) counts.service[run.service]!++
    for (const model of run.models) counts.model[model]!++
    for (const tag of run.tags) counts.tag[tag]!++
    const { findings } = run
    for (let i = 0; i < findings.length; i += FINDING.size) counts.finding[findings[i]!]!++
    const outcome = outcomeOf(run)
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
  }
  const top = (found: readonly (readonly [value: string, runs: number])[]): Facet[] =>
    found.toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)).slice(0, MAX_FACETS).map(([value, count]) => ({ value, runs: count }))
  const of = (count: Uint32Array): Facet[] => top([...count.entries()].flatMap(([number, found]) => (found > 0 ? [[words[number]!, found] as const] : [])))
  return { name: of(counts.name), service: of(counts.service), model: of(counts.model), tag: of(counts.tag), outcome: top([...outcomes]), finding: of(counts.finding) }
}
