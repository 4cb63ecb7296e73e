import { AsyncLocalStorage } from 'node:async_hooks'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Profiler } from 'spanwise'
import { seeded } from './support/random.ts'
import { expectTree, recorded } from './support/recorded.ts'

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('sampling', () => {
  test('a rate records its share of the runs', () => {
    const { profiler } = recorded({ sampleRate: 0.25, random: seeded(1), maxTraces: 1_000 })
    for (let i = 0; i < 1_000; i++) profiler.run('agent', () => profiler.span('step', () => {}))
    const { seen, sampled, kept, dropped } = profiler.stats()
    expect(seen).toBe(1_000)
    expect(sampled).toBeGreaterThan(200)
    expect(sampled).toBeLessThan(300)
    expect({ kept, dropped }).toEqual({ kept: sampled, dropped: 0 })
    expect(profiler.traces.every(({ spans }) => spans.length === 2)).toBe(true)
  })

  test('the decision is made once, at the start of a run', async () => {
    const random = vi.fn(() => 0.4)
    const { profiler } = recorded({ sampleRate: 0.5, random })
    const tool = profiler.tool('tool', async () => { await null })
    await profiler.run('agent', async () => {
      await tool()
      profiler.span('step', () => {})
    })
    expect(random).toHaveBeenCalledTimes(1)
    expect(profiler.lastTrace!.spans).toHaveLength(3)
  })

  test.each([
    [0, true, 1], [0, 1, 1], [1, false, 0], [1, 0, 0], [0.5, 0.1, 0], [0.1, 0.5, 1],
  ])('rate %s, override %s', (sampleRate, sample, runs) => {
    const { profiler } = recorded({ sampleRate, random: () => 0.3 })
    profiler.run('agent', () => {}, { sample })
    expect(profiler.traces).toHaveLength(runs)
  })

  test('the ends of the scale throw no dice', () => {
    const random = vi.fn(() => 0)
    for (const sampleRate of [0, 1]) recorded({ sampleRate, random }).profiler.run('agent', () => {})
    expect(random).not.toHaveBeenCalled()
  })
})

describe('a run that is not sampled', () => {
  test('records nothing inside', async () => {
    const { profiler } = recorded({ sampleRate: 0 })
    const started = vi.fn()
    profiler.on('runStart', started)
    profiler.on('runEnd', started)
    const tool = profiler.tool('tool', async () => { await null })
    await profiler.run('agent', async (span) => {
      expect(span.id).toBe('')
      await tool()
      profiler.start('started').end()
      return profiler.span('step', () => {})
    })
    expect(profiler.traces).toEqual([])
    expect(started).not.toHaveBeenCalled()
    expect(profiler.stats()).toMatchObject({ seen: 1, sampled: 0, kept: 0 })
  })

  test('enters no async context and passes the very objects through', async () => {
    const { profiler } = recorded({ sampleRate: 0 })
    const entered = vi.spyOn(AsyncLocalStorage.prototype, 'run')
    const enteredWith = vi.spyOn(AsyncLocalStorage.prototype, 'enterWith')
    const promise = Promise.resolve(1)
    function* rows(): Generator<number> { yield 1 }
    const generator = rows()
    await profiler.run('agent', async () => {
      expect(profiler.tool('promise', () => promise)()).toBe(promise)
      expect(profiler.span('span', () => promise)).toBe(promise)
      expect(profiler.tool('rows', () => generator)()).toBe(generator)
      expect(Reflect.ownKeys(generator)).toEqual([])
    })
    expect(entered).not.toHaveBeenCalled()
    expect(enteredWith).not.toHaveBeenCalled()
  })

  test('takes a call outside of any run along while it lasts, and no longer', async () => {
    const { profiler } = recorded()
    const tool = profiler.tool('tool', () => {})
    let release!: () => void
    const run = profiler.run('agent', () => new Promise<void>((resolve) => { release = resolve }), { sample: false })
    tool()
    expect(profiler.traces).toEqual([])
    release()
    await run
    tool()
    expectTree(profiler.lastTrace, 'tool tool 0-0')
  })

  test('is over when it throws or rejects', async () => {
    const { profiler } = recorded()
    const tool = profiler.tool('tool', () => {})
    const error = new Error('x')
    expect(() => profiler.run('agent', () => { throw error }, { sample: false })).toThrow(error)
    await expect(profiler.run('agent', () => Promise.reject(error), { sample: false })).rejects.toBe(error)
    tool()
    expect(profiler.traces).toHaveLength(1)
  })
})

describe('switched off', () => {
  test('functions are given back as they are and nothing is entered', () => {
    const profiler = new Profiler({ enabled: false })
    const entered = vi.spyOn(AsyncLocalStorage.prototype, 'run')
    const fn = (): number => 1
    expect(profiler.tool('a', fn)).toBe(fn)
    expect(profiler.memory('a', fn)).toBe(fn)
    expect(profiler.retrieval('a', fn)).toBe(fn)
    const promise = Promise.resolve()
    expect(profiler.run('agent', () => promise)).toBe(promise)
    expect(profiler.span('step', () => promise)).toBe(promise)
    expect(entered).not.toHaveBeenCalled()
    expect(profiler.stats()).toMatchObject({ seen: 0, sampled: 0, kept: 0, dropped: 0 })
  })

  test('misuse is an error all the same, so that it shows before it matters', () => {
    const profiler = new Profiler({ enabled: false })
    expect(() => profiler.run('', () => {})).toThrow(TypeError)
    expect(() => profiler.tool('a', 'b' as never)).toThrow(TypeError)
  })
})

describe('the environment', () => {
  test.each([
    ['0', false], ['false', false], ['off', false], ['OFF', false], ['1', true], ['', true], ['yes', true],
  ])('SPANWISE=%s', (value, enabled) => {
    vi.stubEnv('SPANWISE', value)
    expect(new Profiler().enabled).toBe(enabled)
    expect(new Profiler({ enabled: true }).enabled).toBe(true)
    expect(new Profiler({ enabled: false }).enabled).toBe(false)
  })

  test.each([
    ['0', 0], ['0.5', 1], ['0.3', 0], ['1', 1], ['-1', 1], ['2', 1], ['often', 1], ['', 1], [' ', 1], ['NaN', 1],
  ])('SPANWISE_SAMPLE_RATE=%s; what makes no sense is as if it were not there', (value, runs) => {
    vi.stubEnv('SPANWISE', undefined)
    vi.stubEnv('SPANWISE_SAMPLE_RATE', value)
    const profiler = new Profiler({ random: () => 0.4 })
    profiler.run('agent', () => {})
    expect(profiler.traces).toHaveLength(runs)
  })

  test('options win', () => {
    vi.stubEnv('SPANWISE', '1')
    vi.stubEnv('SPANWISE_SAMPLE_RATE', '0')
    const profiler = new Profiler({ sampleRate: 1 })
    profiler.run('agent', () => {})
    expect(profiler.traces).toHaveLength(1)
  })
})

describe('maxTraces and stats', () => {
  test('the newest runs are kept, newest last, and the others counted', () => {
    const { profiler } = recorded({ maxTraces: 3 })
    for (let i = 1; i <= 5; i++) profiler.run(`run ${i}`, () => {})
    expect(profiler.traces.map(({ name }) => name)).toEqual(['run 3', 'run 4', 'run 5'])
    expect(profiler.lastTrace!.name).toBe('run 5')
    expect(profiler.stats()).toMatchObject({ seen: 5, sampled: 5, kept: 3, dropped: 2, selfErrors: 0 })
    expect(String(profiler.stats())).toBe("runs: 5 seen, 5 sampled, 3 kept, 2 dropped; 0 errors of the profiler's own")
  })

  test('the list that is handed out is a copy', () => {
    const { profiler } = recorded()
    profiler.run('agent', () => {})
    ;(profiler.traces as unknown[]).length = 0
    expect(profiler.traces).toHaveLength(1)
  })

  test('flush resolves with nothing recorded, too', async () => {
    await expect(recorded().profiler.flush()).resolves.toBeUndefined()
  })
})

describe('limits', () => {
  test('spans past the limit run unrecorded and are counted', async () => {
    const { profiler } = recorded({ limits: { maxSpansPerRun: 3 } })
    const tool = profiler.tool('tool', async (n: number) => n)
    const results = await profiler.run('agent', async () => {
      const first = await Promise.all([tool(1), tool(2), tool(3)])
      using span = profiler.start('late')
      expect(span.id).toBe('')
      return [...first, profiler.span('step', () => 4), profiler.run('inner', () => 5)]
    })
    expect(results).toEqual([1, 2, 3, 4, 5])
    expect(profiler.lastTrace!.spans.map(({ name }) => name)).toEqual(['agent', 'tool', 'tool'])
    expect(profiler.lastTrace!.dropped.spans).toBe(4)
  })

  test('names, attributes and error messages are cut', () => {
    const { profiler } = recorded({ limits: { maxTextChars: 10 } })
    const long = 'x'.repeat(1_000_000)
    expect(() => profiler.run(long, () => {
      profiler.span('step', () => {}, { attributes: { a: long, b: [long] } })
      throw new Error(long)
    })).toThrow(long)
    const { spans } = profiler.lastTrace!
    expect(spans[0]!.name).toBe(`${'x'.repeat(9)}…`)
    expect(spans[1]!.attributes).toEqual({ a: `${'x'.repeat(9)}…`, b: [`${'x'.repeat(9)}…`] })
    expect(spans[0]!.outcome).toMatchObject({ state: 'failed', message: expect.stringMatching(/^x{1,1023}…$/) })
  })

  test('attributes of any shape harm nobody', () => {
    const { profiler } = recorded()
    const cyclic: Record<string, unknown> = {}
    cyclic['self'] = cyclic
    const hostile = { get a() { throw new Error('getter') } }
    const odd = { cyclic, symbol: Symbol('s'), fn: () => {}, big: 10n, date: new Date(0), mixed: [1, 'a'], many: Array.from({ length: 1_000 }, () => 1) }
    profiler.run('agent', () => {
      profiler.span('odd', () => {}, { attributes: JSON.parse('{"__proto__": "p", "constructor": "c"}') as Record<string, unknown> })
      profiler.span('odd', () => {}, { attributes: odd })
      profiler.span('hostile', () => {}, { attributes: hostile })
      profiler.span('none', (span) => span.set(null as never))
    })
    const [, proto, second] = profiler.lastTrace!.spans
    expect(JSON.stringify(proto!.attributes)).toBe('{"__proto__":"p","constructor":"c"}')
    expect(({} as { a?: unknown }).a).toBeUndefined()
    expect(second!.attributes).toEqual({ big: '10' })
    expect(profiler.stats().selfErrors).toBe(2)
    expect(profiler.lastTrace!.selfErrors).toBe(2)
    expect(profiler.stats().firstSelfError).toContain('getter')
  })

  test('attributes of one span have a limit', () => {
    const { profiler } = recorded()
    profiler.run('agent', (span) => {
      for (let i = 0; i < 10_000; i++) span.set({ [`a${i}`]: i })
    })
    expect(Object.keys(profiler.lastTrace!.spans[0]!.attributes!)).toHaveLength(128)
    expect(profiler.lastTrace!.dropped.attributes).toBe(9_872)
  })
})
