import { describe, expect, test } from 'vitest'
import type { Explanation, OperationChange, RunDiff } from '../src/model/many-runs.ts'
import { barsOf, countText, operationNames, sideText, toneOf } from '../viewer/ui/dashboard/comparison-words.ts'
import { bucketText, bucketTime, formatSeries, seriesOf, stepFrom, tickText, type Bucket } from '../viewer/ui/dashboard/series.ts'

const HOUR = 3_600_000
const start = new Date(2026, 2, 1, 9).getTime()
const bucket = (i: number, more: Partial<Bucket> = {}): Bucket => ({ fromEpochMs: start + i * HOUR, toEpochMs: start + (i + 1) * HOUR, runs: 0, failed: 0, ...more })
const point = { p50: 1e9, p95: 2e9, p99: 3e9 }

describe('percentiles over time', () => {
  const buckets = [bucket(0, { runs: 3, failed: 1, durationNs: point }), bucket(1), bucket(2, { runs: 1, durationNs: { p50: 4e9, p95: 4e9, p99: 4e9 } })]

  test('an empty stretch is a gap and no zero', () => {
    expect(seriesOf(buckets, 'durationNs')).toEqual([
      buckets.map(({ fromEpochMs }) => fromEpochMs / 1_000 + 1_800), [1e9, null, 4e9], [2e9, null, 4e9], [3e9, null, 4e9], [1, null, null],
    ])
    expect(seriesOf(buckets, 'costUsd')[1]).toEqual([null, null, null])
  })

  test('the cursor goes from one with runs to the next', () => {
    expect([stepFrom(buckets, undefined, 1), stepFrom(buckets, undefined, -1), stepFrom(buckets, 0, 1), stepFrom(buckets, 2, 1), stepFrom(buckets, 2, -1), stepFrom([], undefined, 1)])
      .toEqual([0, 2, 2, 2, 0, undefined])
  })

  test('is read aloud in words', () => {
    expect(bucketText(buckets[0]!, 'durationNs')).toBe(`${bucketTime(buckets[0]!)}: 3 runs, 1 failed; p50 1.00 s, p95 2.00 s, p99 3.00 s`)
    expect(bucketText(buckets[1]!, 'durationNs')).toBe(`${bucketTime(buckets[1]!)}: 0 runs`)
    expect(bucketText(buckets[2]!, 'costUsd')).toContain('1 run; cost unknown')
    expect([formatSeries('costUsd', 0.0123), formatSeries('tokens', 12_345)]).toEqual(['$0.0123', '12.3k'])
  })

  test('days are named where ticks are days apart, or a day begins', () => {
    const midnight = new Date(2026, 2, 2).getTime()
    expect(tickText(midnight, HOUR)).toBe(tickText(midnight + HOUR, 24 * HOUR))
    expect(tickText(midnight + HOUR, HOUR)).not.toBe(tickText(midnight, HOUR))
    expect(bucketTime({ fromEpochMs: midnight, toEpochMs: midnight + 24 * HOUR })).toBe(tickText(midnight, 24 * HOUR))
  })
})

const operation = (path: readonly string[], more: Partial<OperationChange> = {}): OperationChange =>
  ({ path, category: 'tool', presence: 'both', count: { base: 1, new: 1 }, changes: [], contribution: { wallNs: 0 }, ...more })

describe('what explains a change', () => {
  const operations = [operation(['agent', 'search']), operation(['agent', 'plan', 'llm'], { count: { base: 1, new: 2.5 } }), operation(['agent', 'old'], { presence: 'gone', count: { base: 1, new: 0 } })]
  const explanation: Explanation = {
    metric: 'durationNs', meanChange: 1e9,
    parts: [{ operation: 1, change: 2e9, share: 2, proven: true }, { operation: 2, change: -1.5e9, share: -1.5, proven: false }],
    rest: { operations: 3, change: 0.5e9, share: 0.5 },
  }
  const method = { totals: { correction: 'holm', tests: 3 } } as RunDiff['method']

  test('one bar for each part and one for the rest, which add up', () => {
    const bars = barsOf(explanation, { operations, method })
    expect(bars.map(({ name, changeText, shareText, note, isProven, length }) => [name, changeText, shareText, note, isProven, length])).toEqual([
      ['plan › llm', '+2.00 s', '200 %', '1 → 2.5 per run', true, 1],
      ['old', '-1.50 s', '-150 %', 'gone', false, 0.75],
      ['rest: 3 operations without a proven difference', '+500 ms', '50 %', '', false, 0.25],
    ])
    expect(bars.reduce((sum, { change }) => sum + change, 0)).toBe(explanation.meanChange)
  })

  test('names are clean, and say what they became', () => {
    expect(operationNames(operation(['agent', 'gpt-4o'], { renamedTo: 'gpt-5' }))).toEqual(['gpt-4o → gpt-5'])
    expect(operationNames(operation(['agent', 'a\u202eb\u0000']))).toEqual(['ab␀'])
    expect([countText(operations[0]!), countText(operations[2]!)]).toEqual(['1', '1 → 0'])
  })

  test('more is worse, and what is not proven has no colour', () => {
    expect((['more', 'less', 'small', 'unclear', 'none', 'untested'] as const).map(toneOf)).toEqual(['bad', 'good', '', '', 'faint', 'faint'])
    expect(sideText({ runs: 3, failed: 1, names: ['a', 'b', 'c'], traceIds: [] })).toBe('3 runs of a, b, … (1 failed)')
  })
})
