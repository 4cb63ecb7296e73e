import { describe, expect, test } from 'vitest'
import { importTraces } from '../adapters/import/index.ts'
import { chromeReport } from '../reports/chrome.ts'
import { analyze, type Analysis, type Trace } from '../src/index.ts'
import { draw } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { drawn } from './support/analysis-fixture.ts'
import { chromeFaults, eventsOf, readEvents, type ChromeEvent } from './support/chrome-events.ts'
import { goldenAnalysis, goldenTrace } from './support/golden-run.ts'
import { concurrentTrace, longTrace } from './support/random-run.ts'

/** The lanes as text, one line a slice: `1 agent 0-100`. */
const lanes = (drawing: string): string[] => readEvents(eventsOf(analyze(draw(drawing)))).slices
  .map(({ event, end }) => `${event.tid} ${event.name} ${event.ts / 1000}-${end / 1000}`)

describe('lanes', () => {
  test('what follows stays in the lane of its parent, what is parallel gets the next, with what lies inside', () => {
    expect(lanes(`
      agent 0-100
        a 0-40
          inner 5-30
        b 10-60
          inner 20-50
        c 40-70
        d 70-90
    `)).toEqual([
      '1 agent 0-100', '1 a 0-40', '1 inner 5-30', '2 b 10-60', '2 inner 20-50', '1 c 40-70', '1 d 70-90',
    ])
  })

  test('late work has a lane of its own', () => {
    expect(lanes(`
      agent 0-50
        flush 40-80
          write 60-80
    `)).toEqual(['1 agent 0-50', '2 flush 40-80', '2 write 60-80'])
  })

  test('the longer first, and nothing beside it of no length is put inside', () => {
    expect(lanes(`
      agent 0-50
        mark 10-10
        work 10-20
        end 20-20
    `)).toEqual(['1 agent 0-50', '1 work 10-20', '2 mark 10-10', '1 end 20-20'])
  })
})

describe('events', () => {
  test('a retried call shows its attempts and the waits', () => {
    const { slices } = readEvents(eventsOf(analyze(draw(`
      agent 0-100
        answer 10-90 llm model=m attempts=10-30:429,50-90:200
    `))))
    expect(slices.map(({ event, end, around }) => `${around?.event.name} > ${event.name} ${event.ts / 1000}-${end / 1000}`)).toEqual([
      'undefined > agent 0-100', 'agent > answer 10-90', 'answer > attempt 1: 429 10-30', 'answer > wait 30-50', 'answer > attempt 2: 200 50-90',
    ])
    expect(slices.map(({ event }) => event.cat)).toEqual(['agent', 'llm', 'attempt', 'wait', 'attempt'])
  })

  test('arrows lead from an answer to its tools, and to children on other lanes', () => {
    const { arrows } = readEvents(eventsOf(analyze(draw(`
      agent 0-100
        plan 0-20 llm model=m asks=a#c1,b#c2
        a 20-60 tool call=c1 by=plan
        b 30-70 tool call=c2 by=plan
    `))))
    expect(arrows.map(({ kind, from, to }) => `${kind} ${from?.event.name} → ${to?.event.name}`)).toEqual(['issued plan → a', 'child agent → b', 'issued plan → b'])
  })

  test('what is known of a call stands in its arguments, and nothing that is not', () => {
    const [, known, unknown] = eventsOf(analyze(draw(`
      agent 0-100
        plan 0-20 llm model=gpt-5-mini in=1000 cached=200 out=50 first=5 last=20
        next 20-60 llm model=house-model failed=RateLimitError:slow_down
    `))).filter(({ ph }) => ph === 'X')
    expect(known!.args).toMatchObject({
      category: 'llm', outcome: 'ok', model: 'gpt-5-mini', ttftUs: 5000, selfUs: 20_000, criticalPathUs: 20_000, slackUs: 0,
      usage: { input: { total: 1000, uncached: 800, cacheRead: 200, cacheWrite: 0 }, output: { total: 50, visible: 50, reasoning: 0 } },
    })
    expect(known!.args['costUsd']).toBeGreaterThan(0)
    expect(unknown!.args).toMatchObject({ outcome: 'failed', error: 'RateLimitError: slow down' })
    expect(Object.keys(unknown!.args)).not.toEqual(expect.arrayContaining(['usage']))
    expect(Object.keys(unknown!.args)).not.toEqual(expect.arrayContaining(['costUsd']))
  })

  test('tokens are counted up over time', () => {
    const counts = eventsOf(analyze(draw(`
      agent 0-100
        slow 0-90 llm model=m in=100 out=10
        fast 0-20 llm model=m in=7 out=1
        none 20-30 llm model=m failed=Error:no
    `))).filter(({ ph }) => ph === 'C')
    expect(counts.map(({ ts, args }) => [ts, args])).toEqual([
      [0, { input: 0, output: 0 }], [20_000, { input: 7, output: 1 }], [90_000, { input: 107, output: 11 }],
    ])
  })

  test('a run without spans, and one of hostile names', () => {
    expect(eventsOf(drawn('', { name: '' })).map(({ name, args }) => [name, args])).toEqual([['process_name', { name: '(no name)' }]])
    const name = '\u001b[31m"},{"ph":"X\n__proto__\ud800'
    const span = eventsOf(drawn('agent agent 0-100', { names: { s0: name } })).find(({ ph }) => ph === 'X')
    expect(span!.name).toBe(name)
  })
})

test('a long run takes a few lanes', () => {
  const analysis = analyze(longTrace(20_000))
  const events = eventsOf(analysis)
  expect(chromeFaults(events, analysis)).toEqual([])
  expect(Math.max(...events.map(({ tid }) => tid))).toBe(4)
})

describe('read back', () => {
  const back = (trace: Trace): Trace => {
    const { format, traces, problems } = importTraces({ name: 'x', text: chromeReport.render(analyze(trace)) })
    expect([format, traces.length, problems]).toEqual(['chrome', 1, []])
    checkTrace(traces[0]!)
    return traces[0]!
  }
  const wholeUs = (ns: number): number => Math.floor(ns / 1_000) * 1_000
  const tree = ({ spans }: Trace): unknown => spans.map(({ id, parentId, name, category, start, end, outcome }) =>
    ({ id, parentId, name: name === '' ? '(no name)' : name, category, start: wholeUs(start), end: end === undefined ? end : wholeUs(end), outcome }))
    .sort((a, b) => (a.id < b.id ? -1 : 1))

  test('the golden run is the same, with its calls', () => {
    const trace = back(goldenTrace)
    expect(tree(trace)).toEqual(tree(goldenTrace))
    const about = ({ id, name, service, tags, startedAtEpochMs }: Trace): unknown => ({ id, name, service, tags, startedAtEpochMs })
    expect(about(trace)).toEqual(about(goldenTrace))
    const again = analyze(trace)
    expect(again.totals).toEqual(goldenAnalysis.totals)
    const facts = ({ calls }: Analysis): unknown => calls.map(({ spanId, ttftNs, retryNs, usage, costUsd }) => [spanId, ttftNs, retryNs, usage, costUsd])
    expect(facts(again)).toEqual(facts(goldenAnalysis))
    expect(again.findings.map(({ code }) => code)).toEqual(goldenAnalysis.findings.map(({ code }) => code))
  })

  test('three hundred random runs have the same tree', () => {
    for (let seed = 1; seed <= 300; seed++) {
      const trace = concurrentTrace(seed)
      expect([seed, tree(back(trace))]).toEqual([seed, tree(trace)])
    }
  })

  test.each<[string, (event: { ph: string; ts: number; args: Record<string, unknown> }) => void]>([
    ['an id twice', ({ args }) => { args['spanId'] = '0000000000000001' }],
    ['a parent that is not there', ({ args }) => { args['parentId'] = 'lost' }],
    ['parents in a ring', ({ args }) => { args['parentId'] = args['spanId'] }],
    ['usage that makes no sense', ({ args }) => { args['usage'] = { input: { total: -1, cacheRead: 9 }, output: 'x' } }],
    ['other types', ({ args }) => { Object.assign(args, { outcome: 7, attributes: 'x', provider: 1, finishReasons: [1], ttftUs: 'soon', category: {} }) }],
    ['times of other types', (event) => { Object.assign(event, { ts: '7', dur: null }) }],
  ])('a file of ours that somebody changed: %s', (_, change) => {
    const file = JSON.parse(chromeReport.render(goldenAnalysis)) as { traceEvents: { ph: string; ts: number; args: Record<string, unknown> }[] }
    file.traceEvents.filter(({ ph }) => ph === 'X').forEach((event, i) => i % 3 === 1 && change(event))
    const { traces } = importTraces({ name: 'x', text: JSON.stringify(file) })
    expect(traces.length).toBe(1)
    checkTrace(traces[0]!)
    checkAnalysis(analyze(traces[0]!))
  })
})

describe('the check itself', () => {
  const analysis = analyze(draw(`
    agent 0-100
      plan 0-20 llm model=m asks=a#c1,b#c2
      a 20-60 tool call=c1 by=plan
      b 30-70 tool call=c2 by=plan
  `))
  const changed = (ph: string, name: string, change: object): ChromeEvent[] =>
    eventsOf(analysis).map((event) => (event.ph === ph && event.name === name ? { ...event, ...change } : event))
  test.each<[fault: string, events: readonly ChromeEvent[]]>([
    ['ends after what is around it', changed('X', 'b', { tid: 1 })],
    ['ts 1.5', changed('X', 'a', { ts: 1.5 })],
    ['ts 20000', JSON.parse(JSON.stringify(changed('X', 'a', { ts: '20000' }))) as ChromeEvent[]],
    ['fields', changed('X', 'a', { dur: undefined, end: 4 })],
    ['lanes 1,2, named 1,1', changed('M', 'thread_name', { tid: 1 })],
    ['lies in plan', changed('X', 'a', { ts: 5_000, dur: 5_000 })],
    ['bp i', changed('f', 'issued', { bp: 'i' })],
    ['an arrow has one end', eventsOf(analysis).filter(({ ph, id }) => ph !== 'f' || id !== 1)],
    ['arrow from', changed('s', 'issued', { ts: 95_000 })],
    ['a span is missing', eventsOf(analysis).filter(({ ph, name }) => ph !== 'X' || name !== 'b')],
  ])('finds: %s', (fault, events) => {
    expect(chromeFaults(eventsOf(analysis), analysis)).toEqual([])
    expect(chromeFaults(events, analysis).join('\n')).toContain(fault)
  })
})
