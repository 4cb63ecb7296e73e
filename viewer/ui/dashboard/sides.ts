import type { RunSummary } from '../../api.ts'

export interface Sides<T> {
  readonly base: readonly T[]
  readonly new: readonly T[]
}

type Run = Pick<RunSummary, 'key' | 'startedAtEpochMs' | 'tags' | 'name'>

/**
 * Which of the runs are the base, as a first guess: those of one value where a tag, or the name, has exactly two; else the earlier
 * half. The side with the earliest run is the base.
 */
export function guessSides<T extends Run>(runs: readonly T[]): Sides<T> {
  const byTime = [...runs].sort((a, b) => a.startedAtEpochMs - b.startedAtEpochMs)
  const first = byTime[0]
  if (first === undefined || byTime.length < 3) return { base: byTime.slice(0, 1), new: byTime.slice(1) }
  const properties: readonly ((run: T) => string | undefined)[] = [
    ...Object.keys(first.tags ?? {}).map((tag) => (run: T) => run.tags?.[tag]), ({ name }) => name,
  ]
  for (const property of properties) {
    const values = new Set(byTime.map(property))
    if (values.size !== 2 || values.has(undefined)) continue
    return { base: byTime.filter((run) => property(run) === property(first)), new: byTime.filter((run) => property(run) !== property(first)) }
  }
  const half = Math.floor(byTime.length / 2)
  return { base: byTime.slice(0, half), new: byTime.slice(half) }
}

/** `#/compare?base=a&base=b&new=c` */
export function writeSides({ base, new: next }: Sides<string>): URLSearchParams {
  return new URLSearchParams([...base.map((key) => ['base', key]), ...next.map((key) => ['new', key])])
}

export function readSides(params: URLSearchParams): Sides<string> {
  const base = [...new Set(params.getAll('base').filter((key) => key !== ''))]
  return { base, new: [...new Set(params.getAll('new').filter((key) => key !== '' && !base.includes(key)))] }
}
