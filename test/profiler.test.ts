import { describe, expect, test } from 'vitest'
import { Profiler, type RunOptions, type SpanOptions, type StartedSpan } from 'spanwise'
import { expectTree, recorded, withoutHashes } from './support/recorded.ts'

describe('run and span', () => {
  test('a run records its spans by async context', async () => {
    const { profiler, clock } = recorded()
    const search = profiler.tool('search', async (q: string) => {
      await null
      clock.pass(10)
      return `found ${q}`
    })
    const answer = await profiler.run('agent', async () => {
      clock.pass(5)
      return search('x')
    })
    expect(answer).toBe('found x')
    expectTree(profiler.lastTrace, `
      agent 0-15
        search tool 5-15
    `)
  })

  test('a synchronous function gives back its value, not a promise', () => {
    const { profiler, clock } = recorded()
    const result = profiler.run('agent', () => profiler.span('step', () => {
      clock.pass(3)
      return 42
    }))
    expect(result).toBe(42)
    expectTree(profiler.lastTrace, `
      agent 0-3
        step 0-3
    `)
  })

  test('what a function throws is thrown on, the same object, and noted', () => {
    const { profiler } = recorded()
    const error = new RangeError('too far')
    expect(() => profiler.run('agent', () => profiler.span('step', () => { throw error }))).toThrow(error)
    expectTree(profiler.lastTrace, `
      agent 0-0 failed RangeError: too far
        step 0-0 failed RangeError: too far
    `)
  })

  test('what a promise rejects with stays the same object', async () => {
    const { profiler, clock } = recorded()
    const error = new TypeError('no')
    const run = profiler.run('agent', async () => {
      await null
      clock.pass(1)
      throw error
    })
    await expect(run).rejects.toBe(error)
    expectTree(profiler.lastTrace, 'agent 0-1 failed TypeError: no')
  })

  test('an abort is a cancellation, and the control flow of a framework no failure', async () => {
    const { profiler } = recorded()
    const outcomeOf = async (error: unknown): Promise<unknown> => {
      await profiler.run('agent', () => Promise.reject(error)).catch(() => {})
      return profiler.lastTrace!.spans[0]!.outcome
    }
    expect(await outcomeOf(new DOMException('stop', 'AbortError'))).toEqual({ state: 'cancelled' })
    expect(await outcomeOf(AbortSignal.abort().reason)).toEqual({ state: 'cancelled' })
    expect(await outcomeOf(Object.assign(new Error('interrupt'), { is_bubble_up: true }))).toEqual({ state: 'ok' })
  })

  test.each([
    ['a string', 'broken', { state: 'failed', type: 'string', message: 'broken' }],
    ['nothing', undefined, { state: 'failed', type: 'undefined', message: 'undefined' }],
    ['null', null, { state: 'failed', type: 'object', message: 'null' }],
    ['an object', { name: 'Custom', message: 'said' }, { state: 'failed', type: 'Custom', message: 'said' }],
    ['one without a prototype', Object.assign(Object.create(null), { a: 1 }), { state: 'failed', type: 'object', message: '[object Object]' }],
    ['one that throws when read', new Proxy({}, { get() { throw new Error('trap') } }), { state: 'failed', type: 'unknown', message: 'the error could not be read' }],
  ])('%s can be thrown', (_what, thrown, outcome) => {
    const { profiler } = recorded()
    let caught: unknown
    try {
      profiler.run('agent', () => { throw thrown })
    } catch (error) {
      caught = error
    }
    expect(caught === thrown).toBe(true)
    expect(profiler.lastTrace!.spans[0]!.outcome).toEqual(outcome)
  })

  test('options: category, attributes, dependsOn, tags', () => {
    const { profiler } = recorded({ service: 'shop' })
    profiler.run('agent', (run) => {
      run.set({ late: true })
      const first = profiler.span('plan', (span) => span.id, { category: 'planning', attributes: { n: 1, list: ['a'], bad: { a: 1 }, nan: Number.NaN } })
      profiler.span('act', () => {}, { dependsOn: [first] })
    }, { tags: { tenant: 'a' }, attributes: { user: 'u1' } })
    const { spans, service, tags } = profiler.lastTrace!
    expect({ service, tags }).toEqual({ service: 'shop', tags: { tenant: 'a' } })
    expect(spans.map(({ category }) => category)).toEqual(['agent', 'planning', 'internal'])
    expect(spans.map(({ attributes }) => attributes)).toEqual([{ user: 'u1', late: true }, { n: 1, list: ['a'] }, undefined])
    expect(spans[2]!.dependsOn).toEqual([spans[1]!.id])
  })

  test('ids have the sizes of W3C trace context and are all different', () => {
    const { profiler } = recorded()
    for (let i = 0; i < 3; i++) profiler.run('agent', () => profiler.span('a', () => profiler.span('b', () => {})))
    const ids = profiler.traces.flatMap(({ id, spans }) => {
      expect(id).toMatch(/^[0-9a-f]{32}$/)
      return spans.map((span) => {
        expect(span.id).toMatch(/^[0-9a-f]{16}$/)
        expect(span.traceId).toBe(id)
        return span.id
      })
    })
    expect(new Set(ids).size).toBe(9)
  })

  test('a run inside a run is a part of it', () => {
    const { profiler } = recorded()
    profiler.run('outer', () => profiler.run('inner', () => {}))
    expect(profiler.traces).toHaveLength(1)
    expectTree(profiler.lastTrace, `
      outer 0-0
        inner 0-0
    `)
  })

  test('a span outside any run is a run of its own', () => {
    const { profiler } = recorded()
    profiler.span('alone', () => {})
    profiler.tool('search', () => {})()
    expect(profiler.traces.map(({ name, spans }) => [name, spans.length])).toEqual([['alone', 1], ['search', 1]])
  })

  test('a function can end its span early; only the first end counts', () => {
    const { profiler, clock } = recorded()
    profiler.run('agent', () => profiler.span('step', (span) => {
      clock.pass(1)
      span.end(new Error('given up'))
      span.end()
      clock.pass(1)
    }))
    expectTree(profiler.lastTrace, `
      agent 0-2
        step 0-1 failed Error: given up
    `)
  })
})

describe('start', () => {
  test('using ends it with its scope', () => {
    const { profiler, clock } = recorded()
    profiler.run('agent', () => {
      {
        using _span = profiler.start('load', { category: 'io' })
        clock.pass(4)
      }
      clock.pass(1)
    })
    expectTree(profiler.lastTrace, `
      agent 0-5
        load io 0-4
    `)
  })

  test('starting does not make it current, within does', async () => {
    const { profiler } = recorded()
    await profiler.run('agent', async () => {
      const span = profiler.start('batch')
      profiler.span('beside', () => {})
      await span.within(async () => {
        await null
        profiler.span('inside', () => {})
      })
      span[Symbol.dispose]()
    })
    expectTree(profiler.lastTrace, `
      agent 0-0
        batch 0-0
          inside 0-0
        beside 0-0
    `)
  })

  test('ending with an error makes it failed, ending again changes nothing', () => {
    const { profiler } = recorded()
    profiler.run('agent', () => {
      const span = profiler.start('load')
      span.end(new Error('gone'))
      span[Symbol.dispose]()
    })
    expect(profiler.lastTrace!.spans[1]!.outcome).toEqual({ state: 'failed', type: 'Error', message: 'gone' })
  })

  test('outside any run it is one', () => {
    const { profiler } = recorded()
    const span = profiler.start('alone')
    expect(profiler.lastTrace).toBeUndefined()
    span.end()
    expectTree(profiler.lastTrace, 'alone 0-0')
  })

  test('where nothing is recorded it takes everything and does nothing', () => {
    const profiler = new Profiler({ enabled: false })
    const span: StartedSpan = profiler.start('load')
    span.set({ a: 1 })
    expect(span.within(() => 5)).toBe(5)
    span.end(new Error('x'))
    span[Symbol.dispose]()
    expect(span.id).toBe('')
    expect(profiler.traces).toEqual([])
  })
})

describe('wrapped functions', () => {
  test('this, name, arity, own properties and kind stay', async () => {
    const { profiler } = recorded()
    const owner = { factor: 3, async times(this: { factor: number }, a: number, _b: number) { return a * this.factor } }
    const tagged = Object.assign(owner.times, { schema: { a: 'number' } })
    const wrapped = { ...owner, times: profiler.tool('times', tagged) }
    expect(await wrapped.times(2, 0)).toBe(6)
    const { name, length } = wrapped.times
    expect({ name, length }).toEqual({ name: 'times', length: 2 })
    expect((wrapped.times as typeof tagged).schema).toBe(tagged.schema)
    expect(Object.prototype.toString.call(wrapped.times)).toBe('[object AsyncFunction]')
    expect(wrapped.times).toBeInstanceOf(Function)
  })

  test('private members are reached', () => {
    class Store {
      #rows = ['a']
      read(): string[] { return this.#rows }
    }
    const { profiler } = recorded()
    const store = new Store()
    store.read = profiler.memory('read', store.read)
    expect(store.read()).toEqual(['a'])
    expectTree(profiler.lastTrace, 'read memory 0-0')
  })

  test('tool, memory and retrieval give their categories, and only a tool its details', () => {
    const { profiler } = recorded()
    profiler.run('agent', () => {
      profiler.tool('a', () => {})()
      profiler.memory('b', () => {})()
      profiler.retrieval('c', () => {})()
    })
    expect(profiler.lastTrace!.spans.slice(1).map(({ name, category, tool }) => [name, category, tool && withoutHashes(tool)])).toEqual([
      ['a', 'tool', { name: 'a' }], ['b', 'memory', undefined], ['c', 'retrieval', undefined],
    ])
  })

  test('arguments and results are the very objects', async () => {
    const { profiler } = recorded()
    const input = Object.freeze({ deep: Object.freeze({ a: 1 }) })
    const output = new Map([[input, 1]])
    const tool = profiler.tool('same', async (given: object) => {
      expect(given).toBe(input)
      return output
    })
    expect(await tool(input)).toBe(output)
  })

  test('a promise of a class of its own stays that object', async () => {
    class Cancelable<T> extends Promise<T> {
      cancelled = false
      cancel(): void { this.cancelled = true }
    }
    const { profiler, clock } = recorded()
    let settle!: (value: number) => void
    const promise = new Cancelable<number>((resolve) => { settle = resolve })
    const result = profiler.tool('cancelable', () => promise)()
    expect(result).toBe(promise)
    result.cancel()
    clock.pass(7)
    settle(1)
    expect(await result).toBe(1)
    expectTree(profiler.lastTrace, 'cancelable tool 0-7')
  })

  test('members that were put on a plain promise stay there', async () => {
    const { profiler } = recorded()
    const abort = (): string => 'aborted'
    const result = profiler.tool('abortable', () => Object.assign(Promise.resolve(1), { abort }))()
    expect(result.abort).toBe(abort)
    expect(await result).toBe(1)
  })

  test('a lazy thenable is not started by being watched', async () => {
    const { profiler, clock } = recorded()
    let started = 0
    const query = {
      then(resolve: (rows: string[]) => unknown) {
        started++
        clock.pass(20)
        return Promise.resolve(resolve(['row']))
      },
    }
    const result = profiler.tool('query', () => query)()
    expect(result).toBe(query)
    await null
    expect(started).toBe(0)
    expect(profiler.lastTrace).toBeUndefined()
    expect(await result).toEqual(['row'])
    expect(started).toBe(1)
    expectTree(profiler.lastTrace, 'query tool 0-20')
  })

  test('a thenable that fails tells its span', async () => {
    const { profiler } = recorded()
    const query = { then: (_resolve: (rows: string[]) => void, reject: (error: Error) => void): void => reject(new Error('locked')) }
    await expect(async () => await profiler.tool('query', () => query)()).rejects.toThrow('locked')
    expectTree(profiler.lastTrace, 'query tool 0-0 failed Error: locked')
  })

  test('frozen results are passed through', () => {
    const { profiler } = recorded()
    const thenable = Object.freeze({ then: () => {} })
    expect(profiler.tool('frozen', () => thenable)()).toBe(thenable)
    expectTree(profiler.lastTrace, 'frozen tool 0-0')
  })
})

describe('generators', () => {
  function* count(this: unknown, to: number): Generator<number, string, string | undefined> {
    for (let n = 1; n <= to; n++) yield n
    return 'done'
  }

  test('a generator is recorded until it is done, and stays a generator', () => {
    const { profiler, clock } = recorded()
    const tool = profiler.tool('count', count)
    profiler.run('agent', () => {
      const items = tool(3)
      expect(Object.prototype.toString.call(items)).toBe('[object Generator]')
      const seen: number[] = []
      for (const item of items) {
        clock.pass(1)
        seen.push(item)
      }
      expect(seen).toEqual([1, 2, 3])
      expect(items.next()).toEqual({ done: true, value: undefined })
    })
    expectTree(profiler.lastTrace, `
      agent 0-3
        count tool 0-3 yielded 3
    `)
  })

  test('leaving early runs finally and is a cancellation', () => {
    const { profiler } = recorded()
    let cleaned = false
    const tool = profiler.tool('rows', function* () {
      try {
        yield 1
        yield 2
      } finally {
        cleaned = true
      }
    })
    for (const _row of tool()) break
    expect(cleaned).toBe(true)
    expectTree(profiler.lastTrace, 'rows tool 0-0 cancelled yielded 1')
  })

  test('values sent in, thrown in and returned pass through', () => {
    const { profiler } = recorded()
    const tool = profiler.tool('talk', function* (): Generator<string, number, string> {
      let said = 'start'
      for (;;) {
        try {
          said = yield said
        } catch (error) {
          said = `caught ${String(error)}`
        }
        if (said === 'stop') return 9
      }
    })
    const talk = tool()
    expect(talk.next('')).toEqual({ done: false, value: 'start' })
    expect(talk.next('hello')).toEqual({ done: false, value: 'hello' })
    expect(talk.throw('ball')).toEqual({ done: false, value: 'caught ball' })
    expect(talk.next('stop')).toEqual({ done: true, value: 9 })
    expectTree(profiler.lastTrace, 'talk tool 0-0 yielded 3')
  })

  test('an async generator keeps its span current in its body, and only there', async () => {
    const { profiler, clock } = recorded()
    const tool = profiler.retrieval('pages', async function* () {
      for (const page of ['a', 'b']) {
        await null
        profiler.span(`load ${page}`, () => clock.pass(2))
        yield page
      }
    })
    await profiler.run('agent', async () => {
      for await (const page of tool()) profiler.span(`read ${page}`, () => clock.pass(1))
    })
    expectTree(profiler.lastTrace, `
      agent 0-6
        pages retrieval 0-6
          load a 0-2
          load b 3-5
        read a 2-3
        read b 5-6
    `)
  })

  test('what an async generator throws arrives where it did before', async () => {
    const { profiler } = recorded()
    const error = new Error('torn')
    const tool = profiler.tool('stream', async function* () {
      yield 1
      throw error
    })
    const seen: unknown[] = []
    await (async () => {
      for await (const item of tool()) seen.push(item)
    })().catch((caught: unknown) => seen.push(caught))
    expect(seen).toEqual([1, error])
    expectTree(profiler.lastTrace, 'stream tool 0-0 failed Error: torn yielded 1')
  })

  test('yield* goes through', () => {
    const { profiler } = recorded()
    const tool = profiler.tool('count', count)
    function* all(): Generator<number> {
      expect(yield* tool(2)).toBe('done')
    }
    expect([...all()]).toEqual([1, 2])
    expectTree(profiler.lastTrace, 'count tool 0-0 yielded 2')
  })
})

describe('misuse', () => {
  const { profiler } = recorded()
  const bad = (value: unknown): never => value as never
  test.each([
    ['a name that is none', () => profiler.run(bad(undefined), () => {}), TypeError, 'got undefined'],
    ['an empty name', () => profiler.span('', () => {}), TypeError, 'got ""'],
    ['a run without a function', () => profiler.run('agent', bad({ a: 1 })), TypeError, 'got {"a":1}'],
    ['a promise where a function belongs', () => profiler.run('agent', bad(Promise.resolve(1))), TypeError, 'got Promise'],
    ['a tool without a function', () => profiler.tool('search', bad('search')), TypeError, 'fn must be a function, got "search"'],
    ['a span name of the wrong type', () => profiler.start(bad(7)), TypeError, 'got 7'],
    ['a sample rate of a run', () => profiler.run('agent', () => {}, { sample: -0.5 }), RangeError, 'got -0.5'],
    ['an unknown event', () => profiler.on(bad('end'), () => {}), TypeError, 'got "end"'],
    ['an event of every object', () => profiler.on(bad('constructor'), () => {}), TypeError, 'got "constructor"'],
    ['a listener that is none', () => profiler.on('runEnd', bad(null)), TypeError, 'got null'],
    ['options that are none', () => new Profiler(bad(null)), TypeError, 'got null'],
    ['a negative sample rate', () => new Profiler({ sampleRate: -1 }), RangeError, 'sampleRate must be a number from 0 to 1, got -1'],
    ['a sample rate above one', () => new Profiler({ sampleRate: 1.5 }), RangeError, 'got 1.5'],
    ['a sample rate of the wrong type', () => new Profiler({ sampleRate: bad('0.5') }), RangeError, 'got "0.5"'],
    ['no sample rate at all', () => new Profiler({ sampleRate: Number.NaN }), RangeError, 'got NaN'],
    ['no traces kept', () => new Profiler({ maxTraces: 0 }), RangeError, 'maxTraces must be a positive whole number, got 0'],
    ['a content policy', () => new Profiler({ content: bad('all') }), TypeError, `content must be 'none', 'full' or a function, got "all"`],
    ['an unknown limit', () => new Profiler({ limits: bad({ maxSpans: 1 }) }), TypeError, 'limits has no maxSpans'],
    ['a limit below one', () => new Profiler({ limits: { maxSpansPerRun: -3 } }), RangeError, 'limits.maxSpansPerRun must be a positive whole number, got -3'],
  ])('%s', (_what, misuse, kind, shown) => {
    expect(misuse).toThrow(kind)
    expect(misuse).toThrow(shown)
  })

  test('nothing was recorded by it', () => {
    expect(profiler.stats()).toMatchObject({ seen: 0, kept: 0 })
  })
})

describe('options that make no sense', () => {
  const profiler = new Profiler()
  const run = (options: unknown) => () => profiler.run('agent', () => 1, options as RunOptions)
  test.each([
    ['null', run(null), 'run: options must be an object, got null'],
    ['a category that is no text', run({ category: 7 }), 'run: category must be a string, got 7'],
    ['attributes', run({ attributes: 'x' }), 'run: attributes must be an object, got "x"'],
    ['tags', run({ tags: 1 }), 'run: tags must be an object, got 1'],
    ['dependsOn', run({ dependsOn: { length: 1 } }), 'run: dependsOn must be a list of span ids, got {"length":1}'],
    ['sample', run({ sample: 2 }), 'sample must be a number from 0 to 1, got 2'],
    ['of a span', () => profiler.span('s', () => 1, 'x' as unknown as SpanOptions), 'span: options must be an object, got "x"'],
    ['of start', () => profiler.start('s', null as unknown as SpanOptions), 'start: options must be an object, got null'],
  ])('%s', (_what, misuse, message) => {
    expect(misuse).toThrow(message)
  })

  test('tags of any kind are kept as text', () => {
    profiler.run('tagged', () => 1, { tags: { n: 1n, nothing: undefined } as unknown as Record<string, string> })
    expect(JSON.parse(JSON.stringify(profiler.lastTrace)).tags).toEqual({ n: '1', nothing: 'undefined' })
  })
})
