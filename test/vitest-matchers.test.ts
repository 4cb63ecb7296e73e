import { describe, expect, test } from 'vitest'
import { analyze, Profiler } from '../src/index.ts'
import { matchers } from '../src/vitest.ts'
import { draw } from './draw.ts'
import { manualClock } from './support/clock.ts'

const sequential = draw(`
  agent 0-100
    llm 1-40 model=gpt-5-mini in=1000 out=50 asks=search#c1,orders#c2
    search 40-60 call=c1 by=llm
    orders 60-99 call=c2 by=llm
`)
const parallel = draw(`
  agent 0-100
    turn 0-90
      search 40-60
      orders 45-80
      search 50-55
    orders 90-99
`)

function messageOf(matcher: () => void): string {
  try {
    matcher()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it passed')
}

/** What a project's own test of its agent looks like. */
describe('an agent', () => {
  test('stays within its budget', async () => {
    const profiler = new Profiler({ clock: manualClock() })
    await profiler.run('agent', async () => await profiler.tool('search', async () => 'found')())
    expect(profiler).toStayWithin({ durationMs: 8000, llmCalls: 0, toolCalls: 1, costUsd: 0 })
    expect(profiler.lastTrace).toHaveNoFinding()
    expect(profiler).not.toStayWithin({ toolCalls: 0 })
  })

  test('runs its tools together', () => {
    expect(parallel).toRunInParallel('search', 'orders')
    expect(sequential).not.toRunInParallel('search', 'orders')
  })
})

describe('toStayWithin', () => {
  test('tells every reason', () => {
    expect(messageOf(() => expect(sequential).toStayWithin({ durationMs: 50, tokens: 5000, failOn: ['PAR001'] }))).toMatch(
      /^expected the run to stay within the limits:\n {2}the duration is 100 ms, over 50 ms\n {2}the run has PAR001: Run search and orders together/)
  })

  test('takes an analysis, and several runs for percentiles', () => {
    expect(analyze(sequential)).toStayWithin({ durationMs: 100, contextShare: 0.1 })
    expect([sequential, parallel]).toStayWithin({ durationMs: { p50: 100, max: 100 }, minRuns: 2 })
    expect(messageOf(() => expect([sequential, parallel]).not.toStayWithin({ durationMs: 100 })))
      .toBe('expected 2 runs not to stay within the limits, but nothing is over them:\n  durationMs p95: 100, limit 100')
  })

  test('an unknown price is over any limit', () => {
    const unknown = draw('agent 0-100\n  llm 1-40 model=nobody-knows-it in=10 out=5')
    expect(messageOf(() => expect(unknown).toStayWithin({ costUsd: 100 }))).toContain('the cost of the run is unknown')
  })

  test('a limit that there is not fails both ways', () => {
    const limits = { durationMs: 1, tokns: 5 }
    const reason = 'the budget has no "tokns"; did you mean tokens?'
    expect(messageOf(() => expect(sequential).toStayWithin(limits))).toContain(reason)
    expect(messageOf(() => expect(sequential).not.toStayWithin(limits))).toContain(reason)
  })

  test('what is no run is told from what is', () => {
    expect(messageOf(() => expect(new Profiler()).toStayWithin({ tokens: 1 }))).toContain('has no run that has ended')
    expect(messageOf(() => expect(undefined).toStayWithin({ tokens: 1 }))).toContain('expect() takes a trace, its analysis, a profiler, or a list of them, got undefined')
    expect(messageOf(() => expect([]).toStayWithin({ tokens: 1 }))).toContain('no runs in the list')
  })
})

describe('toRunInParallel', () => {
  test('shows the intervals', () => {
    expect(messageOf(() => expect(sequential).toRunInParallel('search', 'orders'))).toBe([
      'expected search and orders to run in parallel, but they never overlap:', '  under agent',
      '    search  40.0 ms to 60.0 ms', '    orders  60.0 ms to 99.0 ms',
      'Start them together, for example with Promise.all, before awaiting the first.',
    ].join('\n'))
    expect(messageOf(() => expect(parallel).not.toRunInParallel('search', 'orders'))).toContain('but they overlap:\n  under turn\n    search')
  })

  test('a name twice takes two spans, and all names at one instant', () => {
    expect(parallel).toRunInParallel('search', 'search')
    expect(parallel).toRunInParallel('search', 'search', 'orders')
    expect(parallel).not.toRunInParallel('orders', 'orders')
    expect(draw('agent 0-9\n  a 0-3\n  b 2-6\n  c 5-9')).not.toRunInParallel('a', 'b', 'c')
  })

  test('spans of different parents are no siblings', () => {
    const apart = draw('agent 0-9\n  one 0-9\n    a 0-5\n  two 0-9\n    b 0-5')
    expect(messageOf(() => expect(apart).toRunInParallel('a', 'b'))).toContain('they have no common parent:\n  under one\n    a  0 ns to 5.00 ms\n  under two')
  })

  test('a name that no span has fails both ways', () => {
    const reason = 'toRunInParallel: no span is called serch; did you mean search?'
    expect(messageOf(() => expect(parallel).toRunInParallel('serch', 'orders'))).toBe(reason)
    expect(messageOf(() => expect(parallel).not.toRunInParallel('serch', 'orders'))).toBe(reason)
  })
})

test('the matchers by themselves, for an expect of one\'s own', () => {
  expect(Object.keys(matchers)).toEqual(['toStayWithin', 'toRunInParallel', 'toHaveNoFinding'])
  expect(matchers.toHaveNoFinding(draw('agent 0-10')).message()).toBe('expected the run to have a finding, but there is none')
  expect(() => matchers.toRunInParallel(parallel, 'search')).toThrow('takes the names of two spans or more, got ["…"]')
})

describe('toHaveNoFinding', () => {
  test('shows what was found and what to do', () => {
    expect(parallel).toHaveNoFinding('PAR001', 'RETRY001')
    expect(sequential).not.toHaveNoFinding('PAR001')
    expect(messageOf(() => expect(sequential).toHaveNoFinding('PAR001'))).toMatch(
      /^expected the run to have no PAR001, but found:\n {2}PAR001 Run search and orders together[^]*saves 20.0 ms, proven\)\n {4}Start them all/)
    expect(messageOf(() => expect(sequential).toHaveNoFinding('slow'))).toContain('takes codes such as PAR001, got "slow"')
  })
})
