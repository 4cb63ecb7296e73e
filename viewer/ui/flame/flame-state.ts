import { useMemo } from 'preact/hooks'
import { useRun } from '../run/run-context.ts'
import type { RunModel } from '../run/run-model.ts'
import { FlameModel, type Figure, type Order } from './flame-model.ts'
import { placeFrom, type Place } from './place.ts'
import { WEIGHTS, type Weight } from './weights.ts'

/** What is looked at, as it stands in the address. Frames go by a span of theirs there: it is the same in every order. */
export interface FlameState {
  readonly weight: Weight
  readonly order: Order
  readonly figure: Figure
  readonly flipped: boolean
  readonly search: string
  /** Of the operation that was chosen in the table. */
  readonly operation: number | undefined
  /** The frame that fills the width. */
  readonly zoom: Place | undefined
}

const models = new WeakMap<RunModel, FlameModel>()

/** Kept while one looks at other views. */
export function useFlameModel(): FlameModel {
  const { run } = useRun()
  let model = models.get(run)
  if (model === undefined) models.set(run, (model = new FlameModel(run)))
  return model
}

export function useFlameState(model: FlameModel): FlameState {
  const { query, run } = useRun()
  return useMemo(() => {
    const asked = WEIGHTS.find(([weight]) => weight === query.get('weight'))?.[0] ?? 'time'
    return {
      weight: model.weighed(asked).why === undefined ? asked : 'time',
      order: query.get('order') === 'time' ? 'time' : 'heavy',
      figure: query.get('figure') === 'self' ? 'self' : 'total',
      flipped: query.get('flip') === '1',
      search: query.get('search') ?? '',
      operation: model.operations.of[placeFrom(query.get('op'), run.count)?.span ?? -1],
      zoom: placeFrom(query.get('zoom'), run.count),
    }
  }, [query, run, model])
}
