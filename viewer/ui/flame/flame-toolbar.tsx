import type { JSX, RefObject } from 'preact'
import { Choices } from '../parts/choices.tsx'
import { useRun } from '../run/run-context.ts'
import type { FlameModel } from './flame-model.ts'
import type { FlameState } from './flame-state.ts'
import { SearchField } from './search-field.tsx'
import { WEIGHTS } from './weights.ts'

interface FlameToolbarProps {
  readonly model: FlameModel
  readonly state: FlameState
  readonly search: RefObject<HTMLInputElement | null>
  /** Back to the picture. */
  readonly onLeave: () => void
}

/** What the picture shows, and how. */
export function FlameToolbar({ model, state, search, onLeave }: FlameToolbarProps): JSX.Element {
  const { setQuery } = useRun()
  const unknown = WEIGHTS.filter(([weight]) => model.weighed(weight).why !== undefined)
  return (
    <div class="flame-toolbar">
      <Choices
        label="Width of frames" value={state.weight} options={WEIGHTS}
        disabled={Object.fromEntries(unknown.map(([weight]) => [weight, model.weighed(weight).why]))}
        onChoose={(weight) => setQuery({ weight: weight === 'time' ? undefined : weight })}
      />
      <Choices
        label="Order" value={state.order} options={[['heavy', 'Left heavy'], ['time', 'Time order']]}
        onChoose={(order) => setQuery({ order: order === 'heavy' ? undefined : order })}
      />
      <Choices
        label="Figure" value={state.figure} options={[['total', 'Total'], ['self', 'Self']]}
        onChoose={(figure) => setQuery({ figure: figure === 'total' ? undefined : figure })}
      />
      <button type="button" class="button" aria-pressed={state.flipped} onClick={() => setQuery({ flip: state.flipped ? undefined : 1 })}>Root at the bottom</button>
      <span class="spacer" />
      <SearchField value={state.search} onSearch={(text) => setQuery({ search: text === '' ? undefined : text })} field={search} onLeave={onLeave} />
      {unknown.length > 0 && <p class="faint flame-reasons">{unknown.map(([weight, label]) => `${label}: ${model.weighed(weight).why}`).join(' ')}</p>}
    </div>
  )
}
