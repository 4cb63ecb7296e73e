import type { JSX } from 'preact'
import { useMemo } from 'preact/hooks'
import { Swatch } from '../parts/category.tsx'
import type { DiffModel, DiffState } from './diff-picture.ts'
import { formatChange, formatDifference, formatSide } from './diff-scale.ts'
import { changeOf, largestChanges, presenceOf, presenceWords, type DiffSums } from './diff-tree.ts'

const SHOWN = 20

interface DiffTableProps {
  readonly model: DiffModel
  readonly sums: DiffSums
  readonly state: DiffState
  readonly onChoose: (frame: number) => void
}

/** The same in words: the operations that themselves changed most. */
export function DiffTable({ model, sums, state, onChoose }: DiffTableProps): JSX.Element {
  const { change, weight } = state
  const frames = useMemo(() => largestChanges(model.tree, sums, change, SHOWN), [model, sums, change])
  return (
    <section class="card" aria-labelledby="diff-changes">
      <div class="card-head">
        <h2 id="diff-changes">Largest differences</h2>
        <p class="faint" style={{ fontSize: '12.5px' }}>By what each operation took itself, without what is inside of it. Choose one to see it.</p>
      </div>
      {frames.length === 0 ? <p class="muted">Nothing differs.</p> : (
        <div class="table-box">
          <table class="table">
            <thead><tr><th scope="col">Operation</th><th class="right" scope="col">Base</th><th class="right" scope="col">New</th><th class="right" scope="col">Difference</th><th class="right" scope="col">Of its share</th></tr></thead>
            <tbody>
              {frames.map((frame) => (
                <tr key={frame} class="opens" onClick={() => onChoose(frame)}>
                  <td><Name model={model} frame={frame} onChoose={onChoose} /></td>
                  <td class="right">{formatSide(sums, 'base', weight, sums.base.self[frame]!)}</td>
                  <td class="right">{formatSide(sums, 'new', weight, sums.new.self[frame]!)}</td>
                  <td class="right">{formatDifference(weight, sums.base.self[frame]!, sums.new.self[frame]!)}</td>
                  <td class="right">{formatChange('share', weight, changeOf(sums, 'share', frame, 'self'))}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </section>
  )
}

function Name({ model, frame, onChoose }: Pick<DiffTableProps, 'model' | 'onChoose'> & { readonly frame: number }): JSX.Element {
  const { forest: { parent }, nodes } = model.tree
  const presence = presenceWords[presenceOf(nodes[frame]!)]
  const above: string[] = []
  for (let at = parent[frame]!; at !== -1; at = parent[at]!) above.unshift(model.names[at]!)
  return (
    <>
      <button
        type="button" class="flame-operation"
        onClick={(event) => {
          event.stopPropagation()
          onChoose(frame)
        }}
      ><Swatch category={nodes[frame]!.category} /><span>{model.names[frame]}</span>{presence !== '' && <span class="chip">{presence}</span>}</button>
      {above.length > 0 && <p class="faint diff-path">in {above.length > 4 ? [...above.slice(0, 1), '…', ...above.slice(-2)].join(' › ') : above.join(' › ')}</p>}
    </>
  )
}
