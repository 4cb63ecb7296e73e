import { describe, expect, test } from 'vitest'
import { detectors } from '../src/analyze/findings/index.ts'
import { analyze } from '../src/analyze/index.ts'
import { defaultThresholds, type AnalyzeOptions } from '../src/analyze/options.ts'
import type { Amount, Analysis } from '../src/model/analysis.ts'
import { nsToMs } from '../src/model/units.ts'
import { draw, text } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'

function analyzed(drawing: string, options?: AnalyzeOptions): Analysis {
  const trace = draw(drawing)
  checkTrace(trace)
  const analysis = analyze(trace, options)
  checkAnalysis(analysis)
  return analysis
}

/** `PAR001 a,b 50 proven`: code, the spans' names, saving in ms, confidence; observations have the code and names. */
function seen(drawing: string, options?: AnalyzeOptions, only = /./): string {
  const { findings, observations, spans } = analyzed(drawing, options)
  const names = (ids: readonly string[]): string => ids.map((id) => spans.find((span) => span.id === id)!.name).join()
  return [
    ...findings.map(({ code, spanIds, saving, confidence }) => `${code} ${names(spanIds)} ${ms(saving.timeNs!)} ${confidence}`),
    ...observations.map(({ code, spanIds }) => `${code} ${names(spanIds)}`),
  ].filter((line) => only.test(line)).join('\n')
}

const ms = (amount: Amount): string => (typeof amount === 'number' ? `${nsToMs(amount)}` : `${nsToMs(amount.low)}-${nsToMs(amount.high)}`)

describe('PAR001, tools asked for together and run one after another', () => {
  const support = `
    agent 0-200
      llm 0-10 llm model=gpt-5-mini asks=search#c1,orders#c2,profile#c3
      search 10-60 call=c1 by=llm
      orders 61-91 call=c2 by=llm
      profile 92-112 call=c3 by=llm
      answer 115-200 llm model=gpt-5-mini repeats=llm carries=c1,c2,c3
  `
  test('saves all but the longest', () => {
    expect(seen(support, {}, /PAR/)).toBe('PAR001 search,orders,profile 50 proven')
    const [finding] = analyzed(support).findings
    expect(finding?.title).toBe('Run search, orders and profile together: one answer asked for all 3, and they ran one after another')
    expect(finding?.advice).toContain('side effects')
  })

  test('is one finding for all turns that do the same', () => {
    const turns = [0, 100, 200].map((at, i) => `
      llm ${at}-${at + 10} llm model=m asks=a#a${i},b#b${i}
      a ${at + 10}-${at + 40} call=a${i} by=llm#${i + 1}
      b ${at + 40}-${at + 100} call=b${i} by=llm#${i + 1}`)
    const drawing = ['    agent 0-300', ...turns].join('\n')
    expect(seen(drawing, {}, /PAR/)).toBe('PAR001 a,b,a,b,a,b 90 proven')
    expect(analyzed(drawing).findings[0]?.title).toContain('Run a and b together: each of 3 answers asked for several at once')
  })

  test('names how often one tool was asked for', () => {
    const drawing = `
      agent 0-100
        llm 0-10 llm model=m asks=a#1,a#2,b#3
        a 10-40 call=1 by=llm
        a 40-70 call=2 by=llm
        b 70-100 call=3 by=llm
    `
    expect(analyzed(drawing).findings[0]?.title).toMatch(/^Run a ×2 and b together: one answer asked for all 3/)
  })

  test.each([
    ['they overlapped already', `
      agent 0-60
        llm 0-10 llm model=m
        a 10-60 tool by=llm
        b 10-40 tool by=llm
    `],
    ['different answers asked for them', `
      agent 0-100
        one 0-10 llm model=m
        a 10-50 tool by=one
        two 50-60 llm model=m
        b 60-100 tool by=two
    `],
    ['it is not known who asked for them', `
      agent 0-100
        llm 0-10 llm model=m
        a 10-50 tool
        b 50-100 tool
    `],
    ['something that only the first can have led to stands between them', `
      agent 0-120
        llm 0-10 llm model=m
        a 10-50 tool by=llm
        save 50-70 memory
        b 70-120 tool by=llm
    `],
    ['it would save less than the threshold', `
      agent 0-100
        llm 0-99 llm model=m
        a 99-99.5 tool by=llm
        b 99.5-100 tool by=llm
    `],
    ['something else takes as long anyway', `
      agent 0-100
        watch 0-100
        work 0-90
          llm 0-10 llm model=m
          a 10-50 tool by=llm
          b 50-90 tool by=llm
    `],
  ])('is not claimed when %s', (_when, drawing) => expect(seen(drawing, {}, /PAR/)).toBe(''))
})

describe('PAR002, LLM calls that need not wait for each other', () => {
  test('inside tools that one answer asked for', () => {
    const drawing = `
      agent 0-110
        llm 0-10 llm model=m asks=research#c1,check#c2
        research 10-60 call=c1 by=llm
          sub 12-58 llm model=m
        check 60-110 call=c2 by=llm
          sub 60-110 llm model=m
    `
    expect(seen(drawing, {}, /PAR/)).toBe('PAR002 research,check 50 proven')
    expect(analyzed(drawing).findings[0]?.title).toContain('the LLM calls inside research and check')
  })

  test('with the very same request', () => expect(seen(`
    agent 0-90
      sample 0-30 llm model=m parts=system:10,user:20
      sample 30-60 llm model=m parts=system:10,user:20
      sample 60-90 llm model=m parts=system:10,user:20
  `, {}, /PAR/)).toBe('PAR002 sample,sample,sample 60 likely'))

  test.each([
    ['the first failed: the second is a retry', 'failed=APIError:x parts=user:20', 'parts=user:20'],
    ['the requests differ', 'parts=user:20', 'parts=user:21'],
    ['nothing is known of the requests', '', ''],
  ])('is not claimed when %s', (_when, first, second) => expect(seen(`
    agent 0-60
      one 0-30 llm model=m ${first}
      two 30-60 llm model=m ${second}
  `, {}, /PAR/)).toBe(''))
})

describe('RETRY001, failed attempts and their waits', () => {
  test('saves what the run would have been shorter', () => {
    const drawing = `
      agent 0-100
        llm 0-90 llm model=m attempts=0-5:429,45-50:429,60-90:200
        other 0-70
    `
    expect(seen(drawing, {}, /RETRY/)).toBe('RETRY001 llm 20 likely')
    const { findings: [finding], calls: [call] } = analyzed(drawing)
    expect(finding?.title).toBe('2 failed attempts (429 ×2) in 1 call cost 60.0 ms with the waits after them')
    expect(call).toMatchObject({ retryNs: 60e6, attempts: [{ waitNs: 40e6 }, { waitNs: 10e6 }, {}] })
  })

  test('says so when the run did not wait for it', () => expect(seen(`
    agent 0-100
      llm 0-60 llm model=m attempts=0-5:500,25-60:200
      other 0-100
  `, {}, /RETRY/)).toBe('RETRY001 llm'))
})

describe('shares', () => {
  const run = (llm: number): string => `
    agent 0-1000
      llm 0-${llm} llm model=m
  `
  test('LLM001 from 80 % of the run on', () => {
    expect(seen(run(800), {}, /LLM/)).toBe('LLM001 llm')
    expect(seen(run(799), {}, /LLM/)).toBe('')
    expect(seen(run(500), { thresholds: { llmShare: 0.5 } }, /LLM/)).toBe('LLM001 llm')
  })

  test('TOOL001 from 30 % of the run on, an interval up to what the run would save without it', () => {
    const tools = (length: number): string => `
      agent 0-1000
        search 0-${length} tool
        search 500-600 tool
        other 500-570
        log 600-1000
    `
    expect(seen(tools(200), {}, /TOOL001/)).toBe('TOOL001 search,search 0-230 possible')
    expect(seen(tools(199), {}, /TOOL001/)).toBe('')
    expect(seen(tools(199), { thresholds: { toolShare: 0.2 } }, /TOOL001/)).toBe('TOOL001 search,search 0-229 possible')
  })

  test('TOOL002 from 500 ms on, an interval up to what comes above it', () => {
    const drawing = `
      agent 0-10000
        search 0-700 tool
        search 700-1199 tool
        fetch 1199-1699 tool
    `
    expect(seen(drawing, {}, /TOOL/)).toBe('TOOL002 search 0-200 possible\nTOOL002 fetch')
    expect(analyzed(drawing).findings[0]?.title).toBe('search is slow in 1 of 2 calls, up to 700 ms')
    expect(seen(drawing, { thresholds: { slowToolMs: 701 } }, /TOOL/)).toBe('')
  })

  test('a tool that calls models is judged by its calls', () => expect(seen(`
    agent 0-10000
      subagent 0-9000 tool
        llm 0-9000 llm model=m
  `, {}, /TOOL|LLM/)).toBe('LLM001 llm'))

  test('CTX001 past half of the window', () => {
    const drawing = `
      agent 0-100
        a 0-10 llm model=gpt-4o in=60000 out=4000
        b 10-20 llm model=gpt-4o in=70000 out=6800
        c 20-30 llm model=gpt-4o in=64000 out=1
    `
    expect(seen(drawing, {}, /CTX/)).toBe('CTX001 b,c')
    expect(analyzed(drawing).context).toMatchObject({
      peak: { number: 2, usedTokens: 76_800, windowTokens: 128_000, share: 0.6 },
      warning: 'call 2 used 60 % of the 128,000 tokens that gpt-4o can hold',
    })
    expect(seen(drawing, { thresholds: { contextShare: 0.6 } }, /CTX/)).toBe('')
  })
})

test('ERR001 names failures where they began, each kind once', () => {
  const drawing = `
    agent 0-100 failed=TypeError:no_orders
      orders 0-10 tool failed=TypeError:no_orders
      search 10-20 tool failed=TimeoutError:after_10_s
      search 20-30 tool failed=TimeoutError:after_20_s
      search 30-40 tool
  `
  expect(seen(drawing, {}, /ERR/)).toBe('ERR001 search,search\nERR001 orders')
  expect(analyzed(drawing).observations.filter(({ code }) => code === 'ERR001').map(({ title }) => title).join('\n')).toBe(text(`
    search failed 2 times, for example: TimeoutError: after 10 s
    orders failed: TypeError: no orders
  `))
})

test('findings come by what they save for certain, then by what they could', () => {
  expect(seen(`
    agent 0-3000
      llm 0-10 llm model=m
      a 10-1000 tool by=llm
      b 1000-1030 tool by=llm
      c 1030-1040 tool by=llm
  `, {}, /^[PT]/)).toBe(text(`
    PAR001 a,b,c 40 proven
    TOOL001 a 0-990 possible
    TOOL002 a 0-490 possible
  `))
})

test('many kinds of groups cost a limited number of simulated runs', () => {
  const lines = Array.from({ length: 30 }, (_, i) => `
      llm ${i * 100}-${i * 100 + 10} llm model=m
      a${i} ${i * 100 + 10}-${i * 100 + 50} tool by=llm#${i + 1}
      b${i} ${i * 100 + 50}-${i * 100 + 60 + i} tool by=llm#${i + 1}`)
  const { findings, schedules, totals } = analyzed(['    agent 0-3000', ...lines].join('\n'))
  const par = findings.filter(({ code }) => code === 'PAR001')
  expect(par).toHaveLength(21)
  const sum = par.reduce((total, { saving }) => total + (saving.timeNs as number), 0)
  expect(sum).toBe(totals.durationNs - schedules.proven.durationNs)
})

test('defaults are documented, and there is a detector for each code', () => {
  expect(defaultThresholds).toEqual({ llmShare: 0.8, toolShare: 0.3, slowToolMs: 500, contextShare: 0.5, savingMs: 1 })
  expect(new Set(detectors).size).toBe(detectors.length)
})
