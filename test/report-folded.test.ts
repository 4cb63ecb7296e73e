import { describe, expect, test } from 'vitest'
import { foldedReport } from '../reports/folded.ts'
import type { Weight } from '../reports/shared/report.ts'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { draw, text } from './draw.ts'
import { drawn } from './support/analysis-fixture.ts'
import { foldedSum } from './support/folded.ts'

const folded = (analysis: Analysis, weight?: Weight): string => foldedReport.render(analysis, weight && { weight })
const weights: readonly Weight[] = ['time', 'tokens', 'cost']

const run = analyze(draw(`
  agent 0-100
    turn 0-40
      gpt 0-30 llm model=gpt-5-mini in=1000 out=50
      search 30-35 tool
    turn 40-90
      gpt 40-80 llm model=gpt-5-mini in=2000 out=50
      search 80-85 tool
    late 85-90 llm model=house-model
`))

test('self time, the same stacks together', () => expect(folded(run)).toBe(text(`
  agent 10000
  agent;turn 10000
  agent;turn;gpt 70000
  agent;turn;search 10000
  agent;late 5000
`)))

test('tokens, of calls whose usage is known', () => expect(folded(run, 'tokens')).toBe('agent;turn;gpt 3100'))

test('cost in millionths of a dollar', () => {
  const { knownUsd } = run.totals.costUsd
  expect(knownUsd).toBeGreaterThan(0)
  expect(folded(run, 'cost')).toBe(`agent;turn;gpt ${Math.round(knownUsd * 1e6)}`)
})

test('another weight is refused', () => {
  expect(() => folded(run, 'size' as Weight)).toThrow('weight must be one of time, tokens, cost, got "size"')
  expect(() => folded(run, '__proto__' as Weight)).toThrow(TypeError)
})

describe('names', () => {
  test.each([
    ['a;b', 'a:b'], ['a\nb', 'a b'], ['a\r\n\tb', 'a b'], ['\u0000nul', '␀nul'], ['\u001b[31mred\u001b[0m', 'red'], ['', '(no name)'],
    [' \n ', '(no name)'], ['\u2028', '(no name)'], ['step 3', 'step 3'], ['  two  ', 'two'], ['__proto__', '__proto__'], ['constructor', 'constructor'],
    ['\ud800', '\ufffd'], ['字', '字'],
  ])('%j is %j', (name, shown) => {
    expect(folded(drawn('root agent 0-10\n  child tool 0-10', { names: { s1: name } }))).toBe(`root;${shown} 10000`)
  })
})

test('deep stacks are cut, and what lies deeper is counted in the last frame', () => {
  const depth = 5_000
  const analysis = drawn('agent agent 0-100')
  const root = analysis.spans[0]!
  const spans = Array.from({ length: depth }, (_, i) => ({
    ...root, id: `d${i}`, name: 'call', depth: i, selfNs: 1_000, ...(i > 0 && { parentId: `d${i - 1}` }),
  }))
  const lines = folded({ ...analysis, spans })
  expect(foldedSum(lines).total).toBe(depth)
  expect(lines.split('\n')).toHaveLength(257)
  expect(lines).toMatch(/;call;\(deeper\) 4744$/)
})

test('a run that weighs nothing is empty', () => {
  for (const weight of weights) expect(folded(drawn(''), weight)).toBe('')
  expect(folded(drawn('agent agent 0-100'), 'tokens')).toBe('')
})

