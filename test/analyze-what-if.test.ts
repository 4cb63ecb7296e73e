import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import { analyzeWithReplay } from '../src/analyze/replay.ts'
import { WhatIf, type Answer, type Question, type RunColumns } from '../src/analyze/what-if.ts'
import type { Amount, Analysis, SpanView } from '../src/model/analysis.ts'
import type { Replay, ReplayChange } from '../src/model/replay.ts'
import type { Trace } from '../src/model/span.ts'
import { nsToMs } from '../src/model/units.ts'
import { largeTrace } from '../bench/large-trace.ts'
import { draw, text } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { knownTrace } from './support/known.ts'
import { longTrace, randomTrace } from './support/random-run.ts'
import { seeded } from './support/random.ts'

interface Run {
  readonly analysis: Analysis
  readonly replay: Replay
  readonly columns: RunColumns
  readonly whatIf: WhatIf
}

const EAGER = { thresholds: { savingMs: 0, slowToolMs: 0.001, toolShare: 0.01 } }

function runOf(drawing: string | Trace): Run {
  const trace = typeof drawing === 'string' ? draw(drawing) : drawing
  checkTrace(trace)
  const { analysis, replay } = analyzeWithReplay(trace, EAGER)
  checkAnalysis(analysis)
  const columns = columnsOf(analysis.spans)
  return { analysis, replay, columns, whatIf: new WhatIf(columns, replay) }
}

function columnsOf(spans: readonly SpanView[]): RunColumns {
  const places = new Map(spans.map(({ id }, i) => [id, i]))
  return {
    count: spans.length,
    start: Float64Array.from(spans, ({ startNs }) => startNs),
    end: Float64Array.from(spans, ({ endNs }) => endNs),
    parent: Int32Array.from(spans, ({ parentId }) => (parentId === undefined ? -1 : places.get(parentId)!)),
    late: Uint8Array.from(spans, ({ late }) => Number(late === true)),
  }
}

const high = (amount: Amount): number => (typeof amount === 'number' ? amount : amount.high)

/** The run as a drawing, with a star behind what moved. */
function picture({ analysis: { spans } }: Run, { start, end, moved }: Answer): string {
  return spans.map(({ name, depth }, i) => `${'  '.repeat(depth)}${name} ${nsToMs(start[i]!)}-${nsToMs(end[i]!)}${moved[i] === 1 ? ' *' : ''}`).join('\n')
}

/** The change of the finding of that code. */
function changeOf({ analysis, replay }: Run, code: string): ReplayChange {
  const change = replay.changes[analysis.findings.findIndex((finding) => finding.code === code)]
  if (change === undefined || change === null) throw new Error(`no ${code} among ${analysis.findings.map((finding) => finding.code).join()}`)
  return change
}

const TURN = `
  agent 0-140
    llm 0-10 llm model=m asks=a#c1,b#c2
    a 15-65 call=c1 by=llm
      inner 20-60
    b 70-100 call=c2 by=llm
      inner 75-95
    answer 105-135 llm model=m repeats=llm carries=c1,c2
`

describe('the run as it would be', () => {
  test('what need not wait starts earlier, with all that is in it, and what follows moves up', () => {
    const run = runOf(TURN)
    expect(picture(run, run.whatIf.simulate({ schedule: 'proven' }))).toBe(text(`
      agent 0-110 *
        llm 0-10
        a 15-65
          inner 20-60
        b 20-50 *
          inner 25-45
        answer 75-105 *
    `))
  })

  test('asked for nothing, it is as it was', () => {
    const run = runOf(TURN)
    expect(picture(run, run.whatIf.simulate({}))).toBe(text(`
      agent 0-140
        llm 0-10
        a 15-65
          inner 20-60
        b 70-100
          inner 75-95
        answer 105-135
    `))
  })

  test('a finding is simulated with what its saving was', () => {
    const run = runOf(TURN)
    expect(run.whatIf.simulate({ change: changeOf(run, 'PAR001') })).toMatchObject({ savedNs: 30e6, durationNs: 110e6, peak: 2 })
  })

  test('a span that takes less has all in it compressed alike', () => {
    const run = runOf(`
      agent 0-100
        tool 0-80 tool
          first 0-20
          second 40-80
        log 90-100
    `)
    const change = { shorter: { spans: [1], byNs: [40e6] } }
    expect(picture(run, run.whatIf.simulate({ change }))).toBe(text(`
      agent 0-60 *
        tool 0-40 *
          first 0-10 *
          second 20-40 *
        log 50-60 *
    `))
  })

  test('a limit holds for what ran beside each other already too', () => {
    const run = runOf(`
      agent 0-50
        a 0-30
        b 0-50
        c 0-20
    `)
    const answer = run.whatIf.simulate({ concurrency: 2 })
    expect([answer.peak, nsToMs(answer.savedNs)]).toEqual([2, -20])
    expect(picture(run, answer)).toBe(text(`
      agent 0-70
        a 0-30
        b 20-70
        c 0-20
    `))
    expect(nsToMs(run.whatIf.simulate({ concurrency: 1 }).durationNs)).toBe(100)
  })

  test('work that nobody waited for keeps its distance from its parent', () => {
    const run = runOf(`
      agent 0-100
        a 0-40
        b 40-100
          flush 50-150
          trailing 110-120
    `)
    expect(picture(run, run.whatIf.simulate({ schedule: 'possible', change: { shorter: { spans: [2], byNs: [55e6] } } }))).toBe(text(`
      agent 0-40 *
        a 0-40
        b 0-5 *
          flush 5-105 *
          trailing 15-25 *
    `))
  })

  test('what a concurrency buys', () => {
    const run = runOf(`
      agent 0-100
        llm 0-10 llm model=m asks=a#c1,b#c2,c#c3
        a 10-40 call=c1 by=llm
        b 40-70 call=c2 by=llm
        c 70-100 call=c3 by=llm
    `)
    expect(run.whatIf.curve({ schedule: 'proven' }, run.analysis.schedules.proven.limit + 1).map(({ concurrency, durationNs }) => `${concurrency}: ${nsToMs(durationNs)}`)).toEqual(['1: 100', '2: 70', '3: 40', '4: 40'])
  })

  test('a curve has few points, however many run at once', () => {
    const { whatIf } = runOf(TURN)
    for (const most of [1, 2, 24, 25, 40, 1000, 100_000]) {
      const points = whatIf.curve({ schedule: 'possible' }, most).map(({ concurrency }) => concurrency)
      expect(points.length).toBeLessThanOrEqual(40)
      expect([points[0], points.at(-1)]).toEqual([1, most])
      expect(points.every((point, i) => i === 0 || point > points[i - 1]!)).toBe(true)
    }
  })

  test('a run without spans has no time', () => {
    const run = runOf({ ...draw('agent 0-1'), spans: [] })
    expect(run.whatIf.simulate({ schedule: 'possible', concurrency: 1 })).toMatchObject({ durationNs: 0, savedNs: 0, peak: 0 })
  })

  test('a concurrency that is none is refused', () => {
    const { whatIf } = runOf(TURN)
    for (const concurrency of [0, -1, 1.5, NaN]) expect(() => whatIf.simulate({ concurrency })).toThrow(`got ${concurrency}`)
    expect(() => whatIf.curve({}, Infinity)).toThrow('got Infinity')
  })
})

function kinds(seed: number): readonly Trace[] {
  return [randomTrace(seed), randomTrace(seed, 40), knownTrace(seed, { as: 'values' }).trace, knownTrace(seed, { as: 'texts', open: true }).trace]
}

/** What holds for every answer. */
function checkAnswer({ columns, replay }: Run, { change = [], schedule }: Question, answer: Answer): void {
  const { start, end, moved, durationNs, savedNs, peak } = answer
  const { count, parent, late } = columns
  expect(end[0]! - start[0]!).toBe(durationNs)
  expect(durationNs + savedNs).toBe(columns.end[0]! - columns.start[0]!)
  const changes = 'length' in change ? change : [change]
  const shorter = new Map<number, number>()
  for (const one of changes) one.shorter?.spans.forEach((span, at) => shorter.set(span, (shorter.get(span) ?? 0) + one.shorter!.byNs[at]!))
  for (let i = 0; i < count; i++) {
    const p = parent[i]!
    expect(end[i]).toBeGreaterThanOrEqual(start[i]!)
    if (p === -1) continue
    const isEarlier = start[i]! - start[p]! < columns.start[i]! - columns.start[p]!
    const isShorter = end[i]! - start[i]! < columns.end[i]! - columns.start[i]!
    expect(moved[i]).toBe(Number(isEarlier || isShorter))
    if (late[i] === 1) continue
    expect(start[i]).toBeGreaterThanOrEqual(start[p]!)
    // By as much as two clocks disagree, a span that is not late may stand out of its parent; no further than it did.
    expect(end[i]).toBeLessThanOrEqual(end[p]! + Math.max(0, columns.end[i]! - columns.end[p]!))
    const isMerged = (a: number): boolean => changes.some(({ merged, together = [] }) => merged === true && together.some((group) => group.includes(a)))
    for (let at = replay.needs.first[i]!; at < replay.needs.first[i + 1]!; at++) {
      const needed = replay.needs.all[at]!
      if (late[needed] === 1 || columns.end[needed]! > columns.start[i]! || isMerged(i)) continue
      expect(end[needed]).toBeLessThanOrEqual(start[i]!)
    }
    const isInShortened = (a: number): boolean => a !== -1 && (shorter.has(a) || isInShortened(parent[a]!))
    if (schedule === undefined && shorter.has(i) && !isInShortened(p) && changes.length === 1) {
      expect(end[i]! - start[i]!).toBe(Math.max(0, columns.end[i]! - columns.start[i]! - shorter.get(i)!))
    }
  }
  expect(peakOf(columns, answer)).toBeLessThanOrEqual(peak)
}

function peakOf({ count, parent, late, end: measured }: RunColumns, { start, end: simulated }: Answer): number {
  let most = 0
  // What stands out of its parent by the clocks' error ended with it.
  const end = simulated.map((time, i) => (parent[i] === -1 ? time : time - Math.max(0, measured[i]! - measured[parent[i]!]!)))
  for (let i = 0; i < count; i++) {
    let beside = 0
    for (let j = 0; j < count; j++) if (parent[j] === parent[i] && late[j] === 0 && start[j]! <= start[i]! && end[j]! > start[i]! && start[j]! < end[j]!) beside++
    if (late[i] === 0 && parent[i] !== -1) most = Math.max(most, beside)
  }
  return most
}

describe.each([1, 2, 3, 4, 5, 6])('laws, part %i', (part) => {
  const seeds = Array.from({ length: 25 }, (_, i) => part * 25 + i)
  const runs = seeds.flatMap((seed) => kinds(seed).map(runOf))
  const all = (check: (run: Run, number: number) => void) => (): void => runs.forEach(check)

  test('asked for nothing, the run is exactly as it was', all((run) => {
    const answer = run.whatIf.simulate({})
    expect([answer.start, answer.end]).toEqual([run.columns.start, run.columns.end])
    expect(answer.moved.includes(1)).toBe(false)
    expect(answer.savedNs).toBe(0)
    checkAnswer(run, {}, answer)
  }))

  test('each finding saves what it says', all((run) => {
    const { analysis, replay, whatIf } = run
    expect(replay.changes.length).toBe(analysis.findings.length)
    analysis.findings.forEach(({ saving }, at) => {
      const change = replay.changes[at]
      if (saving.timeNs === undefined) return expect(change).toBeNull()
      const answer = whatIf.simulate({ change: change! })
      expect(answer.savedNs).toBe(high(saving.timeNs))
      checkAnswer(run, { change: change! }, answer)
    })
  }))

  test('schedules take what the analysis says, without a limit and with their own', all((run) => {
    const { analysis: { schedules }, whatIf } = run
    for (const schedule of ['proven', 'possible'] as const) {
      const { durationNs, limit } = schedules[schedule]
      for (const concurrency of [Infinity, limit]) {
        const answer = whatIf.simulate({ schedule, concurrency })
        expect(answer.durationNs).toBe(durationNs)
        expect(answer.peak).toBeLessThanOrEqual(concurrency)
        checkAnswer(run, { schedule }, answer)
      }
      for (const point of whatIf.curve({ schedule }, limit + 1)) {
        const answer = whatIf.simulate({ schedule, concurrency: point.concurrency })
        expect(answer.durationNs).toBe(point.durationNs)
        expect(answer.peak).toBeLessThanOrEqual(point.concurrency)
        checkAnswer(run, { schedule }, answer)
        expect(point.durationNs).toBeGreaterThanOrEqual(durationNs)
      }
    }
  }))

  test('together changes take no longer than any of them alone', all((run, number) => {
    const { replay, whatIf } = run
    const random = seeded(number)
    const found = [...replay.changes.flatMap((change) => change ?? []), ...randomChanges(run, random)]
    const chosen = found.filter(() => random() < 0.5)
    const questions = chosen.map((change): Question => ({ change }))
    for (const change of found) {
      checkAnswer(run, { change }, whatIf.simulate({ change, concurrency: 1 }))
      const answer = whatIf.simulate({ change, schedule: 'possible' })
      for (const one of [{ change }, { schedule: 'possible' as const }]) expect(answer.durationNs).toBeLessThanOrEqual(whatIf.simulate(one).durationNs)
    }
    for (const schedule of ['proven', 'possible', undefined] as const) {
      const answer = whatIf.simulate({ change: chosen, schedule })
      checkAnswer(run, { change: chosen, schedule }, answer)
      for (const one of [...questions, { schedule }]) expect(answer.durationNs).toBeLessThanOrEqual(whatIf.simulate(one).durationNs)
      const limited = whatIf.simulate({ change: chosen, schedule, concurrency: 2 })
      expect(limited.peak).toBeLessThanOrEqual(2)
      checkAnswer(run, { change: chosen, schedule }, limited)
    }
  }))

  test('the analysis is the one without', () => {
    for (const seed of seeds) for (const trace of kinds(seed)) expect(JSON.stringify(analyzeWithReplay(trace).analysis)).toBe(JSON.stringify(analyze(trace)))
  })
})

/** Spans that become shorter, whatever is in them; siblings that need not wait. */
function randomChanges({ columns: { count, start, end, parent } }: Run, random: () => number): ReplayChange[] {
  const spans = Array.from({ length: count }, (_, i) => i).filter(() => random() < 0.2)
  const siblings = Array.from({ length: count }, (_, i) => i).filter((i) => parent[i] === 0 && random() < 0.4)
  return [
    { shorter: { spans, byNs: spans.map((i) => Math.floor((end[i]! - start[i]!) * random())) } },
    { together: [siblings], ...(random() < 0.3 && { merged: true as const }) },
  ]
}

const pool = Array.from({ length: 12 }, (_, i) => `fetch ${Math.floor(i / 3) * 50}-${Math.floor(i / 3) * 50 + 50} tool`).join('\n  ')
const circles = [0, 20, 40].map((at, i) => `llm ${at}-${at + 10} llm model=m\n  look ${at + 10}-${at + 20} by=llm#${i + 1} args=a result=x`).join('\n  ')
const embedding = (at: number, chars: number): string => `e ${at}-${at + 30} embedding model=embed op=embeddings parts=user:${chars}`

describe('a finding of each kind', () => {
  test.each([
    ['PAR002', 90, `
      agent 0-130
        llm 0-10 llm model=m asks=ask#c1,ask#c2
        ask 10-60 call=c1 by=llm
          m 10-60 llm model=m parts=user:8
        ask 60-100 call=c2 by=llm
          m 60-100 llm model=m parts=user:9
        answer 100-130 llm model=m repeats=llm carries=c1,c2
    `],
    ['PAR005', 60, `
      agent 0-200
        llm 0-10 llm model=m asks=a#1,b#2,c#3
        a 10-40 call=1 by=llm
        b 10-50 call=2 by=llm
        c 10-190 call=3 by=llm
        llm 190-200 llm model=m carries=1,2,3
    `],
    ['PAR006', 50, `agent 0-200\n  ${pool}`],
    ['RETRY001', 40, `
      agent 0-100
        llm 0-80 llm model=m attempts=0-20:429,60-80:200
        tool 80-100
    `],
    ['REP001', 110, `
      agent 0-150
        research 0-50 tool args=a result=x
          search 10-40 tool args=q result=r
        research 100-140 tool args=a result=x
          search 110-130 tool args=q result=r
    `],
    ['REP002', 20, `agent 0-60\n  ${circles}`],
    ['REP003', 150, `
      agent 0-200
        plan 0-60
          m 0-50 llm model=m parts=user:80 answer=20
        check 100-160
          m 100-150 llm model=m parts=user:80 answer=20
    `],
    ['EMB001', 40, `agent 0-100\n  ${embedding(0, 80)}\n  ${embedding(30, 81)}\n  ${embedding(60, 82)}`],
    ['LLM002', 180, `
      agent 0-200
        m 0-50 llm model=m parts=user:80 answer=20 in=100 out=10 finish=max_tokens
        m 60-150 llm model=m repeats=m parts=user:10 answer=90 in=120 out=40 first=80 last=150
    `],
  ])('%s, after which the run takes %i ms', (code, durationMs, drawing) => {
    const run = runOf(drawing)
    const question = { change: changeOf(run, code) }
    const answer = run.whatIf.simulate(question)
    checkAnswer(run, question, answer)
    expect(nsToMs(answer.durationNs)).toBe(durationMs)
  })

  test('all of a long run, one by one and together', () => {
    const { analysis, replay, whatIf } = runOf(largeTrace(3_000))
    expect([...new Set(analysis.findings.filter((_, at) => replay.changes[at] !== null).map(({ code }) => code))].sort()).toContain('CACHE001')
    analysis.findings.forEach(({ saving }, at) => {
      const change = replay.changes[at]
      if (saving.timeNs === undefined) expect(change).toBeNull()
      else expect(whatIf.simulate({ change: change! }).savedNs).toBe(high(saving.timeNs))
    })
    const all = replay.changes.flatMap((change) => change ?? [])
    const { savedNs } = whatIf.simulate({ change: all })
    for (const { saving: { timeNs = 0 } } of analysis.findings) expect(savedNs).toBeGreaterThanOrEqual(high(timeNs))
    expect(whatIf.simulate({ change: all, schedule: 'possible' }).durationNs).toBeLessThanOrEqual(analysis.schedules.possible.durationNs)
  })
})

test('a run of 100,000 spans is simulated while one waits', () => {
  const { analysis, replay } = analyzeWithReplay(longTrace(100_000))
  const whatIf = new WhatIf(columnsOf(analysis.spans), replay)
  const times: number[] = []
  for (const concurrency of [1, 2, 3, Infinity]) {
    const began = performance.now()
    expect(whatIf.simulate({ schedule: 'possible', concurrency }).start.length).toBe(analysis.spans.length)
    times.push(performance.now() - began)
  }
  // The machine may do something else at times.
  expect(Math.min(...times)).toBeLessThan(200)
})
