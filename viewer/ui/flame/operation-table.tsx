import type { JSX } from 'preact'
import { useMemo, useState } from 'preact/hooks'
import { formatCount, formatShare, formatWholeShare } from '../../../reports/shared/numbers.ts'
import { categoryColor, CategoryName } from '../parts/category.tsx'
import { WindowedTable, type TableColumn } from '../parts/windowed-table.tsx'
import type { Figure, FlameModel } from './flame-model.ts'
import type { FlameState } from './flame-state.ts'
import type { OperationSum } from './search.ts'
import { formatWeight, WEIGHTS, wordsOf } from './weights.ts'

type Column = Figure | 'spans' | 'name' | 'category'
const COLUMNS: readonly TableColumn<Column>[] = [
  { id: 'name', title: 'Operation' }, { id: 'category', title: 'Category' }, { id: 'self', title: 'Self', isRight: true, hint: 'Without what is inside' },
  { id: 'total', title: 'Total', isRight: true, hint: 'With all inside; where it calls itself, once' }, { id: 'spans', title: 'Spans', isRight: true },
]

interface OperationTableProps {
  readonly model: FlameModel
  readonly state: FlameState
  /** Of an operation; undefined: of none any more. */
  readonly onChoose: (operation: number | undefined) => void
}

/** Every operation wherever it was called from: what it took by itself, and with all inside of it. */
export function OperationTable({ model, state, onChoose }: OperationTableProps): JSX.Element {
  const { weight, figure, operation: chosen } = state
  const [sort, setSort] = useState<{ readonly column: Column; readonly up: boolean }>()
  const { column, up } = sort ?? { column: figure, up: false }
  const rows = useMemo(() => sorted(model, model.operationSums(weight).filter(({ total }) => total > 0), column, up), [model, weight, column, up])
  const title = WEIGHTS.find(([one]) => one === weight)![1]
  const whole = model.whole(weight)
  const spanOf = (row: number): number => model.operations.span[rows[row]!.operation]!
  const at = rows.findIndex(({ operation }) => operation === chosen)
  return (
    <section class="card flame-table" aria-labelledby="flame-operations">
      <div class="card-head">
        <h2 id="flame-operations">Operations</h2>
        <p class="faint" style={{ fontSize: '12.5px' }}>{title} of each operation, wherever it ran. Total: with all inside, recursion once. Choose one to see its frames.</p>
      </div>
      <WindowedTable
        label="Operations" columns={COLUMNS} sort={{ column, direction: up ? 'ascending' : 'descending' }}
        onSort={(one) => setSort({ column: one, up: column === one ? !up : one === 'name' || one === 'category' })}
        count={rows.length} keyOf={(row) => rows[row]!.operation} nameOf={(row) => model.run.name(spanOf(row))}
        labelOf={(row) => `${model.run.name(spanOf(row))}, ${formatShare(whole > 0 ? rows[row]![figure] / whole : 0)} of ${wordsOf[weight]}: show its frames`}
        current={at === -1 ? undefined : at} onOpen={(row) => onChoose(rows[row]!.operation === chosen ? undefined : rows[row]!.operation)}
        cells={(row) => {
          const category = model.run.category(spanOf(row))
          return (
            <>
              <td><CategoryName category={category} /></td>
              {(['self', 'total'] as const).map((one) => <Amount key={one} share={whole > 0 ? rows[row]![one] / whole : 0} category={category} text={formatWeight(weight, rows[row]![one])} />)}
              <td class="right">{formatCount(rows[row]!.spans)}</td>
            </>
          )
        }}
      />
    </section>
  )
}

function Amount({ share, category, text }: { readonly share: number; readonly category: string; readonly text: string }): JSX.Element {
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
  const spanOf = ({ operation }: OperationSum): number => model.operations.span[operation]!
  const byName = (a: OperationSum, b: OperationSum): number => compareText(model.run.name(spanOf(a)), model.run.name(spanOf(b))) || a.operation - b.operation
  const compare = (a: OperationSum, b: OperationSum): number => {
    if (column === 'name') return byName(a, b)
    // Names go up whatever the column does.
    return (column === 'category' ? compareText(model.run.category(spanOf(a)), model.run.category(spanOf(b))) : a[column] - b[column]) || (up ? byName(a, b) : byName(b, a))
  }
  return rows.toSorted((a, b) => (up ? compare(a, b) : compare(b, a)))
}

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0)
