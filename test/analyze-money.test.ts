import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { AnalyzeOptions } from '../src/analyze/options.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { draw } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'

function analyzed(drawing: string, options?: AnalyzeOptions): Analysis {
  const trace = draw(drawing)
  checkTrace(trace)
  const analysis = analyze(trace, options)
  checkAnalysis(analysis)
  return analysis
}

const cost001 = ({ observations }: Analysis) => observations.filter(({ code }) => code === 'COST001')

describe('what the money was paid for', () => {
  test('by bucket, over the calls whose price is known', () => {
    const { cost, totals } = analyzed(`
      agent 0-100
        first 0-40 llm model=claude-haiku-4-5 provider=anthropic in=3000000 cached=1000000 written=1000000 out=300000 reasoning=100000
        second 40-80 llm model=claude-haiku-4-5 provider=anthropic in=1000000 written1h=1000000 out=0 searches=100
        third 80-100 llm model=gpt-nonesuch in=1000 out=10
    `)
    expect(cost).toEqual({
      uncachedInputUsd: 1, cacheReadUsd: expect.closeTo(0.1, 10) as number, cacheWriteUsd: 1.25 + 2, outputUsd: 1,
      reasoningUsd: 0.5, requestsUsd: 1,
    })
    expect(totals.costUsd.knownUsd).toBeCloseTo(6.85, 10)
    expect(totals.costUsd.unknownCalls).toBe(1)
  })

  test('nothing where no price is known', () => {
    expect(analyzed('agent 0-10\n  llm 0-10 llm model=gpt-nonesuch in=10 out=1').cost).toBeUndefined()
    expect(analyzed('agent 0-10').cost).toBeUndefined()
  })

  test('the day of the prices is told, and the caller\'s own', () => {
    const run = 'agent 0-10\n  llm 0-10 llm model=gpt-5-mini in=1000000 out=0'
    expect(analyzed(run).sources.prices).toMatch(/genai-prices \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)/)
    const own = analyzed(run, { prices: { 'gpt-5-mini': { input: 7, output: 1 } } })
    expect([own.sources.prices, own.cost!.uncachedInputUsd]).toEqual([expect.stringContaining('given by the caller'), 7])
  })
})

describe('COST001, the same tokens at the prices of other models', () => {
  const run = `
    agent 0-100
      plan 0-40 llm model=claude-sonnet-4-5 provider=anthropic in=100000 cached=50000 out=1000
      answer 40-90 llm model=claude-sonnet-4-5 provider=anthropic in=150000 cached=100000 out=2000
  `
  test('the cheapest of the provider, priced call by call', () => {
    const [seen] = cost001(analyzed(run))
    // Haiku 4.5: 100,000 uncached at 1, 150,000 cached at 0.1, 3,000 out at 5 dollars a million.
    expect(seen!.title).toContain('$0.39 for 2 calls of claude-sonnet-4-5')
    expect(seen!.title).toContain('$0.13 (claude-haiku-4-5)')
    expect(seen!.title.match(/\(claude-[^)]+\)/g)).toHaveLength(3)
    expect(seen!.title).not.toContain('(claude-sonnet-4-5)')
    expect(seen!.advice).toContain('not a recommendation')
    expect(seen!.spanIds).toHaveLength(2)
  })

  test('neither models that are gone nor those whose window is too small', () => {
    expect(cost001(analyzed(run))[0]!.title).not.toMatch(/claude-(2|3|v1)/)
    const [large] = cost001(analyzed(`
      agent 0-100
        llm 0-40 llm model=claude-sonnet-4-6 provider=anthropic in=400000 cached=0 out=1000
    `))
    expect(large!.title).not.toContain('haiku')
  })

  test('not for cents, for unknown prices, for estimates or where the provider is unknown', () => {
    const one = (call: string): unknown[] => cost001(analyzed(`agent 0-100\n  llm 0-40 llm ${call}`))
    expect(one('model=gpt-5-mini in=1000 out=10')).toEqual([])
    expect(one('model=gpt-nonesuch in=1000000 out=10')).toEqual([])
    expect(one('model=gpt-5 provider=unknown in=1000000 out=10')).toEqual([])
    expect(one('model=gpt-5 parts=user:4000000 answer=400000')).toEqual([])
  })

  test('it is no finding: it says no saving', () => {
    expect(analyzed(run).findings.filter(({ code }) => code === 'COST001')).toEqual([])
  })
})

describe('service tiers', () => {
  test('a call of a tier with half the price costs half', () => {
    const trace = draw('agent 0-10\n  llm 0-10 llm model=gpt-5-mini in=1000000 out=0')
    const spans = trace.spans.map((span) => (span.llm === undefined ? span : { ...span, llm: { ...span.llm, serviceTier: 'flex' } }))
    const usd = (tier?: string): unknown => {
      const given = spans.map((span) => (span.llm === undefined || tier === undefined ? span : { ...span, llm: { ...span.llm, serviceTier: tier } }))
      const analysis = analyze({ ...trace, spans: given })
      checkAnalysis(analysis)
      return analysis.calls[0]!.costUsd
    }
    expect([usd(), usd('priority')]).toEqual([0.125, undefined])
  })
})
