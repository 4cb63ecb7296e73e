import { at, list } from '../../shared/json.ts'
import type { Problems } from '../shared/json-lines.ts'

/** Which node ran from this time to the next sample's. */
export interface Sample {
  readonly node: number
  /** Microseconds since the profile's start. */
  readonly time: number
}

export interface Samples {
  readonly samples: readonly Sample[]
  /** Microseconds since the profile's start. */
  readonly end: number
}

/** The longest time that nanoseconds in a number can hold, in microseconds: a hundred days. */
const MAX_US = 9e12

export function readSamples(profile: unknown, problems: Problems): Samples {
  const ids = list(at(profile, 'samples'))
  const timestamps = list(at(profile, 'timestamps'))
  const deltas = timestamps.length > 0 ? timestamps.map((time, i) => number(time) - number(timestamps[Math.max(i - 1, 0)]))
    : list(at(profile, 'timeDeltas'))
  // With timestamps the profile's own start and end are in seconds and say less than they do.
  const duration = timestamps.length > 0 ? NaN : number(at(profile, 'endTime')) - number(at(profile, 'startTime'))
  if (ids.length === 0) problems.add('the profile has no samples')
  if (deltas.length < ids.length) problems.add(`${ids.length - deltas.length} samples have no time; they are left out`)
  const samples: Sample[] = []
  let [time, bad, isSorted] = [0, 0, true]
  for (let i = 0; i < Math.min(ids.length, deltas.length); i++) {
    const [node, delta] = [ids[i], deltas[i]]
    if (typeof node !== 'number' || typeof delta !== 'number' || !(Math.abs(time + delta) <= MAX_US)) {
      bad++
      continue
    }
    time += delta
    isSorted &&= delta >= 0
    samples.push({ node, time: Math.max(0, time) })
  }
  if (bad > 0) problems.add(`${bad} samples are not numbers; they are left out`)
  // V8 notes samples of several threads of its own; a few come with a time before their neighbour's.
  if (!isSorted) samples.sort((a, b) => a.time - b.time)
  const last = samples.at(-1)?.time ?? 0
  return { samples, end: duration <= MAX_US ? Math.max(last, duration) : last }
}

const number = (value: unknown): number => (typeof value === 'number' && Number.isFinite(value) ? value : NaN)
