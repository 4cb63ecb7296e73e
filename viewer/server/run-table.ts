import type { RunList, RunSummary } from '../api.ts'
import { FileColumns } from './file-columns.ts'
import { OUTCOMES, pack, summaryOf, Words, type PackedRun, type StoredFile } from './packed-run.ts'
import { facetsOf, matcher, sortRuns, type ReadQuery } from './query.ts'
import { RunColumns } from './run-columns.ts'
import type { IndexedRun } from './runs.ts'

/** What was written to so short a time ago may still be going on. */
export const LIVE_MS = 60_000

/** So many cost nothing, needed or not. */
const LEAST_WORDS = 20_000

/** A run that was asked for by its key. */
export interface FoundRun {
  readonly traceId: string
  readonly file: StoredFile
  /** How many runs its file holds. */
  readonly runsInFile: number
  readonly isLive: boolean
}

/** All runs, by file and by key. */
export class RunTable {
  readonly files = new FileColumns()
  readonly words = new Words()
  readonly columns = new RunColumns()
  #byStart: Uint32Array | undefined

  get size(): number {
    return this.columns.size
  }

  get(key: string, nowEpochMs: number): FoundRun | undefined {
    const row = this.columns.find(key)
    if (row === -1) return undefined
    const file = this.columns.file[row]!
    return { traceId: this.columns.traceIdOf(row), file: this.files.at(file), runsInFile: this.#rowsOf(file).length, isLive: this.isLive(row, nowEpochMs) }
  }

  /** The file that holds it. */
  holderOf(key: string): string | undefined {
    const row = this.columns.find(key)
    return row === -1 ? undefined : this.files.pathOf(this.columns.file[row]!)
  }

  refOf(row: number): { readonly traceId: string; readonly path: string } {
    return { traceId: this.columns.traceIdOf(row), path: this.files.pathOf(this.columns.file[row]!) }
  }

  /** In place of what the file held before. @returns the keys of both */
  put(facts: StoredFile, runs: readonly IndexedRun[]): string[] {
    return this.putPacked(facts, runs.map((run) => pack(run, this.words)))
  }

  /** @throws RangeError for what is too large to be kept */
  putPacked(facts: StoredFile, packed: readonly PackedRun[]): string[] {
    const keys = new Set(this.#drop(facts.path))
    const file = this.files.put(facts)
    // Of two with one key the last one counts.
    for (const run of new Map(packed.map((one) => [one[0], one])).values()) {
      this.files.firstRun[file] = this.columns.add(run, file, this.files.firstRun[file]!)
      keys.add(run[0])
    }
    this.#byStart = undefined
    return [...keys]
  }

  /** What a file holds, as it stands in the index. */
  packed(path: string): PackedRun[] {
    return this.#rowsOf(this.files.find(path)).map((row) => this.columns.packed(row)).reverse()
  }

  /** Forgets words that no run has any more, when there may be many. Their numbers change. */
  tidyWords(): void {
    const { all } = this.words
    if (all.length < this.#tidyAt) return
    const left = new Words()
    this.columns.renumber((word) => left.number(all[word]!))
    this.words.take(left)
    this.#tidyAt = Math.max(LEAST_WORDS, left.all.length * 2)
  }

  #tidyAt = LEAST_WORDS

  remove(path: string): string[] {
    const keys = this.#drop(path)
    const file = this.files.find(path)
    if (file !== -1) this.files.remove(file)
    this.#byStart = undefined
    return keys
  }

  list(query: ReadQuery, nowEpochMs: number): RunList {
    const found = this.select(query, nowEpochMs)
    const { offset, limit } = query
    return {
      total: found.length,
      runs: Array.from(found.subarray(offset, offset + limit), (row) => this.shown(row, nowEpochMs)),
      facets: facetsOf(found, this, (row) => this.#outcomeNow(row, nowEpochMs)),
    }
  }

  /** Rows of all runs of a query in its order, whatever its limit. */
  select(query: ReadQuery, nowEpochMs: number): Uint32Array {
    const fits = matcher(query, this, (row) => this.#outcomeNow(row, nowEpochMs))
    const isPlain = query.sort === 'started'
    const found = (isPlain ? this.#sortedByStart() : this.columns.all()).filter(fits)
    if (!isPlain) return sortRuns(found, query, this)
    return query.isDescending ? found : found.reverse()
  }

  shown(row: number, nowEpochMs: number): RunSummary {
    const summary = summaryOf(this.columns.packed(row), this.files.isReceived(this.columns.file[row]!) ? 'received' : 'recorded', this.words)
    return this.isLive(row, nowEpochMs) ? { ...summary, outcome: this.#outcomeNow(row, nowEpochMs), live: true } : summary
  }

  isLive(row: number, nowEpochMs: number): boolean {
    const file = this.columns.file[row]!
    return this.#isRecent(file, nowEpochMs) && this.columns.spans[row]! > 0 && (this.files.isRootless(file) || this.#outcomeOf(row) === 'open')
  }

  /** Keys of all that are going on. */
  live(nowEpochMs: number): Set<string> {
    const keys = new Set<string>()
    for (const file of this.files.rows()) {
      if (!this.#isRecent(file, nowEpochMs)) continue
      for (const row of this.#rowsOf(file)) if (this.isLive(row, nowEpochMs)) keys.add(this.columns.keyOf(row))
    }
    return keys
  }

  #isRecent(file: number, nowEpochMs: number): boolean {
    return nowEpochMs - this.files.modifiedEpochMs[file]! < LIVE_MS
  }

  /** The last one first. */
  #rowsOf(file: number): number[] {
    const rows: number[] = []
    for (let row = file === -1 ? -1 : this.files.firstRun[file]!; row !== -1; row = this.columns.next[row]!) rows.push(row)
    return rows
  }

  #outcomeOf(row: number): RunSummary['outcome'] {
    return OUTCOMES[this.columns.outcome[row]!]!
  }

  /** A run whose root is not there yet is open as long as more may come. */
  #outcomeNow(row: number, nowEpochMs: number): RunSummary['outcome'] {
    return this.files.isRootless(this.columns.file[row]!) && this.isLive(row, nowEpochMs) ? 'open' : this.#outcomeOf(row)
  }

  /** Newest first; kept until something changes. */
  #sortedByStart(): Uint32Array {
    return (this.#byStart ??= sortRuns(this.columns.all(), { sort: 'started', isDescending: true }, this))
  }

  #drop(path: string): string[] {
    const file = this.files.find(path)
    const rows = this.#rowsOf(file)
    const keys = rows.map((row) => this.columns.keyOf(row))
    for (const row of rows) this.columns.remove(row)
    if (file !== -1) this.files.firstRun[file] = -1
    return keys
  }
}
