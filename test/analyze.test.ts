import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import { percentilesOver } from '../src/analyze/percentiles-over.ts'
import type { Analysis } from '../src/model/analysis.ts'
import type { Span, Trace } from '../src/model/span.ts'
import { nsToMs } from '../src/model/units.ts'
import { Profiler } from 'spanwise'
import { draw, idOf, show, text } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { manualClock } from './support/clock.ts'

function analyzed(drawing: string): Analysis {
  const trace = draw(drawing)
  checkTrace(trace)
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  return analysis
}

/** What the path looks like, in order: `llm 30`. */
const path = ({ criticalPath, spans }: Analysis): string =>
  criticalPath.map(({ spanId, timeNs }) => `${spans.find(({ id }) => id === spanId)!.name} ${nsToMs(timeNs)}`).join(', ')

describe('self time', () => {
  const self = (drawing: string): string => show(analyzed(drawing), 'self')

  test('is what the children leave', () => expect(self(`
    agent 0-100
      plan 0-40
        llm 5-35
      search 40-90
  `)).toBe(text(`
    agent  self 10
      plan  self 10
        llm  self 30
      search  self 50
  `)))

  test('subtracts the union of parallel children, not their sum', () => expect(self(`
    agent 0-100
      a 10-60
      b 20-70
      c 30-40
      d 80-90
  `)).toBe(text(`
    agent  self 30
      a  self 50
      b  self 50
      c  self 10
      d  self 10
  `)))

  test('ends where the span ends, when a child outlives it', () => expect(self(`
    agent 0-100
      flush 90-150
    `)).toBe(text(`
    agent  self 90
      flush  self 60
  `)))

  test('an open span ends with the run', () => expect(self(`
    agent 0-100
      search 40-
        page 50-70
  `)).toBe(text(`
    agent  self 40
      search  self 40
        page  self 20
  `)))
})

describe('critical path', () => {
  const wall = (drawing: string): string => show(analyzed(drawing), 'wall', 'slack')

  test('goes through the child that finished last', () => expect(wall(`
    agent 0-100
      llm 0-20
      search 20-50
      orders 20-80
      answer 80-100
  `)).toBe(text(`
    agent  wall 0  slack 0
      llm  wall 20  slack 0
      search  wall 0  slack 30
      orders  wall 60  slack 0
      answer  wall 20  slack 0
  `)))

  test('what no child covers is the own time of the span', () => expect(wall(`
    agent 0-100
      llm 10-20
      search 30-90
        page 40-60
  `)).toBe(text(`
    agent  wall 30  slack 0
      llm  wall 10  slack 0
      search  wall 40  slack 0
        page  wall 20  slack 0
  `)))

  test('passes slack on: work inside a span that could wait could wait as well', () => expect(wall(`
    agent 0-100
      long 0-100
      short 0-40
        inner 0-30
        late_inner 0-10
  `)).toBe(text(`
    agent  wall 0  slack 0
      long  wall 100  slack 0
      short  wall 0  slack 60
        inner  wall 0  slack 60
        late_inner  wall 0  slack 90
  `)))

  test('a stream that is still read while its tools run keeps the time before them', () => expect(wall(`
    agent 0-200
      llm 0-100
      tool 60-200
  `)).toBe(text(`
    agent  wall 0  slack 0
      llm  wall 60  slack 100
      tool  wall 140  slack 0
  `)))

  test('with a limit of two, follows what made room and not what happened to run', () => expect(wall(`
    agent 0-100
      long 0-60
      first 0-50
      second 50-100
  `)).toBe(text(`
    agent  wall 0  slack 0
      long  wall 0  slack 40
      first  wall 50  slack 0
      second  wall 50  slack 0
  `)))

  test('work that nobody waited for gets only the time that nothing else had', () => expect(wall(`
    agent 0-100
      log 10-150
      llm 20-90
  `)).toBe(text(`
    agent  wall 10  slack 0
      log  wall 20  slack 0
      llm  wall 70  slack 0
  `)))

  test('work that ran through several pieces of the path has its part in each', () => expect(wall(`
    agent 0-100
      background 0-150
        page 0-100
      llm 40-60
  `)).toBe(text(`
    agent  wall 0  slack 0
      background  wall 0  slack 0
        page  wall 80  slack 0
      llm  wall 20  slack 0
  `)))

  test('of children that end together the one that started later, then the later one, is followed', () => {
    expect(path(analyzed(`
      agent 0-100
        a 0-100
        b 40-100
    `))).toBe('a 40, b 60')
    expect(path(analyzed(`
      agent 0-100
        a 0-100
        b 0-100
    `))).toBe('b 100')
  })

  test('is listed by first appearance, one step per span', () => expect(path(analyzed(`
    agent 0-100
      llm 10-30
      search 30-90
  `))).toBe('agent 20, llm 20, search 60'))
})

describe('totals', () => {
  const run = analyzed(`
    agent 0-100
      llm 0-40 model=gpt-5-mini in=100 out=10
      search 40-90 tool
      orders 40-60 tool failed=TypeError:x
  `)

  test('by category: wall adds up to the run, busy counts parallel work twice', () => {
    expect(run.categories.map(({ category, wallNs, busyNs, spans, failed }) => [category, nsToMs(wallNs), nsToMs(busyNs), spans, failed]))
      .toEqual([['tool', 50, 70, 2, 1], ['llm', 40, 40, 1, 0], ['agent', 10, 10, 1, 0]])
    expect(run.categories.find(({ category }) => category === 'llm')?.usage?.input.total).toBe(100)
    expect(run.categories.find(({ category }) => category === 'tool')?.usage).toBeUndefined()
  })

  test('count the run', () => {
    expect(run.totals).toMatchObject({ durationNs: 100e6, spans: 4, llmCalls: 1, toolCalls: 2 })
  })

  test('by operation: percentiles are nearest rank, observed values', () => {
    const drawing = ['agent 0-100', ...Array.from({ length: 20 }, (_, i) => `  step ${i}-${2 * i + 1}`)].join('\n')
    const step = analyzed(drawing).operations.find(({ name }) => name === 'step')!
    expect(step).toMatchObject({ count: 20, durationNs: { p50: 10e6, p95: 19e6, p99: 20e6, max: 20e6 }, totalNs: 210e6 })
    expect(step.spanIds).toHaveLength(20)
  })

  test('percentiles over several runs', () => {
    const runs = [10, 20, 30].map((ms) => draw(`
      agent 0-${ms}
        search 0-${ms / 2} tool
        search ${ms / 2}-${ms} tool
    `))
    expect(percentilesOver([...runs, draw('other 0-1')])).toEqual([
      { name: 'agent', category: 'agent', runs: 3, count: 3, failed: 0, totalNs: 60e6, durationNs: { p50: 20e6, p95: 30e6, p99: 30e6, max: 30e6 } },
      { name: 'search', category: 'tool', runs: 3, count: 6, failed: 0, totalNs: 60e6, durationNs: { p50: 10e6, p95: 15e6, p99: 15e6, max: 15e6 } },
      { name: 'other', category: 'agent', runs: 1, count: 1, failed: 0, totalNs: 1e6, durationNs: { p50: 1e6, p95: 1e6, p99: 1e6, max: 1e6 } },
    ])
    expect(percentilesOver([])).toEqual([])
    expect(() => percentilesOver({} as never)).toThrow('percentilesOver(traces): traces must be a list, got {}')
  })
})

describe('traces as they come', () => {
  test('a run as the profiler records it', async () => {
    const clock = manualClock()
    const profiler = new Profiler({ clock })
    const search = profiler.tool('search', async (ms: number) => {
      await Promise.resolve()
      clock.pass(ms)
    })
    await profiler.run('agent', async () => {
      clock.pass(5)
      await search(20)
      await profiler.span('plan', () => search(30))
    })
    const trace = profiler.lastTrace!
    checkTrace(trace)
    const analysis = analyze(trace)
    checkAnalysis(analysis)
    expect(show(analysis, 'self', 'wall')).toBe(text(`
      agent  self 5  wall 5
        search  self 20  wall 20
        plan  self 0  wall 0
          search  self 30  wall 30
    `))
  })

  const analyzeAndCheck = (trace: Trace): Analysis => {
    const analysis = analyze(trace)
    checkAnalysis(analysis)
    return analysis
  }

  test('no span at all', () => {
    const analysis = analyzeAndCheck(draw(''))
    expect(analysis).toMatchObject({ totals: { durationNs: 0, spans: 0 }, criticalPath: [], findings: [], spans: [], problems: [] })
    expect(analysis.schedules).toEqual({ proven: { durationNs: 0, limit: 0 }, possible: { durationNs: 0, limit: 0 } })
  })

  test('a run that is still open lasts until its last span', () => {
    const analysis = analyzed(`
      agent 0-
        llm 0-40
        search 40-70
    `)
    expect(show(analysis, 'duration', 'self')).toBe(text(`
      agent  duration 70  self 0
        llm  duration 40  self 40
        search  duration 30  self 30
    `))
    expect(analysis.problems.map(({ code }) => code)).toEqual(['spans-open'])
  })

  test('no length: all times are zero and nothing divides by it', () => {
    expect(show(analyzed(`
      agent 5-5
        llm 5-5
    `), 'self', 'wall')).toBe(text(`
      agent  self 0  wall 0
        llm  self 0  wall 0
    `))
  })

  test('a missing parent, a span that is its own ancestor: both hang under the root, and a problem says so', () => {
    const trace = draw(`
      agent 0-100
        a 10-20
        b 30-40
        c 50-60
    `)
    const [root, a, b, c] = trace.spans as [Span, Span, Span, Span]
    const broken = { ...trace, spans: [root, { ...a, parentId: 'ffffffffffffffff' }, { ...b, parentId: c.id }, { ...c, parentId: b.id }] }
    const analysis = analyzeAndCheck(broken)
    expect(analysis.problems[0]).toMatchObject({ code: 'spans-orphaned', spanIds: [a.id, b.id] })
    expect(show(analysis, 'self')).toBe(text(`
      agent  self 80
        a  self 10
        b  self 10
          c  self 10
    `))
  })

  test('late work is named', () => {
    const analysis = analyzed(`
      agent 0-100
        flush 90-150
    `)
    expect(analysis.problems).toMatchObject([{ code: 'spans-late', spanIds: [idOf(analysis, 'flush')] }])
    expect(analysis.totals.durationNs).toBe(100e6)
  })

  test('what limits dropped is a problem', () => {
    const trace = draw('agent 0-10', { dropped: { spans: 1204, contentChars: 1, parts: 2 }, selfErrors: 3, overheadNs: 1000 })
    const { problems, overhead } = analyzeAndCheck(trace)
    expect(problems.map(({ code }) => code)).toEqual(['spans-dropped', 'parts-dropped', 'content-dropped', 'profiler-errors'])
    expect(problems[0]?.message).toContain('1,204 spans')
    expect(overhead).toEqual({ selfNs: 1000, share: 1e-4, dropped: { spans: 1204, contentChars: 1, parts: 2 }, selfErrors: 3 })
  })

  test.each([
    ['a chain', (i: number) => i - 1],
    ['siblings', () => 0],
    ['a tree', (i: number) => (i - 1) >> 1],
  ])('120,000 spans, %s', (_shape, parentOf) => {
    const count = 120_000
    const id = (i: number): string => i.toString(16).padStart(16, '0')
    const trace = draw('agent 0-1000')
    const spans: Span[] = Array.from({ length: count }, (_, i) => ({
      id: id(i), traceId: trace.id, name: 'step', category: i % 2 === 0 ? 'internal' : 'tool',
      ...(i > 0 && { parentId: id(parentOf(i)) }),
      start: i * 10, end: 2 * count * 10 - i * 10 - (i % 7), outcome: { state: 'ok' as const },
    }))
    const analysis = analyze({ ...trace, spans })
    expect(analysis.criticalPath.reduce((sum, { timeNs }) => sum + timeNs, 0)).toBe(analysis.totals.durationNs)
    expect(analysis.schedules.proven.durationNs).toBe(analysis.totals.durationNs)
  })
})

describe('wrong input', () => {
  test.each([[undefined, 'undefined'], ['x', '"x"'], [{ spans: 1 }, '{"spans":1}']])('%s is no trace', (value, shown) => {
    expect(() => analyze(value as unknown as Trace)).toThrow(new TypeError(`expected a trace with spans and parts, got ${shown}`))
  })

  test.each([
    [{ thresholds: { llmShare: 80 } }, 'thresholds.llmShare must be a number from 0 to 1, got 80'],
    [{ thresholds: { slowToolMs: -1 } }, 'thresholds.slowToolMs must be a number of milliseconds, 0 or more, got -1'],
    [{ thresholds: { toolShare: '30 %' } }, 'thresholds.toolShare must be a number from 0 to 1, got "30 %"'],
    [{ thresholds: { slowTool: 1 } }, 'unknown threshold "slowTool"; there are llmShare, toolShare, slowToolMs, contextShare, savingMs'],
    [{ thresholds: 5 }, 'thresholds must be an object, got 5'],
    [{ windows: { m: 0 } }, 'windows["m"] must be a positive whole number of tokens, got 0'],
    [{ prices: { m: { input: 1 } } }, 'prices["m"] must have output in US dollars per million tokens, got {"input":1}'],
    [{ prices: { m: { input: 1, output: -1 } } }, 'prices["m"].output must be 0 or more, got -1'],
    [{ prices: { m: null } }, 'prices["m"] must have input in US dollars per million tokens, got null'],
    [null, 'options must be an object, got null'],
  ])('options %j', (options, message) => {
    expect(() => analyze(draw('a 0-1'), options as unknown as {})).toThrow(message)
  })
})
