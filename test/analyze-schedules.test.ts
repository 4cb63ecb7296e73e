import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import type { Analysis } from '../src/model/analysis.ts'
import type { Span, Trace } from '../src/model/span.ts'
import { nsToMs } from '../src/model/units.ts'
import { draw, idOf } from './draw.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { seeded } from './support/random.ts'

function analyzed(drawing: string | Trace): Analysis {
  const trace = typeof drawing === 'string' ? draw(drawing) : drawing
  checkTrace(trace)
  const analysis = analyze(trace)
  checkAnalysis(analysis)
  return analysis
}

/** `proven 60 with 2, possible 40 with 3` of a run. */
function schedules(drawing: string): string {
  const { proven, possible } = analyzed(drawing).schedules
  return `proven ${nsToMs(proven.durationNs)} with ${proven.limit}, possible ${nsToMs(possible.durationNs)} with ${possible.limit}`
}

describe('schedules', () => {
  test('tools that one answer asked for together need not wait for each other', () => expect(schedules(`
    agent 0-130
      llm 0-10 llm model=m asks=a#c1,b#c2,c#c3
      a 10-60 call=c1 by=llm
      b 60-90 call=c2 by=llm
      c 90-110 call=c3 by=llm
      answer 110-130 llm model=m repeats=llm carries=c1,c2,c3
  `)).toBe('proven 80 with 2, possible 80 with 2'))

  test('the time of the agent itself between them is never saved', () => expect(schedules(`
    agent 0-140
      llm 0-10 llm model=m asks=a#c1,b#c2
      a 15-65 call=c1 by=llm
      b 70-100 call=c2 by=llm
      answer 105-135 llm model=m repeats=llm carries=c1,c2
  `)).toBe('proven 110 with 2, possible 110 with 2'))

  test('tools of different answers keep their order', () => expect(schedules(`
    agent 0-100
      one 0-10 llm model=m asks=a#c1
      a 10-40 call=c1 by=one
      two 40-50 llm model=m repeats=one carries=c1 asks=b#c2
      b 50-100 call=c2 by=two
  `)).toBe('proven 100 with 1, possible 100 with 1'))

  test('siblings of unknown relation move only in the possible schedule', () => expect(schedules(`
    agent 0-100
      load_memory 0-30 memory
      retrieve 30-70 retrieval
      llm 70-100 llm model=m
  `)).toBe('proven 100 with 1, possible 40 with 3'))

  test('what was declared is kept, between spans of different parents too', () => expect(schedules(`
    agent 0-100
      plan 0-40
        llm 0-40
      work 40-70
        search 40-70 after=llm
      log 70-100
  `)).toBe('proven 100 with 1, possible 70 with 2'))

  test('a declared need wins over having been asked for together', () => expect(schedules(`
    agent 0-100
      llm 0-10 llm model=m asks=a#c1,b#c2
      a 10-50 call=c1 by=llm
      b 50-100 call=c2 by=llm after=a
  `)).toBe('proven 100 with 1, possible 100 with 1'))

  test('a tool whose result is known only by its name ties the next call to it', () => {
    const trace = draw(`
      agent 0-60
        llm 0-10 llm model=m
        search 10-40 tool
        answer 40-60 llm model=m parts=tool-result:10
    `)
    const named = { ...trace, parts: trace.parts.map((part) => ({ ...part, name: 'search' })) }
    expect(nsToMs(analyzed(named).schedules.possible.durationNs)).toBe(50)
    expect(nsToMs(analyzed(trace).schedules.possible.durationNs)).toBe(30)
  })

  test('a tool that began before the answer was read to its end keeps its distance from it', () => expect(schedules(`
    agent 0-130
      first 0-50
      llm 50-100 llm model=m asks=a#c1
      a 70-130 call=c1 by=llm
  `)).toBe('proven 130 with 2, possible 80 with 3'))

  test('savings inside a span make room around it', () => expect(schedules(`
    agent 0-200
      research 0-120
        llm 0-20 llm model=m asks=a#c1,b#c2
        a 20-70 call=c1 by=llm
        b 70-120 call=c2 by=llm
      write 120-200 after=research
  `)).toBe('proven 150 with 2, possible 150 with 2'))

  test('a run that is parallel already saves nothing, and needs the concurrency that it had', () => expect(schedules(`
    agent 0-50
      a 0-50
      b 0-40
      c 0-30
  `)).toBe('proven 50 with 3, possible 50 with 3'))

  test('work that nobody waited for holds nothing up', () => expect(schedules(`
    agent 0-50
      llm 0-50
      flush 40-500
  `)).toBe('proven 50 with 1, possible 50 with 1'))
})

describe('known optima', () => {
  const random = seeded(1)
  const upTo = (most: number): number => 1 + Math.floor(random() * most)

  /** A turn: one answer that asks for tools, the tools, with pauses of the agent between all of them. */
  function turn(at: number, number: number): { readonly lines: string[]; readonly end: number; readonly savedMs: number } {
    const tools = Array.from({ length: upTo(5) }, () => upTo(100))
    const lines = [`  llm ${at}-${at + 10} llm model=m asks=${tools.map((_, i) => `t${i}#c${number}.${i}`).join()}`]
    let time = at + 10
    tools.forEach((length, i) => {
      time += upTo(5)
      lines.push(`  t${i} ${time}-${time + length} call=c${number}.${i} by=llm#${number}`)
      time += length
    })
    return { lines, end: time + upTo(5), savedMs: tools.reduce((a, b) => a + b, 0) - Math.max(...tools) }
  }

  test.each(Array.from({ length: 50 }, (_, i) => i))('an agent of several turns saves exactly what it could, case %i', () => {
    let time = 0
    let savedMs = 0
    const lines: string[] = []
    for (let number = 1; number <= upTo(6); number++) {
      const drawn = turn(time, number)
      lines.push(...drawn.lines)
      time = drawn.end
      savedMs += drawn.savedMs
    }
    const analysis = analyzed([`agent 0-${time}`, ...lines].join('\n'))
    expect(nsToMs(analysis.totals.durationNs - analysis.schedules.proven.durationNs)).toBe(savedMs)
  })

  test.each(Array.from({ length: 100 }, (_, i) => i))('a graph of declared needs, run one by one, takes its longest chain, case %i', () => {
    const count = upTo(30)
    const lengths = Array.from({ length: count }, () => upTo(50))
    const needs = lengths.map((_, i) => Array.from({ length: i }, (_one, j) => j).filter(() => random() < 1.5 / (i + 1)))
    const chain: number[] = []
    let time = 0
    const lines = lengths.map((length, i) => {
      chain.push(length + Math.max(0, ...needs[i]!.map((j) => chain[j]!)))
      const after = needs[i]!.length === 0 ? '' : ` after=${needs[i]!.map((j) => `s${j}`).join()}`
      const line = `  s${i} ${time}-${time + length}${after}`
      time += length
      return line
    })
    const { possible, proven } = analyzed([`agent 0-${time}`, ...lines].join('\n')).schedules
    expect(nsToMs(possible.durationNs)).toBe(Math.max(...chain))
    expect(nsToMs(proven.durationNs)).toBe(time)
  })

  test('the limit is the smallest that reaches it, in the order of the calls', () => {
    const run = (...lengths: number[]): number => {
      let time = 10
      const lines = lengths.map((length, i) => {
        const line = `  t${i} ${time}-${time + length} call=c${i} by=llm`
        time += length
        return line
      })
      const asks = lengths.map((_, i) => `t${i}#c${i}`).join()
      return analyzed([`agent 0-${time}`, `  llm 0-10 llm model=m asks=${asks}`, ...lines].join('\n')).schedules.proven.limit
    }
    expect(run(100, 50, 50)).toBe(2)
    // A limiter starts them in this order: two at a time would take 150.
    expect(run(50, 50, 100)).toBe(3)
    expect(run(30, 30, 30)).toBe(3)
    expect(run(10)).toBe(1)
  })
})

/** The time that tasks take with so many slots, started in their order as one becomes free. */
function listScheduled(lengths: readonly number[], slots: number): number {
  const free = Array.from({ length: slots }, () => 0)
  for (const length of lengths) {
    const slot = free.indexOf(Math.min(...free))
    free[slot]! += length
  }
  return Math.max(...free)
}

test('the smallest limit, tried one by one, for 300 turns of up to 12 tools', () => {
  const random = seeded(7)
  const upTo = (most: number): number => 1 + Math.floor(random() * most)
  for (let round = 0; round < 100; round++) {
    const turns = Array.from({ length: 3 }, () => Array.from({ length: upTo(12) }, () => upTo(60)))
    const lines: string[] = []
    let time = 0
    turns.forEach((lengths, turn) => {
      lines.push(`  llm ${time}-${time + 10} llm model=m asks=${lengths.map((_, i) => `t${turn}_${i}#c${turn}.${i}`).join()}`)
      time += 10
      lengths.forEach((length, i) => {
        lines.push(`  t${turn}_${i} ${time}-${time + length} call=c${turn}.${i} by=llm#${turn + 1}`)
        time += length
      })
    })
    const { proven } = analyzed([`agent 0-${time}`, ...lines].join('\n')).schedules
    const smallest = turns.map((lengths) => lengths.findIndex((_, i) => listScheduled(lengths, i + 1) === Math.max(...lengths)) + 1)
    expect([round, nsToMs(proven.durationNs), proven.limit])
      .toEqual([round, turns.reduce((sum, lengths) => sum + 10 + Math.max(...lengths), 0), Math.max(...smallest)])
  }
})

describe('many runs at random', () => {
  /** Concurrent trees with late, open, zero-length and tied spans, LLM calls, tools and declared needs. */
  function randomTrace(seed: number): Trace {
    const random = seeded(seed)
    const upTo = (most: number): number => Math.floor(random() * (most + 1))
    const lines: string[] = []
    const names: string[] = []
    const llms: string[] = []
    const grow = (depth: number, from: number, to: number): void => {
      for (let left = upTo(4); left > 0 && names.length < 40; left--) {
        const start = from + upTo(to - from)
        const end = random() < 0.1 ? start : start + upTo((to - start) * (random() < 0.1 ? 2 : 1))
        const name = `s${names.length}`
        lines.push(`${'  '.repeat(depth)}${name} ${start}-${random() < 0.03 ? '' : end}${kind(name)}`)
        names.push(name)
        if (random() < 0.6) grow(depth + 1, start, Math.max(start, end))
        else if (llms.length > 0 && random() < 0.5) batch(depth + 1, start, Math.max(start, end))
      }
    }
    /** Tools that one answer asked for, one after another, with something in between at times. */
    const batch = (depth: number, from: number, to: number): void => {
      const by = llms[upTo(llms.length - 1)]!
      for (let at = from; at < to && names.length < 40;) {
        const end = at + upTo(to - at)
        const name = `s${names.length}`
        lines.push(`${'  '.repeat(depth)}${name} ${at}-${end} ${random() < 0.1 ? 'memory' : `tool by=${by}`}`)
        names.push(name)
        at = end + upTo(5)
      }
    }
    const kind = (name: string): string => {
      const after = names.length > 0 && random() < 0.2 ? ` after=${names[upTo(names.length - 1)]!}` : ''
      if (random() < 0.3) {
        llms.push(name)
        return ` model=gpt-5-mini in=${upTo(5000)} out=${upTo(500)} parts=system:${upTo(99)},user:${upTo(999)} asks=t#${name}.1,u#${name}.2${after}`
      }
      return llms.length > 0 && random() < 0.5 ? ` call=${name} by=${llms[upTo(llms.length - 1)]!}${after}` : after
    }
    grow(1, 0, 100)
    return draw([`agent 0-${random() < 0.05 ? '' : 100}`, ...lines].join('\n'))
  }

  test.each(Array.from({ length: 300 }, (_, i) => i + 1))('laws hold, and the order of arrival changes nothing, seed %i', (seed) => {
    const trace = randomTrace(seed)
    const analysis = analyzed(trace)
    const random = seeded(seed)
    const [root, ...rest] = trace.spans as [Span, ...Span[]]
    const shuffled = rest.map((span) => ({ span, at: random() })).sort((a, b) => a.at - b.at).map(({ span }) => span)
    expect(analyze({ ...trace, spans: [root, ...shuffled] })).toEqual(analysis)
  })

  test('the trees do have what makes it hard', () => {
    const all = Array.from({ length: 300 }, (_, i) => analyze(randomTrace(i + 1)))
    const some = (test: (analysis: Analysis) => boolean): number => all.filter(test).length
    expect(some(({ spans }) => spans.some(({ late }) => late === true))).toBeGreaterThan(30)
    expect(some(({ schedules: { proven, possible } }) => possible.durationNs < proven.durationNs)).toBeGreaterThan(50)
    expect(some(({ schedules: { proven }, totals }) => proven.durationNs < totals.durationNs)).toBeGreaterThan(10)
    expect(some(({ spans, totals }) => spans.reduce((sum, { selfNs }) => sum + selfNs, 0) > totals.durationNs)).toBeGreaterThan(50)
    expect(some((analysis) => analysis.spans.some(({ wallNs, slackNs }) => wallNs > 0 && slackNs > 0))).toBeGreaterThan(10)
    expect(idOf(all[0]!, 'agent')).toBe('0000000000000001')
  })
})
