import { describe, expect, test } from 'vitest'
import { compareStrategies, type Operation } from '../src/analyze/compare-strategies.ts'

/** Operations that take so many ticks of a clock that moves only when all that runs waits. */
function bench(lengths: readonly number[]) {
  let now = 0
  let running = 0
  let most = 0
  const waiting: { readonly at: number; readonly wake: () => void }[] = []
  const tick = (): void => {
    waiting.sort((a, b) => a.at - b.at)
    const next = waiting.shift()
    if (next === undefined) return
    now = next.at
    next.wake()
  }
  const operations = lengths.map((length): Operation => async () => {
    running++
    most = Math.max(most, running)
    await new Promise<void>((wake) => {
      waiting.push({ at: now + length, wake })
      setImmediate(tick)
    })
    running--
  })
  return { operations, clock: { now: () => now }, most: () => most }
}

describe('compareStrategies', () => {
  test('runs the operations one after another, then concurrently under the limit', async () => {
    const { operations, clock, most } = bench([300, 200, 100])
    expect(await compareStrategies(operations, { concurrency: 2, clock })).toEqual({
      operations: 3, concurrency: 2, sequentialMs: 600, concurrentMs: 300, speedup: 2, savedMs: 300, failures: [],
      times: [
        { name: '0', sequentialMs: 300, concurrentMs: 300 },
        { name: '1', sequentialMs: 200, concurrentMs: 200 },
        { name: '2', sequentialMs: 100, concurrentMs: 100 },
      ],
    })
    expect(most()).toBe(2)
  })

  test('takes named operations, and any concurrency up to Infinity', async () => {
    const { operations: [search, orders], clock } = bench([30, 30])
    const compared = await compareStrategies({ search: search!, orders: orders! }, { concurrency: Infinity, clock })
    expect(compared).toMatchObject({ sequentialMs: 60, concurrentMs: 30, times: [{ name: 'search' }, { name: 'orders' }] })
  })

  test('reports failures of both runs and goes on', async () => {
    let calls = 0
    const error = new Error('no')
    const failing = (): never => {
      calls++
      throw error
    }
    const { failures, operations } = await compareStrategies({ failing, fine: () => 1 }, { concurrency: 1 })
    expect({ failures, operations, calls }).toEqual({
      operations: 2, calls: 2,
      failures: [{ name: 'failing', run: 'sequential', error }, { name: 'failing', run: 'concurrent', error }],
    })
  })

  test('nothing to run is nothing saved', async () => {
    expect(await compareStrategies([], { concurrency: 1, clock: { now: () => 0 } })).toMatchObject({ speedup: 1, savedMs: 0 })
  })

  test.each([
    [undefined, { concurrency: 1 }, 'operations must be an array or a record of functions, got undefined'],
    ['abc', { concurrency: 1 }, 'operations must be an array or a record of functions, got "abc"'],
    [[5], { concurrency: 1 }, 'operation "0" must be a function, got 5'],
    [{ a: null }, { concurrency: 1 }, 'operation "a" must be a function, got null'],
    [[Promise.resolve()], { concurrency: 1 }, 'operation "0" must be a function, got a promise, which already runs'],
    [[], undefined, 'options must be { concurrency }, got undefined'],
    [[], {}, 'concurrency must be a positive whole number or Infinity, got undefined'],
    [[], { concurrency: 0 }, 'concurrency must be a positive whole number or Infinity, got 0'],
    [[], { concurrency: 1.5 }, 'concurrency must be a positive whole number or Infinity, got 1.5'],
    [[], { concurrency: '2' }, 'concurrency must be a positive whole number or Infinity, got "2"'],
    [[], { concurrency: 1, clock: 7 }, 'clock must have now(), got 7'],
  ])('%j with %j is refused', async (operations, options, message) => {
    const refused = compareStrategies(operations as never, options as never)
    await expect(refused).rejects.toThrow(TypeError)
    await expect(refused).rejects.toThrow(message)
  })
})
