import type { ComponentChildren, JSX } from 'preact'
import { useState } from 'preact/hooks'
import { Icon } from './icon.tsx'
import { sortRows } from './sort-rows.ts'

export interface SortColumn<T> {
  readonly title: string
  readonly cell: (row: T) => ComponentChildren
  /** What the column is sorted by; without it the column cannot be. What is undefined comes last. */
  readonly value?: (row: T) => number | string | undefined
  readonly isRight?: boolean
}

interface SortTableProps<T> {
  readonly label: string
  readonly columns: readonly SortColumn<T>[]
  /** In the order that holds until a column's head is pressed. */
  readonly rows: readonly T[]
  readonly keyOf: (row: T) => string
  /** More are shown on demand. */
  readonly shown?: number
}

interface Order {
  readonly column: number
  readonly isDescending: boolean
}

/** A table whose heads sort it: numbers from the largest, texts from A, and the other way when pressed again. */
export function SortTable<T>({ label, columns, rows, keyOf, shown = 20 }: SortTableProps<T>): JSX.Element {
  const [order, setOrder] = useState<Order>()
  const [isWhole, setWhole] = useState(false)
  const sorted = order === undefined ? rows : sortRows(rows, columns[order.column]!.value!, order.isDescending)
  const visible = isWhole ? sorted : sorted.slice(0, shown)
  const press = (column: number): void => {
    const first = rows[0] === undefined || typeof columns[column]!.value!(rows[0]) !== 'string'
    setOrder({ column, isDescending: order?.column === column ? !order.isDescending : first })
  }
  return (
    <>
      <div class="table-box">
        <table class="table" aria-label={label}>
          <thead>
            <tr>
              {columns.map(({ title, value, isRight = false }, i) => {
                const direction = order?.column !== i ? undefined : order.isDescending ? 'descending' : 'ascending'
                return (
                  <th key={title} scope="col" class={isRight ? 'right' : undefined} aria-sort={value === undefined ? undefined : direction ?? 'none'}>
                    {value === undefined ? title : <button type="button" onClick={() => press(i)}>{title}{direction !== undefined && <Icon name={direction === 'ascending' ? 'up' : 'down'} />}</button>}
                  </th>
                )
              })}
            </tr>
          </thead>
          <tbody>
            {visible.map((row) => (
              <tr key={keyOf(row)}>{columns.map(({ title, cell, isRight = false }) => <td key={title} class={isRight ? 'right' : undefined}>{cell(row)}</td>)}</tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > shown && <p class="table-more"><button type="button" class="button quiet" onClick={() => setWhole(!isWhole)}>{isWhole ? 'Show fewer' : `Show all ${rows.length}`}</button></p>}
    </>
  )
}
