import type { Category } from '../../src/model/span.ts'
import type { RunList, RunSummary } from '../api.ts'
import { facetsOf, fits, sortRuns, type ReadQuery } from './query.ts'
import type { FindingFigures, IndexedRun, OperationFigures, RunSource } from './runs.ts'

/** A run in memory: a hundred thousand of them have to fit, so operations are numbers and equal texts are one. */
export interface StoredRun {
  readonly summary: RunSummary
  /** For each operation: its number, count, failed, wallNs, totalNs. */
  readonly operations: readonly number[]
  readonly findings: readonly FindingFigures[]
  readonly file: StoredFile
}

export interface StoredFile {
  readonly path: string
  readonly bytes: number
  readonly modifiedEpochMs: number
  readonly source: RunSource
  /** Its spans have no root yet, so more are to come. */
  readonly isRootless?: boolean
  runs: readonly StoredRun[]
}

export const OPERATION_FIGURES = 5

/** What was written to so short a time ago may still be going on. */
export const LIVE_MS = 60_000

/** All runs, by file and by key. */
export class RunTable {
  readonly files = new Map<string, StoredFile>()
  readonly operations: { readonly name: string; readonly category: Category }[] = []
  readonly #runs = new Map<string, StoredRun>()
  readonly #operationNumbers = new Map<string, number>()
  readonly #texts = new Map<string, string>()
  #byStart: StoredRun[] | undefined

  get size(): number {
    return this.#runs.size
  }

  get(key: string): StoredRun | undefined {
    return this.#runs.get(key)
  }

  all(): Iterable<StoredRun> {
    return this.#runs.values()
  }

  /** In place of what the file held before. @returns the keys of both */
  put(facts: Omit<StoredFile, 'runs'>, runs: readonly IndexedRun[]): string[] {
    const keys = this.#drop(facts.path)
    const file: StoredFile = { ...facts, runs: [] }
    file.runs = runs.map((run) => this.#stored(run, file))
    this.files.set(facts.path, file)
    for (const run of file.runs) this.#runs.set(run.summary.key, run)
    this.#byStart = undefined
    return [...new Set([...keys, ...file.runs.map(({ summary }) => summary.key)])]
  }

  remove(path: string): string[] {
    const keys = this.#drop(path)
    this.files.delete(path)
    this.#byStart = undefined
    return keys
  }

  /** As it stood before it became numbers. */
  indexed({ summary, operations, findings }: StoredRun): IndexedRun {
    const figures: OperationFigures[] = []
    for (let i = 0; i < operations.length; i += OPERATION_FIGURES) {
      const [number, count, failed, wallNs, totalNs] = operations.slice(i, i + OPERATION_FIGURES) as [number, number, number, number, number]
      figures.push({ ...this.operations[number]!, count, failed, wallNs, totalNs })
    }
    return { summary, operations: figures, findings }
  }

  list(query: ReadQuery, nowEpochMs: number): RunList {
    const found = this.select(query, nowEpochMs)
    const { offset, limit } = query
    return {
      total: found.length,
      runs: found.slice(offset, offset + limit).map((run) => shown(run, nowEpochMs)),
      facets: facetsOf(found, (run) => outcomeNow(run, nowEpochMs)),
    }
  }

  /** All runs of a query in its order, whatever its limit. */
  select(query: ReadQuery, nowEpochMs: number): StoredRun[] {
    const isPlain = query.sort === 'started'
    const all = isPlain ? this.#sortedByStart() : [...this.#runs.values()]
    const found = all.filter((run) => fits(run, query, outcomeNow(run, nowEpochMs)))
    if (!isPlain) return sortRuns(found, query)
    return query.isDescending ? found : found.reverse()
  }

  /** Newest first; kept until something changes. */
  #sortedByStart(): StoredRun[] {
    return (this.#byStart ??= sortRuns([...this.#runs.values()], { sort: 'started', isDescending: true }))
  }

  #drop(path: string): string[] {
    const keys = this.files.get(path)?.runs.map(({ summary }) => summary.key) ?? []
    for (const key of keys) this.#runs.delete(key)
    return keys
  }

  #stored({ summary, operations, findings }: IndexedRun, file: StoredFile): StoredRun {
    const { name, service, models, categories, tags } = summary
    return {
      summary: {
        ...summary, name: this.#text(name), models: models.map((model) => this.#text(model)),
        ...(service !== undefined && { service: this.#text(service) }),
        ...(tags !== undefined && { tags: Object.fromEntries(Object.entries(tags).map(([key, tag]) => [key, this.#text(tag)])) }),
        categories: categories.map(({ category, wallNs }) => ({ category: this.#text(category), wallNs })),
        findings: summary.findings.map((finding) => ({ ...finding, title: this.#text(finding.title) })),
      },
      operations: operations.flatMap(({ name: operation, category, count, failed, wallNs, totalNs }) => [this.#operation(operation, category), count, failed, wallNs, totalNs]),
      findings: findings.map((finding) => ({ ...finding, title: this.#text(finding.title) })),
      file,
    }
  }

  #operation(name: string, category: Category): number {
    const key = `${category}\n${name}`
    let number = this.#operationNumbers.get(key)
    if (number === undefined) {
      number = this.operations.push({ name, category }) - 1
      this.#operationNumbers.set(key, number)
    }
    return number
  }

  #text(text: string): string {
    const known = this.#texts.get(text)
    if (known !== undefined) return known
    if (this.#texts.size < MAX_TEXTS) this.#texts.set(text, text)
    return text
  }
}

const MAX_TEXTS = 20_000

export function isLive({ summary, file }: StoredRun, nowEpochMs: number): boolean {
  return (summary.outcome === 'open' || file.isRootless === true) && summary.spans > 0 && nowEpochMs - file.modifiedEpochMs < LIVE_MS
}

/** A run whose root is not there yet is open as long as more may come. */
export const outcomeNow = (run: StoredRun, nowEpochMs: number): RunSummary['outcome'] =>
  run.file.isRootless === true && isLive(run, nowEpochMs) ? 'open' : run.summary.outcome

export const shown = (run: StoredRun, nowEpochMs: number): RunSummary =>
  isLive(run, nowEpochMs) ? { ...run.summary, outcome: outcomeNow(run, nowEpochMs), live: true } : run.summary
