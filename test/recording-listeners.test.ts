import { describe, expect, test, vi } from 'vitest'
import type { RunEvent } from 'spanwise'
import { EPOCH_MS } from './support/clock.ts'
import { recorded } from './support/recorded.ts'

describe('listeners', () => {
  test('learn when a run began, how long it took and how it ended', async () => {
    const { profiler, clock } = recorded()
    const events: [string, RunEvent][] = []
    profiler.on('runStart', (event) => events.push(['start', event]))
    profiler.on('runEnd', (event) => events.push(['end', event]))
    clock.pass(1_000)
    const run = profiler.run('agent', async () => {
      await null
      clock.pass(4_820)
      throw new TypeError('no')
    })
    expect(events).toHaveLength(1)
    await run.catch(() => {})
    const start = { epochSeconds: (EPOCH_MS + 1_000) / 1_000, iso: '2026-01-02T03:04:06.000Z' }
    const trace = profiler.lastTrace!
    expect(events).toEqual([
      ['start', { name: 'agent', traceId: trace.id, start, outcome: { state: 'open' } }],
      ['end', {
        name: 'agent',
        traceId: trace.id,
        start,
        end: { epochSeconds: (EPOCH_MS + 5_820) / 1_000, iso: '2026-01-02T03:04:10.820Z' },
        durationSeconds: 4.82,
        duration: '4.82 s',
        outcome: { state: 'failed', type: 'TypeError', message: 'no' },
        trace,
      }],
    ])
  })

  test('are told once a run, not once a part of it', () => {
    const { profiler } = recorded()
    const ended = vi.fn()
    profiler.on('runEnd', ended)
    profiler.run('agent', () => profiler.run('inner', () => profiler.span('step', () => {})))
    profiler.span('alone', () => {})
    expect(ended.mock.calls.map(([event]) => (event as RunEvent).name)).toEqual(['agent', 'alone'])
  })

  test('that throw or reject harm nobody and are counted', async () => {
    const { profiler } = recorded()
    const last = vi.fn()
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      profiler.on('runStart', () => { throw new Error('in start') })
      profiler.on('runEnd', () => { throw Object.create(null) })
      profiler.on('runEnd', async () => { throw new Error('later') })
      profiler.on('runEnd', last)
      expect(profiler.run('agent', () => 1)).toBe(1)
      expect(last).toHaveBeenCalledTimes(1)
      await profiler.flush()
      await profiler.flush()
      expect(profiler.stats()).toMatchObject({ selfErrors: 3, kept: 1, firstSelfError: expect.stringContaining('in start') })
      expect(unhandled).not.toHaveBeenCalled()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })

  test('are taken off again, also while they are told', () => {
    const { profiler } = recorded()
    const told: string[] = []
    const off = profiler.on('runEnd', () => {
      told.push('once')
      off()
    })
    profiler.on('runEnd', () => told.push('always'))
    profiler.run('agent', () => {})
    profiler.run('agent', () => {})
    off()
    expect(told).toEqual(['once', 'always', 'always'])
  })

  test('that run something themselves see no end of it', () => {
    const { profiler } = recorded({ maxTraces: 10 })
    let left = 3
    profiler.on('runEnd', () => {
      if (left-- > 0) profiler.run('report', () => {})
    })
    profiler.run('agent', () => {})
    expect(profiler.traces.map(({ name }) => name)).toEqual(['agent', 'report', 'report', 'report'])
  })
})

describe('resources', () => {
  test('each span notes CPU time, memory and the delay of the event loop', async () => {
    const { profiler } = recorded({ resources: true })
    await profiler.run('agent', () => profiler.span('work', async () => {
      const until = performance.now() + 40
      while (performance.now() < until) Math.sqrt(until)
      await new Promise((resolve) => { setTimeout(resolve, 25) })
    }))
    for (const { resources } of profiler.lastTrace!.spans) {
      expect(resources!.cpuUserNs + resources!.cpuSystemNs).toBeGreaterThan(10e6)
      for (const bytes of ['rssStartBytes', 'rssEndBytes', 'heapStartBytes', 'heapEndBytes'] as const) {
        expect(resources![bytes]).toBeGreaterThan(1_000_000)
      }
      expect(resources!.eventLoopDelayMaxNs).toBeGreaterThan(1e6)
      expect(resources!.eventLoopDelayMeanNs).toBeLessThanOrEqual(resources!.eventLoopDelayMaxNs!)
    }
  })

  test('without the option nothing is read', () => {
    const { profiler } = recorded()
    const cpuUsage = vi.spyOn(process, 'cpuUsage')
    profiler.run('agent', () => {})
    expect(cpuUsage).not.toHaveBeenCalled()
    cpuUsage.mockRestore()
    expect(profiler.lastTrace!.spans[0]!.resources).toBeUndefined()
  })
})
