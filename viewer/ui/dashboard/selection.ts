import type { RunSummary } from '../../api.ts'
import { Store } from './store.ts'

/** The runs that are ticked, in the order in which they were; they stay so while one looks at a run, or filters for others. */
export const selection = new Store<ReadonlyMap<string, RunSummary>>(new Map())

/** Runs that were seen in a list, for pages whose address holds keys alone. */
const seen = new Map<string, RunSummary>()
const MAX_SEEN = 5_000

export function remember(runs: Iterable<RunSummary>): void {
  for (const run of runs) {
    seen.delete(run.key)
    seen.set(run.key, run)
  }
  for (const key of seen.keys()) {
    if (seen.size <= MAX_SEEN) break
    seen.delete(key)
  }
}

export const seenRun = (key: string): RunSummary | undefined => seen.get(key)

export function select(runs: readonly RunSummary[], isOn: boolean): void {
  const next = new Map(selection.value)
  for (const run of runs) {
    if (isOn) next.set(run.key, run)
    else next.delete(run.key)
  }
  selection.set(next)
}

export const selectNone = (): void => selection.set(new Map())
