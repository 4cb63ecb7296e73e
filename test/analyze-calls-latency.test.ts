import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import { secondsOfPrefill } from '../src/analyze/latency.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { nsToMs } from '../src/model/units.ts'
import { draw } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { seeded } from './support/random.ts'

function analyzed(drawing: string): Analysis {
  const trace = draw(drawing)
  checkTrace(trace)
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  return analysis
}

/** `wait 1, headers 10, decode 5, rest 2` of the call, in milliseconds; `-` for none. */
function phases(call: string): string {
  const found = analyzed(`\n agent 0-1000\n  m ${call}`).calls[0]!.phases
  return found === undefined ? '-' : Object.entries(found).map(([name, ns]) => `${name.slice(0, -2)} ${nsToMs(ns as number)}`).join(', ')
}

describe('phases of a call', () => {
  test.each([
    ['nothing but its duration', '10-50 model=m', '-'],
    ['a plain answer', '10-50 model=m attempts=12-40:200', 'wait 2, headers 28, rest 10'],
    ['a stream', '10-100 model=m first=60 last=90 attempts=10-40:200', 'wait 0, headers 30, firstToken 20, decode 30, rest 10'],
    ['a stream without attempts', '10-100 model=m first=60 last=90', 'firstToken 50, decode 30, rest 10'],
    ['one token', '10-100 model=m first=60', 'firstToken 50, rest 40'],
    ['attempts that failed', '0-100 model=m attempts=1-10:429,30-45:500,65-80:200', 'wait 1, attempts 24, backoff 40, headers 15, rest 20'],
    ['a call that failed in the end', '0-100 model=m failed=E attempts=1-10:429,30-45:500', 'wait 1, attempts 24, backoff 20, rest 55'],
    ['a slow reader', '0-100 model=m first=40 last=90 reader=5,30,8', 'firstToken 35, decode 20, reader 43, rest 2'],
    ['a reader said to be slower than the stream', '0-100 model=m first=40 last=50 reader=0,30,80', 'firstToken 40, decode 0, reader 60, rest 0'],
    ['times outside the call', '20-50 model=m first=10 last=80 attempts=5-90:200', 'wait 0, headers 30, firstToken 0, decode 0, rest 0'],
  ])('%s', (_what, call, expected) => expect(phases(call)).toBe(expected))
})

describe('the gap before a call', () => {
  /** By the calls' numbers, in milliseconds. */
  const gaps = (drawing: string): readonly (number | undefined)[] => analyzed(drawing).calls.map(({ gapNs }) => gapNs && nsToMs(gapNs))

  test('is between the last call or tool and its start', () => {
    expect(gaps(`
      agent 0-200
        m 5-50 model=m
        search 52-80 tool
        m 90-120 model=m
        m 121-150 model=m
    `)).toEqual([undefined, 10, 1])
  })

  test('follows the conversation through steps and into tools', () => {
    expect(gaps(`
      agent 0-300
        step 0-100
          m 0-50 model=m
          search 50-90 tool
        step 105-250
          m 110-140 model=m
          research 145-200 tool
            m 150-190 model=m
    `)).toEqual([undefined, 20, 10])
  })

  test('is not known while something else runs', () => {
    expect(gaps(`
      agent 0-200
        m 0-50 model=m
        search 55-120 tool
        m 100-150 model=m
    `)).toEqual([undefined, undefined])
  })
})

/** Calls with so many uncached tokens that take so many milliseconds to the first one. */
const calls = (points: readonly (readonly [tokens: number, ttft: number])[], more = ''): string => [
  `agent 0-${points.length * 20_000}`,
  ...points.map(([tokens, ttft], i) =>
    `  m ${i * 20_000}-${i * 20_000 + 15_000} llm model=m in=${tokens + 500} cached=500 out=10 first=${i * 20_000 + ttft} last=${i * 20_000 + 14_000} ${more}`),
].join('\n')

describe('time to first token against uncached tokens', () => {
  const sizes = Array.from({ length: 20 }, (_, i) => 1_000 + i * 700)
  const random = seeded(7)
  // 0.3 s per 1,000 tokens after 400 ms, with noise and two outliers.
  const noisy = sizes.map((tokens, i) => [tokens, 400 + tokens * 0.3 + random() * 120 - 60 + (i === 3 || i === 11 ? 5_000 : 0)] as const)

  test('a line through the calls, whatever a few of them did', () => {
    const { latency } = analyzed(calls(noisy))
    const [{ fit, ...rest } = { fit: undefined }] = latency
    expect(rest).toEqual({ model: 'm', provider: 'openai', calls: 20, tokens: { low: 1_000, high: 14_300 } })
    expect(fit!.nsPerThousandTokens / 1e6).toBeGreaterThan(290)
    expect(fit!.nsPerThousandTokens / 1e6).toBeLessThan(310)
    expect(fit!.interval.low / 1e6).toBeLessThanOrEqual(300)
    expect(fit!.interval.high / 1e6).toBeGreaterThanOrEqual(300)
    expect(fit!.interceptNs / 1e6).toBeGreaterThan(300)
    expect(fit!.interceptNs / 1e6).toBeLessThan(500)
  })

  test('says what a cached prefix buys, in seconds', () => {
    const { latency } = analyzed(calls(sizes.map((tokens) => [tokens, 400 + tokens * 0.3] as const)))
    expect(secondsOfPrefill(latency, 'm', 10_000)).toEqual({
      seconds: expect.closeTo(3, 6) as number, low: expect.closeTo(3, 6) as number, high: expect.closeTo(3, 6) as number,
    })
    expect(secondsOfPrefill(latency, 'other', 10_000)).toBeUndefined()
  })

  test.each([
    ['few calls', calls(noisy.slice(0, 5)), '5 calls with a measured first token; 8 are needed'],
    ['sizes that are alike', calls(noisy.map(([, ttft], i) => [2_000 + i, ttft])), 'the calls differ by 19 uncached tokens; 1000 are needed'],
    ['no trend', calls(noisy.map(([tokens], i) => [tokens, 400 + ((i * 7) % 11) * 30])),
      'the time to the first token did not grow with the uncached tokens beyond its own scatter'],
    ['two sizes', calls(noisy.map(([, ttft], i) => [i < 18 ? 1_000 : 5_000, ttft])), 'too many calls have the same number of uncached tokens'],
  ])('with %s there is none, and a reason', (_what, drawing, reason) => {
    const [latency] = analyzed(drawing).latency
    expect(latency).toMatchObject({ model: 'm', reason })
    expect(latency).not.toHaveProperty('fit')
  })

  test('leaves out what a reader hid, what was counted locally, and retries', () => {
    expect(analyzed(calls(sizes.map((tokens) => [tokens, 400 + tokens * 0.3]), 'reader=300,0,0')).latency).toEqual([])
    expect(analyzed('agent 0-100\n  m 0-100 model=m first=50 last=80 parts=user:80 answer=80').latency).toEqual([])
    const retried = calls(sizes.map((tokens, i) => [tokens, 5_000 + tokens * 0.3 + (i % 2) * 3_000]))
      .replaceAll(/ (\d+)-(\d+) llm (.*) first=(\d+)/g, (_, start: string, end: string, rest: string, first: string) =>
        ` ${start}-${end} llm ${rest} first=${first} attempts=${start}-${Number(start) + 100}:500,${Number(first) - tokensOf(rest) * 0.3}-${first}:200`)
    expect(analyzed(retried).latency[0]!.fit!.nsPerThousandTokens / 1e6).toBeCloseTo(300, 3)
  })

  const tokensOf = (rest: string): number => Number(/in=(\d+)/.exec(rest)![1]) - 500

  test('does not depend on the order of the spans', () => {
    const trace = draw(calls(noisy))
    expect(analyze({ ...trace, spans: [trace.spans[0]!, ...trace.spans.slice(1).toReversed()] }).latency).toEqual(analyze(trace).latency)
  })
})

test('the own time of a tool that holds other work is no gap before the call after it', () => {
  const analysis = analyze(draw(`
    agent 0-100
      first 0-10 llm model=gpt-5-mini in=10 out=2
      task 10-90 tool
        inner 12-20 tool
      second 92-99 llm model=gpt-5-mini in=10 out=2
  `))
  expect(analysis.calls.map(({ gapNs }) => gapNs)).toEqual([undefined, 2e6])
})
