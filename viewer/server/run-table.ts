import type { RunList, RunSummary } from '../api.ts'
import { outcomeOf, pack, StoredRun, summaryOf, Words, type PackedRun, type StoredFile } from './packed-run.ts'
import { facetsOf, matcher, sortRuns, type ReadQuery } from './query.ts'
import type { IndexedRun } from './runs.ts'

/** What was written to so short a time ago may still be going on. */
export const LIVE_MS = 60_000

/** All runs, by file and by key. */
export class RunTable {
  readonly files = new Map<string, StoredFile>()
  readonly words = new Words()
  readonly #runs = new Map<string, StoredRun>()
  #byStart: StoredRun[] | undefined

  get size(): number {
    return this.#runs.size
  }

  get(key: string): StoredRun | undefined {
    return this.#runs.get(key)
  }

  /** In place of what the file held before. @returns the keys of both */
  put(facts: Omit<StoredFile, 'runs'>, runs: readonly IndexedRun[]): string[] {
    return this.putPacked(facts, runs.map((run) => pack(run, this.words)))
  }

  putPacked(facts: Omit<StoredFile, 'runs'>, packed: readonly PackedRun[]): string[] {
    const keys = this.#drop(facts.path)
    const file: StoredFile = { ...facts, runs: [] }
    file.runs = packed.map((run) => new StoredRun(run, file))
    this.files.set(facts.path, file)
    for (const run of file.runs) this.#runs.set(run.key, run)
    this.#byStart = undefined
    return keys.length === 0 ? file.runs.map(({ key }) => key) : [...new Set([...keys, ...file.runs.map(({ key }) => key)])]
  }

  remove(path: string): string[] {
    const keys = this.#drop(path)
    this.files.delete(path)
    this.#byStart = undefined
    return keys
  }

  list(query: ReadQuery, nowEpochMs: number): RunList {
    const found = this.select(query, nowEpochMs)
    const { offset, limit } = query
    return {
      total: found.length,
      runs: found.slice(offset, offset + limit).map((run) => this.shown(run, nowEpochMs)),
      facets: facetsOf(found, this.words, (run) => outcomeNow(run, nowEpochMs)),
    }
  }

  /** All runs of a query in its order, whatever its limit. */
  select(query: ReadQuery, nowEpochMs: number): StoredRun[] {
    const fits = matcher(query, this.words, (run) => outcomeNow(run, nowEpochMs))
    const isPlain = query.sort === 'started'
    const found = (isPlain ? this.#sortedByStart() : [...this.#runs.values()]).filter(fits)
    if (!isPlain) return sortRuns(found, query, this.words)
    return query.isDescending ? found : found.reverse()
  }

  shown(run: StoredRun, nowEpochMs: number): RunSummary {
    const summary = summaryOf(run, this.words)
    return isLive(run, nowEpochMs) ? { ...summary, outcome: outcomeNow(run, nowEpochMs), live: true } : summary
  }

  /** Newest first; kept until something changes. */
  #sortedByStart(): StoredRun[] {
    return (this.#byStart ??= sortRuns([...this.#runs.values()], { sort: 'started', isDescending: true }, this.words))
  }

  #drop(path: string): string[] {
    const keys = this.files.get(path)?.runs.map(({ key }) => key) ?? []
    for (const key of keys) this.#runs.delete(key)
    return keys
  }
}

export function isLive(run: StoredRun, nowEpochMs: number): boolean {
  const { file, spans } = run
  return nowEpochMs - file.modifiedEpochMs < LIVE_MS && spans > 0 && (file.isRootless || outcomeOf(run) === 'open')
}

/** A run whose root is not there yet is open as long as more may come. */
const outcomeNow = (run: StoredRun, nowEpochMs: number): RunSummary['outcome'] =>
  (run.file.isRootless && isLive(run, nowEpochMs) ? 'open' : outcomeOf(run))
