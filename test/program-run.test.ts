import { afterEach, describe, expect, test } from 'vitest'
import { analyze, Profiler, type ProfilerOptions, type Trace } from 'spanwise'
import { SETUP, type Setup } from '../src/record/setup.ts'
import { checkAnalysis, checkTrace } from './laws.ts'
import { EPOCH_MS, manualClock, type ManualClock } from './support/clock.ts'

const globals = globalThis as { [SETUP]?: Setup }
afterEach(() => void delete globals[SETUP])

/** A profiler of a program that `spanwise/register` started at 100 ms of the clock. */
function programmed(options: ProfilerOptions = {}, setup: Setup = {}): { readonly profiler: Profiler; readonly clock: ManualClock } {
  const clock = manualClock()
  clock.pass(100)
  globals[SETUP] = { program: { name: 'agent.js', startedMs: clock.now() }, ...setup }
  const profiler = new Profiler({ clock, ...options })
  profiler.takeSetup()
  return { profiler, clock }
}

function drawn(traces: readonly Trace[]): string[] {
  return traces.flatMap((trace) => {
    checkTrace(trace)
    checkAnalysis(analyze(trace))
    const names = new Map(trace.spans.map(({ id, name }) => [id, name]))
    return trace.spans.map(({ name, parentId, start, end }) => `${parentId === undefined ? '' : `${names.get(parentId)} > `}${name} ${start / 1e6}-${(end ?? Number.NaN) / 1e6}`)
  })
}

/** Ends the process, as far as a profiler can tell. */
const leave = (): void => void process.emit('exit', 0)

describe('a program as one run', () => {
  test('holds what has no other run; it began with the program', () => {
    const { profiler, clock } = programmed()
    clock.pass(40)
    profiler.span('first', () => clock.pass(10))
    profiler.run('mine', () => profiler.span('inside', () => clock.pass(5)))
    profiler.tool('second', () => profiler.span('below', () => clock.pass(1)))()
    clock.pass(4)
    leave()
    expect(drawn(profiler.traces)).toEqual([
      'mine 0-5', 'mine > inside 0-5',
      'agent.js 0-60', 'agent.js > first 40-50', 'agent.js > second 55-56', 'second > below 55-56',
    ])
    expect(profiler.traces[1]!.startedAtEpochMs).toBe(EPOCH_MS + 100)
  })

  test('a run of its own that an adapter opens is none of it', () => {
    const { profiler, clock } = programmed()
    const request = profiler.open('GET /', 'agent', { isRun: true })!
    clock.pass(2)
    request.end()
    leave()
    expect(drawn(profiler.traces)).toEqual(['GET / 0-2'])
  })

  test('what runs beside a run that is not sampled is not taken for a part of it', async () => {
    const { profiler } = programmed()
    let end = (): void => {}
    const unsampled = profiler.run('mine', () => new Promise<void>((resolve) => { end = resolve }), { sample: false })
    profiler.span('who knows', () => {})
    end()
    await unsampled
    profiler.span('mine', () => {})
    leave()
    expect(profiler.traces.map(({ spans }) => spans.map(({ name }) => name))).toEqual([['agent.js', 'mine']])
  })

  test('the dice are thrown once for all of it', () => {
    let thrown = 0
    const { profiler } = programmed({ sampleRate: 0.5, random: () => (thrown++ === 0 ? 0.9 : 0) })
    profiler.span('one', () => {})
    profiler.span('two', () => {})
    leave()
    expect([profiler.traces, thrown]).toEqual([[], 1])
  })

  test('is begun anew when it is full: nothing of a long life grows for ever', () => {
    const { profiler, clock } = programmed()
    for (let i = 0; i < 25_000; i++) profiler.span('step', () => clock.pass(1))
    leave()
    const { traces } = profiler
    expect(traces.map(({ spans }) => spans.length)).toEqual([10_000, 10_000, 5_003])
    expect(traces.map(({ name, dropped }) => [name, dropped.spans])).toEqual([['agent.js', 0], ['agent.js', 0], ['agent.js', 0]])
    // One after the other, without a gap.
    expect(traces.map(({ spans: [root] }) => root!.end! / 1e6)).toEqual([9_999, 9_999, 5_002])
    for (const trace of traces) checkTrace(trace)
  })

  test('listeners learn of it as of any run', () => {
    const { profiler } = programmed()
    const heard: string[] = []
    profiler.on('runStart', ({ name }) => heard.push(`start ${name}`))
    profiler.on('runEnd', ({ name, outcome }) => heard.push(`end ${name} ${outcome.state}`))
    profiler.span('one', () => {})
    leave()
    expect(heard).toEqual(['start agent.js', 'end agent.js ok'])
  })
})

describe('what a configuration file says', () => {
  const withFile = (options: Setup['options'], own: ProfilerOptions = {}, defaults: Setup['defaults'] = {}): Profiler => {
    globals[SETUP] = { options, defaults }
    const profiler = new Profiler(own)
    profiler.takeSetup()
    return profiler
  }

  test('stands below options in code and the environment, and above the defaults', () => {
    expect(withFile({ enabled: false }).enabled).toBe(false)
    expect(withFile({ enabled: false }, { enabled: true }).enabled).toBe(true)
    expect(withFile({ content: 'full' }).content).toBe('full')
    expect(withFile({ content: 'full' }, { content: 'none' }).content).toBe('none')
    expect(withFile({}, {}, { content: 'full' }).content).toBe('full')
    expect(withFile({ content: 'none' }, {}, { content: 'full' }).content).toBe('none')
    for (const [said, expected] of [['1', true], ['0', false], ['', false], ['what?', false]] as const) {
      process.env['SPANWISE'] = said
      try {
        expect(withFile({ enabled: false }).enabled).toBe(expected)
      } finally {
        delete process.env['SPANWISE']
      }
    }
  })

  test('limits and retention are put together one by one', () => {
    const profiler = withFile({ limits: { maxSpansPerRun: 2, maxTextChars: 4 } }, { limits: { maxTextChars: 6 } })
    profiler.run('a long name', () => ['b', 'c', 'd'].forEach((name) => profiler.span(name, () => {})))
    const { lastTrace } = profiler
    checkTrace(lastTrace!)
    expect([lastTrace!.spans.map(({ name }) => name), lastTrace!.dropped.spans]).toEqual([['a lon…', 'b'], 2])
  })

  test('comes too late once a run was seen', () => {
    const profiler = new Profiler()
    profiler.run('mine', () => {})
    globals[SETUP] = { options: { enabled: false }, program: { name: 'x', startedMs: 0 } }
    profiler.takeSetup()
    expect(profiler.enabled).toBe(true)
  })
})
