import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { formatCount, formatWholeShare } from '../../../reports/shared/numbers.ts'
import { categoryColor, Swatch } from '../parts/category.tsx'
import { Icon } from '../parts/icon.tsx'
import type { Figure, FlameModel } from './flame-model.ts'
import type { FlameState } from './flame-state.ts'
import type { OperationSum } from './search.ts'
import { formatWeight, WEIGHTS } from './weights.ts'
import { windowOf } from './window.ts'

type Column = Figure | 'spans' | 'name'
const COLUMNS: readonly (readonly [column: Column, title: string])[] = [['name', 'Operation'], ['self', 'Self'], ['total', 'Total'], ['spans', 'Spans']]
const ROW_HEIGHT = 33
const MAX_HEIGHT = 420

interface OperationTableProps {
  readonly model: FlameModel
  readonly state: FlameState
  /** Of an operation; undefined: of none any more. */
  readonly onChoose: (operation: number | undefined) => void
}

/** Every operation wherever it was called from: what it took by itself, and with all inside of it. */
export function OperationTable({ model, state, onChoose }: OperationTableProps): JSX.Element {
  const { weight, figure } = state
  const [sort, setSort] = useState<{ readonly column: Column; readonly up: boolean }>()
  const [top, setTop] = useState(0)
  const { column, up } = sort ?? { column: figure, up: false }
  const rows = useMemo(() => sorted(model, model.operationSums(weight).filter(({ total }) => total > 0), column, up), [model, weight, column, up])
  const { from, to } = windowOf(rows.length, ROW_HEIGHT, top, MAX_HEIGHT)
  const title = WEIGHTS.find(([one]) => one === weight)![1]
  const choose = (one: Column): void => setSort({ column: one, up: column === one ? !up : one === 'name' })
  return (
    <section class="card" aria-labelledby="flame-operations">
      <div class="card-head">
        <h2 id="flame-operations">Operations</h2>
        <p class="faint" style={{ fontSize: '12.5px' }}>{title}, wherever they ran. Total: with all inside, recursion once. Choose one to see its frames.</p>
      </div>
      <div class="table-box flame-table" style={{ maxHeight: `${MAX_HEIGHT}px` }} onScroll={(event) => setTop(event.currentTarget.scrollTop)}>
        <table class="table" aria-rowcount={rows.length + 1}>
          <thead>
            <tr aria-rowindex={1}>
              {COLUMNS.map(([one, text]) => (
                <th key={one} scope="col" class={one === 'name' ? undefined : 'right'} aria-sort={column === one ? (up ? 'ascending' : 'descending') : undefined}>
                  <button type="button" onClick={() => choose(one)}>{text}{column === one && <Icon name={up ? 'up' : 'down'} />}</button>
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {from > 0 && <Space rows={from} />}
            {rows.slice(from, to).map((row, i) => <Row key={row.operation} row={row} index={from + i + 2} model={model} state={state} onChoose={onChoose} />)}
            {to < rows.length && <Space rows={rows.length - to} />}
          </tbody>
        </table>
      </div>
    </section>
  )
}

const Space = ({ rows }: { readonly rows: number }): JSX.Element => <tr aria-hidden="true"><td colSpan={COLUMNS.length} style={{ height: `${rows * ROW_HEIGHT}px`, padding: 0 }} /></tr>

function Row({ row, index, model, state, onChoose }: OperationTableProps & { readonly row: OperationSum; readonly index: number }): JSX.Element {
  const span = model.operations.span[row.operation]!
  const isChosen = state.operation === row.operation
  const category = model.run.category(span)
  return (
    <tr aria-rowindex={index} aria-selected={isChosen} class="opens" style={{ height: `${ROW_HEIGHT}px` }} onClick={() => onChoose(isChosen ? undefined : row.operation)}>
      <td>
        <button
          type="button" class="flame-operation" aria-pressed={isChosen} title={`${model.run.name(span)} (${category})`}
          onClick={(event) => {
            event.stopPropagation()
            onChoose(isChosen ? undefined : row.operation)
          }}
        ><Swatch category={category} /><span>{model.run.name(span)}</span></button>
      </td>
      {(['self', 'total'] as const).map((figure) => <Amount key={figure} value={row[figure]} whole={model.whole(state.weight)} category={category} text={formatWeight(state.weight, row[figure])} />)}
      <td class="right">{formatCount(row.spans)}</td>
    </tr>
  )
}

function Amount({ value, whole, category, text }: { readonly value: number; readonly whole: number; readonly category: string; readonly text: string }): JSX.Element {
  const share = whole > 0 ? value / whole : 0
  return (
    <td class="right">
      <span class="flame-amount">
        <span>{text}</span><span class="faint">{formatWholeShare(share)}</span>
        <span class="flame-bar" aria-hidden="true"><span style={{ width: `${Math.min(100, share * 100)}%`, background: `var(${categoryColor(category)})` }} /></span>
      </span>
    </td>
  )
}

function sorted(model: FlameModel, rows: readonly OperationSum[], column: Column, up: boolean): OperationSum[] {
  const nameOf = ({ operation }: OperationSum): string => model.run.name(model.operations.span[operation]!)
  const byName = (a: OperationSum, b: OperationSum): number => (nameOf(a) < nameOf(b) ? -1 : nameOf(a) > nameOf(b) ? 1 : a.operation - b.operation)
  const compare = column === 'name' ? byName : (a: OperationSum, b: OperationSum): number => a[column] - b[column] || byName(b, a)
  return rows.toSorted((a, b) => (up ? compare(a, b) : compare(b, a)))
}
