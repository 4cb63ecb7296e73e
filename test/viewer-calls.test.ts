import { describe, expect, test } from 'vitest'
import { latencyPoints, latencyText, pictureText } from '../viewer/ui/calls/latency-points.ts'
import { stretchesOf } from '../viewer/ui/calls/phases.ts'
import { callRows, filtered, isTroubled, nextSort, readSort, sorted, totalsOf, type CallRow } from '../viewer/ui/calls/rows.ts'
import { longConversation } from '../bench/large-trace.ts'
import { draw } from './draw.ts'
import { concurrentTrace } from './support/random-run.ts'
import { runModel } from './support/run-model.ts'

const run = runModel(draw(`
  agent 0-1000
    gpt 10-110 model=gpt-5-mini answered=gpt-5-mini-2025-08-07 provider=openai in=1200 cached=300 out=80 first=40 last=100 finish=stop
    claude 120-420 model=claude-haiku-4-5 provider=anthropic in=5000 out=10 attempts=120-130:429,200-420:200 finish=length
    gpt 430-450 model=gpt-5-mini provider=openai failed=RateLimitError:slow
    gpt 460-660 model=gpt-5-mini provider=openai in=90 out=8 finish=tool_calls
`))
const rows = callRows(run)
const numbers = (some: readonly CallRow[]): number[] => some.map(({ call }) => call.number)
const by = (text: string): number[] => numbers(sorted(rows, readSort(text)))

describe('the table of calls', () => {
  test('has a row for each, with how it ended', () => {
    expect(rows.map(({ model, startNs, finish }) => `${model} ${startNs / 1e6} ${finish}`)).toEqual([
      'gpt-5-mini-2025-08-07 10 stop', 'claude-haiku-4-5 120 length', 'gpt-5-mini 430 RateLimitError', 'gpt-5-mini 460 tool_calls',
    ])
  })

  test('is sorted by any column, what is unknown last in both directions', () => {
    expect(by('-duration')).toEqual([2, 4, 1, 3])
    expect(by('duration')).toEqual([3, 1, 4, 2])
    expect(by('-input')).toEqual([2, 1, 4, 3])
    expect(by('input')).toEqual([4, 1, 2, 3])
    expect(by('model')).toEqual([2, 3, 4, 1])
    expect(by('-attempts')[0]).toBe(2)
    expect(by('constructor')).toEqual([1, 2, 3, 4])
    for (const column of ['number', 'start', 'ttft', 'speed', 'output', 'cost', 'finish', 'gap']) expect(by(column).toSorted()).toEqual([1, 2, 3, 4])
  })

  test('a title sorts by the most first, then the other way round', () => {
    expect(nextSort(readSort(null), 'cost')).toBe('-cost')
    expect(nextSort(readSort('-cost'), 'cost')).toBe('cost')
    expect(nextSort(readSort('-cost'), 'model')).toBe('model')
    expect(nextSort(readSort(null), 'number')).toBe('-number')
  })

  test('is filtered by words, a model, and trouble', () => {
    const found = (text: string, model = '', troubled = false): number[] => numbers(filtered(rows, { text, model, troubled }))
    expect(found('')).toEqual([1, 2, 3, 4])
    expect(found('OPENAI tool')).toEqual([4])
    expect(found('ratelimit')).toEqual([3])
    expect(found('429')).toEqual([2])
    expect(found('', 'gpt-5-mini')).toEqual([3, 4])
    expect(found('', '', true)).toEqual([2, 3])
    expect(rows.filter(isTroubled).length).toBe(2)
  })

  test('adds up to the run', () => {
    const totals = totalsOf(rows)
    expect(totals).toMatchObject({ calls: 4, durationNs: 620e6, retries: 1 })
    expect(totals.usage).toEqual(run.analysis.totals.usage)
    expect(totals.cost).toEqual(run.analysis.totals.costUsd)
  })

  test.each(Array.from({ length: 30 }, (_, seed) => seed))('of a random run, %i', (seed) => {
    const random = runModel(concurrentTrace(seed))
    const all = callRows(random)
    const totals = totalsOf(all)
    expect(totals.usage).toEqual(random.analysis.totals.usage)
    expect(totals.cost.knownUsd).toBeCloseTo(random.analysis.totals.costUsd.knownUsd, 9)
    expect(totals.cost.unknownCalls).toBe(random.analysis.totals.costUsd.unknownCalls)
    for (const { call } of all) {
      const stretches = stretchesOf(call)
      expect(stretches.reduce((sum, { timeNs }) => sum + timeNs, 0)).toBe(call.durationNs)
    }
  })
})

describe('time to first token', () => {
  test('points are those that the line was drawn through', () => {
    const { analysis } = runModel(longConversation(30, 20_000))
    for (const latency of analysis.latency) expect(latencyPoints(analysis.calls, latency).length).toBe(latency.calls)
    expect(pictureText(latencyPoints(analysis.calls, analysis.latency[0]!))).toMatch(/^10 calls with .* uncached tokens and first tokens after .*\.$/)
  })

  const known = { model: 'm', provider: 'p', calls: 20, tokens: { low: 0, high: 9_000 } }

  test('the line says what a cached prefix would bring', () => {
    expect(latencyText({ ...known, fit: { nsPerThousandTokens: 30e6, interval: { low: 20e6, high: 41e6 }, interceptNs: 500e6 } }))
      .toBe('A cached prefix of 10,000 tokens brings the first token 300 ms sooner (95 %: 200 to 410 ms). With nothing to read the first token takes 500 ms.')
    expect(latencyText({ ...known, fit: { nsPerThousandTokens: 5e6, interval: { low: -2e6, high: 9e6 }, interceptNs: 0 } }))
      .toBe('Whether more tokens take longer cannot be told from these calls: a cached prefix of 10,000 tokens brings the first token up to 90.0 ms sooner, or not at all (95 %).')
    expect(latencyText({ ...known, fit: { nsPerThousandTokens: -5e6, interval: { low: -9e6, high: -1e6 }, interceptNs: 0 } })).toBe('More tokens do not take longer here.')
    expect(latencyText({ ...known, reason: 'they differ too little' })).toBe('No line through 20 calls: they differ too little.')
  })
})
