import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { renderCheckMarkdown } from '../reports/many-runs/check-markdown.ts'
import { renderCheckText } from '../reports/many-runs/check-text.ts'
import { analyze } from '../src/analyze/index.ts'
import { figureNames, operationFigureNames, readBudget, statistics, type Budget } from '../src/analyze/many-runs/budget.ts'
import { checkBudget } from '../src/analyze/many-runs/check.ts'
import { didYouMean } from '../src/cli/nearest.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { encodeTrace } from '../src/trace-file/index.ts'
import { draw } from './draw.ts'
import { Desk } from './support/cli.ts'
import { validator, type Schema } from './support/json-schema.ts'
import { root } from './support/source.ts'

/** An agent that takes so many milliseconds, with two tools that one answer asked for one after another. */
const traceOf = (id: number, ms: number, model = 'gpt-5-mini') => draw(`
  agent 0-${ms}
    llm 1-40 model=${model} in=1000 cached=200 out=50 asks=search#c1,orders#c2
    search 40-60 call=c1 by=llm
    orders 60-${ms - 1} call=c2 by=llm
`, { id: id.toString(16).padStart(32, '0') })
const runs = (...durations: number[]): Analysis[] => durations.map((ms, i) => analyze(traceOf(i + 1, ms)))
const idOf = (i: number): string => i.toString(16).padStart(32, '0')

function checkSchema(budget: unknown, fits: boolean): void {
  const schema = JSON.parse(readFileSync(`${root}docs/budget.schema.json`, 'utf8')) as Schema
  expect(validator(schema)(budget).length === 0).toBe(fits)
}

describe('limits', () => {
  test('a number holds for p95, an object for each statistic', () => {
    const set = runs(100, 110, 120, 300)
    expect(checkBudget(set, { durationMs: 300 })).toMatchObject({ ok: true, runs: 4, reasons: [] })
    expect(checkBudget(set, { durationMs: 299 }).lines).toEqual([{
      name: 'durationMs', statistic: 'p95', limit: 299, actual: 300, ok: false, interval: { low: 120 },
      reason: 'p95 of the duration is 300 ms, over 299 ms (1 of 4 runs are over it)', traceIds: [idOf(4)],
    }])
    const each = checkBudget(set, { durationMs: { p50: 110, p95: 200, max: 250 } })
    expect(each.lines.map(({ statistic, ok }) => [statistic, ok])).toEqual([['p50', true], ['p95', false], ['max', false]])
    expect(each.reasons[1]).toBe('the largest duration is 300 ms, over 250 ms (1 of 4 runs are over it)')
  })

  test('a limit that is just reached holds; zero is a limit', () => {
    const set = runs(100)
    const exact: Budget = { durationMs: 100, tokens: 1050, inputTokens: 1000, outputTokens: 50, llmCalls: 1, toolCalls: 2 }
    expect(checkBudget(set, exact).ok).toBe(true)
    for (const name of figureNames) if (typeof exact[name] === 'number') expect(checkBudget(set, { [name]: exact[name] - 1 }).ok).toBe(false)
    expect(checkBudget(set, { costUsd: 0 }).reasons[0]).toMatch(/^the cost is \$0\.0003[\d]*, over \$0$/)
  })

  test('unknown cost is never within a limit, however large the limit', () => {
    const unknown = [...runs(100, 110), analyze(traceOf(9, 120, 'nobody-knows-it'))]
    expect(checkBudget(unknown, { costUsd: 1e9 })).toEqual({
      ok: false, runs: 3, reasons: [expect.stringContaining('the cost of 1 of 3 runs is unknown')],
      lines: [{ name: 'costUsd', statistic: 'p95', limit: 1e9, ok: false, reason: expect.stringContaining('is not free'), traceIds: [idOf(9)] }],
    })
    expect(checkBudget(unknown, { tokens: 1e9 }).ok).toBe(true)
    expect(checkBudget(unknown, { contextShare: 1 }).reasons[0]).toContain('share of the context window of 1 of 3 runs is unknown')
    const silent = analyze(draw('agent 0-100\n  llm 1-40 model=gpt-5-mini'), { tokens: false })
    for (const name of ['tokens', 'inputTokens', 'outputTokens', 'costUsd', 'contextShare'] as const) {
      expect(checkBudget([silent], { [name]: 1 }).ok).toBe(false)
    }
  })

  test('a run without calls costs nothing, and a failed call without an answer neither', () => {
    for (const text of ['agent 0-100', 'agent 0-100\n  llm 1-40 model=nobody-knows-it failed=Error:no']) {
      expect(checkBudget([analyze(draw(text))], { costUsd: 0, tokens: 0, contextShare: 0 }).reasons).toEqual([])
    }
  })

  test('single operations, by the duration of each span and the number in a run', () => {
    const set = runs(100, 300)
    const check = checkBudget(set, { operations: { orders: { durationMs: 100, count: 1 }, serch: { count: 1 } } }, didYouMean)
    expect(check.reasons).toEqual([
      'p95 of the duration of orders is 239 ms, over 100 ms (1 of 2 runs are over it)', 'no run has an operation serch; did you mean search?',
    ])
    expect(check.lines.map(({ name, ok }) => [name, ok])).toEqual([
      ['operations.orders.durationMs', false], ['operations.orders.count', true], ['operations.serch', false],
    ])
  })

  test('findings, failures and too few runs', () => {
    const failed = analyze(draw('agent 0-100 failed=TypeError:boom'))
    expect(checkBudget(runs(100, 200), { failOn: ['PAR001', 'RETRY001', 'any', 'failed'] }).lines.map(({ limit, ok }) => [limit, ok]))
      .toEqual([['PAR001', false], ['RETRY001', true], ['any', false], ['failed', true]])
    expect(checkBudget([failed], { failOn: ['failed'] }).reasons).toEqual(['the run failed: TypeError: boom'])
    expect(checkBudget(runs(100), { minRuns: 3 }).reasons).toEqual(['3 runs are needed, and there is 1'])
    expect(checkBudget([], { durationMs: 1 })).toMatchObject({ ok: false, reasons: ['1 run is needed, and there are 0'] })
  })
})

describe('a budget file', () => {
  const good: readonly Budget[] = [
    { durationMs: 8000 }, { costUsd: { p50: 0.02, p95: 0.05, p99: 0.07, max: 0.1 }, contextShare: 0.8, minRuns: 5 },
    { operations: { search: { durationMs: 500, count: { max: 3 } } }, failOn: ['PAR001', 'any', 'failed'] },
    { tokens: 0, inputTokens: 1, outputTokens: 2, llmCalls: 3, toolCalls: 4 },
  ]
  test.each(good)('%j is one', (budget) => {
    expect(readBudget(budget)).toEqual({ budget })
    expect(readBudget({ $schema: './budget.schema.json', ...budget })).toHaveProperty('budget')
    checkSchema(budget, true)
  })

  test.each([
    [{ durationMS: 1 }, 'the budget has no "durationMS"; did you mean durationMs?'],
    [{ durationMs: 1, speed: 3 }, 'the budget has no "speed"; there are durationMs, costUsd, tokens'],
    [{ durationMs: { p90: 1 } }, 'durationMs has no "p90"; did you mean p50?'],
    [{ durationMs: '8 s' }, 'durationMs must be a number of 0 or more, or limits by p50, p95, p99 and max, got "8 s"'],
    [{ tokens: -1 }, 'tokens must be a number of 0 or more'],
    [{ tokens: null }, 'tokens must be'],
    [{ contextShare: 80 }, 'contextShare must be a share from 0 to 1, got 80'],
    [{ operations: { search: { duration: 1 } } }, 'operations.search has no "duration"; did you mean durationMs?'],
    [{ operations: { search: 5 } }, 'operations.search must be an object, got 5'],
    [{ failOn: 'PAR001' }, 'failOn must be a list of codes'],
    [{ failOn: ['slow'] }, 'failOn takes codes such as PAR001, any, or failed; got "slow"'],
    [{ minRuns: 0.5 }, 'minRuns must be a whole number of at least 1, got 0.5'],
    [[], 'the budget must be an object'], ['x', 'the budget must be an object'], [null, 'the budget must be an object'],
  ])('%j is none', (budget, message) => {
    const read = readBudget(budget, didYouMean)
    expect('problems' in read ? read.problems.join('\n') : '').toContain(message)
    checkSchema(budget, false)
  })

  test('nothing to check is none either, and every fault is listed', () => {
    expect(readBudget({})).toEqual({ problems: [expect.stringContaining('has no limit')] })
    expect(readBudget({ operations: { a: {} }, durationMs: {} })).toEqual({ problems: [expect.stringContaining('durationMs'), expect.stringContaining('operations.a')] })
    expect((readBudget({ a: 1, b: 2, tokens: 'x' }) as { problems: string[] }).problems).toHaveLength(3)
  })

  test('the schema names every limit', () => {
    const { properties, definitions } = JSON.parse(readFileSync(`${root}docs/budget.schema.json`, 'utf8')) as Record<string, Record<string, Schema>>
    expect(Object.keys(properties!).sort()).toEqual(['$schema', ...figureNames, 'failOn', 'minRuns', 'operations'].sort())
    expect(Object.keys(definitions!['OperationBudget']!['properties'] as object)).toEqual([...operationFigureNames])
    const [, limits] = definitions!['Limit']!['anyOf'] as [Schema, Schema]
    expect(Object.keys(limits['properties'] as object)).toEqual([...statistics])
  })

  test('docs/budgets.md names every limit', () => {
    const page = readFileSync(`${root}docs/budgets.md`, 'utf8')
    for (const name of [...figureNames, ...operationFigureNames, 'operations', 'failOn', 'minRuns', ...statistics]) expect(page).toContain(`\`${name}`)
    for (const [, block] of page.matchAll(/```json\n([^`]+)```/g)) expect(readBudget(JSON.parse(block!))).toHaveProperty('budget')
  })
})

describe('how it reads', () => {
  const check = checkBudget(runs(100, 110, 300), { durationMs: 200, tokens: 5000, failOn: ['PAR001'], operations: { nothing: { count: 1 } } })
  test('as text: the reasons first, then every limit', () => {
    const text = renderCheckText(check)
    expect(text.split('\n')[0]).toBe('Not within budget   3 runs · 4 limits')
    expect(text).toMatch(/^ {2}✗ p95 of the duration is 300 ms, over 200 ms/m)
    expect(text).toMatch(/^ {2}tokens p95 +1,050 .* 5,000 {2}ok$/m)
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([])
    expect(renderCheckText(checkBudget(runs(100), { durationMs: 200 }))).toContain('Within budget   1 run · 1 limit')
  })

  test('for a pull request', () => {
    const text = renderCheckMarkdown({ ...check, reasons: ['<script> @team'] })
    expect(text).toMatch(/^### ❌ Spanwise: not within budget/)
    expect(text).toContain('| `durationMs p95` | 300 ms |')
    expect(text).not.toMatch(/<script|@team/)
  })
})

describe('spanwise check', () => {
  let desk: Desk
  beforeEach(() => {
    desk = new Desk()
    desk.write('runs/1.jsonl', encodeTrace(traceOf(1, 100)))
    desk.write('runs/2.jsonl', encodeTrace(traceOf(2, 300)))
  })
  afterEach(() => desk.remove())
  const budget = (value: unknown, name = 'spanwise.budget.json'): string => desk.write(name, JSON.stringify(value))

  test('0 within the budget, 1 with each reason', async () => {
    budget({ durationMs: 300 })
    expect(await desk.say(['check', 'runs'])).toMatchObject({ code: 0, err: '', out: expect.stringContaining('Within budget') })
    budget({ durationMs: 200 }, 'strict.json')
    const { code, out } = await desk.say(['check', 'runs', '--budget', 'strict.json', '--fail-on', 'PAR001'])
    expect(code).toBe(1)
    expect(out).toMatch(/✗ p95 of the duration is 300 ms, over 200 ms[^]*✗ 2 of 2 runs have PAR001/)
    const json = await desk.say(['check', 'runs', '--budget', 'strict.json', '--json'])
    expect(json.code).toBe(1)
    expect(JSON.parse(json.err)).toMatchObject({ message: 'p95 of the duration is 300 ms, over 200 ms (1 of 2 runs are over it)' })
    expect(JSON.parse(json.out)).toMatchObject({ ok: false, runs: 2, lines: [{ name: 'durationMs', statistic: 'p95', actual: 300, limit: 200 }] })
  })

  test('--fail-on alone is enough, and all recorded runs are the default', async () => {
    expect(await desk.say(['check', 'runs', '--fail-on', 'RETRY001,failed'])).toMatchObject({ code: 0 })
    desk.write('.spanwise/a.jsonl', encodeTrace(traceOf(3, 100)))
    desk.write('.spanwise/b.jsonl', encodeTrace(traceOf(4, 100)))
    expect(await desk.say(['check', '--fail-on', 'any'])).toMatchObject({ code: 1, out: expect.stringContaining('2 runs') })
  })

  test('2 for a budget that is none, and for runs that cannot be read', async () => {
    expect(await desk.say(['check', 'runs'])).toMatchObject({ code: 2, err: expect.stringContaining('there is no spanwise.budget.json here') })
    budget({ durationMS: 1, tokns: 2 })
    const { code, err, out } = await desk.say(['check', 'runs'])
    expect({ code, out }).toEqual({ code: 2, out: '' })
    expect(err).toMatch(/spanwise.budget.json: the budget has no "durationMS"; did you mean durationMs\?\n {2}the budget has no "tokns"; did you mean tokens\?/)
    desk.write('broken.json', '{ "durationMs": }')
    expect(await desk.say(['check', 'runs', '--budget', 'broken.json'])).toMatchObject({ code: 2, err: expect.stringContaining('broken.json is no JSON') })
    expect(await desk.say(['check', 'runs', '--budget', 'gone.json'])).toMatchObject({ code: 2, err: expect.stringContaining('gone.json: no such file') })
    expect(await desk.say(['check', 'runs', '--fail-on', 'slow'])).toMatchObject({ code: 2, err: expect.stringContaining('--fail-on takes codes') })
    expect(await desk.say(['check', 'runs', '-f', 'csv', '--fail-on', 'any'])).toMatchObject({ code: 2, err: expect.stringContaining('there is no format csv') })
    desk.write('runs/3.jsonl', encodeTrace(traceOf(5, 100)).slice(0, -40))
    expect(await desk.say(['check', 'runs', '--fail-on', 'failed'])).toMatchObject({ code: 2 })
  })
})
