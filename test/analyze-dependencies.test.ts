import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis, DependencyEvidence } from '../src/model/analysis.ts'
import type { Trace } from '../src/model/span.ts'
import { nsToMs } from '../src/model/units.ts'
import { draw } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { withValues, type Noted } from './support/valued.ts'

function analyzed(trace: Trace): Analysis {
  checkTrace(trace)
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  return analysis
}

const told = ({ kind, value, count, by, knownAtNs }: DependencyEvidence): string =>
  [kind, ...(value === undefined ? [] : [value, count]), ...(by === undefined ? [] : ['…']), ...(knownAtNs === undefined ? [] : [nsToMs(knownAtNs)])].join(' ')

/** `a → b issued, value identifier 1`, `a | b known-before 5` for independent ones, and what is unknown. */
function pairs(trace: Trace): string {
  const { dependencies, spans } = analyzed(trace)
  const nameOf = (id: string): string => spans.find((span) => span.id === id)!.name
  return [
    ...(dependencies?.pairs ?? []).map(({ from, to, verdict, evidence }) =>
      `${nameOf(from)} ${verdict === 'dependent' ? '→' : '|'} ${nameOf(to)} ${evidence.map(told).join(', ')}`),
    `unknown ${dependencies?.counts.unknown ?? 0}`,
  ].join('\n')
}

const times = ({ schedules: { proven, possible } }: Analysis): string =>
  `proven ${nsToMs(proven.durationNs)} with ${proven.limit}, possible ${nsToMs(possible.durationNs)} with ${possible.limit}`

test('each need says what proves it', () => {
  expect(pairs(draw(`
    agent 0-130
      llm 0-10 llm model=m asks=a#c1,b#c2
      a 10-60 call=c1 by=llm
      b 60-90 call=c2 by=llm
      answer 90-110 llm model=m repeats=llm carries=c1,c2
      log 110-130 after=answer
  `))).toBe([
    'llm → a issued', 'llm → b issued', 'llm → answer answer', 'a → answer carried', 'b → answer carried', 'answer → log declared',
    'a | b issued-together …', 'unknown 0',
  ].join('\n'))
})

test('a value that an output had first is a need', () => {
  const trace = withValues(`
    agent 0-100
      find 0-40 tool
      refund 40-70 tool
      note 70-100 tool
  `, { find: { known: 0 }, refund: { known: 40, shares: ['find'], from: ['find'] }, note: { known: 0 } })
  expect(pairs(trace)).toBe(['find → refund value identifier 1', 'find | note known-before 0', 'refund | note known-before 0', 'unknown 0'].join('\n'))
  expect(times(analyzed(trace))).toBe('proven 70 with 2, possible 70 with 2')
})

describe('proven independent by values', () => {
  const drawing = `
    agent 0-100
      load 0-30 memory
      fetch 40-100 retrieval
  `
  const check = (noted: Readonly<Record<string, Noted>>, text = drawing): string => pairs(withValues(text, noted)).split('\n').filter((line) => !line.includes('→')).join()

  test('what was known before the other began, with nothing in common', () => {
    expect(check({ load: {}, fetch: { known: 0 } })).toBe('load | fetch known-before 0,unknown 0')
    expect(times(analyzed(withValues(drawing, { load: {}, fetch: { known: 0 } })))).toBe('proven 70 with 2, possible 70 with 2')
  })

  test.each<[string, Record<string, Noted>, string?]>([
    ['something in common', { load: {}, fetch: { known: 0, shares: ['load'] } }],
    ['something in common with very many', { load: {}, fetch: { known: 0, shares: 'all' } }],
    ['input of which some was never seen', { load: {}, fetch: {} }],
    ['input that came up while the other ran', { load: {}, fetch: { known: 5 } }],
    ['an output that was not looked at whole', { load: { seen: false }, fetch: { known: 0 } }],
    ['something in common with what ran inside the other', { load: {}, inner: {}, fetch: { known: 0, shares: ['inner'] } }, `
      agent 0-100
        load 0-30 memory
          inner 5-20 tool
        fetch 40-100 retrieval`],
    ['something inside the other whose output was not looked at', { load: {}, fetch: { known: 0 } }, `
      agent 0-100
        load 0-30 memory
          inner 5-20
        fetch 40-100 retrieval`],
    ['a name that says that it writes', { update_user: {}, fetch: { known: 0 } }, `
      agent 0-100
        update_user 0-30 tool
        fetch 40-100 retrieval`],
    ['a name that says that it decides', { checkAccess: {}, fetch: { known: 0 } }, `
      agent 0-100
        checkAccess 0-30 tool
        fetch 40-100 retrieval`],
    ['commands', { load: {}, bash: { known: 0 } }, `
      agent 0-100
        load 0-30 tool
        bash 40-100 tool`],
  ])('is not claimed with %s', (_what, noted, text) => expect(check(noted, text)).toMatch(/^unknown 1$/))

  test('is not claimed across a call of a model, which may have read the result, whoever asked for what', () => {
    expect(check({ load: {}, fetch: { known: 0 } }, `
      agent 0-100
        load 0-30 tool
        llm 30-35 llm model=m
        fetch 40-100 tool
    `)).toBe('unknown 3')
    expect(check({ load: {}, fetch: { known: 0 } }, `
      agent 0-100
        tools 0-100
          load 0-30 tool
          fetch 40-100 tool
        llm 30-90 llm model=m
    `)).toBe('unknown 1')
  })

  test('is not claimed where a chain of needs leads from one to the other, within the parent or outside of it', () => {
    expect(check({ load: {}, fetch: { known: 0 } }, `
      agent 0-100
        load 0-30 tool
        sum 30-40 after=load
        fetch 40-100 tool after=sum
    `)).toBe('unknown 0')
    expect(check({ load: {}, fetch: { known: 0 } }, `
      agent 0-100
        tools 0-100
          load 0-30 tool
          sum 30-40 after=load
          inner 40-100
            fetch 40-100 tool after=sum
    `)).toBe('unknown 0')
    expect(check({ load: {}, fetch: { known: 0 } }, `
      agent 0-100
        other 0-40
          sum 30-40
        tools 0-100
          load 0-30 tool
          fetch 40-100 tool after=sum
    `)).toBe('unknown 1')
  })

  test('does not loosen what something unknown between them holds together', () => {
    const trace = withValues(`
      agent 0-100
        load 0-30 memory
        think 30-50
        fetch 50-100 retrieval
    `, { load: {}, fetch: { known: 0 } })
    expect(pairs(trace)).toBe('load | fetch known-before 0\nunknown 2')
    expect(times(analyzed(trace))).toBe('proven 100 with 1, possible 50 with 3')
  })

  test('each pair for itself: one waits for the first alone, one for the second alone', () => {
    const trace = withValues(`
      agent 0-100
        a 0-10 tool
        b 10-40 tool
        c 40-60 tool
        d 60-100 tool
    `, { a: { known: 0 }, b: { known: 0 }, c: { known: 10, shares: ['a'] }, d: { known: 0, shares: ['b'] } })
    // c begins at 10 and d at 30 by the values; c was known when a had ended, but b began then, so all that is proven is c beside b.
    expect(times(analyzed(trace))).toBe('proven 70 with 2, possible 40 with 4')
    expect(analyzed(trace).schedules.proven.moved).toMatchObject({ count: 3 })
  })
})

describe('what halving an operation saves', () => {
  const halved = (drawing: string): string => analyzed(draw(drawing)).operations.map(({ name, halvedSavesNs }) => `${name} ${nsToMs(halvedSavesNs!)}`).sort().join()

  test('is nothing where the run waits for something else, and is said', () => expect(halved(`
    agent 0-100
      search 0-80
        embed 0-10
        query 10-80
      log 0-60
      answer 80-100 llm model=m
  `)).toBe('agent 50,answer 10,embed 5,log 0,query 20,search 20'))

  test('ends where the next longest begins to count', () => expect(halved(`
    agent 0-100
      a 0-100
      b 0-90
  `)).toBe('a 10,agent 50,b 0'))
})
