import type { RunModel } from '../run/run-model.ts'
import { forestOf, totalsOf } from './forest.ts'
import { mergedFrames, operationsOf, selfOf, singleFrames, type Frames, type Operations } from './frames.ts'
import { pathFrames, type PathFrames } from './path-frames.ts'
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

  frames(weight: Weight, order: Order): Frames {
    if (order === 'heavy') return this.#keep('merged', () => mergedFrames(this.#single.forest, this.operations))
    return weight === 'path' ? this.#path() : this.#single
  }

  weighed(weight: Weight): Weighed {
    return this.#keep(`weighed ${weight}`, () => weigh(this.run, weight))
  }

  sums(weight: Weight, order: Order): Sums {
    return this.#keep(`sums ${weight} ${order}`, () => {
      const frames = this.frames(weight, order)
      const { values } = this.weighed(weight)
      const self = order === 'heavy' ? selfOf(frames, values) : weight === 'path' ? this.#path().self : values
      return { self, total: totalsOf(frames.forest, self) }
    })
  }

  /** @param figure by which siblings are sorted; widths are always with all below */
  layout(weight: Weight, order: Order, figure: Figure): Layout {
    if (order === 'time') return this.#keep(`layout ${weight}`, () => this.#inTime(weight))
    return this.#keep(`layout ${weight} ${figure}`, () => {
      const frames = this.frames(weight, order)
      const sums = this.sums(weight, order)
      const tie = (a: number, b: number): number => this.#byName(frames.operation[a]!, frames.operation[b]!)
      return stackedLayout(frames.forest, sums.total, largestFirst(sums[figure], tie))
    })
  }

  operationSums(weight: Weight): readonly OperationSum[] {
    return this.#keep(`operations ${weight}`, () => {
      const { forest, operation, firstSpan } = this.frames(weight, 'heavy')
      return sumsByOperation(forest, operation, (frame) => firstSpan[frame + 1]! - firstSpan[frame]!, this.sums(weight, 'heavy'))
    })
  }

  whole(weight: Weight): number {
    const { axis } = this.layout(weight, 'heavy', 'total')
    return axis.to - axis.from
  }

  #path(): PathFrames {
    return this.#keep('path', () => pathFrames(this.#single.forest, this.operations, this.run.spans))
  }

  #inTime(weight: Weight): Layout {
    const { spans } = this.run
    if (weight === 'time') return placedLayout(this.#single.forest, spans.start, spans.end)
    if (weight === 'path') return placedLayout(this.#path().forest, this.#path().from, this.#path().to)
    return stackedLayout(this.frames(weight, 'time').forest, this.sums(weight, 'time').total)
  }

  #byName(a: number, b: number): number {
    const { run } = this
    const [left, right] = [this.operations.span[a]!, this.operations.span[b]!]
    const rawName = (span: number): string => run.spans.names[run.spans.name[span]!]!
    return compareText(run.name(left), run.name(right)) || compareText(run.category(left), run.category(right)) || compareText(rawName(left), rawName(right))
  }

  #keep<T>(key: string, make: () => T): T {
    if (!this.#kept.has(key)) this.#kept.set(key, make())
    return this.#kept.get(key) as T
  }
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
