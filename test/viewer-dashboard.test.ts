import { describe, expect, test } from 'vitest'
import type { RunList, RunSummary } from '../viewer/api.ts'
import { isChosen, moved, readCompared, requestOf, swapped, writeCompared } from '../viewer/ui/dashboard/compare-query.ts'
import { EventStreamReader, keysIn, waitBefore } from '../viewer/ui/dashboard/event-stream.ts'
import { fileNameIn } from '../viewer/ui/dashboard/file-name.ts'
import { tokenIn } from '../viewer/ui/dashboard/launch-link.ts'
import { localText, momentOfLocal } from '../viewer/ui/dashboard/local-time.ts'
import {
  apiQuery, apiSelection, isEmpty, NO_FILTER, readFilter, readSort, sortedBy, toggled, writeFilter, writeList, type RunFilter,
} from '../viewer/ui/dashboard/query.ts'
import { PAGE, pagesOf, placeOf, rowAt, RunLoader, type RunRows } from '../viewer/ui/dashboard/run-pages.ts'
import { categoriesText, compact, costText, formatAgo, savingText, tokenTexts } from '../viewer/ui/dashboard/run-words.ts'
import { samePlaces } from '../viewer/ui/dashboard/same-places.ts'
import { guessSides, readSides } from '../viewer/ui/dashboard/sides.ts'
import { sortRows } from '../viewer/ui/parts/sort-rows.ts'
import { windowOf } from '../viewer/ui/parts/window-of.ts'
import { seeded } from './support/random.ts'

describe('the link of a launch', () => {
  test.each([
    ['#token=abc_-9', { token: 'abc_-9', rest: '#/runs' }],
    ['#/token=abc', { token: 'abc', rest: '#/runs' }],
    ['#token=abc&/runs/k/timeline?span=1', { token: 'abc', rest: '#/runs/k/timeline?span=1' }],
    ['#/runs', undefined],
    ['#token=', undefined],
    ['#/runs?q=token=abc', undefined],
    ['', undefined],
  ])('%s', (hash, expected) => expect(tokenIn(hash)).toEqual(expected))
})

describe('the event stream', () => {
  const read = (...pieces: readonly string[]): string[] => {
    const reader = new EventStreamReader()
    return pieces.flatMap((piece) => reader.push(piece))
  }

  test.each([
    ['data: a\n\n', ['a']],
    ['data:a\r\n\r\ndata:b\r\rdata:c\n\n', ['a', 'b', 'c']],
    ['\ufeffdata: a\ndata: b\n\n', ['a\nb']],
    [': a comment\nevent: x\nid: 1\nretry: 5\n\n', []],
    ['data\n\n', ['']],
    ['data:  two spaces\n\n', [' two spaces']],
    ['data: not ended\n', []],
    ['dates: a\n\n', []],
  ])('%j', (text, expected) => expect(read(text)).toEqual(expected))

  test('means the same however it is cut into pieces', () => {
    const text = '\ufeff: hello\r\n\r\ndata: {"a":1}\r\n\r\ndata: x\ndata: y\n\nevent: e\rdata: z\r\rdata: unfinished'
    const whole = read(text)
    expect(whole).toEqual(['{"a":1}', 'x\ny', 'z'])
    const random = seeded(3)
    for (let round = 0; round < 200; round++) {
      const pieces: string[] = []
      for (let at = 0; at < text.length;) {
        const length = 1 + Math.floor(random() * 6)
        pieces.push(text.slice(at, at + length))
        at += length
      }
      expect(read(...pieces)).toEqual(whole)
    }
    expect(read(...text)).toEqual(whole)
  })

  test.each([
    ['{"type":"changed","keys":["a","b"],"runs":2}', ['a', 'b']],
    ['{"type":"changed","keys":["a",1,null]}', ['a']],
    ['{"type":"other","keys":["a"]}', undefined],
    ['{"type":"changed"}', undefined],
    ['null', undefined],
    ['not JSON', undefined],
  ])('a change: %s', (data, expected) => expect(keysIn(data)).toEqual(expected))

  test('who does not answer is asked less and less often', () => {
    expect([0, 1, 2, 3, 4, 5, 50, 5_000].map(waitBefore)).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000])
  })
})

test.each([
  ['attachment; filename="run.chrome.json"', 'run.chrome.json'],
  ['attachment; filename=run.txt', 'run.txt'],
  ['attachment', undefined],
  [null, undefined],
])('the name of a file: %s', (header, expected) => expect(fileNameIn(header)).toBe(expected))

describe('a query in the address', () => {
  const filter: RunFilter = {
    q: 'a b&c=#?', time: { kind: 'between', from: 1_000, to: 2_000 },
    values: { service: ['x', 'y'], name: ['<script>'], model: [], tag: ['version=1', 'a=b=c'], outcome: ['failed'], finding: ['PAR001'] },
  }

  test('is read as it was written', () => {
    for (const one of [filter, NO_FILTER, { ...NO_FILTER, time: { kind: 'last', span: 'day' } } as const, { ...NO_FILTER, time: { kind: 'between', to: 5 } } as const]) {
      expect(readFilter(new URLSearchParams(writeFilter(one).toString()))).toEqual(one)
      expect(readFilter(new URLSearchParams(writeFilter(one, 'base.').toString()), 'base.')).toEqual(one)
    }
    expect(writeFilter(NO_FILTER).toString()).toBe('')
    expect(writeList(NO_FILTER, '-started').toString()).toBe('')
    expect(readSort(writeList(filter, 'name'))).toBe('name')
  })

  test('what makes no sense in it is left out', () => {
    const params = new URLSearchParams('from=x&to=1e99&last=year&service=&service=a&service=a&sort=-nonsense')
    expect(readFilter(params)).toEqual({ ...NO_FILTER, values: { ...NO_FILTER.values, service: ['a'] } })
    expect(readSort(params)).toBe('-started')
  })

  test('asks the server with times in numbers', () => {
    const week = apiQuery({ ...filter, time: { kind: 'last', span: 'hour' } }, 10_000_000)
    expect(week.get('from')).toBe('6400000')
    expect(week.has('to')).toBe(false)
    expect(week.has('last')).toBe(false)
    expect(week.getAll('tag')).toEqual(['version=1', 'a=b=c'])
    expect(apiSelection({ ...filter, q: '  ' }, 0)).toEqual({ service: ['x', 'y'], name: '<script>', tag: ['version=1', 'a=b=c'], outcome: 'failed', finding: 'PAR001', from: '1000', to: '2000' })
  })

  test('values come and go', () => {
    const on = toggled(NO_FILTER, 'tag', 'a=1')
    expect([isEmpty(NO_FILTER), isEmpty(on), isEmpty(toggled(on, 'tag', 'a=1')), isEmpty({ ...NO_FILTER, q: '  ' })]).toEqual([true, false, true, true])
  })

  test('a column sorts from the largest first, names from A, and then the other way', () => {
    expect([sortedBy('-started', 'cost'), sortedBy('-cost', 'cost'), sortedBy('cost', 'cost'), sortedBy('-cost', 'name'), sortedBy('name', 'name')])
      .toEqual(['-cost', 'cost', '-cost', 'name', '-name'])
  })

  test('local times of the browser’s field', () => {
    const moment = new Date(2026, 2, 1, 9, 5).getTime()
    expect(localText(moment)).toBe('2026-03-01T09:05')
    expect(momentOfLocal(localText(moment))).toBe(moment)
    expect([localText(undefined), localText(NaN), momentOfLocal(''), momentOfLocal('x')]).toEqual(['', '', undefined, undefined])
  })
})

const facets: RunList['facets'] = { name: [], service: [], model: [], tag: [], outcome: [], finding: [] }
const run = (key: string, more: Partial<RunSummary> = {}): RunSummary => ({
  key, traceId: key, name: 'agent', startedAtEpochMs: 0, durationNs: 1, outcome: 'ok', source: 'recorded', spans: 1, llmCalls: 0, toolCalls: 0,
  models: [], categories: [], findings: [], findingCount: 0, ...more,
})

/** A server whose runs can be changed, and whose answers wait until they are let go. */
class Fake {
  runs: RunSummary[]
  readonly asked: number[] = []
  readonly seen: RunRows[] = []
  readonly errors: unknown[] = []
  fails = false
  readonly loader = new RunLoader(
    async (offset, limit) => {
      this.asked.push(offset)
      await Promise.resolve()
      if (this.fails) throw new Error('no')
      return { total: this.runs.length, facets, runs: this.runs.slice(offset, offset + limit) }
    },
    (rows) => this.seen.push(rows),
    (error) => this.errors.push(error),
  )

  constructor(count: number) {
    this.runs = Array.from({ length: count }, (_, i) => run(`r${i}`))
  }
}
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 0))

describe('a list of many runs', () => {
  test('is asked for by the page', async () => {
    expect([pagesOf(0, 1), pagesOf(0, PAGE), pagesOf(99, 101), pagesOf(250, 420), pagesOf(-5, 0)]).toEqual([[0], [0], [0, 1], [2, 3, 4], []])
    const server = new Fake(100_000)
    await server.loader.refresh()
    server.loader.show(70_010, 70_110)
    server.loader.show(70_010, 70_110)
    await settled()
    expect(server.asked).toEqual([0, 70_000, 70_100])
    const rows = server.loader.rows!
    expect([rows.total, rowAt(rows, 70_105)?.key, rowAt(rows, 5)?.key, rowAt(rows, 300), placeOf(rows, 'r70105'), placeOf(rows, 'r300')])
      .toEqual([100_000, 'r70105', 'r5', undefined, 70_105, undefined])
  })

  test('what changed is put in place at once, and what is out of sight forgotten', async () => {
    const server = new Fake(1_000)
    await server.loader.refresh()
    server.loader.show(350, 420)
    await settled()
    server.runs = [run('new'), ...server.runs]
    const before = server.seen.length
    await server.loader.refresh()
    expect(server.seen.length).toBe(before + 1)
    const rows = server.loader.rows!
    expect([placeOf(rows, 'r360'), rowAt(rows, 0), rows.total]).toEqual([361, undefined, 1_001])
  })

  test('many changes while it is being asked are one', async () => {
    const server = new Fake(10)
    await Promise.all([server.loader.refresh(), server.loader.refresh(), server.loader.refresh(), server.loader.refresh()])
    await settled()
    expect(server.asked.length).toBe(2)
  })

  test('an answer that fails or comes too late changes nothing', async () => {
    const server = new Fake(300)
    await server.loader.refresh()
    server.fails = true
    await server.loader.refresh()
    server.loader.show(150, 160)
    await settled()
    expect([server.errors.length, server.loader.rows?.total]).toEqual([2, 300])
    server.fails = false
    const late = server.loader.refresh()
    server.loader.stop()
    await late
    expect(server.seen.length).toBe(1)
  })

  test('has only the rows in sight in the page', () => {
    expect(windowOf(-200, 900, 56, 100_000)).toEqual({ first: 0, end: 21 })
    expect(windowOf(56_000, 900, 56, 100_000)).toEqual({ first: 992, end: 1_025 })
    expect(windowOf(5_600_000, 900, 56, 100_000)).toEqual({ first: 99_992, end: 100_000 })
    expect(windowOf(-5_000, 900, 56, 100_000)).toEqual({ first: 0, end: 0 })
    expect(windowOf(-5_000, 900, 56, 40)).toEqual({ first: 0, end: 40 })
  })

  test('what is unknown comes last, whichever way a table is sorted', () => {
    const rows = [{ x: 2 }, {}, { x: 10 }, { x: 1 }] as readonly { readonly x?: number }[]
    expect(sortRows(rows, ({ x }) => x, true).map(({ x }) => x)).toEqual([10, 2, 1, undefined])
    expect(sortRows(rows, ({ x }) => x, false).map(({ x }) => x)).toEqual([1, 2, 10, undefined])
  })
})

describe('a run in words', () => {
  test.each([
    [0, 'just now'], [44_000, 'just now'], [60_000, '1 min ago'], [59 * 60_000, '59 min ago'], [3_600_000, '1 h ago'], [86_400_000, 'yesterday'],
    [5 * 86_400_000, '5 days ago'], [40 * 86_400_000, undefined], [-3_600_000, undefined], [NaN, undefined],
  ])('%d ms ago', (ms, expected) => expect(formatAgo(1e12 - ms, 1e12)).toBe(expected))

  test('what is not known is no zero', () => {
    expect([costText({ llmCalls: 2 }), costText({ llmCalls: 0 }), costText({ llmCalls: 1, costUsd: 0 })]).toEqual(['unknown', '–', '$0'])
    expect(tokenTexts({})).toEqual({ input: '–', output: '–', cached: '' })
    expect(tokenTexts({ inputTokens: 12_345, cachedTokens: 6_000, outputTokens: 0 })).toEqual({ input: '12.3k', output: '0', cached: '49 % cached' })
  })

  test('long figures are short in columns', () => {
    expect([0, 9_999, 10_000, 999_400, 1_234_567, 45_600_000].map(compact)).toEqual(['0', '9,999', '10k', '999k', '1.23M', '45.6M'])
  })

  test('a saving is one figure', () => {
    expect(savingText({ saving: { timeNs: { low: 1e8, high: 4e8 }, tokens: 5 } })).toBe('100–400 ms')
    expect(savingText({ saving: { timeNs: { low: 1e8, high: 4e9 } } })).toBe('100 ms–4.00 s')
    expect(savingText({ saving: { timeNs: { low: 0, high: 4e8 } } })).toBe('up to 400 ms')
    expect([savingText({ saving: { tokens: 1_200 } }), savingText({ saving: {} })]).toEqual(['1,200 tokens', ''])
  })

  test('categories by their share of the run', () => {
    expect(categoriesText([{ category: 'tool', wallNs: 1 }, { category: 'llm', wallNs: 3 }, { category: '', wallNs: 0 }])).toBe('llm 75 %, tool 25 %')
  })
})

describe('the sides of a comparison', () => {
  const runs = [run('d', { startedAtEpochMs: 4 }), run('a', { startedAtEpochMs: 1 }), run('c', { startedAtEpochMs: 3 }), run('b', { startedAtEpochMs: 2 })]
  const keys = (sides: { readonly base: readonly RunSummary[]; readonly new: readonly RunSummary[] }): string =>
    `${sides.base.map(({ key }) => key).join('')}|${sides.new.map(({ key }) => key).join('')}`

  test('are guessed: by a tag of two values, by name, else the earlier half is the base', () => {
    const tagged = (values: readonly string[]): RunSummary[] => runs.map((one, i) => ({ ...one, tags: { version: values[i]! } }))
    expect(keys(guessSides(runs.slice(0, 2)))).toBe('a|d')
    expect(keys(guessSides(runs))).toBe('ab|cd')
    expect(keys(guessSides(tagged(['2', '2', '1', '1'])))).toBe('ad|bc')
    expect(keys(guessSides(tagged(['1', '2', '3', '1'])))).toBe('ab|cd')
    expect(keys(guessSides(runs.map((one) => ({ ...one, name: one.key === 'c' ? 'other' : 'agent' }))))).toBe('abd|c')
    expect(keys(guessSides([]))).toBe('|')
  })

  test('stand in the address, by keys or by a filter', () => {
    const params = new URLSearchParams('base=a&base=a&base=b&new=b&new=c&new.tag=version%3D2&base.q=x')
    expect(readSides(params)).toEqual({ base: ['a', 'b'], new: ['c'] })
    const compared = readCompared(params)
    expect(writeCompared(compared).toString()).toBe('base=a&base=b&new=c')
    const byFilter = readCompared(new URLSearchParams('base.tag=version%3D1&new.tag=version%3D2&new.from=5'))
    expect(writeCompared(byFilter).toString()).toBe('base.tag=version%3D1&new.tag=version%3D2&new.from=5')
    expect(requestOf(byFilter, 0)).toEqual({ base: { query: { tag: 'version=1' } }, new: { query: { tag: 'version=2', from: 5 } } })
    expect(writeCompared(swapped(byFilter)).get('base.from')).toBe('5')
  })

  test('are compared when both are chosen and not the same', () => {
    const of = (text: string): unknown => requestOf(readCompared(new URLSearchParams(text)), 0)
    expect([of('base=a'), of('base.q=x&new.q=x'), of('base.q=x')]).toEqual([undefined, undefined, undefined])
    expect(of('base=a&new.q=x')).toEqual({ base: { keys: ['a'] }, new: { query: { q: 'x' } } })
    expect(isChosen(readCompared(new URLSearchParams('')).base)).toBe(false)
  })

  test('a run is on one of them', () => {
    const compared = readCompared(new URLSearchParams('base=a&new=b'))
    expect(writeCompared(moved(compared, 'a', 'new')).toString()).toBe('new=b&new=a')
    expect(writeCompared(moved(compared, 'b', undefined)).toString()).toBe('base=a')
  })
})

describe('a run that goes on', () => {
  const of = (ids: string, findings: readonly (readonly [code: string, span: string])[]) => ({
    spans: { ids: [...ids] }, placeOf: (id: string) => (ids.includes(id) ? ids.indexOf(id) : undefined), analysis: { findings: findings.map(([code, span]) => ({ code, spanIds: [span] })) },
  })
  const before = of('abc', [['PAR001', 'b'], ['TOOL002', 'c']])
  const after = (query: string): string | undefined => samePlaces(before, of('axbc', [['RETRY001', 'x'], ['TOOL002', 'c'], ['PAR001', 'b']]), new URLSearchParams(query))?.toString()

  test('keeps the span and the finding that are looked at', () => {
    expect([after('span=0'), after('span=1&search=x'), after('finding=0&span=2'), after('finding=1'), after('search=x'), after('finding=7'), after('')])
      .toEqual([undefined, 'span=2&search=x', 'finding=2&span=3', undefined, undefined, undefined, undefined])
    expect(after('span=9')).toBe('')
  })
})
