import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { Amount, Analysis } from '../src/model/analysis.ts'
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

const ms = (amount: Amount): string => (typeof amount === 'number' ? `${nsToMs(amount)}` : `${nsToMs(amount.low)}-${nsToMs(amount.high)}`)

/** `PAR003 load,fetch 30 proven` */
function seen(trace: Trace): string {
  const { findings, spans } = analyzed(trace)
  return findings.filter(({ code }) => code.startsWith('PAR')).map(({ code, spanIds, saving, confidence }) =>
    `${code} ${spanIds.map((id) => spans.find((span) => span.id === id)!.name).join()} ${ms(saving.timeNs!)} ${confidence}`).join('\n')
}

describe('PAR003, independent by their values and run one after another', () => {
  const workflow = `
    agent 0-100
      load_memory 0-20 memory
      fetch_page 20-50 retrieval
      get_rates 50-60 tool
      llm 60-100 llm model=m
  `
  const known: Noted = { known: 0 }

  test('saves all but the longest', () => {
    const trace = withValues(workflow, { load_memory: known, fetch_page: known, get_rates: known })
    expect(seen(trace)).toBe('PAR003 load_memory,fetch_page,get_rates 30 proven')
    const [finding] = analyzed(trace).findings
    expect(finding?.title).toBe('Run load_memory, fetch_page and get_rates together: what each was called with was known before, and nothing of it '
      + 'came from the others')
    expect(finding?.advice).toContain('side effects')
  })

  test('leaves out what uses a result', () => expect(seen(withValues(workflow, {
    load_memory: known, fetch_page: known, get_rates: { known: 50, shares: ['fetch_page'] },
  }))).toBe('PAR003 load_memory,fetch_page 20 proven'))

  test.each<[string, Record<string, Noted>]>([
    ['nothing was noted', {}],
    ['each uses the one before', { load_memory: known, fetch_page: { known: 20, shares: ['load_memory'] }, get_rates: { known: 50, shares: ['fetch_page'] } }],
  ])('is not claimed when %s', (_when, noted) => expect(seen(withValues(workflow, noted))).toBe(''))

  test('is not said again of what one answer asked for together', () => expect(seen(withValues(`
    agent 0-110
      llm 0-10 llm model=m asks=a#1,b#2
      a 10-50 call=1 by=llm
      b 50-110 call=2 by=llm
  `, { a: { known: 10 }, b: { known: 10 } }))).toBe('PAR001 a,b 40 proven'))
})

describe('PAR004, two turns that could have been one', () => {
  const turns = (last = 'last=85 first=75'): string => `
    agent 0-200
      llm 0-20 llm model=gpt-5-mini in=1000 out=50 asks=weather#1
      weather 20-60 call=1 by=llm
      llm 60-90 llm model=gpt-5-mini in=1200 out=40 repeats=llm carries=1 asks=news#2 ${last}
      news 90-120 call=2 by=llm#2
      llm 120-200 llm model=gpt-5-mini in=1400 out=300 repeats=llm#2 carries=2
  `
  const noted = (news: Noted): Record<string, Noted> => ({ weather: { known: 0 }, news })

  test('saves the call between and runs the tools beside each other', () => {
    const trace = withValues(turns(), noted({ known: 0 }))
    expect(seen(trace)).toBe('PAR004 weather,llm,news 20-60 likely')
    const finding = analyzed(trace).findings.find(({ code }) => code === 'PAR004')
    expect(finding?.title).toBe('Ask for news in the same turn as weather: the call between brought nothing that the tools were called with')
    expect(finding?.saving.tokens).toBe(1200)
    expect(finding?.saving.costUsd).toBeCloseTo(1200 * 0.25e-6, 9)
  })

  test('is sure of nothing where the writing was not measured', () => {
    expect(seen(withValues(turns(''), noted({ known: 20 })))).toBe('PAR004 weather,llm,news 0-60 likely')
  })

  test.each<[string, Noted]>([
    ['the second used something of the first', { known: 0, shares: ['weather'] }],
    ['some of its input was first seen later', { known: 60 }],
    ['some of its input was never seen', {}],
  ])('is not claimed when %s', (_when, news) => expect(seen(withValues(turns(), noted(news)))).toBe(''))

  test('is not claimed when one of them writes', () =>
    expect(seen(withValues(turns().replaceAll('news', 'send_mail'), { weather: { known: 0 }, send_mail: { known: 0 } }))).toBe(''))

  test('is not claimed when the answer asked for more than was seen to run', () =>
    expect(seen(withValues(turns().replace('asks=news#2', 'asks=news#2,other#3'), noted({ known: 0 })))).toBe(''))
})

describe('PAR005, one that all others end long before', () => {
  test('saves up to where the second longest ends', () => {
    const trace = draw(`
      agent 0-200
        llm 0-10 llm model=m asks=a#1,b#2,c#3
        a 10-40 call=1 by=llm
        b 10-50 call=2 by=llm
        c 10-190 call=3 by=llm
        llm 190-200 llm model=m carries=1,2,3
    `)
    expect(seen(trace)).toBe('PAR005 a,b,c 0-140 possible')
    const finding = analyzed(trace).findings.find(({ code }) => code === 'PAR005')
    expect(finding?.title).toBe('c ran on alone for 140 ms of its 180 ms after the 2 spans beside it were done: nothing else there shortens the run')
    expect(finding?.advice).toContain('Half as long, it would save 90.0 ms; 140 ms at most')
  })

  test.each([
    ['the others are nearly as long', 'a 0-70', 'b 0-80', 'c 0-100'],
    ['only one runs beside it', 'a 0-10', 'b 100-110', 'c 0-100'],
    ['something else takes as long', 'a 0-10', 'b 0-100', 'c 0-100'],
    ['one of the others had ended when it began', 'a 0-20', 'b 10-40', 'c 30-100'],
  ])('is not claimed when %s', (_when, ...lines) => expect(seen(draw(['agent 0-110', ...lines.map((line) => `  ${line}`)].join('\n')))).not.toContain('PAR005'))
})

describe('PAR006, a limit on how many run at once', () => {
  /** As a pool of `limit` would run them. */
  function pool(limit: number, lengths: readonly number[]): string {
    const slots = Array.from({ length: limit }, () => 0)
    const lines = lengths.map((length) => {
      const at = slots.indexOf(Math.min(...slots))
      const start = slots[at]!
      slots[at] = start + length
      return `  fetch ${start}-${start + length} tool`
    })
    return [`agent 0-${Math.max(...slots)}`, ...lines].join('\n')
  }

  test('saves what twice the limit would, and at most what none would', () => {
    const trace = draw(pool(3, Array.from({ length: 24 }, () => 50)))
    // 8 rounds of 3; 4 of 6; 1 of 24.
    expect(seen(trace)).toBe(`PAR006 ${Array.from({ length: 24 }, () => 'fetch').join()} 200-350 likely`)
    const finding = analyzed(trace).findings.find(({ code }) => code === 'PAR006')
    expect(finding?.title).toBe('24 runs of fetch went 3 at a time, each begun as another one ended')
  })

  test('sees it through uneven lengths', () => expect(seen(draw(pool(2, [30, 50, 20, 40, 60, 30, 20, 50])))).toMatch(/^PAR006 .* 70-110 likely$/))

  test.each([
    ['they run one by one', pool(1, [20, 20, 20, 20, 20, 20])],
    ['all run at once', pool(8, [20, 21, 22, 23, 24, 25, 26, 27])],
    ['they begin when they like', 'agent 0-100\n  f 0-30\n  f 10-35\n  f 50-60\n  f 52-70\n  f 80-90\n  f 85-100'],
    ['there are few', pool(2, [20, 20, 20, 20])],
  ])('is not claimed when %s', (_when, drawing) => expect(seen(draw(drawing))).not.toContain('PAR006'))
})
