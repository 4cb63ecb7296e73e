import { expect, test } from 'vitest'
import { importAll, importers, importTraces } from '../adapters/import/index.ts'
import { checkTrace } from './laws.ts'
import { fixture, fixtures } from './support/imports.ts'
import { seeded } from './support/random.ts'

const MUTATIONS = 2_000
/** Fixtures are cut to this many items a list and lines a file: a mutation tries shapes, not sizes. */
const [MAX_ITEMS, MAX_LINES] = [12, 40]

interface Subject {
  readonly file: string
  /** One value a line; a file that is one value has one. */
  readonly values: readonly unknown[]
}

const folders = [
  'ai-sdk', 'chrome', 'claude-code', 'codex', 'cpuprofile', 'gemini-cli', 'gemini-cli-lines', 'laminar', 'langfuse', 'langfuse-rows', 'langsmith',
  'openinference-genai', 'otlp', 'otlp-derived',
]
/** What we write ourselves is read by ways of its own. */
const ours = ['../../golden/run.chrome.json', '../../golden/run.otlp.json']
const subjects = [...folders.flatMap((folder) => fixtures(folder)), ...ours].flatMap((file): Subject[] => {
  const { text } = fixture(file)
  try {
    return [{ file, values: [shortened(JSON.parse(text))] }]
  } catch {
    const lines = text.split('\n', MAX_LINES).filter((line) => line !== '')
    const values = lines.flatMap((line) => valueOf(line) ?? [])
    return values.length === 0 ? [] : [{ file, values }]
  }
})

function valueOf(line: string): unknown {
  try {
    return shortened(JSON.parse(line))
  } catch {
    return undefined
  }
}

function shortened(value: unknown): unknown {
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map(shortened)
  if (typeof value === 'string') return value.slice(0, 300)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, shortened(one)]))
}

const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels))

/** What stands where something else belongs. */
const WRONG: readonly unknown[] = [
  null, 0, -1, 0.5, 1e300, -1e300, Number.MAX_SAFE_INTEGER, '', 'x', '-5', 'NaN', '1e999', '9999-12-31T23:59:59.999Z', '0001-01-01T00:00:00Z',
  '2026-02-30T99:99:99Z', '99999999999999999999', true, [], {}, [null], [[]], { length: 5 }, { then: 1 }, { toString: 1 }, { __proto__: null, constructor: 1 },
  '__proto__', 'constructor', '\u0000', '\uD800', nested(200), JSON.parse('{"__proto__":{"polluted":true}}'),
]

/** A place in a value: what holds it, and its name there. */
interface Place {
  readonly holder: Record<string, unknown>
  readonly key: string
}

function placesIn(root: unknown): Place[] {
  const places: Place[] = []
  const visit = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    for (const key of Object.keys(value)) {
      const holder = value as Record<string, unknown>
      places.push({ holder, key })
      visit(holder[key])
    }
  }
  visit(root)
  return places
}

function mutate(values: readonly unknown[], next: () => number): string {
  const copy = structuredClone(values) as unknown[]
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!
  const places = placesIn(copy)
  for (let left = 1 + Math.floor(next() * 4); left > 0; left--) {
    const { holder, key } = pick(places)
    const other = pick(places)
    const what = next()
    if (what < 0.25) Reflect.deleteProperty(holder, key)
    else if (what < 0.6) holder[key] = pick(WRONG)
    else if (what < 0.75) [holder[key], other.holder[other.key]] = [structuredClone(other.holder[other.key]), structuredClone(holder[key])]
    // The same id twice, a parent that is a child, one thing's value in another's place.
    else if (what < 0.9) holder[key] = structuredClone(other.holder[other.key])
    else if (Array.isArray(holder)) holder.push(structuredClone(holder[key as never]))
    else holder[pick(['__proto__x', 'toString', 'id', 'parent', 'type'])] = structuredClone(holder[key])
  }
  const text = copy.map((value) => JSON.stringify(value) ?? 'null').join('\n')
  const torn = next()
  if (torn < 0.1) return text.slice(0, Math.floor(next() * text.length))
  if (torn > 0.95) return `${text.slice(0, 20)}${'['.repeat(1_000)}${text.slice(20)}`
  return text
}

test(`${MUTATIONS} mutations of every kind of file give traces that keep the laws, or problems`, () => {
  expect(subjects.length).toBeGreaterThan(80)
  const next = seeded(20_260_504)
  const readers = new Map(subjects.map(({ file, values }) => {
    const { format } = importTraces({ name: file, text: values.map((value) => JSON.stringify(value)).join('\n') })
    return [file, importers.filter(({ name }) => name === format)]
  }))
  let [traces, problems] = [0, 0]
  for (let i = 0; i < MUTATIONS; i++) {
    const { file, values } = subjects[i % subjects.length]!
    const text = mutate(values, next)
    const about = `mutation ${i} of ${file}`
    try {
      // By its own reader also where it is not recognised any more, and by whichever recognises it now.
      const source = { name: 'mutated', text }
      const results = [...readers.get(file)!.map((importer) => importer.read(source)), importTraces(source)]
      if (i % 10 === 0) results.push(importAll([source, { name: 'twice', text: mutate(values, next) }]))
      for (const result of results) {
        traces += result.traces.length
        problems += result.problems.length
        result.traces.forEach(checkTrace)
        if (result.traces.length === 0) expect(result.problems.length).toBeGreaterThan(0)
        for (const { message, line } of result.problems) if (message === '' || !(line === undefined || line > 0)) throw new Error(`problem ${line} ${message}`)
      }
    } catch (error) {
      throw new Error(`${about}: ${error instanceof Error ? error.message : String(error)}\n${text.slice(0, 2_000)}`, { cause: error })
    }
  }
  expect(traces).toBeGreaterThan(MUTATIONS / 2)
  expect(problems).toBeGreaterThan(MUTATIONS / 2)
  expect(Object.keys({})).toEqual([])
  expect(({} as { polluted?: unknown }).polluted).toBeUndefined()
}, 20_000)
