import type { ComponentChildren, JSX, RefObject, TargetedKeyboardEvent } from 'preact'
import { useLayoutEffect, useRef, useState } from 'preact/hooks'

/** Tables with more rows than this keep only those in view in the document, in a box that scrolls. */
const MOST_ROWS = 200
const ROW_HEIGHT = 33
const AROUND = 12
/** The window moves on by that many rows at a time. */
const STEP = 6

export interface TableColumn<Id extends string> {
  readonly id: Id
  readonly title: string
  readonly isRight?: boolean
  /** Said of the title to who asks. */
  readonly hint?: string
}

interface WindowedTableProps<Id extends string> {
  readonly label: string
  readonly columns: readonly TableColumn<Id>[]
  readonly sort: { readonly column: Id; readonly direction: 'ascending' | 'descending' }
  readonly onSort: (column: Id) => void
  readonly count: number
  /** Stays the same for a row that moves. */
  readonly keyOf: (row: number) => string | number
  /** What the first cell says; it is the row's button. */
  readonly nameOf: (row: number) => string
  readonly labelOf: (row: number) => string
  /** The cells after the first. */
  readonly cells: (row: number) => JSX.Element
  readonly current: number | undefined
  readonly onOpen: (row: number) => void
  readonly footer?: ComponentChildren
}

/** A table whose rows open something: gone through with the arrow keys, opened with Enter or a click. Rows are one line high. */
export function WindowedTable<Id extends string>(props: WindowedTableProps<Id>): JSX.Element {
  const { label, columns, sort, onSort, count, current, footer } = props
  const box = useRef<HTMLDivElement>(null)
  const isWindowed = count > MOST_ROWS
  const { from, to } = useWindow(box, isWindowed, count)
  const [active, setActive] = useActive(box, props, isWindowed)
  const tabStop = active >= from && active < to ? active : from
  return (
    <div class={isWindowed ? 'table-box windowed' : 'table-box'} ref={box} tabIndex={-1} onKeyDown={(event) => onKey(event, active, count, setActive)}>
      <table class="table rows" aria-label={label} aria-rowcount={count + 1}>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map(({ id, title, isRight, hint }) => (
              <th key={id} scope="col" class={isRight === true ? 'right' : undefined} aria-sort={sort.column === id ? sort.direction : undefined}>
                <button type="button" title={hint} onClick={() => onSort(id)}>{title}<span class="sort" aria-hidden="true">{sort.column !== id ? '' : sort.direction === 'ascending' ? '↑' : '↓'}</span></button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {from > 0 && <tr aria-hidden="true"><td class="gap" colSpan={columns.length} style={{ height: `${from * ROW_HEIGHT}px` }} /></tr>}
          {Array.from({ length: to - from }, (_, i) => <Row key={props.keyOf(from + i)} row={from + i} isTabStop={from + i === tabStop} isCurrent={from + i === current} setActive={setActive} {...props} />)}
          {to < count && <tr aria-hidden="true"><td class="gap" colSpan={columns.length} style={{ height: `${(count - to) * ROW_HEIGHT}px` }} /></tr>}
        </tbody>
        {footer !== undefined && <tfoot>{footer}</tfoot>}
      </table>
    </div>
  )
}

interface RowProps<Id extends string> extends WindowedTableProps<Id> {
  readonly row: number
  readonly isTabStop: boolean
  readonly isCurrent: boolean
  readonly setActive: (row: number, isFocused: boolean) => void
}

function Row<Id extends string>({ row, isTabStop, isCurrent, setActive, nameOf, labelOf, cells, onOpen }: RowProps<Id>): JSX.Element {
  return (
    <tr class={isCurrent ? 'opens current' : 'opens'} aria-rowindex={row + 2} onClick={() => onOpen(row)}>
      <td>
        <button
          type="button" class="row-button" data-row={row} tabIndex={isTabStop ? 0 : -1} aria-label={labelOf(row)} aria-current={isCurrent ? 'true' : undefined}
          onFocus={() => setActive(row, false)}
        >{nameOf(row)}</button>
      </td>
      {cells(row)}
    </tr>
  )
}

/** The rows that are in view, and a few around them. */
function useWindow(box: RefObject<HTMLDivElement | null>, isWindowed: boolean, count: number): { readonly from: number; readonly to: number } {
  const [view, setView] = useState({ top: 0, height: 800 })
  useLayoutEffect(() => {
    const element = box.current
    if (element === null || !isWindowed) return undefined
    const read = (): void => {
      const next = { top: Math.floor(element.scrollTop / ROW_HEIGHT / STEP) * STEP, height: element.clientHeight }
      // A row that leaves the document would take the focus with it; the arrow keys go on from there all the same.
      const focused = document.activeElement
      if (focused instanceof HTMLElement && focused.matches('.row-button') && element.contains(focused)) {
        const row = Number(focused.dataset['row'])
        if (row < next.top - AROUND || row >= rowsTo(next)) element.focus({ preventScroll: true })
      }
      setView((before) => (next.top === before.top && next.height === before.height ? before : next))
    }
    read()
    element.addEventListener('scroll', read, { passive: true })
    const observer = new ResizeObserver(read)
    observer.observe(element)
    return () => {
      element.removeEventListener('scroll', read)
      observer.disconnect()
    }
  }, [isWindowed])
  if (!isWindowed) return { from: 0, to: count }
  const from = Math.max(0, Math.min(view.top, count) - AROUND)
  return { from, to: Math.min(count, rowsTo(view)) }
}

const rowsTo = ({ top, height }: { readonly top: number; readonly height: number }): number => top + Math.ceil(height / ROW_HEIGHT) + STEP + AROUND

/** The row that the keyboard is at. What is opened elsewhere comes into view. */
function useActive<Id extends string>(box: RefObject<HTMLDivElement | null>, { current, count }: WindowedTableProps<Id>, isWindowed: boolean): readonly [number, (row: number, isFocused: boolean) => void] {
  const [active, setState] = useState(current ?? 0)
  const focus = useRef(-1)
  const show = (row: number): void => {
    const element = box.current
    if (element === null || !isWindowed) return
    const head = element.querySelector('thead')?.clientHeight ?? 0
    const foot = element.querySelector('tfoot')?.clientHeight ?? 0
    const top = row * ROW_HEIGHT
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + ROW_HEIGHT * 2 + head + foot > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW_HEIGHT * 2 + head + foot - element.clientHeight
  }
  const setActive = (row: number, isFocused: boolean): void => {
    if (isFocused) {
      show(row)
      focus.current = row
    }
    setState(row)
  }
  useLayoutEffect(() => {
    if (current === undefined) return
    show(current)
    setState(current)
  }, [current, isWindowed])
  useLayoutEffect(() => {
    if (focus.current === -1) return
    const button = box.current?.querySelector<HTMLElement>(`[data-row="${focus.current}"]`)
    if (!button) return
    // Taking other rows away may have scrolled.
    show(focus.current)
    focus.current = -1
    button.focus({ preventScroll: isWindowed })
  })
  return [Math.min(active, Math.max(0, count - 1)), setActive]
}

const PAGE = 15

function onKey(event: TargetedKeyboardEvent<HTMLDivElement>, active: number, count: number, setActive: (row: number, isFocused: boolean) => void): void {
  const isHere = event.target === event.currentTarget || (event.target instanceof Element && event.target.matches('.row-button'))
  if (!isHere || event.ctrlKey || event.metaKey || event.altKey) return
  const to = { ArrowDown: active + 1, ArrowUp: active - 1, PageDown: active + PAGE, PageUp: active - PAGE, Home: 0, End: count - 1 }[event.key]
  if (to === undefined) return
  event.preventDefault()
  setActive(Math.max(0, Math.min(count - 1, to)), true)
}
