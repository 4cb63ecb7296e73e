import type { RunList, RunSummary } from '../../api.ts'

export const PAGE = 100

/** Pages of a list that hold the rows from `first` to before `end`. */
export function pagesOf(first: number, end: number): number[] {
  const pages: number[] = []
  for (let page = Math.floor(Math.max(0, first) / PAGE); page * PAGE < end; page++) pages.push(page)
  return pages
}

export interface RunRows {
  readonly total: number
  readonly facets: RunList['facets']
  readonly pages: ReadonlyMap<number, readonly RunSummary[]>
}

export const rowAt = ({ pages }: RunRows, i: number): RunSummary | undefined => pages.get(Math.floor(i / PAGE))?.[i % PAGE]

/** Where a run stands among those that are known. */
export function placeOf({ pages }: RunRows, key: string): number | undefined {
  for (const [page, runs] of pages) {
    const at = runs.findIndex((run) => run.key === key)
    if (at !== -1) return page * PAGE + at
  }
  return undefined
}

type Fetch = (offset: number, limit: number, signal: AbortSignal) => Promise<RunList>

/**
 * The runs of one query, as far as they have been looked at: a list of 100,000 is asked for a hundred at a time. When runs change, the
 * pages in sight are asked for anew and put in place together, and what is out of sight is forgotten, because it may have moved.
 */
export class RunLoader {
  #rows: RunRows | undefined
  #wanted: readonly number[] = [0]
  #isRefreshing = false
  #isStale = false
  readonly #pending = new Set<number>()
  readonly #fetch: Fetch
  readonly #onChange: (rows: RunRows) => void
  readonly #onError: (error: unknown) => void
  readonly #stop = new AbortController()

  constructor(fetch: Fetch, onChange: (rows: RunRows) => void, onError: (error: unknown) => void) {
    this.#fetch = fetch
    this.#onChange = onChange
    this.#onError = onError
  }

  get rows(): RunRows | undefined {
    return this.#rows
  }

  /** Rows in sight, with some around them. */
  show(first: number, end: number): void {
    this.#wanted = pagesOf(first, Math.max(end, first + 1))
    if (this.#rows === undefined) void this.refresh()
    else for (const page of this.#wanted) void this.#load(page)
  }

  /** Runs have changed. While it is being asked, another change is answered afterwards, once. */
  async refresh(): Promise<void> {
    if (this.#isRefreshing) {
      this.#isStale = true
      return
    }
    this.#isRefreshing = true
    try {
      const pages = this.#wanted
      const lists = await Promise.all(pages.map((page) => this.#fetch(page * PAGE, PAGE, this.#stop.signal)))
      if (this.#stop.signal.aborted) return
      const { total, facets } = lists[0]!
      this.#put({ total, facets, pages: new Map(lists.map(({ runs }, i) => [pages[i]!, runs])) })
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#onError(error)
    } finally {
      this.#isRefreshing = false
    }
    if (this.#stop.signal.aborted) return
    if (this.#isStale) {
      this.#isStale = false
      await this.refresh()
    } else if (this.#rows !== undefined) for (const page of this.#wanted) void this.#load(page)
  }

  stop(): void {
    this.#stop.abort()
  }

  async #load(page: number): Promise<void> {
    const before = this.#rows
    if (before === undefined || before.pages.has(page) || this.#pending.has(page) || this.#isRefreshing || page * PAGE >= before.total) return
    this.#pending.add(page)
    try {
      const { total, facets, runs } = await this.#fetch(page * PAGE, PAGE, this.#stop.signal)
      const now = this.#rows
      if (this.#stop.signal.aborted || now === undefined) return
      this.#put({ total, facets, pages: new Map([...now.pages, [page, runs]]) })
    } catch (error) {
      if (!this.#stop.signal.aborted) this.#onError(error)
    } finally {
      this.#pending.delete(page)
    }
  }

  #put(rows: RunRows): void {
    this.#rows = rows
    this.#onChange(rows)
  }
}
