import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { AnalyzeOptions } from '../src/analyze/options.ts'
import type { Amount, Analysis } from '../src/model/analysis.ts'
import { lendTexts } from '../src/model/transient.ts'
import { nsToMs } from '../src/model/units.ts'
import { draw } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'

function analyzed(drawing: string, options?: AnalyzeOptions): Analysis {
  const trace = draw(drawing)
  checkTrace(trace)
  const analysis = analyze(trace, options)
  checkAnalysis(analysis)
  return analysis
}

const prices = { big: { input: 10, output: 40 }, m: { input: 1, output: 4 } }

/** `REP001 search,search 50 likely`: code, the spans' names, saving in ms, confidence; observations have the code and names. */
function seen(drawing: string, only = /^(?:REP|EMB|LLM002|LLM003|RETRY002)/, options: AnalyzeOptions = { prices }): string {
  const { findings, observations, spans } = analyzed(drawing, options)
  const names = (ids: readonly string[]): string => ids.map((id) => spans.find((span) => span.id === id)!.name).join()
  return [
    ...findings.map(({ code, spanIds, saving, confidence }) => `${code} ${names(spanIds)} ${ms(saving.timeNs!)} ${confidence}`),
    ...observations.map(({ code, spanIds }) => `${code} ${names(spanIds)}`),
  ].filter((line) => only.test(line)).join('\n')
}

const ms = (amount: Amount): string => (typeof amount === 'number' ? `${nsToMs(amount)}` : `${nsToMs(amount.low)}-${nsToMs(amount.high)}`)

describe('REP001, the same tool with the same arguments again', () => {
  test('saves the repeats where they gave the same', () => {
    expect(seen(`
      agent 0-200
        search 0-50 tool args=a result=x
        search 50-90 tool args=b result=y
        search 100-140 tool args=a result=x
        search 150-180 tool args=a result=x
    `)).toBe('REP001 search,search,search 70 likely')
  })

  test('where results are not known, between nothing and all of it', () => {
    expect(seen(`
      agent 0-200
        search 0-50 tool args=a
        search 100-140 tool args=a
    `)).toBe('REP001 search,search 0-40 possible')
  })

  test('a writer in between leaves one unsure; what follows the second read at once is sure', () => {
    expect(seen(`
      agent 0-200
        read_file 0-50 tool args=a result=x
        write_file 60-70 tool args=q result=ok
        read_file 100-140 tool args=a result=x
        read_file 140-160 tool args=a result=x
    `)).toBe('REP001 read_file,read_file,read_file 20-60 likely')
  })

  test('a command with nothing in between is possible', () => {
    expect(seen(`
      agent 0-200
        bash 0-50 tool args=ls result=x
        think 50-60 tool args=t result=t
        bash 100-140 tool args=ls result=x
    `)).toBe('REP001 bash,bash 40 possible')
  })

  test('what changes things is observed, without a saving', () => {
    expect(seen(`
      agent 0-200
        sendEmail 0-50 tool args=a result=ok
        sendEmail 100-140 tool args=a result=ok
    `)).toBe('REP001 sendEmail,sendEmail')
  })

  test('an inner repeat goes with the outer one', () => {
    expect(seen(`
      agent 0-200
        research 0-50 tool args=a result=x
          search 10-40 tool args=q result=r
        research 100-140 tool args=a result=x
          search 110-130 tool args=q result=r
    `)).toBe('REP001 research,research 40 likely\nREP001 search,search 20 likely')
  })

  test.each([
    ['its result was another', `
      agent 0-200
        clock 0-50 tool args=a result=x
        clock 100-140 tool args=a result=y
    `],
    ['the first failed', `
      agent 0-200
        search 0-50 tool args=a failed=Error:no
        search 100-140 tool args=a result=x
    `],
    ['both ran at once', `
      agent 0-200
        search 0-50 tool args=a result=x
        search 10-60 tool args=a result=x
    `],
    ['it runs a command again after a change', `
      agent 0-200
        bash 0-50 tool args=compile result=ok
        edit 60-70 tool args=q result=done
        bash 100-140 tool args=compile result=ok
    `],
    ['its result is not known, and something was written in between', `
      agent 0-200
        read 0-50 tool args=a
        edit 60-70 tool args=q
        read 100-140 tool args=a
    `],
    ['arguments are not known', `
      agent 0-200
        search 0-50 tool
        search 100-140 tool
    `],
  ])('is not claimed when %s', (_when, drawing) => expect(seen(drawing)).toBe(''))

  test('compares texts where there are no hashes, whatever the order of their fields', () => {
    const trace = draw(`
      agent 0-200
        one 0-10 llm model=m asks=search#c1
        search 10-50 call=c1 by=one
        two 50-60 llm model=m asks=search#c2
        search 60-100 call=c2 by=two
        three 100-200 llm model=m repeats=one carries=c1,c2
    `)
    const texts: Readonly<Record<string, string>> = {
      'tool-call c1': '{"q":"x","n":1}', 'tool-call c2': '{ "n": 1, "q": "x" }', 'tool-result c1': 'found', 'tool-result c2': 'found',
    }
    lendTexts(trace, (part) => texts[`${trace.parts[part]!.kind} ${trace.parts[part]!.callId}`])
    const { findings } = analyze(trace)
    expect(findings[0]).toMatchObject({ code: 'REP001', saving: { timeNs: 40e6 }, confidence: 'likely' })
  })
})

describe('REP002, turns in circles', () => {
  const turn = (at: number, tool: string, args: string, result: string, n: number): string => `
        llm ${at}-${at + 10} llm model=m in=100 out=10
        ${tool} ${at + 10}-${at + 20} by=llm#${n} args=${args} result=${result}`
  const run = (...turns: readonly (readonly [tool: string, args: string, result: string])[]): string =>
    `      agent 0-${turns.length * 20}${turns.map(([tool, args, result], i) => turn(i * 20, tool, args, result, i + 1)).join('')}`

  test('a cycle of two turns, from its second round on', () => {
    const drawing = run(['look', 'a', 'x'], ['open', 'b', 'y'], ['look', 'a', 'x'], ['open', 'b', 'y'], ['look', 'a', 'x'], ['finish', 'c', 'z'])
    expect(seen(drawing, /REP002/)).toBe('REP002 llm,look,llm,open,llm,look,llm,open,llm,look 60 likely')
    const finding = analyzed(drawing, { prices }).findings.find(({ code }) => code === 'REP002')!
    expect(finding.title).toBe('The agent went in circles: a cycle of 2 turns (look, open) with the same calls and the same results, 2 times over')
    expect(finding.saving).toEqual({ timeNs: 60e6, tokens: 330, costUsd: expect.closeTo(3 * (100 + 40) / 1e6, 12) as number })
  })

  test('one turn three times', () => {
    expect(seen(run(['look', 'a', 'x'], ['look', 'a', 'x'], ['look', 'a', 'x']), /REP002/)).toBe('REP002 llm,look,llm,look,llm,look 40 likely')
  })

  test('tools without a known call belong to the one before them', () => {
    expect(seen(run(['look', 'a', 'x'], ['look', 'a', 'x'], ['look', 'a', 'x']).replaceAll(/by=llm#\d/g, 'tool'), /REP002/))
      .toBe('REP002 llm,look,llm,look,llm,look 40 likely')
  })

  test.each([
    ['results change', run(['poll', 'a', '1'], ['poll', 'a', '2'], ['poll', 'a', '3'])],
    ['one turn is done twice', run(['look', 'a', 'x'], ['look', 'a', 'x'], ['open', 'b', 'y'])],
    ['only the tools are the same', run(['look', 'a', 'x'], ['look', 'b', 'x'], ['look', 'c', 'x'])],
  ])('is not claimed when %s', (_when, drawing) => expect(seen(drawing, /REP002/)).toBe(''))
})

describe('REP003, requests that had been answered', () => {
  test('with the same answer, wherever they were sent from', () => {
    const drawing = `
      agent 0-200
        plan 0-60
          m 0-50 llm model=m parts=user:80 answer=20 in=100 out=10
        check 100-160
          m 100-150 llm model=m parts=user:80 answer=20 in=100 out=10
    `
    expect(seen(drawing)).toBe('REP003 m,m 50 likely')
    expect(analyzed(drawing, { prices }).findings[0]?.saving).toEqual({ timeNs: 50e6, tokens: 110, costUsd: 140 / 1e6 })
  })

  test('an embedding of the same text', () => {
    expect(seen(`
      agent 0-200
        e 0-50 embedding model=text-embedding-3-small op=embeddings parts=user:80 in=20
        work 50-90
        e 100-150 embedding model=text-embedding-3-small op=embeddings parts=user:80 in=20
    `)).toBe('REP003 e,e 50 likely')
  })

  test('at temperature 0 another answer is possible', () => {
    expect(seen(`
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20 gen_ai.request.temperature=0
        m 100-150 llm model=m parts=user:80 answer=21 gen_ai.request.temperature=0
    `)).toBe('REP003 m,m 50 possible')
  })

  test.each([
    ['answers differ', `
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20
        m 100-150 llm model=m parts=user:80 answer=21
    `],
    ['the request is another', `
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20
        m 100-150 llm model=m parts=user:81 answer=20
    `],
    ['they ran side by side', `
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20
        m 10-60 llm model=m parts=user:80 answer=20
    `],
  ])('is not claimed when %s', (_when, drawing) => expect(seen(drawing)).toBe(''))
})

describe('EMB001, embeddings one after another', () => {
  test('saves at most all but the longest', () => {
    expect(seen(`
      agent 0-200
        e 0-30 embedding model=embed op=embeddings parts=user:80
        e 31-71 embedding model=embed op=embeddings parts=user:81
        e 72-92 embedding model=embed op=embeddings parts=user:82
    `)).toBe('EMB001 e,e,e 0-50 likely')
  })

  test.each([
    ['they overlap', `
      agent 0-200
        e 0-30 embedding model=embed op=embeddings parts=user:80
        e 10-50 embedding model=embed op=embeddings parts=user:81
    `],
    ['something between them may have made the text', `
      agent 0-200
        e 0-30 embedding model=embed op=embeddings parts=user:80
        load 30-40
        e 40-70 embedding model=embed op=embeddings parts=user:81
    `],
    ['models differ', `
      agent 0-200
        e 0-30 embedding model=embed op=embeddings parts=user:80
        e 40-70 embedding model=other op=embeddings parts=user:81
    `],
  ])('is not claimed when %s', (_when, drawing) => expect(seen(drawing)).toBe(''))
})

describe('LLM002, answers cut off by the token limit', () => {
  test('asked for again: the first was in vain', () => {
    const drawing = `
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20 in=100 out=10 finish=length
        m 60-150 llm model=m parts=user:80 answer=90 in=100 out=40 finish=stop
    `
    expect(seen(drawing)).toBe('LLM002 m,m 50 likely')
    expect(analyzed(drawing, { prices }).findings[0]?.saving).toEqual({ timeNs: 50e6, tokens: 110, costUsd: 140 / 1e6 })
  })

  test('continued: the prompt was read twice', () => {
    expect(seen(`
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20 in=100 out=10 finish=max_tokens
        m 60-150 llm model=m repeats=m parts=user:10 answer=90 in=120 out=40 first=80 last=150
    `)).toBe('LLM002 m,m 0-20 likely')
  })

  test('otherwise it is observed, with the limit', () => {
    const drawing = `
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20 finish=MAX_TOKENS max=20
        m 60-150 llm model=m parts=user:81 answer=90
    `
    expect(seen(drawing)).toBe('LLM002 m')
    expect(analyzed(drawing).observations.find(({ code }) => code === 'LLM002')?.title).toBe('1 answer was cut off by the token limit (20 tokens)')
  })
})

describe('LLM003, next to nothing from a dear model', () => {
  const labels = (model: string, out: number): string => `
      agent 0-200
        ${[0, 50, 100].map((at) => `c ${at}-${at + 40} llm model=${model} in=1000 out=${out} parts=user:${80 + at}`).join('\n        ')}
  `
  test('is a figure and no advice', () => {
    expect(seen(labels('gpt-4.1', 3), /LLM003/, {})).toBe('LLM003 c,c,c')
    const observation = analyzed(labels('gpt-4.1', 3)).observations.find(({ code }) => code === 'LLM003')
    expect(observation?.title).toBe('3 calls of gpt-4.1 wrote at most 32 tokens each, for $0.0061; at the prices of gpt-4.1-mini the same tokens are $0.0012')
    expect(observation?.advice).toContain('not a recommendation')
  })

  test.each([['a longer answer', labels('gpt-4.1', 60)], ['a model without a cheaper sibling', labels('gpt-4.1-nano', 3)], ['an unknown price', labels('mystery', 3)]])(
    'is silent for %s', (_what, drawing) => expect(seen(drawing, /LLM003/, {})).toBe(''))
})

describe('RETRY002, a storm of retries', () => {
  const calls = (count: number, every: number): string => `
      agent 0-${40_000}
        ${Array.from({ length: count }, (_, i) => `m ${i * every}-${i * every + 900} llm model=m attempts=${i * every}-${i * every + 50}:429,${i * every + 400}-${i * every + 450}:429,${i * every + 800}-${i * every + 850}:200`).join('\n        ')}
  `
  test('of several calls within ten seconds', () => {
    expect(seen(calls(3, 1_000))).toBe('RETRY002 m,m,m')
    expect(analyzed(calls(3, 1_000)).observations.find(({ code }) => code === 'RETRY002')?.title)
      .toBe('A storm of retries: 6 failed attempts of 3 calls within 2.40 s')
  })

  test('not of a few, nor of some that are far apart', () => {
    expect(seen(calls(2, 1_000))).toBe('')
    expect(seen(calls(3, 12_000))).toBe('')
  })

  test('of calls that failed, where no attempts are known', () => {
    const failed = [0, 100, 200, 300, 400, 500].map((at) => `m ${at}-${at + 50} llm model=m failed=RateLimitError:slow_down`)
    expect(seen(`\n      agent 0-1000\n        ${failed.join('\n        ')}\n`)).toBe('RETRY002 m,m,m,m,m,m')
  })
})
