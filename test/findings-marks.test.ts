import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { draw } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'

/** What importers know of a span, and what findings then may not say of it. */

function analyzed(drawing: string): Analysis {
  const trace = draw(drawing)
  checkTrace(trace)
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  return analysis
}

const codes = (drawing: string, only: RegExp): string[] => {
  const { findings, observations } = analyzed(drawing)
  return [...findings, ...observations].flatMap(({ code }) => (only.test(code) ? code : [])).sort()
}

describe('a tool that waits is not slow', () => {
  const run = (mark: string): string => `
    agent 0-9000
      llm 0-1000 llm model=m
      ask 1000-8000 tool ${mark}
  `
  test('its own time is', () => expect(codes(run(''), /TOOL/)).toEqual(['TOOL001', 'TOOL002']))
  test.each(['person', 'work', 'agent'])('for a %s', (what) => expect(codes(run(`spanwise.waits_for=${what}`), /TOOL/)).toEqual([]))
  test('nor one whose end is that of a batch', () => expect(codes(run('spanwise.time=batch'), /TOOL/)).toEqual([]))
  test('an inferred time includes its own', () => expect(codes(run('spanwise.time=inferred'), /TOOL/)).toEqual(['TOOL001', 'TOOL002']))

  test('the calls of the same tool that did not wait are told', () => {
    const { observations, findings } = analyzed(`
      agent 0-9000
        write 0-5000 tool spanwise.waits_for=person
        write 5000-5900 tool
    `)
    expect([...findings, ...observations].filter(({ code }) => code === 'TOOL002').map(({ title, spanIds }) => [title, spanIds.length]))
      .toEqual([['write took 900 ms', 1]])
  })
})

describe('what waits gains nothing from company', () => {
  const turn = (mark: string): string => `
    agent 0-9000
      llm 0-1000 llm model=m asks=a#1,b#2
      a 1000-4000 call=1 by=llm ${mark}
      b 4000-8000 call=2 by=llm
  `
  test('PAR001', () => {
    expect(codes(turn(''), /PAR001/)).toEqual(['PAR001'])
    expect(codes(turn('spanwise.waits_for=person'), /PAR001/)).toEqual([])
    expect(codes(turn('spanwise.waits_for=work'), /PAR001/)).toEqual([])
    // An agent is work of its own, whoever does it.
    expect(codes(turn('spanwise.waits_for=agent'), /PAR001/)).toEqual(['PAR001'])
  })

  test('PAR001 is told of the others of its group', () => {
    const { findings: [finding], spans } = analyzed(`
      agent 0-9000
        llm 0-1000 llm model=m asks=a#1,b#2,c#3
        a 1000-2000 call=1 by=llm
        b 2000-7000 call=2 by=llm spanwise.waits_for=person
        c 7000-8000 call=3 by=llm
    `)
    // The person's answer stands between the two, and nobody knows what it led to.
    expect(finding?.code === 'PAR001' ? finding.spanIds.map((id) => spans.find((span) => span.id === id)!.name) : []).not.toContain('b')
  })

  test('PAR005', () => {
    const poles = (mark: string): string => `
      agent 0-9000
        a 0-500 tool
        b 0-600 tool
        c 0-9000 tool ${mark}
    `
    expect(codes(poles(''), /PAR005/)).toEqual(['PAR005'])
    expect(codes(poles('spanwise.waits_for=person'), /PAR005/)).toEqual([])
    expect(codes(poles('spanwise.time=batch'), /PAR005/)).toEqual([])
  })

  test('PAR006', () => {
    const fan = (mark: string): string => ['agent 0-4000', ...Array.from({ length: 8 }, (_, i) =>
      `  ask ${Math.floor(i / 2) * 1000}-${Math.floor(i / 2) * 1000 + 1000} tool ${mark}`)].join('\n')
    expect(codes(fan(''), /PAR006/)).toEqual(['PAR006'])
    expect(codes(fan('spanwise.waits_for=person'), /PAR006/)).toEqual([])
  })
})

describe('counts that are known to be too low', () => {
  const calls = (mark: string): string => `
    agent 0-900
      llm 0-100 llm model=claude-sonnet-4-5-20250929 provider=anthropic in=40000 out=3 ${mark}
      llm 100-200 llm model=claude-sonnet-4-5-20250929 provider=anthropic in=40000 out=1 ${mark}
      llm 200-300 llm model=claude-sonnet-4-5-20250929 provider=anthropic in=40000 out=12
  `
  test('are no tiny answers', () => {
    expect(codes(calls(''), /LLM003/)).toEqual(['LLM003'])
    expect(codes(calls('cut=1'), /LLM003/)).toEqual([])
  })

  test('are in no comparison of prices, which says so', () => {
    const title = (mark: string): string | undefined => analyzed(calls(mark)).observations.find(({ code }) => code === 'COST001')?.title
    expect(title('')).toMatch(/^\$0\.36 for 3 calls of claude-sonnet-4-5-20250929; /)
    expect(title('cut=1')).toMatch(/^\$0\.12 for 1 call of claude-sonnet-4-5-20250929 \(2 with incomplete counts left out\); /)
  })

  test('are a problem of the analysis', () => {
    expect(analyzed(calls('cut=1')).problems).toContainEqual({
      code: 'usage-too-low', message: expect.stringContaining('2 calls') as string, spanIds: [expect.any(String), expect.any(String)],
    })
  })
})

describe('ERR001', () => {
  const titles = (drawing: string): string[] => analyzed(drawing).observations.flatMap(({ code, title }) => (code === 'ERR001' ? title : []))

  test('names each exit code', () => {
    expect(titles(`
      agent 0-900
        Bash 0-10 tool failed=ToolError:exit_code_128
        Bash 10-20 tool failed=ToolError:exit_code_1
        Bash 20-30 tool failed=ToolError:exit_code_2
        Bash 30-40 tool failed=ToolError:exit_code_1
    `)).toEqual(['Bash failed 4 times: ToolError: exit codes 1 (2 times), 2, 128'])
  })

  test('messages that say something else are another kind', () => {
    expect(titles(`
      agent 0-900
        Bash 0-10 tool failed=ToolError:exit_code_1
        Bash 10-20 tool failed=ToolError:the_tool_gave_an_error
        Bash 20-30 tool failed=ToolError:the_tool_gave_an_error
    `)).toEqual(['Bash failed 2 times: ToolError: the tool gave an error', 'Bash failed: ToolError: exit code 1'])
  })

  test('messages that differ in an id or a number are one kind, with the first', () => {
    expect(titles(`
      agent 0-900
        get 0-10 tool failed=HttpError:404_for_id_"a8"
        get 10-20 tool failed=HttpError:404_for_id_"b9"
    `)).toEqual(['get failed 2 times, for example: HttpError: 404 for id "a8"'])
  })
})
