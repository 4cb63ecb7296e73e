import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderDiffMarkdown } from '../reports/many-runs/diff-markdown.ts'
import { renderDiffText } from '../reports/many-runs/diff-text.ts'
import { analyze } from '../src/analyze/index.ts'
import { matches } from '../src/analyze/many-runs/align.ts'
import { diffRuns } from '../src/analyze/many-runs/diff.ts'
import { runPercentiles } from '../src/analyze/many-runs/figures.ts'
import { percentilesOver } from '../src/analyze/percentiles-over.ts'
import type { Analysis } from '../src/model/analysis.ts'
import type { OperationChange, RunDiff } from '../src/model/many-runs.ts'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { Desk } from './support/cli.ts'
import { seeded } from './support/random.ts'

interface Shape {
  /** Milliseconds that search takes longer. */
  readonly search?: number
  readonly embed?: number
  readonly tokens?: number
  readonly model?: string
  readonly extra?: string
}

/** A run of about half a second; nothing of it is exactly like another. */
function traceOf(id: number, random: () => number, { search = 0, embed = 0, tokens = 0, model = 'gpt-5-mini', extra = '' }: Shape = {}) {
  const noise = (ms: number): number => Math.round(random() * ms * 1000) / 1000
  const asked = 100 + noise(20)
  const found = asked + 200 + search + noise(20)
  const embedded = found - 60 - noise(5)
  const answered = found + 150 + noise(20)
  return draw(`
    agent 0-${answered + 2 + noise(1)}
      ${model} 1-${asked} model=${model} in=${1000 + Math.round(noise(50))} out=50
      research ${asked}-${found}
        search ${asked + 1}-${found - 1}
        embed ${embedded - embed}-${embedded} embedding
      ${model} ${found}-${answered} model=${model} in=${2000 + tokens + Math.round(noise(50))} out=90
      ${extra}
  `, { id: id.toString(16).padStart(32, '0') })
}

const set = (count: number, seed: number, shape?: Shape): Analysis[] => {
  const random = seeded(seed)
  return Array.from({ length: count }, (_, i) => analyze(traceOf(seed * 1000 + i, random, shape)))
}
const named = ({ operations }: RunDiff, ...path: string[]): OperationChange =>
  operations.find((one) => one.path.slice(1).join('/') === path.join('/'))!
const verdicts = ({ totals }: RunDiff): string => totals.map(({ metric, verdict }) => `${metric} ${verdict}`).join(', ')

/** Parts and rest are the whole, for each metric that can be known. */
function checkDiff(diff: RunDiff): void {
  for (const { metric, meanChange, parts, rest } of diff.explanations) {
    const whole = diff.totals.find((one) => one.metric === metric)!
    expect(meanChange).toBeCloseTo(whole.new.mean - whole.base.mean, 9)
    expect(parts.reduce((sum, { change }) => sum + change, 0) + rest.change).toBeCloseTo(meanChange, 3)
    const key = metric === 'durationNs' ? 'wallNs' : metric
    expect(diff.operations.reduce((sum, { contribution }) => sum + contribution[key]!, 0)).toBeCloseTo(meanChange, 3)
  }
  for (const { pValue, adjustedP } of [...diff.totals, ...diff.operations.flatMap(({ changes }) => changes)]) {
    if (pValue !== undefined) expect(adjustedP).toBeGreaterThanOrEqual(pValue)
  }
  expect(JSON.parse(JSON.stringify(diff))).toEqual(diff)
  for (const width of [80, 120]) {
    const lines = renderDiffText(diff, { width }).split('\n')
    expect(lines.filter((line) => line.length > width)).toEqual([])
  }
}

describe('two sets of runs', () => {
  test('a slower operation is proven, named, and explains the whole', () => {
    const diff = diffRuns(set(8, 1), set(8, 2, { search: 60 }))
    checkDiff(diff)
    expect(diff.verdict).toBe('regression')
    expect(verdicts(diff)).toBe('durationNs more, tokens none, costUsd none')
    const [time] = diff.explanations
    expect(time!.parts.map(({ operation }) => diff.operations[operation]!.path)).toEqual([['agent', 'research', 'search']])
    expect(time!.parts[0]!.share).toBeGreaterThan(0.8)
    expect(time!.rest.operations).toBeGreaterThan(0)
    expect(named(diff, 'research', 'search').changes[0]).toMatchObject({ metric: 'wallNs', verdict: 'more', exact: true, superiority: 1 })
    expect(named(diff, 'gpt-5-mini').changes.map(({ verdict }) => verdict)).toEqual(['none', 'none', 'none'])
  })

  test('the other way round it is an improvement of the same size', () => {
    const [base, next] = [set(8, 1), set(8, 2, { search: 60 })]
    const [there, back] = [diffRuns(base, next), diffRuns(next, base)]
    expect(back.verdict).toBe('improvement')
    expect(back.totals[0]!.difference).toBe(-there.totals[0]!.difference)
    expect(back.totals[0]!.pValue).toBe(there.totals[0]!.pValue)
  })

  test('what runs beside other work may be slower without a cost in time', () => {
    const diff = diffRuns(set(8, 1), set(8, 2, { embed: 50 }))
    checkDiff(diff)
    const embed = named(diff, 'research', 'embed')
    expect(embed.changes.find(({ metric }) => metric === 'selfNs')).toMatchObject({ verdict: 'more' })
    expect(diff.totals[0]).toMatchObject({ metric: 'durationNs', verdict: 'none' })
  })

  test('tools that no longer run together: the same self time, more time on the path', () => {
    const together = (apart: boolean): Analysis[] => Array.from({ length: 6 }, (_, i) => {
      const [from, ms] = [apart ? 150 + i : 50, 80 + i]
      return analyze(draw(`
        agent 0-${Math.max(150 + i, from + ms) + 10}
          search 50-${150 + i}
          orders ${from}-${from + ms}
      `, { id: `${apart ? 1 : 2}${i}`.padStart(32, '0') }))
    })
    const diff = diffRuns(together(false), together(true))
    checkDiff(diff)
    expect(named(diff, 'orders').changes.map(({ metric, verdict, difference }) => [metric, verdict, difference])).toEqual([
      ['wallNs', 'more', 82.5e6], ['selfNs', 'none', 0],
    ])
    expect(diff.explanations[0]).toMatchObject({ meanChange: 82.5e6, parts: [{ change: 82.5e6, share: 1, proven: true }], rest: { change: 0 } })
  })

  test('more tokens are told with what they cost', () => {
    const diff = diffRuns(set(8, 1), set(8, 2, { tokens: 900 }))
    checkDiff(diff)
    expect(verdicts(diff)).toBe('durationNs none, tokens more, costUsd more')
    expect(diff.explanations.map(({ metric, parts }) => [metric, ...parts.map(({ operation }) => diff.operations[operation]!.path.at(-1))]))
      .toEqual([['durationNs'], ['tokens', 'gpt-5-mini'], ['costUsd', 'gpt-5-mini']])
  })

  test('faster and dearer is mixed', () => {
    expect(diffRuns(set(8, 1), set(8, 2, { search: -60, tokens: 900 })).verdict).toBe('mixed')
  })

  test('a proven difference that is small is no regression', () => {
    const [base, next] = [set(8, 1), set(8, 2, { search: 60 })]
    expect(diffRuns(base, next, { minChange: 0.5 })).toMatchObject({ verdict: 'none', totals: [{ verdict: 'small' }, {}, {}] })
    expect(diffRuns(base, next, { minChange: 0 }).verdict).toBe('regression')
  })

  test('an operation on one side only', () => {
    const diff = diffRuns(set(6, 1), set(6, 2, { extra: 'audit 20-90' }))
    checkDiff(diff)
    expect(named(diff, 'audit')).toMatchObject({ presence: 'added', count: { base: 0, new: 1 } })
    expect(diffRuns(set(6, 2, { extra: 'audit 20-90' }), set(6, 1)).operations.find(({ path }) => path.at(-1) === 'audit')).toMatchObject({ presence: 'gone' })
  })

  test('calls of another model in the same place are compared, not gone and added', () => {
    const diff = diffRuns(set(6, 1), set(6, 2, { model: 'gpt-5' }))
    checkDiff(diff)
    expect(named(diff, 'gpt-5-mini')).toMatchObject({ renamedTo: 'gpt-5', presence: 'both', count: { base: 2, new: 2 } })
    expect(diff.notes).toContain('gpt-5-mini of base is compared with gpt-5 of new, which stands in its place')
    expect(diff.totals.at(-1)).toMatchObject({ metric: 'costUsd', verdict: 'more' })
  })

  test('the same runs do not differ', () => {
    const runs = set(8, 1)
    const diff = diffRuns(runs, runs)
    checkDiff(diff)
    expect(diff).toMatchObject({ verdict: 'none', notes: ['8 runs are on both sides'] })
  })

  test('equal costs in sets of different sizes are no change, whatever their sums say in the last digit', () => {
    const priced = (runs: readonly Analysis[]): Analysis[] => runs.map((one) => ({
      ...one, totals: { ...one.totals, costUsd: { ...one.totals.costUsd, knownUsd: 0.0015780 } }, calls: one.calls.map((call, i) => ({ ...call, costUsd: [0.0004734, 0.0011046][i]! })),
    }))
    const { explanations } = diffRuns(priced(set(81, 1)), priced(set(39, 2)))
    const cost = explanations.find(({ metric }) => metric === 'costUsd')!
    expect([cost.meanChange, cost.parts, cost.rest.change]).toEqual([0, [], 0])
  })

  test('the order of runs and spans changes nothing', () => {
    const random = seeded(4)
    const traces = Array.from({ length: 6 }, (_, i) => traceOf(i, random))
    const [root, ...rest] = traces[0]!.spans
    const shuffled = [{ ...traces[0]!, spans: [...rest.toReversed(), root!] }, ...traces.slice(1)].toReversed()
    const next = set(6, 2, { search: 60 })
    const strip = ({ operations, totals, verdict }: RunDiff) => ({ operations, totals: totals.map(({ base, ...one }) => one), verdict })
    const sorted = (diff: RunDiff) => ({ ...strip(diff), operations: diff.operations.map(({ path, changes }) => [path, changes.map(({ pValue }) => pValue)]) })
    expect(sorted(diffRuns(shuffled.map((trace) => analyze(trace)), next))).toEqual(sorted(diffRuns(traces.map((trace) => analyze(trace)), next)))
  })

  test('under the null a regression or an improvement is called in at most 5 % of comparisons', () => {
    let called = 0
    for (let i = 0; i < 60; i++) if (diffRuns(set(5, 100 + i), set(5, 500 + i), { minChange: 0 }).verdict !== 'none') called++
    expect(called).toBeLessThanOrEqual(6)
  })
})

describe('no verdict', () => {
  test('on too few runs: says how many it takes, and judges nothing', () => {
    const diff = diffRuns(set(4, 1), set(4, 2, { search: 600 }))
    checkDiff(diff)
    expect(diff.verdict).toBe('too-few-runs')
    expect(diff.method).toMatchObject({ runsNeeded: 5, totals: { tests: 0 }, operations: { tests: 0 } })
    expect(diff.totals.concat(diff.operations.flatMap(({ changes }) => changes)).map(({ verdict }) => verdict).every((one) => one === 'untested')).toBe(true)
    expect(diffRuns(set(5, 1), set(5, 2, { search: 600 })).verdict).toBe('regression')
  })

  test('figures that cannot differ cost no test', () => {
    const plain = (ms: number): Analysis[] => Array.from({ length: 4 }, (_, i) => analyze(draw(`agent 0-${ms + i}`)))
    expect(diffRuns(plain(100), plain(200))).toMatchObject({ verdict: 'regression', method: { runsNeeded: 4, totals: { tests: 1 } } })
  })

  test('unknown cost is not compared, and not counted as nothing', () => {
    const diff = diffRuns(set(5, 1), [...set(4, 2), ...set(1, 3, { model: 'nobody-knows-it' })])
    checkDiff(diff)
    expect(diff.totals.map(({ metric }) => metric)).toEqual(['durationNs', 'tokens'])
    expect(diff.notes).toContain('new: the cost of 1 of 5 runs is unknown, so it is not compared')
    expect(named(diff, 'gpt-5-mini').contribution).not.toHaveProperty('costUsd')
  })

  test.each([[{ alpha: 2 }, 'alpha must be a number from 0 to 1, got 2'], [{ minChange: -1 }, 'minChange must be']])('%j is refused', (options, message) => {
    expect(() => diffRuns(set(1, 1), set(1, 2), options)).toThrow(message)
    expect(() => diffRuns([], set(1, 2))).toThrow('base must hold at least one run')
  })
})

describe('single runs', () => {
  const rows = (base: string, next: string): string[] => {
    const diff = diffRuns([analyze(draw(base))], [analyze(draw(next))])
    checkDiff(diff)
    return diff.spans!.map(({ state, depth, name, differenceNs }) => `${'  '.repeat(depth)}${name} ${state} ${differenceNs / 1e6}`)
  }

  test('are aligned span by span', () => {
    expect(rows(`
      agent 0-100
        plan 0-20
        search 20-60
          fetch 25-55
        search 60-80
        write 80-100
    `, `
      agent 0-140
        plan 0-20
        search 20-90
          fetch 25-80
          parse 80-85
        audit 90-110
        search 110-122
        write 122-140
    `)).toEqual([
      'agent slower 40', '  plan same 0', '  search slower 30', '    fetch slower 25', '    parse added 5', '  audit added 20',
      '  search faster -8', '  write faster -2',
    ])
  })

  test('what is gone takes with it what was below', () => {
    expect(rows(`
      agent 0-100
        a 0-50
          b 10-20
        c 50-100
    `, `
      agent 0-50
        c 0-50
    `)).toEqual(['agent faster -50', '  a gone -50', '    b gone -10', '  c same 0'])
  })

  test('the longest common subsequence, and one pass where its table would be too large', () => {
    expect(matches([1, 2, 3, 4, 5], [1, 3, 9, 4, 5])).toEqual([[0, 0], [2, 1], [3, 3], [4, 4]])
    expect(matches([], [1])).toEqual([])
    expect(matches([7, 1, 2, 3, 8], [1, 2, 3])).toEqual([[1, 0], [2, 1], [3, 2]])
    const long = Array.from({ length: 3000 }, (_, i) => i % 5)
    const found = matches([9, ...long, 8], [7, ...long, 6])
    expect(found.length).toBe(3000)
    expect(found.every(([i, j], at) => at === 0 || (i > found[at - 1]![0] && j > found[at - 1]![1]))).toBe(true)
  })

  test('deep trees are no trouble', () => {
    const deep = Array.from({ length: 3000 }, (_, i) => `${' '.repeat(i)}s 0-100`).join('\n')
    const diff = diffRuns([analyze(draw(deep))], [analyze(draw(deep))])
    expect(diff.spans).toHaveLength(3000)
    expect(Math.max(...diff.operations.map(({ path }) => path.length))).toBe(101)
  })
})

describe('percentiles of whole runs', () => {
  test('with intervals; what is unknown in one run is not known of all', () => {
    const over = runPercentiles(set(10, 1))
    expect(over.durationNs!.intervals.p50.low).toBeLessThan(over.durationNs!.p50)
    expect(over.durationNs!.intervals.p95).not.toHaveProperty('high')
    expect(over).toMatchObject({ runs: 10, tokens: { runs: 10 }, costUsd: { runs: 10 }, unknown: {} })
    expect(runPercentiles([...set(1, 1), ...set(1, 2, { model: 'nobody-knows-it' })])).toMatchObject({ unknown: { costUsd: 'the cost of 1 of 2 runs is unknown' } })
    expect(runPercentiles([])).toEqual({ runs: 0, unknown: {} })
  })
})

describe('how it reads', () => {
  test('the verdict first, then the totals, then what explains them', () => {
    const text = renderDiffText(diffRuns(set(8, 1), set(8, 2, { search: 60 })))
    const [first = '', second = ''] = text.split('\n')
    expect(first).toMatch(/^Regression: time \+[\d.]+ ms \(\+1[12] %\)$/)
    expect(second).toBe('base: 8 runs of agent   new: 8 runs of agent')
    expect(text).toMatch(/What explains \+[\d.]+ ms of time[^\n]*\n +\+[\d.]+ ms +\d+ % {2}research > search\n.*rest: \d operations without a proven difference/)
    expect(text).toMatch(/Proven by operation[^]*research > search {2}time[^\n]*slower/)
  })

  test('for a pull request: escaped and folded', () => {
    const evil = '<img src=x>|@team `x`'
    const rename = (runs: Analysis[]): Analysis[] => runs.map((run) => ({
      ...run, run: { ...run.run, name: evil }, spans: run.spans.map((span) => (span.name === 'search' ? { ...span, name: evil } : span)),
    }))
    const text = renderDiffMarkdown(diffRuns(rename(set(8, 1)), rename(set(8, 2, { search: 60 }))))
    expect(text).toMatch(/^### ❌ Spanwise: Regression\n\n\*\*time \+/)
    expect(text).toContain('<details>\n<summary>')
    expect(text).not.toContain('<img')
    expect(text).not.toContain('@team')
  })
})

describe('spanwise diff', () => {
  let desk: Desk
  beforeEach(() => { desk = new Desk() })
  afterEach(() => desk.remove())
  const write = (folder: string, count: number, seed: number, shape?: Shape): void => {
    const random = seeded(seed)
    for (let i = 0; i < count; i++) desk.write(`${folder}/${i}.jsonl`, encodeTrace(traceOf(seed * 1000 + i, random, shape)))
  }

  test('folders, with --fail-on-regression', async () => {
    write('base', 6, 1)
    write('slow', 6, 2, { search: 60 })
    write('few', 3, 3)
    expect(await desk.say(['diff', 'base', 'slow'])).toMatchObject({ code: 0, err: '' })
    expect(await desk.say(['diff', 'base', 'slow', '--fail-on-regression'])).toMatchObject({ code: 1 })
    expect(await desk.say(['diff', 'slow', 'base', '--fail-on-regression'])).toMatchObject({ code: 0 })
    expect(await desk.say(['diff', 'base', 'slow', '--fail-on-regression', '--min-change', '50'])).toMatchObject({ code: 0 })
    expect(await desk.say(['diff', 'base', 'few', '--fail-on-regression'])).toMatchObject({ code: 2, err: expect.stringContaining('it takes 5 runs of each') })
    const { out } = await desk.say(['diff', 'base', 'slow', '--json'])
    const parsed = JSON.parse(out) as RunDiff
    expect(parsed).toMatchObject({ verdict: 'regression', base: { runs: 6 }, method: { totals: { correction: 'holm', tests: 3 } } })
  })

  test('files with commas between, and handles', async () => {
    write('.spanwise', 2, 1)
    const names = (await desk.say(['list', '--json'])).out.match(/"handle": "\w+"/g)!.map((line) => line.split('"')[3]!)
    const { code, out } = await desk.say(['diff', names[0]!, names[1]!])
    expect(code).toBe(0)
    expect(out).toContain('No verdict: one run each shows differences but proves none; it takes 5 of each')
    expect(out).toContain('Span by span')
    expect((await desk.say(['diff', '.spanwise/0.jsonl,.spanwise/1.jsonl', '.spanwise/1.jsonl'])).out).toContain('base: 2 runs')
  })

  test.each([
    [['diff'], 'diff takes two names'],
    [['diff', 'a', 'b', 'c'], 'diff takes two names'],
    [['diff', 'base', 'missing.jsonl'], 'missing.jsonl: no such file'],
    [['diff', 'base', 'base', '-f', 'markdwn'], 'did you mean markdown?'],
    [['diff', 'base', 'base', '--min-change', '200'], '--min-change is a percentage'],
  ])('%j', async (words, message) => {
    write('base', 1, 1)
    expect(await desk.say(words)).toMatchObject({ code: 2, out: '', err: expect.stringContaining(message) })
  })
})

describe('percentiles with intervals elsewhere', () => {
  test('percentilesOver gives them where each run has the operation once', () => {
    const random = seeded(7)
    const traces = Array.from({ length: 8 }, (_, i) => traceOf(i, random))
    const by = new Map(percentilesOver(traces).map((operation) => [operation.name, operation]))
    expect(by.get('search')!.intervals!.p50).toEqual({ low: expect.any(Number), high: expect.any(Number) })
    expect(by.get('search')!.intervals!.p50.low).toBeLessThanOrEqual(by.get('search')!.durationNs.p50)
    expect(by.get('gpt-5-mini')).not.toHaveProperty('intervals')
    expect(percentilesOver(traces.slice(0, 5)).every(({ intervals }) => intervals === undefined)).toBe(true)
  })

  test('spanwise top tells them of whole runs', async () => {
    const desk = new Desk()
    const random = seeded(8)
    for (let i = 0; i < 8; i++) desk.write(`runs/${i}.jsonl`, encodeTrace(traceOf(i, random, i === 3 ? { model: 'nobody-knows-it' } : {})))
    const { out } = await desk.say(['top', 'runs'])
    expect(out).toMatch(/Whole runs \(8\) +p50 +95 % interval +p95 +95 % interval[^\n]*\n {2}time +\d+ ms +\d+ ms to \d+ ms +\d+ ms +from \d+ ms/)
    expect(out).toContain('the cost of 1 of 8 runs is unknown')
    expect(out.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(JSON.parse((await desk.say(['top', 'runs', '--json'])).out)).toMatchObject({ runs: 8, totals: { runs: 8, durationNs: { runs: 8, intervals: {} } } })
    desk.remove()
  })
})
