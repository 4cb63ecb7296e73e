import type { SpanDraft } from '../shared/assemble.ts'
import type { Interval } from './intervals.ts'
import { nest } from './nest.ts'

/**
 * Roboflow's workflow profiler writes the runs that it remembers (up to 32, one after another) into one file: `workflow_run` around
 * each, and inside of it phases and steps, of which some run in a pool of threads.
 * @returns what belongs to each run, itself the first; undefined when the file is none of these
 */
export function workflowRuns(intervals: readonly Interval[]): readonly (readonly Interval[])[] | undefined {
  const runs = new Map<string, Interval[]>()
  for (const run of intervals.filter(isRun).sort((a, b) => a.start - b.start)) {
    const known = runs.get(run.begin.process)
    if (known === undefined) runs.set(run.begin.process, [run])
    else known.push(run)
  }
  if (runs.size === 0) return undefined
  const groups = new Map([...runs.values()].flat().map((run): [Interval, Interval[]] => [run, [run]]))
  for (const one of intervals) {
    if (isRun(one)) continue
    const run = lastBefore(runs.get(one.begin.process) ?? [], one.start)
    // Something else is in the file, which no run explains.
    if (run === undefined || one.end > run.end) return undefined
    groups.get(run)!.push(one)
  }
  return [...groups.values()]
}

const isRun = ({ begin: { name, phase } }: Interval): boolean => name === 'workflow_run' && phase === 'B'

function lastBefore(runs: readonly Interval[], time: number): Interval | undefined {
  let [low, high] = [0, runs.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (runs[middle]!.start <= time) low = middle + 1
    else high = middle
  }
  return runs[low - 1]
}

/**
 * What another thread did lies below the innermost phase that was waiting for it then.
 * @param intervals of one run, itself the first
 */
export function drawRun(intervals: readonly Interval[]): SpanDraft[] {
  const run = intervals[0]!
  const threads = new Map<string, Interval[]>()
  for (const one of intervals) {
    const thread = threads.get(one.begin.track)
    if (thread === undefined) threads.set(one.begin.track, [one])
    else thread.push(one)
  }
  const [own, ...pool] = [...threads.values()].map((members, i) => ({ top: `thread ${i}`, drafts: nest(members, `thread ${i}`, run.start) }))
  const [root, ...phases] = own!.drafts
  const around = (inner: SpanDraft): SpanDraft => phases.findLast((phase) => phase.end! > phase.start && encloses(phase, inner)) ?? root!
  const steps = pool.flatMap(({ top, drafts }) => drafts.map((draft) => (draft.parent === top ? { ...draft, parent: around(draft).key } : draft)))
  return withFailures([root!, ...phases, ...steps])
}

const encloses = (outer: SpanDraft, inner: SpanDraft): boolean => outer.start <= inner.start && inner.end! <= outer.end!

/** A phase that raised an exception says so by an event of its name in it. */
function withFailures(drafts: readonly SpanDraft[]): SpanDraft[] {
  const names = new Map(drafts.map(({ key, name }) => [key, name]))
  const failed = new Set(drafts.flatMap(({ name, parent, start, end }) =>
    start === end && name === `${names.get(parent ?? '')}_error` ? [parent] : []))
  return drafts.map((draft): SpanDraft =>
    failed.has(draft.key) ? { ...draft, outcome: { state: 'failed', type: 'Error', message: 'raised an exception' } } : draft)
}
