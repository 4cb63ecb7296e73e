import type { RunModel } from '../run/run-model.ts'
import { forestOf, totalsOf } from './forest.ts'
import { mergedFrames, operationsOf, selfOf, singleFrames, type Frames, type Operations } from './frames.ts'
import { placedLayout } from './lanes.ts'
import { largestFirst, stackedLayout, type Layout } from './layout.ts'
import { sumsByOperation, type OperationSum } from './search.ts'
import { weigh, type Weight, type Weighed } from './weights.ts'

export type Order = 'heavy' | 'time'
export type Figure = 'total' | 'self'

export interface Sums {
  readonly self: Float64Array
  readonly total: Float64Array
}

/** A run's frames, weights and layouts: each made when first asked for, and kept. */
export class FlameModel {
  readonly run: RunModel
  readonly operations: Operations
  readonly #single: Frames
  readonly #kept = new Map<string, unknown>()

  constructor(run: RunModel) {
    this.run = run
    this.operations = operationsOf(run.spans)
    this.#single = singleFrames(forestOf(run.spans.parent), this.operations)
  }

  frames(order: Order): Frames {
    return order === 'time' ? this.#single : this.#keep('merged', () => mergedFrames(this.#single.forest, this.operations))
  }

  weighed(weight: Weight): Weighed {
    return this.#keep(`weighed ${weight}`, () => weigh(this.run, weight))
  }

  sums(weight: Weight, order: Order): Sums {
    return this.#keep(`sums ${weight} ${order}`, () => {
      const frames = this.frames(order)
      const { values } = this.weighed(weight)
      const self = order === 'time' ? values : selfOf(frames, values)
      return { self, total: totalsOf(frames.forest, self) }
    })
  }

  /** @param figure by which siblings are sorted; widths are always with all below */
  layout(weight: Weight, order: Order, figure: Figure): Layout {
    if (order === 'time') return this.#keep(`layout ${weight}`, () => this.#inTime(weight))
    return this.#keep(`layout ${weight} ${figure}`, () => {
      const frames = this.frames(order)
      const sums = this.sums(weight, order)
      const tie = (a: number, b: number): number => this.#byName(frames.operation[a]!, frames.operation[b]!)
      return stackedLayout(frames.forest, sums.total, largestFirst(sums[figure], tie))
    })
  }

  operationSums(weight: Weight): readonly OperationSum[] {
    return this.#keep(`operations ${weight}`, () => {
      const { forest, operation, firstSpan } = this.frames('heavy')
      return sumsByOperation(forest, operation, (frame) => firstSpan[frame + 1]! - firstSpan[frame]!, this.sums(weight, 'heavy'))
    })
  }

  whole(weight: Weight): number {
    const { forest: { first, children, count } } = this.#single
    const { total } = this.sums(weight, 'time')
    return children.subarray(first[count], first[count + 1]).reduce((sum, root) => sum + total[root]!, 0)
  }

  #inTime(weight: Weight): Layout {
    const { forest } = this.#single
    const { spans } = this.run
    return weight === 'time' ? placedLayout(forest, spans.start, spans.end) : stackedLayout(forest, this.sums(weight, 'time').total)
  }

  #byName(a: number, b: number): number {
    const { span } = this.operations
    return compareText(this.run.name(span[a]!), this.run.name(span[b]!)) || compareText(this.run.category(span[a]!), this.run.category(span[b]!)) || a - b
  }

  #keep<T>(key: string, make: () => T): T {
    if (!this.#kept.has(key)) this.#kept.set(key, make())
    return this.#kept.get(key) as T
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
