import { describe, expect, test } from 'vitest'
import { chromeReport } from '../reports/chrome.ts'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis } from '../src/model/analysis.ts'
import { draw } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { drawn } from './support/analysis-fixture.ts'
import { goldenAnalysis } from './support/golden-run.ts'
import { longTrace, randomTrace } from './support/random-run.ts'

interface Event {
  readonly ph: string
  readonly name: string
  readonly cat?: string
  readonly pid: number
  readonly tid: number
  readonly ts: number
  readonly dur?: number
  readonly id?: number
  readonly args: Readonly<Record<string, unknown>>
}

const eventsOf = (analysis: Analysis): readonly Event[] =>
  (JSON.parse(chromeReport.render(analysis)) as { readonly traceEvents: readonly Event[] }).traceEvents

interface Slice {
  readonly event: Event
  readonly end: number
  /** Depth on its track. */
  readonly around: Slice | undefined
}

interface Arrow {
  readonly kind: string
  readonly from: Slice | undefined
  readonly to: Slice | undefined
}

interface Trace {
  readonly slices: readonly Slice[]
  readonly arrows: readonly Arrow[]
  readonly faults: readonly string[]
}

/**
 * Reads events as Perfetto's trace processor does: in order of time, then of the file; a slice leaves the stack of its
 * thread when another begins at or after its end (of two instants at one moment the first stays); one that begins inside another and
 * ends after it is an error; an arrow belongs to the top of the stack.
 */
function read(events: readonly Event[]): Trace {
  const stacks = new Map<number, Slice[]>()
  const begun = new Map<number, Slice>()
  const [slices, arrows, faults]: [Slice[], Arrow[], string[]] = [[], [], []]
  const timed = events.filter(({ ph }) => 'Xsf'.includes(ph)).sort((a, b) => a.ts - b.ts)
  for (const event of timed) {
    const stack = stacks.get(event.tid) ?? []
    stacks.set(event.tid, stack)
    const top = stack.at(-1)
    if (event.ph === 's') begun.set(event.id!, top!)
    else if (event.ph === 'f') arrows.push({ kind: event.cat!, from: begun.get(event.id!), to: top })
    else {
      const end = event.ts + event.dur!
      while (stack.length > 0 && ended(stack.at(-1)!, event)) stack.pop()
      const around = stack.at(-1)
      if (stack.some((open) => event.ts < open.end && end > open.end)) faults.push(`${event.name} at ${event.ts} ends after what is around it`)
      const slice = { event, end, around }
      slices.push(slice)
      stack.push(slice)
    }
  }
  if (begun.size !== arrows.length) faults.push('an arrow has one end')
  return { slices, arrows, faults }
}

const ended = ({ event, end }: Slice, next: Event): boolean =>
  end < next.ts || (end === next.ts && !(event.dur === 0 && next.dur === 0))

/** The lanes as text, one line a slice: `1 agent 0-100`. */
const lanes = (drawing: string): string[] => read(eventsOf(analyze(draw(drawing)))).slices
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
    const { slices } = read(eventsOf(analyze(draw(`
      agent 0-100
        answer 10-90 llm model=m attempts=10-30:429,50-90:200
    `))))
    expect(slices.map(({ event, end, around }) => `${around?.event.name} > ${event.name} ${event.ts / 1000}-${end / 1000}`)).toEqual([
      'undefined > agent 0-100', 'agent > answer 10-90', 'answer > attempt 1: 429 10-30', 'answer > wait 30-50', 'answer > attempt 2: 200 50-90',
    ])
    expect(slices.map(({ event }) => event.cat)).toEqual(['agent', 'llm', 'attempt', 'wait', 'attempt'])
  })

  test('arrows lead from an answer to its tools, and to children on other lanes', () => {
    const { arrows } = read(eventsOf(analyze(draw(`
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

test('golden', async () => {
  checkAnalysis(goldenAnalysis)
  expect(read(eventsOf(goldenAnalysis)).faults).toEqual([])
  await expect(`${chromeReport.render(goldenAnalysis)}\n`).toMatchFileSnapshot(`./golden/run.${chromeReport.extension}`)
})

const spanIdOf = (slice: Slice | undefined): unknown => slice?.event.args['spanId']

/** What is wrong with a run's events: nothing. */
function faultsOf(seed: number): string[] {
  const trace = randomTrace(seed)
  const analysis = analyze(trace)
  if (seed % 20 === 0) {
    checkTrace(trace)
    checkAnalysis(analysis)
  }
  const parents = new Map(trace.spans.map(({ id, parentId }) => [id, parentId]))
  const { slices, arrows, faults } = read(eventsOf(analysis))
  const isInside = ({ event, around }: Slice): boolean => {
    if (around === undefined || (event.dur === 0 && around.event.dur === 0)) return true
    let id = event.args['spanId'] as string | undefined
    while (id !== undefined && id !== spanIdOf(around)) id = parents.get(id)
    return id !== undefined
  }
  const isTrue = ({ kind, from, to }: Arrow): boolean => {
    if (from === undefined || to === undefined || from === to) return false
    if (kind === 'issued') return to.event.args['issuedBy'] === spanIdOf(from)
    const isPart = ['attempt', 'wait'].includes(to.event.cat!)
    return spanIdOf(from) === (isPart ? spanIdOf(to) : parents.get(spanIdOf(to) as string))
  }
  return [
    ...faults, ...slices.filter((slice) => !isInside(slice)).map(({ event, around }) => `${event.name} at ${event.ts} lies in ${around!.event.name}`),
    ...(new Set(slices.map(spanIdOf)).size === trace.spans.length ? [] : ['a span is missing']),
    ...arrows.filter((arrow) => !isTrue(arrow)).map(({ kind, from, to }) => `${kind} arrow from ${from?.event.name} to ${to?.event.name}`),
  ].map((fault) => `seed ${seed}: ${fault}`)
}

describe('many runs at random', () => {
  test('ten thousand small ones nest, under their own ancestors', () => {
    const faults: string[] = []
    for (let seed = 1; seed <= 10_000; seed++) faults.push(...faultsOf(seed))
    expect(faults.slice(0, 5)).toEqual([])
  })

  test('a long run takes a few lanes', () => {
    const { slices, faults } = read(eventsOf(analyze(longTrace(20_000))))
    expect(faults).toEqual([])
    expect(slices.length).toBeGreaterThan(19_990)
    expect(Math.max(...slices.map(({ event }) => event.tid))).toBe(4)
  })
})
