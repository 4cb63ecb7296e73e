import type { CompareRequest, RunQuery, RunSelection } from '../../api.ts'
import { apiSelection, isEmpty, readFilter, writeFilter, type RunFilter } from './query.ts'
import { readSides } from './sides.ts'

/** What is compared, as it stands in the address: `#/compare?base=key&new.tag=version%3D2` */

export type SideName = 'base' | 'new'

/** Runs by their keys, or else all runs of a filter; an empty filter chooses nothing. */
export interface Side {
  readonly keys: readonly string[]
  readonly filter: RunFilter
}

export type Compared = Readonly<Record<SideName, Side>>

export function readCompared(params: URLSearchParams): Compared {
  const sides = readSides(params)
  return {
    base: { keys: sides.base, filter: readFilter(params, 'base.') },
    new: { keys: sides.new, filter: readFilter(params, 'new.') },
  }
}

export function writeCompared(compared: Compared): URLSearchParams {
  const params = new URLSearchParams()
  for (const side of ['base', 'new'] as const) {
    const { keys, filter } = compared[side]
    for (const key of keys) params.append(side, key)
    // A side is one or the other.
    if (keys.length === 0) writeFilter(filter, `${side}.`, params)
  }
  return params
}

export const isChosen = ({ keys, filter }: Side): boolean => keys.length > 0 || !isEmpty(filter)

/** Undefined until both sides are chosen, and while they are the same. */
export function requestOf(compared: Compared, nowEpochMs: number): CompareRequest | undefined {
  if (!isChosen(compared.base) || !isChosen(compared.new)) return undefined
  const request = { base: selectionOf(compared.base, nowEpochMs), new: selectionOf(compared.new, nowEpochMs) }
  return JSON.stringify(request.base) === JSON.stringify(request.new) ? undefined : request
}

function selectionOf({ keys, filter }: Side, nowEpochMs: number): RunSelection {
  if (keys.length > 0) return { keys }
  const { from, to, ...texts } = apiSelection(filter, nowEpochMs)
  return { query: { ...texts, ...(from !== undefined && { from: Number(from) }), ...(to !== undefined && { to: Number(to) }) } as RunQuery }
}

export const swapped = ({ base, new: next }: Compared): Compared => ({ base: next, new: base })

/** A run by its key on one side, and no longer on the other; `undefined`: on neither. */
export function moved(compared: Compared, key: string, to: SideName | undefined): Compared {
  const without = ({ keys, filter }: Side): Side => ({ keys: keys.filter((one) => one !== key), filter })
  const next = { base: without(compared.base), new: without(compared.new) }
  return to === undefined ? next : { ...next, [to]: { ...next[to], keys: [...next[to].keys, key] } }
}
