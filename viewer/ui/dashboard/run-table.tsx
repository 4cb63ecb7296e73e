import type { JSX, TargetedKeyboardEvent } from 'preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import type { RunSort, RunSummary } from '../../api.ts'
import { Icon } from '../parts/icon.tsx'
import { useMedia } from '../parts/use-media.ts'
import { useWindow } from '../parts/use-window.ts'
import { sortedBy, type Sort } from './query.ts'
import { placeOf, rowAt, type RunRows } from './run-pages.ts'
import { RunRow } from './run-row.tsx'
import { select, selection } from './selection.ts'
import { useStore } from './store.ts'

interface Column {
  readonly title: string
  readonly look: string
  readonly sort?: RunSort
}

const COLUMNS: readonly Column[] = [
  { title: 'Run', look: 'cell-name', sort: 'name' }, { title: 'Started', look: 'cell-started', sort: 'started' },
  { title: 'Duration', look: 'cell-duration', sort: 'duration' }, { title: 'Cost', look: 'cell-cost right', sort: 'cost' },
  { title: 'Tokens in, out', look: 'cell-tokens right', sort: 'tokens' }, { title: 'Calls', look: 'cell-calls right' },
  { title: 'Models', look: 'cell-models' }, { title: 'Findings', look: 'cell-findings' },
]

/** As high as style sheet dashboard.css makes them. */
const ROW_PX = 56
const CARD_PX = 92

interface RunTableProps {
  readonly rows: RunRows
  readonly rowsOf: string | undefined
  readonly sort: Sort
  readonly onSort: (sort: Sort) => void
  readonly onShow: (first: number, end: number) => void
}

/** Of a list however long, the rows in sight. On a narrow window each is a card. */
export function RunTable({ rows, rowsOf, sort, onSort, onShow }: RunTableProps): JSX.Element {
  const body = useRef<HTMLDivElement>(null)
  const rowHeight = useMedia('(max-width: 760px)') ? CARD_PX : ROW_PX
  const { first, end } = useWindow(body, rows.total, rowHeight)
  const chosen = useStore(selection)
  const now = useNow()
  useEffect(() => onShow(first, end), [first, end, onShow])
  useAnchor(body, rows, rowsOf, rowHeight)
  const tick = useTick(rows)
  return (
    <div class="card runs" role="table" aria-label="Runs" aria-rowcount={rows.total + 1}>
      <div role="rowgroup" class="runs-head">
        <div role="row" class="run-row" aria-rowindex={1}>
          <span role="columnheader" class="cell-tick"><span class="visually-hidden">Chosen</span></span>
          {COLUMNS.map((column) => <Head key={column.title} column={column} sort={sort} onSort={onSort} />)}
        </div>
      </div>
      <div role="rowgroup" class="runs-body" ref={body} style={{ height: `${rows.total * rowHeight}px` }} onKeyDown={moveByArrows}>
        {Array.from({ length: Math.max(0, Math.min(end, rows.total) - first) }, (_, i) => first + i).map((i) => {
          const run = rowAt(rows, i)
          return run === undefined ? <Waiting key={`waiting ${i}`} i={i} top={i * rowHeight} />
            : <RunRow key={run.key} run={run} i={i} top={i * rowHeight} isChosen={chosen.has(run.key)} onTick={tick} now={now} />
        })}
      </div>
    </div>
  )
}

function Head({ column: { title, look, sort: by }, sort, onSort }: { readonly column: Column; readonly sort: Sort; readonly onSort: (sort: Sort) => void }): JSX.Element {
  if (by === undefined) return <span role="columnheader" class={look}>{title}</span>
  const direction = sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : undefined
  return (
    <span role="columnheader" class={look} aria-sort={direction ?? 'none'}>
      <button type="button" class="sort" onClick={() => onSort(sortedBy(sort, by))}>
        {title}{direction !== undefined && <Icon name={direction === 'ascending' ? 'up' : 'down'} />}
      </button>
    </span>
  )
}

/** Where there is no room for the columns' heads. */
export function SortMenu({ sort, onSort }: { readonly sort: Sort; readonly onSort: (sort: Sort) => void }): JSX.Element {
  const options: readonly (readonly [Sort, string])[] = [
    ['-started', 'Newest first'], ['started', 'Oldest first'], ['-duration', 'Slowest first'], ['duration', 'Fastest first'], ['-cost', 'Dearest first'],
    ['cost', 'Cheapest first'], ['-tokens', 'Most tokens first'], ['tokens', 'Fewest tokens first'], ['name', 'By name'], ['-spans', 'Most spans first'],
  ]
  return (
    <select class="field sort-menu" aria-label="Sort" value={sort} onChange={(event) => onSort(event.currentTarget.value as Sort)}>
      {options.map(([value, title]) => <option key={value} value={value}>{title}</option>)}
      {!options.some(([value]) => value === sort) && <option value={sort}>{sort}</option>}
    </select>
  )
}

function Waiting({ i, top }: { readonly i: number; readonly top: number }): JSX.Element {
  return <div role="row" class="run-row waiting" aria-rowindex={i + 2} style={{ top: `${top}px` }}><span role="cell" class="cell-name"><span class="faint">…</span></span></div>
}

/** Up and down go from run to run. */
function moveByArrows(event: TargetedKeyboardEvent<HTMLDivElement>): void {
  const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
  const row = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-row]') : null
  if (step === 0 || row === null || event.altKey || event.ctrlKey || event.metaKey) return
  const next = event.currentTarget.querySelector<HTMLElement>(`[data-row="${Number(row.dataset['row']) + step}"] a`)
  if (next === null) return
  event.preventDefault()
  next.focus()
}

/** With the shift key, all between the one ticked before and this one. */
function useTick(rows: RunRows): (run: RunSummary, i: number, isOn: boolean, isRange: boolean) => void {
  const last = useRef<number | undefined>(undefined)
  return (run, i, isOn, isRange) => {
    const from = isRange ? last.current ?? i : i
    const between = Array.from({ length: Math.abs(i - from) + 1 }, (_, step) => rowAt(rows, Math.min(i, from) + step)).filter((one) => one !== undefined)
    select(isRange ? between : [run], isOn)
    last.current = i
  }
}

function useNow(): number {
  const [now, setNow] = useState(() => Date.now())
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 20_000)
    return () => clearInterval(timer)
  }, [])
  return now
}

const scrolls = new Map<string, number>()

/**
 * Runs that come in above push nothing out of sight: the run at the upper edge stays where it is, unless one looks at the very first.
 * Back from a run, the list is where it was.
 */
function useAnchor(body: { readonly current: HTMLElement | null }, rows: RunRows, rowsOf: string | undefined, rowHeight: number): void {
  const anchor = useRef<{ readonly key: string; readonly i: number; readonly of: string | undefined } | undefined>(undefined)
  const restored = useRef<string | undefined>(undefined)
  useLayoutEffect(() => {
    const { current } = anchor
    if (current !== undefined && current.of === rowsOf) {
      const place = placeOf(rows, current.key)
      if (place !== undefined && place !== current.i) scrollBy(0, (place - current.i) * rowHeight)
    }
    if (restored.current !== rowsOf) {
      const before = scrolls.get(rowsOf ?? '')
      if (restored.current === undefined && before !== undefined) scrollTo(0, before)
      restored.current = rowsOf
    }
    const note = (): void => {
      scrolls.set(rowsOf ?? '', scrollY)
      const above = -(body.current?.getBoundingClientRect().top ?? 0)
      const i = Math.ceil(above / rowHeight)
      const run = above > rowHeight / 2 ? rowAt(rows, i) : undefined
      anchor.current = run === undefined ? undefined : { key: run.key, i, of: rowsOf }
    }
    note()
    addEventListener('scroll', note, { passive: true })
    return () => removeEventListener('scroll', note)
  }, [rows, rowsOf, rowHeight])
}
