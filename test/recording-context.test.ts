import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter } from 'node:events'
import { describe, expect, test, vi } from 'vitest'
import { Profiler } from 'spanwise'
import { currentSpan } from '../src/record/context.ts'
import { seeded } from './support/random.ts'
import { expectTree, recorded, tree } from './support/recorded.ts'

const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })

describe('async context', () => {
  test('parallel calls are siblings', async () => {
    const { profiler } = recorded()
    const tool = profiler.tool('tool', async (steps: number) => {
      for (let i = 0; i < steps; i++) await null
      profiler.span(`inside ${steps}`, () => {})
    })
    await profiler.run('agent', () => Promise.all([tool(3), tool(1), tool(2)]))
    expectTree(profiler.lastTrace, `
      agent 0-0
        tool tool 0-0
          inside 3 0-0
        tool tool 0-0
          inside 1 0-0
        tool tool 0-0
          inside 2 0-0
    `)
  })

  test('a call that is started and awaited later does not take in what runs in between', async () => {
    const { profiler } = recorded()
    const slow = profiler.tool('slow', async () => { await turn() })
    await profiler.run('agent', async () => {
      const pending = slow()
      profiler.span('meanwhile', () => {})
      await pending
      profiler.span('after', () => {})
    })
    expectTree(profiler.lastTrace, `
      agent 0-0
        slow tool 0-0
        meanwhile 0-0
        after 0-0
    `)
  })

  test('timers, emitters, microtasks and thenables keep it', async () => {
    const { profiler } = recorded()
    const emitter = new EventEmitter()
    emitter.on('event', () => profiler.span('emitter', () => {}))
    await profiler.run('agent', async () => {
      await new Promise<void>((resolve) => { setTimeout(() => profiler.span('timer', () => resolve()), 0) })
      await new Promise<void>((resolve) => { queueMicrotask(() => profiler.span('microtask', () => resolve())) })
      emitter.emit('event')
      await { then: (resolve: (value: unknown) => void) => profiler.span('thenable', () => resolve(1)) }
    })
    expect(profiler.lastTrace!.spans.map(({ name, parentId }) => [name, parentId === profiler.lastTrace!.spans[0]!.id])).toEqual([
      ['agent', false], ['timer', true], ['microtask', true], ['emitter', true], ['thenable', true],
    ])
  })

  test('a run is current nowhere outside of it', async () => {
    const { profiler } = recorded()
    const run = profiler.run('agent', async () => { await turn() })
    expect(currentSpan()).toBeUndefined()
    await run
    expect(currentSpan()).toBeUndefined()
  })

  test('an async generator made in one run and read in another stays where it was made', async () => {
    const { profiler } = recorded()
    const tool = profiler.tool('pages', async function* () {
      await null
      profiler.span('load', () => {})
      yield 1
    })
    await profiler.run('maker', async () => {
      const pages = tool()
      await profiler.run('reader', async () => { for await (const _page of pages) profiler.span('read', () => {}) })
    })
    expectTree(profiler.lastTrace, `
      maker 0-0
        pages tool 0-0 yielded 1
          load 0-0
        reader 0-0
          read 0-0
    `)
  })

  test("another tracer's context goes through unchanged", async () => {
    const { profiler } = recorded()
    const theirs = new AsyncLocalStorage<string>()
    const tool = profiler.tool('tool', async () => {
      await turn()
      return theirs.getStore()
    })
    expect(await theirs.run('theirs', () => profiler.run('agent', () => tool()))).toBe('theirs')
  })
})

describe('many runs at once', () => {
  test('1,000 runs interleaved in any order do not mix', async () => {
    const { profiler } = recorded({ maxTraces: 1_000 })
    const random = seeded(7)
    const waiting: (() => void)[] = []
    const pause = (): Promise<void> => new Promise((resolve) => { waiting.push(resolve) })
    const step = profiler.tool('step', async (run: number, number: number) => {
      await pause()
      profiler.span(`${run}/${number}`, () => {})
      await pause()
    })
    const runs = Array.from({ length: 1_000 }, (_, run) => profiler.run(`run ${run}`, async () => {
      await pause()
      await Promise.all([step(run, 1), step(run, 2)])
      await step(run, 3)
    }))
    const all = Promise.all(runs)
    let done = false
    void all.then(() => { done = true })
    while (!done) {
      for (let i = Math.min(waiting.length, 50); i > 0; i--) waiting.splice(Math.floor(random() * waiting.length), 1)[0]!()
      await turn()
    }
    expect(profiler.traces).toHaveLength(1_000)
    for (const trace of profiler.traces) {
      const run = trace.name.slice('run '.length)
      const inner = trace.spans.filter(({ name }) => name.includes('/'))
      expect(inner.map(({ name }) => name).sort()).toEqual([`${run}/1`, `${run}/2`, `${run}/3`])
      const steps = trace.spans.filter(({ name }) => name === 'step').map(({ id }) => id)
      expect(new Set(inner.map(({ parentId }) => parentId))).toEqual(new Set(steps))
      expect(trace.spans).toHaveLength(7)
    }
  })
})

describe('several profilers', () => {
  test('each records its own, through the other', async () => {
    const { profiler: a } = recorded()
    const { profiler: b } = recorded()
    await a.run('a', async () => {
      await b.run('b', async () => {
        await null
        await a.span('a inside b', async () => {
          await null
          b.span('b inside a', () => {})
        })
      })
    })
    expectTree(a.lastTrace, `
      a 0-0
        a inside b 0-0
    `)
    expectTree(b.lastTrace, `
      b 0-0
        b inside a 0-0
    `)
  })

  test('one that is switched off does not hide the other', () => {
    const { profiler } = recorded()
    const off = new Profiler({ enabled: false })
    profiler.run('agent', () => off.run('nothing', () => off.span('nothing', () => profiler.span('step', () => {}))))
    expectTree(profiler.lastTrace, `
      agent 0-0
        step 0-0
    `)
  })

  test('two copies of the package share context and default profiler', async () => {
    const first = await import('../src/index.ts')
    vi.resetModules()
    const second = await import('../src/index.ts')
    expect(second.Profiler).not.toBe(first.Profiler)
    expect(second.profiler).toBe(first.profiler)
    const inFirst = new first.Profiler({ enabled: true })
    const inSecond = new second.Profiler({ enabled: true })
    await inFirst.run('first', () => inSecond.run('second', () => inFirst.span('step', () => inSecond.span('step', () => {}))))
    for (const copy of [inFirst, inSecond]) expect(copy.lastTrace!.spans).toHaveLength(2)
  })
})

describe('work that nobody waits for', () => {
  test('what goes on after the end of its run is a run of its own', async () => {
    const { profiler } = recorded()
    let release!: () => void
    const gate = new Promise<void>((resolve) => { release = resolve })
    let background: Promise<void> | undefined
    profiler.run('request', () => {
      background = gate.then(() => profiler.span('background', () => {}))
    })
    release()
    await background
    expect(profiler.traces.map(tree)).toEqual(['request 0-0', 'background 0-0'])
  })

  test('a span that is open when its run ends is open in the trace, and late once it has ended', async () => {
    const { profiler, clock } = recorded({ maxTraces: 2 })
    const start = (name: string): (() => void) => profiler.run(name, () => {
      const span = profiler.start('background')
      clock.pass(2)
      return () => span.end()
    })
    start('first')
    expectTree(profiler.lastTrace, `
      first 0-2
        background 0- open late
    `)
    const end = start('second')
    clock.pass(3)
    end()
    expectTree(profiler.lastTrace, `
      second 0-2
        background 0-5 late
    `)
  })

  test('a part that ends after its parent is late, one that ends before is not', () => {
    const { profiler, clock } = recorded()
    profiler.run('agent', () => {
      const [outlives, done] = profiler.span('step', () => [profiler.start('outlives'), profiler.start('done')] as const)
      clock.pass(1)
      outlives.end()
      done.end()
    })
    expectTree(profiler.lastTrace, `
      agent 0-1
        step 0-0
          outlives 0-1 late
          done 0-1 late
    `)
  })

  test('jobs that each start the next one do not hold on to each other', async () => {
    const { profiler } = recorded({ maxTraces: 1 })
    let depth = 0
    await new Promise<void>((resolve) => {
      const job = (left: number): void => profiler.run('job', () => {
        if (left === 0) {
          for (let span = currentSpan(); span !== undefined; span = span.outer) depth++
          resolve()
        } else setImmediate(job, left - 1)
      })
      job(100)
    })
    expect(depth).toBe(1)
    expect(profiler.stats().seen).toBe(101)
  })
})
