import type { JSX } from 'preact'
import { useCallback, useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { RunList as RunListAnswer } from '../../api.ts'
import { formatCount, plural } from '../../../reports/shared/numbers.ts'
import { go, hrefOf } from '../app/route.ts'
import { askJson } from './client.ts'
import { EmptyRuns } from './empty-runs.tsx'
import { FilterBar } from './filter-bar.tsx'
import { Frame } from './frame.tsx'
import { changes } from './live.ts'
import { apiQuery, isEmpty, readFilter, readSort, writeList, type RunFilter, type Sort } from './query.ts'
import { RunLoader, type RunRows } from './run-pages.ts'
import { RunTable, SortMenu } from './run-table.tsx'
import { remember } from './selection.ts'
import { SelectionBar } from './selection-bar.tsx'
import { useStore } from './store.ts'
import { messageOf, told as tell } from './use-loaded.ts'

/** All runs, the newest first, narrowed down and sorted as the address says. */
export function RunList({ query }: { readonly query: URLSearchParams }): JSX.Element {
  const filter = readFilter(query)
  const sort = readSort(query)
  const text = writeList(filter, sort).toString()
  const { rows, rowsOf, error, show } = useRunRows(filter, sort, text)
  // Said aloud for each query, and not with each run that comes in.
  const told = useMemo(() => (rows === undefined ? '' : countText(rows.total, filter)), [rowsOf])
  const isNothing = rows?.total === 0 && isEmpty(filter) && rowsOf === text
  const open = (next: RunFilter, by: Sort, replace: boolean): void => go(hrefOf(['runs'], writeList(next, by)), replace)
  const sortBy = (by: Sort): void => open(filter, by, false)
  return (
    <Frame page="runs" filter={filter}>
      <div class="stack">
        {!isNothing && (
          <>
            <FilterBar filter={filter} facets={rows?.facets} hasKey onChange={(next, isTyping) => open(next, sort, isTyping)} />
            <div class="row list-head">
              <p class="muted">{rows === undefined ? ' ' : countText(rows.total, filter)}</p>
              <p class="visually-hidden" role="status">{told}</p>
              <SortMenu sort={sort} onSort={sortBy} />
            </div>
          </>
        )}
        {error !== undefined && <p class="note" role="alert">The runs could not be read: {error}</p>}
        {rows?.total === 0 && <EmptyRuns isFiltered={!isNothing} onClear={() => go(hrefOf(['runs']))} />}
        {rows !== undefined && rows.total > 0 && <RunTable rows={rows} rowsOf={rowsOf} sort={sort} onSort={sortBy} onShow={show} />}
        {rows === undefined && error === undefined && <p class="empty">Reading the runs …</p>}
      </div>
      <SelectionBar />
    </Frame>
  )
}

const countText = (total: number, filter: RunFilter): string =>
  (isEmpty(filter) ? plural(total, 'run') : `${formatCount(total)} ${total === 1 ? 'run fits' : 'runs fit'}`)

interface ShownRows {
  readonly rows?: RunRows
  /** The query that they are of: while another is being asked, those before stay in sight. */
  readonly rowsOf?: string
  readonly error?: string
}

const PAUSE_MS = 1_000

function useRunRows(filter: RunFilter, sort: Sort, text: string): ShownRows & { readonly show: (first: number, end: number) => void } {
  const [shown, setShown] = useState<ShownRows>({})
  const { version } = useStore(changes)
  const loader = useMemo(() => new RunLoader(
    async (offset, limit, signal) => {
      const query = apiQuery(filter, Date.now())
      query.set('sort', sort)
      query.set('offset', String(offset))
      query.set('limit', String(limit))
      const list = await askJson<RunListAnswer>(`api/runs?${query}`, signal)
      remember(list.runs)
      return list
    },
    (rows) => setShown({ rows, rowsOf: text }),
    (error) => {
      tell(error)
      if (error instanceof Error && !/^(Gone|Denied)Error$/.test(error.name)) setShown((before) => ({ ...before, error: messageOf(error) }))
    },
  ), [text])
  useEffect(() => {
    void loader.refresh()
    return () => loader.stop()
  }, [loader])
  useRefresh(loader, version)
  const show = useCallback((first: number, end: number) => {
    // What is in sight may still be of the query before.
    if (loader.rows !== undefined) loader.show(first, end)
  }, [loader])
  return { ...shown, show }
}

/** Once a second at most, however much changes. */
function useRefresh(loader: RunLoader, version: number): void {
  const last = useRef({ version, at: 0 })
  useEffect(() => {
    if (version === last.current.version) return undefined
    last.current.version = version
    const timer = setTimeout(() => {
      last.current.at = Date.now()
      void loader.refresh()
    }, Math.max(0, last.current.at + PAUSE_MS - Date.now()))
    return () => clearTimeout(timer)
  }, [loader, version])
}
