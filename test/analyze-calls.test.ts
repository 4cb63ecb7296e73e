import { describe, expect, test } from 'vitest'
import { largestRemainder } from '../src/analyze/context.ts'
import { analyze } from '../src/analyze/index.ts'
import type { AnalyzeOptions } from '../src/analyze/options.ts'
import type { TokenCounter } from '../src/analyze/token-counter.ts'
import type { Analysis } from '../src/model/analysis.ts'
import type { Trace } from '../src/model/span.ts'
import { lendTexts } from '../src/model/transient.ts'
import { draw, idOf } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'

function analyzed(drawing: string | Trace, options?: AnalyzeOptions): Analysis {
  const trace = typeof drawing === 'string' ? draw(drawing) : drawing
  checkTrace(trace)
  const analysis = analyze(trace, options)
  checkAnalysis(analysis)
  return analysis
}

const codes = ({ problems }: Analysis): string[] => problems.map(({ code }) => code)

/** One token for each letter. */
const letters: TokenCounter = {
  countTokens: (text) => text.length,
  estimateRequestTokens: (parts) => parts.reduce((sum, { text }) => sum + text.length, 3),
  source: 'letters',
}

/** A trace whose texts can be reached: each part is a text of its own length. */
function withTexts(drawing: string): Trace {
  const trace = draw(drawing)
  lendTexts(trace, (part) => 'x'.repeat(trace.parts[part]!.chars))
  return trace
}

describe('calls', () => {
  test('are numbered in order of start, with what is known of their times', () => {
    const { calls } = analyzed(`
      agent 0-200
        b 100-200 llm model=gpt-5-mini answered=gpt-5-mini-2025-08-07 in=10 out=50 first=150 last=175
        a 0-90 llm model=gpt-4o in=10 out=1
    `)
    expect(calls).toMatchObject([
      { number: 1, requestModel: 'gpt-4o', durationNs: 90e6, retryNs: 0, attempts: [] },
      {
        number: 2, requestModel: 'gpt-5-mini', responseModel: 'gpt-5-mini-2025-08-07',
        ttftNs: 50e6, decodeNs: 25e6, outputTokensPerSecond: 2000,
      },
    ])
    expect(calls[0]).not.toHaveProperty('ttftNs')
  })

  test('are leaves: a span that repeats the usage of those below it is not counted', () => {
    const { totals, spans } = analyzed(`
      agent 0-100 model=gpt-5-mini in=300 out=30
        one 0-50 llm model=gpt-5-mini in=100 out=10
        two 50-100 llm model=gpt-5-mini in=200 out=20
    `)
    expect(totals).toMatchObject({ llmCalls: 2, usage: { input: { total: 300 }, output: { total: 30 } } })
    expect(spans.map(({ call }) => call)).toEqual([undefined, 1, 2])
  })

  test('another agent that a tool of a call began is not repeated by that call', () => {
    const { totals, calls, spans } = analyzed(`
      agent 0-100
        ask 0-90 llm model=gpt-5-mini in=100 out=10
          research 20-80 tool
            helper 21-79 agent
              look 22-50 llm model=gpt-5-mini in=70 out=7
              unknown 51-70 llm model=gpt-5-mini
    `)
    expect(totals).toMatchObject({ llmCalls: 3, usage: { input: { total: 170 }, output: { total: 17 }, unknownCalls: 1 } })
    expect(calls.map(({ spanId }) => spans.find(({ id }) => id === spanId)!.name)).toEqual(['ask', 'look', 'unknown'])
  })

  test('but a wrapper that says exactly what the calls below its tools add up to repeats them', () => {
    const { totals } = analyzed(`
      agent 0-100
        loop 0-90 llm model=gpt-5-mini in=150 out=15
          one 1-40 tool
            a 2-39 llm model=gpt-5-mini in=100 out=10
          two 41-80 agent
            b 42-79 llm model=gpt-5-mini in=50 out=5
    `)
    expect(totals).toMatchObject({ llmCalls: 2, usage: { input: { total: 150 }, output: { total: 15 } } })
  })

  test('a wrapper with a call of its own below it repeats, also where a tool is below that call', () => {
    const { totals } = analyzed(`
      agent 0-100
        outer 0-90 llm model=gpt-5-mini in=100 out=10
          inner 1-89 llm model=gpt-5-mini in=100 out=10
            tool 2-80 tool
              other 3-70 llm model=gpt-5-mini in=5 out=1
    `)
    expect(totals).toMatchObject({ llmCalls: 2, usage: { input: { total: 105 }, output: { total: 11 } } })
  })

  test('an agent repeats whatever is below it, at any depth', () => {
    const { totals } = analyzed(`
      agent 0-100 agent model=gpt-5-mini in=170 out=17
        helper 0-90 tool
          inner 1-80 agent model=gpt-5-mini in=70 out=7
            a 2-70 llm model=gpt-5-mini in=70 out=7
    `)
    expect(totals).toMatchObject({ llmCalls: 1, usage: { input: { total: 70 }, output: { total: 7 } } })
  })

  test('a span with usage around others without counts once, as one call', () => {
    const { totals, calls } = analyzed(`
      agent 0-100
        outer 0-100 llm model=gpt-5-mini in=300 out=30
          inner 0-50 llm model=gpt-5-mini
    `)
    expect(totals).toMatchObject({ llmCalls: 1, usage: { input: { total: 300 } } })
    expect(calls).toHaveLength(1)
  })

  test("a user's own span of category llm is a call of an unknown model", () => {
    const analysis = analyzed(`
      agent 0-100
        mine 0-50 llm gen_ai.provider.name=local gen_ai.request.model=llama
        wrapper 50-100 llm
          call 60-90 model=gpt-5-mini in=1 out=1
    `)
    expect(analysis.calls).toMatchObject([{ provider: 'local', requestModel: 'llama' }, { provider: 'openai', requestModel: 'gpt-5-mini' }])
    expect(codes(analysis)).toEqual(['usage-unknown'])
  })

  test('embeddings have usage and cost, but are no LLM calls and fill no context', () => {
    const analysis = analyzed(`
      agent 0-100
        embed 0-10 embedding model=text-embedding-3-small op=embeddings in=1000000
    `)
    expect(analysis.totals).toMatchObject({ llmCalls: 0, usage: { calls: 1, input: { total: 1e6 } }, costUsd: { knownUsd: 0.02, unknownCalls: 0 } })
    expect(analysis.context.calls).toEqual([])
    expect(codes(analysis)).toEqual([])
  })

  test('add up by model, the dearest first', () => {
    const { models } = analyzed(`
      agent 0-100
        a 0-10 llm model=gpt-5-mini in=1000000 out=0 first=1 last=9
        b 10-20 llm model=gpt-5 in=1000000 out=0
        c 20-40 llm model=gpt-5-mini in=1000000 out=0 first=23 last=30
    `)
    expect(models).toMatchObject([
      { model: 'gpt-5', calls: 1, costUsd: { knownUsd: 1.25 }, busyNs: 10e6 },
      { model: 'gpt-5-mini', calls: 2, costUsd: { knownUsd: 0.5 }, busyNs: 30e6, ttftNs: { p50: 1e6, p95: 3e6 } },
    ])
    expect(models[0]).not.toHaveProperty('ttftNs')
  })
})

describe('cost', () => {
  test('is the sum of the disjoint buckets', () => {
    const { totals, sources } = analyzed(`
      agent 0-100
        claude 0-10 llm provider=anthropic model=claude-haiku-4-5 in=1000000 cached=200000 written=300000 written1h=100000 out=100000 searches=10
    `)
    // 400,000 uncached at 1, 200,000 read at 0.1, 300,000 written at 1.25, 100,000 for an hour at 2, out at 5, 10 searches at 0.01.
    expect(totals.costUsd.knownUsd).toBeCloseTo(0.4 + 0.02 + 0.375 + 0.2 + 0.5 + 0.1, 10)
    expect(sources.prices).toMatch(/^@pydantic\/genai-prices \d+\.\d+\.\d+ \(\d{4}-\d\d-\d\d\)/)
  })

  test('of an unknown model is unknown, never zero, and the model is named', () => {
    const analysis = analyzed(`
      agent 0-100
        known 0-10 llm model=gpt-5-mini in=1000000 out=0
        one 10-20 llm model=my-model in=10 out=10
        two 20-30 llm provider=ollama model=gpt-4o in=10 out=10
    `)
    expect(analysis.totals.costUsd).toEqual({ knownUsd: 0.25, unknownCalls: 2, estimatedCalls: 0 })
    expect(analysis.calls.slice(1).every((call) => !('costUsd' in call))).toBe(true)
    expect(analysis.problems.find(({ code }) => code === 'price-unknown')?.message)
      .toBe('no price is known for 2 calls of gpt-4o (ollama), my-model (openai); in the cost they are missing')
  })

  test("the caller's prices win, by the longest name", () => {
    const prices = { 'gpt-5': { input: 100, output: 100 }, 'gpt-5-mini': { input: 10, output: 20, cacheRead: 1 } }
    const { totals } = analyzed(`
      agent 0-100
        llm 0-10 llm model=x answered=gpt-5-mini-2025-08-07 in=1000000 cached=500000 out=1000000
    `, { prices })
    expect(totals.costUsd.knownUsd).toBe(5 + 0.5 + 20)
  })

  test('half a usage has no price', () => {
    const analysis = analyzed(`
      agent 0-100
        llm 0-10 llm model=gpt-5-mini in=1000 cut=yes
    `)
    expect(analysis.totals).toMatchObject({ usage: { input: { total: 1000 }, output: { total: 0 } }, costUsd: { knownUsd: 0, unknownCalls: 1 } })
    expect(codes(analysis)).toEqual(['usage-incomplete', 'price-unknown'])
  })

  test('a call that failed without an answer costs nothing and needs no price', () => {
    const analysis = analyzed(`
      agent 0-100
        llm 0-10 llm model=gpt-5-mini failed=RateLimitError:x parts=user:100
    `)
    expect(analysis.totals).toMatchObject({ llmCalls: 1, usage: { calls: 0, unknownCalls: 0 }, costUsd: { knownUsd: 0, unknownCalls: 0 } })
    expect(analysis.calls[0]).toMatchObject({ unanswered: true })
    expect(codes(analysis)).toEqual([])
  })
})

describe('usage that the provider did not tell', () => {
  const drawing = `
    agent 0-100
      llm 0-10 llm model=gpt-5-mini parts=system:100,user:20 answer=7
      told 10-20 llm model=gpt-5-mini in=50 out=5
  `

  test('is counted from the texts, labelled an estimate, and said', () => {
    const analysis = analyzed(withTexts(drawing), { tokens: letters })
    expect(analysis.calls[0]?.usage).toEqual({
      input: { total: 123, uncached: 123, cacheRead: 0, cacheWrite: 0 },
      output: { total: 7, visible: 7, reasoning: 0 },
      complete: false, source: 'estimated',
    })
    expect(analysis.totals).toMatchObject({ usage: { estimatedCalls: 1, input: { total: 173 } }, costUsd: { estimatedCalls: 1, unknownCalls: 0 } })
    expect(codes(analysis)).toEqual(['usage-estimated'])
    expect(analysis.sources.tokens).toBe('letters')
  })

  test('is counted with the local tokenizer by default', () => {
    const { calls, sources } = analyzed(withTexts(drawing))
    expect(calls[0]?.usage?.source).toBe('estimated')
    expect(calls[0]?.usage?.output?.total).toBeGreaterThan(0)
    expect(calls[0]?.usage?.output?.total).toBeLessThanOrEqual(7)
    expect(sources.tokens).toContain('js-tiktoken')
  })

  test('is estimated from lengths when the texts are gone, and said to be rougher', () => {
    const analysis = analyzed(drawing, { tokens: letters })
    expect(analysis.calls[0]?.usage).toMatchObject({ input: { total: 30 }, output: { total: 2 }, source: 'estimated' })
    expect(codes(analysis)).toEqual(['usage-estimated-roughly'])
    expect(analysis.sources).not.toHaveProperty('tokens')
  })

  test('stays unknown when counting is switched off, or nothing is known of the request', () => {
    expect(analyzed(drawing, { tokens: false }).calls[0]).not.toHaveProperty('usage')
    expect(codes(analyzed(drawing, { tokens: false }))).toEqual(['usage-unknown'])
    expect(codes(analyzed('agent 0-10\n  llm 0-10 llm model=gpt-5-mini'))).toEqual(['usage-unknown'])
  })

  test('does not replace what the provider did say', () => {
    const analysis = analyzed(withTexts(`
      agent 0-100
        llm 0-10 llm model=gpt-5-mini in=999 cached=900 cut=yes parts=user:20 answer=7 state=cancelled
    `), { tokens: letters })
    expect(analysis.calls[0]?.usage).toEqual({
      input: { total: 999, uncached: 99, cacheRead: 900, cacheWrite: 0 },
      output: { total: 7, visible: 7, reasoning: 0 },
      complete: false, source: 'estimated',
    })
  })

  test('raw usage stays in the trace', () => {
    const trace = draw('agent 0-10\n  llm 0-10 llm model=gpt-5-mini in=1 out=1')
    const [root, llm] = trace.spans
    const raw = { ...trace, spans: [root!, { ...llm!, llm: { ...llm!.llm!, usage: { ...llm!.llm!.usage!, raw: { odd: 1n } } } }] }
    expect(analyzed(raw).calls[0]?.usage).not.toHaveProperty('raw')
  })
})

describe('context', () => {
  test('is made of parts that add up to what the provider counted', () => {
    const { context } = analyzed(`
      agent 0-100
        one 0-10 llm model=gpt-4o in=1001 out=99 parts=tool-definition:300,system:300,user:300
        two 10-20 llm model=gpt-4o in=10 out=1
    `)
    expect(context.calls).toMatchObject([
      { number: 1, model: 'gpt-4o', usedTokens: 1100, windowTokens: 128_000, composition: { 'system': 334, 'tool-definition': 334, 'user': 333 } },
      { number: 2, usedTokens: 11 },
    ])
    expect(context.peak?.number).toBe(1)
    expect(context).not.toHaveProperty('warning')
    expect(context.calls[1]).not.toHaveProperty('composition')
  })

  test('the peak is a share of the window, not a number of tokens', () => {
    const { context } = analyzed(`
      agent 0-100
        large 0-10 llm model=gpt-4.1 in=100000 out=0
        small 10-20 llm model=gpt-4 in=4000 out=500
    `)
    expect(context.peak).toMatchObject({ number: 2, share: 4500 / 8192 })
    expect(context.warning).toContain('55 % of the 8,192 tokens')
  })

  test("of an unknown model has no share, and a problem says so; the caller's windows win", () => {
    const drawing = 'agent 0-10\n  llm 0-10 llm model=my-model in=600 out=0'
    const analysis = analyzed(drawing)
    expect(analysis.context).toEqual({ calls: [{ spanId: idOf(analysis, 'llm'), number: 1, model: 'my-model', usedTokens: 600, input: analysis.calls[0]!.usage!.input }] })
    expect(codes(analysis)).toEqual(['price-unknown', 'window-unknown'])
    expect(analyzed(drawing, { windows: { 'my-model': 1000 } }).context.peak?.share).toBe(0.6)
  })

  test('whole numbers split by largest remainder', () => {
    expect(largestRemainder([1, 1, 1], 10)).toEqual([4, 3, 3])
    expect(largestRemainder([5, 3, 2], 7)).toEqual([4, 2, 1])
    expect(largestRemainder([0, 0], 7)).toBeUndefined()
    expect(largestRemainder([1, 0], 7)).toEqual([7, 0])
  })
})
