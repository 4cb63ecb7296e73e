import type { JSX, RefObject } from 'preact'
import { formatShare, plural } from '../../../reports/shared/numbers.ts'
import { Choices } from '../parts/choices.tsx'
import { Icon } from '../parts/icon.tsx'
import { useRun } from '../run/run-context.ts'
import type { FlameModel } from './flame-model.ts'
import type { FlameState } from './flame-state.ts'
import type { Matches } from './search.ts'
import { WEIGHTS, wordsOf } from './weights.ts'

interface FlameToolbarProps {
  readonly model: FlameModel
  readonly state: FlameState
  readonly matches: Matches | undefined
  readonly search: RefObject<HTMLInputElement | null>
  /** Back to the picture. */
  readonly onLeave: () => void
}

/** What the picture shows, and how. */
export function FlameToolbar({ model, state, matches, search, onLeave }: FlameToolbarProps): JSX.Element {
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
      <Search state={state} matches={matches} whole={model.whole(state.weight)} search={search} onLeave={onLeave} />
      {unknown.length > 0 && <p class="faint flame-reasons">{unknown.map(([weight, label]) => `${label}: ${model.weighed(weight).why}`).join(' ')}</p>}
    </div>
  )
}

function Search({ state, matches, whole, search, onLeave }: Omit<FlameToolbarProps, 'model'> & { readonly whole: number }): JSX.Element {
  const { setQuery } = useRun()
  const { weight, figure } = state
  const share = matches === undefined || whole === 0 ? 0 : matches[figure] / whole
  return (
    <div class="flame-search">
      <Icon name="search" />
      <input
        ref={search} class="field" type="search" placeholder="Search frames" aria-label="Search frames" value={state.search} spellcheck={false}
        onInput={(event) => setQuery({ search: event.currentTarget.value === '' ? undefined : event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Escape' && event.key !== 'Enter') return
          event.preventDefault()
          if (event.key === 'Escape') setQuery({ search: undefined })
          onLeave()
        }}
      />
      <output class="number" aria-live="polite">{matches === undefined ? '' : matches.count === 0 ? 'No frame matches' : `${plural(matches.count, 'frame')}: ${formatShare(share)} of ${wordsOf[weight]}`}</output>
    </div>
  )
}
