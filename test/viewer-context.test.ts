import { describe, expect, test } from 'vitest'
import { breakAt, contextColumns, drawnColumns, lossOf, topOf } from '../viewer/ui/context/columns.ts'
import { columnAt, xOf } from '../viewer/ui/context/geometry.ts'
import { kindOrder, partColor } from '../viewer/ui/context/kinds.ts'
import { byKind, inOrder, tokensBefore } from '../viewer/ui/context/stacks.ts'
import { breakText, columnTexts, todoText } from '../viewer/ui/context/words.ts'
import { draw } from './draw.ts'
import { CLAUDE, recordedTurns, traceOf, type Said, type Turn } from './support/cached-conversation.ts'
import { concurrentTrace } from './support/random-run.ts'
import { runModel } from './support/run-model.ts'

const turns = recordedTurns('claude-sonnet-4-5-20250929')
const changedFrom = (first: number, change: (request: readonly Said[]) => readonly Said[]): Turn[] =>
  turns.map((turn, at) => (at < first ? turn : { ...turn, request: change(turn.request) }))
const GREP = 2
const run = runModel(traceOf(changedFrom(4, (request) => request.map((said, i) => (i === GREP ? { ...said, text: `${said.text} now` } : said))), CLAUDE))
const all = contextColumns(run)
const sum = (stretches: readonly { readonly tokens: number }[]): number => stretches.reduce((total, { tokens }) => total + tokens, 0)
const requestOf = (place: number): readonly number[] => run.callContent(place)?.request ?? []
const { parts } = run.document.content

describe('columns', () => {
  test('are all that the request and the answer took, stacked either way', () => {
    expect(all.columns.length).toBe(turns.length)
    for (const { call, place } of all.columns) {
      expect(sum(byKind(call))).toBe(call.usedTokens)
      for (const least of [0, 50, 5_000]) expect(sum(inOrder(call, requestOf(place), parts, least))).toBeCloseTo(call.usedTokens, 5)
      expect(byKind(call).at(-1)!.kind).toBe('answer')
    }
  })

  test('by kind stand in the order in which a cache reads', () => {
    expect(byKind(all.columns.at(-1)!.call).map(({ kind }) => kind)).toEqual(['tool-definition', 'system', 'user', 'assistant', 'reasoning', 'tool-call', 'tool-result', 'answer'])
    expect(kindOrder('something new')).toBeLessThan(kindOrder('rest'))
    expect([partColor('tool-result'), partColor('not recorded'), partColor('constructor')]).toEqual(['--part-tool-result', '--part-not-recorded', '--part-other'])
  })

  test('what is too small to be seen goes with its neighbours', () => {
    const { call, place } = all.columns.at(-1)!
    const fine = inOrder(call, requestOf(place), parts, 0)
    const coarse = inOrder(call, requestOf(place), parts, 500)
    expect(coarse.length).toBeLessThan(fine.length)
    expect(coarse.slice(0, -2).every(({ tokens }) => tokens >= 500)).toBe(true)
  })

  test('the break stands at the part that changed, and what was paid again above what was read', () => {
    const column = all.columns[4]!
    expect(column.broke).toMatchObject({ cause: 'tool-changed', call: 5, part: { index: GREP } })
    const { call, place } = column
    const definitions = call.composition!['tool-definition']!
    const at = breakAt(column, true, requestOf(place), parts)
    expect(at).toBe(tokensBefore(call, GREP, requestOf(place), parts))
    // Two of five definitions of nearly the same length stand before it.
    expect(at / definitions).toBeCloseTo(2 / 5, 1)
    // By kind too: nothing but definitions is below it.
    expect(breakAt(column, false, requestOf(place), parts)).toBe(at)
    expect(lossOf(column)).toEqual({ from: call.input!.cacheRead, to: call.input!.cacheRead + column.broke!.tokens })
    expect(lossOf(all.columns[3]!)).toBeUndefined()
  })

  test('a changed message has no place of its own by kind', () => {
    const edited = runModel(traceOf(changedFrom(6, (request) => request.map((said, i) => (i === 7 ? { ...said, text: `${said.text} edited` } : said))), CLAUDE))
    const column = contextColumns(edited).columns.find(({ broke }) => broke !== undefined)!
    const places = edited.callContent(column.place)!.request
    expect(breakAt(column, false, places, edited.document.content.parts)).toBe(column.call.input!.cacheRead)
    expect(breakAt(column, true, places, edited.document.content.parts)).toBeGreaterThan(column.call.composition!['tool-definition']! + column.call.composition!['system']!)
  })

  test('agents that ran side by side stand one after another', () => {
    const two = runModel(draw(`
      lead 0-100
        plan 0-5 model=gpt-5-mini in=10 out=1
        one 5-60 agent
          a1 10-20 model=gpt-5-mini in=100 out=1
          a2 30-40 model=gpt-5-mini in=200 out=1
        two 5-60 agent
          b1 12-22 model=gpt-5-mini in=300 out=1
          b2 32-42 model=gpt-5-mini in=400 out=1
        sum 70-80 model=gpt-5-mini in=20 out=1
    `))
    const { columns, groups } = contextColumns(two)
    expect(groups.map(({ agent, from, to }) => `${two.name(agent)}: ${columns.slice(from, to).map(({ place }) => two.name(place)).join(' ')}`)).toEqual([
      'lead: plan sum', 'one: a1 a2', 'two: b1 b2',
    ])
  })

  test.each(Array.from({ length: 20 }, (_, seed) => seed))('of a random run, %i', (seed) => {
    const random = runModel(concurrentTrace(seed))
    const { columns, groups } = contextColumns(random)
    expect(groups.reduce((count, { from, to }) => count + to - from, 0)).toBe(columns.length)
    for (const { call, place } of columns) {
      expect(sum(byKind(call))).toBeCloseTo(call.usedTokens, 5)
      expect(sum(inOrder(call, random.callContent(place)?.request ?? [], random.document.content.parts, 10))).toBeCloseTo(call.usedTokens, 5)
    }
  })
})

describe('the picture', () => {
  test('shows the window where it is near, or when asked', () => {
    const sized = { ...all, mostTokens: 100_000 }
    expect(topOf({ ...sized, largestWindow: 128_000 }, 'largest')).toBeCloseTo(128_000 * 1.04)
    expect(topOf({ ...sized, largestWindow: 1_000_000 }, 'largest')).toBeCloseTo(106_000)
    expect(topOf({ ...sized, largestWindow: 1_000_000 }, 'window')).toBeCloseTo(1_030_000)
    expect(topOf({ ...sized, largestWindow: 0 }, 'window')).toBeCloseTo(106_000)
  })

  test('draws every column, or the largest of neighbours that are thinner than a line', () => {
    expect(drawnColumns(all.columns, { from: 0, to: all.columns.length }, 900).map(({ index }) => index)).toEqual(all.columns.map((_, i) => i))
    const many = Array.from({ length: 5_000 }, (_, i) => all.columns[i % all.columns.length]!)
    const drawn = drawnColumns(many, { from: 0, to: many.length }, 1_000)
    expect(drawn.length).toBeLessThanOrEqual(500)
    expect(drawn.reduce((count, one) => count + one.count, 0)).toBe(many.length)
    for (const { index, first, count } of drawn) expect(many[index]!.call.usedTokens).toBe(Math.max(...many.slice(first, first + count).map(({ call }) => call.usedTokens)))
  })

  test('a place belongs to the column drawn there', () => {
    const range = { from: 10, to: 40 }
    for (const index of [10, 17, 39]) expect(columnAt(xOf(index + 0.5, range, 900), range, 900, 100)).toBe(index)
    expect(columnAt(3, range, 900, 100)).toBeUndefined()
    expect(columnAt(899, range, 900, 100)).toBeUndefined()
    expect(columnAt(xOf(35, range, 900), range, 900, 20)).toBeUndefined()
  })

  test('says what it shows', () => {
    const { title, lines, broke } = columnTexts(all.columns[4]!)
    expect(title).toMatch(/^Call 5, claude-sonnet-4-5-20250929: [\d,]+ tokens, [\d.]+ % of 200,000$/)
    expect(lines[0]).toMatch(/^tool results \d+ %, /)
    expect(broke).toMatch(/^The cached prefix broke after 0 tokens: tool Grep changed: [\d,]+ tokens paid again, \$0\.0\d+$/)
    expect(breakText({ ...all.columns[4]!.broke!, cause: 'unknown' })).toMatch(/^unknown cause: /)
    expect(todoText({ ...all.columns[4]!.broke!, cause: 'expired', gapNs: 600e9 })).toBe('Ask for a longer lifetime, or repeat the prefix in time. The pause took 10 min 0 s.')
  })
})
