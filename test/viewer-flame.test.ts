import { describe, expect, test } from 'vitest'
import { analyze } from '../src/analyze/index.ts'
import { columnsOf } from '../viewer/document/pack.ts'
import type { Trace } from '../src/model/span.ts'
import { FlameModel, type Figure, type Order } from '../viewer/ui/flame/flame-model.ts'
import { forestOf, totalsOf } from '../viewer/ui/flame/forest.ts'
import { mergedFrames, operationsOf, spreadOf } from '../viewer/ui/flame/frames.ts'
import { frameAt, neighbour, pathTo, type Step } from '../viewer/ui/flame/hit.ts'
import { Lanes, placedLayout } from '../viewer/ui/flame/lanes.ts'
import { largestFirst, stackedLayout, type Layout } from '../viewer/ui/flame/layout.ts'
import { frameOfPlace, placeFrom, placeOf, placeText } from '../viewer/ui/flame/place.ts'
import { matcherOf, matchesIn } from '../viewer/ui/flame/search.ts'
import { captionOf, WEIGHTS, type Weight } from '../viewer/ui/flame/weights.ts'
import { RunModel } from '../viewer/ui/run/run-model.ts'
import { draw, text } from './draw.ts'
import { concurrentTrace } from './support/random-run.ts'
import { seeded } from './support/random.ts'

const ORDERS: readonly Order[] = ['heavy', 'time']

function modelOf(trace: Trace): FlameModel {
  const { spans, ...analysis } = analyze(trace)
  return new FlameModel(new RunModel({ analysis, spans: columnsOf(spans), content: { parts: [], calls: [], tools: {} } }))
}

const nameIn = (model: FlameModel, weight: Weight, order: Order) => (frame: number): string => {
  const { firstSpan, spans } = model.frames(weight, order)
  const count = firstSpan[frame + 1]! - firstSpan[frame]!
  return `${model.run.name(spans[firstSpan[frame]!]!)}${count > 1 ? `×${count}` : ''}`
}

/** Row after row, `name from-to`, times in milliseconds. */
function rowsIn(layout: Layout, name: (frame: number) => string, unit = 1e6): string {
  return Array.from({ length: layout.rows }, (_, row) => {
    const frames = layout.byRow.subarray(layout.firstInRow[row], layout.firstInRow[row + 1])
    return [...frames].map((frame) => `${name(frame)} ${layout.from[frame]! / unit}-${layout.to[frame]! / unit}`).join(', ')
  }).join('\n')
}

function picture(model: FlameModel, weight: Weight = 'time', order: Order = 'heavy', figure: Figure = 'total'): string {
  return rowsIn(model.layout(weight, order, figure), nameIn(model, weight, order), weight === 'tokens' ? 1 : 1e6)
}

const parallel = modelOf(draw(`
  agent 0-100
    plan 0-20
      llm 5-15
    search 20-60
      fetch 20-40
    search 20-90
      fetch 30-90
    plan 92-100
`))

describe('a picture of a run', () => {
  test('left heavy: siblings of one operation together, the largest first, as wide as all self times in them', () => {
    expect(picture(parallel)).toBe(text(`
      agent 0-140
      search×2 0-110, plan×2 110-138
      fetch×2 0-80, llm 110-120
    `))
    expect(captionOf('time', 'heavy', parallel.weighed('time'), { whole: parallel.whole('time'), durationNs: parallel.run.durationNs })).toMatch(/^Busy time: 140 ms in a run of 100 ms, more/)
  })

  test('left heavy by self: siblings in the order of what they took themselves', () => {
    const model = modelOf(draw(`
      agent 0-100
        outer 0-60
          inner 5-60
        flat 60-90
    `))
    expect(picture(model)).toBe('agent 0-100\nouter 0-60, flat 60-90\ninner 0-55')
    expect(picture(model, 'time', 'heavy', 'self')).toBe('agent 0-100\nflat 0-30, outer 30-90\ninner 30-85')
  })

  test('in time order each span is where it was; what ran at the same time lies under each other, with all inside of it', () => {
    expect(picture(parallel, 'time', 'time')).toBe(text(`
      agent 0-100
      plan 0-20, search 20-60, plan 92-100
      llm 5-15, fetch 20-40
      search 20-90
      fetch 30-90
    `))
  })

  test('what is inside of a span goes along with it; the room beside it is used', () => {
    const model = modelOf(draw(`
      agent 0-100
        deep 0-30
          step 0-30
        wide 10-100
        flat 40-60
        deep 70-90
          step 70-90
    `))
    expect(picture(model, 'time', 'time')).toBe(text(`
      agent 0-100
      deep 0-30, flat 40-60, deep 70-90
      step 0-30, step 70-90
      wide 10-100
    `))
  })

  test('the critical path in time order: the stack of each instant; a span is there as often as the path came back to it', () => {
    const model = modelOf(draw(`
      agent 0-100
        a 0-100
          x 10-30
          y 50-60
        b 20-40
    `))
    expect(picture(model, 'path', 'time')).toBe('agent 0-100\na 0-100\nx 10-30, y 50-60')
    expect(picture(parallel, 'path', 'time')).toBe(text(`
      agent 0-100
      plan 0-20, search 20-90, plan 92-100
      llm 5-15, fetch 30-90
    `))
  })

  test('recursion stays as it is, and its total counts once', () => {
    const model = modelOf(draw(`
      agent 0-100
        solve 0-80
          solve 0-50
            solve 0-20
    `))
    expect(picture(model)).toBe('agent 0-100\nsolve 0-80\nsolve 0-50\nsolve 0-20')
    expect(model.operationSums('time').map(({ spans, self, total }) => [spans, self / 1e6, total / 1e6])).toEqual([[1, 20, 100], [3, 80, 80]])
  })

  test('tokens: calls of which they are known, and how many there are of the others', () => {
    const model = modelOf(draw(`
      agent 0-100
        turn 0-40
          llm 0-40 llm model=gpt-5-mini in=1000 out=100
        turn 40-90
          llm 40-60 llm model=gpt-5-mini in=500 out=50
          other 60-90 llm model=gpt-5-mini
    `))
    expect(picture(model, 'tokens')).toBe('agent 0-1650\nturn×2 0-1650\nllm×2 0-1650')
    expect(picture(model, 'tokens', 'time')).toBe('agent 0-1650\nturn 0-1100, turn 1100-1650\nllm 0-1100, llm 1100-1650')
    expect(captionOf('tokens', 'heavy', model.weighed('tokens'), { whole: 1650, durationNs: 1 })).toContain('1,650 in 2 calls. 1 call of unknown usage is not shown.')
  })

  test('nothing known: why', () => {
    expect(parallel.weighed('tokens').why).toBe('No call of a model was answered in this run.')
    expect(modelOf(draw('agent 0-9\n  llm 0-9 llm model=house-model in=10 out=1')).weighed('cost').why).toBe('The price of no call of this run is known.')
    expect(picture(parallel, 'cost')).toBe('')
  })

  test('the spread of durations in a merged frame', () => {
    const frames = parallel.frames('time', 'heavy')
    const search = parallel.layout('time', 'heavy', 'total').byRow[1]!
    expect(spreadOf(frames, search, (span) => parallel.run.durationOf(span) / 1e6)).toEqual({ least: 40, median: 55, most: 70 })
  })
})

describe('what is pointed at', () => {
  const layout = parallel.layout('time', 'heavy', 'total')
  const name = nameIn(parallel, 'time', 'heavy')
  const at = (row: number, ms: number, near = 0): string | undefined => {
    const frame = frameAt(layout, row, ms * 1e6, near * 1e6)
    return frame === undefined ? undefined : name(frame)
  }

  test('the frame there, or a narrow one beside it', () => {
    expect([at(0, 0), at(1, 109), at(1, 110), at(1, 139), at(1, 139, 2), at(2, 100), at(3, 0), at(-1, 0)])
      .toEqual(['agent', 'search×2', 'plan×2', undefined, 'plan×2', undefined, undefined, undefined])
  })

  test('arrow keys: in to the widest, out to the parent, and to the siblings', () => {
    const walk = (...steps: Step[]): string => name(steps.reduce((frame, step) => neighbour(layout, frame, step) ?? frame, layout.byRow[0]!))
    expect([walk(), walk('in'), walk('in', 'next'), walk('in', 'next', 'next'), walk('in', 'next', 'previous'), walk('in', 'next', 'in'), walk('in', 'in', 'out', 'out', 'out')])
      .toEqual(['agent', 'search×2', 'plan×2', 'plan×2', 'search×2', 'llm', 'agent'])
  })

  test('in time order siblings follow each other in time, whatever lane they are in', () => {
    const placed = parallel.layout('time', 'time', 'total')
    const names: string[] = []
    for (let frame: number | undefined = frameAt(placed, 1, 0); frame !== undefined; frame = neighbour(placed, frame, 'next')) names.push(`${parallel.run.name(frame)} ${placed.from[frame]! / 1e6}`)
    expect(names).toEqual(['plan 0', 'search 20', 'search 20', 'plan 92'])
  })

  test('the way from the root', () => {
    expect(pathTo(layout, layout.byRow.at(-1)!).map(name)).toEqual(['agent', 'plan×2', 'llm'])
  })
})

describe('a frame in the address', () => {
  test('comes back in every picture, also where the critical path comes back to a span', () => {
    let again = 0
    for (let seed = 0; seed < 60; seed++) {
      const model = modelOf(concurrentTrace(seed))
      for (const [weight] of WEIGHTS) {
        for (const order of ORDERS) {
          const frames = model.frames(weight, order)
          for (let frame = 0; frame < frames.forest.count; frame++) {
            const place = placeFrom(placeText(placeOf(frames, frame)), model.run.count)!
            expect(frameOfPlace(frames, place)).toBe(frame)
            again = Math.max(again, place.again)
          }
        }
      }
    }
    expect(again).toBeGreaterThan(0)
  })

  test('is the last that there is, or none', () => {
    const frames = modelOf(draw('agent 0-100\n  llm 10-20')).frames('path', 'time')
    expect(frameOfPlace(frames, { span: 1, again: 9 })).toBe(frames.frameOf[1])
    for (const text of ['', '2', '-1', '1.', '1.x', 'x', '1e3', '99999999999999']) expect(placeFrom(text, 2)).toBeUndefined()
    expect(placeFrom(null, 2)).toBeUndefined()
    expect(placeFrom('1.3', 2)).toEqual({ span: 1, again: 3 })
  })
})

describe('search', () => {
  const found = (words: string): string => {
    const { run, operations } = parallel
    const isMatch = matcherOf(words)
    const wanted = Uint8Array.from(operations.span, (span) => (isMatch(run.name(span)) ? 1 : 0))
    const frames = parallel.frames('time', 'heavy')
    const { count, total, self } = matchesIn(frames.forest, frames.operation, wanted, parallel.sums('time', 'heavy'))
    return `${count} frames, total ${total / 1e6}, self ${self / 1e6}`
  }

  test.each([
    ['FETCH', '1 frames, total 80, self 80'],
    ['search', '1 frames, total 110, self 30'],
    ['e', '3 frames, total 140, self 112'],
    ['a g', '1 frames, total 140, self 2'],
    ['nothing', '0 frames, total 0, self 0'],
  ])('%s', (words, answer) => expect(found(words)).toBe(answer))
})

describe('laws', () => {
  const seeds = Array.from({ length: 60 }, (_, i) => i + 1)
  const models = seeds.map((seed) => modelOf(concurrentTrace(seed)))
  const each = (check: (model: FlameModel, weight: Weight, order: Order, layout: Layout) => void): void => {
    for (const model of models) for (const [weight] of WEIGHTS) for (const order of ORDERS) check(model, weight, order, model.layout(weight, order, 'total'))
  }

  test('stacked frames: self and children are the total, children never exceed their parent, the whole is the sum', () => {
    each((model, weight, order, { forest, from, to, row, axis }) => {
      if (order === 'time' && weight === 'time') return
      const { self, total } = model.sums(weight, order)
      const children = new Float64Array(forest.count)
      for (const frame of forest.topDown) if (forest.parent[frame] !== -1) children[forest.parent[frame]!]! += total[frame]!
      for (const frame of forest.topDown) {
        expect(self[frame]! + children[frame]!).toBeCloseTo(total[frame]!, 9)
        if (row[frame] === -1) continue
        const parent = forest.parent[frame]!
        expect(from[frame]!).toBeGreaterThanOrEqual(parent === -1 ? axis.from : from[parent]!)
        expect(to[frame]!).toBeLessThanOrEqual(parent === -1 ? axis.to : to[parent]!)
        expect(to[frame]! - from[frame]!).toBeCloseTo(total[frame]!, 9)
      }
      expect(axis.to - axis.from).toBeCloseTo(self.reduce((sum, one) => sum + one, 0), 9)
      if (weight === 'path') expect(axis.to - axis.from).toBe(model.run.durationNs)
    })
  })

  test('no frame lies on another, and each is where it is looked for', () => {
    each((_model, _weight, _order, layout) => {
      for (let row = 0; row < layout.rows; row++) {
        let end = -Infinity
        for (const frame of layout.byRow.subarray(layout.firstInRow[row], layout.firstInRow[row + 1])) {
          expect(layout.from[frame]!).toBeGreaterThanOrEqual(end)
          end = layout.to[frame]!
          if (end > layout.from[frame]!) expect(frameAt(layout, row, layout.from[frame]!)).toBe(frame)
        }
      }
    })
  })

  test('a child lies below its parent, and in time order each span is where it was', () => {
    each(({ run }, weight, order, { forest, row, from, to }) => {
      for (const frame of forest.topDown) {
        if (row[frame] !== -1 && forest.parent[frame] !== -1) expect(row[frame]!).toBeGreaterThan(row[forest.parent[frame]!]!)
        if (weight === 'time' && order === 'time') expect([from[frame], to[frame]]).toEqual([run.spans.start[frame], run.spans.end[frame]])
      }
    })
  })

  test('merging keeps every span and every weight', () => {
    each((model, weight) => {
      const { firstSpan, spans, operation } = model.frames(weight, 'heavy')
      expect([...spans].sort((a, b) => a - b)).toEqual(Array.from({ length: model.run.count }, (_, i) => i))
      operation.forEach((one, frame) => spans.subarray(firstSpan[frame], firstSpan[frame + 1]).forEach((span) => expect(model.operations.of[span]).toBe(one)))
      const sum = (values: Float64Array): number => values.reduce((all, one) => all + one, 0)
      expect(sum(model.sums(weight, 'heavy').self)).toBeCloseTo(sum(model.weighed(weight).values), 9)
      expect(sum(Float64Array.from(model.operationSums(weight), ({ self }) => self))).toBeCloseTo(sum(model.weighed(weight).values), 9)
    })
  })

  test('left heavy is sorted', () => {
    for (const model of models) {
      for (const figure of ['total', 'self'] as const) {
        const { forest: { first, children, count }, from, row } = model.layout('time', 'heavy', figure)
        const value = model.sums('time', 'heavy')[figure]
        for (let node = 0; node <= count; node++) {
          const own = [...children.subarray(first[node], first[node + 1])].filter((child) => row[child] !== -1).sort((a, b) => from[a]! - from[b]!)
          own.forEach((child, i) => i > 0 && expect(value[child]!).toBeLessThanOrEqual(value[own[i - 1]!]!))
        }
      }
    }
  })

  test('the path in time order has of each span its time on it', () => {
    for (const model of models) {
      const { spans, firstSpan } = model.frames('path', 'time')
      const wall = new Float64Array(model.run.count)
      model.sums('path', 'time').self.forEach((value, frame) => (wall[spans[firstSpan[frame]!]!]! += value))
      expect(wall).toEqual(model.run.spans.wall)
    }
  })

  test('the order in which spans came changes nothing', () => {
    models.forEach((model, seed) => {
      const { spans } = model.run
      const random = seeded(seed)
      const order = Array.from({ length: spans.count }, (_, i) => ({ i, at: random() })).sort((a, b) => a.at - b.at).map(({ i }) => i)
      const place = new Int32Array(spans.count)
      order.forEach((old, now) => (place[old] = now))
      const of = (column: Int32Array): Int32Array => Int32Array.from(order, (old) => column[old]!)
      const parent = Int32Array.from(order, (old) => (spans.parent[old] === -1 ? -1 : place[spans.parent[old]!]!))
      const operations = operationsOf({ count: spans.count, name: of(spans.name), category: of(spans.category), categories: spans.categories })
      const frames = mergedFrames(forestOf(parent), operations)
      const self = new Float64Array(frames.forest.count)
      order.forEach((old, now) => (self[frames.frameOf[now]!]! += spans.self[old]!))
      const total = totalsOf(frames.forest, self)
      const spanOf = (frame: number): number => order[frames.spans[frames.firstSpan[frame]!]!]!
      const nameOf = (frame: number): string => [model.run.name(spanOf(frame)), model.run.category(spanOf(frame)), spans.names[spans.name[spanOf(frame)]!]].join('\0')
      const tie = (a: number, b: number): number => (nameOf(a) < nameOf(b) ? -1 : 1)
      const shown = rowsIn(stackedLayout(frames.forest, total, largestFirst(total, tie)), (frame) => model.run.name(spanOf(frame)))
      const { firstSpan, spans: members } = model.frames('time', 'heavy')
      expect(shown).toBe(rowsIn(model.layout('time', 'heavy', 'total'), (frame) => model.run.name(members[firstSpan[frame]!]!)))
    })
  })
})

describe('lanes', () => {
  test('the first that is free, however many there are', () => {
    const lanes = new Lanes()
    expect([[0, 10], [1, 3], [2, 9], [3, 4], [5, 20], [10, 11]].map(([from, to]) => lanes.take(from!, to!))).toEqual([0, 1, 2, 1, 1, 0])
  })

  test('ten thousand spans at the same time', () => {
    const count = 10_001
    const parent = new Int32Array(count).fill(0)
    parent[0] = -1
    const layout = placedLayout(forestOf(parent), new Float64Array(count), new Float64Array(count).fill(5))
    expect(layout.rows).toBe(count)
  })

  test('a chain ten thousand deep', () => {
    const parent = Int32Array.from({ length: 10_000 }, (_, i) => i - 1)
    const forest = forestOf(parent)
    expect(stackedLayout(forest, totalsOf(forest, new Float64Array(10_000).fill(1))).rows).toBe(10_000)
    expect(placedLayout(forest, new Float64Array(10_000), new Float64Array(10_000).fill(1)).rows).toBe(10_000)
  })
})
