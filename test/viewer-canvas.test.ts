import { describe, expect, test } from 'vitest'
import { around, formatTick, lengthOf, moved, ticks, timeTicks, zoomed, type Bounds } from '../viewer/ui/canvas/range.ts'
import { TextFitter } from '../viewer/ui/canvas/text.ts'

const bounds: Bounds = { from: 0, to: 1_000, least: 10 }

describe('ranges', () => {
  test('zooming keeps what is below the pointer in its place', () => {
    expect(zoomed({ from: 0, to: 1_000 }, bounds, 0.5, 250)).toEqual({ from: 125, to: 625 })
    expect(zoomed({ from: 125, to: 625 }, bounds, 2, 250)).toEqual({ from: 0, to: 1_000 })
  })

  test('nothing leads out of the bounds, or closer than is of use', () => {
    expect(zoomed({ from: 0, to: 100 }, bounds, 0.001, 50)).toEqual({ from: 45, to: 55 })
    expect(zoomed({ from: 500, to: 1_000 }, bounds, 9, 900)).toEqual({ from: 0, to: 1_000 })
    expect(moved({ from: 800, to: 1_000 }, bounds, 300)).toEqual({ from: 800, to: 1_000 })
    expect(moved({ from: 100, to: 300 }, bounds, -300)).toEqual({ from: 0, to: 200 })
    expect(around({ from: 400, to: 600 }, bounds, 0.05)).toEqual({ from: 390, to: 610 })
    expect(lengthOf(around({ from: 500, to: 500 }, bounds, 0))).toBe(10)
  })

  test('ticks are round', () => {
    expect(ticks({ from: 3, to: 47 }, 5)).toEqual([10, 20, 30, 40])
    expect(ticks({ from: 0, to: 0 }, 5)).toEqual([])
  })
})

const S = 1e9
const labels = (from: number, to: number, count: number): string[] => {
  const { step, at } = timeTicks({ from, to }, count)
  return at.map((time) => formatTick(time, step, to))
}

describe('moments on an axis', () => {
  test.each([
    [0, 80_000, 4, ['0 µs', '20 µs', '40 µs', '60 µs', '80 µs']],
    [0, 1.02 * S, 4, ['0 s', '0.5 s', '1.0 s']],
    [12.345 * S, 12.3453 * S, 3, ['12.3450 s', '12.3451 s', '12.3452 s', '12.3453 s']],
    [0, 20 * S, 5, ['0 s', '5 s', '10 s', '15 s', '20 s']],
    [0, 45 * 60 * S, 4, ['0 s', '15 min', '30 min', '45 min']],
    [3_600 * S, 3_700 * S, 2, ['1 h', '1 h 1 min']],
    [0, 9 * 3_600 * S, 4, ['0 s', '3 h', '6 h', '9 h']],
    [-2e6, 3e6, 5, ['-2 ms', '-1 ms', '0 ms', '1 ms', '2 ms', '3 ms']],
  ])('from %d to %d, about %d', (from, to, count, expected) => {
    expect(labels(from, to, count)).toEqual(expected)
  })

  test('beyond days there are still ticks', () => {
    expect(timeTicks({ from: 0, to: 400 * 86_400 * S }, 5).at.length).toBeGreaterThan(2)
  })
})

describe('texts that fit', () => {
  // One pixel a character, two for an ellipsis.
  const context = { font: '', measureText: (text: string) => ({ width: text === '…' ? 2 : text.length }) }
  const fitter = new TextFitter(context as unknown as ConstructorParameters<typeof TextFitter>[0], 'any')

  test('whole, begun, or not at all', () => {
    expect(fitter.fit('search', 6)).toBe('search')
    expect(fitter.fit('search', 5)).toBe('sea…')
    expect(fitter.fit('search', 3)).toBe('')
    expect(fitter.width('search')).toBe(6)
  })
})
